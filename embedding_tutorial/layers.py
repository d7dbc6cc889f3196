"""The two layers that Keras does not have, and the window that both models share.

The embedding itself is not here: it is the stock ``keras.layers.Embedding``.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

Tensor = Any  # of whichever backend Keras runs on


def band_matrix(length: int | Tensor, window: int) -> Tensor:
    """How much each place of a row is a neighbour of each other place.

    ``A[i, j] = (window + 1 - |i - j|) / window`` inside the window and 0 on the
    diagonal and beyond. word2vec draws a window of 1, 2, … ``window`` for each
    token; this is the share of draws in which ``j`` is seen from ``i``.

    Args:
        length: ``T``, a number or a scalar tensor.
        window: neighbours to each side.

    Returns:
        ``(T, T)`` float tensor, symmetric, values 0 to 1.

    Source: Mikolov et al. 2013, https://arxiv.org/abs/1301.3781, section 3.2.
    """
    place = ops.arange(length)
    distance = ops.abs(place[:, None] - place[None, :])  # (T, T)
    weight = ops.cast(window + 1 - distance, keras.config.floatx()) / window
    return ops.where((distance >= 1) & (distance <= window), weight, 0.0)


@keras.saving.register_keras_serializable(package="embedding_tutorial")
class ContextMean(keras.layers.Layer):
    """Replace each token's vector by the weighted mean of its neighbours' vectors (CBOW).

    One matrix product makes the contexts of a whole sentence at once: attention
    with fixed weights.

    Args:
        window: neighbours to each side, weighted by ``band_matrix``.

    Input: ``(B, T, D)`` and the mask ``(B, T)`` of ``Embedding(mask_zero=True)``.
    Output: ``(B, T, D)``; zeros where a token has no neighbour.
    """

    def __init__(self, window: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.window = window
        self.supports_masking = True

    def call(self, embedded: Tensor, mask: Tensor | None = None) -> Tensor:
        weights = band_matrix(ops.shape(embedded)[1], self.window)[None]  # (1, T, T)
        if mask is not None:
            weights = weights * ops.cast(mask, weights.dtype)[:, None, :]  # padding is nobody's neighbour
        total = ops.sum(weights, axis=-1, keepdims=True)
        return ops.matmul(weights / ops.maximum(total, keras.config.epsilon()), embedded)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape

    def get_config(self) -> dict:
        return {**super().get_config(), "window": self.window}


@keras.saving.register_keras_serializable(package="embedding_tutorial")
class TokenScores(keras.layers.Layer):
    """Score every token of the vocabulary against a vector: ``scores = hidden @ O.T``.

    It is a ``Dense`` without bias whose weights lie as rows, one a token, so that
    the loss can look up the few rows that it needs. It also keeps what the loss
    must know after the model is loaded again (a ``Sequential`` saves its layers,
    not arguments of its own): window, number of negatives and the noise distribution.

    Args:
        vocabulary_size: ``V``, padding not counted.
        window: neighbours to each side.
        negatives: noise tokens beside each true pair; 0 means full softmax.
        noise_tokens: how many noise tokens a batch draws and shares among all its pairs.

    Input: ``(B, T, D)``. Output: ``(B, T, V + 1)``; column ``id`` belongs to token ``id``.
    """

    def __init__(
        self, vocabulary_size: int, window: int, negatives: int, noise_tokens: int = 128, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.window = window
        self.negatives = negatives
        self.noise_tokens = noise_tokens
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        rows = self.vocabulary_size + 1
        self.table = self.add_weight(name="table", shape=(rows, input_shape[-1]), initializer="zeros")
        self.noise_cdf = self.add_weight(name="noise_cdf", shape=(rows,), initializer="ones", trainable=False)

    def call(self, hidden: Tensor) -> Tensor:
        return ops.matmul(hidden, ops.transpose(self.table))  # (B, T, D) @ (D, V + 1)

    def set_noise(self, counts: Sequence[int]) -> None:
        """Draw noise by ``count ** 0.75``: common tokens often, but not as often as they stand.

        Args:
            counts: ``(V,)`` positive, in id order.
        """
        share = ops.power(ops.convert_to_tensor(counts, "float64"), 0.75)
        cumulative = ops.cumsum(share) / ops.sum(share)  # (V,) rising to 1
        # Padding comes first with share 0: no number in [0, 1) falls to it.
        self.noise_cdf.assign(ops.concatenate([ops.zeros((1,), "float64"), cumulative]))

    def draw_noise(self, seed: int | keras.random.SeedGenerator) -> Tensor:
        """``(noise_tokens,)`` ids from 1 to ``V``, drawn anew where ``seed`` is a ``SeedGenerator``."""
        drawn = keras.random.uniform((self.noise_tokens,), seed=seed)
        return ops.searchsorted(self.noise_cdf, drawn, side="right")

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:-1], self.vocabulary_size + 1)

    def get_config(self) -> dict:
        names = ("vocabulary_size", "window", "negatives", "noise_tokens")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
