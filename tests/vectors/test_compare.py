"""Runs side by side: which are one training, which are its seeds, and whose losses may be ranked."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import write_run

from embedding_tutorial import __main__ as ask
from embedding_tutorial.vectors.word_vectors import WordVectors

GIVEN = Path("given.txt")


@pytest.fixture
def compared(tmp_path, capsys, monkeypatch):
    """``compared({"a": {"seed": 2, "loss": 1.5}, …})``: the rows of a comparison of such runs, by their first cell."""

    monkeypatch.chdir(tmp_path)

    def compare(runs, *more):
        WordVectors("王", [1], np.ones((1, 4))).save_word2vec(GIVEN)
        for name, settings in runs.items():
            write_run(tmp_path / name, **settings)
        capsys.readouterr()
        ask.main(["compare", *map(str, [*(tmp_path / name for name in runs), *more]), "--json"])
        rows = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)["rows"]
        assert len({row["run"] for row in rows}) == len(rows)
        return {row["run"].removeprefix(f"{tmp_path}/"): row for row in rows}

    return compare


def test_seeds_get_their_mean_and_deviation(compared):
    losses = [2.25, 2.5, 2.125]
    rows = compared({f"s{seed}": {"seed": seed, "loss": loss} for seed, loss in enumerate(losses)})
    assert list(rows)[3:] == ["mean of 3 seeds", "deviation of 3 seeds"]
    assert rows["mean of 3 seeds"]["val_loss"] == pytest.approx(np.mean(losses), abs=1e-4)
    assert rows["deviation of 3 seeds"]["val_loss"] == pytest.approx(np.std(losses, ddof=1), abs=1e-4)
    assert rows["mean of 3 seeds"]["seconds"] == 1.5 and rows["mean of 3 seeds"]["vocabulary"] == 16


def test_a_run_named_twice_is_one_run(compared, tmp_path):
    (tmp_path / "link").symlink_to("a")
    assert len(compared({"a": {}}, tmp_path / "a", "a", "./a/", "link")) == 1


def test_a_copy_is_shown_and_counts_once(compared, tmp_path):
    write_run(tmp_path / "one" / "a", seed=1, loss=2)
    shutil.copytree(tmp_path / "one" / "a", tmp_path / "one" / "copy")
    rows = compared({"b": {"seed": 2, "loss": 3}}, tmp_path / "one" / "a", tmp_path / "one" / "copy")
    assert list(rows) == ["b", "one/a", "one/copy", "mean of 2 seeds", "deviation of 2 seeds"]
    assert rows["mean of 2 seeds"]["val_loss"] == 2.5
    assert [row["loss rank"] for row in rows.values()] == [None] * 5
    rows = compared({"c": {"seed": 1, "dim": 8, "loss": 2.1}}, tmp_path / "one" / "a", tmp_path / "one" / "copy")
    assert [row["loss rank"] for row in rows.values()] == [2, 1, 1]


@pytest.mark.parametrize("setting", [{"init": GIVEN}, {"validation_split": 0.1}, {"epochs": 3}, {"sample": 0.01}])
def test_runs_that_differ_by_more_than_the_seed_have_no_mean(compared, setting):
    rows = compared({"a": {"seed": 1}, "b": {"seed": 2, **setting}})
    assert list(rows) == ["a", "b"]
    (name,) = setting
    assert rows["a"][name] != rows["b"][name]  # a column tells them apart


def test_runs_of_different_texts_are_told_apart(compared, tmp_path):
    (tmp_path / "other.txt").write_text("王妃" * 100, encoding="utf-8")
    rows = compared({"a": {"seed": 1}, "b": {"seed": 2, "corpus": tmp_path / "other.txt"}})
    assert list(rows) == ["a", "b"] and rows["a"]["text"] != rows["b"]["text"]
    assert {row["loss rank"] for row in rows.values()} == {None}


def test_seeds_that_started_from_the_same_vectors_are_seeds_of_each_other(compared):
    runs = {f"s{seed}": {"seed": seed, "init": GIVEN, "loss": seed} for seed in (1, 2)}
    rows = compared({**runs, "cold": {"seed": 3, "loss": 9}})
    assert rows["mean of 2 seeds"]["val_loss"] == 1.5


def test_losses_are_ranked_where_they_measure_the_same(compared):
    rows = compared({
        "a": {"loss": 2.5},
        "b": {"loss": 2.25, "dim": 16, "epochs": 3, "learning_rate": 0.1, "sample": 0.01, "batch_size": 64},
        "c": {"loss": 2.375, "dim": 8},
        "seed": {"loss": 2.0, "seed": 2},  # holds out other sentences
        "split": {"loss": 2.0, "validation_split": 0.1},  # and more of them
        "cbow": {"loss": 2.0, "model": "cbow"},
        "window": {"loss": 2.0, "window": 2},
        "negatives": {"loss": 2.0, "negatives": 9},
        "vocabulary": {"loss": 2.0, "min_count": 1},
        "warm": {"loss": 2.0, "init": GIVEN},  # may have seen the sentences before
    })
    ranks = {name: row["loss rank"] for name, row in rows.items() if row["loss rank"]}
    assert ranks == {"a": 3, "b": 1, "c": 2}


def test_a_run_without_validation_has_no_loss_and_no_rank(compared):
    runs = {f"{size}": {"loss": None, "validation_split": 0, "dim": size} for size in (4, 8)}
    rows = compared({**runs, "nan": {"loss": "nan"}, "one": {"loss": 2.5, "dim": 8}})
    assert [row["val_loss"] for row in rows.values()] == [None, None, None, 2.5]
    assert {row["loss rank"] for row in rows.values()} == {None}


@pytest.mark.shipped
def test_what_is_not_known_is_a_dash(tmp_path, capsys):
    write_run(tmp_path / "a", loss=None, validation_split=0)
    write_run(tmp_path / "b", loss=None, validation_split=0, seed=2)
    ask.main(["compare", str(tmp_path / "a"), str(tmp_path / "b")])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[-4:-2] for line in lines[1:]] == [["-", "-"]] * 4
