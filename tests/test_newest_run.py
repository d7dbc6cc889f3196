"""Which run is asked where none is named, whatever else lies under ``runs/``."""

import os
from pathlib import Path

import pytest
from conftest import write_run

from embedding_tutorial.config import InputError
from embedding_tutorial.vectors.answers import newest_run


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """``runs/old`` and ``runs/new`` in the working directory."""
    monkeypatch.chdir(tmp_path)
    for name, time in (("old", 1), ("new", 2)):
        os.utime(write_run(tmp_path / "runs" / name) / "run.json", (time, time))
    return Path("runs")


def test_it_is_the_one_that_was_finished_last(runs, monkeypatch):
    assert newest_run() == runs / "new"
    (runs / "new" / "run.json").unlink()  # is trained again
    assert newest_run() == runs / "old"
    monkeypatch.chdir("/")
    with pytest.raises(InputError, match="no finished run"):
        newest_run()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_what_is_no_run_is_passed_over_and_said_to_be_damaged(runs, capsys):
    (runs / "a file").touch()
    (runs / "dangling").symlink_to("nowhere")
    (runs / "loop").symlink_to("loop")
    (runs / "empty").mkdir()
    assert newest_run() == runs / "new"
    assert capsys.readouterr().err == ""
    for name in ("directory", "link", "text", "pipe"):
        (runs / name).mkdir()
    (runs / "directory" / "run.json").mkdir()
    (runs / "link" / "run.json").symlink_to("nowhere")
    (runs / "text" / "run.json").write_text("{", encoding="utf-8")
    os.mkfifo(runs / "pipe" / "run.json")  # nobody writes to it: reading would never end
    assert newest_run() == runs / "new"
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("; runs/new is asked instead")


def test_a_run_that_goes_meanwhile_is_passed_over(runs, monkeypatch):
    lstat = os.lstat

    def gone(path):
        if Path(path) == runs / "new" / "run.json":
            raise FileNotFoundError(2, "No such file or directory", str(path))
        return lstat(path)

    monkeypatch.setattr(os, "lstat", gone)
    assert newest_run() == runs / "old"


def test_if_all_are_damaged_the_newest_is_named(runs):
    for name in ("old", "new"):
        (runs / name / "run.json").write_text("{", encoding="utf-8")
    os.utime(runs / "old" / "run.json", (1, 1))
    with pytest.raises(InputError, match=r"new: run\.json is damaged"):
        newest_run()
