"""Layers of one's own: those that keep the contract train and can be resumed, those that leak are refused."""

import keras
import numpy as np
import pytest
from conftest import two_worlds
from keras import layers
from test_sequential import NOISE, VOCABULARY, X, Y

from embedding_tutorial.checkpoint import Checkpoint
from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.model.callbacks import SaveCheckpoint
from embedding_tutorial.model.layers import ContextMean, Shift
from embedding_tutorial.model.next_token import held_out_perplexities
from embedding_tutorial.model.sequential import EmbeddingModel, build_model, compile_model, stock_model
from embedding_tutorial.model.sparse import RowwiseAdagrad, TablesAndLayers
from embedding_tutorial.model.training import train
from embedding_tutorial.text.encoded_corpus import encode_corpus

D = 4


class Attention(layers.Layer):
    """A small Transformer block, causal: attention, then two dense layers, each added to what goes in."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.norm, self.attend = layers.LayerNormalization(), layers.MultiHeadAttention(2, 2, dropout=0.1)
        self.dense = keras.Sequential([layers.LayerNormalization(), layers.Dense(8, "relu"), layers.Dense(D)])

    def call(self, hidden):
        normed = self.norm(hidden)
        hidden = hidden + self.attend(normed, normed, use_causal_mask=True)
        return hidden + self.dense(hidden)


class WithoutItself(layers.Layer):
    """Attention to all places but its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.attend = layers.MultiHeadAttention(1, D)

    def call(self, hidden):
        others = 1 - keras.ops.eye(hidden.shape[1] or keras.ops.shape(hidden)[1])
        # The query is the same everywhere: it must not tell the place what it is.
        return self.attend(keras.ops.zeros_like(hidden), hidden, attention_mask=others[None])


KEEP = {
    "Dense": lambda: [Shift(), layers.Dense(D)],
    "LayerNormalization": lambda: [Shift(), layers.LayerNormalization()],
    "Conv1D": lambda: [Shift(), layers.Conv1D(D, 3, padding="causal")],
    "LSTM": lambda: [Shift(), layers.LSTM(D, return_sequences=True)],
    "GRU": lambda: [Shift(), layers.GRU(6, return_sequences=True)],
    "Dropout": lambda: [Shift(), layers.Dropout(0.3)],
    "Transformer": lambda: [Shift(), Attention(), Attention()],
}
FROM_BOTH_SIDES = {
    "attention without the diagonal": lambda: [WithoutItself()],
    "mean, then Dense": lambda: [ContextMean(2), layers.Dense(D)],
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("contract") / "worlds.txt"
    path.write_text(two_worlds()[:4000], encoding="utf-8")
    return encode_corpus(TrainingConfig(corpus=path))


def config(**settings):
    return TrainingConfig(**{"dim": D, "epochs": 2, "model": "gru", **settings})


QUICK = ("Dropout", "GRU")  # they have what the others have: states, random numbers, weights of other shapes


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.long]) for name in [*KEEP, *FROM_BOTH_SIDES]],
)
def test_a_layer_that_keeps_the_contract_trains_and_goes_on(name, corpus, tmp_path):
    """One that stopped after an epoch agrees, bit for bit, with one that did not."""
    makes = {**KEEP, **FROM_BOTH_SIDES}[name]
    settings = config(model="gru" if name in KEEP else "cbow")
    first = train(settings, corpus, layers=makes)
    assert first.history["loss"][1] < first.history["loss"][0]
    train(settings, corpus, layers=makes, callbacks=[Stop(), SaveCheckpoint(tmp_path)])
    stopped = Checkpoint.load(tmp_path)
    assert stopped.epochs == 1
    resumed = train(settings, corpus, stopped, layers=makes)
    np.testing.assert_array_equal(resumed.vectors.matrix, first.vectors.matrix)
    for one, other in zip(resumed.model.get_weights(), first.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = True


@pytest.mark.parametrize(
    ("makes", "says"),
    [
        (lambda: [layers.GRU(D, return_sequences=True)], "(GRU) sees the token that it is to predict; put Shift()"),
        (lambda: [layers.Dense(D, kernel_initializer="zeros")], "(Dense) sees the token that it is to predict"),
        (lambda: [Shift(), layers.Conv1D(D, 3, padding="same")], "(Conv1D) sees the token that it is to predict"),
        (lambda: [Shift(), layers.Bidirectional(layers.GRU(2, return_sequences=True))], "(Bidirectional) sees the"),
        (lambda: [ContextMean(2)], "(ContextMean) sees tokens that follow"),
        (lambda: [Shift(), layers.GRU(D)], "(GRU) returns (B, 4), not (B, T, D); set return_sequences=True"),
        (lambda: [Shift(), layers.Conv1D(D, 3)], "(Conv1D) returns (B, 6, 4), not (B, T, D)"),
    ],
)
def test_a_layer_that_breaks_it_is_refused_by_name(makes, says):
    with pytest.raises(InputError) as error:
        build_model(config(), VOCABULARY, layers=makes)
    assert says in str(error.value)


def test_the_check_leaves_the_weights_as_they_were():
    model = build_model(config(), VOCABULARY, layers=lambda: [Shift(), layers.Dense(D, kernel_initializer="identity")])
    np.testing.assert_array_equal(model.layers[2].kernel, np.eye(D))


@pytest.mark.parametrize("negatives", [0, 5])
def test_mask_training_and_regularizers_reach_the_layer_and_the_loss(negatives):
    given = []

    class Spy(layers.Layer):
        def call(self, hidden, mask=None, training=None):
            given.append((mask, training))
            return hidden

    makes = lambda: [Shift(), Spy(), layers.Dense(D, kernel_regularizer=keras.regularizers.L2(0.5))]  # noqa: E731
    model = build_model(config(negatives=negatives), VOCABULARY, layers=makes)
    plain = build_model(config(negatives=negatives), VOCABULARY, layers=lambda: [Shift(), Spy(), layers.Dense(D)])
    for one in (model, plain):
        compile_model(one, config(), steps=10)
    plain.set_weights(model.get_weights())
    given.clear()
    losses = [float(one.compute_loss(X, (Y, NOISE), one(X, training=True))) for one in (model, plain)]
    assert losses[0] - losses[1] == pytest.approx(0.5 * np.sum(np.asarray(model.layers[3].kernel) ** 2), rel=1e-4)
    shifted = np.pad(X != 0, [(0, 0), (1, 0)], constant_values=True)[:, :-1]
    mask, training = given[-1]  # Keras tries the layers once, with symbols, before it runs them
    assert training is True
    np.testing.assert_array_equal(mask, shifted)


def test_the_tables_and_the_layers_have_an_optimizer_each():
    model = build_model(config(), VOCABULARY)
    compile_model(model, config(), steps=10)
    optimizer = model.optimizer
    optimizer.build(model.trainable_variables)
    assert isinstance(optimizer, TablesAndLayers) and isinstance(optimizer.tables, RowwiseAdagrad)
    assert type(optimizer.layers) is keras.optimizers.Adam
    assert len(optimizer.tables.variables) == 1 + 2  # its steps, and an accumulator for each table
    assert len(optimizer.layers.variables) == 1 + 2 * 3  # two moments for each weight of the GRU
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert copy.paths == optimizer.paths and copy.layers.clipnorm == 1.0


def test_keras_s_own_losses_and_optimizers_are_used_as_they_are(corpus):
    """The same loss, written with Keras's: the first batches agree with NumPy's."""
    own = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")
    result = train(config(epochs=1), corpus, compiled={"optimizer": "adam", "loss": own})
    assert type(result.model.optimizer) is keras.optimizers.Adam
    model = result.model
    scores = np.asarray(model(X), np.float64)
    log_p = scores - np.log(np.exp(scores).sum(axis=-1, keepdims=True))
    expected = -sum(log_p[place][Y[place]] for place in np.ndindex(*Y.shape) if Y[place])
    weights = (Y != 0).astype("float32")
    assert float(model.compute_loss(X, Y, model(X), sample_weight=weights)) == pytest.approx(expected, rel=1e-4)


def test_the_model_is_a_sequential_with_the_layers_one_by_one():
    model = build_model(config(), VOCABULARY)
    assert isinstance(model, EmbeddingModel)
    assert [type(layer) for layer in model.layers[1:-1]] == [Shift, layers.GRU]


@pytest.mark.parametrize("negatives", [0, 5])
def test_the_stock_model_gives_the_probability_of_the_token_that_follows(negatives, corpus):
    """Its scores, of ids that begin with 0, are those of the model at the same places, but for a constant of each."""
    settings = config(negatives=negatives)
    model = train(settings, corpus).model
    stock = stock_model(model)
    assert [type(layer) for layer in stock.layers] == [layers.Embedding, layers.GRU, layers.Dense]
    ids = np.array([[3, 1, 4, 1, 5, 0], [9, 2, 6, 0, 0, 0]])
    output = model.layers[-1]
    counts = np.array([np.count_nonzero(corpus.lengths), *corpus.vocabulary.counts])
    moved = np.log(counts / counts.sum()) - np.asarray(output.bias)
    theirs = np.asarray(stock(np.pad(ids[:, :-1], [(0, 0), (1, 0)])))
    for row, length in ((0, 6), (1, 4)):
        np.testing.assert_allclose(theirs[row, :length], np.asarray(model(ids))[row, :length] + moved, atol=2e-4)


def test_perplexity_is_that_of_the_probabilities_written_out(corpus):
    settings = config(negatives=5)
    model = train(settings, corpus).model
    found = held_out_perplexities(settings, corpus, model)
    stock, log_p = stock_model(model), []
    for block in corpus.split(settings.validation_split, settings.seed)[1].blocks():
        ids, lengths = block()
        for sentence in np.split(ids, np.cumsum(lengths)[:-1]):
            scores = np.asarray(stock(np.array([[0, *sentence]])), np.float64)[0]
            for place, token in enumerate([*sentence, 0]):
                log_p.append(scores[place, token] - np.log(np.exp(scores[place]).sum()))
    assert found["predictions"] == len(log_p)
    assert found["model"] == pytest.approx(np.exp(-np.mean(log_p)), rel=1e-4)
    assert 1 < found["model"] < found["unigram"]
