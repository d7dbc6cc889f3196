"""Skip-gram in NumPy on a text so small that each step uses all pairs of words at once."""

import numpy as np

from embedding_tutorial.vectors.word_vectors import unit_rows


def sigmoid(score: np.ndarray) -> np.ndarray:
    """The probability that belongs to a score, any shape."""
    return 1 / (1 + np.exp(-score))


def softplus(score: np.ndarray) -> np.ndarray:
    """``ln(1 + e^score)``, any shape; ``softplus(-score)`` is ``-ln(sigmoid(score))``."""
    return np.logaddexp(0, score)


def cosines_of(table: np.ndarray) -> np.ndarray:
    """The cosine of each row with each: ``(V, D)`` -> ``(V, V)``."""
    return unit_rows(table) @ unit_rows(table).T


def descend(
    centers: np.ndarray, contexts: np.ndarray, pairs: np.ndarray, noise_pairs: np.ndarray, steps: int
) -> tuple[np.ndarray, np.ndarray, float, list[float]]:
    """Take steps of gradient descent.

    Args:
        centers, contexts: both tables at the start, ``(V, D)``.
        pairs: how often each word is a neighbour of each, ``(V, V)``.
        noise_pairs: how often each word is a noise word of each, ``(V, V)``.
        steps: how many; the learning rate is 0.1.

    Returns:
        Both tables, the loss of a pair, and the mean cosine of two different words before the
        first step and after each.
    """
    others = ~np.eye(len(centers), dtype=bool)
    mean_cosines = [cosines_of(centers)[others].mean()]
    for _ in range(steps):
        scores = centers @ contexts.T  # (V, D) @ (D, V) -> (V, V)
        errors = pairs * (sigmoid(scores) - 1) + noise_pairs * sigmoid(scores)  # (V, V) probability - answer
        centers, contexts = centers - 0.1 * errors @ contexts, contexts - 0.1 * errors.T @ centers
        mean_cosines.append(cosines_of(centers)[others].mean())
    scores = centers @ contexts.T
    loss = (pairs * softplus(-scores) + noise_pairs * softplus(scores)).sum() / pairs.sum()
    return centers, contexts, float(loss), mean_cosines
