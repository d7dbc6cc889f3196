"""The model: a ``keras.Sequential`` whose first layer is the stock ``Embedding``.

    skipgram   Embedding -> TokenScores                  a token predicts its neighbours
    cbow       Embedding -> ContextMean -> TokenScores   the neighbours predict the token between them

Rows of ids go in, a score for every token comes out. Only the loss is our own.
Importing this module registers our classes, so that ``keras.models.load_model``
can read ``model.keras``.
"""

from typing import Any

import keras
from keras import ops

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.layers import ContextMean, Tensor, TokenScores, band_matrix
from embedding_tutorial.optimizers import RowwiseAdagrad
from embedding_tutorial.vectors import WordVectors
from embedding_tutorial.vocabulary import PADDING, Vocabulary

VALIDATION_NOISE = 0  # seed: the same noise tokens for every validation batch of every epoch


@keras.saving.register_keras_serializable(package="embedding_tutorial")
class EmbeddingModel(keras.Sequential):
    """A ``Sequential`` that learns from which tokens stand near which.

    Only ``compute_loss`` differs from ``keras.Sequential``. Its loss needs no
    scores of the whole vocabulary: it takes the output of the layer before, and
    TensorFlow drops the scores that nobody uses from the training step.
    """

    def __init__(self, layers: list | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(layers, trainable=trainable, name=name)
        self.draws = keras.random.SeedGenerator(0)
        # Keras's own "loss" weighs batches by their rows; this one, which has the
        # same name and takes its place in the logs, weighs every pair alike.
        self.loss_per_pair = keras.metrics.Mean(name="loss")

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Tensor:
        """Mean loss of a neighbour pair.

        Args:
            x: ``(B, T)`` ids that are looked up, 0 for padding.
            y: ``(B, T)`` ids to be predicted at the same places, 0 for none.
            y_pred: ``(B, T, V + 1)`` scores; used by the full softmax alone.
            sample_weight: not used.
            training: fresh noise tokens if true, the fixed ones if false.

        Returns:
            Scalar. With negatives: ``softplus(-score)`` of the pair plus ``softplus(score)``
            of its noise tokens; without: ``-log softmax(scores)`` of the pair.

        Source: Mikolov et al. 2013, https://arxiv.org/abs/1310.4546, equation 4.
        """
        *layers, output = self.layers
        hidden = x
        for layer in layers:
            hidden = layer(hidden)  # (B, T) -> (B, T, D)
        noise = output.draw_noise(self.draws if training else VALIDATION_NOISE)  # (K,)

        # One lookup for the tokens to be predicted and the noise: one sparse gradient, not two.
        looked_up = ops.take(output.table, ops.concatenate([ops.reshape(y, (-1,)), noise]), axis=0)
        predicted = ops.reshape(looked_up[: -output.noise_tokens], ops.shape(hidden))  # (B, T, D)
        noise_vectors = looked_up[-output.noise_tokens :]  # (K, D)

        is_predicted = ops.cast(ops.not_equal(y, PADDING), hidden.dtype)  # (B, T)
        is_noise = ops.cast(ops.equal(y[..., None], noise), hidden.dtype)  # (B, T, K)
        if isinstance(layers[-1], ContextMean):
            # Each place predicts its own token: P = 1.
            scores = ops.sum(hidden * predicted, axis=-1, keepdims=True)  # (B, T, P)
            weights = is_predicted[..., None]  # (B, T, P)
            noise_hits = weights * is_noise  # (B, T, K)
        else:
            # Each place predicts all its neighbours: P = T.
            is_token = ops.cast(ops.not_equal(x, PADDING), hidden.dtype)
            scores = ops.matmul(hidden, ops.transpose(predicted, (0, 2, 1)))  # (B, T, P)
            band = band_matrix(ops.shape(x)[1], output.window)
            weights = band * is_token[:, :, None] * is_predicted[:, None, :]  # (B, T, P)
            noise_hits = ops.matmul(weights, is_noise)  # (B, T, K)

        pairs = ops.sum(weights, axis=-1, keepdims=True)  # (B, T, 1)
        if output.negatives:
            # All places share the K noise tokens, so their scores are one matrix product; each
            # weighs negatives / K, and a noise token that is the true one counts nothing.
            noise_scores = ops.matmul(hidden, ops.transpose(noise_vectors))  # (B, T, K)
            noise_weights = (pairs - noise_hits) * (output.negatives / output.noise_tokens)
            loss = ops.sum(weights * ops.softplus(-scores)) + ops.sum(noise_weights * ops.softplus(noise_scores))
        else:
            normalizer = ops.logsumexp(y_pred[..., PADDING + 1 :], axis=-1, keepdims=True)  # (B, T, 1)
            loss = ops.sum(weights * (normalizer - scores))

        total_pairs = ops.sum(pairs)
        loss = loss / total_pairs
        self.loss_per_pair.update_state(loss, sample_weight=total_pairs)
        return loss


def build_model(config: TrainingConfig, vocabulary: Vocabulary, initial: WordVectors | None = None) -> EmbeddingModel:
    """An untrained model for a vocabulary, its weights drawn from ``config.seed``.

    Its first layer, ``model.get_layer("embedding")``, has ``V + 1`` rows of ``config.dim``
    numbers: row 0 is padding, row ``id`` belongs to token ``id``.
    Tokens that ``initial`` has a vector for start from that one, the others from a random one.
    """
    embedding = keras.layers.Embedding(
        len(vocabulary) + 1,
        config.dim,
        # Small beside trained vectors: word2vec's own start.
        embeddings_initializer=keras.initializers.RandomUniform(-0.5 / config.dim, 0.5 / config.dim, seed=config.seed),
        mask_zero=True,
        name="embedding",
    )
    output = TokenScores(len(vocabulary), config.window, config.negatives, name="output")
    context = [ContextMean(config.window, name="context")] if config.model == "cbow" else []
    model = EmbeddingModel([embedding, *context, output], name=config.model)
    model.build((None, None))
    output.set_noise(vocabulary.counts)
    if initial is not None:
        rows = ops.convert_to_numpy(embedding.embeddings).copy()  # (V + 1, D)
        known = [token for token in vocabulary.tokens if token in initial]
        rows[vocabulary.encode(known)] = [initial[token] for token in known]
        embedding.set_weights([rows])
    return model


def compile_model(model: EmbeddingModel, config: TrainingConfig, steps: int) -> None:
    """Give the model its optimizer; the learning rate falls linearly over ``steps``.

    ``steps_per_execution`` runs many small steps in one call of TensorFlow: at this size
    Python would otherwise take longer than the arithmetic. Without jit: compiling takes
    seconds, and the lookups do not gain from it on a CPU.
    """
    schedule = keras.optimizers.schedules.PolynomialDecay(
        config.learning_rate, decay_steps=steps, end_learning_rate=config.learning_rate / 50
    )
    model.compile(RowwiseAdagrad(schedule), steps_per_execution=32, jit_compile=False)
