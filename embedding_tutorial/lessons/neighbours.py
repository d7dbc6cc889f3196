"""Compare two tables by who is near whom."""

import numpy as np


def distances(points: np.ndarray) -> np.ndarray:
    """The distance of each row from each: ``(N, D)`` -> ``(N, N)``."""
    points = np.asarray(points, dtype=float)
    squares = (points**2).sum(axis=1)
    return np.sqrt(np.maximum(squares[:, None] + squares - 2 * points @ points.T, 0))  # |a - b|² = a·a + b·b - 2 a·b


def nearest(points: np.ndarray, count: int) -> np.ndarray:
    """The nearest other rows of each row, by distance: ``(N, D)`` -> ``(N, count)`` row numbers.

    Rows of length 1 have the same order by cosine.
    """
    apart = distances(points)
    np.fill_diagonal(apart, np.inf)  # a row is no neighbour of itself
    return np.argsort(apart, axis=1)[:, :count]


def neighbours_in_common(first: np.ndarray, second: np.ndarray, count: int = 10) -> float:
    """The share of a row's ``count`` nearest rows that are the same in two tables; the mean over all rows.

    Args:
        first, second: ``(N, D)`` and ``(N, E)``, the same tokens in the same order.
        count: neighbours of each row.
    """
    pairs = zip(nearest(first, count), nearest(second, count), strict=True)
    return float(np.mean([len({*a} & {*b}) / count for a, b in pairs]))
