"""What a run directory holds, what it answers, and which complete run that is."""

import contextlib
import dataclasses
import hashlib
import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np

RUN = "run"  # the run directory's name; questions are asked from the directory above it
QUESTIONS = {
    "neighbors": ["neighbors", "王", "--run", RUN, "--json"],
    "evaluate": ["evaluate", "--run", RUN, "--json"],
    "compare": ["compare", RUN, "--json"],
}
# Files of the user's, in places where a run writes too.
FOREIGN = ("notes.txt", "mine/notes.txt", "epochs/mine.txt", "train/mine.txt")
SETTINGS = ("dim", "epochs", "min_count", "seed", "corpus_sha256")


@dataclasses.dataclass(frozen=True)
class Export:
    """A complete run.

    Attributes:
        name: ``old`` or ``new``.
        files: file -> what it holds, as ``contents`` gives it.
        answers: question -> the answer.
    """

    name: str
    files: dict[str, str]
    answers: dict[str, str]


def contents(run: Path) -> dict[str, str]:
    """File -> a digest of what two runs with equal settings have in common.

    Left out: event files and the lock, and files of the user's. Times are no part of a digest.
    """
    found = {}
    for path in sorted(run.rglob("*")):
        name = path.relative_to(run).as_posix()
        if path.is_file() and name not in FOREIGN and name != ".lock" and "tfevents" not in name:
            found[name] = digest(path)
    return found


def digest(path: Path) -> str:
    """A digest of a file without the times in it; of a damaged file that of its bytes."""
    try:
        if path.name == "model.keras":
            with zipfile.ZipFile(path) as archive:
                parts = [archive.read("model.weights.h5")]
        elif path.suffix == ".npz":
            with np.load(path) as arrays:
                parts = [(name + str(arrays[name].tolist())).encode() for name in arrays.files if name != "seconds"]
        elif path.name in ("config.json", "run.json"):
            parts = [repr(settings(path)).encode()]
        else:
            parts = [path.read_bytes()]
    except Exception:  # torn in the middle
        parts = [path.read_bytes()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def settings(path: Path) -> dict:
    """What ``config.json`` or ``run.json`` says of a run's settings; empty where there is none or it is damaged."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    values = {**values, **values.get("config", {})}
    return {name: values.get(name) for name in SETTINGS}


def shortened(name: str) -> str:
    """A name without what differs from run to run."""
    return re.sub(r"\d{4,}|tmp\w{8}", "…", name)


def unfinished(name: str) -> bool:
    """Whether a file's name is one under which files are written before they get their own."""
    return Path(name).name.startswith(".") or "partial" in name


def state(run: Path) -> str:
    """What decides how a run goes on: all files, and of unfinished ones and event files the names."""
    names = {re.sub(r"\d{6,}\S*", "", path.relative_to(run).as_posix()) for path in run.rglob("*")}
    return repr((sorted(names), sorted(item for item in contents(run).items() if not unfinished(item[0]))))


def ask(place: Path, words: list[str]) -> tuple[int, str, str]:
    """``python -m embedding_tutorial WORDS`` in this process: exit status, what it prints, what it complains of."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    from embedding_tutorial.__main__ import main
    from embedding_tutorial.terminal import report

    code = 0
    with contextlib.chdir(place), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(words)
        except BaseException as error:
            code = 1
            report("embedding_tutorial", error, error.__traceback__)
    return code, *(stream.buffer.getvalue().decode() for stream in (out, err))


def answer(printed: str) -> str:
    """An answer without the seconds that a training took."""
    return re.sub(r'"seconds": [^\n]*', "", printed)


def export_of(name: str, place: Path) -> Export:
    """The complete run in ``place``."""
    answers = {}
    for question, words in QUESTIONS.items():
        code, out, err = ask(place, words)
        if code or err:
            raise RuntimeError(f"{question} of a complete run: {err}")
        answers[question] = answer(out)
    return Export(name, contents(place / RUN), answers)


def one_line(text: str) -> bool:
    """Whether it is one line that a user can read."""
    return len(text.strip().splitlines()) == 1 and "Traceback" not in text


def last_line(text: str) -> str:
    """The last line, without what differs from run to run."""
    line = (text.strip().splitlines() or ["nothing"])[-1]
    return re.sub(r"/\S*/place|\d{4,}|__autograph\S*|tmp\w{8}", "…", line)[:160]


def whose(place: Path, exports: list[Export]) -> tuple[str, list[str]]:
    """Which complete run answers questions, and what is wrong about that.

    Returns:
        ``old``, ``new``, ``none`` (one line says so) or ``mixed``; and the faults found.
    """
    faults, answering = [], set()
    for question, words in QUESTIONS.items():
        code, out, err = ask(place, words)
        if code:
            if not one_line(err):
                faults.append(f"{question} ends with {last_line(err)}")
            continue
        names = [export.name for export in exports if export.answers[question] == answer(out)]
        answering |= set(names[:1] or ["mixed"])
        if not names:
            faults.append(f"{question} gives the answer of no complete run")
        elif err:
            faults.append(f"{question} complains: {last_line(err)}")
    held = contents(place / RUN)
    for export in exports:
        others = [name for name in export.files if name not in ("config.json", "projector_config.pbtxt")]
        strange = [name for name in others if held.get(name) != export.files[name]]
        if export.name in answering and strange:
            faults.append(f"answers are the {export.name} run's, but not all files: {' '.join(strange)}")
    faults += _projector(place / RUN, held, exports)
    return "/".join(sorted(answering)) or "none", faults + ["two runs answer"] * (len(answering) > 1)


def _projector(run: Path, held: dict[str, str], exports: list[Export]) -> list[str]:
    """What is wrong about the tables that TensorBoard would show."""
    config = "projector_config.pbtxt"
    if config not in held:
        return []
    named = re.findall(r'_path: "(.*?)"', (run / config).read_text(encoding="utf-8"))
    for export in exports:
        if all(held.get(name) == export.files.get(name) for name in (config, *named)):
            return []
    return ["TensorBoard shows tables of different runs"]
