"""Import Keras without the dozen lines that TensorFlow prints about the machine, and set its number of threads.

The settings of Keras and TensorFlow are checked first: some would crash them, others would change results.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from embedding_tutorial.config import InputError, one_line
from embedding_tutorial.terminal import when_stopped

BACKENDS = ("tensorflow", "jax")
# TensorFlow feeds the batches and writes TensorBoard's files on every backend.
PACKAGES = ("tensorflow", "keras", "tensorboard", "pandas", "rich")

# Reads everything that is written to a pipe, and prints it when the pipe is closed.
KEEPER = "import sys; sys.stderr.buffer.write(sys.stdin.buffer.read())"


def check_environment(packages: Sequence[str] = ()) -> None:
    """Check at once the settings and packages without which the import of Keras or the training fails later.

    Args:
        packages: needed in addition to ``PACKAGES``.

    Raises:
        InputError: an environment variable or ``keras.json`` has a value that cannot work.
        ModuleNotFoundError: a package is missing.
    """
    place, backend = _backend()
    if backend not in BACKENDS:
        raise InputError(
            f"{place} is {backend}, but only {' and '.join(BACKENDS)} work here; "
            f"set the environment variable KERAS_BACKEND={BACKENDS[0]}"
        )
    for name in ("KERAS_MAX_EPOCHS", "KERAS_MAX_STEPS_PER_EPOCH"):
        if name in os.environ:
            raise InputError(f"{name} is {os.environ[name]}: it ends training early; unset it")
    for name in ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        number = os.environ.get(name) or "0"
        if not (number.isdecimal() and len(number) <= 3):
            raise InputError(f"{name} is {number}; it must be a whole number from 0 (all cores) to 999")
    for name in (*PACKAGES, backend, *packages):
        if find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _backend() -> tuple[str, str]:
    """Where the backend of Keras is set, and to what."""
    if os.environ.get("KERAS_BACKEND"):
        return "KERAS_BACKEND", os.environ["KERAS_BACKEND"]
    file = _settings_file()
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # Keras ignores such a file
        settings = {}
    if not isinstance(settings, dict):
        raise InputError(f"{file}: holds no settings; mend it, or remove it")
    return f"{file}: backend", settings.get("backend", BACKENDS[0])


def _settings_file() -> Path:
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "keras.json"


def import_keras_quietly() -> None:
    """Import Keras and its backend; what they print is shown only if the import fails.

    TensorFlow's C++ code writes to file descriptor 2 directly, so ``sys.stderr`` does not silence it, and
    ``TF_CPP_MIN_LOG_LEVEL`` silences only a part. During the import, the descriptor is therefore a pipe to
    another process. That process prints what it received if the import fails or this process crashes, and
    is killed if the import succeeds.

    Raises:
        InputError: as ``check_environment``, or Keras refuses its ``keras.json``.
        ModuleNotFoundError: as ``check_environment``.
    """
    check_environment()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # after the import: warnings and errors only
    # A training step has about fifty small operations, and several can run in parallel, on all cores. Threads
    # that share one operation mostly wait for each other, so it gets half of the cores only.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(max(1, (os.cpu_count() or 1) // 2)))
    sys.stderr.flush()
    terminal = os.dup(2)
    # In a session of its own it receives no Ctrl-C.
    keeper = subprocess.Popen([sys.executable, "-IS", "-c", KEEPER], stdin=subprocess.PIPE, start_new_session=True)
    os.dup2(keeper.stdin.fileno(), 2)
    keeper.stdin.close()
    show = True
    try:
        with when_stopped(keeper.kill):
            import keras
            import tensorflow as tf

            # The same seed gives the same vectors, whatever keras.json says.
            keras.config.set_floatx("float32")
            keras.config.set_epsilon(1e-7)
            # Listing the GPUs prints, too. Show that only if the machine has a GPU that cannot be used.
            gpus = tf.config.list_physical_devices("GPU")
            if keras.backend.backend() != "tensorflow":
                tf.config.set_visible_devices([], "GPU")  # TensorFlow would take all of their memory
                show = False
            else:
                hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
                show = not gpus and not hidden and os.path.exists("/dev/nvidia0")
    except ValueError as error:
        if "configuration" not in str(error):  # Invalid `floatx` configuration, and the like
            raise
        raise InputError(f"{_settings_file()}: {one_line(error)}; mend it, or remove it") from None
    except KeyboardInterrupt:
        show = False
        raise
    finally:
        if not show:
            keeper.kill()
        os.dup2(terminal, 2)
        os.close(terminal)
        keeper.wait()


@contextlib.contextmanager
def without_stderr() -> Iterator[None]:
    """Discard what is written to file descriptor 2, by C++ code, too."""
    sys.stderr.flush()
    terminal = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(terminal, 2)
        os.close(terminal)
        os.close(nowhere)
