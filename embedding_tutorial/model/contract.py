"""Check that layers between ``Embedding`` and the scores do not see the token that they are to predict.

A model that sees it gets a wonderful loss by copying it, and learns nothing about meaning.
"""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from embedding_tutorial.config import InputError
from embedding_tutorial.model.layers import Tensor
from embedding_tutorial.quiet import without_stderr

PLACES = 8  # of the row that is tried


def through(layers: Sequence[keras.layers.Layer], hidden: Tensor, mask: Tensor, training: bool = False) -> Tensor:
    """Apply layers one after the other; ``Sequential`` passes mask and training on to those that take them.

    Args:
        layers: each from ``(B, T, D)`` to ``(B, T, D)``.
        hidden: ``(B, T, D)``.
        mask: ``(B, T)`` bool, false at padding.
        training: whether layers such as Dropout are on.
    """
    if not layers:
        return hidden
    stack = keras.Sequential(layers)
    stack.supports_masking = True  # else Keras warns that the mask ends here
    return stack(hidden, mask=mask, training=training)


@without_stderr()  # the first time that a GRU transposes a mask, TensorFlow says that oneDNN cannot
def check_layers(layers: Sequence[keras.layers.Layer], dim: int, causal: bool) -> None:
    """Check the layers by trying them: change one place of a row, and see where the output changes.

    The weights are random while the layers are tried: a layer whose weights start at zero hides what it sees.

    Args:
        layers: those between ``Embedding`` and the scores, in order, with their weights; they keep them.
        dim: ``D``, the numbers in a vector.
        causal: whether places before the one that is changed must not change, either.

    Raises:
        InputError: a layer returns another shape, or sees what it is to predict.
    """
    row = np.random.default_rng(1).normal(size=(PLACES, dim)).astype("float32")  # (T, D)
    rows = np.tile(row, (2, PLACES, 1, 1))  # (2, T, T, D)
    rows[1, np.arange(PLACES), np.arange(PLACES)] += 1  # row t of the second half differs from the first at place t
    hidden = ops.convert_to_tensor(rows.reshape(-1, PLACES, dim))  # (2T, T, D)
    mask = ops.ones((2 * PLACES, PLACES), "bool")
    itself = np.eye(PLACES, dtype=bool)  # [t, s]: whether the output at place s may change with place t
    forbidden = np.tri(PLACES, dtype=bool) if causal else itself
    innocent = 0  # how many layers together see nothing forbidden
    draw, own = np.random.default_rng(2), []
    for number, layer in enumerate(layers, start=1):
        _check_shape(layer, through(layers[:number], hidden, mask))
        own.append(layer.get_weights())
        layer.set_weights([draw.normal(size=weight.shape) for weight in own[-1]])
        shown = ops.convert_to_numpy(through(layers[:number], hidden, mask))
        first, second = shown.reshape(2, PLACES, PLACES, -1)
        seen = np.abs(first - second).max(axis=-1) > 1e-5 * np.abs(first).max()  # (T, T); rounding is 100 times less
        if not (seen & forbidden).any():
            innocent = number
    for layer, weights in zip(layers, own, strict=True):
        layer.set_weights(weights)
    if innocent < len(layers):
        layer = layers[innocent]
        what = "the token that it is to predict" if (seen & itself).any() else "tokens that follow"
        raise InputError(
            f"the layer {layer.name} ({type(layer).__name__}) sees {what}; put Shift() before it, make it causal, "
            "or mask the diagonal of its attention"
        )


def _check_shape(layer: keras.layers.Layer, returned: Tensor) -> None:
    """Refuse a layer that does not return ``(B, T, D)``."""
    if len(returned.shape) != 3 or tuple(returned.shape[:2]) != (2 * PLACES, PLACES):
        shape = ["B", *("T" if size == PLACES else str(size) for size in returned.shape[1:])]
        cure = "; set return_sequences=True" if hasattr(layer, "return_sequences") else ""
        raise InputError(
            f"the layer {layer.name} ({type(layer).__name__}) returns ({', '.join(shape)}), not (B, T, D){cure}"
        )
