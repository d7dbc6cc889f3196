import keras
import numpy as np

from embedding_tutorial.model.layers import ContextMean, TokenScores, band_matrix, random_numbers


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


def test_noise_is_drawn_by_count_to_the_three_quarters_and_never_padding():
    counts = np.array([1000, 100, 10, 1])
    layer = TokenScores(4, window=2, negatives=5, noise_tokens=400_000)
    layer.build((None, None, 2))
    layer.set_counts(counts)
    drawn = np.bincount(layer.draw_noise(), minlength=5) / 400_000
    np.testing.assert_allclose(drawn, np.r_[0, counts**0.75 / (counts**0.75).sum()], atol=0.003)
    assert drawn[0] == 0


def test_noise_is_fresh_in_training_and_fixed_otherwise():
    layer = TokenScores(1000, window=2, negatives=5)
    layer.build((None, None, 2))
    layer.set_counts(np.ones(1000))
    first, second = (np.asarray(layer.draw_noise(training=True)) for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(layer.draw_noise(), layer.draw_noise())


def test_noise_drawn_by_slices_varies_less_than_free_draws():
    counts = np.array([1000, 100, 10, 1])
    layer = TokenScores(4, window=2, negatives=5, noise_tokens=64)
    layer.build((None, None, 2))
    layer.set_counts(counts)
    share = counts**0.75 / (counts**0.75).sum()
    drawn = np.array([np.bincount(layer.draw_noise(training=True), minlength=5)[1:] for _ in range(300)])  # (300, 4)
    np.testing.assert_allclose(drawn.mean(axis=0), 64 * share, rtol=0.02, atol=0.2)
    assert np.abs(drawn - 64 * share).max() < 2  # free draws of the first would be off by 9 at times
    assert drawn.std(axis=0)[0] < 0.5 * np.sqrt(64 * share[0] * (1 - share[0]))


def test_random_numbers_are_murmur_s_and_equally_spread():
    def stirred(key):  # fmix32, in Python's own integers
        key = (key ^ key >> 16) * 0x85EBCA6B % 2**32
        key = (key ^ key >> 13) * 0xC2B2AE35 % 2**32
        return key ^ key >> 16

    assert (stirred(1), stirred(0x12345678)) == (0x514E28B7, 0xE37CD1BC)  # published values
    keys = np.r_[np.arange(1000), 2**32 - 1 - np.arange(1000)].astype(np.uint32)
    numbers = np.asarray(random_numbers(keras.ops.convert_to_tensor(keys)))
    np.testing.assert_array_equal(numbers, [(stirred(int(key)) >> 8) / 2**24 for key in keys])

    numbers = np.asarray(random_numbers(keras.ops.arange(100_000, dtype="uint32")))
    np.testing.assert_allclose(np.histogram(numbers, 20, (0, 1))[0], 5000, atol=300)
    for apart in (1, 128):  # beside it, and in the same slice at the next step
        assert abs(np.corrcoef(numbers[:-apart], numbers[apart:])[0, 1]) < 0.01


def test_rounding_draws_no_token_that_does_not_exist():
    layer = TokenScores(3, window=2, negatives=5)
    layer.build((None, None, 2))
    layer.noise_cdf.assign([0, 0.5, 0.9, 0.99])  # as if rounding had left its end below 1
    assert np.asarray(layer.draw_noise()).max() == 3
