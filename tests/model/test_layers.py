import keras
import numpy as np

from embedding_tutorial.model.layers import ContextMean, TokenScores, band_matrix


def test_the_band_is_word2vec_s_random_window_in_expectation():
    window, length = 3, 9
    seen = np.zeros((length, length))
    for drawn in range(1, window + 1):  # each width is drawn equally often
        for i in range(length):
            for j in range(max(0, i - drawn), min(length, i + drawn + 1)):
                seen[i, j] += (i != j) / window
    np.testing.assert_allclose(band_matrix(length, window), seen, rtol=1e-6)


def test_context_mean_is_the_weighted_mean_of_the_neighbours():
    embedded = np.random.default_rng(0).normal(size=(2, 6, 4)).astype("float32")
    mask = np.array([[True] * 6, [True] * 3 + [False] * 3])
    contexts = np.asarray(ContextMean(window=2)(embedded, mask=mask))
    for row, i in np.ndindex(2, 6):
        weights = {j: (3 - abs(i - j)) / 2 for j in range(6) if 1 <= abs(i - j) <= 2 and mask[row, j]}
        expected = sum(weight * embedded[row, j] for j, weight in weights.items()) / max(sum(weights.values()), 1e-9)
        np.testing.assert_allclose(contexts[row, i], expected, rtol=1e-5, atol=1e-6)


def test_token_scores_is_a_dense_layer_whose_bias_is_counted():
    hidden = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    scores, dense = TokenScores(6, window=2, negatives=5), keras.layers.Dense(7)
    scores.build((None, None, 4)), dense.build((None, None, 4))
    table = np.random.default_rng(1).normal(size=(7, 4))
    scores.table.assign(table), dense.kernel.assign(table.T)
    scores.set_counts([9, 5, 3, 2, 1, 1]), dense.bias.assign(scores.bias)
    assert len(scores.trainable_weights) == 1
    np.testing.assert_allclose(scores(hidden), dense(hidden), rtol=1e-5)
