"""Tokens and their learned vectors: neighbours, analogies, and export to other programs.

Needs neither Keras nor TensorFlow. Names and results are those of gensim's
``KeyedVectors``; index ``k``, from 0, is id ``k + 1`` in the model.
"""

from __future__ import annotations

import difflib
import functools
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.labels import printable
from embedding_tutorial.run_directory import VECTORS, VOCABULARY, checked, checked_content, file_sha256, read_run
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.sentence_vectors import token_weights
from embedding_tutorial.vectors.word2vec_format import read_word2vec, write_word2vec

if TYPE_CHECKING:
    import mmap

    import keras
    import pandas as pd

BLOCK = 1 << 16  # numbers at a time, which the processor's cache holds


def unit_rows(matrix: np.ndarray) -> np.ndarray:
    """Divide every row of ``(N, D)`` by its length; a row of zeros stays zeros, so every cosine with it is 0."""
    unit = np.array(matrix, np.result_type(matrix, np.float32))  # a copy, changed a block of rows at a time
    height = max(1, BLOCK // matrix.shape[1])
    for start in range(0, len(unit), height):
        rows = unit[start : start + height]
        # Scaling by a power of two is exact. It brings each row's largest number to about 1: no square over- or
        # underflows.
        _, exponents = np.frexp(np.abs(rows).max(axis=1, keepdims=True, initial=0))
        np.ldexp(rows, -exponents, out=rows)
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        rows /= np.where(norms > 0, norms, 1)
    return unit


class WordVectors:
    """``V`` tokens with a vector of ``D`` numbers each.

    Args:
        tokens: ``V`` distinct non-empty strings, the most frequent first.
        counts: how often each occurs, ``(V,)``; 0 where that is not known.
        matrix: their vectors, ``(V, D)`` real numbers, one in a row; converted to float32.

    Attributes:
        vocabulary: tokens and counts.
        matrix: ``(V, D)`` float32.
        unit_matrix: ``matrix`` with rows of length 1, computed when it is first asked for.

    Raises:
        ValueError: the three differ in length, a token is repeated or empty, or the matrix is no table of real
            numbers.
        InputError: a vector is not finite.
    """

    def __init__(self, tokens: Sequence[str], counts: Sequence[int], matrix: np.ndarray) -> None:
        self._set(Vocabulary(tokens, counts), matrix)

    @classmethod
    def of(cls, vocabulary: Vocabulary, matrix: np.ndarray) -> WordVectors:
        """Make vectors for a vocabulary that exists already; ``matrix`` and errors as above."""
        vectors = cls.__new__(cls)
        vectors._set(vocabulary, matrix)
        return vectors

    def _set(self, vocabulary: Vocabulary, matrix: np.ndarray) -> None:
        self.vocabulary, matrix = vocabulary, np.asarray(matrix)
        if matrix.dtype.kind not in "biuf" or matrix.ndim != 2 or not matrix.shape[1]:
            raise ValueError(
                f"vectors must be real numbers of shape (V, D), not {matrix.dtype} of shape {matrix.shape}"
            )
        if len(vocabulary) != len(matrix):
            raise ValueError(f"{len(vocabulary)} tokens, but {len(matrix)} vectors")
        with np.errstate(over="ignore"):  # a number that float32 cannot hold becomes infinite, and is refused
            self.matrix = matrix.astype(np.float32, copy=False)  # (V, D)
        finite = np.isfinite(self.matrix).all(axis=1)  # (V,)
        if not finite.all():
            token = self.index_to_key[np.argmin(finite)]
            raise InputError(f"the vector of {token!r} is not finite; in training a smaller --learning-rate helps")

    @functools.cached_property
    def unit_matrix(self) -> np.ndarray:
        return unit_rows(self.matrix)  # (V, D)

    @property
    def index_to_key(self) -> list[str]:
        """The token of each row of ``matrix``."""
        return self.vocabulary.tokens

    @property
    def key_to_index(self) -> dict[str, int]:
        """The row of each token in ``matrix``."""
        return self.vocabulary.index_of

    @property
    def counts(self) -> np.ndarray:
        """How often each token occurs, ``(V,)`` int64."""
        return self.vocabulary.counts

    def most_frequent(self, size: int) -> WordVectors:
        """The first ``size`` tokens and their vectors, or all where there are fewer."""
        return WordVectors.of(self.vocabulary.most_frequent(size), self.matrix[:size])

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __repr__(self) -> str:
        first = " ".join(map(printable, self.index_to_key[:5]))
        return f"<WordVectors: {len(self):,} tokens ({first} …), {self.matrix.shape[1]} numbers each>"

    def __contains__(self, token: str) -> bool:
        return token in self.vocabulary

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

        A sum does not depend on the order: 蜜蜂 and 蜂蜜 have the same vector.

        Raises:
            KeyError: the word has no vector, and neither has one of its characters.
        """
        if word in self:
            return self[word]
        if not word or any(character not in self for character in word):
            self._index(word)  # raises, with near spellings
        return np.sum([self[character] for character in word], axis=0)

    def sentence(self, tokens: Iterable[str]) -> np.ndarray:
        """A vector for a sentence, ``(D,)``: the mean of its tokens' vectors, each times its ``token_weights``.

        Tokens without a vector are skipped.

        Raises:
            KeyError: no token has a vector.
        """
        rows = [self.key_to_index[token] for token in tokens if token in self]
        if not rows:
            raise KeyError("no token of the sentence has a vector")
        return token_weights(self.counts)[rows] @ self.matrix[rows] / len(rows)

    def most_similar(
        self,
        positive: str | Iterable[str] = (),
        negative: str | Iterable[str] = (),
        topn: int = 10,
    ) -> list[tuple[str, float]]:
        """The tokens nearest by cosine to the mean of ``positive`` minus ``negative``.

        ``most_similar(["皇后", "王子"], ["皇帝"])`` asks: 皇帝 is to 皇后 as 王子 is to whom?
        Words without a vector of their own are composed of their characters. The vector of
        every word is scaled to length 1; the words of the question are no answers.

        Args:
            positive, negative: a word, or several.
            topn: how many answers; none if less than 1.

        Returns:
            ``topn`` pairs (token, cosine), nearest first; fewer if there are not so many tokens.

        Raises:
            KeyError: a word has no vector and cannot be composed.
            ValueError: there is no word, or each is as often positive as negative.
        """
        weights = Counter(_as_list(positive))
        weights.subtract(_as_list(negative))
        if not any(weights.values()):
            raise ValueError("name at least one word that is not both positive and negative")
        asked = np.array([self.compose(word) for word in weights])  # (words, D)
        question = np.array([*weights.values()]) @ unit_rows(asked)  # (words,) @ (words, D) -> (D,)
        # Neither a word of the question is an answer, nor a character that it was composed of.
        parts = (part for word in weights for part in ([word] if word in self else word))
        excluded = [self.key_to_index[part] for part in parts]
        return self.nearest(question, topn, excluded)

    def nearest(self, vector: np.ndarray, topn: int = 10, excluded: Sequence[int] = ()) -> list[tuple[str, float]]:
        """The ``topn`` tokens nearest to a vector ``(D,)`` by cosine; rows in ``excluded`` are no answers.

        Raises:
            ValueError: the vector is not finite.
        """
        if not np.isfinite(vector).all():
            raise ValueError("the vector is not finite")
        direction = unit_rows(np.asarray(vector, np.float64)[None])[0].astype(np.float32)  # (D,)
        cosines = self.unit_matrix @ direction  # (V, D) @ (D,) -> (V,)
        cosines[list(excluded)] = -np.inf
        topn = min(topn, len(self) - len(set(excluded)))
        if topn <= 0:
            return []
        # argpartition finds the topn largest in linear time, but in no order: only those are sorted.
        best = np.argpartition(-cosines, topn - 1)[:topn]
        best = best[np.argsort(-cosines[best], kind="stable")]
        return [(self.index_to_key[index], float(cosines[index])) for index in best]

    def similarity(self, first: str, second: str) -> float:
        """The cosine of two words, -1 to 1; words without a vector are composed of their characters.

        The cosine with a vector of zeros is 0.
        """
        a, b = unit_rows(np.array([self.compose(first), self.compose(second)]))
        return float(a @ b)

    def doesnt_match(self, words: Sequence[str]) -> str:
        """The word whose cosine with the mean of all words, each at length 1, is smallest.

        A word that is named twice counts twice in the mean.

        Raises:
            KeyError: a word has no vector and cannot be composed.
            ValueError: there is no word.
        """
        if not words:
            raise ValueError("name at least one word")
        unit = unit_rows(np.array([self.compose(word) for word in words]))  # (words, D)
        return words[int(np.argmin(unit @ unit.mean(axis=0)))]

    def to_frame(self) -> pd.DataFrame:
        """A table with a row for each token: its count, and columns ``0`` to ``D - 1``."""
        import pandas as pd

        frame = pd.DataFrame(self.matrix, index=pd.Index(self.index_to_key, name="token"))
        frame.insert(0, "count", self.counts)
        return frame

    def embedding_layer(
        self, trainable: bool = False, name: str | None = None, unknown: bool = False
    ) -> keras.layers.Embedding:
        """A Keras layer with these vectors, for a model of your own.

        Row 0 is zeros, for padding, which is masked. Without ``unknown`` there are ``V + 1`` rows,
        and the id of ``index_to_key[k]`` is ``k + 1``. With it there are ``V + 2``: row 1 is for
        unknown tokens, and the id of ``index_to_key[k]`` is ``k + 2``, which is the id that Keras gives by
        ``text_vectorization()`` or ``keras.layers.StringLookup(vocabulary=vectors.index_to_key, mask_token="")``.

        Args:
            trainable: whether ``fit`` may change the vectors.
            name: of the layer; ``None``: Keras chooses a unique name.
            unknown: whether there is a row for unknown tokens. It is the mean of all vectors, the guess with the
                smallest squared error; zeros would shrink the mean of a text by each unknown token.
        """
        import keras

        rows = np.zeros((len(self) + 1 + unknown, self.matrix.shape[1]), np.float32)
        rows[1 + unknown :] = self.matrix
        if unknown:
            rows[1] = self.matrix.mean(axis=0, dtype=np.float64)
        layer = keras.layers.Embedding(*rows.shape, mask_zero=True, trainable=trainable, name=name)
        layer.build()
        layer.set_weights([rows])
        return layer

    def text_vectorization(self, split: str | None = None) -> keras.layers.TextVectorization:
        """A stock Keras layer, texts to the ids of ``embedding_layer(unknown=True)``: ``(B,)`` strings to ``(B, T)``.

        Shorter texts are padded with 0; an unknown token has id 1. Words are not cut: blanks stand between them.
        With ``split="character"`` each blank is a token, and so an unknown one. ``"whitespace"`` splits at ASCII
        blanks alone, not at U+3000 or U+00A0. The layer is part of a model with the TensorFlow backend; with JAX it
        is called before the model.

        Args:
            split: ``"character"`` or ``"whitespace"``; ``None``: ``"character"`` where each token is one character.

        Raises:
            InputError: a token holds a line break, with which Keras cannot save the vocabulary.
        """
        import keras

        for token in self.index_to_key:
            if token.splitlines() != [token]:
                raise InputError(f"{token!r} holds a line break, with which Keras cannot save the vocabulary")
        split = split or ("character" if all(len(token) == 1 for token in self.index_to_key) else "whitespace")
        return keras.layers.TextVectorization(standardize=None, split=split, vocabulary=self.index_to_key)

    @classmethod
    def load(cls, directory: Path | str) -> WordVectors:
        """Read all vectors of a finished run. The matrix is mapped into memory, not copied, where the system can.

        Raises:
            InputError: the directory is no run directory, or the run is not finished or damaged.
        """
        directory = Path(directory)
        run = read_run(directory)
        # An export writes the vectors before the vocabulary: one that replaces it now has replaced the vectors, too.
        vocabulary = Vocabulary.load(checked(directory, run, VOCABULARY))
        return cls.of(vocabulary, _array(checked_content(directory, run, VECTORS)))

    def save_word2vec(self, path: Path | str) -> None:
        """Write word2vec's text format, which gensim reads, see ``write_word2vec``.

        Raises:
            InputError: the format cannot hold a token, for example one with a blank.
        """
        write_word2vec(path, self.index_to_key, self.matrix)

    @classmethod
    def load_word2vec(cls, path: Path | str) -> WordVectors:
        """Read word2vec's text format, see ``read_word2vec``. The format has no counts: all are 0.

        Raises:
            InputError: the file has another format, or is damaged; the message names the line.
        """
        tokens, matrix = read_word2vec(path)
        return cls(tokens, [0] * len(tokens), matrix)


def _array(content: mmap.mmap | bytearray) -> np.ndarray:
    """The array in the content of a ``.npy`` file; it is not copied."""
    header = io.BytesIO(content[:4096])
    np.lib.format.read_magic(header)
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(header)
    return np.frombuffer(content, dtype, offset=header.tell()).reshape(shape, order="F" if by_columns else "C")


def starting_vectors(config: TrainingConfig, sha256: str | None = None) -> WordVectors | None:
    """Read the vectors of ``config.init``; ``None`` where it names no file.

    Args:
        config: of the run.
        sha256: of the file that the run was begun with; ``None``: the run begins now, or does not know it.

    Raises:
        InputError: the file cannot be read, has vectors of another dimension, or is not the one that the run was
            begun with.
    """
    if config.init is None:
        return None
    if config.init.exists() and not config.init.is_file():  # a pipe may have no end, and cannot be read again
        raise InputError(f"--init {config.init}: is no regular file")
    if sha256 and config.init.exists() and file_sha256(config.init) != sha256:
        raise InputError(f"--init {config.init}: is not the file that {config.run_directory} was begun with")
    vectors = WordVectors.load_word2vec(config.init)
    if vectors.matrix.shape[1] != config.dim:
        raise InputError(f"--init {config.init}: vectors of {vectors.matrix.shape[1]} numbers, but --dim {config.dim}")
    return vectors


def _as_list(words: str | Iterable[str]) -> list[str]:
    return [words] if isinstance(words, str) else list(words)
