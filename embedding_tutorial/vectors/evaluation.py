"""How good are the vectors? Figures that need no human judgement, each beside its chance.

Needs neither Keras nor TensorFlow. Cosines run high in a small corpus, so the figures
count who is near, never how near.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from embedding_tutorial.progress import watched
from embedding_tutorial.vectors.groups import NO_RADICAL, Category, of_kind, radical
from embedding_tutorial.vectors.word_vectors import WordVectors, unit_rows


@dataclasses.dataclass(frozen=True, eq=False)
class Agreement:
    """How often the neighbours of a token have the token's own label.

    Attributes:
        shares: for each token the share of its neighbours that have its label, 0 to 1.
        chance: the expected share if neighbours were drawn at random.
    """

    shares: np.ndarray
    chance: float

    @property
    def value(self) -> float:
        """The mean share; NaN where there is no token."""
        return float(np.mean(self.shares)) if len(self.shares) else float("nan")

    @property
    def tokens(self) -> int:
        """How many tokens take part."""
        return len(self.shares)

    def interval(self, draws: int = 1000) -> tuple[float, float]:
        """The 95 % interval of the mean, by bootstrap: the tokens are drawn again with replacement, ``draws`` times."""
        if not len(self.shares):
            return float("nan"), float("nan")
        again = np.random.default_rng(0).choice(self.shares, (draws, len(self.shares)))
        low, high = np.quantile(again.mean(axis=1), [0.025, 0.975])
        return float(low), float(high)


def neighbour_agreement(matrix: np.ndarray, labels: Sequence[str], neighbours: int | None = 10) -> Agreement:
    """The share of a row's nearest rows that have its own label.

    Rows whose label occurs once have no share, but they can be neighbours. Where several rows are equally near
    and not all of them are among the nearest, each counts by its probability to be.

    Args:
        matrix: ``(N, D)`` finite vectors.
        labels: ``N`` labels.
        neighbours: how many nearest rows by cosine count, 1 or more. ``None``: as many as the
            label has other members, so that every label can reach 1.0.

    Raises:
        ValueError: there are not ``N`` finite vectors, or ``neighbours`` is less than 1.
    """
    matrix = np.asarray(matrix, np.float32)
    if len(matrix) != len(labels) or not np.isfinite(matrix).all():
        raise ValueError(f"{len(labels)} labels need as many finite vectors, not an array of shape {matrix.shape}")
    if neighbours is not None and neighbours < 1:
        raise ValueError(f"neighbours must be at least 1, not {neighbours}")
    _, label = np.unique(np.asarray(labels), return_inverse=True)
    others = np.bincount(label)[label] - 1  # (N,) how many other rows have the same label
    asked = np.flatnonzero(others)
    if not len(asked):
        return Agreement(np.zeros(0), float("nan"))
    wanted = others if neighbours is None else np.full(len(label), min(neighbours, len(label) - 1))  # (N,)
    most = int(wanted.max())
    unit = unit_rows(matrix)
    shares = []
    blocks = np.array_split(asked, len(asked) // 500 + 1)  # so that memory stays small
    for block in watched(blocks, len(blocks), "comparing neighbours"):
        cosines = unit[block] @ unit.T  # (rows, N)
        cosines[np.arange(len(block)), block] = -np.inf  # a row is no neighbour of its own
        nearest = -np.sort(np.partition(-cosines, most - 1)[:, :most])  # (rows, most), in descending order
        last = nearest[np.arange(len(block)), wanted[block] - 1][:, None]  # (rows, 1) the cosine of the last neighbour
        agrees = label[block][:, None] == label  # (rows, N)
        nearer, equal = cosines > last, cosines == last
        places = wanted[block] - nearer.sum(axis=1)  # (rows,) left for the rows that are as near as the last
        agreeing = (agrees & nearer).sum(axis=1) + places * (agrees & equal).sum(axis=1) / equal.sum(axis=1)
        shares.append(agreeing / wanted[block])
    return Agreement(np.concatenate(shares), float(np.mean(others[asked]) / (len(unit) - 1)))


def radical_agreement(vectors: WordVectors, most_frequent: int = 3000, neighbours: int = 10) -> Agreement:
    """How often a character's nearest characters have its radical, which no model is given.

    妃 and 娘 share 女; 江 and 河 share 水. Radicals carry meaning, so a model that learns
    meaning from context has an agreement above chance.

    Args:
        vectors: of characters; tokens that are no single Chinese character are skipped.
        most_frequent: how many of the most frequent characters take part.
        neighbours: how many nearest characters count.
    """
    rows = [i for i, token in enumerate(vectors.index_to_key) if len(token) == 1 and radical(token) != NO_RADICAL]
    rows = rows[:most_frequent]
    return neighbour_agreement(vectors.matrix[rows], [radical(vectors.index_to_key[row]) for row in rows], neighbours)


def category_agreement(
    vectors: WordVectors, categories: Sequence[Category], tokens: str, split: str | None = None
) -> Agreement:
    """How often the nearest tokens, among the tokens of all groups, are of a token's own group.

    Args:
        vectors: of such tokens.
        categories: as ``read_categories`` gives them.
        tokens: ``characters``, ``words`` or ``blanks``.
        split: ``dev`` or ``test``; ``None``: both.
    """
    members = [c for c in of_kind(categories, tokens) if split in (None, c.split) and c.token in vectors]
    rows = [vectors.key_to_index[c.token] for c in members]
    return neighbour_agreement(vectors.matrix[rows], [c.group for c in members], neighbours=None)


def agreement_figures(vectors: WordVectors, categories: Sequence[Category], tokens: str) -> dict[str, float]:
    """The figures that are watched while a model learns: those of ``category_agreement`` and ``radical_agreement``
    for which there is anything to compare."""
    found = {"category_agreement": category_agreement(vectors, categories, tokens)}
    if tokens == "characters":
        found["radical_agreement"] = radical_agreement(vectors)
    return {name: agreement.value for name, agreement in found.items() if agreement.tokens}


def composed_rank(
    vectors: WordVectors, word_counts: dict[str, int], asked: str, answer: str, min_count: int = 20
) -> tuple[int, int]:
    """The rank of ``answer`` among the words nearest to ``asked``; a word's vector is the sum of its characters'.

    Candidates are the two-character words that occur ``min_count`` times or more, share
    no character with ``asked``, and have a vector for each character.

    Args:
        vectors: of characters.
        word_counts: word -> how often it occurs.
        asked, answer: two-character words without a common character.
        min_count: see above.

    Returns:
        (rank from 1, number of candidates).

    Raises:
        ValueError: ``answer`` is no candidate.
    """
    candidates = [
        word
        for word, count in word_counts.items()
        if count >= min_count
        and len(word) == 2
        and not set(word) & set(asked)
        and all(character in vectors for character in word)
    ]
    if answer not in candidates:
        raise ValueError(f"{answer} is no candidate beside {asked}: too rare, unknown, or it shares a character")
    composed = np.array([vectors[word[0]] + vectors[word[1]] for word in candidates])  # (N, D)
    question = vectors[asked[0]] + vectors[asked[1]]  # (D,)
    cosines = unit_rows(composed) @ unit_rows(question[None])[0]  # (N,)
    rank = int(np.sum(cosines > cosines[candidates.index(answer)])) + 1
    return rank, len(candidates)
