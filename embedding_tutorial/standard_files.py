"""The field's standard test files: word pairs with human scores, and analogies.

None is shipped; bring your own (WordSim, CA8, word2vec's questions-words …). What has no
vector is counted, never dropped silently.
"""

import dataclasses
from pathlib import Path

import numpy as np

from embedding_tutorial.config import InputError
from embedding_tutorial.vectors import WordVectors


@dataclasses.dataclass(frozen=True)
class PairsResult:
    """Spearman's rank correlation between cosines and human scores, over the pairs that have vectors."""

    spearman: float
    known: int
    total: int


def word_pairs(vectors: WordVectors, path: Path) -> PairsResult:
    """Compare with a file of word pairs: ``word TAB word TAB score``, ``#`` opens a comment.

    Raises:
        InputError: the file cannot be read, or a line is not of this form; it names the line.
    """
    import pandas as pd

    scores, cosines, total = [], [], 0
    for number, line in _lines(path):
        if line.startswith("#"):
            continue
        try:
            first, second, score = line.split("\t")[:3]
            score = float(score)
        except ValueError:
            raise InputError(f"{path}, line {number}: expected word TAB word TAB score") from None
        total += 1
        if first in vectors and second in vectors:
            scores.append(score)
            cosines.append(vectors.similarity(first, second))
    if len(scores) < 2:
        return PairsResult(float("nan"), len(scores), total)
    # Spearman's correlation is Pearson's of the ranks; equal values share the mean of their ranks.
    ranks = [pd.Series(values).rank().to_numpy() for values in (scores, cosines)]
    return PairsResult(float(np.corrcoef(*ranks)[0, 1]), len(scores), total)


@dataclasses.dataclass(frozen=True)
class AnalogySection:
    """How many of a section's questions were answered.

    Attributes:
        accuracy: the share answered right, of those with vectors; the question's own words are no answers.
        known, total: questions whose four words have vectors, and all.
        median_rank: where the right answer stands, the question's own words left out; 1 is best.
        median_rank_all: the same with them among the answers.
    """

    name: str
    accuracy: float
    known: int
    total: int
    median_rank: float
    median_rank_all: float


def analogies(vectors: WordVectors, path: Path) -> list[AnalogySection]:
    """Ask a file of analogies: ``: section`` lines, then ``a b c d``: a is to b as c is to d.

    Returns:
        A result for each section, in order, and one for all together.

    Raises:
        InputError: the file cannot be read, or a line is not of this form; it names the line.
    """
    sections: dict[str, list[list[str]]] = {}
    current: list[list[str]] | None = None
    for number, line in _lines(path):
        if line.startswith(":"):
            current = sections.setdefault(line[1:].strip(), [])
        elif current is None or len(line.split()) != 4:
            raise InputError(f"{path}, line {number}: expected ': section' first, then four words a line")
        else:
            current.append(line.split())
    if not any(sections.values()):
        raise InputError(f"{path}: holds no question")
    ranked = {name: _ranks(vectors, questions) for name, questions in sections.items()}
    ranked["all"] = np.concatenate([*ranked.values()])
    sizes = {name: len(questions) for name, questions in sections.items()}
    sizes["all"] = sum(sizes.values())
    results = []
    for name, ranks in ranked.items():
        known = len(ranks)
        accuracy = float(np.mean(ranks[:, 0] == 1)) if known else float("nan")
        medians = np.median(ranks, axis=0).tolist() if known else [float("nan")] * 2
        results.append(AnalogySection(name, accuracy, known, sizes[name], *medians))
    return results


def _ranks(vectors: WordVectors, questions: list[list[str]]) -> np.ndarray:
    """(known, 2): the rank of the right answer without and with the question's words among the answers."""
    known = [[vectors.key_to_index[w] for w in q] for q in questions if all(w in vectors for w in q)]
    unit, ranks = vectors.unit_matrix, []
    for a, b, c, d in known:
        cosines = unit @ (unit[b] - unit[a] + unit[c])  # (V, D) @ (D,); its length changes no rank
        better = cosines > cosines[d]
        ranks.append((1 + better.sum() - better[list({a, b, c})].sum(), 1 + better.sum()))
    return np.array(ranks, dtype=float).reshape(-1, 2)


def _lines(path: Path) -> list[tuple[int, str]]:
    """The lines of a text file that are not blank, with their numbers."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}") from None
    return [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
