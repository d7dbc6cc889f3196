"""Tell which written sentences are copied from a text, and how many of their n-grams are new.

A model that has learned a text by heart writes fluently, too.

Source: McCoy et al., "How much do language models copy from their training data?" (2021),
https://arxiv.org/abs/2111.09509.
"""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from embedding_tutorial.text.ngrams import with_ends


@dataclasses.dataclass(frozen=True)
class Novelty:
    """What ``novelty`` finds.

    Attributes:
        memorized: of each written sentence, whether the text holds it word for word: its tokens occur there in
            this order, one directly after the other, within one sentence.
        new: the number of n-grams in the written sentences that occur nowhere in the text.
        ngrams: the number of n-grams in the written sentences. One that is written twice counts twice.
    """

    memorized: list[bool]
    new: int
    ngrams: int


def novelty(written: Sequence[Sequence[int]], text: Iterable[tuple[np.ndarray, np.ndarray]], n: int = 5) -> Novelty:
    """Compare written sentences with a text.

    Args:
        written: sentences of ids, 1 to ``V``, without their ends, none of them empty.
        text: its sentences in blocks of ``(ids, lengths)``: concatenated, ``(N,)``, and the number of tokens in each,
            ``(S,)``. They are read once, and one block is in memory at a time.
        n: the number of tokens in an n-gram. A shorter sentence has none.
    """
    sentences = [tuple(sentence) for sentence in written]
    ngrams = [sentence[start : start + n] for sentence in sentences for start in range(len(sentence) - n + 1)]
    missing = {*sentences, *ngrams}
    for ids, lengths in text:
        block = with_ends(ids, lengths)  # (N + S,)
        missing = {sequence for sequence in missing if not _occurs(sequence, block)}
    return Novelty(
        memorized=[sentence not in missing for sentence in sentences],
        new=sum(ngram in missing for ngram in ngrams),
        ngrams=len(ngrams),
    )


def _occurs(sequence: tuple[int, ...], ids: np.ndarray) -> bool:
    """Whether sentences with their ends, ``(M,)``, hold a sequence of ids without an end."""
    places = np.flatnonzero(ids == sequence[0])  # (m,) where the sequence may begin
    for offset, token in enumerate(sequence[1:], 1):
        places = places[ids[places + offset] == token]
    return len(places) > 0
