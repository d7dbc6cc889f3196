"""Encode a text as one array of ids on disk, so that memory does not grow with the text.

The text is read once. While it is read, tokens are numbered by first appearance. When all of them
are counted, ids replace the numbers: the most frequent token has id 1.
"""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial
from itertools import pairwise
from typing import BinaryIO

import numpy as np

from embedding_tutorial.config import InputError, TrainingConfig, noun
from embedding_tutorial.text.files import read_blocks, read_blocks_again
from embedding_tutorial.text.in_memory import blocks_of
from embedding_tutorial.text.tokenizers import Tokenizer
from embedding_tutorial.text.vocabulary import Vocabulary

# The fewest tokens with which PCA, t-SNE and UMAP all work in the projector.
FEWEST_TOKENS = 16

# Limits of a block. The second one applies only if sentences have more than 128 tokens on average.
BLOCK_SENTENCES, BLOCK_TOKENS = 1 << 16, 1 << 23


@dataclasses.dataclass(frozen=True, eq=False)
class EncodedCorpus:
    """A text as ids, its sentences concatenated.

    Attributes:
        vocabulary: the tokens that have an id.
        ids: all sentences concatenated, ``(N,)`` int32, without padding; may be a memory map.
        lengths: number of tokens in each sentence, ``(S,)``, summing to ``N``; 0 if no token was kept.
        tokens_left_out: number of tokens of the text that are not in the vocabulary.
        sha256: of the text; equal for equal texts.
        part: the sentences that ``blocks`` returns: ``(share, seed, held_out)``, see ``split``; ``None``: all.
    """

    vocabulary: Vocabulary
    ids: np.ndarray
    lengths: np.ndarray
    tokens_left_out: int
    sha256: str
    part: tuple[float, int, bool] | None = None

    @cached_property
    def ends(self) -> int:
        """How often a sentence ends: the number of sentences that have tokens."""
        return int(np.count_nonzero(self.lengths))

    def split(self, share: float, seed: int) -> tuple[EncodedCorpus, EncodedCorpus]:
        """Hold out a random ``share`` of the sentences.

        Returns:
            The training part and the held-out part. Nothing is copied: both have the ``ids`` and ``lengths``
            of the whole text, and only their ``blocks`` differ.
        """
        return tuple(dataclasses.replace(self, part=(share, seed, held_out)) for held_out in (False, True))

    def blocks(self) -> list[Callable[[], tuple[np.ndarray, np.ndarray]]]:
        """Divide the sentences into blocks of at most 65,536.

        Returns:
            A function for each block, which reads it: it returns the ``(ids, lengths)`` of the block's sentences
            that are in this part, copied into memory.
        """
        return [partial(self._block, *block) for block in _blocks(self.lengths)]

    def held_out_sentences(self, share: float) -> int:
        """The number of sentences that ``split`` holds out: the share of each block, rounded down."""
        return sum(int(share * len(self.lengths[sentences])) for sentences, _ in _blocks(self.lengths))

    def _block(self, sentences: slice, tokens: slice) -> tuple[np.ndarray, np.ndarray]:
        lengths = np.array(self.lengths[sentences], np.int64)
        ids = np.array(self.ids[tokens], np.int32)
        if self.part is None:
            return ids, lengths
        share, seed, held_out = self.part
        chosen = np.zeros(len(lengths), bool)
        order = np.random.default_rng([seed, sentences.start]).permutation(len(lengths))
        chosen[order[: int(share * len(lengths))]] = True
        chosen = chosen == held_out
        return ids[np.repeat(chosen, lengths)], lengths[chosen]


def _blocks(lengths: np.ndarray) -> Iterator[tuple[slice, slice]]:
    """Slices of ``(S,)`` sentences and of ``(N,)`` tokens, one pair for each block, in order."""
    done = 0  # tokens of the blocks before
    for first in range(0, len(lengths), BLOCK_SENTENCES):
        until = np.cumsum(lengths[first : first + BLOCK_SENTENCES], dtype=np.int64)  # tokens up to each end
        ends = np.flatnonzero(np.diff(np.maximum(until - 1, 0) // BLOCK_TOKENS)) + 1
        until += done
        for start, end in pairwise([0, *ends.tolist(), len(until)]):
            yield slice(first + start, first + end), slice(done, int(until[end - 1]))
            done = int(until[end - 1])


def encode_corpus(config: TrainingConfig, sentences: Iterable[str] | Iterable[Sequence[str]] = ()) -> EncodedCorpus:
    """Read a text, split it into tokens, count them, and turn them into ids.

    The ids are in a temporary file in ``TMPDIR``, four bytes a token; it is deleted with the result.

    Args:
        config: the settings; the text is ``config.corpus``.
        sentences: the text if ``config.corpus`` is ``None``, see ``in_memory.blocks_of``.

    Raises:
        InputError: a text file cannot be read, too few tokens are left after ``min_count``, or the disk is full.
    """
    tokenizer, digest = Tokenizer.of(config), hashlib.sha256()
    blocks = blocks_of(sentences, config.tokens, digest) if config.corpus is None else read_blocks(config, digest)
    names: list[str] = []
    counts = np.zeros(0, np.int64)
    try:
        with tempfile.TemporaryFile() as tokens, tempfile.TemporaryFile() as sizes:
            for text in blocks:
                names, numbers, lengths = tokenizer.cut_block(text)
                counts = np.pad(counts, (0, len(names) - len(counts))) + np.bincount(numbers, minlength=len(names))
                tokens.write(numbers)  # tofile() may not report a full disk
                sizes.write(lengths)
            numbers, lengths = _mapped(tokens, config), _mapped(sizes, config)
    except OSError as error:
        raise InputError(
            f"{tempfile.gettempdir()}: cannot hold the encoded text ({error.strerror}); set TMPDIR"
        ) from None

    vocabulary, id_of = Vocabulary.from_counts(names, counts, config.min_count)
    hint = "--tokens words (if no blanks separate the words), " if config.tokens == "blanks" else ""
    if len(vocabulary) < FEWEST_TOKENS:
        raise InputError(
            f"{config.corpus_name}: only {len(vocabulary)} different {noun(config.tokens)} stand in it "
            f"{config.min_count} times or more; the projector needs {FEWEST_TOKENS}. "
            f"Use {hint}a longer text or a smaller --min-count"
        )
    kept = _replace_numbers(numbers, lengths, id_of)
    if lengths.max() < 2:
        raise InputError(
            f"{config.corpus_name}: no sentence keeps two tokens, so nothing has a neighbour to learn from. "
            f"Put whole sentences on a line, or use {hint}a smaller --min-count"
        )
    return EncodedCorpus(
        vocabulary=vocabulary,
        ids=numbers[:kept],
        lengths=lengths,
        tokens_left_out=len(numbers) - kept,
        sha256=digest.hexdigest(),
    )


def encode_again(
    config: TrainingConfig, vocabulary: Vocabulary, digest: hashlib._Hash
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Read the text of a run once more, and turn it into the ids of the run's vocabulary.

    Args:
        config: the settings of the run.
        vocabulary: its vocabulary; other tokens are left out.
        digest: is updated with the text, and at the end equal to ``EncodedCorpus.sha256`` if the text is the same.

    Yields:
        For each block: its text, its ``ids``, ``(n,)`` int32, and the ``lengths`` of its sentences, ``(s,)``.

    Raises:
        InputError: as ``read_blocks_again``.
    """
    tokenizer, id_of = Tokenizer.of(config), np.zeros(0, np.int32)
    for block in read_blocks_again(config, digest):
        names, numbers, lengths = tokenizer.cut_block(block)
        new = [vocabulary.index_of.get(name, -1) + 1 for name in names[len(id_of) :]]
        id_of = np.append(id_of, np.array(new, np.int32))
        ids = id_of[numbers]
        yield block, *keep_tokens(ids, lengths, ids > 0)


def _mapped(file: BinaryIO, config: TrainingConfig) -> np.memmap:
    """Memory-map the int32 numbers of a file.

    Raises:
        InputError: the file is empty.
    """
    file.flush()
    if not file.tell():
        raise InputError(f"{config.corpus_name}: holds no text")
    return np.memmap(file, np.int32, "r+")


def keep_tokens(ids: np.ndarray, lengths: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Remove tokens from sentences.

    Args:
        ids: concatenated sentences, ``(n,)``.
        lengths: number of tokens in each sentence, ``(s,)``.
        kept: which tokens stay, ``(n,)`` bool.

    Returns:
        The ids that stay, and the new lengths, ``(s,)``.
    """
    before = np.zeros(len(kept) + 1, np.int32)  # (n + 1,) the number of kept tokens before each token, and of all
    np.cumsum(kept, out=before[1:])
    return ids[kept], np.diff(before[np.cumsum(lengths)], prepend=np.int32(0))


def _replace_numbers(numbers: np.ndarray, lengths: np.ndarray, id_of: np.ndarray) -> int:
    """Replace numbers by ids in place, move the kept ones to the front, and update the lengths.

    Args:
        numbers: the whole text, ``(n,)``.
        lengths: number of tokens in each sentence, ``(S,)``.
        id_of: the id of each number, 0 for a token that is left out.

    Returns:
        The number of tokens kept.
    """
    written = 0
    for sentences, tokens in _blocks(lengths):
        ids = id_of[numbers[tokens]]
        ids, lengths[sentences] = keep_tokens(ids, lengths[sentences], ids > 0)
        numbers[written : written + len(ids)] = ids  # never beyond what has been read
        written += len(ids)
    return written
