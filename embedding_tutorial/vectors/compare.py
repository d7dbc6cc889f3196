"""Finished runs side by side, as a table."""

import csv
import dataclasses
import math
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.run_directory import HISTORY, checked, read_run
from embedding_tutorial.vectors.groups import CATEGORIES, Category, read_categories
from embedding_tutorial.vectors.report import agreements, empty_notes
from embedding_tutorial.vectors.word_vectors import WordVectors

# What a training depends on beside its seed. Backend, machine and versions are not among it: they change the rounding.
SETTINGS = ("text", "tokens", "model", "dim", "window", "negatives", "min_count", "sample", "epochs")
SETTINGS += ("batch_size", "learning_rate", "validation_split", "init")
# What two losses must have in common to measure the same: how a sentence is scored, and which sentences are held out
# (by share and seed). Initial vectors may have been trained on the sentences held out.
MEASURE = ("text", "tokens", "model", "window", "negatives", "min_count", "validation_split", "seed", "init")

NAMES = ["dev groups", "test groups", "radicals", "val_loss", "loss rank", "seconds", "vocabulary"]
RANK = NAMES.index("loss rank")


@dataclasses.dataclass(frozen=True)
class Run:
    """A row of the table.

    Attributes:
        name: the directory.
        settings: those of ``TrainingConfig``, but ``text``, ``init`` and ``dictionary`` are hashes of the files.
        loss: of the sentences held out, after the last epoch; NaN where there is none.
        figures: what ``NAMES`` says, without the rank of the loss.
        notes: why no groups are compared, where that is so.
    """

    name: str
    settings: dict[str, Any]
    loss: float
    figures: list[float]
    notes: list[str]

    def key(self, names: tuple[str, ...]) -> tuple:
        """The values of some settings."""
        return tuple(self.settings[name] for name in names)


def read_row(directory: Path, categories: Sequence[Category], path: Path) -> Run:
    """Read what the table tells of a finished run; ``path`` is the file of the categories."""
    run, vectors = read_run(directory), WordVectors.load(directory)
    config = TrainingConfig.from_json(run["config"], directory)
    values = [agreement.value for agreement in agreements(vectors, config.tokens, categories).values()]
    if config.tokens != "characters":
        values.append(math.nan)  # only characters have a radical
    loss = _last(checked(directory, run, HISTORY), "val_loss")
    hashes = {"text": run["corpus_sha256"][:12]}
    hashes |= {name: getattr(config, name) and str(run.get(f"{name}_sha256"))[:12] for name in ("init", "dictionary")}
    figures = [*(round(value, 4) for value in (*values, loss)), run["fit_seconds"], len(vectors)]
    notes = [f"{directory}: {note}" for note in empty_notes(vectors, config.tokens, categories, path)]
    return Run(str(directory), vars(config) | hashes, loss, figures, notes)


def compare_runs(runs: list[Path], categories: Path | None = None) -> dict[str, Any]:
    """Compare runs, and give the mean and the deviation of those that differ by their seed alone.

    A directory that is named twice is shown once. Runs of equal settings and seed are copies or repetitions of one
    training, and differ by rounding at most: each is shown, but a mean and a rank count them once. Only runs that
    started from the same file of vectors are seeds of one another.

    Losses are ranked among the trainings whose losses measure the same, see ``MEASURE``: another seed holds out
    other sentences. A run without a loss, or without another to compare with, has no rank.

    Args:
        runs: finished runs.
        categories: the file of groups, see ``read_categories``; ``None``: the shipped one.

    Returns:
        Notes, columns and rows, for ``tables.show``.
    """
    categories = categories or CATEGORIES
    groups = read_categories(categories)
    distinct = {os.path.realpath(path): path for path in runs}.values()
    rows = [read_row(directory, groups, categories) for directory in distinct]
    losses, seeds = defaultdict(dict), defaultdict(dict)
    for run in rows:
        seeds[run.key(SETTINGS)].setdefault(run.settings["seed"], run)
        if math.isfinite(run.loss):
            losses[run.key(MEASURE)].setdefault(run.key(SETTINGS), run.loss)
    differing = tuple(name for name in SETTINGS if len({run.settings[name] for run in rows}) > 1)
    table = []
    for run in rows:
        others = [loss for key, loss in losses[run.key(MEASURE)].items() if key != run.key(SETTINGS)]
        rank = 1 + sum(loss < run.loss for loss in others) if others and math.isfinite(run.loss) else None
        table.append([run.name, run.settings["seed"], *run.key(differing), *_with_rank(run.figures, rank)])
    for group in seeds.values():
        if len(group) > 1:
            beside = next(iter(group.values())).key(differing)
            values = np.array([run.figures for run in group.values()], dtype=float)
            for name, summary in (("mean", values.mean(axis=0)), ("deviation", values.std(axis=0, ddof=1))):
                figures = _with_rank(summary.round(4).tolist(), None)
                table.append([f"{name} of {len(group)} seeds", None, *beside, *figures])
    notes = [note for run in rows for note in run.notes]
    return {"notes": notes, "columns": ["run", "seed", *differing, *NAMES], "rows": table}


def _with_rank(figures: list[float], rank: int | None) -> list[float | None]:
    return [*figures[:RANK], rank, *figures[RANK:]]


def _last(path: Path, column: str) -> float:
    """The last number in a column of a CSV file; NaN where there is none."""
    with open(path, encoding="utf-8", newline="") as file:
        *_, last = csv.DictReader(file)
    return float(last.get(column) or "nan")
