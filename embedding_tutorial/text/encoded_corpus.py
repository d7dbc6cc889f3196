"""A text file becomes a long row of ids, kept on disk: memory does not grow with the text.

The text is read once. As long as it is read, a token's number is the order of its first
appearance; when all are counted, the numbers are replaced by ids, most frequent first.
"""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import numpy as np

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.text.files import read_blocks
from embedding_tutorial.text.tokenizers import tokenize_block
from embedding_tutorial.text.vocabulary import Vocabulary

# PCA, t-SNE and UMAP in the projector all work from here on.
FEWEST_TOKENS = 16

# Worked on at a time. Only where sentences have more than 128 tokens on average do tokens bound a block.
BLOCK_SENTENCES, BLOCK_TOKENS = 1 << 16, 1 << 23


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
        """The sentences in blocks of 65,536, fewer where they are very long, each read only when it is called.

        Returns:
            Functions that give ``(ids, lengths)`` of a block's sentences, of this part only, as copies in memory.
        """
        return [partial(self._block, *block) for block in _blocks(self.lengths)]

    def held_out_sentences(self, share: float) -> int:
        """How many sentences ``split`` holds out of training: the share is taken of each block, rounded down."""
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
    """The sentences, of ``(S,)``, and the tokens, of ``(N,)``, of each block, in order."""
    done = 0  # tokens of the blocks before
    for first in range(0, len(lengths), BLOCK_SENTENCES):
        until = np.cumsum(lengths[first : first + BLOCK_SENTENCES], dtype=np.int64)  # tokens up to each one's end
        ends = np.flatnonzero(np.diff(np.maximum(until - 1, 0) // BLOCK_TOKENS)) + 1
        until += done
        for start, end in pairwise([0, *ends.tolist(), len(until)]):
            yield slice(first + start, first + end), slice(done, int(until[end - 1]))
            done = int(until[end - 1])


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
            for text in read_blocks(config.corpus, digest):
                names, numbers, lengths = tokenize_block(text, config.tokens)
                number = np.array([number_of.setdefault(name, len(number_of)) for name in names], np.int32)
                counts = np.pad(counts, (0, len(number_of) - len(counts)))
                counts[number] += np.bincount(numbers, minlength=len(names))
                tokens.write(number[numbers])  # tofile() would pass over a disk that is full at the very end
                sizes.write(lengths)
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
    written = 0
    for sentences, tokens in _blocks(lengths):
        ids = id_of[numbers[tokens]]
        ids, lengths[sentences] = keep_tokens(ids, lengths[sentences], ids > 0)
        numbers[written : written + len(ids)] = ids  # never beyond what was read
        written += len(ids)
    return written
