"""What happens between epochs: the order of the text, the progress bar, the curves."""

import sys
import time

import keras
import numpy as np


class EpochOrder(keras.callbacks.Callback):
    """Make the order of the text and the noise of an epoch depend on seed and epoch alone.

    Args:
        order: the ``tf.Variable`` (seed, epoch) that ``make_dataset`` was given.
        seed: any integer.
    """

    def __init__(self, order, seed: int) -> None:
        super().__init__()
        self.order = order
        self.seed = seed

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        self.order.assign([self.seed, epoch])
        # The generator counts up within the epoch; epochs are a million draws apart.
        self.model.draws.state.assign(np.array([self.seed, epoch << 20], "uint32"))


class Progress(keras.callbacks.Callback):
    """One bar for the whole training; where output is no terminal, ten plain lines.

    Args:
        steps: training steps in an epoch.
    """

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps

    def on_train_begin(self, logs=None) -> None:
        self.started = time.perf_counter()
        self.bar = None
        if sys.stdout.isatty():
            names = ["epoch", "loss", "val_loss"]
            self.bar = keras.utils.Progbar(self.params["epochs"] * self.steps, stateful_metrics=names)
        self.shown = [("epoch", 1)]

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        self.epoch = epoch

    def on_train_batch_end(self, batch: int, logs=None) -> None:
        if self.bar and batch < self.steps - 1:
            self.bar.update(self.epoch * self.steps + batch + 1, self.shown)

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        epochs = self.params["epochs"]
        losses = [(name, logs[name]) for name in ("loss", "val_loss") if name in logs]
        self.shown = [("epoch", epoch + 1), *losses]
        if self.bar:
            self.bar.update((epoch + 1) * self.steps, self.shown)
        elif (epoch + 1) * 10 // epochs > epoch * 10 // epochs:
            text = "  ".join(f"{name} {value:.4f}" for name, value in losses)
            seconds = time.perf_counter() - self.started
            print(f"epoch {epoch + 1:>{len(str(epochs))}}/{epochs}  {text}  {seconds:.1f} s", flush=True)
