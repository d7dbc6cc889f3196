"""Sentences that a GRU writes, against NumPy and against a search in strings."""

import re
import shutil

import keras
import numpy as np
import pytest
from conftest import run_python, two_worlds, write_run
from test_ask import answer, misused, refused

from embedding_tutorial import learn
from embedding_tutorial.config import InputError
from embedding_tutorial.model.writing import read_model
from embedding_tutorial.vectors.word_vectors import WordVectors
from embedding_tutorial.vectors.writing import draw, go_on, write

# Scores of the next token, of the vocabulary END, 1, 2, 3, 4.
SCORES = np.log([[0.1, 0.2, 0.4, 0.05, 0.25]])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run with --model gru. Do not change it: copy it."""
    place = tmp_path_factory.mktemp("writing")
    (place / "worlds.txt").write_text(two_worlds(), encoding="utf-8")
    learn(place / "worlds.txt", model="gru", dim=8, epochs=2, seed=3, out=place / "run", verbose=0)
    return place / "run"


@pytest.fixture
def run(trained, tmp_path):
    """A copy, with its text."""
    shutil.copy(trained.parent / "worlds.txt", tmp_path)
    return shutil.copytree(trained, tmp_path / "run")


def written(capsys, run, *arguments):
    return [row["written"] for row in answer(capsys, "write", *arguments, "--run", run)["rows"]]


def test_the_same_seed_gives_the_same_lines(trained, capsys):
    lines = written(capsys, trained, "王妃")
    assert lines == written(capsys, trained, "王妃", "--seed", 1)
    assert lines != written(capsys, trained, "王妃", "--seed", 2)
    assert len(lines) == len(set(lines)) == 5 and all(line.startswith("王妃") for line in lines)
    assert len(written(capsys, trained, "--lines", 7)) == 7


@pytest.mark.parametrize("beginning", ["", "王妃", "牛"])
def test_cold_or_with_one_candidate_it_takes_the_likeliest_token(trained, capsys, beginning):
    """The path is computed one step at a time from rows without padding."""
    vectors, model = WordVectors.load(trained), keras.models.load_model(trained / "model.keras")
    row = [0, *vectors.vocabulary.encode(beginning)]
    while len(row) <= 20:
        scores = np.asarray(model(np.array([row])))[0, -1]
        row.append(int(np.argmax(scores[1:])) + 1 if len(row) == 1 else int(np.argmax(scores)))
        if not row[-1]:
            break
    expected = "".join(vectors.vocabulary.decode(row)) + ("…" if row[-1] else "")
    for flags in (["--temperature", "1e-6"], ["--top-k", 1, "--temperature", 9]):
        given = [beginning] if beginning else []
        assert written(capsys, trained, *given, *flags, "--lines", 2, "--longest", 20) == [expected] * 2


def test_rows_longer_than_one_width_are_scored_alike(trained):
    next_scores, model = read_model(trained / "model.keras"), keras.models.load_model(trained / "model.keras")
    rows = np.random.default_rng(1).integers(1, 17, (2, 140)).astype(np.int32)
    rows[:, 0] = 0
    expected = model.predict(rows, verbose=0)  # (2, 140, V + 1)
    for place in (0, 63, 64, 139):
        np.testing.assert_allclose(next_scores(rows, place), expected[:, place], atol=1e-5)


@pytest.mark.parametrize("temperature", [0.5, 1, 2])
@pytest.mark.parametrize("top_k", [None, 3, 9])
def test_tokens_are_drawn_as_often_as_softmax_says(temperature, top_k):
    drawn = draw(np.repeat(SCORES, 20_000, axis=0), temperature, top_k, np.random.default_rng(1))
    weights = np.exp(SCORES[0]) ** (1 / temperature)
    if top_k == 3:
        weights[[0, 3]] = 0
    frequencies = np.bincount(drawn, minlength=5) / len(drawn)
    np.testing.assert_allclose(frequencies, weights / weights.sum(), atol=0.015)
    assert not frequencies[weights == 0].any()


@pytest.mark.parametrize(("temperature", "drawn"), [(1e-6, {1}), (1e12, {1, 2, 3})])
def test_no_temperature_makes_numbers_overflow(temperature, drawn):
    scores = np.array([[-np.inf, 3e4, -3e4, 2e4]])
    with np.errstate(all="raise"):
        found = draw(np.repeat(scores, 1000, axis=0), temperature, None, np.random.default_rng(1))
    assert set(found.tolist()) == drawn


def test_a_sentence_ends_where_its_end_is_drawn_and_is_never_empty():
    """The first sentence goes on for one token, the second for three, the third is cut off."""
    lasts = np.array([1, 3, 9])
    seen = []

    def next_scores(rows, place):
        seen.append(rows.copy())
        scores = np.zeros((3, 4))
        scores[:, 2] = 1
        scores[place >= lasts, 0] = 2
        return scores

    written, ended = go_on(next_scores, [], 3, 5, lambda scores: scores.argmax(axis=1))
    assert written == [[2], [2] * 3, [2] * 5] and ended == [True, True, False]
    assert len(seen) == 5 and not seen[0].any()
    lasts[:] = 0  # now the end is the likeliest token everywhere
    assert go_on(next_scores, [], 3, 5, lambda scores: scores.argmax(axis=1)) == ([[2]] * 3, [True] * 3)
    assert go_on(next_scores, [3], 3, 5, lambda scores: scores.argmax(axis=1)) == ([[3]] * 3, [True] * 3)


def test_a_line_that_is_cut_off_is_marked(trained, capsys):
    rows = answer(capsys, "write", "王", "--longest", 3, "--lines", 30, "--run", trained)["rows"]
    assert {row["ended"] for row in rows} == {True, False}
    for row in rows:
        assert row["written"].endswith("…") != row["ended"]
        assert len(row["written"].rstrip("…")) <= 3


def test_what_is_copied_is_what_a_search_in_strings_finds(trained, capsys):
    found = answer(capsys, "write", "--lines", 60, "--temperature", 0.5, "--run", trained)
    lines, text = [row["written"].rstrip("…") for row in found["rows"]], two_worlds().split()
    assert [row["memorized"] for row in found["rows"]] == [any(line in known for known in text) for line in lines]
    ngrams = [line[start : start + 5] for line in lines for start in range(len(line) - 4)]
    new = sum(not any(ngram in known for known in text) for ngram in ngrams)
    assert (found["new"], found["ngrams"]) == (new, len(ngrams)) and new > 0
    assert found["notes"] == [f"{new} of {len(ngrams)} 5-grams are new: they occur nowhere in the text"]


def test_sentences_of_the_text_are_memorized(trained):
    """A model that repeats a sentence of the text, and one that changes it."""
    text, vocabulary = two_worlds().split(), WordVectors.load(trained).vocabulary
    known = next(line for line in text if len(line) > 6)
    copy = vocabulary.encode(known)
    other = [*copy[:5], copy[0] % 16 + 1, *copy[6:]]  # one token differs from 王妃皇后…

    def repeats(path):
        return lambda rows, place: np.eye(17)[[np.append(ids, [0])[place] for ids in (copy, other)]] * 99

    found = write(trained, "", 2, 0.1, None, 1, 60, repeats)
    assert [row[1] for row in found["rows"]] == [True, any("".join(vocabulary.decode(other)) in line for line in text)]
    assert found["rows"][0] == [True, True, known]


def test_without_its_text_a_run_writes_and_says_what_is_not_known(run, capsys):
    lines, text = written(capsys, run), run.parent / "worlds.txt"
    text.write_text("牛羊\n" * 99, encoding="utf-8")
    for reason in (f"{text}: has changed since the run", f"{text}: no such file"):
        found = answer(capsys, "write", "--run", run)
        assert found["notes"] == [f"how much of it is new is not known: {reason}"]
        assert (found["new"], found["ngrams"]) == (None, None)
        assert [row["written"] for row in found["rows"]] == lines
        assert {row["memorized"] for row in found["rows"]} == {None}
        text.unlink(missing_ok=True)


def test_what_cannot_be_written_is_refused_before_keras_is_imported(run, tmp_path, monkeypatch):
    monkeypatch.setattr("embedding_tutorial.quiet.import_keras_quietly", lambda: pytest.fail("Keras is imported"))
    assert refused("write", "王龙", "--run", run) == "'龙' has no vector: it is not in the text"
    too_long = "--longest 2: the beginning has 2 characters already"
    assert refused("write", "王 妃", "--longest", 2, "--run", run) == too_long
    other = write_run(tmp_path / "skipgram")
    assert refused("write", "王", "--run", other).startswith(f"{other}: a skipgram cannot write; train a model that")
    assert "python train.py --model gru" in refused("write", "--run", write_run(tmp_path / "cbow", model="cbow"))
    with open(run / "model.keras", "ab") as file:
        file.write(b"more")
    assert refused("write", "王", "--run", run) == (
        f"{run / 'model.keras'}: damaged (is not the file that the run wrote); train it again"
    )
    (run / "model.keras").unlink()
    assert refused("write", "--run", run).startswith(f"{run / 'model.keras'}: damaged (No such file")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert refused("write", "--run", run).startswith("KERAS_BACKEND is torch")


def test_a_file_that_keras_cannot_read_is_one_line(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"PK\x03\x04 no model")
    with pytest.raises(InputError, match="Keras cannot read it"):
        read_model(tmp_path / "model.keras")


@pytest.mark.parametrize(
    ("flag", "number", "expected"),
    [
        ("--temperature", "0", "a number from 1e-06 to 1e+12"),
        ("--temperature", "nan", "a number from 1e-06 to 1e+12"),
        ("--top-k", "0", "a whole number from 1 to 1e+15"),
        ("--lines", "0", "a whole number from 1 to 1000"),
        ("--longest", "1001", "a whole number from 1 to 1000"),
        ("--seed", "-1", "a whole number from 0 to 2.14748e+09"),
    ],
)
def test_a_number_out_of_range_is_one_line(capsys, flag, number, expected):
    assert misused(capsys, "write", f"{flag}={number}").endswith(f"expected {expected}, not '{number}'")


def test_keras_is_loaded_quietly(trained):
    done = run_python("-m", "embedding_tutorial", "write", "王", "--run", trained, "--lines", 2, cwd=trained)
    assert done.returncode == 0 and done.stderr == ""
    note, columns, *lines = done.stdout.splitlines()
    assert note.endswith("in the text") and columns.split() == ["ended", "memorized", "written"]
    assert len(lines) == 2 and all(re.fullmatch(" +(yes|no) +(yes|no) 王\\S*", line) for line in lines)
