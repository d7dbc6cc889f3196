"""Draw at random: the noise tokens of each batch, and the frequent tokens that an epoch drops.

NumPy draws them, and the model gets them as data, so they are the same on every backend.
"""

import numpy as np

from embedding_tutorial.text.encoded_corpus import keep_tokens

NOISE_TOKENS = 128  # drawn for each batch, and shared by all its pairs
NOISE_POWER = 0.75  # of a token's count, to which its share of the noise is proportional


def noise_distribution(counts: np.ndarray) -> np.ndarray:
    """The probability that each token is drawn as noise, ``(V,)``: proportional to ``count ** NOISE_POWER``.

    Frequent tokens get a smaller share of the noise than of the text, rare ones a larger share.

    Source: Mikolov et al. 2013, https://arxiv.org/abs/1310.4546, section 2.2.
    """
    weights = np.asarray(counts, np.float64) ** NOISE_POWER
    return weights / weights.sum()


def draw_noise(
    cumulative: np.ndarray, batches: int, draw: np.random.Generator, noise_tokens: int = NOISE_TOKENS, first: int = 1
) -> np.ndarray:
    """Draw the noise tokens of some batches.

    One token is drawn from each of ``noise_tokens`` equal slices of the distribution (stratified sampling). The mean
    number of draws of a token is that of independent draws, but the variance is smaller, and so is the gradient's.

    Args:
        cumulative: ``(V,)`` the cumulative sum of ``noise_distribution``.
        batches: number of batches.
        draw: a random generator.
        noise_tokens: ``K``, for each batch.
        first: the id that the first of the ``V`` belongs to.

    Returns:
        ``(batches, K)`` int32 ids, ``first`` to ``first + V - 1``.
    """
    places = (np.arange(noise_tokens) + draw.random((batches, noise_tokens))) / noise_tokens  # in [0, 1)
    drawn = np.searchsorted(cumulative, places, side="right")
    # Because of rounding, the last cumulative sum may be less than the last place.
    return (np.minimum(drawn, len(cumulative) - 1) + first).astype(np.int32)


def subsample(
    ids: np.ndarray, lengths: np.ndarray, keep: np.ndarray, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Drop tokens at random, each with its own probability.

    Args:
        ids: concatenated sentences, ``(n,)``.
        lengths: number of tokens in each sentence, ``(s,)``.
        keep: ``(V + 1,)`` the probability that a token stays, by id; see ``keep_probability``.
        draw: a random generator.

    Returns:
        The ids that stay, and the new lengths, ``(s,)``.
    """
    return keep_tokens(ids, lengths, draw.random(len(ids)) < keep[ids])


def keep_probability(counts: np.ndarray, sample: float) -> np.ndarray:
    """The probability that a token stays in an epoch: ``min(1, sqrt(t / f) + t / f)`` for share ``f`` of the text.

    的 and the comma are neighbours of every token and say little about any. With ``t`` = 0.001 a token of share
    0.05 stays in 16 of 100 places. An epoch is then shorter, and windows reach further.

    Args:
        counts: ``(V,)``.
        sample: ``t``; 0: all tokens stay.

    Returns:
        ``(V + 1,)``, by id.

    Source: word2vec's code (Mikolov et al. 2013), which differs from the formula in the paper.
    """
    if not sample:
        return np.ones(len(counts) + 1)
    ratio = sample * counts.sum() / counts  # (V,)
    return np.concatenate([[1.0], np.minimum(1.0, np.sqrt(ratio) + ratio)])
