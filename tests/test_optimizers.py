"""Row-wise Adagrad against its definition in NumPy, and its sparse path against its dense one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from embedding_tutorial.optimizers import RowwiseAdagrad

ROWS, DIM, START = 6, 4, 0.01
STEPS = [  # the rows looked up in each step, some of them several times
    [1, 1, 1, 3],
    [3, 0, 1, 3, 3],
    [5],
]


def gradients():
    draw = np.random.default_rng(0)
    return [(np.array(rows), draw.normal(size=(len(rows), DIM)).astype("float32")) for rows in STEPS]


def by_definition(table, rates):
    accumulator = np.full(ROWS, START)
    for (rows, values), rate in zip(gradients(), rates, strict=True):
        for row in set(rows.tolist()):
            summed = values[rows == row].sum(axis=0)  # the gradient of a row is the sum over its lookups
            accumulator[row] += np.mean(summed**2)
            table[row] -= rate * summed / np.sqrt(accumulator[row])
    return table


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("schedule", [False, True])
def test_it_follows_its_definition(dense, schedule):
    table = np.random.default_rng(1).normal(size=(ROWS, DIM)).astype("float32")
    variable = keras.Variable(table)
    rate = keras.optimizers.schedules.PolynomialDecay(0.3, 3, 0.0) if schedule else 0.3
    optimizer = RowwiseAdagrad(rate, initial_accumulator=START)
    for rows, values in gradients():
        gradient = tf.IndexedSlices(tf.constant(values), tf.constant(rows), tf.constant([ROWS, DIM]))
        optimizer.apply([tf.convert_to_tensor(gradient) if dense else gradient], [variable])
    expected = by_definition(table.copy(), [0.3, 0.2, 0.1] if schedule else [0.3] * 3)
    np.testing.assert_allclose(variable, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(variable)[[2, 4]], table[[2, 4]])


def test_it_is_saved_with_its_settings():
    optimizer = RowwiseAdagrad(0.7, initial_accumulator=0.5)
    copy = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert isinstance(copy, RowwiseAdagrad)
    assert copy.initial_accumulator == 0.5 and float(copy.learning_rate) == pytest.approx(0.7)
