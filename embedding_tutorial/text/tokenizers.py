"""Split sentences into tokens: characters, words, or what stands between blanks."""

from __future__ import annotations

import functools
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from itertools import compress, count

import numpy as np

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.text.sentences import code_points, sentence_ends, split_sentences

# Kinds of characters in words.
ASCII, OTHER_SCRIPT, ON_LETTER = 1, 2, 4


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
    """

    def __init__(self, tokens: str, lower: bool = False) -> None:
        self.tokens, self.lower = tokens, lower

    @classmethod
    def of(cls, config: TrainingConfig) -> Tokenizer:
        return cls(config.tokens, config.lower)

    def cut(self, sentence: str) -> Sequence[str]:
        """Split a sentence into tokens, as ``tokenize`` does."""
        if self.tokens == "characters":
            tokens = "".join(sentence.split())
        elif self.tokens == "blanks":
            tokens = sentence.split()
        else:
            tokens = [word for word in cut_words(sentence) if not word.isspace()]
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
            _number_characters(text) if self.tokens == "characters" else _number_words(text, self.tokens)
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


def cut_words(text: str) -> list[str]:
    """Cut a text into words, blanks and punctuation marks; concatenated, they are the text.

    ``rjieba`` cuts Han, kana and ASCII: kana one by one, ``don't`` in three. In other scripts a run of letters,
    digits and combining marks is one word; it may hold ASCII (café, ３Ｇ). So Thai and Khmer, which have no
    blanks between words, are not cut.
    """
    import rjieba  # imported here because characters do not need it

    kinds = _word_kinds()[code_points(text)]
    if not (kinds & (OTHER_SCRIPT | ON_LETTER)).any():
        return rjieba.cut(text)
    own = np.where(kinds == ON_LETTER, 0, np.arange(len(kinds)))
    base = np.maximum.accumulate(own)  # (n,) the index of each character, of a mark that of its letter
    in_run = kinds[base] & (ASCII | OTHER_SCRIPT) > 0
    edges = np.flatnonzero(np.diff(in_run, prepend=False, append=False)).reshape(-1, 2)  # (runs, 2)
    kept = np.logical_or.reduceat(in_run & (kinds != ASCII), edges[:, 0])
    words, done = [], 0
    for start, end in edges[kept].tolist():
        words += [*rjieba.cut(text[done:start]), text[start:end]]
        done = end
    return words + rjieba.cut(text[done:])


@functools.cache
def _word_kinds() -> np.ndarray:
    """For each code point ``ASCII`` or ``OTHER_SCRIPT`` (letters and digits), ``ON_LETTER`` (combining marks), or 0.

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


def _number_words(text: str, tokens: str) -> tuple[list[str], np.ndarray, np.ndarray]:
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
            words = cut_words("".join(sentence + "\n" for sentence in some))
        else:
            words = []
            for sentence in some:
                words += sentence.split()
                words.append("\n")
        numbers.append(np.fromiter(map(number_of.__getitem__, words), np.int32, len(words)))
    numbers = np.concatenate(numbers)
    ends = np.flatnonzero(numbers == number_of["\n"])
    return list(number_of), numbers, ends
