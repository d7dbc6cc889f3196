"""How good are the vectors? Figures that need no human judgement, each beside its chance.

Imports neither Keras nor TensorFlow. Cosines run high in a small corpus, so what
is counted here is who is near, never how near.
"""

import bisect
import dataclasses
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from embedding_tutorial.config import REPOSITORY, InputError
from embedding_tutorial.progress import watched
from embedding_tutorial.vectors.standard_files import read_lines
from embedding_tutorial.vectors.word_vectors import WordVectors, unit_rows

CATEGORIES = REPOSITORY / "datasets" / "categories.tsv"
TOKENS, SPLITS = ("characters", "words"), ("dev", "test")
NO_RADICAL = "-"

# Tokens whose neighbours are shown, where a text has them.
TELLING = {"characters": "王妃皇春红", "words": ("公主", "王妃", "皇帝", "春天", "哥哥")}


def telling_tokens(vocabulary: Sequence[str], tokens: str) -> list[str]:
    """Up to five tokens of the vocabulary to show neighbours of: ours, or for another text common ones of its own.

    Args:
        vocabulary: tokens, the most frequent first.
        tokens: ``characters`` or ``words``.
    """
    known = [token for token in TELLING[tokens] if token in vocabulary]
    if len(known) >= 3:
        return known
    letters = [token for token in vocabulary if token.isalpha()] or list(vocabulary)
    return letters[10:60:10] if len(letters) > 50 else letters[:5]


# U+2F00..U+2FD5 are the 214 radicals; NFKC turns each into the character that opens its
# section in U+4E00..U+9FA5, a block sorted by radical.
_RADICALS = [unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)]
_FIRST_OF_SECTION = [ord(radical) for radical in _RADICALS]


def radical(token: str) -> str:
    """The Kangxi radical of a token's first character, ``-`` if that is no Chinese character.

    Simplified characters are in the block under the radical they are simplified from.

    >>> radical("妃"), radical("江河"), radical("a")
    ('女', '水', '-')
    """
    code = ord(token[0])
    if not 0x4E00 <= code <= 0x9FA5:
        return NO_RADICAL
    return _RADICALS[bisect.bisect_right(_FIRST_OF_SECTION, code) - 1]


@dataclasses.dataclass(frozen=True)
class Category:
    """One line of ``categories.tsv``: a token and the group it belongs to.

    ``tokens`` is ``characters`` or ``words``; groups of ``split`` ``test`` are never
    used for choosing a default.
    """

    group: str
    token: str
    tokens: str
    split: str


def read_categories(path: Path = CATEGORIES) -> list[Category]:
    """All lines of a categories file: group, token, tokens and split between tabs; the first line names them.

    Raises:
        InputError: the file cannot be read, or a line is not of this form; it names the line.
    """
    categories = []
    for number, line in read_lines(path):
        fields = line.rstrip("\r").split("\t")
        if number == 1 and fields == [field.name for field in dataclasses.fields(Category)]:
            continue
        if len(fields) != 4 or not all(fields) or fields[2] not in TOKENS or fields[3] not in SPLITS:
            raise InputError(
                f"{path}, line {number}: expected group, token, {' or '.join(TOKENS)}, {' or '.join(SPLITS)}"
            )
        categories.append(Category(*fields))
    return categories


@dataclasses.dataclass(frozen=True)
class Agreement:
    """How often neighbours agree with the tokens whose neighbours they are.

    Attributes:
        shares: one number a token, 0 to 1: the share of its neighbours that agree.
        chance: the mean share if neighbours were drawn at random.
    """

    shares: np.ndarray
    chance: float

    @property
    def value(self) -> float:
        """The mean share; NaN if there is no token."""
        return float(np.mean(self.shares)) if len(self.shares) else float("nan")

    @property
    def tokens(self) -> int:
        """How many tokens were asked."""
        return len(self.shares)

    def interval(self, draws: int = 1000) -> tuple[float, float]:
        """Where 95 % of the means lie when the tokens are drawn anew, with replacement (bootstrap)."""
        if not len(self.shares):
            return float("nan"), float("nan")
        again = np.random.default_rng(0).choice(self.shares, (draws, len(self.shares)))
        low, high = np.quantile(again.mean(axis=1), [0.025, 0.975])
        return float(low), float(high)


def neighbour_agreement(matrix: np.ndarray, labels: Sequence[str], neighbours: int | None = 10) -> Agreement:
    """The share of a row's nearest rows that bear its own label.

    Only labels that stand at least twice are asked for; every row can be an answer. Where several rows are
    equally near and not all of them are among the nearest, each counts by its chance to be.

    Args:
        matrix: ``(N, D)`` finite vectors.
        labels: ``N`` labels.
        neighbours: how many nearest rows (by cosine) are looked at, 1 or more. ``None``: as many
            as the label has other members, so that 1.0 can be reached by every label.

    Raises:
        ValueError: there are not ``N`` finite vectors, or ``neighbours`` is less than 1.
    """
    matrix = np.asarray(matrix, np.float32)
    if len(matrix) != len(labels) or not np.isfinite(matrix).all():
        raise ValueError(f"{len(labels)} labels need as many finite vectors, not an array of shape {matrix.shape}")
    if neighbours is not None and neighbours < 1:
        raise ValueError(f"neighbours must be at least 1, not {neighbours}")
    _, label = np.unique(np.asarray(labels), return_inverse=True)
    others = np.bincount(label)[label] - 1  # (N,) how many rows share its label
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
        cosines[np.arange(len(block)), block] = -np.inf  # a row is not its own neighbour
        nearest = -np.sort(np.partition(-cosines, most - 1)[:, :most])  # (rows, most), the greatest cosine first
        last = nearest[np.arange(len(block)), wanted[block] - 1][:, None]  # the cosine of the last neighbour wanted
        agrees = label[block][:, None] == label  # (rows, N)
        nearer, equal = cosines > last, cosines == last
        places = wanted[block] - nearer.sum(axis=1)  # those left for the rows that are as near as the last
        agreeing = (agrees & nearer).sum(axis=1) + places * (agrees & equal).sum(axis=1) / equal.sum(axis=1)
        shares.append(agreeing / wanted[block])
    return Agreement(np.concatenate(shares), float(np.mean(others[asked]) / (len(unit) - 1)))


def radical_agreement(vectors: WordVectors, most_frequent: int = 3000, neighbours: int = 10) -> Agreement:
    """How often a character's nearest characters bear its radical, which the model never saw.

    妃 and 娘 share 女; 江 and 河 share 水. Radicals carry meaning, so meaning learned
    from context alone shows as agreement above chance.

    Args:
        vectors: of characters; tokens that are no single Chinese character are passed over.
        most_frequent: how many of the most frequent characters take part.
        neighbours: how many nearest ones are looked at.
    """
    rows = [i for i, token in enumerate(vectors.index_to_key) if len(token) == 1 and radical(token) != NO_RADICAL]
    rows = rows[:most_frequent]
    return neighbour_agreement(vectors.matrix[rows], [radical(vectors.index_to_key[row]) for row in rows], neighbours)


def category_agreement(
    vectors: WordVectors, categories: Sequence[Category], tokens: str, split: str | None = None
) -> Agreement:
    """How often the nearest among all tokens of the groups are of the same group.

    Args:
        vectors: of characters or words.
        categories: as ``read_categories`` gives them.
        tokens: ``characters`` or ``words``.
        split: ``dev`` or ``test``; ``None`` takes both.
    """
    members = [c for c in categories if c.tokens == tokens and split in (None, c.split) and c.token in vectors]
    rows = [vectors.key_to_index[c.token] for c in members]
    return neighbour_agreement(vectors.matrix[rows], [c.group for c in members], neighbours=None)


def composed_rank(
    vectors: WordVectors, word_counts: dict[str, int], asked: str, answer: str, min_count: int = 20
) -> tuple[int, int]:
    """Where ``answer`` stands among the words nearest to ``asked``, words being sums of characters.

    Candidates are the two-character words seen ``min_count`` times or more that share
    no character with ``asked`` and whose characters all have vectors.

    Args:
        vectors: of characters.
        word_counts: word -> how often it was seen.
        asked, answer: two two-character words without a common character.

    Returns:
        (rank from 1, number of candidates).

    Raises:
        ValueError: ``answer`` is none of the candidates.
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
