"""The article's first two ideas in NumPy: one-hot rows, and lookup.

Nothing here is learned: ``model/`` trains the numbers of a matrix.
"""

from collections.abc import Sequence

import numpy as np


def one_hot(ids: Sequence[int], size: int) -> np.ndarray:
    """Make a row for each id: 1 in the id's column, 0 elsewhere.

    Args:
        ids: ``N`` integers from 0 to ``size - 1``.
        size: number of columns.

    Returns:
        ``(N, size)`` float32.

    Raises:
        IndexError: an id is outside that range.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    ids = _checked(ids, size)
    rows = np.zeros((len(ids), size), np.float32)
    rows[np.arange(len(ids)), ids] = 1
    return rows


def lookup(matrix: np.ndarray, ids: Sequence[int]) -> np.ndarray:
    """Take the rows of a matrix that the ids name, in their order.

    Equals ``one_hot(ids, len(matrix)) @ matrix``, without the multiplications by 0.

    Args:
        matrix: ``(V, D)``.
        ids: ``N`` integers from 0 to ``V - 1``.

    Returns:
        ``(N, D)``.

    Raises:
        IndexError: an id is outside that range (NumPy alone counts negative ones from the end).
    """
    return np.asarray(matrix)[_checked(ids, len(matrix))]


def _checked(ids: Sequence[int], size: int) -> np.ndarray:
    """Return the ids as an array, ``(N,)``; refuse those that name no row."""
    ids = np.asarray(ids, dtype=np.int64)
    outside = ids[(ids < 0) | (ids >= size)]
    if len(outside):
        raise IndexError(f"id {outside[0]} is outside 0..{size - 1}")
    return ids
