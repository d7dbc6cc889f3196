"""The article's first ideas in NumPy: a token as a one-hot row, and as a row that is looked up.

Nothing here learns: where the numbers of a matrix come from is ``model.py``'s business.
"""

from collections.abc import Sequence

import numpy as np


def one_hot(ids: Sequence[int], size: int) -> np.ndarray:
    """A row for each id, all 0 but a 1 in the id's column.

    Args:
        ids: ``N`` integers from 0 to ``size - 1``.
        size: columns.

    Returns:
        ``(N, size)`` float32.

    Raises:
        IndexError: an id is outside.

    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    ids = _checked(ids, size)
    rows = np.zeros((len(ids), size), np.float32)
    rows[np.arange(len(ids)), ids] = 1
    return rows


def lookup(matrix: np.ndarray, ids: Sequence[int]) -> np.ndarray:
    """The rows of a matrix that the ids name, in their order.

    The same as ``one_hot(ids, len(matrix)) @ matrix``, without multiplying by all the zeros.

    Args:
        matrix: ``(V, D)``.
        ids: ``N`` integers from 0 to ``V - 1``.

    Returns:
        ``(N, D)``.

    Raises:
        IndexError: an id is outside (NumPy itself would count a negative one from the end).
    """
    return np.asarray(matrix)[_checked(ids, len(matrix))]


def _checked(ids: Sequence[int], size: int) -> np.ndarray:
    """The ids as an array, ``(N,)``; refuses those that name no row."""
    ids = np.asarray(ids, dtype=np.int64)
    outside = ids[(ids < 0) | (ids >= size)]
    if len(outside):
        raise IndexError(f"id {outside[0]} is outside 0..{size - 1}")
    return ids
