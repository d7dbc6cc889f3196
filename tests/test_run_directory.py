"""Who may write to a run directory, what a new run leaves of an earlier one, and how files are read back."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import run_python, two_worlds

import train
from embedding_tutorial import __main__ as ask
from embedding_tutorial import learning
from embedding_tutorial.config import InputError
from embedding_tutorial.run_directory import CHECKPOINT, LOCK, begin, checked, claim, read_run
from embedding_tutorial.vectors.word_vectors import WordVectors

SETTINGS = {"corpus": "text.txt", "corpus_sha256": "", "tokens": "characters", "dim": 8}


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A working directory with two texts of one name."""
    for name, sentences in (("a", 40), ("b", 60)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "my.txt").write_text(two_worlds(sentences), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def learn(*arguments: str) -> None:
    train.main(["--epochs", "1", "--dim", "4", *arguments])


def contents(directory: Path) -> dict[str, bytes]:
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
def run(finished_run, tmp_path):
    shutil.copytree(finished_run[0], tmp_path / "runs" / "run")
    shutil.copy(finished_run[0].parent.parent / "worlds.txt", tmp_path)
    return tmp_path / "runs" / "run"


def test_only_an_empty_place_or_a_run_is_claimed(tmp_path):
    with claim(tmp_path / "new" / "run") as begun:
        assert begun is None
    assert not (tmp_path / "new").exists()  # nothing began in it
    (tmp_path / "new" / "run").mkdir(parents=True)
    (tmp_path / "new" / "run" / "config.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    with claim(tmp_path / "new" / "run") as begun:
        assert begun == SETTINGS
    (tmp_path / "file").touch()
    for path, message in (("new", "no run directory"), ("file", "is a file"), ("file/below", "cannot be written")):
        with pytest.raises(InputError, match=message), claim(tmp_path / path):
            pass


def test_a_directory_of_another_program_is_left_as_it_is(place):
    """A model folder of Hugging Face has a config.json, too."""
    for name in ("train/data.arrow", "validation/data.arrow", "epochs/1", "metadata.tsv", "model.keras"):
        (place / "bert" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "bert" / name).write_text("precious", encoding="utf-8")
    for content in ('{"model_type": "bert", "dim": 768}', "{}", ""):
        (place / "bert" / "config.json").write_text(content, encoding="utf-8")
        before = contents(place)
        with pytest.raises(InputError, match="bert: is not empty and no run directory"):
            learn("--corpus", "a/my.txt", "--out", "bert")
        assert contents(place) == before


@pytest.mark.parametrize("begun", [None, SETTINGS])
def test_what_a_crash_left_before_the_settings_were_written_is_removed_by_the_next_run(tmp_path, begun):
    for name in (LOCK, ".config.partial.json"):
        (tmp_path / name).touch()
    if begun:
        (tmp_path / "config.json").write_text(json.dumps(begun), encoding="utf-8")
    with claim(tmp_path) as held:
        assert held == begun
        assert not (tmp_path / ".config.partial.json").exists()


def test_two_processes_never_write_to_one_run(tmp_path):
    code = "import sys\nfrom pathlib import Path\nfrom embedding_tutorial.run_directory import claim\n"
    code += "with claim(Path(sys.argv[1])): pass"
    with claim(tmp_path):
        done = run_python("-c", code, tmp_path, cwd=tmp_path)
        assert "another process is writing to it" in done.stderr
    assert run_python("-c", code, tmp_path, cwd=tmp_path).returncode == 0


def test_a_new_run_begins_without_an_earlier_one_s_files_and_leaves_those_of_others(tmp_path):
    for name in ("train", "epochs"):
        (tmp_path / name).mkdir()
    ours = ["events.out.tfevents.1", "train/events.out.tfevents.2", "run.json", CHECKPOINT, "epochs/epoch_0001.tsv"]
    for name in [*ours, ".vectors.partial.npy", "epochs/.epoch_0002.partial.tsv"]:
        (tmp_path / name).touch()
    for name in ("notes.txt", "epochs/epoch_of_mine.tsv"):
        (tmp_path / name).touch()
    begin(tmp_path, {"dim": 3})
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert left == ["config.json", "epochs", "epochs/epoch_of_mine.tsv", "notes.txt"]
    assert json.loads((tmp_path / "config.json").read_text(encoding="utf-8")) == {"dim": 3}


def test_the_run_of_another_text_is_not_replaced_unless_that_is_said(place, capsys, monkeypatch):
    learn("--corpus", "a/my.txt")
    before = contents(place / "runs")
    for arguments in (["--corpus", "b/my.txt"], ["--corpus", "b/my.txt", "--epochs", "2"]):
        with pytest.raises(
            InputError, match=r"runs/my-characters: holds a run of another text; .* --out, .* --replace"
        ):
            learn(*arguments)
        assert contents(place / "runs") == before
    shutil.move(place / "a" / "my.txt", place / "my.txt")
    learn("--corpus", "my.txt")  # the same text, somewhere else
    with monkeypatch.context() as patch:  # where nothing can be refused, no text is read for it
        patch.setattr(learning, "text_sha256", lambda path: pytest.fail("the text was read twice"))
        learn("--corpus", "b/my.txt", "--out", "runs/my-characters")
    capsys.readouterr()
    learn("--corpus", "my.txt", "--replace")
    assert "runs/my-characters holds an earlier run; this one replaces it" in capsys.readouterr().out


def test_a_new_run_does_not_remove_what_it_starts_from(place):
    learn("--corpus", "a/my.txt")
    before = contents(place / "runs")
    for flag, name in (("--init", "vectors.txt"), ("--corpus", "vocabulary.json")):
        with pytest.raises(InputError, match=f"{name}: the new run would remove it; name another directory"):
            learn("--corpus", "a/my.txt", "--out", "runs/my-characters", flag, f"runs/my-characters/{name}")
        assert contents(place / "runs") == before


def test_what_can_be_refused_is_refused_before_the_text_is_read(place, monkeypatch):
    monkeypatch.setattr(learning, "encode_corpus", lambda config: pytest.fail("the text was read"))
    (place / "mine").mkdir()
    (place / "mine" / "thesis.txt").touch()
    before = sorted(place.rglob("*"))
    for arguments, message in (
        (["--out", "mine"], "mine: is not empty"),
        (["--init", "b/my.txt"], "b/my.txt, line 1"),
        (["--font", "b/my.txt"], "cannot be read as a TrueType"),
        (["--corpus", "c/my.txt"], "c/my.txt: no such file"),
    ):
        with pytest.raises(InputError, match=message):
            learn("--corpus", "a/my.txt", *arguments)
        assert sorted(place.rglob("*")) == before  # and no empty directory stays behind


@pytest.mark.parametrize("name", [LOCK, "train", "validation", "epochs", "drawn"])
def test_a_directory_that_leads_out_of_itself_is_refused(tmp_path, name):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    (tmp_path / "run" / name).symlink_to(tmp_path / "theirs")
    with pytest.raises(InputError, match=f"{name} in it is a link"), claim(tmp_path / "run"):
        pass


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("history.csv", ["compare", "run"]),
        ("epochs/epoch_0000.tsv", ["evaluate", "--run", "run"]),
        ("vectors.npy", ["neighbors", "王", "--run", "run"]),
        ("vocabulary.json", ["neighbors", "王", "--run", "run"]),
    ],
)
def test_answers_come_from_files_of_this_run_only(run, monkeypatch, name, question):
    monkeypatch.chdir(run.parent)
    ask.main(question)
    lines = (run / name).read_bytes().splitlines(keepends=True)
    (run / name).write_bytes(b"".join(reversed(lines)))
    with pytest.raises(InputError, match=f"{name}: damaged .is not the file that the run wrote"):
        ask.main(question)
    (run / name).unlink()
    with pytest.raises(InputError, match=f"{name}: damaged"):
        ask.main(question)


def test_all_that_is_exported_can_be_checked(run):
    files = read_run(run)["files"]
    beside = {"config.json", "run.json", "projector_config.pbtxt", LOCK}
    assert {name for name in contents(run) if "tfevents" not in name} == {*files, *beside}
    for name in files:
        assert checked(run, read_run(run), name) == run / name


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with a name are Unix's")
@pytest.mark.parametrize("name", ["run.json", "vectors.npy", "config.json", CHECKPOINT])
def test_a_pipe_in_the_place_of_a_file_is_refused_not_waited_for(run, name):
    (run / name).unlink(missing_ok=True)
    os.mkfifo(run / name)
    if name in ("run.json", "vectors.npy"):
        with pytest.raises(InputError, match=r"damaged \(is no regular file\)"):
            WordVectors.load(run)
        return
    (run / "run.json").unlink()
    with pytest.raises(InputError, match=r"its config.json is damaged|no regular file"):
        train.main(["--resume", str(run)])


def test_people_may_share_the_settings_and_move_the_whole(place):
    learn("--corpus", "a/my.txt")
    for name in ("config.json", "run.json"):
        assert str(place) not in (place / "runs/my-characters" / name).read_text(encoding="utf-8")
    expected = WordVectors.load("runs/my-characters").matrix
    (place / "moved").mkdir()
    for name in ("a", "runs"):
        shutil.move(place / name, place / "moved" / name)
    for name in ("run.json", CHECKPOINT):
        (place / "moved/runs/my-characters" / name).unlink(missing_ok=True)
    train.main(["--resume", "moved/runs/my-characters"])
    np.testing.assert_array_equal(WordVectors.load("moved/runs/my-characters").matrix, expected)
