"""The loss against the textbook's, written out pair by pair in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.model.sequential import (
    EmbeddingModel,
    build_model,
    compile_model,
    default_learning_rate,
    stock_model,
)
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.word_vectors import WordVectors

VOCABULARY = Vocabulary(list("abcdefghijkl"), range(12, 0, -1))
# Two sentences and their padding; the second row's outer tokens are there to be looked at only.
X = np.array([[1, 2, 3, 2, 12, 0, 0, 0], [4, 5, 6, 7, 8, 9, 10, 11]])
Y = np.array([[1, 2, 3, 2, 12, 0, 0, 0], [0, 0, 6, 7, 8, 9, 0, 0]])
NOISE = np.random.default_rng(1).integers(1, 13, (1, 20))


def softplus(score):
    return np.log1p(np.exp(score))


def ready_model(**options):
    config = TrainingConfig(window=2, dim=4, **options)
    model = build_model(config, VOCABULARY)
    draw = np.random.default_rng(0)
    model.layers[0].embeddings.assign(draw.normal(size=(13, 4)))
    model.layers[-1].table.assign(draw.normal(size=(13, 4)))
    compile_model(model, config, steps=10)
    return model


def written_out(model, x=X, y=Y, noise=NOISE[0]) -> tuple[float, float]:
    """(sum of the losses of all pairs, sum of their weights), one pair after the other."""
    output = model.layers[-1]
    embeddings, table = np.asarray(model.layers[0].embeddings), np.asarray(output.table)
    bias = np.asarray(output.bias)
    window, total, weights = output.window, 0.0, 0.0

    def pair(hidden, token, weight):
        nonlocal total, weights
        if output.negatives:
            loss = softplus(-(hidden @ table[token] + bias[token]))
            loss += output.negatives / len(noise) * sum(softplus(hidden @ table[n] + bias[n]) for n in noise)
        else:
            scores = table[1:] @ hidden + bias[1:]
            loss = np.log(np.exp(scores).sum()) - scores[token - 1]
        total, weights = total + weight * loss, weights + weight

    for ids, predicted in zip(x, y, strict=True):
        for j in np.flatnonzero(predicted):
            near = {
                i: (window + 1 - abs(i - j)) / window
                for i in range(len(ids))
                if 1 <= abs(i - j) <= window and ids[i] != 0
            }
            if model.name == "skipgram":
                for i, weight in near.items():
                    pair(embeddings[ids[i]], predicted[j], weight)
            else:
                context = sum(w * embeddings[ids[i]] for i, w in near.items()) / sum(near.values())
                pair(context, predicted[j], 1)
    return total, weights


@pytest.mark.parametrize("kind", ["skipgram", "cbow"])
@pytest.mark.parametrize("negatives", [5, 0])
def test_the_loss_is_the_textbook_s(kind, negatives):
    model = ready_model(model=kind, negatives=negatives)
    loss = model.compute_loss(X, (Y, NOISE), model(X))
    total, weights = written_out(model)
    assert float(loss) == pytest.approx(total / weights, rel=1e-5)


@pytest.mark.parametrize("kind", ["skipgram", "cbow"])
def test_the_loss_in_the_logs_weighs_every_pair_alike(kind):
    model = ready_model(model=kind)
    batches = [(X[:1], (Y[:1], NOISE)), (X, (Y, NOISE[:, ::-1]))]

    ids, noise = tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, 20), tf.int32)
    dataset = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=(ids, (ids, noise)))
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(2))

    sums = np.sum([written_out(model, x, y, noise[0]) for x, (y, noise) in batches], axis=0)
    assert model.evaluate(dataset, verbose=0, return_dict=True)["loss"] == pytest.approx(sums[0] / sums[1], rel=1e-5)
    logged = model.fit(dataset, validation_data=dataset, epochs=1, shuffle=False, verbose=0).history
    after = np.sum([written_out(model, x, y, noise[0]) for x, (y, noise) in batches], axis=0)
    assert logged["val_loss"][0] == pytest.approx(after[0] / after[1], rel=1e-5)
    assert set(logged) == {"loss", "val_loss"}


def test_it_is_a_sequential_that_begins_with_the_stock_embedding():
    model = ready_model(model="cbow")
    assert isinstance(model, keras.Sequential)
    assert type(model.layers[0]) is keras.layers.Embedding and model.layers[0].name == "embedding"
    assert model.count_params() == 13 * 4 + 13 * 4 + 13
    assert model(X).shape == (2, 8, 13)


@pytest.mark.parametrize("kind", ["skipgram", "cbow"])
def test_a_saved_model_loads_and_gives_the_same_scores_and_loss(kind, tmp_path):
    model = ready_model(model=kind)
    model.train_on_batch(X, (Y, NOISE))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(X), model(X))
    losses = [float(one.compute_loss(X, (Y, NOISE), one(X))) for one in (loaded, model)]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("parts", [1, 4])
def test_a_skip_gram_is_exported_as_stock_layers_with_the_same_scores(parts):
    model = build_model(TrainingConfig(dim=4), VOCABULARY, table_parts=parts)  # of 4 parts: 16 rows for 13
    model.layers[-1].table.assign(np.random.default_rng(0).normal(size=model.layers[-1].table.shape))
    stock = stock_model(model)
    assert [type(layer) for layer in stock.layers] == [keras.layers.Embedding, keras.layers.Dense]
    np.testing.assert_allclose(stock(X), model(X), rtol=1e-5, atol=1e-6)
    cbow = ready_model(model="cbow")
    assert stock_model(cbow) is cbow


def test_tokens_start_from_their_initial_vectors_if_there_are_any():
    initial = WordVectors(["c", "z"], [1, 1], np.array([[1, 2, 3, 4], [5, 6, 7, 8]]))
    matrix = np.asarray(build_model(TrainingConfig(dim=4), VOCABULARY, initial).layers[0].embeddings)
    assert matrix[3].tolist() == [1, 2, 3, 4]  # c has id 3
    assert np.abs(np.delete(matrix, 3, axis=0)).max() <= 0.5 / 4
    with pytest.raises(InputError, match="have none for a token of this text"):
        build_model(TrainingConfig(dim=4), VOCABULARY, WordVectors(["z"], [1], np.ones((1, 4))))


def test_one_step_moves_exactly_the_rows_that_were_looked_up():
    model = ready_model()
    before = np.asarray(model.layers[0].embeddings).copy()
    model.train_on_batch(X[:1], (Y[:1], NOISE))
    moved = (np.asarray(model.layers[0].embeddings) != before).any(axis=1)
    assert np.flatnonzero(moved).tolist() == [1, 2, 3, 12]


def test_before_training_the_scores_say_what_counting_says():
    """Scores of the bias alone are those that tell true pairs from noise best: no step would change them."""
    model = ready_model(negatives=3)
    output = model.layers[-1]
    counts = VOCABULARY.counts
    share, noise_share = counts / counts.sum(), counts**0.75 / np.sum(counts**0.75)
    true, false = share, 3 * noise_share  # how often a token is drawn beside any other: as neighbour, as noise
    np.testing.assert_allclose(1 / (1 + np.exp(-np.asarray(output.bias)[1:])), true / (true + false), rtol=1e-5)

    softmax = ready_model(negatives=0).layers[-1]
    np.testing.assert_allclose(np.exp(np.asarray(softmax.bias)[1:]), share, rtol=1e-5)


def test_no_table_is_read_whole_in_a_step():
    """Its time must not grow with the vocabulary: only rows are gathered, whatever the size of the table."""
    for kind in ("skipgram", "cbow"):
        model = ready_model(model=kind)
        handles = {id(layer_table.value.handle) for layer_table in model.trainable_weights}
        loss = tf.function(lambda x, y, noise, model=model: model.compute_loss(x, (y, noise)))
        graph = loss.get_concrete_function(X, Y, NOISE).graph
        inside = {id(inner) for handle, inner in graph.captures if id(handle) in handles}
        reads = [op.type for op in graph.get_operations() if any(id(given) in inside for given in op.inputs)]
        assert len(inside) == 2 and set(reads) == {"ResourceGather"}


def test_a_layer_of_one_s_own_takes_its_place_between_embedding_and_scores():
    """As the README says: any layer (B, T, D) -> (B, T, D) that takes a mask makes a context."""

    class Before(keras.layers.Layer):
        """The context of a token is the token before it."""

        supports_masking = True

        def call(self, hidden, mask=None):
            return keras.ops.pad(hidden[:, :-1], [(0, 0), (1, 0), (0, 0)])

    ready = ready_model(model="cbow")
    embedding, _, output = ready.layers
    model = EmbeddingModel([embedding, Before(), output])
    compile_model(model, TrainingConfig(), steps=10)
    E, table, bias = (np.asarray(weight) for weight in (embedding.embeddings, output.table, output.bias))
    noise = NOISE[0]
    losses = []
    for ids, predicted in zip(X, Y, strict=True):
        for place in np.flatnonzero(predicted):
            hidden = E[ids[place - 1]] if place else np.zeros(4)
            loss = softplus(-(hidden @ table[ids[place]] + bias[ids[place]]))
            losses.append(loss + 5 / len(noise) * softplus(table[noise] @ hidden + bias[noise]).sum())
    assert float(model.compute_loss(X, (Y, NOISE), model(X))) == pytest.approx(np.mean(losses), rel=1e-5)
    model.fit(X, (Y, np.repeat(NOISE, 2, axis=0)), verbose=0)


def test_a_large_vocabulary_takes_large_steps():
    assert [default_learning_rate(size) for size in (100, 40_000, 60_000, 10**6)] == [0.4, 0.4, 0.6, 0.8]


@pytest.mark.parametrize(("given", "expected"), [(None, 0.4), (0.1, 0.1)])
def test_the_default_learning_rate_is_that_of_the_vocabulary(given, expected):
    config = TrainingConfig(dim=2, learning_rate=given)
    model = build_model(config, VOCABULARY)
    compile_model(model, config, steps=10)
    assert float(model.optimizer.learning_rate) == pytest.approx(expected)
