"""A run directory: the names of its files, the lock of the process that writes them, and how they are read back.

    config.json               the settings of the run, written before its first step
    checkpoint.npz            the last finished epoch of a run that is not finished
    events.out.tfevents.*, train/, validation/
                              TensorBoard's curves
    model.keras, history.csv  the trained model, and its losses
    vectors.npy, vocabulary.json, vectors.txt
                              all vectors and tokens
    vectors.tsv, vectors_unit.tsv, metadata.tsv, epochs/, drawn/, projector_config.pbtxt
                              for TensorBoard's projector, see ``pictures/projector.py``
    run.json                  what was trained on what, and the SHA-256 of each exported file

A run is finished when it has a ``run.json`` and no checkpoint. A directory is a run directory only if its
``config.json`` is ours. Files that a run does not write are never touched.
"""

import contextlib
import hashlib
import json
import mmap
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from embedding_tutorial.atomic import partial_path, write_text
from embedding_tutorial.config import InputError, TrainingConfig, one_line

CONFIG = "config.json"
RUN = "run.json"
CHECKPOINT = "checkpoint.npz"
HISTORY = "history.csv"
MODEL = "model.keras"
VECTORS = "vectors.npy"
VOCABULARY = "vocabulary.json"
PROJECTOR = "projector_config.pbtxt"
LOCK = ".lock"

FOLDERS = ("train", "validation", "epochs", "drawn")
# Glob patterns of the files that an export writes. The first two are removed first and written last.
EXPORT = (RUN, PROJECTOR, MODEL, HISTORY, VECTORS, VOCABULARY, "vectors.txt", "vectors.tsv", "vectors_unit.tsv")
EXPORT += (
    "metadata.tsv",
    "epochs/epoch_[0-9]*.tsv",
    "drawn/sprite.png",
    "drawn/metadata.tsv",
    "drawn/vectors_unit.tsv",
)
EVENTS = tuple(f"{folder}events.out.tfevents.*" for folder in ("", "train/", "validation/"))
ALL = (*EXPORT, CHECKPOINT, *EVENTS)

OUR_SETTINGS = {"corpus", "corpus_sha256", "tokens", "dim"}  # keys of every config.json of ours


@contextlib.contextmanager
def claim(directory: Path, resume: bool = False) -> Iterator[dict | None]:
    """Create ``directory`` if it does not exist, and lock it against other processes inside the ``with``.

    A directory that was created here is removed at the end if no run began in it.

    Args:
        directory: where the run is written.
        resume: the run there is continued; error messages then name ``--resume``.

    Yields:
        The settings of the run in the directory, or ``None`` if it holds no run.

    Raises:
        InputError: it is a file, cannot be written, holds files but no run, holds a link where a run has
            a file or a folder, or is locked by another process.
    """
    at = f"{'--resume' if resume else '--out'} {directory}"
    if directory.exists() and not directory.is_dir():
        raise InputError(f"{at}: is a file; name a directory")
    made = [path for path in (directory, *directory.parents) if not path.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in (LOCK, *FOLDERS):
            path = directory / name
            if path.is_symlink() or (path.exists() and path.is_dir() != (name in FOLDERS)):
                raise InputError(f"{at}: {name} in it is a link, or not what a run writes; name another directory")
        unfinished = partial_path(directory / CONFIG)  # a crash before the rename leaves it
        others = set(os.listdir(directory)) - {LOCK, unfinished.name}
        if others and read_begun(directory) is None:
            raise InputError(f"{at}: is not empty and no run directory; name another")
        lock = FileLock(directory / LOCK, timeout=0)
        lock.acquire()
        unfinished.unlink(missing_ok=True)
    except Timeout:
        raise InputError(f"{at}: another process is writing to it; wait, or name another") from None
    except OSError as error:
        raise InputError(f"{at}: cannot be written ({error.strerror})") from None
    try:
        yield read_begun(directory)
    finally:
        with contextlib.suppress(OSError):  # another process removed it
            if made and os.listdir(directory) == [LOCK]:
                (directory / LOCK).unlink()
                for path in made:
                    path.rmdir()
        lock.release()


def read_begun(directory: Path) -> dict | None:
    """The settings in a directory's ``config.json``; ``None`` if there is none, or it is not ours.

    Raises:
        InputError: the file exists but cannot be read.
    """
    try:
        settings = _read_json(directory / CONFIG)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise InputError(f"{directory / CONFIG}: cannot be read ({error.strerror})") from None
    return settings if settings.keys() >= OUR_SETTINGS else None


def is_finished(directory: Path) -> bool:
    """Whether the run in a directory is trained and exported."""
    return (directory / RUN).exists() and not (directory / CHECKPOINT).exists()


def begin(directory: Path, settings: dict[str, Any]) -> None:
    """Remove the files of an earlier run, then write ``config.json`` of the new one.

    In this order a crash never leaves results of one run beside the settings of another.

    Args:
        directory: locked by ``claim``.
        settings: for ``config.json``.
    """
    remove_written(directory, ALL)
    write_text(directory / CONFIG, to_json(settings))


def check_text(config: TrainingConfig, begun: dict | None, sha256: Callable[[], str]) -> None:
    """Refuse to resume a run on another text, or to replace a run of another text unless the user asked for it.

    ``--out`` and ``--replace`` ask for it; the default directory does not.

    Args:
        config: of the run that is about to write.
        begun: the settings of the run in the directory, ``None`` if it holds no run.
        sha256: returns the SHA-256 of the text of ``config``; called only if needed, as it may read the text.

    Raises:
        InputError: the two texts differ.
    """
    may_replace = not config.resume and (config.out or config.replace)
    if begun is None or may_replace or begun["corpus_sha256"] == sha256():
        return
    if config.resume:
        raise InputError(f"--resume {config.resume}: was begun on another text than {config.corpus_name} is now")
    raise InputError(
        f"{config.run_directory}: holds a run of another text; name another directory with --out, or say --replace"
    )


def check_dictionary(config: TrainingConfig, begun: dict) -> None:
    """Refuse to repeat a run, or the rest of it, with another dictionary than it was begun with.

    Raises:
        InputError: the file has changed.
    """
    sha256 = begun.get("dictionary_sha256")
    if sha256 and config.dictionary.is_file() and file_sha256(config.dictionary) != sha256:
        raise InputError(
            f"--dictionary {config.dictionary}: is not the file that {config.run_directory} was begun with"
        )


def remove_written(directory: Path, patterns: Iterable[str]) -> None:
    """Remove a run's files in the order of the patterns, their partial files, and the folders that are empty then."""
    for path in _written(directory, patterns):
        path.unlink(missing_ok=True)
    for folder in FOLDERS:
        with contextlib.suppress(OSError):  # it holds other files, or does not exist
            (directory / folder).rmdir()


def _written(directory: Path, patterns: Iterable[str]) -> Iterator[Path]:
    """The files that match the patterns, and their partial files, in the order of the patterns."""
    for pattern in patterns:
        yield from directory.glob(pattern)
        yield from directory.glob(str(partial_path(Path(pattern))))


def check_needed(directory: Path, needed: Iterable[Path]) -> None:
    """Refuse a new run that would remove a file that it reads, such as the corpus or the initial vectors.

    Raises:
        InputError: ``begin`` would remove a needed file.
    """
    removed = {os.path.realpath(path) for path in _written(directory, ALL)}
    for path in needed:
        if os.path.realpath(path) in removed:
            raise InputError(f"{path}: the new run would remove it; name another directory with --out")


def to_json(values: dict[str, Any]) -> str:
    """Readable JSON: indented, with characters beyond ASCII as they are."""
    return json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def file_sha256(path: Path) -> str:
    """SHA-256 of a regular file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is a pipe or a device, which may have no end.
    """
    with _open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _open_regular(path: Path) -> BinaryIO:
    """Open a regular file; errors as ``file_sha256``."""
    if path.exists() and not path.is_file():
        raise ValueError("is no regular file")
    return open(path, "rb")


def exported_files(directory: Path) -> dict[str, str]:
    """Relative path -> SHA-256 of each exported file, for ``run.json``."""
    paths = [path for pattern in EXPORT if pattern not in (RUN, PROJECTOR) for path in sorted(directory.glob(pattern))]
    return {path.relative_to(directory).as_posix(): file_sha256(path) for path in paths}


def checked(directory: Path, run: dict, name: str) -> Path:
    """The path of an exported file whose SHA-256 equals the one in ``run.json``; see ``checked_content``."""
    checked_content(directory, run, name)
    return directory / name


def checked_content(directory: Path, run: dict, name: str) -> mmap.mmap | bytearray:
    """The content of an exported file whose SHA-256 equals the one in ``run.json``, mapped into memory.

    The file is opened once: an export that replaces it later does not change this content.

    Args:
        directory: a finished run.
        run: from ``read_run``.
        name: a key of ``run["files"]``.

    Raises:
        InputError: the file is missing, or its SHA-256 differs.
    """
    path = directory / name
    try:
        with _open_regular(path) as file:
            # On Windows nothing can replace a file that is mapped.
            mapped = os.name != "nt"
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) if mapped else bytearray(file.read())
        if hashlib.sha256(content).hexdigest() != run["files"].get(name):
            raise ValueError("is not the file that the run wrote")
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: damaged ({getattr(error, 'strerror', None) or error}); train it again") from None
    return content


def read_run(directory: Path) -> dict:
    """The content of ``run.json`` of a finished run.

    Raises:
        InputError: the directory does not exist or is no run directory, the run is not finished, or the file
            is damaged.
    """
    if not directory.is_dir():
        raise InputError(f"{directory}: no such directory")
    if not is_finished(directory):
        begun = read_begun(directory) is not None
        problem = f"the run is not finished; go on with: train.py --resume {directory}"
        raise InputError(f"{directory}: {problem if begun else 'is no run directory'}")
    try:
        run = _read_json(directory / RUN)
        TrainingConfig.from_json(run["config"], directory)  # raises if a value is out of range
        if not run["config"].keys() >= {"tokens", "epochs"}:  # read by the answers without a default
            raise ValueError("settings are missing")
        run["files"] = dict(run["files"])
        run["fit_seconds"] = float(run.get("fit_seconds", "nan"))
        run["corpus_sha256"] = str(run.get("corpus_sha256"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{directory}: {RUN} is damaged ({one_line(error)}); train it again") from None
    return run


def _read_json(path: Path) -> dict:
    """Read a JSON file that holds an object.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds no JSON object, or is no regular file.
    """
    if path.exists() and not path.is_file():
        raise ValueError("is no regular file")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(values, dict):
        raise ValueError("holds no settings")
    return values
