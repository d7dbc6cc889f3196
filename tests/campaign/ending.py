"""How a process of the campaign ended, and what it left behind."""

import errno
import os
import signal
from pathlib import Path

import checks
import process
from checks import FOREIGN, last_line, one_line

CAUSE = {"full": errno.ENOSPC, "broken": errno.EIO, "once": errno.EIO, "unread": errno.EIO}


def how(end: process.End, fault: str) -> tuple[str, list[str]]:
    """How a process ended (``complete``, ``killed``, ``one line`` or ``badly``), and what is wrong about that."""
    if end.code == 0:
        return "complete", [f"exit 0, but complains: {last_line(end.err)}"] if end.err else []
    if end.code == -signal.SIGKILL or (end.code == -signal.SIGTERM and fault == "terminate"):
        return "killed", []
    if end.code < 0:
        return "badly", [f"ends by {signal.Signals(-end.code).name}: {last_line(end.err)}"]
    if "Traceback" in end.err:
        return "badly", [f"traceback: {last_line(end.err)}"]
    if fault == "interrupt" and not end.err and "Stopped" in end.out:
        return "one line", []
    if not one_line(end.err):
        return "badly", [f"{len(end.err.splitlines())} lines at its end: {last_line(end.err)}"]
    cause = os.strerror(CAUSE[fault]) if fault in CAUSE else ""
    return "one line", [] if cause in end.err else [f"the line does not name the cause: {last_line(end.err)}"]


def foreign_gone(run: Path, expected: bool) -> list[str]:
    """Which of the user's files in a run directory are not what they were, where any are expected."""
    here = {name: run / name for name in FOREIGN if expected}
    gone = [name for name, path in here.items() if not path.exists() or path.read_bytes() != b"mine\n"]
    return [f"a file of the user's is gone: {name}" for name in gone]


def left_in_tmp(place: Path) -> list[str]:
    """Temporary files that are still there; TensorFlow's code and Keras's empty directories are not ours."""
    left = [path.name for path in (place / "tmp").iterdir() if path.is_file() and path.suffix != ".py"]
    return [f"leaves temporary files: {' '.join(map(checks.shortened, left))}"] if left else []
