"""Callbacks: figures after each epoch, history and snapshots, the progress bar, the checkpoint."""

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from embedding_tutorial.checkpoint import Checkpoint
from embedding_tutorial.config import InputError
from embedding_tutorial.model.sequential import vectors_of
from embedding_tutorial.progress import Meter
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.word_vectors import WordVectors

SNAPSHOTS = 6  # of a run, the untrained vectors among them
MOST_WATCHED = 10_000  # the most frequent tokens; the work between epochs must not grow with the vocabulary


class Ripening(keras.callbacks.History):
    """Keras's own history, and snapshots, copies of the vectors after some epochs. Must be the last callback.

    Args:
        vocabulary: the model's tokens.
        checkpoint: of the run that is resumed; ``None``: the run is new.

    Attributes:
        history: figure -> its value after each epoch: loss, val_loss where sentences were held
            out, and what other callbacks add to the logs; NaN where they added none.
        snapshots: epoch -> a copy of the vectors of the 10,000 most frequent tokens after it,
            ``(N, D)``; epoch 0 is before the first step. The epochs are evenly spaced, without the last.
    """

    def __init__(self, vocabulary: Vocabulary, checkpoint: Checkpoint | None = None) -> None:
        super().__init__()
        self.vocabulary = vocabulary.most_frequent(MOST_WATCHED)
        self.snapshots: dict[int, np.ndarray] = {}
        self.earlier = 0.0
        if checkpoint is not None:
            self.history = {name: values.tolist() for name, values in checkpoint.history.items()}
            self.snapshots = dict(checkpoint.snapshots)
            self.earlier = checkpoint.seconds

    def set_model(self, model: keras.Model) -> None:
        super().set_model(model)
        model.history = self  # as Keras does after the first epoch

    @property
    def seconds(self) -> float:
        """Seconds of training so far, those before a break included."""
        return self.earlier + time.perf_counter() - self.started

    def on_train_begin(self, logs: dict | None = None) -> None:
        super().on_train_begin(logs)
        self.started = time.perf_counter()
        epochs = self.params["epochs"]
        self.kept = set(np.linspace(0, epochs, SNAPSHOTS, endpoint=False).round().astype(int).tolist())
        if not self.snapshots:
            self._keep(0)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        for name in logs:
            self.history.setdefault(name, [np.nan] * epoch)  # a figure that comes late
        super().on_epoch_end(epoch, {**dict.fromkeys(self.history, np.nan), **logs})
        self._keep(epoch + 1)

    def _keep(self, epoch: int) -> None:
        if epoch in self.kept:
            self.snapshots[epoch] = vectors_of(self.model, self.vocabulary).matrix


class Watch(keras.callbacks.Callback):
    """Compute figures after each epoch, and show the vectors in TensorBoard. Must precede all that read the logs.

    Args:
        vocabulary: the model's tokens.
        figures: returns figures, by name, for the vectors of the 10,000 most frequent tokens. They are added to the
            epoch's logs, and so to the history and to TensorBoard's scalars.
        telling: tokens whose neighbours are written to TensorBoard's TEXT tab.
        writer: a ``tf.summary`` writer for neighbours and weight histograms; ``None``: none are written.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        figures: Callable[[WordVectors], dict[str, float]],
        telling: Sequence[str] = (),
        writer: Any = None,
    ) -> None:
        super().__init__()
        self.vocabulary = vocabulary.most_frequent(MOST_WATCHED)
        self.figures, self.telling, self.writer = figures, telling, writer

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        vectors = vectors_of(self.model, self.vocabulary)
        logs |= self.figures(vectors)
        if self.writer is not None:
            import tensorflow as tf

            near = {token: " ".join(token for token, _ in vectors.most_similar(token)) for token in self.telling}
            lines = [f"| {token} | {tokens} |" for token, tokens in near.items()]
            with self.writer.as_default(step=epoch + 1):
                tf.summary.text("neighbours", "\n".join(["| token | nearest |", "|---|---|", *lines]))
                tf.summary.histogram("embedding", vectors.matrix)

    def on_train_end(self, logs: dict | None = None) -> None:
        if self.writer is not None:
            self.writer.close()


class StopIfNotFinite(keras.callbacks.Callback):
    """Raise an ``InputError`` when the loss is infinite or NaN.

    ``keras.callbacks.TerminateOnNaN`` ends training without an error; only from Keras 3.13 on can it raise one.
    """

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch, self.last = epoch, 0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if not np.isfinite(logs["loss"]):
            steps = f"{self.last + 1} to {batch + 1}" if batch > self.last else f"{batch + 1}"
            raise InputError(
                f"the loss is {logs['loss']} in epoch {self.epoch + 1}, step {steps}; try a smaller --learning-rate"
            )
        self.last = batch + 1


class ProgressBar(keras.callbacks.Callback):
    """Show how many steps are done.

    Args:
        meter: shows the bar; its total is the number of steps of all epochs.
    """

    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self.meter = meter

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self.meter.kind:  # elsewhere the losses are enough
            self.meter.at(self.epoch * self.params["steps"] + batch + 1)


class ProgressLines(keras.callbacks.Callback):
    """Print the losses after every tenth of the epochs.

    Args:
        ripening: gives the seconds.
    """

    def __init__(self, ripening: Ripening) -> None:
        super().__init__()
        self.ripening = ripening

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        epochs = self.params["epochs"]
        if (epoch + 1) * 10 // epochs > epoch * 10 // epochs:
            losses = "  ".join(f"{name} {logs[name]:.4f}" for name in ("loss", "val_loss") if name in logs)
            seconds = self.ripening.seconds
            print(f"epoch {epoch + 1:>{len(str(epochs))}}/{epochs}  {losses}  {seconds:.1f} s", flush=True)


def state_of(model: keras.Model) -> dict[str, keras.Variable]:
    """All variables of the model and of its optimizer, and the states of its random generators, by path.

    Keras numbers layers by how many a process has made: the first ``dense`` of a second model is ``dense_1``. So
    numbers are removed, and variables that are then called alike are numbered.
    """
    model.optimizer.build(model.trainable_variables)
    measured = {id(variable) for variable in model.metrics_variables}
    kept = [variable for variable in model.variables if id(variable) not in measured]
    state: dict[str, keras.Variable] = {}
    for variable in [*kept, *model.optimizer.variables]:
        path = re.sub(r"_\d+(?=[/_]|$)", "", variable.path)
        number = sum(name.partition(" ")[0] == path for name in state)
        state[f"{path} {number}" if number else path] = variable
    return state


def restore(model: keras.Model, checkpoint: Checkpoint, epochs: int, watched: int) -> None:
    """Put the state of a checkpoint into a compiled model.

    Args:
        model: as ``compile_model`` leaves it.
        checkpoint: of the run that is resumed.
        epochs: of the whole run.
        watched: the number of tokens that its snapshots must have.

    Raises:
        InputError: the checkpoint is of another model, or of a longer run.
    """
    state = state_of(model)
    snapshot = (watched, model.get_layer("embedding").output_dim)
    if (
        {path: tuple(variable.shape) for path, variable in state.items()}
        != {path: value.shape for path, value in checkpoint.variables.items()}
        or {matrix.shape for matrix in checkpoint.snapshots.values()} != {snapshot}
        or checkpoint.epochs > epochs
    ):
        raise InputError("the checkpoint is of another run; remove it to train from the start")
    for path, variable in state.items():
        variable.assign(checkpoint.variables[path])


class SaveCheckpoint(keras.callbacks.Callback):
    """Save a checkpoint after each epoch, with what ``Ripening`` holds.

    It saves when the next epoch begins or training ends: by then all callbacks have seen the end of the epoch.

    Args:
        directory: the run directory.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.directory = directory

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.saved = self._epochs()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._save()

    def on_train_end(self, logs: dict | None = None) -> None:
        self._save()

    def _epochs(self) -> int:
        return len(self.model.history.history.get("loss", ()))

    def _save(self) -> None:
        if self._epochs() == self.saved:
            return
        self.saved = self._epochs()
        ripening = self.model.history
        Checkpoint(
            variables={path: keras.ops.convert_to_numpy(value) for path, value in state_of(self.model).items()},
            history={name: np.array(values) for name, values in ripening.history.items()},
            snapshots=ripening.snapshots,
            seconds=ripening.seconds,
        ).save(self.directory)
