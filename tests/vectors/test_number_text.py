"""The text of many numbers at a time against Python's text of each."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from embedding_tutorial.vectors.number_text import CELLS, text_rows


def assert_written_as_python_writes(matrix: np.ndarray) -> None:
    rows = list(text_rows(matrix, "\t"))
    assert rows == ["\t".join(f"{number:.9g}" for number in row) for row in matrix.tolist()]
    read = np.array([row.split("\t") for row in rows], np.float64).astype(np.float32).reshape(matrix.shape)
    np.testing.assert_array_equal(read.view(np.uint32), matrix.view(np.uint32))


@given(
    arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.floats(width=32, allow_nan=False))
)
def test_any_number_is_written_as_python_writes_it(matrix):
    assert_written_as_python_writes(matrix)


def test_numbers_at_the_edges_of_the_rule_and_halfway_between_two_texts():
    edges = np.float32([10.0**power for power in range(-6, 3)])
    edges = np.concatenate([edges, np.nextafter(edges, np.float32(0)), np.nextafter(edges, np.float32(np.inf))])
    halfway = (np.arange(5120) / 2.0 ** np.arange(9, 13)[:, None]).ravel()  # 513/1024 is 0.5009765625
    numbers = np.concatenate([edges, halfway.astype(np.float32), np.float32([0, 1, 9.5, np.inf, 1e-45, 3.4e38])])
    assert_written_as_python_writes(np.stack([numbers, -numbers], axis=1))


@pytest.mark.parametrize("shape", [(0, 3), (CELLS + 1, 1), (3, CELLS - 1), (2, CELLS + 1), (1001, 50)])
def test_no_row_is_lost_between_blocks(shape):
    assert_written_as_python_writes(np.random.default_rng(0).normal(size=shape).astype(np.float32))
