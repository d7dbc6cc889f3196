"""The two layers that Keras does not have, and the window that both models share.

The embedding itself is not here: it is the stock ``keras.layers.Embedding``.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
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


def random_numbers(keys: Tensor) -> Tensor:
    """A number from 0 up to 1 for each key, as if drawn at random: neighbouring keys give unrelated numbers.

    ``keras.random`` draws other numbers on each backend. These are the same everywhere, and so is what is learned.

    Args:
        keys: uint32 of any shape.

    Returns:
        float32 of that shape, equally spread.

    Source: the last step of MurmurHash3 (Appleby 2011, public domain), which stirs every bit into every other.
    """
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        keys = ops.bitwise_xor(keys, ops.right_shift(keys, shift)) * np.uint32(factor)  # modulo 2 ** 32
    keys = ops.bitwise_xor(keys, ops.right_shift(keys, 16))
    return ops.cast(ops.right_shift(keys, 8), "float32") / 2**24  # float32 has 24 bits


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
    """Score every token of the vocabulary against a vector: ``scores = hidden @ table.T + bias``.

    It is a ``Dense`` whose weights lie as rows, one a token, so that the loss can look
    up the few rows that it needs, and whose bias is counted, not learned (``set_counts``).
    It also keeps what the loss must know after the model is loaded again (a ``Sequential``
    saves its layers, not arguments of its own): window, number of negatives and the
    noise distribution.

    Args:
        vocabulary_size: ``V``, padding not counted.
        window: neighbours to each side.
        negatives: noise tokens beside each true pair; 0 means full softmax.
        noise_tokens: how many noise tokens a batch draws and shares among all its pairs.
        parts: the table's rows are filled up to a multiple of this, for devices that share them.

    Input: ``(B, T, D)``. Output: ``(B, T, V + 1)``; column ``id`` belongs to token ``id``.
    """

    def __init__(
        self,
        vocabulary_size: int,
        window: int,
        negatives: int,
        noise_tokens: int = 128,
        parts: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.window = window
        self.negatives = negatives
        self.noise_tokens = noise_tokens
        self.parts = parts
        self.rows = vocabulary_size + 1 + -(vocabulary_size + 1) % parts  # of the table: padding, tokens, spare ones
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        self.table = self.add_weight(name="table", shape=(self.rows, input_shape[-1]), initializer="zeros")
        rows = self.vocabulary_size + 1
        self.bias = self.add_weight(name="bias", shape=(rows,), initializer="zeros", trainable=False)
        self.noise_cdf = self.add_weight(name="noise_cdf", shape=(rows,), initializer="ones", trainable=False)
        self.noise_draws = self.add_weight(
            name="noise_draws", shape=(), dtype="uint32", initializer="zeros", trainable=False
        )

    def call(self, hidden: Tensor) -> Tensor:
        table = self.table[: self.vocabulary_size + 1]
        return ops.matmul(hidden, ops.transpose(table)) + self.bias  # (B, T, D) @ (D, V + 1) + (V + 1,)

    def set_counts(self, counts: Sequence[int]) -> None:
        """Take from the tokens' counts what need not be learned: the noise distribution and the bias.

        Noise is drawn by ``count ** 0.75``: common tokens often, but not as often as they stand.

        A token of share ``p`` stands beside any other with probability ``p`` if the two have nothing
        to do with each other, and is drawn as noise ``negatives * q`` times; the score that tells
        the two cases apart best is then ``log(p / (negatives * q))``. That is the bias. So vectors
        start from what counting knows and learn only what the other token adds, their pointwise mutual
        information, which takes a fraction of the epochs. With full softmax the bias is ``log(p)``.

        Args:
            counts: ``(V,)`` positive, in id order.

        Source: Mikolov et al. 2013, https://arxiv.org/abs/1310.4546, section 2.2; the optimal score:
        Levy and Goldberg 2014, https://papers.nips.cc/paper/5477.
        """
        counts = np.asarray(counts, np.float64)
        p = counts / counts.sum()  # (V,)
        q = counts**0.75 / np.sum(counts**0.75)  # (V,)
        bias = np.log(p / (self.negatives * q)) if self.negatives else np.log(p)
        # Padding comes first: no number in [0, 1) falls to its share of 0.
        self.bias.assign(np.concatenate([[0.0], bias]))
        self.noise_cdf.assign(np.concatenate([[0.0], np.cumsum(q)]))

    def draw_noise(self, training: bool = False) -> Tensor:
        """``(noise_tokens,)`` ids from 1 to ``V``: drawn anew at each training step, always the same ones otherwise.

        One is drawn from each of ``noise_tokens`` equal slices of the distribution (stratified
        sampling): each token comes as often as in free draws on average, but its number varies
        less from step to step, and so does the gradient.
        """
        draw = 0
        if training:
            draw = self.noise_draws + 1
            self.noise_draws.assign(draw)
        slices = ops.arange(self.noise_tokens)
        within = random_numbers(ops.cast(draw, "uint32") * self.noise_tokens + ops.cast(slices, "uint32"))
        slices = (ops.cast(slices, within.dtype) + within) / self.noise_tokens  # 0 to 1
        # Rounding may lift the last draw to 1, or leave the distribution's end below it.
        return ops.minimum(ops.searchsorted(self.noise_cdf, slices, side="right"), self.vocabulary_size)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:-1], self.vocabulary_size + 1)

    def get_config(self) -> dict:
        names = ("vocabulary_size", "window", "negatives", "noise_tokens", "parts")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
