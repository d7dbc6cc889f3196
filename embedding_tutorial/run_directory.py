"""A run directory: the names of its files, who may write to it, how a file is written and read back.

    config.json              the settings of the run, written before its first step
    checkpoint.npz           the last finished epoch of a run that is not finished
    events.out.tfevents.*, train/, validation/     TensorBoard's curves
    model.keras, history.csv                       what the training gave
    vectors.npy, vocabulary.json, vectors.txt      all vectors and tokens
    vectors.tsv, vectors_unit.tsv, metadata.tsv, epochs/, drawn/, projector_config.pbtxt     see ``projector.py``
    run.json                 what was trained on what, and the SHA-256 of each file of this export

A run is finished when it has a ``run.json`` and no checkpoint any more. A directory is ours only if its
``config.json`` is; files that no run writes are never touched.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

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
# Glob patterns of all that an export writes. The two that say that it is whole are removed first and written last.
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

OUR_SETTINGS = {"corpus", "corpus_sha256", "tokens", "dim"}  # entries that every config.json of ours has


@contextlib.contextmanager
def claim(directory: Path, resume: bool = False) -> Iterator[dict | None]:
    """Hold ``directory`` for a run, as long as the ``with`` lasts; make it where there is none.

    A directory that was made for nothing, because no run began in it, is removed again.

    Args:
        directory: where the run is written.
        resume: the run there is to go on.

    Yields:
        The settings of the run that it holds already, which a new one will replace; ``None``: it holds none.

    Raises:
        InputError: it is a file, cannot be written, holds something that is no run, leads out of itself
            by a link, or another process is writing to it.
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
        unfinished = _beside(directory / CONFIG)  # what a death left that was to become config.json
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
        with contextlib.suppress(OSError):  # somebody else removed it
            if made and os.listdir(directory) == [LOCK]:
                (directory / LOCK).unlink()
                for path in made:
                    path.rmdir()
        lock.release()


def read_begun(directory: Path) -> dict | None:
    """What ``config.json`` says of the run that was begun in a directory; ``None`` where it is not ours.

    Raises:
        InputError: it is there, but cannot be read.
    """
    try:
        settings = _read_json(directory / CONFIG)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        raise InputError(f"{directory / CONFIG}: cannot be read ({error.strerror})") from None
    return settings if settings.keys() >= OUR_SETTINGS else None


def is_finished(directory: Path) -> bool:
    """Whether the run there was trained and exported to its end."""
    return (directory / RUN).exists() and not (directory / CHECKPOINT).exists()


def begin(directory: Path, settings: dict[str, Any]) -> None:
    """Make a directory ready for a new run: the files of an earlier one go, then its settings are replaced.

    In this order a death leaves the earlier run's settings without its results, or the new run's settings
    alone: never results beside settings that they do not come from.

    Args:
        directory: as ``claim`` holds it.
        settings: for ``config.json``.
    """
    remove_written(directory, ALL)
    write_text(directory / CONFIG, to_json(settings))


def check_text(config: TrainingConfig, begun: dict | None, sha256: Callable[[], str]) -> None:
    """Refuse to mix two texts, or to lose the results of one: a run goes on with its own text, and a directory
    that nobody named keeps the run of another text.

    Args:
        config: of the run that is about to write.
        begun: the settings of the run that the directory holds, ``None`` where it holds none.
        sha256: gives that of the text of ``config``; called only where it decides, since it may read the text.

    Raises:
        InputError: the two texts differ.
    """
    may_replace = not config.resume and (config.out or config.replace)
    if begun is None or may_replace or begun["corpus_sha256"] == sha256():
        return
    if config.resume:
        raise InputError(f"--resume {config.resume}: was begun on another text than {config.corpus} is now")
    raise InputError(
        f"{config.run_directory}: holds a run of another text; name another directory with --out, or say --replace"
    )


def remove_written(directory: Path, patterns: Iterable[str]) -> None:
    """Remove files that a run wrote, in this order, and what a death left beside them, and folders that get empty."""
    for path in _written(directory, patterns):
        path.unlink(missing_ok=True)
    for folder in FOLDERS:
        with contextlib.suppress(OSError):  # it holds files of somebody else, or is not there
            (directory / folder).rmdir()


def _written(directory: Path, patterns: Iterable[str]) -> Iterator[Path]:
    for pattern in patterns:
        yield from directory.glob(pattern)
        yield from directory.glob(str(_beside(Path(pattern))))


def check_needed(directory: Path, needed: Iterable[Path]) -> None:
    """Refuse a new run that would remove a file of an earlier one which it starts from.

    Raises:
        InputError: a needed file is among those that ``begin`` removes.
    """
    removed = {os.path.realpath(path) for path in _written(directory, ALL)}
    for path in needed:
        if os.path.realpath(path) in removed:
            raise InputError(f"{path}: the new run would remove it; name another directory with --out")


def to_json(values: dict[str, Any]) -> str:
    """The text of a JSON file for people and programs."""
    return json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file atomically: after a crash or a power cut it is either the old one or the new one.

    Args:
        path: the file.
        write: fills a new, empty file beside it, which then takes its name.

    Raises:
        OSError: it cannot be written; the old file stays, and nothing beside it.
    """
    beside = _beside(path)
    beside.unlink(missing_ok=True)  # a link would lead somewhere else
    try:
        beside.open("xb").close()
        write(beside)
        _flush_to_disk(beside)
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    if os.name == "posix":
        _flush_to_disk(path.parent)  # the new name


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file atomically, with Unix line ends on every system."""
    write_whole(path, lambda beside: beside.write_text(text, encoding="utf-8", newline="\n"))


def _beside(path: Path) -> Path:
    """Where a file is filled before it gets its name; with the same ending, since Keras and NumPy look at it."""
    return path.with_name(f".{path.stem}.partial{path.suffix}")


def _flush_to_disk(path: Path) -> None:
    """Wait until the disk holds a file's content, or a directory's names."""
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def file_sha256(path: Path) -> str:
    """SHA-256 of a regular file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is a pipe or a device, which may never end.
    """
    if path.exists() and not path.is_file():
        raise ValueError("is no regular file")
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def exported_files(directory: Path) -> dict[str, str]:
    """Name -> SHA-256 of each file of an export, for ``run.json``."""
    paths = [path for pattern in EXPORT if pattern not in (RUN, PROJECTOR) for path in sorted(directory.glob(pattern))]
    return {path.relative_to(directory).as_posix(): file_sha256(path) for path in paths}


def checked(directory: Path, run: dict, name: str) -> Path:
    """The path of a file of an export, after its SHA-256 was compared with the one in ``run.json``.

    Args:
        directory: a finished run.
        run: as ``read_run`` gives it.
        name: the file, as ``run["files"]`` names it.

    Raises:
        InputError: the file is missing or not the one that was exported.
    """
    path = directory / name
    try:
        if file_sha256(path) != run["files"].get(name):
            raise ValueError("is not the file that the run wrote")
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: damaged ({getattr(error, 'strerror', None) or error}); train it again") from None
    return path


def read_run(directory: Path) -> dict:
    """What ``run.json`` of a finished run says.

    Raises:
        InputError: there is no such directory, it is no run, the run is not finished, or the file is damaged.
    """
    if not directory.is_dir():
        raise InputError(f"{directory}: no such directory")
    if not is_finished(directory):
        begun = read_begun(directory) is not None
        problem = f"the run is not finished; go on with: train.py --resume {directory}"
        raise InputError(f"{directory}: {problem if begun else 'is no run directory'}")
    try:
        run = _read_json(directory / RUN)
        TrainingConfig.from_json(run["config"], directory)  # raises where a setting is none
        if not run["config"].keys() >= {"tokens", "epochs"}:  # what answers take from it as it is
            raise ValueError("settings are missing")
        run["files"] = dict(run["files"])
        run["fit_seconds"] = float(run.get("fit_seconds", "nan"))
        run["corpus_sha256"] = str(run.get("corpus_sha256"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{directory}: {RUN} is damaged ({one_line(error)}); train it again") from None
    return run


def _read_json(path: Path) -> dict:
    """A JSON file that holds an object.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds something else, or is no regular file.
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
