"""The loss against the textbook's, written out pair by pair in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.model import VALIDATION_NOISE, build_model, compile_model
from embedding_tutorial.vocabulary import Vocabulary

VOCABULARY = Vocabulary(list("abcdefghijkl"), range(12, 0, -1))
# Two sentences and their padding; the second row's outer tokens are there to be looked at only.
X = np.array([[1, 2, 3, 2, 12, 0, 0, 0], [4, 5, 6, 7, 8, 9, 10, 11]])
Y = np.array([[1, 2, 3, 2, 12, 0, 0, 0], [0, 0, 6, 7, 8, 9, 0, 0]])


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


def written_out(model, x=X, y=Y) -> tuple[float, float]:
    """(sum of the losses of all pairs, sum of their weights), one pair after the other."""
    output = model.layers[-1]
    embeddings, table = np.asarray(model.layers[0].embeddings), np.asarray(output.table)
    noise = np.asarray(output.draw_noise(VALIDATION_NOISE))
    window, total, weights = output.window, 0.0, 0.0

    def pair(hidden, token, weight):
        nonlocal total, weights
        if output.negatives:
            loss = softplus(-hidden @ table[token])
            loss += output.negatives / len(noise) * sum(softplus(hidden @ table[n]) for n in noise if n != token)
        else:
            scores = table[1:] @ hidden
            loss = np.log(np.exp(scores).sum()) - hidden @ table[token]
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
    loss = model.compute_loss(X, Y, model(X), training=False)
    total, weights = written_out(model)
    assert float(loss) == pytest.approx(total / weights, rel=1e-5)


@pytest.mark.parametrize("kind", ["skipgram", "cbow"])
def test_the_loss_in_the_logs_weighs_every_pair_alike(kind):
    model = ready_model(model=kind)
    batches = [(X[:1], Y[:1]), (X, Y)]

    kinds = tf.TensorSpec((None, None), tf.int32)
    dataset = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=(kinds, kinds))
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(2))

    sums = np.sum([written_out(model, x, y) for x, y in batches], axis=0)
    assert model.evaluate(dataset, verbose=0, return_dict=True)["loss"] == pytest.approx(sums[0] / sums[1], rel=1e-5)
    logged = model.fit(dataset, validation_data=dataset, epochs=1, shuffle=False, verbose=0).history
    after = np.sum([written_out(model, x, y) for x, y in batches], axis=0)
    assert logged["val_loss"][0] == pytest.approx(after[0] / after[1], rel=1e-5)
    assert set(logged) == {"loss", "val_loss"}


def test_validation_draws_the_same_noise_and_training_draws_fresh():
    model = ready_model()
    fixed = {float(model.compute_loss(X, Y, model(X), training=False)) for _ in range(5)}
    fresh = {float(model.compute_loss(X, Y, model(X), training=True)) for _ in range(5)}
    assert len(fixed) == 1 and len(fresh) == 5


def test_it_is_a_sequential_that_begins_with_the_stock_embedding():
    model = ready_model(model="cbow")
    assert isinstance(model, keras.Sequential)
    assert type(model.layers[0]) is keras.layers.Embedding and model.layers[0].name == "embedding"
    assert model.count_params() == 13 * 4 + 13 * 4 + 13
    assert model(X).shape == (2, 8, 13)


@pytest.mark.parametrize("kind", ["skipgram", "cbow"])
def test_a_saved_model_loads_and_gives_the_same_scores_and_loss(kind, tmp_path):
    model = ready_model(model=kind)
    model.train_on_batch(X, Y)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(X), model(X))
    assert float(loaded.compute_loss(X, Y, loaded(X), training=False)) == float(
        model.compute_loss(X, Y, model(X), training=False)
    )


def test_one_step_moves_exactly_the_rows_that_were_looked_up():
    model = ready_model()
    before = np.asarray(model.layers[0].embeddings).copy()
    model.train_on_batch(X[:1], Y[:1])
    moved = (np.asarray(model.layers[0].embeddings) != before).any(axis=1)
    assert np.flatnonzero(moved).tolist() == [1, 2, 3, 12]
