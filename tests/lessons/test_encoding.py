import numpy as np
import pytest

from embedding_tutorial.lessons.encoding import lookup, one_hot

MATRIX = np.array([[0.0, 0.1], [1.0, 1.1], [2.0, 2.1]])


def test_lookup_takes_the_rows_in_order():
    assert lookup(MATRIX, [2, 1, 0, 2]).tolist() == MATRIX[[2, 1, 0, 2]].tolist()
    assert lookup(MATRIX, []).shape == (0, 2)


def test_lookup_is_a_product_with_one_hot_rows():
    np.testing.assert_array_equal(one_hot([2, 0], 3) @ MATRIX, lookup(MATRIX, [2, 0]))


def test_ids_outside_are_refused():
    for id in (-1, 3):
        with pytest.raises(IndexError, match=f"id {id} is outside 0..2"):
            lookup(MATRIX, [0, id])
        with pytest.raises(IndexError):
            one_hot([id], 3)
