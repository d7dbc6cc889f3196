"""Evaluation by the usual test files: word pairs with human scores, and analogies.

None is shipped; bring your own (WordSim, SimLex, COS960, CA8, word2vec's questions-words …). The results say
how many pairs and questions have vectors.
"""

import dataclasses
import math
from pathlib import Path

import numpy as np

from embedding_tutorial.config import InputError
from embedding_tutorial.vectors.word_vectors import WordVectors


@dataclasses.dataclass(frozen=True)
class PairsResult:
    """Spearman's rank correlation between cosines and human scores, over the pairs that have vectors.

    Attributes:
        spearman: -1 to 1; NaN where it is undefined.
        known, total: the number of pairs whose words both have vectors, and of all pairs.
        undefined: why the correlation is undefined; empty where it is defined.
    """

    spearman: float
    known: int
    total: int
    undefined: str = ""


def word_pairs(vectors: WordVectors, path: Path | str) -> PairsResult:
    """Correlate cosines with a file of word pairs: ``word word score`` in a line; ``#`` begins a comment.

    Columns are separated by tabs, commas or blanks; the last line decides. WordSim, wordsim-240 and COS960 have the
    score in the third column; SimLex and SimVerb have the part of speech there, and the score in the fourth.
    Columns after the score are skipped. The first line may name the columns.

    Raises:
        InputError: the file cannot be read, or a line has another form; the message names the line.
    """
    import pandas as pd

    pairs = _read_pairs(Path(path))
    known = [(first, second, score) for first, second, score in pairs if first in vectors and second in vectors]
    scores = pd.Series([score for _, _, score in known], dtype=float)
    cosines = pd.Series([vectors.similarity(first, second) for first, second, _ in known], dtype=float)
    undefined = ""
    if len(known) < 2:
        undefined = "two pairs with vectors are needed for a correlation"
    elif scores.nunique() == 1 or cosines.nunique() == 1:
        undefined = f"all {'scores' if scores.nunique() == 1 else 'cosines'} are equal, so there is no correlation"
    # Spearman's correlation is Pearson's correlation of the ranks; equal values have the mean of their ranks.
    spearman = math.nan if undefined else float(np.corrcoef(scores.rank(), cosines.rank())[0, 1])
    return PairsResult(spearman, len(known), len(pairs), undefined)


def _read_pairs(path: Path) -> list[tuple[str, str, float]]:
    lines = [(number, line) for number, line in read_lines(path) if not line.startswith("#")]
    if not lines:
        raise InputError(f"{path}: holds no pair")
    separator, column = _form(lines[-1][1])  # the first line may name the columns, the last cannot
    pairs = []
    for number, line in lines:
        fields = [field.strip() for field in line.split(separator)]
        score = _score(fields, column)
        names_columns = number == lines[0][0] < lines[-1][0] and fields[column:] and fields[column][:1].isalpha()
        if score is not None and fields[0] and fields[1]:
            pairs.append((fields[0], fields[1], score))
        elif not names_columns:
            way = "tabs, commas or blanks between, the same in each line"
            raise InputError(f"{path}, line {number}: expected word, word, score; {way}")
    return pairs


def _form(line: str) -> tuple[str | None, int]:
    """The separator of the columns (``None``: blanks), and the index of the score's column."""
    for separator in ("\t", ",", None):
        fields = line.split(separator)
        if _score(fields, 2) is not None:
            return separator, 2
        # A number before two words may be the line's number.
        if _score(fields, 3) is not None and _score(fields, 0) is None:
            return separator, 3
    return "\t" if "\t" in line else None, 2


def _score(fields: list[str], column: int) -> float | None:
    """The finite number in a column, or ``None``."""
    try:
        score = float(fields[column])
    except (ValueError, IndexError):
        return None
    return score if math.isfinite(score) else None


@dataclasses.dataclass(frozen=True)
class AnalogySection:
    """The answers to the questions of a section.

    Attributes:
        name: of the section; ``None``: all sections together.
        accuracy: the share of right answers among the questions with vectors; the question's own words are no
            answers. NaN where no question has vectors.
        known, total: the number of questions whose four words have vectors, and of all questions.
        median_rank: of the right answers, without the question's own words; 1 is best. A right answer that is one
            of these words ranks after all tokens.
        median_rank_all: of the right answers, with the question's own words.
    """

    name: str | None
    accuracy: float
    known: int
    total: int
    median_rank: float
    median_rank_all: float


def analogies(vectors: WordVectors, path: Path | str) -> list[AnalogySection]:
    """Answer a file of analogies: lines ``: section``, each followed by lines ``a b c d``: a is to b as c is to d.

    Returns:
        A result for each section, in the file's order, then one for all together. Sections of the same name are not
        merged.

    Raises:
        InputError: the file cannot be read, or a line has another form; the message names the line.
    """
    sections: list[tuple[str, list[list[str]]]] = []
    for number, line in read_lines(Path(path)):
        words = line.split()
        if line.startswith(":"):
            sections.append((line[1:].strip(), []))
        elif not sections or len(words) != 4:
            raise InputError(f"{path}, line {number}: expected ': section' first, then four words a line")
        else:
            sections[-1][1].append(words)
    if not any(questions for _, questions in sections):
        raise InputError(f"{path}: holds no question")
    ranks = [_ranks(vectors, questions) for _, questions in sections]
    results = [_section(name, found, len(asked)) for (name, asked), found in zip(sections, ranks, strict=True)]
    return [*results, _section(None, np.concatenate(ranks), sum(section.total for section in results))]


def _section(name: str | None, ranks: np.ndarray, total: int) -> AnalogySection:
    if not len(ranks):
        return AnalogySection(name, math.nan, 0, total, math.nan, math.nan)
    return AnalogySection(name, float(np.mean(ranks[:, 0] == 1)), len(ranks), total, *np.median(ranks, axis=0).tolist())


def _ranks(vectors: WordVectors, questions: list[list[str]]) -> np.ndarray:
    """``(known, 2)``: the rank of the right answer without and with the question's own words.

    A token that is as near as the right answer counts as nearer.
    """
    known = [[vectors.key_to_index[w] for w in q] for q in questions if all(w in vectors for w in q)]
    unit, ranks = vectors.unit_matrix, []
    for a, b, c, d in known:
        cosines = unit @ (unit[b] - unit[a] + unit[c])  # (V, D) @ (D,) -> (V,); its length changes no rank
        before = cosines >= cosines[d]  # the right answer too
        rank_all = before.sum()
        before[[a, b, c]] = False
        ranks.append((len(unit) + 1 if d in (a, b, c) else before.sum(), rank_all))
    return np.array(ranks, dtype=float).reshape(-1, 2)


def read_lines(path: Path) -> list[tuple[int, str]]:
    """The lines of a UTF-8 text file that are not blank, with their numbers from 1.

    Raises:
        InputError: the file cannot be read, or is not UTF-8.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}") from None
    return [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
