"""Train one model on several devices, or in several processes on several machines: Keras's distribution API on JAX.

    KERAS_BACKEND=jax python train.py --distribute data                      all devices of this machine
    KERAS_BACKEND=jax python train.py --distribute data --coordinator HOST:PORT --processes 2 --process 0
    KERAS_BACKEND=jax python train.py --distribute data --coordinator HOST:PORT --processes 2 --process 1

``data``: every device holds both tables and learns from its share of each batch's rows; the gradients
are summed. ``model``: each device of a process holds a part of the tables' rows, for vocabularies
that fit on no single one, and the processes share the batch. Either way a step computes what one device
would compute from the whole batch.

Under Slurm and Open MPI the processes find each other without the last three flags. All must see the
same files; each reads the whole text, and only process 0 prints and writes the run directory.
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

# Environment variables with the number of processes that a cluster has started; JAX itself finds the others.
CLUSTERS = ("SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE")

_kept: list = []  # a function that only C refers to; Python must not free it


@contextlib.contextmanager
def joined(config: TrainingConfig) -> Iterator[Devices]:
    """Distribute all training inside the ``with`` over the devices of all processes.

    Must be entered before JAX computes anything. If another process dies, this one ends with one line
    within two seconds; if the other one hangs, after ``PATIENCE``.

    Yields:
        How many processes and devices there are, and which process this is; only process 0 may write.

    Raises:
        InputError: the backend is not JAX, the processes cannot connect, or one of them dies.
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
            atexit.register(_leave)  # at exit JAX would wait for all other processes
            if "Gloo" in str(error):  # the link between the processes
                raise InputError(_gone(log)) from None
        raise
    finally:
        keras.distribution.set_distribution(None)
    if log:
        log.unlink()


class Layout(keras.callbacks.Callback):
    """Print how JAX splits batches and tables."""

    def on_train_begin(self, logs: dict | None = None) -> None:
        table, devices = self.model.get_layer("embedding").embeddings.value, _devices()
        print(
            f"processes: {devices.processes}, devices: {len(keras.distribution.list_devices())}; "
            f"a batch is split into {devices.batch_parts}; each device holds {table.addressable_data(0).shape[0]:,} "
            f"of {table.shape[0]:,} rows of both tables"
        )


def check_alike(config: TrainingConfig, corpus_sha256: str) -> None:
    """Check that all processes train the same model on the same text.

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
    """The layout of batches and tables over all devices of all processes; ``kind`` is ``data`` or ``model``."""
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
    """How many processes and devices there are, and what each of them holds, in the current distribution."""
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
    """Connect to the other processes. Returns the file that gets what JAX prints, and what all but process 0 print."""
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
            shutdown_timeout_seconds=24 * 3600,  # at the end all wait until process 0 has written the run directory
        )
    except (RuntimeError, ValueError) as error:
        raise InputError(f"--distribute: the processes cannot connect ({error})") from None
    if jax.process_index():
        os.dup2(2, sys.stdout.fileno())
    return log


def _turn_aside_what_jax_prints() -> Path:
    """Redirect what C++ prints to a file, and let its ``abort()`` print one line of ours.

    When a process hangs, JAX's C++ code prints pages and aborts all others, without a Python exception.
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

    if os.name == "posix":  # a Python handler would never run: abort() does not return
        _kept.append(ctypes.CFUNCTYPE(None, ctypes.c_int)(aborted))
        ctypes.CDLL(None).signal(signal.SIGABRT, _kept[-1])
    return Path(name)


def _gone(log: Path) -> str:
    """The message for a process that does not answer."""
    return (
        "another process of this training does not answer; see what it printed, and start all of them again "
        f"with --resume. What JAX says: {log}"
    )


def _leave() -> None:
    """End this process at once, without JAX's own exit handlers."""
    import jax

    if jax.process_index() == 0:
        time.sleep(1)  # once process 0 is gone, JAX aborts the others: let them print their error first
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)
