"""Answers about words and sentences: neighbours, similarity, analogies, the odd one out.

Each reads a finished run, and returns notes, columns and rows for ``tables.show``.
"""

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

from embedding_tutorial.config import InputError, TrainingConfig, noun
from embedding_tutorial.labels import printable
from embedding_tutorial.run_directory import read_run
from embedding_tutorial.text.files import count_token
from embedding_tutorial.text.tokenizers import Tokenizer
from embedding_tutorial.vectors.sentence_vectors import (
    first_component,
    read_again,
    sentence_vectors,
    token_weights,
    without,
)
from embedding_tutorial.vectors.word_vectors import WordVectors, unit_rows

RUNS = Path("runs")


def newest_run() -> Path:
    """The run directory under ``runs/`` that was finished last, of those whose ``run.json`` can be read.

    A line on standard error tells of a later one that is damaged.

    Raises:
        InputError: there is none.
    """
    finished = {}
    for directory in RUNS.glob("*"):
        with contextlib.suppress(OSError):  # it is not finished, or was removed a moment ago
            finished[directory] = os.lstat(directory / "run.json").st_mtime
    damaged = None
    for directory in sorted(finished, key=finished.get, reverse=True):
        try:
            read_run(directory)
        except InputError as error:
            damaged = damaged or error
            continue
        if damaged:
            print(printable(f"{damaged}; {directory} is asked instead"), file=sys.stderr)
        return directory
    raise damaged or InputError(f"no finished run in {RUNS.absolute()}; run train.py first, or name one with --run")


def as_written(run: Path, words: list[str]) -> list[str]:
    """The words as the run writes its tokens: in small letters if it was trained with ``--lower``."""
    return [word.lower() for word in words] if read_run(run)["config"].get("lower") else words


def composition_notes(vectors: WordVectors, words: list[str], directory: Path) -> list[str]:
    """Notes on the words that have no vector of their own, but are composed of their characters.

    Raises:
        InputError: a word has no vector and cannot be composed; the message says why, as far as that is known.
    """
    notes = []
    for word in words:
        try:
            vectors.compose(word)
        except KeyError as error:
            none = f"{word!r} has no vector"
            near_spellings = error.args[0].removeprefix(none)
            raise InputError(f"{none}{why_unknown(vectors, word, directory)}{near_spellings}") from None
        if word not in vectors:
            notes.append(f"{word} is composed of {' + '.join(word)}")
    return notes


def why_unknown(vectors: WordVectors, word: str, directory: Path) -> str:
    """The end of an error message: why a run has no vector for a word, by the text if it is still there."""
    run = read_run(directory)
    settings = TrainingConfig.from_json(run["config"], directory)
    if word.split() != [word]:
        return ": no token is empty or holds a blank; give several words one by one"
    token = next(part for part in word if part not in vectors) if settings.tokens == "characters" else word
    it = "it" if token == word else repr(token)
    try:
        times, sha256 = count_token(settings, token)
    except InputError as error:
        return f"; the text cannot be read any more, so whether {it} is rare or absent is not known ({error})"
    if sha256 != run["corpus_sha256"]:
        return f"; {settings.corpus} has changed since the run; {it} is seen {times} times in it now"
    if times >= settings.min_count:
        return f": {it} is seen {times} times, as the text is cut now; it was cut otherwise when the run was trained"
    rare = f"seen {times} times, fewer than --min-count {settings.min_count}"
    return f": {it} is {rare if times else 'not in the text'}"


def neighbors(run: Path, words: list[str], topn: int) -> dict[str, Any]:
    """The nearest tokens of each word."""
    vectors = WordVectors.load(run)
    notes, rows = composition_notes(vectors, words, run), []
    for word in words:
        found = vectors.most_similar(word, topn=topn)
        rows += [[word, near, round(cosine, 3), vectors.counts[vectors.key_to_index[near]]] for near, cosine in found]
        if not found:
            notes.append(f"nothing is near {word}: it is composed of all tokens")
    return {"notes": notes, "columns": ["asked", "nearest", "cosine", "count"], "rows": rows}


def similarity(run: Path, words: list[str]) -> dict[str, Any]:
    """The cosine of two words, and the rank of each among the other's neighbours."""
    vectors = WordVectors.load(run)
    notes = composition_notes(vectors, words, run)
    first, second = words
    row = [first, second, round(vectors.similarity(first, second), 3)]
    columns = ["first", "second", "cosine"]
    # In a small corpus all cosines are high: a rank says more.
    if first in vectors and second in vectors and first != second:
        for asked, answer in ((first, second), (second, first)):
            order = [token for token, _ in vectors.most_similar(asked, topn=len(vectors))]
            row.append(order.index(answer) + 1)
        columns += [f"{second} near {first}", f"{first} near {second}"]
        notes.append(f"the last two: rank among {len(vectors) - 1} other {noun(read_run(run)['config']['tokens'])}")
    return {"notes": notes, "columns": columns, "rows": [row]}


def analogy(run: Path, words: list[str], topn: int) -> dict[str, Any]:
    """a is to b as c is to …: the tokens nearest to b - a + c."""
    vectors = WordVectors.load(run)
    notes = composition_notes(vectors, words, run)
    a, b, c = words
    notes.append(f"{a} : {b} = {c} : …")
    found = vectors.most_similar(positive=[b, c], negative=[a], topn=topn)
    if not found:
        notes.append("no answer is left: the three words are composed of all tokens")
    return {
        "notes": notes,
        "columns": ["answer", "cosine"],
        "rows": [[token, round(cosine, 3)] for token, cosine in found],
    }


def odd_one_out(run: Path, words: list[str]) -> dict[str, Any]:
    """The word that is least like the others."""
    if len(words) < 3:
        raise InputError("name three words or more: of two, each is as unlike the other")
    vectors = WordVectors.load(run)
    notes = composition_notes(vectors, words, run)
    return {"notes": notes, "columns": ["odd one out"], "rows": [[vectors.doesnt_match(words)]]}


def sentences(run: Path, sentence: str, topn: int) -> dict[str, Any]:
    """The sentences of the text that are nearest to a sentence, by the weighted mean of their tokens' vectors.

    The first component of all sentences is removed from each. The sentence itself is no answer.
    """
    vectors, about = WordVectors.load(run), read_run(run)
    config = TrainingConfig.from_json(about["config"], run)
    tokens = Tokenizer.of(config).cut(sentence)
    try:
        asked = vectors.sentence(tokens)
    except KeyError:
        raise InputError(f"{sentence!r}: none of its {noun(config.tokens)} has a vector") from None
    text = read_again(config, vectors.vocabulary)
    if text.sha256 != about["corpus_sha256"]:
        raise InputError(f"{config.corpus}: has changed since the run; train again, or bring back the text")
    weighted = token_weights(vectors.counts)[:, None] * vectors.matrix
    component = first_component(weighted, text.ids, text.lengths)
    direction = unit_rows(without(component, asked[None]))[0]
    blocks = sentence_vectors(weighted, text.ids, text.lengths)
    cosines = np.concatenate([unit_rows(without(component, block)) @ direction for block in blocks])
    found, own = {}, sentence.strip()  # a sentence that occurs twice is one answer
    for index in np.argsort(-cosines, kind="stable"):
        if len(found) == topn:
            break
        if text.texts[index] != own:
            found.setdefault(text.texts[index], round(float(cosines[index]), 3))
    unknown = [token for token in dict.fromkeys(tokens) if token not in vectors]
    notes = [f"without a vector, so left out: {' '.join(unknown)}"] if unknown else []
    return {"notes": notes, "columns": ["nearest", "cosine"], "rows": [[*row] for row in found.items()]}
