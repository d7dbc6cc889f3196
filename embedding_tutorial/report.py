"""Tables about finished runs: one run's evaluation, and several side by side."""

import csv
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.evaluation import Agreement, category_agreement, radical_agreement, read_categories
from embedding_tutorial.run_directory import HISTORY, checked, read_run
from embedding_tutorial.standard_files import analogies, word_pairs
from embedding_tutorial.vectors import WordVectors

COLUMNS = ["figure", "of", "value", "from", "to", "chance", "tokens"]


def evaluate_run(directory: Path, pairs: Path | None, questions: Path | None, controls: bool) -> dict[str, Any]:
    """Every figure that a run's vectors allow; intervals hold 95 % of resampled means.

    Args:
        directory: a finished run.
        pairs, questions: files of word pairs and of analogies, or ``None``.
        controls: also retrain on shuffled and on twinned text, and count PPMI + SVD.
    """
    vectors, run = WordVectors.load(directory), read_run(directory)
    level = run["config"]["tokens"].removesuffix("s")
    rows = agreement_rows("trained", vectors, level)
    if (untrained := "epochs/epoch_0000.tsv") in run["files"]:
        matrix = np.loadtxt(checked(directory, run, untrained), dtype=np.float32, delimiter="\t", ndmin=2)
        rows += agreement_rows("untrained", _like(vectors, matrix), level)
    notes = [f"{directory}: {len(vectors):,} {run['config']['tokens']}, {vectors.matrix.shape[1]} numbers each"]
    if pairs is not None:
        result = word_pairs(vectors, pairs)
        rows.append(["word pairs, Spearman", "trained", round(result.spearman, 3), None, None, 0.0, result.known])
        undefined = f"; {result.undefined}" if result.undefined else ""
        notes.append(f"{pairs}: {result.known} of {result.total} pairs have vectors{undefined}")
    if questions is not None:
        for section in analogies(vectors, questions):
            value = round(section.accuracy, 3)
            figure, name = f"analogies, {section.name}", section.name
            if name is None:
                figure, name = "analogies", "all sections"
            rows.append([figure, "trained", value, None, None, 1 / len(vectors), section.known])
            note = f"{name}: {section.known} of {section.total} questions have vectors"
            if section.known:
                note += f"; median rank of the answer {section.median_rank:g}, "
                note += f"with the question's own words among the answers {section.median_rank_all:g}"
            notes.append(note)
    if controls:
        rows += _control_rows(directory, run, level)
    return {"notes": notes, "columns": COLUMNS, "rows": rows}


def agreement_rows(name: str, vectors: WordVectors, level: str) -> list[list]:
    """Rows for category agreement (dev and test groups apart) and radical agreement, where there are any."""
    categories = read_categories()
    figures: dict[str, Agreement] = {
        f"category agreement, {split} groups": category_agreement(vectors, categories, level, split)
        for split in ("dev", "test")
    }
    if level == "character":
        figures["radical agreement"] = radical_agreement(vectors)
    return [
        [figure, name, *(round(v, 3) for v in (a.value, *a.interval(), a.chance)), a.tokens]
        for figure, a in figures.items()
        if a.tokens
    ]


def _like(vectors: WordVectors, matrix: np.ndarray) -> WordVectors:
    """Other vectors for the most frequent tokens."""
    return WordVectors(vectors.index_to_key[: len(matrix)], vectors.counts[: len(matrix)], matrix)


def _control_rows(directory: Path, run: dict, level: str) -> list[list]:
    """Retrain on texts of which the answer is known."""
    from embedding_tutorial.controls import NEAREST, count_vectors, shuffled, twin_agreement, with_twins
    from embedding_tutorial.encoded_corpus import encode_corpus
    from embedding_tutorial.quiet import import_keras_quietly

    config = TrainingConfig.from_json(run["config"], directory)
    corpus = encode_corpus(config)
    if corpus.sha256 != run["corpus_sha256"]:
        raise InputError(f"{config.corpus}: is not the text that {directory} was trained on")
    import_keras_quietly()
    from embedding_tutorial.training import train

    rows = agreement_rows("PPMI + SVD", count_vectors(corpus, config.window, config.dim), level)
    print("retraining on shuffled text", flush=True)
    rows += agreement_rows("shuffled text", train(config, shuffled(corpus)).vectors, level)
    print("retraining with twins", flush=True)
    twinned, twins = with_twins(corpus, seed=config.seed)
    for occurrences, share, pairs in twin_agreement(train(config, twinned).vectors, twins):
        chance = round(NEAREST / (len(twinned.vocabulary) - 1), 3)
        figure = f"twin among the {NEAREST} nearest, seen {occurrences} times"
        rows.append([figure, "trained", round(share, 3), None, None, chance, pairs])
    return rows


def compare_runs(directories: list[Path]) -> dict[str, Any]:
    """Runs side by side, and the mean and spread of those that differ by their seed alone.

    Losses are ranked only among runs whose losses measure the same: same text, tokens,
    model, window and negatives.
    """
    varied = (
        "tokens",
        "model",
        "dim",
        "window",
        "negatives",
        "min_count",
        "sample",
        "epochs",
        "batch_size",
        "learning_rate",
    )
    rows, configs = [], []
    for directory in directories:
        run, vectors = read_run(directory), WordVectors.load(directory)
        config, level = run["config"], run["config"]["tokens"].removesuffix("s")
        categories = read_categories()
        agreements = [category_agreement(vectors, categories, level, split).value for split in ("dev", "test")]
        radicals = radical_agreement(vectors).value if level == "character" else float("nan")
        loss = _last(checked(directory, run, HISTORY), "val_loss")
        rows.append([*agreements, radicals, loss, run["fit_seconds"], len(vectors)])
        configs.append({**config, "text": run["corpus_sha256"]})
    differing = [name for name in varied if len({config.get(name) for config in configs}) > 1]
    comparable = defaultdict(list)
    for config, row in zip(configs, rows, strict=True):
        same = ("text", "tokens", "model", "window", "negatives", "min_count", "sample", "validation_split")
        comparable[tuple(config.get(name) for name in same)].append(row[3])
    figures = ["dev groups", "test groups", "radicals", "val_loss", "loss rank", "seconds", "vocabulary"]
    table = []
    for directory, config, row in zip(directories, configs, rows, strict=True):
        peers = comparable[tuple(config.get(name) for name in same)]
        rank = 1 + sum(loss < row[3] for loss in peers) if len(peers) > 1 else None
        settings = [config.get(name) for name in differing]
        values = [round(value, 4) for value in row[:4]]
        table.append([str(directory), config["seed"], *settings, *values, rank, row[4], row[5]])
    alike = defaultdict(list)
    for config, row in zip(configs, rows, strict=True):
        alike[tuple(config.get(name) for name in ("text", *varied))].append((config, row))
    for group in alike.values():
        if len(group) > 1:
            settings = [group[0][0].get(name) for name in differing]
            values = np.array([row for _, row in group], dtype=float)
            for name, summary in (("mean", values.mean(axis=0)), ("deviation", values.std(axis=0, ddof=1))):
                shown = [round(float(v), 4) for v in summary]
                table.append([f"{name} of {len(group)} seeds", None, *settings, *shown[:4], None, *shown[4:]])
    return {"notes": [], "columns": ["run", "seed", *differing, *figures], "rows": table}


def _last(path: Path, column: str) -> float:
    """The last number of a CSV column; NaN where there is none."""
    with open(path, encoding="utf-8", newline="") as file:
        *_, last = csv.DictReader(file)
    return float(last.get(column) or "nan")
