"""A text file becomes a long row of ids, kept on disk: memory does not grow with the text.

The text is read once. As long as it is read, a token's number is the order of its first
appearance; when all are counted, the numbers are replaced by ids, most frequent first.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.corpus import read_blocks, tokenize_block
from embedding_tutorial.vocabulary import Vocabulary

# PCA, t-SNE and UMAP in the projector all work from here on.
FEWEST_TOKENS = 16

BLOCK_SENTENCES = 1 << 16  # worked on at a time


@dataclasses.dataclass(frozen=True)
class EncodedCorpus:
    """A text as ids, its sentences end to end.

    Attributes:
        vocabulary: the tokens kept.
        ids: all sentences one after the other, ``(N,)`` int32, no padding; may lie on disk.
        lengths: tokens in each sentence, ``(S,)``, summing to ``N``; 0 where none was kept.
        tokens_left_out: how many tokens of the text are not in the vocabulary.
        sha256: of the text, so that a run can tell what it was trained on.
        part: which sentences ``blocks`` gives: ``(share, seed, held_out)``, see ``split``; ``None``: all.
    """

    vocabulary: Vocabulary
    ids: np.ndarray
    lengths: np.ndarray
    tokens_left_out: int
    sha256: str
    part: tuple[float, int, bool] | None = None

    def split(self, share: float, seed: int) -> tuple[EncodedCorpus, EncodedCorpus]:
        """Two parts of whole sentences: the rest, and a random ``share`` of the sentences, held out.

        Nothing is copied: ``ids`` and ``lengths`` stay those of the whole text, ``blocks`` differ.
        """
        return tuple(dataclasses.replace(self, part=(share, seed, held_out)) for held_out in (False, True))

    def blocks(self) -> list[Callable[[], tuple[np.ndarray, np.ndarray]]]:
        """The sentences in blocks of 65,536, each read only when it is called.

        Returns:
            Functions that give ``(ids, lengths)`` of a block's sentences, of this part only, as copies in memory.
        """
        blocks, first_token = [], 0
        for first in range(0, len(self.lengths), BLOCK_SENTENCES):
            blocks.append(partial(self._block, first, first_token))
            first_token += int(self.lengths[first : first + BLOCK_SENTENCES].sum(dtype=np.int64))
        return blocks

    def _block(self, first_sentence: int, first_token: int) -> tuple[np.ndarray, np.ndarray]:
        lengths = np.array(self.lengths[first_sentence : first_sentence + BLOCK_SENTENCES], np.int64)
        ids = np.array(self.ids[first_token : first_token + lengths.sum()], np.int32)
        if self.part is None:
            return ids, lengths
        share, seed, held_out = self.part
        chosen = np.zeros(len(lengths), bool)
        order = np.random.default_rng([seed, first_sentence]).permutation(len(lengths))
        chosen[order[: int(share * len(lengths))]] = True
        chosen = chosen == held_out
        return ids[np.repeat(chosen, lengths)], lengths[chosen]


def encode_corpus(config: TrainingConfig) -> EncodedCorpus:
    """Read ``config.corpus``, split it into tokens, count them, and turn them into ids.

    The ids lie in a temporary file, four bytes a token (``TMPDIR`` says where), that
    goes when the result goes.

    Raises:
        InputError: the file cannot be used, too little is left after ``min_count``, or the
            disk is full.
    """
    digest = hashlib.sha256()
    number_of: dict[str, int] = {}
    counts = np.zeros(0, np.int64)
    try:
        with tempfile.TemporaryFile() as tokens, tempfile.TemporaryFile() as sizes:
            for names, numbers, lengths in _tokenized(config, digest):
                number = np.array([number_of.setdefault(name, len(number_of)) for name in names], np.int32)
                counts = np.pad(counts, (0, len(number_of) - len(counts)))
                counts[number] += np.bincount(numbers, minlength=len(names))
                number[numbers].tofile(tokens)
                lengths.tofile(sizes)
            numbers, lengths = _mapped(tokens, config.corpus), _mapped(sizes, config.corpus)
    except OSError as error:
        raise InputError(
            f"{tempfile.gettempdir()}: cannot hold the encoded text ({error.strerror}); set TMPDIR"
        ) from None

    vocabulary, id_of = Vocabulary.from_counts(list(number_of), counts, config.min_count)
    if len(vocabulary) < FEWEST_TOKENS:
        raise InputError(
            f"{config.corpus}: only {len(vocabulary)} different {config.tokens} stand in it "
            f"{config.min_count} times or more; the projector needs {FEWEST_TOKENS}. "
            "Use a longer text or a smaller --min-count"
        )
    kept = _replace_numbers(numbers, lengths, id_of)
    if lengths.max() < 2:
        raise InputError(
            f"{config.corpus}: no sentence keeps two tokens, so nothing has a neighbour to learn from. "
            "Put whole sentences on a line, or use a smaller --min-count"
        )
    return EncodedCorpus(
        vocabulary=vocabulary,
        ids=numbers[:kept],
        lengths=lengths,
        tokens_left_out=len(numbers) - kept,
        sha256=digest.hexdigest(),
    )


def _tokenized(config: TrainingConfig, digest: Any) -> Iterator[tuple[list[str], np.ndarray, np.ndarray]]:
    """``tokenize_block`` of every block of the text, in order."""
    tokenize = partial(tokenize_block, tokens=config.tokens)
    blocks = read_blocks(config.corpus, digest)
    first = list(itertools.islice(blocks, 3))  # the last block may be a few characters: three are a large text
    blocks = itertools.chain(first, blocks)
    if len(first) < 3:
        return map(tokenize, blocks)
    workers = os.cpu_count() or 1
    if config.tokens == "characters":
        # Threads are enough: as NumPy works on an array, others can work, too. More than four only wait for the reader.
        workers = min(workers, 4)
        pool = ThreadPoolExecutor(workers)
    else:
        # The segmenter keeps Python's interpreter to itself, so each worker gets one of its own.
        # "spawn" works alike on Linux, macOS and Windows, and with threads in this process.
        pool = ProcessPoolExecutor(workers, get_context("spawn"))
    return _in_pool(pool, 2 * workers, tokenize, blocks)


def _in_pool(pool: Executor, most: int, function: Callable, items: Iterable) -> Iterator:
    """``map(function, items)`` by the workers of a pool, in order; at most so many items are ahead of their results."""
    with pool:
        ahead: deque = deque()
        for item in items:
            ahead.append(pool.submit(function, item))
            if len(ahead) > most:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _mapped(file: BinaryIO, corpus: Path) -> np.memmap:
    """The int32 numbers in a file, as an array that stays on disk."""
    file.flush()
    if not file.tell():
        raise InputError(f"{corpus}: holds no text")
    return np.memmap(file, np.int32, "r+")


def keep_tokens(ids: np.ndarray, lengths: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Leave tokens out of sentences; what is left moves together.

    Args:
        ids: sentences end to end, ``(n,)``.
        lengths: tokens in each, ``(s,)``.
        kept: which tokens stay, ``(n,)`` bool.

    Returns:
        The ids that stay, and the new lengths, ``(s,)``.
    """
    sentence = np.repeat(np.arange(len(lengths)), lengths)  # (n,) the sentence of each token
    return ids[kept], np.bincount(sentence[kept], minlength=len(lengths))


def _replace_numbers(numbers: np.ndarray, lengths: np.ndarray, id_of: np.ndarray) -> int:
    """Turn numbers into ids in place, move what is kept to the front, and correct the lengths.

    Args:
        numbers: ``(n,)`` the whole text.
        lengths: ``(S,)`` tokens in each sentence.
        id_of: id of each number, 0 for a token that is left out.

    Returns:
        How many tokens are kept.
    """
    read = written = 0
    for first in range(0, len(lengths), BLOCK_SENTENCES):
        block = lengths[first : first + BLOCK_SENTENCES]  # a view
        size = int(block.sum(dtype=np.int64))
        ids = id_of[numbers[read : read + size]]
        ids, block[:] = keep_tokens(ids, block, ids > 0)
        numbers[written : written + len(ids)] = ids  # never beyond what was read
        read, written = read + size, written + len(ids)
    return written
