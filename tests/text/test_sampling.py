"""Noise and dropped tokens against word2vec's formula, gensim, and free draws."""

import numpy as np
from gensim.models import Word2Vec

from embedding_tutorial.text.sampling import draw_noise, keep_probability, noise_distribution, subsample

COUNTS = np.array([1000, 100, 10, 1])
SHARES = COUNTS**0.75 / (COUNTS**0.75).sum()


def noise(batches, size):
    draw = np.random.default_rng(0)
    return draw_noise(np.cumsum(noise_distribution(COUNTS)), batches, draw, size)


def test_noise_is_drawn_by_count_to_the_three_quarters_and_never_padding():
    np.testing.assert_allclose(noise_distribution(COUNTS), SHARES)
    drawn = np.bincount(noise(1, 400_000)[0], minlength=5) / 400_000
    np.testing.assert_allclose(drawn, np.r_[0, SHARES], atol=0.003)
    assert drawn[0] == 0


def test_each_batch_has_noise_of_its_own():
    first, second = noise(2, 128)
    assert (first != second).any()


def test_noise_drawn_by_slices_varies_less_than_free_draws():
    drawn = np.array([np.bincount(tokens, minlength=5)[1:] for tokens in noise(300, 64)])  # (300, 4)
    np.testing.assert_allclose(drawn.mean(axis=0), 64 * SHARES, rtol=0.02, atol=0.2)
    assert np.abs(drawn - 64 * SHARES).max() < 2  # free draws of the first would be off by 9 at times
    assert drawn.std(axis=0)[0] < 0.5 * np.sqrt(64 * SHARES[0] * (1 - SHARES[0]))


def test_rounding_draws_no_token_that_does_not_exist():
    ends_below_one = np.array([0.5, 0.9, 0.99])
    assert draw_noise(ends_below_one, 100, np.random.default_rng(0)).max() == 3


def test_frequent_tokens_are_dropped_as_often_as_gensim_drops_them():
    counts = np.array([60_000, 9_000, 900, 90, 10])
    word2vec = Word2Vec(min_count=1, sample=0.001)
    word2vec.build_vocab_from_freq({str(i): int(count) for i, count in enumerate(counts)})
    theirs = [word2vec.wv.get_vecattr(str(i), "sample_int") / 2**32 for i in range(len(counts))]
    np.testing.assert_allclose(keep_probability(counts, 0.001)[1:], np.minimum(theirs, 1), rtol=1e-6)
    assert (keep_probability(counts, 0.0) == 1).all()

    ids = np.repeat(np.arange(1, 6, dtype=np.int32), counts)
    lengths = np.array([50_000, 10_000, 10_000])
    kept, sizes = subsample(ids, lengths, keep_probability(counts, 0.001), np.random.default_rng(0))
    share = np.bincount(kept, minlength=6)[1:] / counts
    np.testing.assert_allclose(share, theirs[:3] + [1, 1], atol=0.05)
    assert sizes.sum() == len(kept) and (sizes < lengths)[:2].all()
