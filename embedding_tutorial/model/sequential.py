"""The model: a ``keras.Sequential`` whose first layer is the stock ``Embedding``.

    skipgram   Embedding -> TokenScores                  a token predicts its neighbours
    cbow       Embedding -> ContextMean -> TokenScores   the neighbours predict the token between them

Rows of ids go in, a score for every token comes out. Importing this module registers
our classes, so that ``keras.models.load_model`` can read the ``model.keras`` of a CBOW;
that of a skip-gram is stock (``stock_model``).
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.model.layers import ContextMean, Tensor, TokenScores, band_matrix
from embedding_tutorial.model.sparse import ON_TENSORFLOW, RowwiseAdagrad, collect, distinct, look_up, spread
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
        y: tuple[Tensor, Tensor] | None = None,
        y_pred: Tensor = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """The mean loss over the neighbour pairs of a batch.

        Args:
            x: ``(B, T)`` ids that are looked up, 0 for padding.
            y: ``(B, T)``, ``x`` where a token is to be predicted and 0 elsewhere; and ``(n, K)`` noise tokens,
                the same ``K`` for each of ``n`` devices, so that the batch can be split among them.
            y_pred: ``(B, T, V + 1)`` scores; only full softmax uses them.
            sample_weight, training: not used.

        Returns:
            Scalar. With negatives: ``softplus(-score)`` of the pair plus ``softplus(score)``
            of its noise tokens; without: ``-log softmax(scores)`` of the pair.

        Source: Mikolov et al. 2013, https://arxiv.org/abs/1310.4546, equation 4.
        """
        embedding, *context, output = self.layers
        y, noise = y[0], y[1][0]  # (B, T), (K,)
        # A token that occurs forty times in a batch is looked up, and updated, once: 1.3–1.8 times as fast.
        tokens, position = distinct(x)  # (U,), (B, T)
        vectors = look_up(embedding.embeddings, tokens)  # (U, D)
        hidden = spread(vectors, position)  # (B, T, D)
        predicted = spread(look_up(output.table, tokens), position)  # (B, T, D); y is x, or padding
        bias = ops.take(output.bias, y)  # (B, T)
        is_token = ops.cast(ops.not_equal(x, PADDING), hidden.dtype)  # (B, T)
        is_predicted = ops.cast(ops.not_equal(y, PADDING), hidden.dtype)  # (B, T)

        if context:
            # CBOW: each place predicts one token, its own, from its context: P = 1.
            for layer in context:
                hidden = layer(hidden, mask=is_token)  # (B, T, D) -> (B, T, D)
            scores = (ops.sum(hidden * predicted, axis=-1) + bias)[..., None]  # (B, T, P)
            weights = is_predicted[..., None]  # (B, T, P)
        else:
            # Skip-gram: each place scores all places of its row as its neighbours: P = T.
            scores = ops.einsum("btd,bpd->btp", hidden, predicted) + bias[:, None, :]  # (B, T, P)
            band = band_matrix(ops.shape(x)[1], output.window)
            weights = band * is_token[:, :, None] * is_predicted[:, None, :]  # (B, T, P)
        pairs = ops.sum(weights, axis=-1)  # (B, T)

        if output.negatives:
            # All places share the K noise tokens, so one matrix product scores them; each weighs
            # negatives / K. In skip-gram a token has the same noise scores wherever it occurs, so they
            # are computed once, and weighed by the pairs of all its places.
            scored, of_pairs = ops.reshape(hidden, (-1, hidden.shape[-1])), ops.reshape(pairs, (-1,))
            if not context:
                scored, of_pairs = vectors, collect(pairs, position, tokens)
            noise_scores = ops.matmul(scored, ops.transpose(look_up(output.table, noise)))  # (U, D) @ (D, K)
            noise_scores = noise_scores + ops.take(output.bias, noise)  # (U, K)
            noise_weights = of_pairs[:, None] * (output.negatives / noise.shape[0])  # (U, 1)
            loss = ops.sum(weights * ops.softplus(-scores)) + ops.sum(noise_weights * ops.softplus(noise_scores))
        else:
            normalizer = ops.logsumexp(y_pred[..., PADDING + 1 :], axis=-1, keepdims=True)  # (B, T, 1)
            loss = ops.sum(weights * (normalizer - scores))

        total_pairs = ops.sum(pairs)
        loss = loss / total_pairs
        self.loss_per_pair.update_state(loss, sample_weight=total_pairs)
        return loss


def build_model(
    config: TrainingConfig, vocabulary: Vocabulary, initial: WordVectors | None = None, table_parts: int = 1
) -> EmbeddingModel:
    """Build an untrained model for a vocabulary.

    Its first layer, ``model.get_layer("embedding")``, has ``V + 1`` rows of ``config.dim``
    numbers: row 0 is padding, row ``id`` belongs to token ``id``.

    Args:
        config: the settings; ``seed`` draws the random vectors.
        vocabulary: the ``V`` tokens.
        initial: vectors that its tokens start from; the others start from random ones.
        table_parts: the rows of both tables are padded to a multiple of this, for devices that share them.

    Raises:
        InputError: ``initial`` has a vector for none of the tokens.
    """
    output = TokenScores(len(vocabulary), config.window, config.negatives, parts=table_parts, name="output")
    # The vectors are set below: drawn by NumPy, they are the same on every backend.
    embedding = keras.layers.Embedding(
        output.rows, config.dim, embeddings_initializer="zeros", mask_zero=True, name="embedding"
    )
    context = [ContextMean(config.window, name="context")] if config.model == "cbow" else []
    model = EmbeddingModel([embedding, *context, output], name=config.model)
    model.build((None, None))
    output.set_counts(vocabulary.counts)
    largest = 0.5 / config.dim  # small beside trained vectors: word2vec's own start
    matrix = np.random.default_rng(config.seed).uniform(-largest, largest, (output.rows, config.dim))
    if initial is not None:
        known = [token for token in vocabulary.tokens if token in initial]
        if not known:
            raise InputError("the vectors to start from have none for a token of this text")
        matrix[vocabulary.encode(known)] = [initial[token] for token in known]
    embedding.set_weights([matrix])
    return model


def vectors_of(model: EmbeddingModel, vocabulary: Vocabulary) -> WordVectors:
    """Copy the embedding's rows for a vocabulary, or for its most frequent tokens, without row 0, padding."""
    rows = model.get_layer("embedding").embeddings[1 : len(vocabulary) + 1]  # (N, D) of (V + 1 or more, D)
    return WordVectors.of(vocabulary, ops.convert_to_numpy(rows).copy())


def stock_model(model: EmbeddingModel) -> keras.Sequential:
    """A skip-gram as a plain ``Sequential([Embedding, Dense])`` with the same scores, which opens without this package.

    A model with layers between the two is returned as it is.
    """
    embedding, *context, output = model.layers
    if context:
        return model
    rows = output.vocabulary_size + 1  # the tables may have spare ones
    stock = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(rows, embedding.output_dim, mask_zero=True, name="embedding"),
            keras.layers.Dense(rows, name="output"),
        ],
        name=model.name,
    )
    vectors, table = (ops.convert_to_numpy(weights)[:rows] for weights in (embedding.embeddings, output.table))
    stock.set_weights([vectors, table.T, ops.convert_to_numpy(output.bias)])
    return stock


def compile_model(model: EmbeddingModel, config: TrainingConfig, steps: int) -> None:
    """Compile the model with an optimizer whose learning rate falls linearly over ``steps``.

    ``steps_per_execution`` runs many steps in one call of TensorFlow: they are so small that
    Python would otherwise take longer than the arithmetic. TensorFlow gets no jit: compiling
    takes seconds, and lookups do not gain from it on a CPU. The other backends need jit.
    """
    schedule = keras.optimizers.schedules.PolynomialDecay(
        config.learning_rate, decay_steps=steps, end_learning_rate=config.learning_rate / 50
    )
    model.compile(RowwiseAdagrad(schedule), steps_per_execution=32, jit_compile=not ON_TENSORFLOW)
