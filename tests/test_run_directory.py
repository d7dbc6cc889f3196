"""Who may write to a run directory, and what a new run leaves of an earlier one."""

import json

import pytest
from conftest import run_python

from embedding_tutorial.config import InputError
from embedding_tutorial.run_directory import begin, claim

SETTINGS = {"corpus": "text.txt", "corpus_sha256": "", "tokens": "characters", "dim": 8}


def test_only_an_empty_place_or_a_run_is_claimed(tmp_path):
    with claim(tmp_path / "new" / "run") as begun:
        assert begun is None
    assert not (tmp_path / "new").exists()  # nothing began in it
    (tmp_path / "new" / "run").mkdir(parents=True)
    (tmp_path / "new" / "run" / "config.json").write_text(json.dumps(SETTINGS), encoding="utf-8")
    with claim(tmp_path / "new" / "run") as begun:
        assert begun["dim"] == 8
    (tmp_path / "file").touch()
    for path, message in (("new", "no run directory"), ("file", "is a file"), ("file/below", "cannot be written")):
        with pytest.raises(InputError, match=message), claim(tmp_path / path):
            pass


def test_two_processes_never_write_to_one_run(tmp_path):
    code = "import sys\nfrom pathlib import Path\nfrom embedding_tutorial.run_directory import claim\n"
    code += "with claim(Path(sys.argv[1])): pass"
    with claim(tmp_path):
        done = run_python("-c", code, tmp_path, cwd=tmp_path)
        assert "another process is writing to it" in done.stderr
    assert run_python("-c", code, tmp_path, cwd=tmp_path).returncode == 0


def test_a_new_run_begins_without_an_earlier_one_s_curves_and_checkpoint(tmp_path):
    for name in ("train", "epochs"):
        (tmp_path / name).mkdir()
    for name in (
        "events.out.tfevents.1",
        "train/events.out.tfevents.2",
        ".vectors.partial.npy",
        "run.json",
        "checkpoint.npz",
        "epochs/epoch_0001.tsv",
        "epochs/.epoch_0002.partial.tsv",
    ):
        (tmp_path / name).touch()
    for mine in ("notes.txt", "epochs/epoch_of_mine.tsv"):
        (tmp_path / mine).touch()
    begin(tmp_path, {"dim": 3})
    left = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*"))
    assert left == ["config.json", "epochs", "epochs/epoch_of_mine.tsv", "notes.txt"]
    assert json.loads((tmp_path / "config.json").read_text(encoding="utf-8")) == {"dim": 3}
