"""A text becomes sentences, and a sentence becomes tokens.

A token is a character or a word. This file knows nothing of files (``corpus.py``) nor of ids
(``vocabulary.py``). It never joins two sentences: a window must not look across a sentence's
end, since what stands there belongs to another thought.
"""

import functools
import re
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from itertools import compress, count, pairwise

import numpy as np

# What sentence ends depend on. A code point's properties are the sum of some of these.
BLANK, LINE_END, MARK, FULL_STOP, CLOSER, QUOTE, LETTER, UPPER, LOWER, OUTSIDE = (1 << bit for bit in range(10))

CONTEXT = 16  # characters before and after a mark that say whether it ends a sentence
TAIL = 1 << 12  # characters among which a block's last sentence end is looked for first
LONGEST = 1 << 16  # characters in a sentence; a longer one is cut
TITLES = ("Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Rev", "Capt", "Col", "Gen", "Lt")  # a name follows their full stop


@functools.cache
def _properties() -> np.ndarray:
    """``table[code]``: the properties of a code point, ``(0x110000,)`` uint16; none above U+FFFF."""
    table = np.zeros(sys.maxunicode + 1, np.uint16)
    characters = [chr(code) for code in range(0x10000)]
    category = np.array([unicodedata.category(character) for character in characters])
    table[:0x10000] |= np.isin(category, ["Pe", "Pf"]) * np.uint16(CLOSER)  # ) 》 」 ” » and some eighty more
    table[:0x10000] |= np.strings.startswith(category, "L") * np.uint16(LETTER)
    table[:0x10000] |= (category == "Lu") * np.uint16(UPPER)
    table[:0x10000] |= (category == "Ll") * np.uint16(LOWER)
    table[:0x10000] |= np.array([character.isspace() for character in characters]) * np.uint16(BLANK)
    # The quotes open as well as close, so Unicode has no category that tells.
    for bit, members in ((LINE_END, "\n\r"), (MARK, "。！？!?…"), (FULL_STOP, "."), (QUOTE, "\"'＂＇")):
        table[[ord(character) for character in members]] |= bit
    return table


def code_points(text: str) -> np.ndarray:
    """A text as numbers, ``(n,)`` uint32, one a character."""
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def sentence_ends(codes: np.ndarray) -> np.ndarray:
    """Where sentences end: the place of the last character of each, ``(s,)``, ascending.

    - A line end ends a sentence, and so do 。！？!?… unless another of them or something that closes follows
      at once or after blanks: 《怎么办？》 and “你去哪儿？”他问。 are one sentence each.
    - A full stop ends one before a blank (so not in 3.14), unless the next letter is lower case (3 p.m. in),
      or an initial (J. Smith, U.S. Army) or a title (Mr. Smith) stands before it.
    - A sentence of more than 65,536 characters is cut: after the last blank among them, or, where the
      second half of them holds none, in the middle.
    - The text's last character ends the last sentence.

    So "Vitamin A. Then" is not cut, "in Jan. He" and "Inc. Then" are, and neither is ``He left.” Then``.
    """
    ends, last = _natural_ends(codes), len(codes) - 1
    return _with_cuts(codes, np.append(ends[ends < last], last)) if len(codes) else ends


def finished(codes: np.ndarray) -> int:
    """How many characters of a text belong to sentences that are finished, whatever follows the text."""
    known = len(codes) - CONTEXT  # how the sentences of the characters after these end is not known yet
    start = max(0, known - TAIL)
    ends = _natural_ends(codes[start:]) + start
    ends = ends[(ends >= start + CONTEXT) & (ends < known)]
    if not len(ends) and known > 0:  # no end is near: look at all
        ends = _natural_ends(codes)
        ends = _with_cuts(codes, np.append(ends[ends < known - 1], known - 1))[:-1]
    return int(ends[-1]) + 1 if len(ends) else 0


def _natural_ends(codes: np.ndarray) -> np.ndarray:
    """Where line ends and marks end sentences, ``(s,)``."""
    if not len(codes):
        return np.zeros(0, np.int64)
    properties = np.pad(_properties()[codes], CONTEXT, constant_values=OUTSIDE)
    around = np.lib.stride_tricks.sliding_window_view(properties, 2 * CONTEXT + 1)  # (n, 33) a view, not a copy
    properties = around[:, CONTEXT]
    places = np.flatnonzero(properties & (MARK | FULL_STOP | LINE_END) > 0)  # (k,) the rest looks at these few alone
    here, following = properties[places], around[places, CONTEXT + 1]
    ends = (here & MARK > 0) & (following & (MARK | FULL_STOP | CLOSER | QUOTE) == 0)
    ends |= (here & FULL_STOP > 0) & (following & BLANK > 0)
    before_blank = np.flatnonzero(ends & (following & (BLANK | LINE_END) == BLANK))
    for some in np.array_split(before_blank, len(before_blank) // (1 << 16) + 1):
        before = codes[np.maximum(places[some] - np.arange(CONTEXT, 0, -1)[:, None], 0)]
        ends[some] = ~_goes_on(around[places[some]], before)
    return places[ends | (here & LINE_END > 0)]


def _goes_on(around: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Whether a sentence goes on after a mark and a blank.

    Args:
        around: properties of the characters about each mark, which stands in the middle, ``(k, 33)``.
        before: the code points before each, ``(16, k)``; wrong ones before the text's start.

    Returns:
        ``(k,)`` bool.
    """
    after = around[:, CONTEXT + 1 :]

    def first(wanted: np.ndarray) -> np.ndarray:
        return after[np.arange(len(after)), wanted.argmax(axis=1)]  # the blank where none is wanted

    goes_on = first(after & BLANK == 0) & (MARK | FULL_STOP | CLOSER) > 0
    next_letter = first(after & (LETTER | MARK | FULL_STOP | LINE_END | OUTSIDE) > 0)
    name_follows = (around[:, CONTEXT - 1] & UPPER > 0) & (around[:, CONTEXT - 2] & LETTER == 0)
    for title in map(code_points, TITLES):
        is_word = around[:, CONTEXT - len(title) - 1] & LETTER == 0
        name_follows |= is_word & (before[-len(title) :] == title[:, None]).all(axis=0)
    return goes_on | (around[:, CONTEXT] & FULL_STOP > 0) & (name_follows | (next_letter & (LOWER | OUTSIDE) > 0))


def _with_cuts(codes: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The ends and, between those that are too far apart, more, ``(s,)``.

    Two pieces are always longer than one may be, so where a text is divided at a cut, its parts are cut alike.
    """
    cuts = []
    for number in np.flatnonzero(np.diff(ends, prepend=-1) > LONGEST):
        start, end = int(ends[number - 1]) + 1 if number else 0, int(ends[number]) + 1
        while end - start > LONGEST:
            middle = start + LONGEST // 2
            blanks = np.flatnonzero(_properties()[codes[middle : start + LONGEST]] & BLANK)
            start = middle + 1 + (int(blanks[-1]) if len(blanks) else 0)
            cuts.append(start - 1)
    return np.sort(np.append(ends, cuts)) if cuts else ends


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, none of them blank, without blanks around them.

    A line is a sentence, and a line that holds several is cut at its sentence
    marks, so a novel with a paragraph a line, or all on one line, works too.

    >>> split_sentences("“你去哪儿？”他问。“去河边……”她说。")
    ['“你去哪儿？”他问。', '“去河边……”她说。']
    """
    ends = sentence_ends(code_points(text)) + 1
    pieces = (text[start:end].strip() for start, end in pairwise([0, *ends.tolist()]))
    return [piece for piece in pieces if piece]


def tokenize(sentence: str, tokens: str) -> Sequence[str]:
    """Split a sentence into tokens; blanks are never tokens, punctuation is.

    Args:
        sentence: any text.
        tokens: ``"characters"`` or ``"words"``, see ``cut_words``.

    Returns:
        The tokens in order. For characters this is a ``str``, which is a
        sequence of characters already.

    >>> list(tokenize("王妃 很漂亮", "characters"))
    ['王', '妃', '很', '漂', '亮']
    """
    if tokens == "characters":
        return "".join(sentence.split())
    return [word for word in cut_words(sentence) if not word.isspace()]


def cut_words(text: str) -> list[str]:
    """Cut a text into words, blanks and punctuation marks; joined they are the text again.

    A run of letters, digits and marks on them that holds some of another script (café, привет, 안녕하세요, ３Ｇ)
    is a word. All else, Han, kana and ASCII, is cut by ``rjieba``: kana one by one, ``don't`` in three.
    Scripts that write no blanks between words (Thai, Khmer) are not cut.
    """
    import rjieba  # only words need the segmenter and its dictionary

    kinds = _word_kinds()[code_points(text)]
    if not (kinds & (OTHER_SCRIPT | ON_LETTER)).any():
        return rjieba.cut(text)
    base = np.maximum.accumulate(np.where(kinds == ON_LETTER, 0, np.arange(len(kinds))))  # (n,) a mark's letter
    in_run = kinds[base] & (ASCII | OTHER_SCRIPT) > 0
    edges = np.flatnonzero(np.diff(in_run, prepend=False, append=False)).reshape(-1, 2)  # (runs, 2)
    kept = np.logical_or.reduceat(in_run & (kinds != ASCII), edges[:, 0])
    words, done = [], 0
    for start, end in edges[kept].tolist():
        words += [*rjieba.cut(text[done:start]), text[start:end]]
        done = end
    return words + rjieba.cut(text[done:])


ASCII, OTHER_SCRIPT, ON_LETTER = 1, 2, 4


@functools.cache
def _word_kinds() -> np.ndarray:
    """``table[code]``: a letter or digit of ASCII, of another script than Han and kana, a mark on one, or 0."""
    table = np.zeros(sys.maxunicode + 1, np.uint8)
    han_or_kana = re.compile("CJK|IDEOGRAPHIC|HANGZHOU|HIRAGANA|KATAKANA|HENTAIGANA|KANA REPEAT")
    for code in range(0x20000):  # above are Han and selectors of their variants
        category = unicodedata.category(chr(code))
        if category[0] == "M":
            table[code] = ON_LETTER
        elif category[0] == "L" or category in ("Nd", "Nl"):
            if code < 0x80:
                table[code] = ASCII
            elif not han_or_kana.search(unicodedata.name(chr(code), "")):
                table[code] = OTHER_SCRIPT
    return table


def tokenize_block(text: str, tokens: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """What ``split_sentences`` and ``tokenize`` give for a whole block, as numbers.

    Args:
        text: whole sentences.
        tokens: ``"characters"`` or ``"words"``.

    Returns:
        ``names``, the distinct tokens in order of first appearance; ``numbers``, ``(n,)`` int32, for
        each token of the text its place in ``names``; ``lengths``, ``(s,)`` int32, tokens in each sentence.
    """
    if tokens == "characters":
        # Without a loop over the characters: each step works on a whole array.
        codes = code_points(text)
        ends = sentence_ends(codes)
        kept = _properties()[codes] & BLANK == 0
        codes = codes[kept]
        first = np.full(sys.maxunicode + 1, len(codes), np.int32)
        # The first appearance is written last, and stays.
        first[codes[::-1]] = np.arange(len(codes), dtype=np.int32)[::-1]
        appearing = np.sort(first[first < len(codes)])
        number = np.empty(sys.maxunicode + 1, np.int32)
        number[codes[appearing]] = np.arange(len(appearing))
        names, numbers = [chr(code) for code in codes[appearing]], number[codes]
    else:
        sentences = split_sentences(text)
        number_of: defaultdict[str, int] = defaultdict(count().__next__)
        found = [np.zeros(0, np.int32)]
        for first in range(0, len(sentences), 1000):  # at a time, with a line end, which none holds, after each
            words = cut_words("".join(sentence + "\n" for sentence in sentences[first : first + 1000]))
            found.append(np.fromiter(map(number_of.__getitem__, words), np.int32, len(words)))
        found = np.concatenate(found)
        ends = np.flatnonzero(found == number_of["\n"])
        token = np.array([not name.isspace() for name in number_of])  # (names,)
        kept = token[found]
        names = list(compress(number_of, token))
        numbers = (np.cumsum(token, dtype=np.int32) - 1)[found[kept]]
    lengths = np.diff(np.cumsum(kept, dtype=np.int32)[ends], prepend=np.int32(0))
    return names, numbers, lengths[lengths > 0]
