"""Run ``train.py`` or ``python -m embedding_tutorial`` in a forked process, of which one file operation meets a fault.

Importing TensorFlow takes seconds, so it is imported once, here, and each run is a fork. No operation of
TensorFlow takes place before the fork: its threads would be missing in the child.
"""

import atexit
import ctypes
import dataclasses
import os
import runpy
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SOURCE = Path(__file__).with_name("faults.c")
LIBRARY = "CAMPAIGN_LIBRARY"  # the environment variable that names what is preloaded

# As in faults.c, in this order.
FAULTS = ("none", "stop", "tear", "full", "broken", "once", "unread", "interrupt", "terminate")
PATIENCE = 120  # seconds; a run takes two


def missing() -> str | None:
    """What this machine lacks for the campaign, or ``None``."""
    if not sys.platform.startswith("linux"):
        return "the campaign needs Linux (LD_PRELOAD)"
    return None if shutil.which("cc") else "the campaign needs a C compiler (cc)"


def preload() -> None:
    """Start this program again with ``faults.c`` before the C library. Comes back where that was done already."""
    if library := os.environ.pop(LIBRARY, None):
        del os.environ["LD_PRELOAD"]  # this process has it, and so have those that it forks
        os.remove(library)
        return
    handle, library = tempfile.mkstemp(suffix=".so")
    os.close(handle)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
    os.environ |= {LIBRARY: library, "LD_PRELOAD": library}
    os.execv(sys.executable, [sys.executable, *sys.argv])


@dataclasses.dataclass(frozen=True)
class End:
    """How a process ended.

    Attributes:
        code: its exit status; negative: the signal that ended it.
        out, err: what it printed.
        operations: kind and file of each counted operation, in order.
    """

    code: int
    out: str
    err: str
    operations: list[tuple[str, str]]


def run(words: list[str], place: Path, fault: str = "none", number: int = 0) -> End:
    """Run ``python WORDS`` in ``place``, and let operation ``number`` below it meet the fault.

    What the process prints goes to files beside ``place``; its temporary files go to ``place/tmp``.
    """
    names = [place.with_name(name) for name in ("out", "err", "operations")]
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process == 0:
        _be(words, place, names, FAULTS.index(fault), number)
    handle = os.pidfd_open(process)
    waiting = select.poll()
    waiting.register(handle, select.POLLIN)
    if not waiting.poll(PATIENCE * 1000):
        os.kill(process, signal.SIGABRT)
    os.close(handle)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    out, err, operations = (path.read_text(encoding="utf-8", errors="replace") for path in names)
    return End(code, out, err, [tuple(line.split("\t")) for line in operations.splitlines()])


def _be(words: list[str], place: Path, names: list[Path], fault: int, number: int) -> None:
    """Become that process: never comes back."""
    code = 1
    try:
        os.chdir(place)
        os.environ["TMPDIR"], tempfile.tempdir = str(place / "tmp"), None
        for descriptor, stream, name in ((1, "stdout", names[0]), (2, "stderr", names[1])):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
            setattr(sys, stream, os.fdopen(descriptor, "w", encoding="utf-8", closefd=False))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        ctypes.CDLL(None).arm(os.fsencode(place), fault, number, os.fsencode(names[2]))
        if words[0] == "-m":
            sys.argv = ["-m", *words[2:]]
            runpy.run_module(words[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = [str(REPOSITORY / words[0]), *words[1:]]
            runpy.run_path(sys.argv[0], run_name="__main__")
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if code and not isinstance(end.code, int):
            print(end.code, file=sys.stderr)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:  # what Python does at its end, without unwinding the frames of the parent
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
