"""A run directory: its files' names, who may write to it, how they are written, and whether they belong together.

config.json, history.csv, model.keras, events, train/, validation/   from the training
checkpoint.npz           the last finished epoch of a run that is not finished
vectors.npy, vocabulary.json   all vectors and tokens, exactly
run.json                 what was trained on what, and a fingerprint of this export
projector_config.pbtxt   tells TensorBoard of the tables beside it, see ``projector.py``
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from embedding_tutorial.config import InputError, TrainingConfig, one_line

CHECKPOINT = "checkpoint.npz"
LOCK = ".lock"


@contextlib.contextmanager
def claim(directory: Path, resume: bool = False) -> Iterator[bool]:
    """Hold ``directory`` for a run, as long as the ``with`` lasts; make it where there is none.

    Args:
        directory: where the run is written.
        resume: the run there is to go on.

    Yields:
        Whether it held a run already, which a new one will replace.

    Raises:
        InputError: it is a file, cannot be written, holds something that is no run, or another
            process is writing to it.
    """
    flag = "--resume" if resume else "--out"
    if directory.exists() and not directory.is_dir():
        raise InputError(f"{flag} {directory}: is a file; name a directory")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        found = set(os.listdir(directory)) - {LOCK}
        if found and "config.json" not in found:
            raise InputError(f"{flag} {directory}: is not empty and no run directory; name another")
        lock = FileLock(directory / LOCK, timeout=0)
        lock.acquire()
    except Timeout:
        raise InputError(f"{flag} {directory}: another process is writing to it; wait, or name another") from None
    except OSError as error:
        raise InputError(f"{flag} {directory}: cannot be written ({error.strerror})") from None
    try:
        yield bool(found)
    finally:
        lock.release()


def is_finished(directory: Path) -> bool:
    """Whether the run there was trained and exported to its end."""
    return (directory / "run.json").exists() and not (directory / CHECKPOINT).exists()


def begin(directory: Path, config: dict) -> None:
    """Make a directory ready for a new run: an earlier one's checkpoint and event files go, its settings are replaced.

    Event files would be drawn into the new run's curves.
    """
    (directory / CHECKPOINT).unlink(missing_ok=True)
    for path in directory.glob("events.out.tfevents.*"):
        path.unlink()
    for name in ("train", "validation"):
        shutil.rmtree(directory / name, ignore_errors=True)
    write_text(directory / "config.json", json.dumps(config, ensure_ascii=False, indent=2) + "\n")


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a file beside ``path``, then rename it: ``path`` is never half-written."""
    beside = path.with_name(f".{path.stem}.partial{path.suffix}")  # Keras and NumPy look at the ending
    write(beside)
    os.replace(beside, path)


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file whole, with Unix line ends on every system."""
    write_whole(path, lambda beside: beside.write_text(text, encoding="utf-8", newline="\n"))


def fingerprint(directory: Path) -> str:
    """SHA-256 over the files that hold vectors and tokens, so that a mixture of two exports is noticed."""
    digest = hashlib.sha256()
    for name in ("vectors.npy", "vocabulary.json"):
        digest.update((directory / name).read_bytes())
    return digest.hexdigest()


def read_run(directory: Path) -> dict:
    """What ``run.json`` of a finished run says.

    Raises:
        InputError: there is no such directory, it is no run, or the run is not finished.
    """
    if not directory.is_dir():
        raise InputError(f"{directory}: no such directory")
    try:
        run = json.loads((directory / "run.json").read_text(encoding="utf-8"))
        if not {"config", "fingerprint"} <= run.keys():
            raise ValueError("run.json lacks entries")
        TrainingConfig.from_json(run["config"])  # raises where a setting is none
        run["fit_seconds"] = float(run.get("fit_seconds", "nan"))
        run["corpus_sha256"] = str(run.get("corpus_sha256"))
        return run
    except FileNotFoundError:
        started = (directory / "config.json").exists()
        way_out = f"go on with: train.py --resume {directory}"
        problem = f"the run is not finished; {way_out}" if started else "is no run directory"
        raise InputError(f"{directory}: {problem}") from None
    except (OSError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(f"{directory}: run.json is damaged ({one_line(error)}); train it again") from None
