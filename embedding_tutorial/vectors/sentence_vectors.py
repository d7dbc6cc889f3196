"""Vectors for sentences: the weighted mean of their tokens' vectors, without what all sentences share.

This is the baseline of Arora, Liang and Ma, "A simple but tough-to-beat baseline for sentence embeddings" (2017):
frequent tokens weigh less, and the first singular direction of all sentences' vectors is removed.
"""

import dataclasses
import hashlib
from collections.abc import Iterator
from itertools import compress, pairwise

import numpy as np

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.text.encoded_corpus import encode_again
from embedding_tutorial.text.sentences import split_sentences
from embedding_tutorial.text.vocabulary import Vocabulary

SMOOTHING = 1e-3  # a token with this share of the text weighs half
BLOCK = 1 << 18  # tokens whose vectors are in memory at a time


def token_weights(counts: np.ndarray) -> np.ndarray:
    """The weight of each token by its count, ``(V,)`` float32: ``a / (a + share of the text)``, 1 if no count is known.

    The counts, ``(V,)``, hold at least one positive number, or zeros only.
    """
    share = counts / max(counts.sum(), 1)
    return (SMOOTHING / (SMOOTHING + share)).astype(np.float32)


def sentence_vectors(weighted: np.ndarray, ids: np.ndarray, lengths: np.ndarray) -> Iterator[np.ndarray]:
    """The mean of the rows of each sentence's tokens, in blocks of sentences, in order.

    Args:
        weighted: the tokens' vectors, each times its weight, ``(V, D)``.
        ids: all sentences concatenated, ``(N,)``; the id of row ``k`` is ``k + 1``.
        lengths: number of tokens in each sentence, ``(S,)``, summing to ``N``.

    Yields:
        ``(s, D)`` for each block; a sentence without tokens has zeros.
    """
    ends = np.cumsum(lengths, dtype=np.int64)
    cuts = np.searchsorted(ends, np.arange(BLOCK, len(ids), BLOCK))
    for first, last in pairwise(np.unique([0, *cuts, len(lengths)]).tolist()):
        starts, length = (ends - lengths)[first:last], lengths[first:last]
        block = np.zeros((last - first, weighted.shape[1]), weighted.dtype)
        for size in np.unique(length[length > 0]):  # sentences of one length form an array; np.add.reduceat is slower
            some = np.flatnonzero(length == size)
            tokens = ids[starts[some, None] + np.arange(size)]  # (n, size)
            block[some] = weighted[tokens - 1].mean(axis=1)  # (n, size, D) -> (n, D)
        yield block


def first_component(weighted: np.ndarray, ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The first right singular vector of all sentences' vectors, ``(D,)``; its sign is arbitrary.

    It is the last eigenvector of their ``(D, D)`` second moments. Arguments as of ``sentence_vectors``.
    """
    moments = sum((block.T @ block).astype(np.float64) for block in sentence_vectors(weighted, ids, lengths))
    return np.linalg.eigh(moments)[1][:, -1].astype(weighted.dtype)


def without(component: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Vectors ``(s, D)`` without their part along a component ``(D,)`` of length 1."""
    return vectors - (vectors @ component)[:, None] * component


@dataclasses.dataclass(frozen=True, eq=False)
class Sentences:
    """The sentences of a text that hold a token of the vocabulary.

    Attributes:
        texts: ``S`` sentences.
        ids: their tokens that are in the vocabulary, concatenated, ``(N,)`` int32.
        lengths: number of those in each sentence, ``(S,)``.
        sha256: of the text.
    """

    texts: list[str]
    ids: np.ndarray
    lengths: np.ndarray
    sha256: str


def read_again(config: TrainingConfig, vocabulary: Vocabulary) -> Sentences:
    """Read the text of a run once more.

    Memory: the sentences, and four bytes a token.

    Raises:
        InputError: as ``encode_again``.
    """
    digest = hashlib.sha256()
    texts, ids, lengths = [], [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    for block, id, length in encode_again(config, vocabulary, digest):
        texts += compress(split_sentences(block, lines=config.tokens == "blanks"), length > 0)
        ids.append(id)
        lengths.append(length[length > 0])
    return Sentences(texts, np.concatenate(ids), np.concatenate(lengths), digest.hexdigest())
