"""Write a file atomically: after a crash or a power cut it is either the old file or the new one."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Fill a new file beside ``path``, then rename it to ``path``.

    Args:
        path: the file; an earlier one is replaced.
        write: fills the new file, whose path it is given.

    Raises:
        OSError: the file cannot be written; the old one stays, and the new one is removed.
    """
    partial = partial_path(path)
    partial.unlink(missing_ok=True)  # if it is a link, writing would change the file it points to
    try:
        partial.open("xb").close()
        write(partial)
        _flush_to_disk(partial)
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    if os.name == "posix":
        _flush_to_disk(path.parent)  # the new name


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file atomically, with Unix line ends on every system."""
    write_whole(path, lambda partial: partial.write_text(text, encoding="utf-8", newline="\n"))


def partial_path(path: Path) -> Path:
    """Where a file is filled before it is renamed; it keeps the suffix, which Keras and NumPy look at."""
    return path.with_name(f".{path.stem}.partial{path.suffix}")


def _flush_to_disk(path: Path) -> None:
    """Wait until a file's content, or a directory's entries, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
