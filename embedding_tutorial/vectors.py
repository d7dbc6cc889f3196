"""Tokens and their learned vectors: what is near what, and how to take it elsewhere.

Imports neither Keras nor TensorFlow. Names and results are those of gensim's
``KeyedVectors``; index ``k`` here, from 0, is id ``k + 1`` in the model.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np


def unit_rows(matrix: np.ndarray) -> np.ndarray:
    """``(N, D)`` with every row divided by its length; a row of zeros stays zeros."""
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix / np.where(norms > 0, norms, 1)


class WordVectors:
    """``V`` tokens with a vector of ``D`` numbers each.

    Args:
        tokens: ``V`` distinct strings, the most frequent first.
        counts: how often each was seen, ``(V,)``.
        matrix: their vectors, ``(V, D)``, one a row.

    Attributes:
        index_to_key: the tokens, a list.
        key_to_index: token -> row of ``matrix``.

    Raises:
        ValueError: the three differ in length, or a token stands twice.
    """

    def __init__(self, tokens: Sequence[str], counts: Sequence[int], matrix: np.ndarray) -> None:
        self.index_to_key = list(tokens)
        self.key_to_index = {token: index for index, token in enumerate(self.index_to_key)}
        self.counts = np.asarray(counts, dtype=np.int64)  # (V,)
        self.matrix = np.asarray(matrix, dtype=np.float32)  # (V, D)
        if len(self.key_to_index) != len(self.index_to_key):
            raise ValueError("a token stands twice")
        if not len(self.index_to_key) == len(self.counts) == len(self.matrix):
            raise ValueError(f"{len(self.index_to_key)} tokens, {len(self.counts)} counts, {len(self.matrix)} vectors")
        self.unit_matrix = unit_rows(self.matrix)  # (V, D)

    def __len__(self) -> int:
        return len(self.index_to_key)

    def __contains__(self, token: str) -> bool:
        return token in self.key_to_index

    def __getitem__(self, token: str) -> np.ndarray:
        """The token's vector, ``(D,)``. Raises ``KeyError`` for an unknown token."""
        return self.matrix[self.key_to_index[token]]

    def most_similar(self, token: str, topn: int = 10) -> list[tuple[str, float]]:
        """The ``topn`` tokens nearest to ``token`` by cosine, nearest first, itself left out.

        Raises:
            KeyError: the token has no vector.
        """
        own = self.key_to_index[token]
        cosines = self.unit_matrix @ self.unit_matrix[own]  # (V, D) @ (D,) -> (V,)
        cosines[own] = -np.inf
        topn = min(topn, len(self) - 1)
        nearest = np.argpartition(-cosines, topn - 1)[:topn]  # the topn largest, in any order: no full sort
        nearest = nearest[np.argsort(-cosines[nearest], kind="stable")]
        return [(self.index_to_key[index], float(cosines[index])) for index in nearest]

    def save_word2vec(self, path: Path) -> None:
        """Write word2vec's text format: ``V D``, then a line ``token number number …`` each.

        Numbers have nine significant digits, from which float32 is read back exactly.
        """
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(f"{len(self)} {self.matrix.shape[1]}\n")
            for token, row in zip(self.index_to_key, self.matrix.tolist(), strict=True):
                file.write(f"{token} {' '.join(f'{number:.9g}' for number in row)}\n")
