"""Read a ``model.keras`` that predicts the next token, for ``vectors/writing.py``."""

from pathlib import Path

import keras
import numpy as np

from embedding_tutorial.config import InputError
from embedding_tutorial.model.layers import Tensor
from embedding_tutorial.model.sparse import ON_TENSORFLOW
from embedding_tutorial.vectors.writing import NextScores

WIDTH = 64  # rows are cut to a multiple of this many places, so that few shapes are compiled


def read_model(path: Path) -> NextScores:
    """Read a model that ``stock_model`` made of a GRU.

    The function that is returned runs the layers over whole rows at each step. They look back only, so what follows
    the place does not matter, and any layers will do, not only those with a state. Only one place of a row is scored.

    Raises:
        InputError: Keras cannot read the file.
    """
    try:
        *layers, output = keras.models.load_model(path, compile=False).layers
    except (ValueError, TypeError) as error:
        raise InputError(f"{path}: Keras cannot read it ({str(error).partition(chr(10))[0]}); train it again") from None
    ids, chosen = keras.Input((None,), dtype="int32"), keras.Input((None,))  # (B, T), (B, T)
    hidden: Tensor = ids
    for layer in layers:
        hidden = layer(hidden)  # (B, T, D)
    hidden = keras.layers.Dot(axes=1)([chosen, hidden])  # (B, T), (B, T, D) -> (B, D)
    model = keras.Model([ids, chosen], output(hidden))
    model.compile(jit_compile=not ON_TENSORFLOW)  # on TensorFlow compiling with XLA would take longer than writing

    def next_scores(rows: np.ndarray, place: int) -> np.ndarray:
        rows = rows[:, : -(-(place + 1) // WIDTH) * WIDTH]
        one_hot = np.zeros(rows.shape, np.float32)  # (B, T)
        one_hot[:, place] = 1
        return model.predict_on_batch([rows, one_hot])

    return next_scores
