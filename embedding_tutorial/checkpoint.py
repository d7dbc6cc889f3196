"""What an interrupted run needs to go on as if nothing had happened: one file, written whole after each epoch.

The order of the text depends on seed and epoch alone (``callbacks.EpochOrder``), and where the noise
stands is a weight, so weights, the optimizer's state and what was watched so far are all there is to keep.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from embedding_tutorial.callbacks import Progress, Ripening
from embedding_tutorial.config import InputError, one_line
from embedding_tutorial.run_directory import CHECKPOINT, write_whole


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """A run after some whole epochs.

    Attributes:
        variables: those of the model and its optimizer, in their order.
        history: epoch's figure -> its value after each epoch, ``(epochs done,)``.
        snapshots: epoch -> vectors after it, as ``Ripening`` keeps them.
        seconds: how long these epochs took.
    """

    variables: Sequence[np.ndarray]
    history: dict[str, np.ndarray]
    snapshots: dict[int, np.ndarray]
    seconds: float

    @property
    def epochs(self) -> int:
        """Epochs that are done."""
        return len(self.history["loss"])

    def save(self, directory: Path) -> None:
        """Write ``checkpoint.npz`` beside its place, and rename it: a death leaves the last one or this one."""
        arrays = {f"variable {i}": value for i, value in enumerate(self.variables)}
        arrays |= {f"history {name}": values for name, values in self.history.items()}
        arrays |= {f"snapshot {epoch}": matrix for epoch, matrix in self.snapshots.items()}
        arrays["seconds"] = np.array(self.seconds)
        write_whole(directory / CHECKPOINT, lambda path: np.savez(path, **arrays))

    @classmethod
    def load(cls, directory: Path) -> Checkpoint | None:
        """The last finished epoch of a run, or ``None`` where none was finished.

        Raises:
            InputError: the file is damaged.
        """
        path = directory / CHECKPOINT
        found: dict[str, dict[str, np.ndarray]] = {"variable": {}, "history": {}, "snapshot": {}, "seconds": {}}
        try:
            with np.load(path, allow_pickle=False) as arrays:
                for name in arrays.files:
                    kind, _, rest = name.partition(" ")
                    found[kind][rest] = arrays[name]
            return cls(
                variables=[found["variable"][str(i)] for i in range(len(found["variable"]))],
                history={"loss": found["history"]["loss"], **found["history"]},
                snapshots={int(epoch): matrix for epoch, matrix in found["snapshot"].items()},
                seconds=float(found["seconds"][""]),
            )
        except FileNotFoundError:
            return None
        except Exception as error:  # zipfile and NumPy stumble over damage in a dozen ways
            raise InputError(f"{path}: damaged ({one_line(error)}); remove it to train from the start") from None


def variables_of(model: keras.Model) -> list[keras.Variable]:
    """All that a step changes or reads: the model's weights and the optimizer's state."""
    model.optimizer.build(model.trainable_variables)
    return [*model.weights, *model.optimizer.variables]


def restore(model: keras.Model, checkpoint: Checkpoint) -> None:
    """Put a compiled model where the checkpoint was taken.

    Raises:
        InputError: the checkpoint is of another model.
    """
    variables = variables_of(model)
    shapes = [tuple(variable.shape) for variable in variables]
    if shapes != [value.shape for value in checkpoint.variables]:
        raise InputError("the checkpoint is of another model; remove it to train from the start")
    for variable, value in zip(variables, checkpoint.variables, strict=True):
        variable.assign(value)


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
