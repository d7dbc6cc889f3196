"""Sentences of ids -> rows of a few lengths -> the batches that ``fit`` eats.

This file knows nothing of the model. A row is a stretch of one sentence; two
sentences never share a row. A batch is ``(x, y)``, both ``(rows, T)`` of ids:

- ``x``: the tokens that are looked up,
- ``y``: the tokens to be predicted at the same places, 0 where there is none:
  at padding, and at the ends of a long sentence's inner rows (see ``cut_rows``).
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from embedding_tutorial.encoded_corpus import EncodedCorpus, keep_tokens
from embedding_tutorial.vocabulary import PADDING

if TYPE_CHECKING:
    import tensorflow as tf

# A row is padded to the next of these lengths. One length would fill a fifth of
# all places with padding; a length for each sentence would leave no full batches.
ROW_LENGTHS = (8, 12, 16, 20, 24, 32)

# A large text learns best by large steps, which also keep the cores busy; in a small one they would be too few.
SMALLEST_BATCH, LARGEST_BATCH, FEWEST_STEPS = 256, 2048, 256


def default_batch_size(tokens: int) -> int:
    """Tokens in a training step, for a text of so many tokens."""
    return min(max(tokens // FEWEST_STEPS, SMALLEST_BATCH), LARGEST_BATCH)


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


class Batches(NamedTuple):
    """One block of the text, cut into rows, and the rows sorted into batches.

    Attributes:
        ids: the block's tokens, ``(n,)`` int32.
        rows: start, length, first, last of each row (see ``Rows``), rows of one padded
            length side by side, ``(R, 4)`` int64.
        table: a line a batch, ``(batches, 4)`` int64: padded length, its first row within the
            rows of that length, where these start, how many they are.
    """

    ids: np.ndarray
    rows: np.ndarray
    table: np.ndarray


def cut_batches(ids: np.ndarray, lengths: np.ndarray, window: int, batch_size: int) -> Batches:
    """Cut sentences (``ids`` end to end, ``lengths``) into rows and gather rows of like length into batches."""
    rows = cut_rows(lengths, window)
    padded_lengths = np.array(sorted({*ROW_LENGTHS, longest_row(window)}))
    bucket = np.searchsorted(padded_lengths, rows.length)  # (R,) which padded length
    columns = np.stack([rows.start, rows.length, rows.first, rows.last], axis=1)  # (R, 4)
    sizes = np.bincount(bucket, minlength=len(padded_lengths))
    starts = np.cumsum(sizes) - sizes
    table = [
        (padded, row, start, size)
        for padded, start, size in zip(padded_lengths, starts, sizes, strict=True)
        for row in range(0, size, max(1, batch_size // padded))
    ]
    return Batches(ids, columns[np.argsort(bucket, kind="stable")], np.array(table, np.int64).reshape(-1, 4))


def subsample(
    ids: np.ndarray, lengths: np.ndarray, keep: np.ndarray, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Drop tokens at random, each with its own probability.

    Args:
        ids, lengths: sentences end to end, and how long each is.
        keep: ``(V + 1,)`` the probability to stay, by id; see ``keep_probability``.
        draw: says which.
    """
    return keep_tokens(ids, lengths, draw.random(len(ids)) < keep[ids])


def keep_probability(counts: np.ndarray, sample: float) -> np.ndarray:
    """How likely a token stays in a pass over the text: ``min(1, sqrt(t / f) + t / f)`` for share ``f``.

    的 and the comma stand beside everything and say little of it; with ``t`` = 0.001 a token of share
    0.05 stays in 16 of 100 places. What is left of the text is quicker to learn, and windows reach further.

    Args:
        counts: ``(V,)``.
        sample: ``t``; 0: all stay.

    Returns:
        ``(V + 1,)``, by id.

    Source: word2vec's code (Mikolov et al. 2013), which differs from the formula in the paper.
    """
    if not sample:
        return np.ones(len(counts) + 1)
    ratio = sample * counts.sum() / counts  # (V,)
    return np.concatenate([[1.0], np.minimum(1.0, np.sqrt(ratio) + ratio)])


def make_dataset(
    corpus: EncodedCorpus, window: int, batch_size: int, order: tf.Variable | None = None, sample: float = 0.0
) -> tf.data.Dataset:
    """Batches of rows as a ``tf.data.Dataset`` of ``(x, y)``, both ``(rows, T)`` int32.

    All rows of a batch are padded to one length ``T``, and there are as many of
    them as make ``batch_size`` tokens. No padded copy of the text is kept, nor the text
    itself: a block of it is cut when it is needed, and a batch gathered from that.

    Args:
        corpus: what to learn from.
        window: neighbours to each side, see ``cut_rows``.
        batch_size: tokens in a batch, padding included.
        order: ``tf.Variable`` of two integers (seed, epoch). Every pass visits all blocks, and in a
            block all rows, in an order that depends on these two numbers alone, so an
            interrupted run can go on as if nothing had happened. ``None``: in order.
        sample: frequent tokens are dropped at random, anew in every epoch, see ``keep_probability``.

    Returns:
        The dataset; its ``cardinality()`` is the number of batches.
    """
    import tensorflow as tf  # here, so that counting and cutting text needs no TensorFlow

    blocks = corpus.blocks()
    keep = keep_probability(corpus.vocabulary.counts, sample)

    def cut(number: int, seed: int, epoch: int) -> Batches:
        ids, lengths = blocks[number]()
        if sample:
            ids, lengths = subsample(ids, lengths, keep, np.random.default_rng([seed, epoch, number]))
        return cut_batches(ids, lengths, window, batch_size)

    def block(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        seed_and_epoch = tf.zeros(2, tf.int64)
        if order is not None:
            seed_and_epoch = tf.identity(order)
            number = tf.random.experimental.index_shuffle(number, order, len(blocks) - 1)
        place = [number, *tf.unstack(seed_and_epoch)]
        ids, rows, table = tf.numpy_function(cut, place, [tf.int32, tf.int64, tf.int64])
        return tf.ensure_shape(ids, [None]), tf.ensure_shape(rows, [None, 4]), tf.ensure_shape(table, [None, 4])

    def batch(i: tf.Tensor, ids: tf.Tensor, rows: tf.Tensor, table: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if order is not None:
            i = tf.random.experimental.index_shuffle(i, order, tf.shape(table, tf.int64)[0] - 1)
        padded, first_row, start, size = tf.unstack(table[i])
        number = tf.range(first_row, tf.minimum(first_row + tf.maximum(batch_size // padded, 1), size))
        if order is not None:
            number = tf.random.experimental.index_shuffle(number, order, size - 1)
        chosen = tf.gather(rows, start + number)[:, :, None]  # (rows, 4, 1)
        start, length, first, last = tf.unstack(chosen, axis=1)  # (rows, 1) each
        place = tf.range(padded)[None, :]  # (1, T)
        at = tf.minimum(start + place, tf.size(ids, tf.int64) - 1)  # (rows, T)
        x = tf.where(place < length, tf.gather(ids, at), PADDING)
        return x, tf.where((first <= place) & (place < last), x, PADDING)

    def batches(ids: tf.Tensor, rows: tf.Tensor, table: tf.Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.range(tf.shape(table, tf.int64)[0]).map(
            lambda i: batch(i, ids, rows, table), num_parallel_calls=2
        )

    options = tf.data.Options()
    # Nothing is left to tune, and the thread that would do it keeps a finished pass waiting, for up to as long
    # as the pass took.
    options.autotune.enabled = False
    dataset = tf.data.Dataset.range(len(blocks)).map(block).prefetch(1).flat_map(batches)
    seed = 0 if order is None else int(order[0])
    steps = sum(len(cut(number, seed, 0).table) for number in range(len(blocks)))
    # Sampled epochs differ by a few batches: each is made as long as the first.
    dataset = dataset.repeat().take(steps) if sample else dataset.apply(tf.data.experimental.assert_cardinality(steps))
    return dataset.prefetch(8).with_options(options)
