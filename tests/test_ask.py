"""``python -m embedding_tutorial``: questions to a finished run."""

import io
import json
import os
import shutil
import subprocess
import sys

import pytest
from conftest import COURT, FARM, REPOSITORY, run_python, run_train, two_worlds

from embedding_tutorial import __main__ as ask
from embedding_tutorial.config import InputError
from embedding_tutorial.vectors import WordVectors


@pytest.fixture
def place(finished_run, monkeypatch):
    """The directory from which the run was trained, as the working directory."""
    monkeypatch.chdir(finished_run[0].parent.parent)
    return finished_run[0]


def answer(capsys, *arguments):
    capsys.readouterr()
    ask.main([*arguments, "--json"])
    return json.loads(capsys.readouterr().out)


def test_neighbours_are_those_of_the_vectors(place, capsys):
    rows = answer(capsys, "neighbors", "王", "牛", "--topn", "7")["rows"]
    vectors = WordVectors.load(place)
    for asked, world in (("王", COURT), ("牛", FARM)):
        found = [(row["nearest"], row["cosine"]) for row in rows if row["asked"] == asked]
        assert found == [(token, round(cosine, 3)) for token, cosine in vectors.most_similar(asked, topn=7)]
        assert {token for token, _ in found} == set(world) - {asked}


def test_a_composed_word_is_said_to_be_composed(place, capsys):
    found = answer(capsys, "neighbors", "王妃")
    assert found["notes"] == ["王妃 is composed of 王 + 妃"]
    assert not {"王", "妃"} & {row["nearest"] for row in found["rows"]}


def test_similarity_comes_with_ranks(place, capsys):
    vectors = WordVectors.load(place)
    (row,) = answer(capsys, "similarity", "王", "妃")["rows"]
    assert row["cosine"] == round(vectors.similarity("王", "妃"), 3)
    order = [token for token, _ in vectors.most_similar("王", topn=16)]
    assert row["妃 near 王"] == order.index("妃") + 1
    assert answer(capsys, "similarity", "王", "王")["rows"][0]["cosine"] == 1.0


def test_analogy_and_odd_one_out(place, capsys):
    vectors = WordVectors.load(place)
    found = [row["answer"] for row in answer(capsys, "analogy", "王", "后", "皇")["rows"]]
    assert found == [token for token, _ in vectors.most_similar(["后", "皇"], ["王"], topn=5)]
    assert answer(capsys, "odd-one-out", "牛", "王", "羊", "鸡")["rows"] == [{"odd one out": "王"}]


def test_evaluation_stands_beside_chance_and_untrained(place, capsys):
    rows = answer(capsys, "evaluate")["rows"]
    radicals = {row["of"]: row for row in rows if row["figure"] == "radical agreement"}
    assert set(radicals) == {"trained", "untrained"}
    assert radicals["trained"]["from"] <= radicals["trained"]["value"] <= radicals["trained"]["to"]
    assert 0 < radicals["trained"]["chance"] < 1


def test_standard_files_are_evaluated(place, capsys, tmp_path):
    (tmp_path / "pairs").write_text("王\t妃\t9\n王\t牛\t1\n牛\t羊\t8\n王\t龙\t5\n", encoding="utf-8")
    (tmp_path / "questions").write_text(": farm\n牛 羊 鸡 鸭\n王 龙 后 皇\n", encoding="utf-8")
    found = answer(capsys, "evaluate", "--pairs", str(tmp_path / "pairs"), "--analogies", str(tmp_path / "questions"))
    figures = {row["figure"]: row for row in found["rows"]}
    assert figures["word pairs, Spearman"]["tokens"] == 3 and figures["word pairs, Spearman"]["value"] > 0
    assert figures["analogies, farm"]["tokens"] == 1
    assert any("3 of 4 pairs" in note for note in found["notes"])
    assert any(note.startswith("farm: 1 of 2 questions have vectors") for note in found["notes"])


def test_controls_fall_to_chance_and_twins_find_each_other(place, capsys):
    capsys.readouterr()
    ask.main(["evaluate", "--controls"])
    printed = capsys.readouterr().out
    assert "shuffled text" in printed and "PPMI + SVD" in printed and "twin among the 10 nearest" in printed


def test_runs_are_compared_side_by_side(place, capsys, tmp_path):
    (tmp_path / "worlds.txt").write_text(two_worlds(), encoding="utf-8")
    common = ("--corpus", "worlds.txt", "--dim", "4", "--epochs", "2")
    for name, *options in (("a", "--seed", "1"), ("b", "--seed", "2"), ("c", "--model", "cbow")):
        assert run_train(*common, *options, "--out", name, cwd=tmp_path).returncode == 0
    rows = answer(capsys, "compare", *(str(tmp_path / name) for name in "abc"))["rows"]
    assert [row["run"] for row in rows[3:]] == ["mean of 2 seeds", "deviation of 2 seeds"]
    a, b, c, mean, deviation = rows
    assert {a["loss rank"], b["loss rank"]} == {1, 2} and c["loss rank"] is None
    assert [row["model"] for row in rows] == ["skipgram", "skipgram", "cbow", "skipgram", "skipgram"]
    assert mean["val_loss"] == pytest.approx((a["val_loss"] + b["val_loss"]) / 2, abs=1e-4)
    assert deviation["val_loss"] == pytest.approx(abs(a["val_loss"] - b["val_loss"]) / 2**0.5, abs=1e-4)


def test_the_newest_run_is_asked_unless_one_is_named(place, monkeypatch, tmp_path):
    shutil.copytree(place, tmp_path / "runs" / "old")
    shutil.copytree(place, tmp_path / "runs" / "new")
    os.utime(tmp_path / "runs" / "old" / "run.json", (1, 1))
    monkeypatch.chdir(tmp_path)
    assert ask.newest_run().name == "new"
    (tmp_path / "runs" / "new" / "run.json").unlink()
    assert ask.newest_run().name == "old"
    monkeypatch.chdir("/")
    with pytest.raises(InputError, match="no finished run"):
        ask.newest_run()


def command(*arguments, cwd):
    return run_python("-m", "embedding_tutorial", *arguments, cwd=cwd)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["neighbors", "龙"], "'龙' has no vector: it is not in the text"),
        (["similarity", "王", "王龙"], "'王龙' has no vector"),
        (["neighbors", "王", "--run", "nowhere"], "nowhere: no such directory"),
        (["compare", "runs"], "runs: is no run directory"),
    ],
)
def test_what_cannot_be_answered_gets_one_clear_line(place, arguments, message):
    done = command(*arguments, cwd=place.parent.parent)
    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert message in line


def test_a_rare_token_is_said_to_be_rare(tmp_path):
    (tmp_path / "text.txt").write_text(two_worlds(40) + "龙来了\n龙走\n", encoding="utf-8")
    assert run_train("--corpus", "text.txt", "--epochs", "1", "--dim", "4", cwd=tmp_path).returncode == 0
    done = command("neighbors", "龙", cwd=tmp_path)
    assert "'龙' has no vector: seen 2 times, fewer than --min-count 5" in done.stderr


def test_a_table_is_printed_for_people(place):
    done = command("neighbors", "王", "--topn", "2", cwd=place.parent.parent)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 3
    assert done.stdout.splitlines()[0].split() == ["asked", "nearest", "cosine", "count"]


def test_answers_need_neither_keras_nor_tensorflow(place):
    code = "import sys; from embedding_tutorial.__main__ import main; main(['evaluate']); print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=place.parent.parent,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert not {"keras", "tensorflow"} & set(io.StringIO(done.stdout).read().split())
