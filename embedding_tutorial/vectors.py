"""Tokens and their learned vectors: what is near what, and how to take it elsewhere.

Imports neither Keras nor TensorFlow. Names and results are those of gensim's
``KeyedVectors``; index ``k`` here, from 0, is id ``k + 1`` in the model.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.progress import watched
from embedding_tutorial.run_directory import VECTORS, VOCABULARY, checked, read_run
from embedding_tutorial.vocabulary import Vocabulary

if TYPE_CHECKING:
    import keras
    import pandas as pd


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
        unit_matrix: ``matrix`` with rows of length 1.

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
        return self.matrix[self._index(token)]

    def _index(self, token: str) -> int:
        if token not in self.key_to_index:
            near = difflib.get_close_matches(token, self.index_to_key, n=3)
            hint = f"; did you mean {', '.join(near)}?" if near else ""
            raise KeyError(f"{token!r} has no vector{hint}")
        return self.key_to_index[token]

    def compose(self, word: str) -> np.ndarray:
        """A vector for a word, ``(D,)``: its own, or the sum of its characters' vectors.

        A sum forgets the order: 蜜蜂 and 蜂蜜 are the same.

        Raises:
            KeyError: neither the word nor all its characters have vectors.
        """
        if word in self:
            return self[word]
        if not word or any(character not in self for character in word):
            self._index(word)  # raises, with near spellings
        return np.sum([self[character] for character in word], axis=0)

    def most_similar(
        self,
        positive: str | Iterable[str] = (),
        negative: str | Iterable[str] = (),
        topn: int = 10,
    ) -> list[tuple[str, float]]:
        """The tokens nearest by cosine to the mean of ``positive`` minus ``negative``.

        ``most_similar(["皇后", "王子"], ["皇帝"])`` asks: 皇帝 is to 皇后 as 王子 is to whom?
        Words without a vector of their own are composed of their characters. Every word is
        taken at length 1; none of those that were asked with is an answer.

        Args:
            positive, negative: a word, or several.
            topn: how many answers.

        Returns:
            ``topn`` pairs (token, cosine), nearest first.

        Raises:
            KeyError: a word has no vector and cannot be composed.
            ValueError: no word is given.
        """
        positive, negative = _as_list(positive), _as_list(negative)
        if not positive and not negative:
            raise ValueError("name at least one word")
        asked = np.array([self.compose(word) for word in positive + negative])  # (words, D)
        signs = np.array([1] * len(positive) + [-1] * len(negative))
        question = signs @ unit_rows(asked)  # (words,) @ (words, D) -> (D,)
        # Neither a word that was asked with is an answer, nor the characters it was composed of.
        parts = (part for word in positive + negative for part in ([word] if word in self else word))
        excluded = [self.key_to_index[part] for part in parts]
        return self.nearest(question, topn, excluded)

    def nearest(self, vector: np.ndarray, topn: int = 10, excluded: Sequence[int] = ()) -> list[tuple[str, float]]:
        """The ``topn`` tokens nearest to a vector ``(D,)`` by cosine; rows in ``excluded`` are no answers."""
        cosines = self.unit_matrix @ unit_rows(np.asarray(vector, np.float32)[None])[0]  # (V, D) @ (D,) -> (V,)
        cosines[list(excluded)] = -np.inf
        topn = min(topn, len(self) - len(set(excluded)))
        if topn <= 0:
            return []
        # argpartition finds the topn largest in any order, in linear time: only those are sorted.
        best = np.argpartition(-cosines, topn - 1)[:topn]
        best = best[np.argsort(-cosines[best], kind="stable")]
        return [(self.index_to_key[index], float(cosines[index])) for index in best]

    def similarity(self, first: str, second: str) -> float:
        """The cosine of two words, -1 to 1; words without a vector are composed of characters."""
        a, b = unit_rows(np.array([self.compose(first), self.compose(second)]))
        return float(a @ b)

    def doesnt_match(self, words: Sequence[str]) -> str:
        """The word that is least like the others: farthest from the mean of all at length 1."""
        if not words:
            raise ValueError("name at least one word")
        unit = unit_rows(np.array([self.compose(word) for word in words]))  # (words, D)
        return words[int(np.argmin(unit @ unit.mean(axis=0)))]

    def to_frame(self) -> pd.DataFrame:
        """A table: a row a token, its count, and columns ``0`` to ``D - 1``."""
        import pandas as pd

        frame = pd.DataFrame(self.matrix, index=pd.Index(self.index_to_key, name="token"))
        frame.insert(0, "count", self.counts)
        return frame

    def embedding_layer(self, trainable: bool = False) -> keras.layers.Embedding:
        """A Keras layer with these vectors, for a model of your own.

        It has ``V + 1`` rows: row 0 is zeros and stands for padding, row ``id`` belongs to
        ``index_to_key[id - 1]``. Padding is masked.

        Args:
            trainable: whether ``fit`` may change the vectors.
        """
        import keras

        rows = np.concatenate([np.zeros((1, self.matrix.shape[1]), np.float32), self.matrix])
        layer = keras.layers.Embedding(*rows.shape, mask_zero=True, trainable=trainable, name="embedding")
        layer.build()
        layer.set_weights([rows])
        return layer

    @classmethod
    def load(cls, directory: Path | str) -> WordVectors:
        """All vectors of a finished run.

        Raises:
            InputError: it is no run directory, unfinished, or its files do not belong together.
        """
        directory = Path(directory)
        run = read_run(directory)
        vocabulary = Vocabulary.load(checked(directory, run, VOCABULARY))
        matrix = np.load(checked(directory, run, VECTORS), allow_pickle=False)
        return cls(vocabulary.tokens, vocabulary.counts, matrix)

    def save_word2vec(self, path: Path | str) -> None:
        """Write word2vec's text format: ``V D``, then a line ``token number number …`` each.

        Numbers have nine significant digits, from which float32 is read back exactly.
        """
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.write(f"{len(self)} {self.matrix.shape[1]}\n")
            for token, row in watched(zip(self.index_to_key, self.matrix, strict=True), len(self), f"writing {path}"):
                file.write(f"{token} {' '.join(f'{number:.9g}' for number in row.tolist())}\n")

    @classmethod
    def load_word2vec(cls, path: Path | str) -> WordVectors:
        """Read word2vec's text format, with or without its first line of two numbers.

        The format holds no counts: all are 0.

        Raises:
            InputError: a line is not a token and ``D`` finite numbers, or a token stands twice;
                the message names line and column.
        """
        path = Path(path)
        tokens: dict[str, int] = {}
        rows: list[np.ndarray] = []
        promised = None
        try:
            with open(path, encoding="utf-8", newline="\n") as file:
                for number, line in enumerate(file, start=1):
                    token, *values = line.rstrip("\r\n").rstrip(" ").split(" ")
                    if number == 1 and len(values) == 1 and token.isdecimal() and values[0].isdecimal():
                        promised = int(token), int(values[0])
                        continue
                    where = f"{path}, line {number}"
                    dim = promised[1] if promised else len(rows[0]) if rows else len(values)
                    if len(values) != dim or not values:
                        raise InputError(f"{where}: {len(values)} numbers after the token, expected {dim or 'some'}")
                    if not token or token in tokens:
                        raise InputError(f"{where}, column 1: the token {token!r} is empty or stands twice")
                    tokens[token] = number
                    rows.append(_numbers(values, where))
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror})") from None
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: not UTF-8 ({error.reason}); is it word2vec's binary format?") from None
        if not rows or (promised and promised[0] != len(rows)):
            raise InputError(f"{path}: holds {len(rows)} vectors{f', line 1 says {promised[0]}' if promised else ''}")
        return cls(list(tokens), [0] * len(tokens), np.array(rows))


def starting_vectors(config: TrainingConfig) -> WordVectors | None:
    """The vectors of ``config.init``, or ``None`` where nothing is given.

    Raises:
        InputError: they cannot be read, or have another dimension.
    """
    if config.init is None:
        return None
    vectors = WordVectors.load_word2vec(config.init)
    if vectors.matrix.shape[1] != config.dim:
        raise InputError(f"--init {config.init}: vectors of {vectors.matrix.shape[1]} numbers, but --dim {config.dim}")
    return vectors


def _as_list(words: str | Iterable[str]) -> list[str]:
    return [words] if isinstance(words, str) else list(words)


def _numbers(values: list[str], where: str) -> np.ndarray:
    """The numbers of a line, ``(D,)``; column 1 is the token, so the first number is column 2."""
    row = np.empty(len(values), np.float32)
    for column, value in enumerate(values, start=2):
        try:
            number = float(value)
        except ValueError:
            raise InputError(f"{where}, column {column}: {value!r} is no number") from None
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused
            row[column - 2] = number
        if not np.isfinite(row[column - 2]):
            raise InputError(f"{where}, column {column}: {value!r} is not finite")
    return row
