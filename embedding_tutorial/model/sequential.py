"""The model: a ``keras.Sequential`` whose first layer is the stock ``Embedding``.

    skipgram   Embedding -> TokenScores                  a token predicts its neighbours
    cbow       Embedding -> ContextMean -> TokenScores   the neighbours predict the token between them
    gru        Embedding -> Shift -> GRU -> TokenScores  the tokens before predict the next one

Rows of ids go in, a score for every token comes out. Importing this module registers
our classes, so that ``keras.models.load_model`` can read the ``model.keras`` of a CBOW;
those of a skip-gram and of a GRU are stock (``stock_model``).
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.model.contract import check_layers, through
from embedding_tutorial.model.layers import ContextMean, Shift, Tensor, TokenScores, band_matrix
from embedding_tutorial.model.sparse import (
    ON_TENSORFLOW,
    RowwiseAdagrad,
    TablesAndLayers,
    collect,
    distinct,
    look_up,
    spread,
)
from embedding_tutorial.text.vocabulary import PADDING, Vocabulary
from embedding_tutorial.vectors.word_vectors import WordVectors


@keras.saving.register_keras_serializable(package="embedding_tutorial")
class EmbeddingModel(keras.Sequential):
    """A ``Sequential`` that learns which tokens are neighbours.

    Only ``compute_loss`` differs from ``keras.Sequential``. With negatives it looks up the few rows of the
    two tables that it needs, and does not use ``y_pred``, the scores of the whole vocabulary: the compiled
    step does not compute them.
    """

    def __init__(self, layers: list | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(layers, trainable=trainable, name=name)
        # Keras's own "loss" weighs each batch by its rows; this one replaces it in the
        # logs, and weighs each batch by its pairs.
        self.loss_per_pair = keras.metrics.Mean(name="loss")

    def compute_loss(
        self,
        x: Tensor = None,
        y: tuple[Tensor, Tensor] | Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """The mean loss over the pairs of a batch, and what the layers add to it (regularizers).

        A model that is compiled with a loss of Keras's, or of one's own, uses that one: ``y`` is then ``(B, T)``.

        Args:
            x: ``(B, T)`` ids that are looked up, 0 for padding.
            y: ``(B, T)``, ``x`` where a token is to be predicted and 0 elsewhere; and ``(n, K)`` noise tokens,
                the same ``K`` for each of ``n`` devices, so that the batch can be split among them.
            y_pred: ``(B, T, V + 1)`` scores; only full softmax uses them.
            sample_weight: only a loss of one's own uses it.
            training: whether layers such as Dropout are on.

        Returns:
            Scalar. With negatives: ``softplus(-score)`` of the pair plus ``softplus(score)``
            of its noise tokens; without: ``-log softmax(scores)`` of the pair.

        Source: Mikolov et al. 2013, https://arxiv.org/abs/1310.4546, equation 4.
        """
        if self.loss is not None:
            loss, pairs = super().compute_loss(x, y, y_pred, sample_weight, training), 1
        else:
            pair_loss = self._token_loss if self.layers[1:-1] else self._neighbour_loss
            loss, pairs = pair_loss(x, y[0], y[1][0], y_pred, training)
            loss = loss / pairs + sum(self.losses)
        self.loss_per_pair.update_state(loss, sample_weight=pairs)
        return loss

    def _neighbour_loss(
        self, x: Tensor, y: Tensor, noise: Tensor, y_pred: Tensor, training: bool
    ) -> tuple[Tensor, Tensor]:
        """Skip-gram: each place scores all places of its row as its neighbours. Returns the sum over pairs, and pairs.

        Args:
            x, y: ``(B, T)``, as in ``compute_loss``.
            noise: ``(K,)``.
            y_pred: ``(B, T, V + 1)``.
            training: not used.
        """
        embedding, output = self.layers
        # A token that occurs forty times in a batch is looked up, and updated, once: 1.3–1.8 times as fast.
        tokens, position = distinct(x)  # (U,), (B, T)
        vectors = look_up(embedding.embeddings, tokens)  # (U, D)
        hidden = spread(vectors, position)  # (B, T, D)
        predicted = spread(look_up(output.table, tokens), position)  # (B, T, D); y is x, or padding
        bias = ops.take(output.bias, y)  # (B, T)
        scores = ops.einsum("btd,bpd->btp", hidden, predicted) + bias[:, None, :]  # (B, T, T)
        is_token, is_predicted = (ops.cast(ops.not_equal(ids, PADDING), hidden.dtype) for ids in (x, y))  # (B, T)
        weights = band_matrix(ops.shape(x)[1], output.window) * is_token[:, :, None] * is_predicted[:, None, :]
        pairs = ops.sum(weights, axis=-1)  # (B, T)
        if output.negatives:
            # A token has the same noise scores wherever it occurs, so they are computed once, and weighed by the
            # pairs of all its places.
            loss = ops.sum(weights * ops.softplus(-scores))
            loss = loss + self._noise_loss(vectors, collect(pairs, position, tokens), noise)
        else:
            normalizer = ops.logsumexp(y_pred[..., PADDING + 1 :], axis=-1, keepdims=True)  # (B, T, 1)
            loss = ops.sum(weights * (normalizer - scores))
        return loss, ops.sum(pairs)

    def _token_loss(self, x: Tensor, y: Tensor, noise: Tensor, y_pred: Tensor, training: bool) -> tuple[Tensor, Tensor]:
        """CBOW, GRU and layers of one's own: each place predicts one token, its own. Returns what skip-gram's does.

        Args:
            x, y: ``(B, T)``, as in ``compute_loss``.
            noise: ``(K,)``.
            y_pred: ``(B, T, V + 1)``.
            training: passed to the layers.
        """
        embedding, *context, output = self.layers
        is_predicted = ops.not_equal(y, PADDING)  # (B, T)
        if output.ends:  # 0 is predicted, too, at the place after the last token of a sentence
            is_last = ops.pad(is_predicted[:, :-1], [(0, 0), (1, 0)])  # (B, T), of the token before
            is_predicted = ops.logical_or(is_predicted, ops.logical_and(ops.equal(x, PADDING), is_last))
        is_predicted = ops.cast(is_predicted, output.bias.dtype)  # (B, T)
        if output.negatives:
            tokens, position = distinct(x)  # (U,), (B, T)
            hidden, mask = spread(look_up(embedding.embeddings, tokens), position), ops.not_equal(x, PADDING)
            hidden = through(context, hidden, mask, training)  # (B, T, D)
            predicted = spread(look_up(output.table, tokens), position)  # (B, T, D); y is x, or padding
            scores = ops.sum(hidden * predicted, axis=-1) + ops.take(output.bias, y)  # (B, T)
            loss = ops.sum(is_predicted * ops.softplus(-scores))
            loss = loss + self._noise_loss(
                ops.reshape(hidden, (-1, hidden.shape[-1])), ops.reshape(is_predicted, (-1,)), noise
            )
        else:
            first = 0 if output.ends else PADDING + 1
            normalizer = ops.logsumexp(y_pred[..., first:], axis=-1)  # (B, T)
            scores = ops.take_along_axis(y_pred, ops.cast(y, "int32")[..., None], axis=-1)[..., 0]  # (B, T)
            loss = ops.sum(is_predicted * (normalizer - scores))
        return loss, ops.sum(is_predicted)

    def _noise_loss(self, hidden: Tensor, pairs: Tensor, noise: Tensor) -> Tensor:
        """The loss of the noise tokens. All places share them, so one matrix product scores them.

        Args:
            hidden: ``(U, D)``.
            pairs: ``(U,)``, how many each row of ``hidden`` is part of; each pair has ``negatives`` noise tokens.
            noise: ``(K,)``; each weighs ``negatives / K``.
        """
        output = self.layers[-1]
        scores = ops.matmul(hidden, ops.transpose(look_up(output.table, noise)))  # (U, D) @ (D, K)
        scores = scores + ops.take(output.bias, noise)  # (U, K)
        return ops.sum(pairs[:, None] * (output.negatives / noise.shape[0]) * ops.softplus(scores))


Layers = Callable[[], Sequence[keras.layers.Layer]]  # makes them, once Keras is seeded


def build_model(
    config: TrainingConfig,
    vocabulary: Vocabulary,
    initial: WordVectors | None = None,
    table_parts: int = 1,
    sentences: int = 1,
    layers: Layers | None = None,
) -> EmbeddingModel:
    """Build an untrained model for a vocabulary. Seeds Keras with ``config.seed``.

    Its first layer, ``model.get_layer("embedding")``, has ``V + 1`` rows of ``config.dim``
    numbers: row 0 is padding, row ``id`` belongs to token ``id``.

    Args:
        config: the settings; ``seed`` draws the random vectors.
        vocabulary: the ``V`` tokens.
        initial: vectors that its tokens start from; the others start from random ones.
        table_parts: the rows of both tables are padded to a multiple of this, for devices that share them.
        sentences: how many the text has: so often a sentence ends.
        layers: makes the layers between ``Embedding`` and the scores; ``None``: those of ``config.model``.

    Raises:
        InputError: ``initial`` has a vector for none of the tokens, or ``layers`` see what they are to predict.
    """
    if layers is not None and config.model == "skipgram":
        raise InputError(
            "layers: go with model='cbow' if they predict a token from both sides, with 'gru' if from those before it"
        )
    keras.utils.set_random_seed(config.seed)
    ends = config.model == "gru"
    output = TokenScores(len(vocabulary), config.window, config.negatives, parts=table_parts, ends=ends, name="output")
    # The vectors are set below: drawn by NumPy, they are the same on every backend.
    embedding = keras.layers.Embedding(
        output.rows, config.dim, embeddings_initializer="zeros", mask_zero=True, name="embedding"
    )
    between = _layers_of(config) if layers is None else list(layers())
    for layer in between:
        layer.supports_masking = True  # the places stay where they are, so the mask does, too
    model = EmbeddingModel([embedding, *between, output], name=config.model)
    model.build((None, None))
    check_layers(between, config.dim, causal=ends)
    output.set_counts([sentences, *vocabulary.counts] if ends else vocabulary.counts)
    largest = 0.5 / config.dim  # small beside trained vectors: word2vec's own start
    matrix = np.random.default_rng(config.seed).uniform(-largest, largest, (output.rows, config.dim))
    if initial is not None:
        known = [token for token in vocabulary.tokens if token in initial]
        if not known:
            raise InputError("the vectors to start from have none for a token of this text")
        matrix[vocabulary.encode(known)] = [initial[token] for token in known]
    embedding.set_weights([matrix])
    return model


def _layers_of(config: TrainingConfig) -> list[keras.layers.Layer]:
    """The layers between ``Embedding`` and the scores."""
    if config.model == "cbow":
        return [ContextMean(config.window, name="context")]
    if config.model == "gru":
        return [Shift(name="shift"), keras.layers.GRU(config.dim, return_sequences=True, name="gru")]
    return []


def vectors_of(model: EmbeddingModel, vocabulary: Vocabulary) -> WordVectors:
    """Copy the embedding's rows for a vocabulary, or for its most frequent tokens, without row 0, padding."""
    rows = model.get_layer("embedding").embeddings[1 : len(vocabulary) + 1]  # (N, D) of (V + 1 or more, D)
    return WordVectors.of(vocabulary, ops.convert_to_numpy(rows).copy())


def stock_model(model: EmbeddingModel) -> keras.Sequential:
    """The model as a plain ``Sequential([Embedding, …, Dense])`` of stock layers, which opens without this package.

    A skip-gram has the same scores. A next-token model that begins with ``Shift``, such as the GRU, has none here: it
    takes ids that begin with 0, and scores at each place the token that follows, 0 for the end of the sentence. The
    softmax of its scores is a probability, with negatives, too. Other models are returned as they are.
    """
    embedding, *between, output = model.layers
    follows = output.ends and isinstance(between[0], Shift)
    if between and not follows:
        return model
    rows = output.vocabulary_size + 1  # the tables may have spare ones
    vectors, table = (ops.convert_to_numpy(weights)[:rows].copy() for weights in (embedding.embeddings, output.table))
    stock = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(rows, embedding.output_dim, mask_zero=not follows, name="embedding"),
            *between[1:],
            keras.layers.Dense(rows, name="output"),
        ],
        name=model.name,
    )
    bias = ops.convert_to_numpy(output.bias)
    if follows:
        vectors[PADDING] = 0  # as Shift begins a row
        bias = output.log_shares()  # a score is log p(token | before) - log p(token), up to a constant of the place
    stock.layers[0].set_weights([vectors])
    stock.layers[-1].set_weights([table.T, bias])
    return stock


def compile_model(model: EmbeddingModel, config: TrainingConfig, steps: int) -> None:
    """Compile the model with an optimizer whose learning rate falls linearly over ``steps``.

    The two tables get ``RowwiseAdagrad``. All other weights get Keras's Adam, with a learning rate of its own:
    each of their numbers gets a gradient at each step, so there are no rows to choose.

    ``steps_per_execution`` runs many steps in one call of TensorFlow: they are so small that
    Python would otherwise take longer than the arithmetic. TensorFlow gets no jit: compiling
    takes seconds, and lookups do not gain from it on a CPU. The other backends need jit.
    """
    learning_rate = config.learning_rate or default_learning_rate(model.layers[-1].vocabulary_size)
    optimizer = RowwiseAdagrad(_falling(learning_rate, steps))
    tables = [model.layers[0].embeddings.path, model.layers[-1].table.path]
    if any(weight.path not in tables for weight in model.trainable_weights):
        adam = keras.optimizers.Adam(_falling(config.layer_learning_rate, steps), clipnorm=1.0)
        optimizer = TablesAndLayers(optimizer, adam, tables)
    model.compile(optimizer, steps_per_execution=32, jit_compile=not ON_TENSORFLOW)


def default_learning_rate(vocabulary_size: int) -> float:
    """The default step size of the tables: a hundred-thousandth of the vocabulary, within 0.4 and 0.8.

    Of a large vocabulary each row is in fewer steps, so each step must take it further. Measured with skip-gram, one
    epoch: among 63,719 words 0.4 / 0.6 / 0.8 / 1.2 give an agreement of classes of .082 / .093 / .097 / .091; among
    8,058 characters 0.4 / 0.6 / 0.8 give an agreement of radicals of .144 / .144 / .143.
    """
    return min(max(vocabulary_size / 100_000, 0.4), 0.8)


def _falling(learning_rate: float, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    return keras.optimizers.schedules.PolynomialDecay(
        learning_rate, decay_steps=steps, end_learning_rate=learning_rate / 50
    )
