"""One model on JAX, on two devices, and in two real processes: the losses and vectors of one device and of TensorFlow.

``KILLS=1 pytest -m long tests/scale/test_devices.py`` lets one process die instead of four, which saves minutes.
"""

import importlib.util
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from conftest import REPOSITORY, free_port, run_python, run_train, two_worlds

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        importlib.util.find_spec("jax") is None, reason="jax is not installed: requirements-optional.txt"
    ),
]

FLAGS = ("--corpus", "worlds.txt", "--dim", "8", "--epochs", "3", "--window", "2")
JAX = {"KERAS_BACKEND": "jax"}
TWO_DEVICES = {**JAX, "XLA_FLAGS": "--xla_force_host_platform_device_count=2"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("distributed")
    (place / "worlds.txt").write_text(two_worlds(), encoding="utf-8")
    return place


def run_together(*arguments, cwd, second=(), **environment) -> list[subprocess.Popen]:
    """Two processes of train.py that train one model over loopback; the second one is given other flags, too."""
    together = ("--coordinator", f"127.0.0.1:{free_port()}", "--processes", "2")
    return [
        subprocess.Popen(
            [sys.executable, REPOSITORY / "train.py", *arguments, *together, "--process", str(number), *others],
            cwd=cwd,
            env={**os.environ, **JAX, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for number, others in enumerate([(), second])
    ]


def finished(processes) -> list[str]:
    """What each printed; all must end well."""
    printed = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], printed
    return [out for out, _ in printed]


@pytest.fixture(scope="module")
def alone(place):
    """The run that all others must match: TensorFlow, one process."""
    for name, environment in (("tensorflow", {}), ("jax", JAX)):
        done = run_train(*FLAGS, "--out", name, cwd=place, **environment)
        assert done.returncode == 0, done.stderr
    return place / "tensorflow"


def assert_like(directory, expected) -> None:
    """Equal but for the order in which numbers were added: 1e-4 of losses and of vectors near 1 in size."""
    ours, theirs = (pd.read_csv(path / "history.csv") for path in (directory, expected))
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    ours, theirs = (np.load(path / "vectors.npy") for path in (directory, expected))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_jax_learns_what_tensorflow_learns(place, alone):
    assert_like(place / "jax", alone)
    run = json.loads((place / "jax" / "run.json").read_text(encoding="utf-8"))
    assert run["backend"] == "jax" and "jax" in run["versions"]


@pytest.mark.parametrize(("flags", "name"), [(("--model", "cbow"), "cbow"), (("--negatives", "0"), "softmax")])
def test_the_other_models_learn_the_same_on_jax(flags, name, place):
    for backend in ("tensorflow", "jax"):
        out = f"{name}-{backend}"
        assert run_train(*FLAGS, *flags, "--out", out, cwd=place, KERAS_BACKEND=backend).returncode == 0
    assert_like(place / f"{name}-jax", place / f"{name}-tensorflow")


@pytest.mark.parametrize(("kind", "split", "rows"), [("data", 2, "17 of 17"), ("model", 1, "9 of 18")])
def test_two_devices_learn_what_one_learns(kind, split, rows, place, alone):
    done = run_train(*FLAGS, "--distribute", kind, "--out", f"devices-{kind}", cwd=place, **TWO_DEVICES)
    assert done.returncode == 0, done.stderr
    assert f"devices: 2; a batch is split into {split}; each device holds {rows} rows of both tables" in done.stdout
    assert_like(place / f"devices-{kind}", alone)


@pytest.mark.parametrize(
    ("kind", "environment", "rows"), [("data", JAX, "17 of 17"), ("model", TWO_DEVICES, "9 of 18")]
)
def test_two_processes_learn_what_one_learns(kind, environment, rows, place, alone):
    flags = ("--distribute", kind, "--out", f"processes-{kind}")
    first, second = finished(run_together(*FLAGS, *flags, cwd=place, **environment))
    assert second == ""
    assert f"processes: 2, devices: {2 if kind == 'data' else 4}; a batch is split into 2" in first
    assert f"each device holds {rows} rows" in first
    assert_like(place / f"processes-{kind}", alone)


def test_what_should_be_sharded_is(place):
    """Asked of JAX after a step, not of our own description: rows, accumulators, batches."""
    script = """
import jax, keras, numpy as np
from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.scale.devices import joined
from embedding_tutorial.model.sequential import build_model, compile_model
from embedding_tutorial.text.vocabulary import Vocabulary

seen = []
for kind in ("data", "model"):
    config = TrainingConfig(dim=4, distribute=kind)
    with joined(config) as devices:
        model = build_model(config, Vocabulary("abcdefghijkl", range(12, 0, -1)), table_parts=devices.table_parts)
        compile_model(model, config, 10)
        ids = np.arange(1, 13).reshape(2, 6)
        model.fit(ids, (ids, ids), verbose=0)  # noise: a row for each of the two that share a batch
        optimizer = [v for v in model.optimizer.variables if "accumulator" in v.path]
        for v in [*model.trainable_weights, *optimizer]:
            print(kind, v.path, v.shape, v.value.addressable_data(0).shape)
        layout = keras.distribution.distribution().get_data_layout(ids.shape)
        inputs = keras.distribution.distribute_tensor(ids, layout)
        print(kind, "batch", inputs.shape, inputs.addressable_data(0).shape)
"""
    done = run_python("-c", script, cwd=place, **TWO_DEVICES)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "data skipgram/embedding/embeddings (13, 4) (13, 4)",
        "data skipgram/output/table (13, 4) (13, 4)",
        "data rowwise_adagrad/skipgram_embedding_embeddings_accumulator (13,) (13,)",
        "data rowwise_adagrad/skipgram_output_table_accumulator (13,) (13,)",
        "data batch (2, 6) (1, 6)",
        "model skipgram/embedding/embeddings (14, 4) (7, 4)",
        "model skipgram/output/table (14, 4) (7, 4)",
        "model rowwise_adagrad/skipgram_embedding_embeddings_accumulator (14,) (7,)",
        "model rowwise_adagrad/skipgram_output_table_accumulator (14,) (7,)",
        "model batch (2, 6) (2, 6)",
    ]


LONG = ("--corpus", "worlds.txt", "--dim", "8", "--epochs", "60", "--window", "2", "--distribute", "data")


def begun(processes, checkpoint, since=0) -> None:
    """Wait until a checkpoint is there, newer than ``since``."""
    for _ in range(1200):
        if checkpoint.exists() and checkpoint.stat().st_mtime > since:
            return
        assert all(process.poll() is None for process in processes), [process.communicate() for process in processes]
        time.sleep(0.1)
    raise TimeoutError(checkpoint)


def test_a_death_ends_all_with_one_line_and_resumed_they_end_as_if_nothing_had_happened(place):
    expected, directory = place / "undisturbed", place / "disturbed"
    finished(run_together(*LONG, "--out", expected, cwd=place))
    deaths = [(1, signal.SIGKILL, 10), (0, signal.SIGKILL, 10), (1, signal.SIGSTOP, 45), (0, signal.SIGSTOP, 45)]
    resume, since = ("--out", directory), 0
    for dies, how, bound in deaths[: int(os.environ.get("KILLS", len(deaths)))]:
        processes = run_together(*LONG, *resume, cwd=place)
        begun(processes, directory / "checkpoint.npz", since)
        time.sleep(np.random.default_rng(dies).uniform(0, 1))
        processes[dies].send_signal(how)
        died = time.monotonic()
        _, error = processes[1 - dies].communicate(timeout=120)
        assert time.monotonic() - died < bound
        assert processes[1 - dies].returncode == 1
        assert len(error.splitlines()) == 1 and "another process of this training does not answer" in error, error
        processes[dies].kill()
        processes[dies].communicate()
        # A death while the checkpoint was written leaves a torn file beside the whole one.
        (directory / ".checkpoint.partial.npz").write_bytes(b"PK torn")
        resume, since = ("--resume", directory), (directory / "checkpoint.npz").stat().st_mtime
    finished(run_together("--resume", directory, "--distribute", "data", cwd=place))
    np.testing.assert_array_equal(np.load(directory / "vectors.npy"), np.load(expected / "vectors.npy"))
    assert (directory / "history.csv").read_bytes() == (expected / "history.csv").read_bytes()


def test_a_port_that_is_taken_is_one_line(place):
    with socket.create_server(("", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        flags = ("--distribute", "data", "--coordinator", address, "--processes", "2", "--process", "0")
        done = run_train(*FLAGS, *flags, cwd=place, **JAX)
    assert done.returncode == 1 and re.fullmatch(rf".*--coordinator {address}: cannot listen .*\n", done.stderr)


def test_a_process_that_nobody_meets_says_so(place):
    flags = ("--distribute", "data", "--coordinator", "127.0.0.1:9", "--processes", "2", "--process", "1")
    done = run_train(*FLAGS, *flags, cwd=place, **JAX)  # port 9 is nobody's
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1 and "does not answer" in done.stderr


def test_processes_with_different_texts_say_so(place):
    (place / "shorter.txt").write_text(two_worlds(200), encoding="utf-8")
    processes = run_together(
        *FLAGS, "--distribute", "data", "--out", "never", cwd=place, second=("--corpus", "shorter.txt")
    )
    for process in processes:
        _, error = process.communicate(timeout=120)
        assert process.returncode == 1
        assert re.fullmatch(r"train.py: error: (worlds|shorter).txt: the processes read different texts.*\n", error)


def test_tensorflow_cannot_and_says_what_can(place):
    done = run_train(*FLAGS, "--distribute", "data", cwd=place, KERAS_BACKEND="tensorflow")
    assert done.returncode == 1
    assert done.stderr == (
        "train.py: error: --distribute needs the JAX backend: set the environment variable KERAS_BACKEND=jax\n"
    )
