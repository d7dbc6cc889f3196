"""``learn()``: from a text to vectors in one line of Python."""

import dataclasses
import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import in_a_terminal, run_python, two_worlds

import embedding_tutorial
import embedding_tutorial.__main__ as asked
from embedding_tutorial import learn
from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.text.encoded_corpus import encode_corpus
from embedding_tutorial.vectors import WordVectors

SMALL = {"dim": 4, "epochs": 1}
LINES = two_worlds().splitlines()


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Each test runs in a directory that holds the two worlds as a file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "worlds.txt").write_text(two_worlds(), encoding="utf-8")
    return tmp_path


def test_a_file_and_the_same_strings_give_the_same_vectors_and_nothing_is_written_or_printed(place, capfd):
    found = [learn(text, **SMALL) for text in ("worlds.txt", place / "worlds.txt", "w*.txt", LINES, pd.Series(LINES))]
    for result in found[1:]:
        np.testing.assert_array_equal(result.vectors.matrix, found[0].vectors.matrix)
    assert [path.name for path in place.iterdir()] == ["worlds.txt"]
    assert capfd.readouterr() == ("", "")
    assert found[0].history["loss"].notna().all() and found[0].model.layers[0].name == "embedding"


@pytest.mark.parametrize("kind", [list, tuple, lambda lines: (list(line) for line in lines)])
def test_lists_of_tokens_are_counted_as_gensim_counts_them(kind):
    from gensim.models import Word2Vec

    sentences = [list(line[:3]) + ["New_York", line[3:]] for line in LINES]
    expected = Word2Vec(min_count=5, vector_size=4)
    expected.build_vocab(sentences)
    result = learn(kind(sentences), min_count=5, **SMALL)
    counts = dict(zip(result.vectors.index_to_key, result.vectors.counts.tolist(), strict=True))
    assert counts == {token: expected.wv.get_vecattr(token, "count") for token in expected.wv.index_to_key}


def test_a_text_in_memory_has_the_hash_of_a_file_with_its_lines(place):
    config = TrainingConfig(corpus=None)
    expected = hashlib.sha256((place / "worlds.txt").read_bytes()).hexdigest()
    assert encode_corpus(config, LINES).sha256 == encode_corpus(TrainingConfig(corpus="worlds.txt")).sha256 == expected


def test_a_run_is_written_where_out_says_and_goes_on_with_the_same_sentences(place, monkeypatch):
    class Stop(Exception):
        pass

    import keras

    class Stops(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise Stop

    expected = learn(LINES, dim=4, epochs=2).vectors.matrix
    with pytest.raises(Stop):
        learn(LINES, dim=4, epochs=2, out="run", callbacks=[Stops()])
    with pytest.raises(InputError, match=r"^resume run: was begun on another text than the sentences is now$"):
        learn(LINES[1:], resume="run")
    with pytest.raises(InputError, match=r"^resume run: was begun with dim 4, not 5"):
        learn(LINES, resume="run", dim=5)
    np.testing.assert_array_equal(learn(LINES, resume="run").vectors.matrix, expected)
    np.testing.assert_array_equal(WordVectors.load("run").matrix, expected)
    assert json.loads((place / "run" / "run.json").read_text(encoding="utf-8"))["config"]["corpus"] is None


def test_a_resumed_run_has_a_text_of_its_own(place):
    learn("worlds.txt", out="run", **SMALL)
    (place / "run" / "run.json").unlink()
    resumed = learn(resume="run")
    assert resumed.trained_on.startswith(f"skipgram on {place / 'worlds.txt'}, 400 sentences")


def test_answers_from_a_run_of_sentences_in_memory_say_that_they_are_not_kept(place):
    learn(LINES, out="run", **SMALL)
    asked = run_python("-m", "embedding_tutorial", "neighbors", "水", "--run", "run", cwd=place)
    assert asked.returncode == 1 and "learned from sentences in memory" in asked.stderr
    resumed = run_python(Path(embedding_tutorial.__file__).parent.parent / "train.py", "--resume", "run", cwd=place)
    assert "finished" in resumed.stdout


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("gone.txt", {}, "gone.txt: no such file"),
        (["王妃", float("nan")], {}, "text: item 1 is nan, no string and no list of tokens; leave it out"),
        ([b"\xe7"], {}, "text: item 0 is b'\\\\xe7', no string"),
        ([["New York"]], {}, "text: item 0: 'New York' cannot be a token: .*New_York"),
        ([["a", ""]], {}, "text: item 0: '' cannot be a token"),
        ([["a", 3]], {}, "text: item 0: 3 cannot be a token"),
        ([["a"]], {"tokens": "words"}, "text: item 0 is a list of tokens: say tokens blanks"),
        (["a\ud800"], {}, r"text: item 0 holds '\\ud800', which is no character"),
        (pd.DataFrame({"text": LINES}), {}, "text: is a table; name a column"),
        ([], {}, "the sentences: holds no text"),
        (["王妃"], {}, "the sentences: only 0 different characters .* smaller min_count$"),
        ("worlds.txt", {"epochs": 0}, "epochs must be at least 1, not 0"),
        ("worlds.txt", {"epochs": "2"}, "epochs must be a whole number, not '2'"),
        ("worlds.txt", {"min_count": None}, "min_count must be a whole number, not None"),
        ("worlds.txt", {"negatives": True}, "negatives must be a whole number, not True"),
        ("worlds.txt", {"tokens": "letters"}, "tokens must be one of characters, words, blanks, not letters"),
        ("worlds.txt", {"distribute": "data"}, "distribute needs a run directory"),
        ("worlds.txt", {"init": "gone.txt"}, "init gone.txt|gone.txt"),
    ],
)
def test_bad_input_is_one_line_that_names_the_argument(text, settings, message):
    with pytest.raises(InputError, match=f"^{message}"):
        learn(text, **settings)


def test_a_setting_that_is_not_there_is_told_with_the_near_one():
    with pytest.raises(TypeError, match=r"^learn\(\) has no setting 'epoch'; did you mean epochs\?$"):
        learn("worlds.txt", epoch=2)


def test_numbers_of_numpy_are_settings_too():
    config = TrainingConfig(epochs=np.int64(2), sample=np.float32(0.5), learning_rate=1, out="run")
    assert json.dumps(config.to_json(Path("run")))
    assert [type(value) for value in (config.epochs, config.sample, config.learning_rate)] == [int, float, float]
    assert dataclasses.replace(config).out == Path("run")


def test_a_result_says_what_it_learned_from():
    result = learn(LINES, **SMALL)
    assert re.fullmatch(
        r"<TrainingResult: skipgram on the sentences, 400 sentences, [\d,]+ characters, 1 epochs, [\d.]+ s; "
        r"<WordVectors: 16 tokens \(. . . . . …\), 4 numbers each>>",
        repr(result),
    )


def test_a_script_without_a_guard_shows_a_bar_in_a_terminal_and_only_that(place):
    (place / "script.py").write_text(
        "from embedding_tutorial import learn, progress\nprogress.PATIENCE = 0\n"
        "learn('worlds.txt', tokens='words', min_count=1, dim=4, epochs=3)\nprint('done')\n",
        encoding="utf-8",
    )
    shown = in_a_terminal(place / "script.py")
    assert "training" in shown and shown.rstrip().endswith("done") and "loss" not in shown


def test_groups_of_one_s_own_are_watched_and_colour_the_projector(place):
    (place / "groups.tsv").write_text("court\t王\ncourt\t妃\nfarm\t牛\nfarm\t羊\n", encoding="utf-8")
    result = learn(LINES, categories="groups.tsv", out="run", dim=4, epochs=5)
    assert result.history["category_agreement"].iloc[-1] == 1
    labels = (place / "run" / "metadata.tsv").read_text(encoding="utf-8")
    assert "court" in labels and "farm" in labels
    with pytest.raises(InputError, match=r"gone\.tsv"):
        learn(LINES, categories="gone.tsv", **SMALL)


def next_token():
    import keras

    from embedding_tutorial.model.layers import Shift

    return [Shift(), keras.layers.Dense(4)]


def test_layers_of_one_s_own_are_written_told_and_not_trained_anew_without_them(place, capfd):
    result = learn("worlds.txt", model="gru", layers=next_token, out="own", **SMALL)
    run = json.loads((place / "own" / "run.json").read_text(encoding="utf-8"))
    assert run["layers"] == ["Embedding", "Shift", "Dense", "TokenScores"] and run["own"] == ["layers"]
    assert run["perplexity"] == result.perplexity and result.perplexity["model"] > 1
    asked.main(["evaluate", "--run", "own"])
    assert "perplexity, held-out sentences" in capfd.readouterr().out
    with pytest.raises(InputError, match="--controls cannot train it anew: a program gave it layers"):
        asked.retraining(Path("own"))


def test_layers_need_to_know_from_where_they_predict():
    with pytest.raises(InputError, match=r"layers: go with model='cbow' if .* with 'gru' if"):
        learn("worlds.txt", layers=next_token, **SMALL)
