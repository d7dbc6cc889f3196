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

from embedding_tutorial.text.encoded_corpus import EncodedCorpus, keep_tokens
from embedding_tutorial.text.vocabulary import PADDING

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


class Share(NamedTuple):
    """Which rows of each batch this process cuts, where several train one model.

    Attributes:
        process: its number, from 0.
        processes: how many there are; each gets equally many rows.
        devices: how many, of all processes, share a batch; its rows must divide by them.
    """

    process: int = 0
    processes: int = 1
    devices: int = 1


class Batches(NamedTuple):
    """A block of the text as batches, ready to be handed out.

    Attributes:
        x, y: the places of all batches, row by row, ``(places,)`` int32.
        table: a line a batch, ``(batches, 3)`` int64: its first place, its rows, their length ``T``.
    """

    x: np.ndarray
    y: np.ndarray
    table: np.ndarray


def cut_batches(
    ids: np.ndarray,
    lengths: np.ndarray,
    window: int,
    batch_size: int,
    draw: np.random.Generator | None = None,
    share: Share | None = None,
) -> Batches:
    """Cut sentences into rows, and put rows of like length into batches of ``batch_size`` places.

    A row is padded to the next of a few lengths, and a batch that the rows of its length do not fill
    is filled with empty rows: so batches come in few shapes, and a backend that compiles a step for
    each shape compiles few.

    Args:
        ids, lengths: sentences end to end, and how long each is.
        window: neighbours to each side.
        batch_size: places in a batch.
        draw: shuffles the rows and the batches; ``None``: they stay in order.
        share: cut only these rows of each batch; ``None``: all.
    """
    share = share or Share()
    rows = cut_rows(lengths, window)
    padded_lengths = sorted({*ROW_LENGTHS, longest_row(window)})
    bucket = np.searchsorted(padded_lengths, rows.length)  # (R,) which padded length
    rows = np.stack([rows.start, rows.length, rows.first, rows.last])[:, :, None]  # (4, R, 1)
    rows = np.pad(rows, ((0, 0), (0, 1), (0, 0)))  # (4, R + 1, 1) the last one is empty
    x, y, table, written = [], [], [], 0
    for number, padded in enumerate(padded_lengths):
        chosen = np.flatnonzero(bucket == number)
        if draw is not None:
            draw.shuffle(chosen)
        # Half a batch, a quarter … where all rows of this length do not fill more.
        in_a_batch = min(max(1, batch_size // padded), 1 << max(0, len(chosen) - 1).bit_length())
        # A batch for one device can be halved for two. More devices get a few empty rows.
        if in_a_batch > 1:
            in_a_batch -= in_a_batch % 2
        in_a_batch += -in_a_batch % share.devices
        chosen = np.pad(chosen, (0, -len(chosen) % in_a_batch), constant_values=-1)
        in_a_batch //= share.processes
        chosen = chosen.reshape(-1, share.processes, in_a_batch)[:, share.process].ravel()
        start, length, first, last = rows[:, chosen]  # (rows, 1) each
        place = np.arange(padded)  # (T,)
        at = np.minimum(start + place, len(ids) - 1)  # (rows, T)
        found = np.where(place < length, ids[at], PADDING)
        x.append(found.ravel())
        y.append(np.where((first <= place) & (place < last), found, PADDING).ravel())
        for _ in range(0, len(chosen), in_a_batch):
            table.append((written, in_a_batch, padded))
            written += in_a_batch * padded
    table = np.array(table, np.int64).reshape(-1, 3)
    if draw is not None:
        draw.shuffle(table)
    return Batches(np.concatenate(x, dtype=np.int32), np.concatenate(y, dtype=np.int32), table)


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
    corpus: EncodedCorpus,
    window: int,
    batch_size: int,
    order: np.ndarray | None = None,
    sample: float = 0.0,
    share: Share | None = None,
) -> tf.data.Dataset:
    """Batches of rows as a ``tf.data.Dataset`` of ``(x, y)``, both ``(rows, T)`` int32.

    All rows of a batch are padded to one length ``T``, and there are as many of
    them as make ``batch_size`` places. A block of the text is cut into batches when it is needed,
    while the block before is learned from: no padded copy of the whole is kept.

    Args:
        corpus: what to learn from.
        window: neighbours to each side, see ``cut_rows``.
        batch_size: places in a batch, padding included.
        order: ``(2,)`` integers, seed and epoch, read at the start of each pass. It visits all blocks, and in a
            block all rows, in an order that depends on these two numbers alone, so an
            interrupted run can go on as if nothing had happened. ``None``: in order.
        sample: frequent tokens are dropped at random, anew in every epoch, see ``keep_probability``.
        share: this process's rows of each batch, where several train one model; ``None``: all.

    Returns:
        The dataset; its ``cardinality()`` is the number of batches.
    """
    import tensorflow as tf  # here, so that counting and cutting text needs no TensorFlow

    blocks = corpus.blocks()
    keep = keep_probability(corpus.vocabulary.counts, sample)

    def cut(number: int) -> Batches:
        draw = None
        if order is not None:
            number = np.random.default_rng(order).permutation(len(blocks))[number]
            draw = np.random.default_rng([*order, number])
        ids, lengths = blocks[number]()
        if sample:
            ids, lengths = subsample(ids, lengths, keep, draw)
        return cut_batches(ids, lengths, window, batch_size, draw, share)

    def block(number: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        x, y, table = tf.numpy_function(cut, [number], [tf.int32, tf.int32, tf.int64])
        return tf.ensure_shape(x, [None]), tf.ensure_shape(y, [None]), tf.ensure_shape(table, [None, 3])

    def batches(x: tf.Tensor, y: tf.Tensor, table: tf.Tensor) -> tf.data.Dataset:
        def batch(line: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            first, rows, length = tf.unstack(line)
            places = slice(first, first + rows * length)
            return tf.reshape(x[places], (rows, length)), tf.reshape(y[places], (rows, length))

        return tf.data.Dataset.from_tensor_slices(table).map(batch)

    options = tf.data.Options()
    # Nothing is left to tune, and the thread that would do it keeps a finished pass waiting, for up to as long
    # as the pass took.
    options.autotune.enabled = False
    dataset = tf.data.Dataset.range(len(blocks)).map(block).prefetch(1).flat_map(batches)
    steps = sum(len(cut(number).table) for number in range(len(blocks)))
    # Sampled epochs differ by a few batches: each is made as long as the first.
    dataset = dataset.repeat().take(steps) if sample else dataset.apply(tf.data.experimental.assert_cardinality(steps))
    return dataset.prefetch(8).with_options(options)
