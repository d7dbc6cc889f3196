"""A run that was stopped goes on, and its result is that of an uninterrupted run.

``KILLS=100 pytest -m long tests/test_resume.py`` kills a hundred times.
"""

import copy
import dataclasses
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from conftest import REPOSITORY, run_train, two_worlds

import train as train_py
from embedding_tutorial.checkpoint import Checkpoint
from embedding_tutorial.command_line import parse_flags
from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.learning import write_run
from embedding_tutorial.vectors.word_vectors import WordVectors

# What two runs with one seed have in common byte by byte. model.keras and event files hold time stamps.
SAME = ("vectors.tsv", "vectors_unit.tsv", "vectors.txt", "vectors.npy")
SAME += ("vocabulary.json", "metadata.tsv", "history.csv")
FLAGS = ("--corpus", "worlds.txt", "--dim", "8", "--epochs", "6", "--window", "2", "--out", "run")


class Stop(keras.callbacks.Callback):
    """Raise in the middle of an epoch, as if the power had failed."""

    def __init__(self, epoch: int) -> None:
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.dies = epoch == self.epoch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self.dies:
            raise RuntimeError("power cut")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("resume")
    (place / "worlds.txt").write_text(two_worlds(), encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def uninterrupted(place):
    """A run in a process of its own: a run in this process must give the same files."""
    done = run_train(*FLAGS, "--out", "uninterrupted", cwd=place)
    assert done.returncode == 0, done.stderr
    return place / "uninterrupted"


def files(directory) -> dict[str, bytes]:
    found = {name: (directory / name).read_bytes() for name in SAME}
    found |= {path.name: path.read_bytes() for path in sorted((directory / "epochs").iterdir())}
    return found


def weights(directory) -> list[np.ndarray]:
    import embedding_tutorial.model  # noqa: F401  registers our classes

    return keras.models.load_model(directory / "model.keras").get_weights()


def assert_same_result(directory, expected) -> None:
    for name, content in files(expected).items():
        assert files(directory)[name] == content, name
    for ours, theirs in zip(weights(directory), weights(expected), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_same_seed_gives_the_same_files(place, uninterrupted, monkeypatch):
    monkeypatch.chdir(place)
    train_py.main([*FLAGS, "--out", "again"])
    assert_same_result(place / "again", uninterrupted)


@pytest.mark.parametrize(("model", "epoch"), [("skipgram", 0), ("skipgram", 5), ("cbow", 1)])
def test_resumed_vectors_are_those_of_an_uninterrupted_run_bit_for_bit(model, epoch, place, tmp_path, monkeypatch):
    config = TrainingConfig(corpus=place / "worlds.txt", dim=8, epochs=6, model=model, out=tmp_path / "run")
    expected = write_run(dataclasses.replace(config, out=tmp_path / "expected"))
    dies(monkeypatch, epoch)
    with pytest.raises(RuntimeError, match="power cut"):
        write_run(config)
    monkeypatch.undo()
    checkpoint = Checkpoint.load(tmp_path / "run")
    assert (checkpoint.epochs if checkpoint else 0) == epoch

    result = write_run(parse_flags(["--resume", str(tmp_path / "run")]))
    np.testing.assert_array_equal(result.vectors.matrix, expected.vectors.matrix)
    assert result.history.equals(expected.history)
    assert result.snapshots.keys() == expected.snapshots.keys()
    for kept in expected.snapshots:
        np.testing.assert_array_equal(result.snapshots[kept], expected.snapshots[kept])
    assert not (tmp_path / "run" / "checkpoint.npz").exists()


def dies(monkeypatch, epoch: int) -> None:
    """Let the next training stop in the middle of an epoch."""
    fit = keras.Sequential.fit
    monkeypatch.setattr(
        keras.Sequential, "fit", lambda *a, callbacks, **k: fit(*a, callbacks=[*callbacks, Stop(epoch)], **k)
    )


def test_a_new_run_over_a_finished_one_that_died_at_once_goes_on_as_the_new_one(place, uninterrupted, monkeypatch):
    """It is not finished, and questions are not answered from the earlier vectors."""
    shutil.copytree(uninterrupted, place / "over")
    monkeypatch.chdir(place)
    flags = ["--corpus", "worlds.txt", "--dim", "4", "--epochs", "2", "--out"]
    train_py.main([*flags, "fresh"])
    dies(monkeypatch, 0)
    with pytest.raises(RuntimeError, match="power cut"):
        train_py.main([*flags, "over"])
    monkeypatch.undo()
    monkeypatch.chdir(place)
    with pytest.raises(InputError, match="over: the run is not finished; go on with"):
        WordVectors.load("over")
    train_py.main(["--resume", "over"])
    assert_same_result(place / "over", place / "fresh")


def test_a_run_from_given_vectors_goes_on_from_those(place, uninterrupted, monkeypatch, tmp_path):
    monkeypatch.chdir(place)
    given = (uninterrupted / "vectors.txt").read_bytes()
    (tmp_path / "init.txt").write_bytes(given)
    flags = ["--corpus", "worlds.txt", "--dim", "8", "--epochs", "2", "--init", str(tmp_path / "init.txt")]
    train_py.main([*flags, "--out", "warm"])
    for epoch in (0, 1):
        dies(monkeypatch, epoch)
        with pytest.raises(RuntimeError, match="power cut"):
            train_py.main([*flags, "--out", f"warm-{epoch}"])
        monkeypatch.undo()
        monkeypatch.chdir(place)
    # Before the first epoch has ended, the vectors are needed, and they must be the same.
    changed = given.replace(b"1", b"2")
    for content, message in ((changed, "is not the file that warm-0 was begun with"), (None, "cannot be read")):
        (tmp_path / "init.txt").unlink()
        if content:
            (tmp_path / "init.txt").write_bytes(content)
        with pytest.raises(InputError, match=message):
            train_py.main(["--resume", "warm-0"])
    (tmp_path / "elsewhere.txt").write_bytes(given)
    train_py.main(["--resume", "warm-0", "--init", str(tmp_path / "elsewhere.txt")])
    train_py.main(["--resume", "warm-1"])  # its checkpoint holds all that is needed
    for name in ("warm-0", "warm-1"):
        assert_same_result(place / name, place / "warm")
    WordVectors(["x", "y"], [0, 0], np.ones((2, 8))).save_word2vec(tmp_path / "init.txt")
    with pytest.raises(InputError, match="has a vector for no token of worlds"):
        train_py.main([*flags, "--out", "warm"])
    assert_same_result(place / "warm", place / "warm-1")


def test_a_run_that_an_earlier_version_began_goes_on(place, uninterrupted, monkeypatch):
    """Its config.json lacks the hash of the vectors to start from, and its paths are absolute."""
    monkeypatch.chdir(place)
    settings = json.loads((uninterrupted / "config.json").read_text(encoding="utf-8"))
    del settings["init_sha256"]
    (place / "earlier").mkdir()
    settings["corpus"] = str(place / "worlds.txt")
    (place / "earlier" / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    train_py.main(["--resume", "earlier"])
    assert_same_result(place / "earlier", uninterrupted)


def crafted(good: Checkpoint, **changes) -> Checkpoint:
    made = copy.copy(good)
    for name, value in changes.items():
        object.__setattr__(made, name, value)
    return made


def test_a_checkpoint_that_does_not_fit_is_one_line(place, monkeypatch):
    monkeypatch.chdir(place)
    dies(monkeypatch, 3)
    with pytest.raises(RuntimeError, match="power cut"):
        train_py.main([*FLAGS, "--out", "crafted"])
    monkeypatch.undo()
    monkeypatch.chdir(place)
    good = Checkpoint.load(place / "crafted")
    losses, snapshot = good.history["loss"], good.snapshots[0]
    for changes, message in (
        ({"history": {"loss": losses, "val_loss": losses[:2]}}, "the history has a gap"),
        ({"history": {"loss": losses[:, None]}}, "the history has a gap"),
        ({"history": {"loss": np.array(["a", "b", "c"])}}, "holds no numbers"),
        ({"history": {"loss": np.ones(7)}}, "of another run"),  # the run has six epochs
        ({"snapshots": {0: np.array([["a"]])}}, "holds no numbers"),
        ({"snapshots": {0: snapshot[:, :3]}}, "of another run"),
        ({"snapshots": {0: snapshot, 5: snapshot}}, "epochs that are not done"),
        ({"snapshots": {}}, "epochs that are not done"),
        ({"variables": dict([*good.variables.items()][1:])}, "of another run"),
        ({"variables": {path: value.astype(str) for path, value in good.variables.items()}}, "holds no numbers"),
    ):
        crafted(good, **changes).save(place / "crafted")
        with pytest.raises(InputError, match=message):
            train_py.main(["--resume", "crafted"])
    good.save(place / "crafted")
    train_py.main(["--resume", "crafted"])


def kill_somewhere(place, directory, seconds: float) -> bool:
    """Start or resume a run and kill it after some time; whether it had ended before."""
    begun = (directory / "config.json").exists()
    flags = ("--resume", directory.name) if begun else (*FLAGS, "--out", directory.name)
    process = subprocess.Popen(
        [sys.executable, REPOSITORY / "train.py", *flags], cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        assert process.wait(seconds) == 0, process.stderr.read()
        return True
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        return False
    finally:
        process.stderr.close()


@pytest.mark.long
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is Unix's")
def test_killed_anywhere_what_can_be_read_is_whole_and_it_goes_on(place, uninterrupted):
    kills = int(os.environ.get("KILLS", "6"))
    started = time.monotonic()
    assert run_train(*FLAGS, "--out", "timed", cwd=place).returncode == 0
    seconds = time.monotonic() - started
    draw = random.Random(kills)
    done = attempts = exports = 0
    while done < kills:
        directory = place / f"killed-{attempts}"
        attempts += 1
        finished = False
        while not finished:
            # Mostly where something is written: training begins after about half of the time.
            finished = kill_somewhere(place, directory, draw.uniform(0.5, 1.05) * seconds)
            done += not finished
            if not finished and (directory / "run.json").exists():
                WordVectors.load(directory)  # raises if it is a mixture of two exports
                exports += 1
        assert_same_result(directory, uninterrupted)
    print(f"{done} kills in {attempts} runs, {exports} of them with a whole export at hand")


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is sent another way there")
def test_ctrl_c_says_how_to_go_on(place):
    command = [sys.executable, REPOSITORY / "train.py", *FLAGS, "--epochs", "5000", "--out", "ctrl-c"]
    process = subprocess.Popen(
        command,
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # Tests that a script runs in the background inherit that Ctrl-C is ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while not (place / "ctrl-c" / "checkpoint.npz").exists():
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    printed, complaints = process.communicate(timeout=60)
    assert process.returncode == 130 and complaints == ""
    assert printed.splitlines()[-2:] == [
        "Stopped. To go on after the last finished epoch:",
        f"  {sys.executable} {REPOSITORY / 'train.py'} --resume ctrl-c",
    ]
    assert json.loads((place / "ctrl-c" / "config.json").read_text(encoding="utf-8"))["epochs"] == 5000


def test_a_full_disk_during_the_export_loses_nothing(place, uninterrupted, monkeypatch):
    (place / "full").mkdir()
    (place / "full" / "config.json").write_bytes((uninterrupted / "config.json").read_bytes())
    config = parse_flags(["--resume", str(place / "full")])

    def no_room(self, path):
        path.write_bytes(b"half a f")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(WordVectors, "save_word2vec", no_room)
    with pytest.raises(OSError, match="No space"):
        write_run(config)
    monkeypatch.undo()
    assert not list((place / "full").glob("*.partial*"))
    monkeypatch.chdir(place)
    train_py.main(["--resume", "full"])
    assert_same_result(place / "full", uninterrupted)
