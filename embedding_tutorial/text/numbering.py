"""Number tokens by first appearance, some ten thousand in one step.

A ``dict`` does the same, but each lookup waits for the memory several times. Here the lookups of a step are one NumPy
operation, and wait together.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from itertools import count

import numpy as np

CHARACTERS = sys.maxunicode + 1
BITS = 21  # hold any code point, so 63 bits hold three of them
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2 ** 64 divided by the golden ratio: Fibonacci hashing


class Numbering:
    """A hash table from tokens to numbers: 0 for the token that appears first, 1 for the next one.

    Args:
        lower: tokens that are equal in lower case get one number.

    Attributes:
        names: the token of each number, in lower case if ``lower`` is true.
    """

    def __init__(self, lower: bool = False) -> None:
        self.lower = lower
        self.names: list[str] = []
        self._number_of: dict[str, int] = {}  # name -> number; only if lower is true
        self._long = defaultdict[str, int](count().__next__)  # tokens of more than three characters, numbered apart
        self._keys = np.zeros(1 << 16, np.uint64)  # (places,) the key of the token at each place; 0: the place is free
        self._taken = 0  # number of places that are not free
        # The number of each character, then of the token at each place; -1: it has none yet.
        self._numbers = np.full(CHARACTERS + len(self._keys), -1, np.int32)

    def number(self, text: str, starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Number the tokens of a text.

        Args:
            text: holds the tokens.
            starts: the index of the first character of each token, ``(n,)``, ascending.
            sizes: the number of its characters, ``(n,)``, at least 1.

        Returns:
            The number of each token, its index in ``names``, ``(n,)`` int32.
        """
        codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
        places = codes[starts].astype(np.intp)  # of a token of one character
        longer = np.flatnonzero(sizes > 1)
        if len(longer):
            keys = self._keys_of(text, codes, starts[longer], sizes[longer])
            while len(self._keys) < 2 * (self._taken + len(keys)):
                self._grow()
            places[longer] = CHARACTERS + self._places_of(keys)
        numbers = self._numbers[places]
        new = np.flatnonzero(numbers < 0)
        if len(new):
            first = new[np.sort(np.unique(places[new], return_index=True)[1])]  # where each new token first appears
            self._numbers[places[first]] = self._number_new(slices(text, starts[first], sizes[first]))
            self._taken += np.count_nonzero(sizes[first] > 1)
            numbers[new] = self._numbers[places[new]]
        return numbers

    def _number_new(self, tokens: list[str]) -> Sequence[int]:
        """The numbers of distinct tokens that appear for the first time."""
        if not self.lower:
            self.names += tokens
            return range(len(self.names) - len(tokens), len(self.names))
        names = [token.lower() for token in tokens]
        new = dict.fromkeys(name for name in names if name not in self._number_of)
        self._number_of.update(zip(new, count(len(self.names)), strict=False))
        self.names += new
        return [self._number_of[name] for name in names]

    def _keys_of(self, text: str, codes: np.ndarray, starts: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """A key for each token of two or more characters, ``(n,)`` uint64: equal for equal tokens only, and not 0."""
        codes = codes.astype(np.uint64) + 1  # so that no character is 0, which stands for none
        keys = codes[starts] | codes[starts + 1] << BITS
        three = np.flatnonzero(sizes == 3)
        keys[three] |= codes[starts[three] + 2] << 2 * BITS
        long = np.flatnonzero(sizes > 3)
        tokens = slices(text, starts[long], sizes[long])
        keys[long] = np.fromiter(map(self._long.__getitem__, tokens), np.uint64, len(long)) | 1 << 3 * BITS
        return keys

    def _places_of(self, keys: np.ndarray) -> np.ndarray:
        """The place of each key, ``(n,)``: the one that its hash names, or the next that is free. New keys take it."""
        bits = len(self._keys).bit_length() - 1
        places = (keys * MULTIPLIER >> np.uint64(64 - bits)).astype(np.intp)
        rest = np.flatnonzero(self._keys[places] != keys)
        while len(rest):
            free = rest[self._keys[places[rest]] == 0]
            self._keys[places[free]] = keys[free]  # one of the keys that want the same place gets it
            rest = rest[self._keys[places[rest]] != keys[rest]]
            places[rest] = (places[rest] + 1) % len(self._keys)
        return places

    def _grow(self) -> None:
        """Double the places."""
        taken = np.flatnonzero(self._keys)
        keys, numbers = self._keys[taken], self._numbers[CHARACTERS + taken]
        self._keys = np.zeros(2 * len(self._keys), np.uint64)
        self._numbers = np.append(self._numbers[:CHARACTERS], np.full(len(self._keys), -1, np.int32))
        self._numbers[CHARACTERS + self._places_of(keys)] = numbers


def slices(text: str, starts: np.ndarray, sizes: np.ndarray) -> list[str]:
    """The parts of a text that start at ``starts``, ``(n,)``, and have ``sizes`` characters, ``(n,)``."""
    return [text[start:end] for start, end in zip(starts.tolist(), (starts + sizes).tolist(), strict=True)]
