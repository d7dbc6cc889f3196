"""The state of an unfinished run, in one file that is written atomically after each epoch.

A resumed run gives the same result as an uninterrupted one. The order of the sentences and the noise depend on seed
and epoch only (``text/batches.py``). So the variables of the model and the optimizer, and the figures and vectors
recorded so far, are the whole state. Needs NumPy only; ``model/callbacks.py`` copies the state from a model and back.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from embedding_tutorial.atomic import write_whole
from embedding_tutorial.config import InputError, one_line
from embedding_tutorial.run_directory import CHECKPOINT


@dataclasses.dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of a run after a number of whole epochs.

    Attributes:
        variables: the variables of the model and its optimizer, by their paths.
        history: name of a figure -> its value after each epoch, ``(epochs,)``.
        snapshots: epoch -> vectors after it, as ``Ripening`` keeps them; epoch 0 is always included.
        seconds: how long the epochs took.

    Raises:
        ValueError: an array holds no numbers, or the parts differ in the number of epochs.
    """

    variables: dict[str, np.ndarray]
    history: dict[str, np.ndarray]
    snapshots: dict[int, np.ndarray]
    seconds: float

    def __post_init__(self) -> None:
        arrays = [*self.variables.values(), *self.history.values(), *self.snapshots.values()]
        if any(not np.issubdtype(array.dtype, np.number) for array in arrays):
            raise ValueError("an array holds no numbers")
        if {values.shape for values in self.history.values()} != {(self.epochs,)}:
            raise ValueError("the history has a gap")
        if 0 not in self.snapshots or not self.snapshots.keys() <= set(range(self.epochs + 1)):
            raise ValueError("snapshots of epochs that are not done")

    @property
    def epochs(self) -> int:
        """Number of finished epochs."""
        return len(self.history["loss"])

    def save(self, directory: Path) -> None:
        """Write ``checkpoint.npz`` atomically: after a crash the file is either the old one or the new one."""
        arrays = {f"variable {path}": value for path, value in self.variables.items()}
        arrays |= {f"history {name}": values for name, values in self.history.items()}
        arrays |= {f"snapshot {epoch}": matrix for epoch, matrix in self.snapshots.items()}
        arrays["seconds"] = np.array(self.seconds)
        write_whole(directory / CHECKPOINT, lambda path: np.savez(path, **arrays))

    @classmethod
    def load(cls, directory: Path) -> Checkpoint | None:
        """Read the state after the last finished epoch, or ``None`` if no epoch is finished.

        Raises:
            InputError: the file is damaged, or no regular file.
        """
        path = directory / CHECKPOINT
        if not path.exists():
            return None
        found: dict[str, dict[str, np.ndarray]] = {"variable": {}, "history": {}, "snapshot": {}, "seconds": {}}
        try:
            if not path.is_file():
                raise ValueError("is no regular file")
            with np.load(path, allow_pickle=False) as arrays:
                for name in arrays.files:
                    kind, _, rest = name.partition(" ")
                    found[kind][rest] = arrays[name]
            return cls(
                variables=found["variable"],
                history={"loss": found["history"]["loss"], **found["history"]},
                snapshots={int(epoch): matrix for epoch, matrix in found["snapshot"].items()},
                seconds=float(found["seconds"][""]),
            )
        except MemoryError:
            raise
        except Exception as error:  # zipfile and NumPy raise a dozen kinds of errors for damaged files
            raise InputError(f"{path}: damaged ({one_line(error)}); remove it to train from the start") from None
