"""A program and its terminal: the standard streams, Ctrl-C, and errors in one line.

Only programs (``train.py``, ``python -m embedding_tutorial``) call ``take_over``: a notebook has a terminal of its own.
"""

import atexit
import contextlib
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import TracebackType

from embedding_tutorial.config import InputError, one_line
from embedding_tutorial.labels import printable

_when_stopped: list[Callable[[], str | None]] = []


def take_over(program: str) -> None:
    """Set how this process deals with its streams, with Ctrl-C and with errors.

    Call it before any import that may take long or fail. From then on

    - a standard stream that is closed is the null device, so no file that is opened gets its number;
    - output that cannot be written is dropped, and the work goes on. If a disk is full, the last line says so
      and the status is 1; if a pipe's reader has left, nothing does;
    - a character that the console cannot show is shown as its number;
    - bad input, a missing package and a full disk are one line, ``program: error: …``, not a traceback;
    - Ctrl-C ends the process at once, with one line and status 130, see ``when_stopped``. SIGTERM does so without.

    Args:
        program: its name, for these lines.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115  it stays open
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    sys.stdout, sys.stderr = _Forgiving.stream(sys.stdout), _Forgiving.stream(sys.stderr)
    sys.excepthook = lambda kind, error, trace: report(program, error, trace)
    atexit.register(_finish, program, sys.stdout)
    # Started with Ctrl-C ignored, as by nohup, it stays so.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)


class _Forgiving(io.RawIOBase):
    """The bytes under a standard stream. It drops what cannot be written, and keeps the last error."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text = text  # it would close the bytes if it went
        self.raw = getattr(text.buffer, "raw", text.buffer)  # python -u has no buffer
        self.name = self.raw.name
        self.error: OSError | None = None

    @classmethod
    def stream(cls, text: io.TextIOWrapper) -> io.TextIOWrapper:
        """Wrap a stream of text."""
        return io.TextIOWrapper(
            io.BufferedWriter(cls(text)),
            text.encoding,
            "backslashreplace",
            line_buffering=text.line_buffering,
            write_through=text.write_through,
        )

    def write(self, data: bytes) -> int:
        try:
            return self.raw.write(data)
        except OSError as error:
            self.error = error
            return len(data)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self.raw.fileno()

    def isatty(self) -> bool:
        return self.raw.isatty()


def report(program: str, error: BaseException, trace: TracebackType | None) -> None:
    """Print an error of the user's or the machine's as one line, and one of ours as a traceback."""
    if isinstance(error, InputError):
        text = str(error)
    elif isinstance(error, ModuleNotFoundError):
        text = f"Python cannot find {error.name}; pip install -r requirements.txt, or -r requirements-optional.txt"
    elif isinstance(error, ImportError):
        text = one_line(error)
    elif isinstance(error, MemoryError):
        text = f"not enough memory: {one_line(error)}"
    elif isinstance(error, OSError):  # a full disk, above all
        text = f"{error.filename or 'the run directory'}: {error.strerror or error}"
    else:
        sys.__excepthook__(type(error), error, trace)
        return
    print(f"{program}: error: {printable(text)}", file=sys.stderr)


def _finish(program: str, stdout: io.TextIOWrapper) -> None:
    """Say whether output was lost. The work is done, so Ctrl-C has nothing to stop while TensorFlow takes its leave."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stdout.flush()
    error = stdout.buffer.raw.error
    if error is not None and not isinstance(error, BrokenPipeError):
        print(f"{program}: error: standard output: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(1)


@contextlib.contextmanager
def when_stopped(action: Callable[[], str | None]) -> Iterator[None]:
    """Call ``action`` if Ctrl-C ends the process within the ``with``, and print what it returns."""
    _when_stopped.append(action)
    try:
        yield
    finally:
        _when_stopped.remove(action)


def _stop(*_: object) -> None:
    """End at once, as a kill does: a run directory is whole at any moment.

    A ``KeyboardInterrupt`` would be lost in a destructor, and abort the process where it passes through C++.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # if this takes long, a second Ctrl-C ends it
    try:
        words = "".join(filter(None, [action() for action in _when_stopped]))
        with contextlib.suppress(RuntimeError):  # the signal came while it was written to
            sys.stdout.flush()
        sys.stdout.buffer.raw.write(f"\nStopped.{words}\n".encode(sys.stdout.encoding, "backslashreplace"))
    finally:
        os._exit(130)
