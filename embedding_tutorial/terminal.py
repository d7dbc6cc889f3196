"""A program and its terminal: the standard streams, Ctrl-C, and errors in one line.

Only programs (``train.py``, ``python -m embedding_tutorial``) call ``take_over``: a notebook handles these itself.
"""

import atexit
import contextlib
import io
import logging
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

    - a closed standard stream is replaced by the null device, so that no opened file gets its descriptor;
    - output that cannot be written is dropped, and the work goes on. If the disk is full, the last line says so
      and the status is 1; if the reader of a pipe has closed it, the program ends as usual;
    - a character that the console's encoding lacks is written as an escape;
    - bad input, a missing package and a full disk are one line, ``program: error: …``, not a traceback;
    - the package's log, which tells of the progress of long work, goes to standard error;
    - Ctrl-C ends the process at once, with one line and status 130, see ``when_stopped``. SIGTERM ends it without
      a line.

    Args:
        program: its name in these lines.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115  stays open
            os.set_inheritable(stream.fileno(), True)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    sys.stdout, sys.stderr = _Forgiving.stream(sys.stdout), _Forgiving.stream(sys.stderr)
    sys.excepthook = lambda kind, error, trace: report(program, error, trace)
    atexit.register(_finish, program, sys.stdout)
    log = logging.getLogger("embedding_tutorial")
    log.setLevel(logging.INFO)
    log.addHandler(logging.StreamHandler())
    # If Ctrl-C is ignored at the start, as for a background job of a script, it stays ignored.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _stop)


class _Forgiving(io.RawIOBase):
    """The binary layer of a standard stream: it drops output that cannot be written, and keeps the last error."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self.text = text  # kept, because its destructor would close the file
        self.raw = getattr(text.buffer, "raw", text.buffer)  # python -u has no buffer
        self.name = self.raw.name
        self.error: OSError | None = None

    @classmethod
    def stream(cls, text: io.TextIOWrapper) -> io.TextIOWrapper:
        """A text stream that writes to ``text`` through this class."""
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
    """Print an error that the user or the machine caused as one line, and any other as a traceback."""
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
    """Report lost output at exit."""
    # The work is done, so Ctrl-C need not stop anything while TensorFlow shuts down.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stdout.flush()
    error = stdout.buffer.raw.error
    if error is not None and not isinstance(error, BrokenPipeError):
        print(f"{program}: error: standard output: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(1)


@contextlib.contextmanager
def when_stopped(action: Callable[[], str | None]) -> Iterator[None]:
    """Call ``action`` if Ctrl-C ends the process inside the ``with``, and print what it returns."""
    _when_stopped.append(action)
    try:
        yield
    finally:
        _when_stopped.remove(action)


def _stop(*_: object) -> None:
    """End the process at once; this is safe, because the files of a run directory are consistent at any time.

    A ``KeyboardInterrupt`` instead is ignored inside a destructor, and aborts the process inside C++ code.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # if this takes long, a second Ctrl-C kills the process
    try:
        words = "".join(filter(None, [action() for action in _when_stopped]))
        with contextlib.suppress(RuntimeError):  # the signal interrupted a write to it
            sys.stdout.flush()
        sys.stdout.buffer.raw.write(f"\nStopped.{words}\n".encode(sys.stdout.encoding, "backslashreplace"))
    finally:
        os._exit(130)
