"""Sentences of ids -> rows of a few lengths -> the batches that ``fit`` eats.

This file knows nothing of the model. A row is a stretch of one sentence; two
sentences never share a row. A batch is ``(x, y)``, both ``(rows, T)`` of ids:

- ``x``: the tokens that are looked up,
- ``y``: the tokens to be predicted at the same places, 0 where there is none:
  at padding, and at the ends of a long sentence's inner rows (see ``cut_rows``).
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING

import numpy as np

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.corpus import read_sentences, tokenize
from embedding_tutorial.vocabulary import PADDING, Vocabulary

if TYPE_CHECKING:
    import tensorflow as tf

# A row is padded to the next of these lengths. One length would fill a fifth of
# all places with padding; a length for each sentence would leave no full batches.
ROW_LENGTHS = (8, 12, 16, 20, 24, 32)

# PCA, t-SNE and UMAP in the projector all work from here on.
FEWEST_TOKENS = 16


@dataclasses.dataclass(frozen=True)
class EncodedCorpus:
    """A text as ids, its sentences end to end.

    Attributes:
        vocabulary: the tokens kept.
        ids: all sentences one after the other, ``(N,)`` int32, no padding.
        lengths: tokens in each sentence, summing to ``N``; 0 where none was kept.
        tokens_left_out: how many tokens of the text are not in the vocabulary.
        sha256: of the sentences, so that a run can tell what it was trained on.
    """

    vocabulary: Vocabulary
    ids: np.ndarray
    lengths: np.ndarray
    tokens_left_out: int
    sha256: str

    def split(self, share: float, seed: int) -> tuple[EncodedCorpus, EncodedCorpus]:
        """Two corpora of whole sentences: the rest, and a random ``share`` of all sentences."""
        held_out = np.zeros(len(self.lengths), bool)
        chosen = np.random.default_rng(seed).permutation(len(self.lengths))
        held_out[chosen[: int(share * len(self.lengths))]] = True
        token_held_out = np.repeat(held_out, self.lengths)  # (N,)
        return tuple(
            dataclasses.replace(self, ids=self.ids[token_held_out == side], lengths=self.lengths[held_out == side])
            for side in (False, True)
        )


def encode_corpus(config: TrainingConfig) -> EncodedCorpus:
    """Read ``config.corpus``, split it into tokens, count them, and turn them into ids.

    Raises:
        InputError: the file cannot be used, or too little is left after ``min_count``.
    """
    sentences = read_sentences(config.corpus)
    tokenized = [tokenize(sentence, config.tokens) for sentence in sentences]
    vocabulary = Vocabulary.count(tokenized, config.min_count)
    if len(vocabulary) < FEWEST_TOKENS:
        raise InputError(
            f"{config.corpus}: only {len(vocabulary)} different {config.tokens} stand in it "
            f"{config.min_count} times or more; the projector needs {FEWEST_TOKENS}. "
            "Use a longer text or a smaller --min-count"
        )
    encoded = [vocabulary.encode(tokens, skip_unknown=True) for tokens in tokenized]
    lengths = np.array([len(ids) for ids in encoded])
    if lengths.max() < 2:
        raise InputError(
            f"{config.corpus}: no sentence keeps two tokens, so nothing has a neighbour to learn from. "
            "Put whole sentences on a line, or use a smaller --min-count"
        )
    return EncodedCorpus(
        vocabulary=vocabulary,
        ids=np.fromiter((id for ids in encoded for id in ids), np.int32, lengths.sum()),
        lengths=lengths,
        tokens_left_out=sum(map(len, tokenized)) - int(lengths.sum()),
        sha256=hashlib.sha256("\n".join(sentences).encode("utf-8")).hexdigest(),
    )


@dataclasses.dataclass(frozen=True)
class Rows:
    """Where each row stands in ``EncodedCorpus.ids``; four ``(R,)`` arrays of int64.

    Row ``r`` looks up ``ids[start : start + length]``; of these places, ``first``
    up to (not including) ``last`` hold tokens to be predicted.
    """

    start: np.ndarray
    length: np.ndarray
    first: np.ndarray
    last: np.ndarray


def cut_rows(lengths: np.ndarray, window: int) -> Rows:
    """Cut sentences into rows such that every neighbour pair stands in one row, once.

    A sentence that fits into the longest row is a row. A longer one becomes
    several rows that overlap by two windows; a token in the overlap is predicted
    only in the row where its whole window is visible:

        tokens      0 1 2 3 4 5 6 7 8 9      window 1, rows of 6
        row 0       0 1 2 3 4 .              predicts 0..4, looks at 5
        row 1               . 5 6 7 8 9      predicts 5..9, looks at 4

    Sentences of fewer than two tokens have no pairs and get no row.
    """
    longest = longest_row(window)
    step = longest - 2 * window
    rows_each = np.where(lengths <= longest, 1, -(-(lengths - longest) // step) + 1)
    rows_each[lengths < 2] = 0
    sentence = np.repeat(np.arange(len(lengths)), rows_each)  # (R,) the sentence of each row
    number = np.arange(len(sentence)) - np.repeat(np.cumsum(rows_each) - rows_each, rows_each)  # 0, 1, … in it
    sentence_start = np.cumsum(lengths) - lengths
    length = np.minimum(lengths[sentence] - number * step, longest)
    is_first, is_last = number == 0, number == rows_each[sentence] - 1
    return Rows(
        start=sentence_start[sentence] + number * step,
        length=length,
        first=np.where(is_first, 0, window),
        last=np.where(is_last, length, length - window),
    )


def longest_row(window: int) -> int:
    """Tokens in the longest row; at most half of it is overlap."""
    return max(ROW_LENGTHS[-1], 4 * window)


def make_dataset(
    corpus: EncodedCorpus, window: int, batch_size: int, order: tf.Variable | None = None
) -> tf.data.Dataset:
    """Batches of rows as a ``tf.data.Dataset`` of ``(x, y)``, both ``(rows, T)`` int32.

    All rows of a batch are padded to one length ``T``, and there are as many of
    them as make ``batch_size`` tokens. No padded copy of the text is kept: a batch
    is gathered from ``corpus.ids`` when it is needed.

    Args:
        corpus: what to learn from.
        window: neighbours to each side, see ``cut_rows``.
        batch_size: tokens in a batch, padding included.
        order: ``tf.Variable`` of two integers (seed, epoch). Every pass visits all
            rows in an order that depends on these two numbers alone, so an
            interrupted run can go on as if nothing had happened. ``None``: in order.

    Returns:
        The dataset; its ``cardinality()`` is the number of batches.
    """
    import tensorflow as tf  # here, so that counting and cutting text needs no TensorFlow

    rows = cut_rows(corpus.lengths, window)
    padded_lengths = np.array(sorted({*ROW_LENGTHS, longest_row(window)}))
    bucket = np.searchsorted(padded_lengths, rows.length)  # (R,) which padded length
    by_bucket = np.argsort(bucket, kind="stable")
    start, length, first, last = (
        tf.constant(column[by_bucket]) for column in (rows.start, rows.length, rows.first, rows.last)
    )
    ids = tf.constant(corpus.ids)

    # One line a batch: padded length, its first row in the bucket, where the bucket starts and how long it is.
    bucket_sizes = np.bincount(bucket, minlength=len(padded_lengths))
    bucket_starts = np.cumsum(bucket_sizes) - bucket_sizes
    batches = [
        (padded, row, bucket_start, size)
        for padded, bucket_start, size in zip(padded_lengths, bucket_starts, bucket_sizes, strict=True)
        for row in range(0, size, max(1, batch_size // padded))
    ]
    table = tf.constant(np.array(batches, np.int64).reshape(-1, 4))  # (batches, 4)

    def batch(i: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if order is not None:
            i = tf.random.experimental.index_shuffle(i, order, len(batches) - 1)
        padded, row, bucket_start, size = tf.unstack(table[i])
        rows = tf.range(row, tf.minimum(row + tf.maximum(batch_size // padded, 1), size))
        if order is not None:
            rows = tf.random.experimental.index_shuffle(rows, order, size - 1)
        rows = (bucket_start + rows)[:, None]  # (rows, 1)
        place = tf.range(padded)[None, :]  # (1, T)
        at = tf.minimum(tf.gather(start, rows) + place, len(corpus.ids) - 1)  # (rows, T)
        x = tf.where(place < tf.gather(length, rows), tf.gather(ids, at), PADDING)
        predicted = (tf.gather(first, rows) <= place) & (place < tf.gather(last, rows))
        return x, tf.where(predicted, x, PADDING)

    return tf.data.Dataset.range(len(batches)).map(batch, num_parallel_calls=2).prefetch(8)
