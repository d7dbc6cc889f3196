"""Tokens and their ids. Id 0 is padding and never a token; real ids start at 1.

Ids are assigned by count, the most frequent token first, ties by first appearance:
``deep learning is very deep`` becomes ``1 2 3 4 1``. Tokens that occur fewer than
``min_count`` times get no id and are left out of the text, as in word2vec: there is
no ``[UNK]`` vector, which would represent a hundred unrelated words at once.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

PADDING = 0


class Vocabulary:
    """The tokens that get a vector, the most frequent first.

    Args:
        tokens: ``V`` distinct non-empty strings.
        counts: how often each occurs in the corpus, ``V`` integers; 0 where that is not known.

    Attributes:
        tokens: a list; the token at index ``k``, from 0, has id ``k + 1``.
        counts: ``(V,)`` int64.
        index_of: token -> index.

    Raises:
        ValueError: a token is repeated or empty, or there is not one count for each token.

    >>> vocabulary = Vocabulary.count(["deep learning is very deep".split()])
    >>> vocabulary.encode("deep learning is very deep".split())
    [1, 2, 3, 4, 1]
    """

    def __init__(self, tokens: Sequence[str], counts: Sequence[int]) -> None:
        self.tokens = list(tokens)
        self.counts = np.asarray(counts, dtype=np.int64)  # (V,)
        self.index_of = {token: index for index, token in enumerate(self.tokens)}
        if "" in self.index_of or len(self.index_of) != len(self.tokens):
            raise ValueError("tokens must be distinct and not empty")
        if self.counts.shape != (len(self.tokens),):
            raise ValueError(f"{len(self.tokens)} tokens but counts of shape {self.counts.shape}")

    @classmethod
    def count(cls, sentences: Iterable[Sequence[str]], min_count: int = 1) -> "Vocabulary":
        """Count the tokens of all sentences and keep those that occur at least ``min_count`` times."""
        counts = Counter(chain.from_iterable(sentences))  # keeps the order of first appearance
        return cls.from_counts(list(counts), np.array(list(counts.values()), np.int64), min_count)[0]

    @classmethod
    def from_counts(
        cls, tokens: Sequence[str], counts: np.ndarray, min_count: int = 1
    ) -> tuple["Vocabulary", np.ndarray]:
        """Assign ids to counted tokens.

        Args:
            tokens: distinct, in the order of first appearance.
            counts: ``(n,)`` how often each occurs.
            min_count: tokens that occur fewer times are left out.

        Returns:
            The vocabulary, and the id of each given token, ``(n,)`` int32, 0 where it is left out.
        """
        order = np.argsort(-counts, kind="stable")  # stable: ties keep the order of appearance
        order = order[counts[order] >= min_count]
        ids = np.zeros(len(tokens), np.int32)
        ids[order] = np.arange(1, len(order) + 1)
        return cls([tokens[number] for number in order], counts[order]), ids

    def __len__(self) -> int:
        """The number of tokens, without padding. The embedding has one row more."""
        return len(self.tokens)

    def __contains__(self, token: str) -> bool:
        return token in self.index_of

    def most_frequent(self, size: int) -> "Vocabulary":
        """The first ``size`` tokens, or all where there are fewer."""
        return Vocabulary(self.tokens[:size], self.counts[:size])

    def encode(self, tokens: Iterable[str], *, skip_unknown: bool = False) -> list[int]:
        """Convert tokens to ids, 1 to ``V``.

        Raises:
            KeyError: a token is not in the vocabulary and ``skip_unknown`` is false.
        """
        if skip_unknown:
            return [self.index_of[token] + 1 for token in tokens if token in self]
        try:
            return [self.index_of[token] + 1 for token in tokens]
        except KeyError as error:
            raise KeyError(f"{error.args[0]!r} is not in the vocabulary") from None

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Convert ids to tokens; padding is skipped.

        Raises:
            IndexError: an id is negative or greater than ``V``.
        """
        ids = [int(id) for id in ids]
        for id in ids:
            if not 0 <= id <= len(self):
                raise IndexError(f"id {id} is outside 0..{len(self)}")
        return [self.tokens[id - 1] for id in ids if id != PADDING]

    def to_json(self) -> str:
        """JSON text: a pair ``["的", 120]`` for each token, in the order of ids."""
        pairs = list(zip(self.tokens, self.counts.tolist(), strict=True))
        return json.dumps(
            pairs, ensure_ascii=False, separators=(",\n", ": ")
        )  # json writes an indent in Python: five times as slow

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Read a file that holds the text of ``to_json``."""
        pairs = json.loads(path.read_text(encoding="utf-8"))
        return cls([token for token, _ in pairs], [count for _, count in pairs])
