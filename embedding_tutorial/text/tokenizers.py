"""Split sentences into tokens: characters, words, or what stands between blanks."""

from __future__ import annotations

import functools
import re
import reprlib
import sys
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embedding_tutorial.config import InputError, TrainingConfig, one_line
from embedding_tutorial.text.numbering import Numbering
from embedding_tutorial.text.sentences import are_blanks, code_points, sentence_ends

if TYPE_CHECKING:
    import rjieba

# Kinds of characters in words.
ASCII, OTHER_SCRIPT, ON_LETTER, APOSTROPHE, MARK, EMOJI_PART = 1, 2, 4, 8, 16, 32

SENTENCES = 3000  # cut at a time, so that the words of a block are never all in memory

# After these marks a word of a script with blanks between words follows a blank.
BLANK_FOLLOWS = set(",.;!?)")

# What is one word whatever is in it: web and mail addresses, numbers with a comma, emoji of several characters.
WHOLE = re.compile(
    r"""(?=[0-9A-Za-z#*©®‼⁉™←-⇿⌀-➿⤴⤵⬀-⯿〰〽㊗㊙\U0001F000-\U0001FAFF])(?:
    (?:https?://|ftp://|www\.)[0-9A-Za-z.~:/?\#@!$&*+,;=%_-]*[0-9A-Za-z~/\#=&%_]
    |(?<![0-9A-Za-z._%+-])[0-9A-Za-z._%+-]+@(?:[0-9A-Za-z]+[.-])+[A-Za-z]{2,}
    |(?<![0-9A-Za-z._,])[0-9]+(?:\.[0-9]+)*(?:,[0-9]+)+(?:\.[0-9]+)*%?(?![0-9A-Za-z])
    |[\U0001F1E6-\U0001F1FF]{2}
    |[#*0-9]\ufe0f?\u20e3
    |[^0-9A-Za-z](?=[\ufe0f\u200d\U0001F3FB-\U0001F3FF\U000E0020-\U000E007F])[\ufe0f\U0001F3FB-\U0001F3FF]?
    (?:\u200d[^\w\s][\ufe0f\U0001F3FB-\U0001F3FF]?)*[\U000E0020-\U000E007F]*
    )""",
    re.VERBOSE,
)


def tokenize(sentence: str, tokens: str) -> Sequence[str]:
    """Split a sentence into tokens. No token holds a blank.

    Args:
        sentence: any text.
        tokens: ``"characters"``: all but blanks; ``"words"``: see ``cut_words``, a punctuation mark is one too;
            ``"blanks"``: what stands between blanks, as ``str.split`` and so gensim splits.

    Returns:
        The tokens in order; for characters a ``str``, which is a sequence of characters.

    >>> list(tokenize("王妃 很漂亮", "characters"))
    ['王', '妃', '很', '漂', '亮']
    """
    return Tokenizer(tokens).cut(sentence)


class Tokenizer:
    """Cuts text into tokens by the settings of a run.

    Args:
        tokens: as in ``tokenize``.
        lower: tokens are lower-cased after the cut, since ``rjieba`` knows words such as T恤.
        dictionary: see ``read_dictionary``.

    Raises:
        InputError: the dictionary cannot be used.
    """

    def __init__(self, tokens: str, lower: bool = False, dictionary: Path | None = None) -> None:
        self.tokens, self.lower = tokens, lower
        self._jieba = None if dictionary is None else read_dictionary(dictionary)

    @classmethod
    def of(cls, config: TrainingConfig) -> Tokenizer:
        return cls(config.tokens, config.lower, config.dictionary)

    @functools.cached_property
    def _numbering(self) -> Numbering:
        return Numbering(self.lower)

    def cut(self, sentence: str) -> Sequence[str]:
        """Split a sentence into tokens, as ``tokenize`` does."""
        if self.tokens == "characters":
            tokens = "".join(sentence.split())
        elif self.tokens == "blanks":
            tokens = sentence.split()
        else:
            tokens = [word for word in cut_words(sentence, self._jieba) if not word.isspace()]
        return [token.lower() for token in tokens] if self.lower else tokens

    def cut_block(self, text: str) -> tuple[list[str], np.ndarray, np.ndarray]:
        """Split a block into sentences and these into tokens, and number the tokens.

        Args:
            text: whole sentences; with ``"blanks"`` a line is a sentence.

        Returns:
            ``names``, the distinct tokens of this block and those before it, in order of first appearance; ``numbers``,
            ``(n,)`` int32, the index in ``names`` of each token of the block; ``lengths``, ``(s,)`` int32, the number
            of tokens in each sentence.
        """
        codes = code_points(text)
        ends = sentence_ends(codes, lines=self.tokens == "blanks") + 1
        codes = np.insert(codes, ends, ord("\n"))  # so that no word goes on in the next sentence
        ends += np.arange(1, len(ends) + 1)
        bounds = [0, *ends[SENTENCES - 1 :: SENTENCES].tolist(), len(codes)]
        pieces = [codes[start:end].tobytes().decode("utf-32-le") for start, end in pairwise(bounds)]
        numbers, firsts = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
        with ThreadPoolExecutor(2) as pool:  # rjieba cuts in several threads at once
            each = pool.map if self.tokens == "words" else map
            for start, piece, (starts, sizes) in zip(bounds[:-1], pieces, each(self._tokens_of, pieces), strict=True):
                numbers.append(self._numbering.number(piece, starts, sizes))
                firsts.append(start + starts)
        lengths = np.diff(np.searchsorted(np.concatenate(firsts), ends), prepend=0).astype(np.int32)
        return self._numbering.names, np.concatenate(numbers), lengths[lengths > 0]

    def _tokens_of(self, text: str) -> tuple[np.ndarray, np.ndarray]:
        """The index of the first character of each token, and the number of its characters, both ``(n,)`` int32."""
        blank = are_blanks(code_points(text))
        if self.tokens == "words":
            words = cut_words(text, self._jieba)
            sizes = np.fromiter(map(len, words), np.int32, len(words))
            starts = np.cumsum(sizes, dtype=np.int32) - sizes
            kept = ~blank[starts]
            return starts[kept], sizes[kept]
        if self.tokens == "characters":
            starts = np.flatnonzero(~blank).astype(np.int32)
            return starts, np.ones_like(starts)
        edges = np.flatnonzero(np.diff(~blank, prepend=False, append=False)).astype(np.int32)
        return edges[::2], edges[1::2] - edges[::2]


def join(tokens: Sequence[str], kind: str) -> str:
    """Write tokens as a sentence: what ``tokenize`` cuts, put together again.

    Words of scripts with blanks between words get one, Chinese words and characters none. Where the text had its
    blanks around quotation marks is not known.

    Args:
        tokens: none of them empty.
        kind: as in ``tokenize``.

    >>> join(["王妃", "说", "：", "deep", "learning", "，", "好", "。"], "words")
    '王妃说：deep learning，好。'
    """
    if kind != "words":
        return (" " if kind == "blanks" else "").join(tokens)

    def is_letter(character: str) -> bool:  # or a digit, or a mark on a letter; not of Han or kana
        return bool(_word_kinds()[ord(character)] & (ASCII | OTHER_SCRIPT | ON_LETTER))

    text = ""
    for token in tokens:
        blank = text and is_letter(token[0]) and (is_letter(text[-1]) or text[-1] in BLANK_FOLLOWS)
        text += f" {token}" if blank else token
    return text


def read_dictionary(path: Path) -> rjieba.Jieba:
    """A segmenter that knows the words of a file too: UTF-8, a line is ``word``, ``word count`` or ``word count tag``.

    The count says how often the word occurs in a text as large as the segmenter's own; without one the word is
    preferred to its parts.

    Raises:
        InputError: the file cannot be read, or a line has another form; the message names the line.
    """
    import rjieba

    jieba, alone = rjieba.Jieba(), rjieba.Jieba.empty()
    if path.exists() and not path.is_file():
        raise InputError(f"--dictionary {path}: is no regular file")
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or one_line(error)
        raise InputError(f"--dictionary {path}: cannot be read ({reason})") from None
    for number, line in enumerate(lines, 1):
        if line.isspace() or not line:
            continue
        form = re.fullmatch(r"\s*(\S+)(?:\s+([1-9][0-9]{0,8}))?(?:\s+([a-zA-Z]+))?\s*", line)
        if form is None:
            raise InputError(
                f"--dictionary {path}: line {number}: {reprlib.repr(line)} is no word with perhaps a count behind it"
            )
        word, times, tag = form.groups()
        alone.add_word(word, 1, None)
        if cut_words(word, alone) != [word]:
            raise InputError(
                f"--dictionary {path}: line {number}: {reprlib.repr(word)} cannot be one word: "
                "rjieba cuts at punctuation marks and between scripts"
            )
        jieba.add_word(word, times and int(times), tag)
    return jieba


def cut_words(text: str, jieba: rjieba.Jieba | None = None) -> list[str]:
    """Cut a text into words, blanks and punctuation marks; concatenated, they are the text.

    ``rjieba`` cuts Han, kana (one by one) and ASCII. Elsewhere, a run of letters, digits and combining marks is one
    word; it may hold ASCII (café, ３Ｇ), and between two letters an apostrophe (don't, l'été) or a mark that ``rjieba``
    allows in an ASCII word (peut-être). So Thai and Khmer, which have no blanks between words, are not cut. ``WHOLE``
    says what else is one word.
    """
    import rjieba  # imported here because characters do not need it

    cut = (jieba or rjieba).cut
    kinds = _word_kinds()[code_points(text)]
    if not (kinds & (ASCII | OTHER_SCRIPT | ON_LETTER | EMOJI_PART)).any():  # all that follows needs one of them
        return cut(text)
    spans = [match.span() for match in WHOLE.finditer(text)]
    for start, end in spans:
        kinds[start:end] = 0
    own = np.where(kinds == ON_LETTER, 0, np.arange(len(kinds)))
    base = np.maximum.accumulate(own)  # (n,) the index of each character, of a mark that of its letter
    in_run = kinds[base] & (ASCII | OTHER_SCRIPT) > 0
    in_run[1:-1] |= (kinds[1:-1] & (APOSTROPHE | MARK) > 0) & in_run[:-2] & in_run[2:]
    edges = np.flatnonzero(np.diff(in_run, prepend=False, append=False)).reshape(-1, 2)  # (runs, 2)
    if len(edges):
        kept = np.logical_or.reduceat(in_run & (kinds & (ASCII | MARK) == 0), edges[:, 0])
        spans += map(tuple, edges[kept].tolist())
    words, done = [], 0
    for start, end in sorted(spans):
        words += [*cut(text[done:start]), text[start:end]]
        done = end
    return words + cut(text[done:])


@functools.cache
def _word_kinds() -> np.ndarray:
    """The kind of each code point.

    ``ASCII`` or ``OTHER_SCRIPT`` (letters and digits), ``ON_LETTER`` (combining marks), ``APOSTROPHE``,
    ``MARK`` (what ``rjieba`` allows in an ASCII word), ``EMOJI_PART`` (what joins characters to one emoji),
    or 0.

    0 includes Han and kana, which ``rjieba`` cuts.
    """
    table = np.zeros(sys.maxunicode + 1, np.uint8)
    han_or_kana = re.compile("CJK|IDEOGRAPHIC|HANGZHOU|HIRAGANA|KATAKANA|HENTAIGANA|KANA REPEAT")
    for code in range(0x20000):  # above are Han and variation selectors only
        category = unicodedata.category(chr(code))
        if category[0] == "M":
            table[code] = ON_LETTER
        elif category[0] == "L" or category in ("Nd", "Nl"):
            if code < 0x80:
                table[code] = ASCII
            elif not han_or_kana.search(unicodedata.name(chr(code), "")):
                table[code] = OTHER_SCRIPT
    table[[ord(mark) for mark in "'’"]] = APOSTROPHE
    table[[ord(mark) for mark in "+#&._%-"]] = MARK
    for first, last in (0x200D, 0x200D), (0x1F1E6, 0x1F1FF), (0x1F3FB, 0x1F3FF), (0xE0020, 0xE007F):
        table[first : last + 1] = EMOJI_PART
    return table
