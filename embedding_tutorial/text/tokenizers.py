"""Split sentences into tokens: characters, words, or what stands between blanks."""

from __future__ import annotations

import functools
import re
import reprlib
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from itertools import compress, count
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embedding_tutorial.config import InputError, TrainingConfig, one_line
from embedding_tutorial.text.sentences import code_points, sentence_ends, split_sentences

if TYPE_CHECKING:
    import rjieba

# Kinds of characters in words.
ASCII, OTHER_SCRIPT, ON_LETTER, APOSTROPHE, MARK = 1, 2, 4, 8, 16

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
            ``names``, the distinct tokens in order of first appearance; ``numbers``, ``(n,)`` int32, the index in
            ``names`` of each token of the text; ``lengths``, ``(s,)`` int32, the number of tokens in each sentence.
        """
        names, numbers, ends = (
            _number_characters(text) if self.tokens == "characters" else _number_words(text, self.tokens, self._jieba)
        )
        is_token = np.array([not name.isspace() for name in names], bool)  # (names,)
        kept = is_token[numbers]
        lengths = np.diff(np.cumsum(kept, dtype=np.int32)[ends], prepend=np.int32(0))
        numbers = (np.cumsum(is_token, dtype=np.int32) - 1)[numbers[kept]]
        names = list(compress(names, is_token))
        if self.lower:
            number_of: dict[str, int] = {}
            lowered = [number_of.setdefault(name.lower(), len(number_of)) for name in names]
            names, numbers = list(number_of), np.array(lowered, np.int32)[numbers]
        return names, numbers, lengths[lengths > 0]


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
    spans = [match.span() for match in WHOLE.finditer(text)]
    if not spans and not (kinds & (OTHER_SCRIPT | ON_LETTER | APOSTROPHE)).any():
        return cut(text)
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
    ``MARK`` (what ``rjieba`` allows in an ASCII word), or 0.

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
    return table


def _number_characters(text: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Number the characters of a text, blanks too, by first appearance.

    Returns:
        The distinct characters; the number of each character of the text, ``(n,)``; the index of the last
        character of each sentence, ``(s,)``.
    """
    codes = code_points(text)
    first = np.full(sys.maxunicode + 1, len(codes), np.int32)
    first[codes[::-1]] = np.arange(len(codes), dtype=np.int32)[::-1]  # reversed: the first appearance is written last
    distinct = codes[np.sort(first[first < len(codes)])]
    number = np.empty(sys.maxunicode + 1, np.int32)
    number[distinct] = np.arange(len(distinct))
    return [chr(code) for code in distinct], number[codes], sentence_ends(codes)


def _number_words(text: str, tokens: str, jieba: rjieba.Jieba | None) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Number the words of a text, blanks too, by first appearance; a line end follows each sentence.

    Returns:
        The distinct words; the number of each word of the text, ``(n,)``; the index of each line end, ``(s,)``.
    """
    sentences = split_sentences(text, lines=tokens == "blanks")
    number_of: defaultdict[str, int] = defaultdict(count().__next__)
    numbers = [np.zeros(0, np.int32)]
    for first in range(0, len(sentences), 1000):
        some = sentences[first : first + 1000]
        if tokens == "words":
            words = cut_words("".join(sentence + "\n" for sentence in some), jieba)
        else:
            words = []
            for sentence in some:
                words += sentence.split()
                words.append("\n")
        numbers.append(np.fromiter(map(number_of.__getitem__, words), np.int32, len(words)))
    numbers = np.concatenate(numbers)
    ends = np.flatnonzero(numbers == number_of["\n"])
    return list(number_of), numbers, ends
