"""A finished run's evaluation: every figure that its vectors allow, as a table."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embedding_tutorial.config import InputError, TrainingConfig, noun
from embedding_tutorial.run_directory import check_dictionary, checked, read_run
from embedding_tutorial.text.encoded_corpus import EncodedCorpus, encode_corpus
from embedding_tutorial.text.files import text_sha256
from embedding_tutorial.vectors.controls import (
    NEAREST,
    TWIN_BANDS,
    count_vectors,
    shuffled,
    twin_agreement,
    with_twins,
)
from embedding_tutorial.vectors.evaluation import Agreement, category_agreement, radical_agreement
from embedding_tutorial.vectors.groups import CATEGORIES, SPLITS, Category, of_kind, read_categories
from embedding_tutorial.vectors.standard_files import analogies, word_pairs
from embedding_tutorial.vectors.word_vectors import WordVectors, starting_vectors

COLUMNS = ["figure", "of", "value", "from", "to", "chance", "tokens"]
UNTRAINED = "epochs/epoch_0000.tsv"

# Trains on a corpus as the run was trained, from initial vectors or from random ones.
Retrain = Callable[[EncodedCorpus, WordVectors | None], WordVectors]


def evaluate_run(
    directory: Path,
    pairs: Path | None = None,
    questions: Path | None = None,
    retrain: Retrain | None = None,
    categories: Path | None = None,
) -> dict[str, Any]:
    """Compute every figure that a run's vectors allow; intervals hold 95 % of resampled means.

    Args:
        directory: a finished run.
        pairs, questions: files of word pairs and of analogies, or ``None``.
        retrain: trains the controls: on shuffled and on twinned text; ``None``: no controls, and no PPMI + SVD.
        categories: the file of groups, see ``read_categories``; ``None``: that of the run, or the shipped one.

    Returns:
        Notes, columns and rows, for ``tables.show``.

    Raises:
        InputError: the run or a file cannot be used; or ``retrain`` is given, and the text or the initial vectors of
            the run are missing or have changed. This is found before the first long step.
    """
    vectors, run = WordVectors.load(directory), read_run(directory)
    config = TrainingConfig.from_json(run["config"], directory)
    initial = _initial_vectors(directory, run, config) if retrain else None
    categories = categories or config.categories or CATEGORIES
    groups = read_categories(categories)
    rows = agreement_rows("trained", vectors, config.tokens, groups)
    if UNTRAINED in run["files"]:
        matrix = np.loadtxt(checked(directory, run, UNTRAINED), dtype=np.float32, delimiter="\t", ndmin=2)
        before = WordVectors.of(vectors.vocabulary.most_frequent(len(matrix)), matrix)
        rows += agreement_rows("untrained", before, config.tokens, groups)
    rows += _perplexity_rows(run)
    kind = noun(config.tokens)
    notes = [f"{directory}: {len(vectors):,} {kind}, {vectors.matrix.shape[1]} numbers each"]
    notes += empty_notes(vectors, config.tokens, groups, categories)
    if pairs is not None:
        rows += _pair_rows(vectors, pairs, notes)
    if questions is not None:
        rows += _analogy_rows(vectors, questions, notes)
    if retrain is not None:
        rows += _control_rows(config, initial, retrain, notes, groups)
    return {"notes": notes, "columns": COLUMNS, "rows": rows}


def agreements(vectors: WordVectors, tokens: str, categories: Sequence[Category]) -> dict[str, Agreement]:
    """Category agreement of the dev and the test groups and, of characters, radical agreement; by name."""
    found = {f"category agreement, {s} groups": category_agreement(vectors, categories, tokens, s) for s in SPLITS}
    return found | ({"radical agreement": radical_agreement(vectors)} if tokens == "characters" else {})


def empty_notes(vectors: WordVectors, tokens: str, categories: Sequence[Category], path: Path) -> list[str]:
    """Say why no category agreement of ``agreements`` has tokens; empty where one has. ``path`` is the file's."""
    if any(category_agreement(vectors, categories, tokens, split).tokens for split in SPLITS):
        return []
    members = of_kind(categories, tokens)
    known = sum(category.token in vectors for category in members)
    if not known:
        return [f"{path}: none of its {len(members):,} {noun(tokens)} has a vector, so no groups are compared"]
    asked = f"{known:,} of its {len(members):,} {noun(tokens)} have a vector"
    return [f"{path}: {asked}, but no two of them share a group and a split"]


def agreement_rows(name: str, vectors: WordVectors, tokens: str, categories: Sequence[Category]) -> list[list]:
    """A row for each of ``agreements`` in which tokens take part."""
    return [
        [figure, name, *(round(v, 3) for v in (a.value, *a.interval(), a.chance)), a.tokens]
        for figure, a in agreements(vectors, tokens, categories).items()
        if a.tokens
    ]


def _perplexity_rows(run: dict) -> list[list]:
    """How hard the next token of held-out sentences is to predict, for this model and for two that count."""
    found = run.get("perplexity") or {}
    return [
        ["perplexity, held-out sentences", name, round(found[key], 2), None, None, None, found["predictions"]]
        for name, key in (("trained", "model"), ("trigram, Kneser-Ney", "trigram"), ("unigram", "unigram"))
        if found
    ]


def _pair_rows(vectors: WordVectors, path: Path, notes: list[str]) -> list[list]:
    result = word_pairs(vectors, path)
    undefined = f"; {result.undefined}" if result.undefined else ""
    notes.append(f"{path}: {result.known} of {result.total} pairs have vectors{undefined}")
    return [["word pairs, Spearman", "trained", round(result.spearman, 3), None, None, 0.0, result.known]]


def _analogy_rows(vectors: WordVectors, path: Path, notes: list[str]) -> list[list]:
    chance = round(1 / max(len(vectors) - 3, 1), 6)  # the three words of a question are no answers
    rows = []
    for section in analogies(vectors, path):
        figure = "analogies" if section.name is None else f"analogies, {section.name}"
        rows.append([figure, "trained", round(section.accuracy, 3), None, None, chance, section.known])
        name = "all sections" if section.name is None else section.name
        note = f"{name}: {section.known} of {section.total} questions have vectors"
        if section.known:
            note += f"; median rank of the answer {section.median_rank:g}, "
            note += f"with the question's own words among the answers {section.median_rank_all:g}"
        notes.append(note)
    return rows


def _initial_vectors(directory: Path, run: dict, config: TrainingConfig) -> WordVectors | None:
    """Check that the run can be trained again, and read its initial vectors.

    Raises:
        InputError: the text or the vectors are missing, or have changed since the run.
    """
    if text_sha256(config) != run["corpus_sha256"]:
        raise InputError(f"{config.corpus}: has changed since {directory} was trained, which --controls repeats")
    check_dictionary(dataclasses.replace(config, out=directory), run)
    return starting_vectors(dataclasses.replace(config, out=directory), run.get("init_sha256"))


def _control_rows(
    config: TrainingConfig,
    initial: WordVectors | None,
    retrain: Retrain,
    notes: list[str],
    categories: Sequence[Category],
) -> list[list]:
    """Train on texts whose answer is known, and count PPMI + SVD.

    Training on shuffled text starts from the run's own initial vectors: an agreement that is left was not learned.
    Training with twins starts from random vectors, since no file has a vector for a twin.
    """
    corpus = encode_corpus(config)
    counted = count_vectors(corpus, config.window, config.dim)
    rows = agreement_rows("PPMI + SVD", counted, config.tokens, categories)
    print("retraining on shuffled text", flush=True)
    rows += agreement_rows("shuffled text", retrain(shuffled(corpus), initial), config.tokens, categories)
    twinned, twins = with_twins(corpus, seed=config.seed)
    if not twins:
        notes.append(f"no twins: none of the {noun(config.tokens)} is seen {2 * TWIN_BANDS[0]} times")
        return rows
    print("retraining with twins", flush=True)
    for occurrences, share, pairs in twin_agreement(retrain(twinned, None), twins):
        chance = round(NEAREST / (len(twinned.vocabulary) - 1), 3)
        figure = f"twin among the {NEAREST} nearest, seen {occurrences} times"
        rows.append([figure, "trained", round(share, 3), None, None, chance, pairs])
    return rows
