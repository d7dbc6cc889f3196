"""What happens between epochs: the order of the text, watching the vectors ripen, the progress bar, the checkpoint."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from embedding_tutorial.checkpoint import Checkpoint
from embedding_tutorial.config import InputError
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.evaluation import category_agreement, radical_agreement
from embedding_tutorial.vectors.groups import Category
from embedding_tutorial.vectors.word_vectors import WordVectors

SNAPSHOTS = 6  # vectors kept on the way, the untrained ones among them
MOST_WATCHED = 10_000  # the most frequent tokens; what is watched each epoch must not grow with the vocabulary


class EpochOrder(keras.callbacks.Callback):
    """Make the order of the text in an epoch depend on seed and epoch alone.

    Args:
        order: the array (seed, epoch) that ``make_dataset`` was given.
        seed: any integer.
    """

    def __init__(self, order: np.ndarray, seed: int) -> None:
        super().__init__()
        self.order = order
        self.seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.order[:] = self.seed, epoch


class Ripening(keras.callbacks.Callback):
    """Watch relations appear: agreement each epoch, and the vectors themselves at a few.

    Adds ``category_agreement`` and, where the tokens are characters, ``radical_agreement`` to
    the epoch's logs, so that they stand in the history and among TensorBoard's scalars; it must
    come before the callbacks that read them.

    Args:
        vocabulary: the model's tokens.
        tokens: ``characters`` or ``words``.
        categories: groups of tokens that belong together.
        telling: tokens whose neighbours are written to TensorBoard's TEXT tab.
        writer: a ``tf.summary`` writer for neighbours and weight histograms, or ``None``.

    Attributes:
        history: figure -> its value after each epoch: loss, val_loss where sentences were held
            out, and the agreements where there is anything to compare.
        snapshots: epoch -> a copy of the vectors of the 10,000 most frequent tokens after it,
            ``(N, D)``; epoch 0 is before the first step. Evenly spread, the last one left out.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        tokens: str,
        categories: Sequence[Category],
        telling: Sequence[str] = (),
        writer: Any = None,
    ) -> None:
        super().__init__()
        self.vocabulary = vocabulary.most_frequent(MOST_WATCHED)
        self.tokens, self.categories, self.telling, self.writer = tokens, categories, telling, writer
        self.snapshots: dict[int, np.ndarray] = {}
        self.history: dict[str, list[float]] = {}

    def on_train_begin(self, logs: dict | None = None) -> None:
        epochs = self.params["epochs"]
        self.kept = set(np.linspace(0, epochs, SNAPSHOTS, endpoint=False).round().astype(int).tolist())
        if not self.snapshots:  # a resumed run has that of its beginning
            self._keep(0, self._vectors())

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        vectors = self._vectors()
        self._keep(epoch + 1, vectors)
        agreements = {"category_agreement": category_agreement(vectors, self.categories, self.tokens)}
        if self.tokens == "characters":
            agreements["radical_agreement"] = radical_agreement(vectors)
        logs |= {name: agreement.value for name, agreement in agreements.items() if agreement.tokens}
        for name in ("loss", "val_loss", *agreements):
            if name in logs:
                self.history.setdefault(name, []).append(logs[name])
        if self.writer is not None:
            self._write(epoch + 1, vectors)

    def _vectors(self) -> WordVectors:
        rows = self.model.get_layer("embedding").embeddings[1 : len(self.vocabulary) + 1]  # row 0 is padding
        return WordVectors.of(self.vocabulary, keras.ops.convert_to_numpy(rows))

    def _keep(self, epoch: int, vectors: WordVectors) -> None:
        if epoch in self.kept:
            self.snapshots[epoch] = vectors.matrix.copy()

    def _write(self, epoch: int, vectors: WordVectors) -> None:
        import tensorflow as tf

        lines = [f"| {token} | {' '.join(near for near, _ in vectors.most_similar(token))} |" for token in self.telling]
        with self.writer.as_default(step=epoch):
            tf.summary.text("neighbours", "\n".join(["| token | nearest |", "|---|---|", *lines]))
            tf.summary.histogram("embedding", vectors.matrix)


class StopIfNotFinite(keras.callbacks.Callback):
    """End training with an ``InputError`` when the loss is infinite or no number: nothing can be learned from there."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch, self.last = epoch, 0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if not np.isfinite(logs["loss"]):
            steps = f"{self.last + 1} to {batch + 1}" if batch > self.last else f"{batch + 1}"
            raise InputError(
                f"the loss is {logs['loss']} in epoch {self.epoch + 1}, step {steps}; try a smaller --learning-rate"
            )
        self.last = batch + 1


class Progress(keras.callbacks.Callback):
    """One bar for the whole training; where output is no terminal, ten plain lines.

    Args:
        steps: training steps in an epoch.
        before: seconds that were spent before a run was resumed.

    Attributes:
        seconds: spent until now.
    """

    def __init__(self, steps: int, before: float = 0.0) -> None:
        super().__init__()
        self.steps, self.before = steps, before

    @property
    def seconds(self) -> float:
        return self.before + time.perf_counter() - self.started

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.started = time.perf_counter()
        self.bar = None
        if sys.stdout.isatty():
            names = ["epoch", "loss", "val_loss"]
            self.bar = keras.utils.Progbar(self.params["epochs"] * self.steps, stateful_metrics=names)
        self.shown = [("epoch", 1)]

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self.bar and batch < self.steps - 1:
            self.bar.update(self.epoch * self.steps + batch + 1, self.shown)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        epochs = self.params["epochs"]
        losses = [(name, logs[name]) for name in ("loss", "val_loss") if name in logs]
        self.shown = [("epoch", epoch + 1), *losses]
        if self.bar:
            self.bar.update((epoch + 1) * self.steps, self.shown)
        elif (epoch + 1) * 10 // epochs > epoch * 10 // epochs:
            text = "  ".join(f"{name} {value:.4f}" for name, value in losses)
            print(f"epoch {epoch + 1:>{len(str(epochs))}}/{epochs}  {text}  {self.seconds:.1f} s", flush=True)


def variables_of(model: keras.Model) -> list[keras.Variable]:
    """All that a step changes or reads: the model's weights and the optimizer's state."""
    model.optimizer.build(model.trainable_variables)
    return [*model.weights, *model.optimizer.variables]


def restore(model: keras.Model, ripening: Ripening, checkpoint: Checkpoint, epochs: int) -> None:
    """Put a compiled model, and what was watched, where the checkpoint was taken.

    Args:
        model: as ``compile_model`` leaves it.
        ripening: gets the history and the snapshots.
        checkpoint: where to go on.
        epochs: of the whole run.

    Raises:
        InputError: the checkpoint is of another model, or of a longer run.
    """
    variables = variables_of(model)
    shapes = [tuple(variable.shape) for variable in variables]
    watched = (len(ripening.vocabulary), model.get_layer("embedding").output_dim)
    if (
        shapes != [value.shape for value in checkpoint.variables]
        or {matrix.shape for matrix in checkpoint.snapshots.values()} != {watched}
        or checkpoint.epochs > epochs
    ):
        raise InputError("the checkpoint is of another run; remove it to train from the start")
    for variable, value in zip(variables, checkpoint.variables, strict=True):
        variable.assign(value)
    ripening.snapshots = dict(checkpoint.snapshots)
    ripening.history = {name: values.tolist() for name, values in checkpoint.history.items()}


class SaveCheckpoint(keras.callbacks.Callback):
    """Keep each finished epoch. Must come after ``Ripening``.

    Args:
        directory: the run directory.
        ripening: what was watched.
        progress: knows the time.
    """

    def __init__(self, directory: Path, ripening: Ripening, progress: Progress) -> None:
        super().__init__()
        self.directory, self.ripening, self.progress = directory, ripening, progress

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        Checkpoint(
            variables=[keras.ops.convert_to_numpy(variable) for variable in variables_of(self.model)],
            history={name: np.array(values) for name, values in self.ripening.history.items()},
            snapshots=self.ripening.snapshots,
            seconds=self.progress.seconds,
        ).save(self.directory)
