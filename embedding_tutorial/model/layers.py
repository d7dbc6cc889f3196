"""The three layers that Keras does not have, and the window of skip-gram and CBOW, as a matrix.

The embedding itself is not here: it is the stock ``keras.layers.Embedding``.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from embedding_tutorial.text.sampling import NOISE_POWER, noise_distribution

Tensor = Any  # of whichever backend Keras runs on


def band_matrix(length: int | Tensor, window: int) -> Tensor:
    """How much each place of a row is a neighbour of each other place.

    ``A[i, j] = (window + 1 - |i - j|) / window`` inside the window and 0 on the
    diagonal and beyond. word2vec draws a window of 1, 2, … ``window`` for each
    token; this is the share of draws in which ``j`` is in the window of ``i``.

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

    One matrix product computes the contexts of all tokens of a row: attention with fixed weights.

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
class Shift(keras.layers.Layer):
    """Give each place the vector of the token before it; the first place gets zeros.

    Each place predicts its own token. A layer that looks back, such as ``GRU``, sees that token too, unless
    ``Shift`` comes before it.

    Input: ``(B, T, D)`` and the mask ``(B, T)``, which is shifted, too. Output: ``(B, T, D)``.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, hidden: Tensor) -> Tensor:
        return ops.pad(hidden[:, :-1], [(0, 0), (1, 0), (0, 0)])

    def compute_mask(self, inputs: Tensor, previous_mask: Tensor | None) -> Tensor | None:
        if previous_mask is None:
            return None
        return ops.pad(previous_mask[:, :-1], [(0, 0), (1, 0)], constant_values=True)  # what begins a row is no padding

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return input_shape


@keras.saving.register_keras_serializable(package="embedding_tutorial")
class TokenScores(keras.layers.Layer):
    """Score every token of the vocabulary against a vector: ``scores = hidden @ table.T + bias``.

    It is a ``Dense`` whose weights are rows, one per token, so that the loss can look up the few
    rows that it needs, and whose bias is computed from counts, not learned (``set_counts``).
    It also keeps ``window``, ``negatives`` and ``ends`` for the loss, because a ``Sequential`` saves the
    arguments of its layers but none of its own.

    Args:
        vocabulary_size: ``V``, padding not counted.
        window: neighbours to each side.
        negatives: noise tokens beside each true pair; 0 means full softmax.
        parts: the number of rows is rounded up to a multiple of this, for devices that share the table.
        ends: whether the end of a sentence is predicted, too; it has id 0.

    Input: ``(B, T, D)``. Output: ``(B, T, V + 1)``; column ``id`` belongs to token ``id``.
    """

    def __init__(
        self,
        vocabulary_size: int,
        window: int,
        negatives: int,
        parts: int = 1,
        ends: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.window = window
        self.negatives = negatives
        self.parts = parts
        self.ends = ends
        self.rows = vocabulary_size + 1 + -(vocabulary_size + 1) % parts  # of the table: padding, tokens, spare ones
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        self.table = self.add_weight(name="table", shape=(self.rows, input_shape[-1]), initializer="zeros")
        self.bias = self.add_weight(
            name="bias", shape=(self.vocabulary_size + 1,), initializer="zeros", trainable=False
        )

    def call(self, hidden: Tensor) -> Tensor:
        table = self.table[: self.vocabulary_size + 1]
        return ops.matmul(hidden, ops.transpose(table)) + self.bias  # (B, T, D) @ (D, V + 1) + (V + 1,)

    def set_counts(self, counts: Sequence[int]) -> None:
        """Compute the bias from the tokens' counts.

        If two tokens are independent, a token of share ``p`` is the neighbour of the other with probability ``p``,
        and is drawn as noise ``negatives * q`` times. The best score is then ``log(p / (negatives * q))``: this is
        the bias. With full softmax it is ``log(p)``. So vectors learn only how two tokens depend on each other,
        their pointwise mutual information.
        Measured on 5 million characters of poems: radical agreement after one epoch is .103 with it, .043 without.

        Args:
            counts: ``(V,)`` positive, in id order; with ``ends`` ``(V + 1,)``, the number of sentences first.

        Source: Levy and Goldberg 2014, https://papers.nips.cc/paper/5477.
        """
        counts = np.asarray(counts, np.float64)
        p = counts / counts.sum()  # (V,)
        bias = np.log(p / (self.negatives * noise_distribution(counts))) if self.negatives else np.log(p)
        self.bias.assign(bias if self.ends else np.concatenate([[0.0], bias]))  # padding comes first

    def log_shares(self) -> np.ndarray:
        """The logarithm of each outcome's share of the text, ``(V + 1,)``, from the bias; only with ``ends``.

        With negatives the bias is ``log(p / (negatives * q))``, and ``q`` is proportional to ``p ** NOISE_POWER``:
        so it is ``(1 - NOISE_POWER) * log(p)``, and a constant.
        """
        scores = ops.convert_to_numpy(self.bias).astype(np.float64) / (1 - NOISE_POWER if self.negatives else 1)
        return scores - np.log(np.exp(scores - scores.max()).sum()) - scores.max()

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:-1], self.vocabulary_size + 1)

    def get_config(self) -> dict:
        names = ("vocabulary_size", "window", "negatives", "parts", "ends")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
