"""Split a text into sentences.

A context window never crosses a sentence end: the tokens on both sides of it are no neighbours.
Each step works on all characters at once, as an array of code points.
"""

import functools
import sys
import unicodedata
from itertools import pairwise

import numpy as np

# What sentence ends depend on. The properties of a code point are the sum of some of these bits.
BLANK, LINE_END, MARK, FULL_STOP, CLOSER, QUOTE, LETTER, UPPER, LOWER, OUTSIDE = (1 << bit for bit in range(10))

CONTEXT = 16  # characters before and after a mark that decide whether it ends a sentence
TAIL = 1 << 12  # characters at a block's end that are searched first for its last sentence end
LONGEST = 1 << 16  # characters in a sentence; a longer one is cut
TITLES = ("Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Rev", "Capt", "Col", "Gen", "Lt")  # a name follows their full stop


@functools.cache
def _properties() -> np.ndarray:
    """The properties of each code point, ``(0x110000,)`` uint16; none above U+FFFF."""
    table = np.zeros(sys.maxunicode + 1, np.uint16)
    characters = [chr(code) for code in range(0x10000)]
    category = np.array([unicodedata.category(character) for character in characters])
    table[:0x10000] |= np.isin(category, ["Pe", "Pf"]) * np.uint16(CLOSER)  # ) 》 」 ” » and some eighty more
    table[:0x10000] |= np.strings.startswith(category, "L") * np.uint16(LETTER)
    table[:0x10000] |= (category == "Lu") * np.uint16(UPPER)
    table[:0x10000] |= (category == "Ll") * np.uint16(LOWER)
    table[:0x10000] |= np.array([character.isspace() for character in characters]) * np.uint16(BLANK)
    # These quotes both open and close, so no Unicode category tells them apart.
    for bit, members in ((LINE_END, "\n\r"), (MARK, "。！？!?…"), (FULL_STOP, "."), (QUOTE, "\"'＂＇")):
        table[[ord(character) for character in members]] |= bit
    return table


def code_points(text: str) -> np.ndarray:
    """The code points of a text's characters, ``(n,)`` uint32."""
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def are_blanks(codes: np.ndarray) -> np.ndarray:
    """Whether each character is a blank or a line end, ``(n,)`` bool."""
    return _properties()[codes] & BLANK > 0


def sentence_ends(codes: np.ndarray, lines: bool = False) -> np.ndarray:
    """The index of the last character of each sentence, ``(s,)``, ascending.

    With ``lines`` a line is a sentence: no mark and no full stop ends one, and the other rules hold.

    - A line end ends a sentence, and so do 。！？!?… unless another of them or a closing bracket or quote
      follows at once or after blanks: 《怎么办？》 and “你去哪儿？”他问。 are one sentence each.
    - A full stop ends a sentence before a blank (so not in 3.14), unless the next letter is lower case
      (3 p.m. in), or the word before it is an initial (J. Smith, U.S. Army) or a title (Mr. Smith).
    - A sentence of more than 65,536 characters is cut after the last blank in the second half of them, or,
      if that half has no blank, in the middle.
    - The last character of the text ends the last sentence.

    These rules make mistakes: they do not end a sentence in "Vitamin A. Then" and ``He left.” Then``, and they
    end one in "in Jan. He".
    """
    ends, last = _natural_ends(codes, lines), len(codes) - 1
    return _with_cuts(codes, np.append(ends[ends < last], last)) if len(codes) else ends


def finished(codes: np.ndarray, lines: bool = False) -> int:
    """How many characters, from the start, form sentences whose ends do not depend on what follows the text."""
    known = len(codes) - CONTEXT  # whether a later character ends a sentence depends on what follows
    start = max(0, known - TAIL)
    ends = _natural_ends(codes[start:], lines) + start
    ends = ends[(ends >= start + CONTEXT) & (ends < known)]
    if not len(ends) and known > 0:  # the tail has no sentence end: search the whole text
        ends = _natural_ends(codes, lines)
        ends = _with_cuts(codes, np.append(ends[ends < known - 1], known - 1))[:-1]
    return int(ends[-1]) + 1 if len(ends) else 0


def _natural_ends(codes: np.ndarray, lines: bool) -> np.ndarray:
    """The sentence ends that come from line ends and, unless ``lines`` is true, from marks, ``(s,)``."""
    if lines:
        return np.flatnonzero(_properties()[codes] & LINE_END)
    if not len(codes):
        return np.zeros(0, np.int64)
    properties = np.pad(_properties()[codes], CONTEXT, constant_values=OUTSIDE)
    around = np.lib.stride_tricks.sliding_window_view(properties, 2 * CONTEXT + 1)  # (n, 33) a view, not a copy
    properties = around[:, CONTEXT]
    places = np.flatnonzero(properties & (MARK | FULL_STOP | LINE_END) > 0)  # (k,) the candidates
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
        around: properties of the 16 characters before each mark, of the mark, and of the 16 after it, ``(k, 33)``.
        before: the 16 code points before each mark, ``(16, k)``; arbitrary where the text has not begun.

    Returns:
        ``(k,)`` bool.
    """
    after = around[:, CONTEXT + 1 :]

    def first(wanted: np.ndarray) -> np.ndarray:
        return after[np.arange(len(after)), wanted.argmax(axis=1)]  # the blank after the mark if none is wanted

    goes_on = first(after & BLANK == 0) & (MARK | FULL_STOP | CLOSER) > 0
    next_letter = first(after & (LETTER | MARK | FULL_STOP | LINE_END | OUTSIDE) > 0)
    name_follows = (around[:, CONTEXT - 1] & UPPER > 0) & (around[:, CONTEXT - 2] & LETTER == 0)
    for title in map(code_points, TITLES):
        is_word = around[:, CONTEXT - len(title) - 1] & LETTER == 0
        name_follows |= is_word & (before[-len(title) :] == title[:, None]).all(axis=0)
    return goes_on | (around[:, CONTEXT] & FULL_STOP > 0) & (name_follows | (next_letter & (LOWER | OUTSIDE) > 0))


def _with_cuts(codes: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The sentence ends with the cuts of sentences that are too long, ``(s,)``.

    A piece and what follows it are longer than ``LONGEST`` together, so a text that is read in two parts,
    divided at a cut, gets the same cuts.
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


def split_sentences(text: str, lines: bool = False) -> list[str]:
    """The sentences of a text, without blanks around them; blank sentences are dropped.

    A text may have a sentence, a paragraph or a whole novel on each line, see ``sentence_ends``.

    >>> split_sentences("“你去哪儿？”他问。“去河边……”她说。")
    ['“你去哪儿？”他问。', '“去河边……”她说。']
    """
    ends = sentence_ends(code_points(text), lines) + 1
    pieces = (text[start:end].strip() for start, end in pairwise([0, *ends.tolist()]))
    return [piece for piece in pieces if piece]
