"""Tables about finished runs: one run's evaluation, and several side by side."""

import csv
import math
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.run_directory import HISTORY, checked, file_sha256, read_run
from embedding_tutorial.text.files import text_sha256
from embedding_tutorial.vectors.evaluation import Agreement, category_agreement, radical_agreement
from embedding_tutorial.vectors.groups import read_categories
from embedding_tutorial.vectors.standard_files import analogies, word_pairs
from embedding_tutorial.vectors.word_vectors import WordVectors, starting_vectors

COLUMNS = ["figure", "of", "value", "from", "to", "chance", "tokens"]

# What a training depends on beside its seed. Backend, machine and versions are not among it: they change the rounding.
SETTINGS = ("text", "tokens", "model", "dim", "window", "negatives", "min_count", "sample", "epochs")
SETTINGS += ("batch_size", "learning_rate", "validation_split", "init")
# What two losses must have in common to measure the same: how a sentence is scored, and which ones are held out
# (share and seed say that). Vectors to start from may have been trained on them.
MEASURE = ("text", "tokens", "model", "window", "negatives", "min_count", "validation_split", "seed", "init")


def settings_of(directory: Path, run: dict) -> TrainingConfig:
    """What a run was trained with; ``run`` is what ``read_run(directory)`` gives."""
    return TrainingConfig.from_json(run["config"], directory)


def evaluate_run(directory: Path, pairs: Path | None, questions: Path | None, controls: bool) -> dict[str, Any]:
    """Every figure that a run's vectors allow; intervals hold 95 % of resampled means.

    Args:
        directory: a finished run.
        pairs, questions: files of word pairs and of analogies, or ``None``.
        controls: also retrain on shuffled and on twinned text, and count PPMI + SVD.

    Raises:
        InputError: the run or one of the files cannot be used; or it is to be retrained, and its text or the vectors
            that it started from are gone or have changed. All this is found before the first long step.
    """
    vectors, run = WordVectors.load(directory), read_run(directory)
    config = settings_of(directory, run)
    initial = _what_retraining_needs(directory, run, config) if controls else None
    rows = agreement_rows("trained", vectors, config.tokens)
    if (untrained := "epochs/epoch_0000.tsv") in run["files"]:
        matrix = np.loadtxt(checked(directory, run, untrained), dtype=np.float32, delimiter="\t", ndmin=2)
        rows += agreement_rows(
            "untrained", WordVectors.of(vectors.vocabulary.most_frequent(len(matrix)), matrix), config.tokens
        )
    notes = [f"{directory}: {len(vectors):,} {run['config']['tokens']}, {vectors.matrix.shape[1]} numbers each"]
    if not rows:
        notes.append(f"no two {config.tokens} of this run are of one group or have one radical, so nothing is compared")
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
            chance = round(1 / max(len(vectors) - 3, 1), 6)  # the question's three words are no answers
            rows.append([figure, "trained", value, None, None, chance, section.known])
            note = f"{name}: {section.known} of {section.total} questions have vectors"
            if section.known:
                note += f"; median rank of the answer {section.median_rank:g}, "
                note += f"with the question's own words among the answers {section.median_rank_all:g}"
            notes.append(note)
    if controls:
        rows += _control_rows(config, initial, notes)
    return {"notes": notes, "columns": COLUMNS, "rows": rows}


def agreement_rows(name: str, vectors: WordVectors, tokens: str) -> list[list]:
    """Rows for category agreement (dev and test groups apart) and radical agreement, where there are any."""
    categories = read_categories()
    figures: dict[str, Agreement] = {
        f"category agreement, {split} groups": category_agreement(vectors, categories, tokens, split)
        for split in ("dev", "test")
    }
    if tokens == "characters":
        figures["radical agreement"] = radical_agreement(vectors)
    return [
        [figure, name, *(round(v, 3) for v in (a.value, *a.interval(), a.chance)), a.tokens]
        for figure, a in figures.items()
        if a.tokens
    ]


def _what_retraining_needs(directory: Path, run: dict, config: TrainingConfig) -> WordVectors | None:
    """Check what retraining would stumble over minutes later, and give the vectors that the run started from.

    Raises:
        InputError: the text or these vectors are gone, or not those of then.
    """
    if text_sha256(config.corpus) != run["corpus_sha256"]:
        raise InputError(f"{config.corpus}: has changed since {directory} was trained, which --controls repeats")
    if config.init is None:
        return None
    try:
        if file_sha256(config.init) != run.get("init_sha256"):
            raise InputError(f"{config.init}: has changed since {directory} started from it, which --controls repeats")
    except OSError as error:
        raise InputError(f"{config.init}: {error.strerror}, but {directory} started from it") from None
    return starting_vectors(config)


def _control_rows(config: TrainingConfig, initial: WordVectors | None, notes: list[str]) -> list[list]:
    """Retrain on texts of which the answer is known.

    On shuffled text the run starts from the same vectors as then: what it is left with, it did not learn. Twins
    start from none, since only one of two has any.
    """
    from embedding_tutorial.quiet import import_keras_quietly
    from embedding_tutorial.text.encoded_corpus import encode_corpus
    from embedding_tutorial.vectors.controls import (
        NEAREST,
        TWIN_BANDS,
        count_vectors,
        shuffled,
        twin_agreement,
        with_twins,
    )

    import_keras_quietly()
    from embedding_tutorial.model.training import train

    corpus = encode_corpus(config)
    rows = agreement_rows("PPMI + SVD", count_vectors(corpus, config.window, config.dim), config.tokens)
    print("retraining on shuffled text", flush=True)
    rows += agreement_rows("shuffled text", train(config, shuffled(corpus), initial=initial).vectors, config.tokens)
    twinned, twins = with_twins(corpus, seed=config.seed)
    if not twins:
        notes.append(f"no twins: none of the {config.tokens} is seen {2 * TWIN_BANDS[0]} times")
        return rows
    print("retraining with twins", flush=True)
    for occurrences, share, pairs in twin_agreement(train(config, twinned).vectors, twins):
        chance = round(NEAREST / (len(twinned.vocabulary) - 1), 3)
        figure = f"twin among the {NEAREST} nearest, seen {occurrences} times"
        rows.append([figure, "trained", round(share, 3), None, None, chance, pairs])
    return rows


def compare_runs(directories: list[Path]) -> dict[str, Any]:
    """Runs side by side, and the mean and spread of those that differ by their seed alone.

    A directory that is named twice is shown once. Runs of equal settings and seed are one training that was copied
    or repeated, and differ by rounding at most: each is shown, but a mean and a rank count them once. Runs that
    started from the same file of vectors are each other's seeds, and nobody else's.

    Losses are ranked among the trainings whose losses measure the same, see ``MEASURE``: that of another seed is
    of other sentences. A run without a loss, or with none to compare it to, has no rank.
    """
    categories, runs = read_categories(), []
    for directory in {os.path.realpath(directory): directory for directory in directories}.values():
        run, vectors = read_run(directory), WordVectors.load(directory)
        config = settings_of(directory, run)
        agreements = [category_agreement(vectors, categories, config.tokens, split).value for split in ("dev", "test")]
        radicals = radical_agreement(vectors).value if config.tokens == "characters" else float("nan")
        loss = _last(checked(directory, run, HISTORY), "val_loss")
        hashes = {"text": run["corpus_sha256"][:12], "init": config.init and str(run.get("init_sha256"))[:12]}
        figures = [*(round(value, 4) for value in (*agreements, radicals, loss)), run["fit_seconds"], len(vectors)]
        runs.append((str(directory), {**vars(config), **hashes}, figures, loss))

    def chosen(names: tuple[str, ...], settings: dict) -> tuple:
        return tuple(settings[name] for name in names)

    losses, seeds = defaultdict(dict), defaultdict(dict)
    for _, settings, figures, loss in runs:
        seeds[chosen(SETTINGS, settings)].setdefault(settings["seed"], (settings, figures))
        if math.isfinite(loss):
            losses[chosen(MEASURE, settings)].setdefault(chosen(SETTINGS, settings), loss)
    differing = [name for name in SETTINGS if len({settings[name] for _, settings, _, _ in runs}) > 1]
    table = []
    for name, settings, figures, loss in runs:
        training = chosen(SETTINGS, settings)
        others = [other for key, other in losses[chosen(MEASURE, settings)].items() if key != training]
        rank = 1 + sum(other < loss for other in others) if others and math.isfinite(loss) else None
        table.append([name, settings["seed"], *chosen(differing, settings), *figures[:4], rank, *figures[4:]])
    for group in seeds.values():
        if len(group) > 1:
            settings = next(iter(group.values()))[0]
            values = np.array([figures for _, figures in group.values()], dtype=float)
            for name, summary in (("mean", values.mean(axis=0)), ("deviation", values.std(axis=0, ddof=1))):
                figures = summary.round(4).tolist()
                beside = [f"{name} of {len(group)} seeds", None, *chosen(differing, settings)]
                table.append([*beside, *figures[:4], None, *figures[4:]])
    named = ["dev groups", "test groups", "radicals", "val_loss", "loss rank", "seconds", "vocabulary"]
    return {"notes": [], "columns": ["run", "seed", *differing, *named], "rows": table}


def _last(path: Path, column: str) -> float:
    """The last number of a CSV column; NaN where there is none."""
    with open(path, encoding="utf-8", newline="") as file:
        *_, last = csv.DictReader(file)
    return float(last.get(column) or "nan")
