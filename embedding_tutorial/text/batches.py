"""Sentences of ids -> rows of a few lengths -> the batches that the model learns from.

Needs NumPy only, and knows nothing of the model. A row is a stretch of one sentence; two
sentences never share a row. A batch is ``(x, y, noise)``:

- ``x`` ``(rows, T)``: the tokens that are looked up, 0 at padding,
- ``y`` ``(rows, T)``: the tokens to be predicted at the same places, 0 where there is none:
  at padding, and at the ends of a long sentence's inner rows (see ``cut_rows``),
- ``noise`` ``(1, K)``: tokens drawn at random, which the model learns to tell from true neighbours.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import NamedTuple

import numpy as np

from embedding_tutorial.text.encoded_corpus import EncodedCorpus
from embedding_tutorial.text.sampling import draw_noise, keep_probability, noise_distribution, subsample
from embedding_tutorial.text.vocabulary import PADDING

# A row is padded to the next of these lengths. One length would fill a fifth of
# all places with padding; a length for each sentence would leave no full batches.
ROW_LENGTHS = (8, 12, 16, 20, 24, 32)

# A large text learns best by large steps, which also keep the cores busy; in a small one they would be too few.
SMALLEST_BATCH, LARGEST_BATCH, FEWEST_STEPS = 256, 2048, 256


def default_batch_size(tokens: int) -> int:
    """Tokens in a training step, for a text of so many tokens."""
    return min(max(tokens // FEWEST_STEPS, SMALLEST_BATCH), LARGEST_BATCH)


class Rows(NamedTuple):
    """Where each row lies in ``EncodedCorpus.ids``; four ``(R,)`` arrays of int64.

    Row ``r`` looks up ``ids[start : start + length]``; of these places, ``first``
    up to (not including) ``last`` hold tokens to be predicted.
    """

    start: np.ndarray
    length: np.ndarray
    first: np.ndarray
    last: np.ndarray


def cut_rows(lengths: np.ndarray, window: int) -> Rows:
    """Cut sentences into rows so that every pair of neighbours occurs in one row, once.

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


class Devices(NamedTuple):
    """The devices that train one model together; by default one process with one device.

    Attributes:
        process: the number of this process, from 0; the first one writes the run directory.
        processes: how many there are. Each cuts equally many rows of each batch.
        batch_parts: how many devices, of all processes, share a batch; its rows must divide by this number.
        table_parts: into how many parts the rows of the model's two tables are split.
    """

    process: int = 0
    processes: int = 1
    batch_parts: int = 1
    table_parts: int = 1


ONE_DEVICE = Devices()


class Batch(NamedTuple):
    """What a training step learns from, as int32 ids; see the top of this module.

    Attributes:
        x: ``(rows, T)``.
        y: ``(rows, T)``.
        noise: ``(n, K)``: the same ``K`` tokens for each of the ``n`` devices of this process.
    """

    x: np.ndarray
    y: np.ndarray
    noise: np.ndarray


@dataclasses.dataclass(eq=False)
class Batches:
    """The batches of a text: each ``for`` loop is a pass over it.

    A pass cuts a block of the text when it comes to it and a batch when it is asked for, so memory holds no padded
    copy of the text. All rows of a batch are padded to one length ``T``, and there are as many rows as make
    ``batch_size`` places.

    Args:
        corpus: what to learn from.
        window: neighbours to each side, see ``cut_rows``.
        batch_size: places in a batch, padding included.
        seed: shuffles blocks and rows and draws the noise. These depend on seed and epoch alone, so an interrupted
            run goes on as if nothing had happened. ``None``: the text in its order, and the same noise in each pass.
        sample: drops frequent tokens at random, anew in every epoch, see ``keep_probability``; needs a seed.
        devices: gives the rows of this process only.
    """

    corpus: EncodedCorpus
    window: int
    batch_size: int
    seed: int | None = None
    sample: float = 0.0
    devices: Devices = ONE_DEVICE
    epoch: int = 0

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch the next pass is, from 0."""
        self.epoch = epoch

    def __len__(self) -> int:
        """The number of batches in a pass. Sampled passes differ by a few: each is made as long as the first."""
        return self._batches_in_a_pass

    def __iter__(self) -> Iterator[Batch]:
        left, epoch = len(self), self.epoch
        while left:
            before = left
            for batch in islice(self._pass(epoch), left):
                left -= 1
                yield batch
            if left == before:  # sampling dropped every pair of this epoch, but not of the first
                epoch = 0

    @cached_property
    def _batches_in_a_pass(self) -> int:
        passes = (self._sentences(0, number)[1] for number in range(len(self._blocks)))
        return sum(len(self._groups(cut_rows(lengths, self.window))) for lengths in passes)

    @cached_property
    def _blocks(self) -> list:
        return self.corpus.blocks()

    def _pass(self, epoch: int) -> Iterator[Batch]:
        numbers = np.arange(len(self._blocks))
        if self.seed is not None:
            numbers = np.random.default_rng([self.seed, epoch]).permutation(numbers)
        noise_shares = np.cumsum(noise_distribution(self.corpus.vocabulary.counts))  # (V,)
        for number in numbers.tolist():
            ids, lengths, draw = self._sentences(epoch, number)
            rows = cut_rows(lengths, self.window)
            groups = self._groups(rows, None if self.seed is None else draw)
            noise = draw_noise(noise_shares, len(groups), draw)  # (batches, K)
            copies = self.devices.batch_parts // self.devices.processes
            for (length, chosen), tokens in zip(groups, noise, strict=True):
                x, y = pad_rows(ids, rows, chosen, length)
                yield Batch(x, y, np.tile(tokens, (copies, 1)))

    def _sentences(self, epoch: int, number: int) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
        """The ids and lengths of a block's sentences, and the generator of what else is drawn for it."""
        draw = np.random.default_rng([number] if self.seed is None else [self.seed, epoch, number])
        ids, lengths = self._blocks[number]()
        if self.sample:
            keep = keep_probability(self.corpus.vocabulary.counts, self.sample)
            ids, lengths = subsample(ids, lengths, keep, draw)
        return ids, lengths, draw

    def _groups(self, rows: Rows, draw: np.random.Generator | None = None) -> list[tuple[int, np.ndarray]]:
        return group_rows(rows.length, longest_row(self.window), self.batch_size, draw, self.devices)


def group_rows(
    lengths: np.ndarray,
    longest: int,
    batch_size: int,
    draw: np.random.Generator | None = None,
    devices: Devices = ONE_DEVICE,
) -> list[tuple[int, np.ndarray]]:
    """Group rows of like length into batches.

    A row is padded to the next of a few lengths, and a batch that the rows of its length do not fill
    is filled with empty rows. So batches come in few shapes, and a backend that compiles a step for
    each shape compiles few. On 5 million characters of poems this is 1.6 times as fast as one length for all.

    Args:
        lengths: ``(R,)`` tokens in each row.
        longest: tokens in the longest row there may be.
        batch_size: places in a batch.
        draw: shuffles the rows and the batches; ``None``: they stay in order.
        devices: gives the rows of this process only.

    Returns:
        For each batch its padded length ``T`` and the numbers of its rows, ``(rows,)``; -1 is an empty row.
    """
    padded_lengths = sorted({*ROW_LENGTHS, longest})
    bucket = np.searchsorted(padded_lengths, lengths)  # (R,) which padded length
    batches = []
    for number, padded in enumerate(padded_lengths):
        chosen = np.flatnonzero(bucket == number)
        if draw is not None:
            draw.shuffle(chosen)
        # Half a batch, a quarter … where all rows of this length do not fill more.
        in_a_batch = min(max(1, batch_size // padded), 1 << max(0, len(chosen) - 1).bit_length())
        # A batch for one device can be halved for two. More devices get a few empty rows.
        if in_a_batch > 1:
            in_a_batch -= in_a_batch % 2
        in_a_batch += -in_a_batch % devices.batch_parts
        chosen = np.pad(chosen, (0, -len(chosen) % in_a_batch), constant_values=-1)
        shares = chosen.reshape(-1, devices.processes, in_a_batch // devices.processes)
        batches += [(padded, rows) for rows in shares[:, devices.process]]
    if draw is not None:
        batches = [batches[number] for number in draw.permutation(len(batches))]
    return batches


def pad_rows(ids: np.ndarray, rows: Rows, chosen: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Write the chosen rows below each other, each padded to ``length``: ``x`` and ``y`` of a batch."""
    start, size, first, last = (np.where(chosen < 0, 0, part[chosen])[:, None] for part in rows)  # (rows, 1)
    place = np.arange(length)  # (T,)
    x = np.where(place < size, ids[np.minimum(start + place, len(ids) - 1)], PADDING)  # (rows, T)
    y = np.where((first <= place) & (place < last), x, PADDING)
    return x, y
