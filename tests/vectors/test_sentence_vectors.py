"""Vectors for sentences, and the sentences of a text that are nearest to one."""

import json
import os

import numpy as np
import pytest
from conftest import write_run

from embedding_tutorial import __main__ as ask
from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.text.tokenizers import tokenize
from embedding_tutorial.vectors import sentence_vectors as module
from embedding_tutorial.vectors.sentence_vectors import (
    first_component,
    read_again,
    sentence_vectors,
    without,
)
from embedding_tutorial.vectors.word_vectors import WordVectors

LINES = ["王妃很漂亮。", "公主很漂亮！", "牛在田里。", "公主很漂亮！", "羊在田里", "龘龘", "王妃爱公主。牛爱羊。"]


def example(directory, name="run", lines=LINES, **settings):
    """A finished run with random vectors, all characters known but 龘."""
    text = directory / f"{name}.txt"
    text.write_text("\n".join(lines), encoding="utf-8")
    tokens = settings.get("tokens", "characters")
    known = dict.fromkeys(token for line in lines for token in tokenize(line, tokens) if "龘" not in token)
    counts = np.arange(len(known), 0, -1) * 10
    vectors = WordVectors([*known], counts, np.random.default_rng(3).normal(size=(len(known), 6)))
    return write_run(directory / name, vectors=vectors, corpus=text, dim=6, **settings)


def answer(capsys, *arguments):
    capsys.readouterr()
    ask.main(["sentences", *map(str, arguments), "--json"])
    return json.loads(capsys.readouterr().out)


def test_a_sentence_is_the_weighted_mean_of_its_known_tokens():
    vectors = WordVectors("ab", [999, 1], np.array([[1, 0], [0, 4]]))
    # The shares are .999 and .001, so the weights are .001 / 1 and .001 / .002.
    np.testing.assert_allclose(vectors.sentence(["a", "b", "?", "b"]), [0.001 / 3, 2 * 0.5 * 4 / 3], rtol=1e-6)
    np.testing.assert_allclose(vectors.sentence("b"), [0, 2])
    with pytest.raises(KeyError):
        vectors.sentence(["?"])
    with pytest.raises(KeyError):
        vectors.sentence([])


def test_without_counts_all_tokens_weigh_the_same():
    vectors = WordVectors("ab", [0, 0], np.array([[1, 0], [0, 4]]))
    np.testing.assert_array_equal(vectors.sentence("ab"), [0.5, 2])


@pytest.fixture(scope="module")
def many():
    """Rows, ids and lengths of random sentences, the first and the last empty; and their means by a loop."""
    draw = np.random.default_rng(0)
    lengths = np.concatenate([[0], draw.integers(0, 30, 300), [200, 0, 0]])
    rows, ids = draw.normal(size=(50, 7)), draw.integers(1, 51, lengths.sum())
    parts = np.split(ids, np.cumsum(lengths)[:-1])
    means = [np.mean([rows[id - 1] for id in part], axis=0) if len(part) else np.zeros(7) for part in parts]
    return rows, ids, lengths, np.array(means)


@pytest.mark.parametrize("block", [1, 64, 1 << 20])
def test_means_are_those_of_a_loop_in_blocks_of_any_size(many, monkeypatch, block):
    monkeypatch.setattr(module, "BLOCK", block)
    *given, means = many
    np.testing.assert_allclose(np.concatenate([*sentence_vectors(*given)]), means, atol=1e-12)


def test_the_component_is_the_first_of_the_svd(many, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 64)
    *given, means = many
    first = np.linalg.svd(means)[2][0]
    component = first_component(*given)
    np.testing.assert_allclose(component * np.sign(component @ first), first, atol=1e-9)
    np.testing.assert_allclose(without(component, means) @ first, 0, atol=1e-9)


@pytest.mark.parametrize("tokens", ["characters", "words", "blanks"])
def test_texts_and_ids_belong_together(tmp_path, tokens):
    lines = [" ".join(line) for line in LINES] if tokens == "blanks" else LINES
    run = example(tmp_path, lines=lines, tokens=tokens)
    vocabulary = WordVectors.load(run).vocabulary
    read = read_again(TrainingConfig(corpus=tmp_path / "run.txt", tokens=tokens), vocabulary)
    assert len(read.texts) == (6 if tokens == "blanks" else 7)  # 龘龘 is left out; the last line holds two sentences
    for text, ids in zip(read.texts, np.split(read.ids, np.cumsum(read.lengths)[:-1]), strict=True):
        assert vocabulary.decode(ids) == list(tokenize(text, tokens))


def test_the_nearest_sentences_are_those_of_plain_numpy(tmp_path, capsys):
    run = example(tmp_path)
    vectors = WordVectors.load(run)
    texts = ["王妃很漂亮。", "公主很漂亮！", "牛在田里。", "公主很漂亮！", "羊在田里", "王妃爱公主。", "牛爱羊。"]
    share = vectors.counts / vectors.counts.sum()
    weighted = dict(zip(vectors.index_to_key, vectors.matrix * (1e-3 / (1e-3 + share))[:, None], strict=True))
    means = np.array([np.mean([weighted[token] for token in text], axis=0) for text in texts])
    first = np.linalg.svd(means)[2][0]
    means -= np.outer(means @ first, first)
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    cosines = dict(zip(texts, means @ means[0], strict=True))
    del cosines["王妃很漂亮。"]  # the sentence itself
    found = answer(capsys, "王妃很漂亮。", "--run", run, "--topn", "9")
    assert found["notes"] == []
    assert [row["nearest"] for row in found["rows"]] == sorted(cosines, key=cosines.get, reverse=True)
    np.testing.assert_allclose([row["cosine"] for row in found["rows"]], sorted(cosines.values())[::-1], atol=6e-4)
    assert answer(capsys, " 王妃很漂亮。", "--run", run, "--topn", "2")["rows"] == found["rows"][:2]


def test_tokens_without_a_vector_are_named_once(tmp_path, capsys):
    run = example(tmp_path)
    plain, found = (answer(capsys, asked, "--run", run) for asked in ("公主爱牛", "龘公主爱牛X龘"))
    assert found == {"notes": ["without a vector, so left out: 龘 X"], "rows": plain["rows"]}


def test_what_cannot_be_answered_is_refused_in_one_line(tmp_path):
    run = example(tmp_path)

    def refused(asked):
        with pytest.raises(InputError) as error:
            ask.main(["sentences", asked, "--run", str(run)])
        return str(error.value)

    assert refused("龘") == "'龘': none of its characters has a vector"
    assert refused("") == "'': none of its characters has a vector"
    text = tmp_path / "run.txt"
    text.write_text("王妃", encoding="utf-8")
    assert refused("王妃").startswith(f"{text}: has changed since the run")
    text.unlink()
    assert refused("王妃").startswith(f"{text}: no such file")


def test_a_pipe_is_not_read_again(tmp_path):
    run = example(tmp_path)
    (tmp_path / "run.txt").unlink()
    os.mkfifo(tmp_path / "run.txt")
    with pytest.raises(InputError, match="is no file that can be read again"):
        ask.main(["sentences", "王妃", "--run", str(run)])
