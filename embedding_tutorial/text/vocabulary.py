"""Tokens and their ids. Id 0 is padding and never a token; real ids start at 1.

Ids go by count, the most frequent token first, ties by first appearance: so
``deep learning is very deep`` becomes ``1 2 3 4 1``. Tokens seen fewer than
``min_count`` times get no id at all and are left out of the text, as word2vec
does: there is no ``[UNK]`` vector that would stand for a hundred unrelated words.
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
        tokens: ``V`` distinct non-empty strings; token ``k`` has id ``k + 1``.
        counts: how often each stands in the corpus, ``V`` positive integers.

    Raises:
        ValueError: a token twice or empty, or a count per token missing.

    >>> vocabulary = Vocabulary.count(["deep learning is very deep".split()])
    >>> vocabulary.encode("deep learning is very deep".split())
    [1, 2, 3, 4, 1]
    """

    def __init__(self, tokens: Sequence[str], counts: Sequence[int]) -> None:
        self.tokens = tuple(tokens)
        self.counts = np.asarray(counts, dtype=np.int64)  # (V,)
        self._ids = {token: id for id, token in enumerate(self.tokens, start=1)}
        if "" in self._ids or len(self._ids) != len(self.tokens):
            raise ValueError("tokens must be distinct and not empty")
        if self.counts.shape != (len(self.tokens),):
            raise ValueError(f"{len(self.tokens)} tokens but counts of shape {self.counts.shape}")

    @classmethod
    def count(cls, sentences: Iterable[Sequence[str]], min_count: int = 1) -> "Vocabulary":
        """Count the tokens of all sentences and keep those seen at least ``min_count`` times."""
        counts = Counter(chain.from_iterable(sentences))  # remembers who came first
        return cls.from_counts(list(counts), np.array(list(counts.values()), np.int64), min_count)[0]

    @classmethod
    def from_counts(
        cls, tokens: Sequence[str], counts: np.ndarray, min_count: int = 1
    ) -> tuple["Vocabulary", np.ndarray]:
        """Give ids to counted tokens.

        Args:
            tokens: distinct, in the order of first appearance.
            counts: ``(n,)`` how often each was seen.
            min_count: those seen fewer times are left out.

        Returns:
            The vocabulary, and the id of each token given, ``(n,)`` int32, 0 where it is left out.
        """
        order = np.argsort(-counts, kind="stable")  # stable: ties stay in the order of appearance
        order = order[counts[order] >= min_count]
        ids = np.zeros(len(tokens), np.int32)
        ids[order] = np.arange(1, len(order) + 1)
        return cls([tokens[number] for number in order], counts[order]), ids

    def __len__(self) -> int:
        """Number of tokens, padding not counted. The embedding has one row more."""
        return len(self.tokens)

    def __contains__(self, token: str) -> bool:
        return token in self._ids

    def encode(self, tokens: Iterable[str], *, skip_unknown: bool = False) -> list[int]:
        """Tokens to ids, 1 to ``V``.

        Raises:
            KeyError: a token is not in the vocabulary and ``skip_unknown`` is false.
        """
        if skip_unknown:
            return [self._ids[token] for token in tokens if token in self._ids]
        tokens = list(tokens)
        for token in tokens:
            if token not in self._ids:
                raise KeyError(f"{token!r} is not in the vocabulary")
        return [self._ids[token] for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Ids to tokens; padding is skipped.

        Raises:
            IndexError: an id is negative or greater than ``V``.
        """
        ids = [int(id) for id in ids]
        for id in ids:
            if not 0 <= id <= len(self):
                raise IndexError(f"id {id} is outside 0..{len(self)}")
        return [self.tokens[id - 1] for id in ids if id != PADDING]

    def to_json(self) -> str:
        """``[["的", 120], …]``: one pair a token, in id order, as JSON text."""
        return json.dumps(list(zip(self.tokens, self.counts.tolist(), strict=True)), ensure_ascii=False, indent=0)

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Read what ``to_json`` wrote to a file."""
        pairs = json.loads(path.read_text(encoding="utf-8"))
        return cls([token for token, _ in pairs], [count for _, count in pairs])
