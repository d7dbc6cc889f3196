"""Several devices, or several processes on several machines, train one model: Keras's distribution API on JAX.

    KERAS_BACKEND=jax python train.py --distribute data                      all devices of this machine
    KERAS_BACKEND=jax python train.py --distribute data --coordinator HOST:PORT --processes 2 --process 0
    KERAS_BACKEND=jax python train.py --distribute data --coordinator HOST:PORT --processes 2 --process 1

``data``: every device holds both tables and learns from its share of each batch's rows; the gradients
are summed. ``model``: the devices of a process hold a part of the tables' rows each, for vocabularies
that fit no single one, and the processes share the batch. Either way a step computes what one device
would compute from the whole batch.

Under Slurm and Open MPI the processes find each other without the last three flags. All see the same
files; each reads the text to count it, and one of them, number 0, speaks and writes the run directory.
"""

import atexit
import contextlib
import ctypes
import hashlib
import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.text.batches import Devices

PATIENCE = 30  # seconds without a sign of life after which a process counts as dead

# How many processes a cluster has started; where it is more than one, JAX knows how to find the others.
CLUSTERS = ("SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE")

_kept: list = []  # what C alone refers to must not be freed


@contextlib.contextmanager
def joined(config: TrainingConfig) -> Iterator[Devices]:
    """Train together with the other devices and processes, as long as the ``with`` lasts.

    Must be entered before JAX computes anything. If another process dies, this one ends with one line
    within two seconds; if the other one hangs, after ``PATIENCE``.

    Yields:
        What each process needs to know; the first process alone shall write.

    Raises:
        InputError: the backend is not JAX, the processes cannot connect, or one of them died.
    """
    if keras.backend.backend() != "jax":
        raise InputError("--distribute needs the JAX backend: set the environment variable KERAS_BACKEND=jax")
    together = config.processes or any(int(os.environ.get(name, 1)) > 1 for name in CLUSTERS)
    log = _connect(config) if together else None
    keras.distribution.set_distribution(_distribution(config.distribute))
    try:
        yield _devices()
    except BaseException as error:
        if log:
            atexit.register(_leave)  # on its own way out JAX waits until all processes have come to their end
            if "Gloo" in str(error):  # the link between the processes
                raise InputError(_gone(log)) from None
        raise
    finally:
        keras.distribution.set_distribution(None)
    if log:
        log.unlink()


class Layout(keras.callbacks.Callback):
    """Print how batches and tables are split, as JAX tells it."""

    def on_train_begin(self, logs: dict | None = None) -> None:
        table, devices = self.model.get_layer("embedding").embeddings.value, _devices()
        print(
            f"processes: {devices.processes}, devices: {len(keras.distribution.list_devices())}; "
            f"a batch is split into {devices.batch_parts}; each device holds {table.addressable_data(0).shape[0]:,} "
            f"of {table.shape[0]:,} rows of both tables"
        )


def check_alike(config: TrainingConfig, corpus_sha256: str) -> None:
    """All processes must train the same model on the same text.

    Raises:
        InputError: they do not.
    """
    from jax.experimental import multihost_utils

    stored = config.to_json(config.run_directory)
    settings = {name: value for name, value in stored.items() if not isinstance(getattr(config, name), Path)}
    told = json.dumps({**settings, "text": corpus_sha256}, sort_keys=True).encode()
    own = np.frombuffer(hashlib.sha256(told).digest(), np.uint8)
    if (multihost_utils.process_allgather(own) != own).any():
        raise InputError(f"{config.corpus}: the processes read different texts, or were given different flags")


def _distribution(kind: str) -> keras.distribution.DataParallel | keras.distribution.ModelParallel:
    """How Keras lays tensors out over all devices of all processes."""
    import jax

    devices = keras.distribution.list_devices()
    # ``Batches`` gives each process its own rows, so Keras need not ("auto_shard").
    if kind == "data":
        return keras.distribution.DataParallel(devices=devices, auto_shard_dataset=False)
    shape = (jax.process_count(), len(devices) // jax.process_count())
    mesh = keras.distribution.DeviceMesh(shape, ("batch", "model"), devices)
    layout = keras.distribution.LayoutMap(mesh)
    layout[".*embedding/embeddings"] = ("model", None)  # (rows, D): some rows on each device, all D numbers of them
    layout[".*output/table"] = ("model", None)
    layout[".*accumulator"] = ("model",)  # (rows,)
    return keras.distribution.ModelParallel(layout_map=layout, batch_dim_name="batch", auto_shard_dataset=False)


def _devices() -> Devices:
    """How many processes and devices there are, and what each of them holds, by the distribution that is set."""
    import jax

    distribution = keras.distribution.distribution()
    shape = dict(zip(distribution.device_mesh.axis_names, distribution.device_mesh.shape, strict=True))
    split = isinstance(distribution, keras.distribution.ModelParallel)
    return Devices(
        process=jax.process_index(),
        processes=jax.process_count(),
        batch_parts=shape[distribution.batch_dim_name],
        table_parts=shape["model"] if split else 1,
    )


def _connect(config: TrainingConfig) -> Path:
    """Find the other processes. From here on the file returned holds what JAX prints, and what all but number 0 do."""
    import jax

    if config.process == 0:
        try:  # JAX itself would crash on a port that is taken
            socket.create_server(("", int(config.coordinator.rpartition(":")[2]))).close()
        except (OSError, ValueError, OverflowError) as error:
            raise InputError(f"--coordinator {config.coordinator}: cannot listen there ({error})") from None
    log = _turn_aside_what_jax_prints()
    try:
        jax.distributed.initialize(
            config.coordinator,
            config.processes,
            config.process,
            initialization_timeout=PATIENCE,
            heartbeat_timeout_seconds=PATIENCE,
            shutdown_timeout_seconds=24 * 3600,  # at the end all wait until number 0 has written the run directory
        )
    except (RuntimeError, ValueError) as error:
        raise InputError(f"--distribute: the processes cannot connect ({error})") from None
    if jax.process_index():
        os.dup2(2, sys.stdout.fileno())
    return log


def _turn_aside_what_jax_prints() -> Path:
    """Send what C++ prints to a file, and make of its ``abort()`` one line of ours.

    Where a process hangs, JAX's C++ prints pages and aborts all others, past Python and its exceptions.
    """
    handle, name = tempfile.mkstemp(prefix="jax-", suffix=".log")
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        stream.flush()
        ours = os.fdopen(os.dup(number), "w", buffering=1, encoding=stream.encoding, errors=stream.errors)
        setattr(sys, stream.name.strip("<>"), ours)
        os.dup2(handle, number)
    os.close(handle)
    terminal = sys.stderr.fileno()

    def aborted(_: int) -> None:
        os.write(terminal, f"train.py: error: {_gone(Path(name))}\n".encode())
        os._exit(1)

    if os.name == "posix":  # one of Python's own handlers would not be called any more: abort() does not come back
        _kept.append(ctypes.CFUNCTYPE(None, ctypes.c_int)(aborted))
        ctypes.CDLL(None).signal(signal.SIGABRT, _kept[-1])
    return Path(name)


def _gone(log: Path) -> str:
    return (
        "another process of this training does not answer; see what it printed, and start all of them again "
        f"with --resume. What JAX says: {log}"
    )


def _leave() -> None:
    """End this process at once."""
    import jax

    if jax.process_index() == 0:
        time.sleep(1)  # number 0 gone, JAX aborts the others: let them tell first what happened to them
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)
