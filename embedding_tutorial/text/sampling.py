"""What is drawn at random: noise tokens for each batch, and which frequent tokens a pass leaves out.

Everything is drawn by NumPy and handed to the model as data, so the numbers are the same on every backend.
"""

import numpy as np

from embedding_tutorial.text.encoded_corpus import keep_tokens

NOISE_TOKENS = 128  # drawn for each batch, and shared by all its pairs


def noise_distribution(counts: np.ndarray) -> np.ndarray:
    """How likely each token is drawn as noise, ``(V,)``: in proportion to ``count ** 0.75``.

    Common tokens are drawn often, but less often than they occur.

    Source: Mikolov et al. 2013, https://arxiv.org/abs/1310.4546, section 2.2.
    """
    weights = np.asarray(counts, np.float64) ** 0.75
    return weights / weights.sum()


def draw_noise(
    cumulative: np.ndarray, batches: int, draw: np.random.Generator, noise_tokens: int = NOISE_TOKENS
) -> np.ndarray:
    """Draw the noise tokens of some batches.

    One token is drawn from each of ``noise_tokens`` equal slices of the distribution (stratified sampling): each
    token comes as often as in free draws on average, but its number varies less from step to step, and so does the
    gradient.

    Args:
        cumulative: ``(V,)`` the cumulative sum of ``noise_distribution``.
        batches: how many.
        draw: the generator.
        noise_tokens: ``K``.

    Returns:
        ``(batches, K)`` int32 ids, 1 to ``V``.
    """
    places = (np.arange(noise_tokens) + draw.random((batches, noise_tokens))) / noise_tokens  # in [0, 1)
    # Rounding may leave the end of the distribution below the last place.
    return np.minimum(np.searchsorted(cumulative, places, side="right") + 1, len(cumulative)).astype(np.int32)


def subsample(
    ids: np.ndarray, lengths: np.ndarray, keep: np.ndarray, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Drop tokens at random, each with its own probability.

    Args:
        ids, lengths: concatenated sentences, and the length of each.
        keep: ``(V + 1,)`` the probability to stay, by id; see ``keep_probability``.
        draw: the generator.
    """
    return keep_tokens(ids, lengths, draw.random(len(ids)) < keep[ids])


def keep_probability(counts: np.ndarray, sample: float) -> np.ndarray:
    """How likely a token stays in a pass over the text: ``min(1, sqrt(t / f) + t / f)`` for share ``f``.

    的 and the comma occur beside everything and say little about it. With ``t`` = 0.001 a token of share
    0.05 stays in 16 of 100 places. The rest of the text is quicker to learn, and windows reach further.

    Args:
        counts: ``(V,)``.
        sample: ``t``; 0: all stay.

    Returns:
        ``(V + 1,)``, by id.

    Source: word2vec's code (Mikolov et al. 2013), which differs from the formula in the paper.
    """
    if not sample:
        return np.ones(len(counts) + 1)
    ratio = sample * counts.sum() / counts  # (V,)
    return np.concatenate([[1.0], np.minimum(1.0, np.sqrt(ratio) + ratio)])
