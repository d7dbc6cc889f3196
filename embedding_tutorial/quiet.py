"""Import Keras without the dozen lines that TensorFlow prints about the machine, and share out its cores."""

import os
import sys
import tempfile

from embedding_tutorial.config import InputError


def import_keras_quietly() -> None:
    """Import Keras and its backend; what they print is shown only if that fails.

    TensorFlow's C++ code writes to file descriptor 2 itself, past ``sys.stderr`` and
    partly past ``TF_CPP_MIN_LOG_LEVEL``, so the descriptor is turned aside meanwhile.

    Raises:
        InputError: the backend, or something else, is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # later on: warnings and errors only
    # A step is some fifty small operations, of which several can run at once. Threads that share one of
    # them mostly wait for each other: half the cores for that, all of them for running side by side.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", str(max(1, (os.cpu_count() or 1) // 2)))
    sys.stderr.flush()
    terminal = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            import keras
            import tensorflow as tf  # whatever the backend, it feeds the batches and writes TensorBoard's files

            # The first look for a GPU prints too. Where there is one that cannot be used, say why.
            gpus = tf.config.list_physical_devices("GPU")
            if keras.backend.backend() != "tensorflow":
                tf.config.set_visible_devices([], "GPU")  # it would take all of their memory
            elif not gpus and os.path.exists("/dev/nvidia0"):
                aside.seek(0)
                os.write(terminal, aside.read())
        except ModuleNotFoundError as error:
            raise InputError(
                f"Python cannot find {error.name}; pip install -r requirements.txt, or, where KERAS_BACKEND asks for "
                "it, -r requirements-optional.txt"
            ) from None
        except BaseException:
            aside.seek(0)
            os.write(terminal, aside.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
