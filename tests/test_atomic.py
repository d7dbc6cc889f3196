"""Atomic writing: after every failure there is the old file or the new one, and nothing beside it."""

import errno
import os
from pathlib import Path

import pytest

from embedding_tutorial.atomic import partial_path, write_whole


@pytest.mark.parametrize("name", ["vectors.npy", "file"])
def test_nothing_is_written_through_a_link_beside(tmp_path, name):
    (tmp_path / "theirs").write_text("precious", encoding="utf-8")
    path = tmp_path / name
    beside = partial_path(path)
    beside.symlink_to(tmp_path / "theirs")
    write_whole(path, lambda partial: partial.write_text("ours", encoding="utf-8"))
    assert (tmp_path / "theirs").read_text(encoding="utf-8") == "precious"
    assert path.read_text(encoding="utf-8") == "ours" and not path.is_symlink() and not beside.exists()


def test_a_file_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    happened = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda number: (happened.append("flushed"), fsync(number)))
    monkeypatch.setattr(os, "replace", lambda *paths: (happened.append("named"), replace(*paths)))
    write_whole(tmp_path / "file", lambda partial: partial.write_bytes(b"1"))
    assert happened == (["flushed", "named", "flushed"] if os.name == "posix" else ["flushed", "named"])


def test_a_file_that_cannot_be_written_leaves_the_old_one_and_nothing_beside(tmp_path):
    (tmp_path / "file").write_bytes(b"old")

    def no_room(partial: Path) -> None:
        partial.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "file", no_room)
    assert list(tmp_path.iterdir()) == [tmp_path / "file"] and (tmp_path / "file").read_bytes() == b"old"


def test_a_device_that_fails_when_a_file_is_closed_leaves_nothing_beside(tmp_path, monkeypatch):
    opened = Path.open

    def failing(path: Path, mode: str) -> None:
        opened(path, mode).close()
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "open", failing)
    with pytest.raises(OSError, match="Input/output"):
        write_whole(tmp_path / "file", lambda partial: None)
    assert not list(tmp_path.iterdir())
