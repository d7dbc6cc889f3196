"""Row-wise Adagrad against its definition in NumPy, and its sparse path against its dense one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from embedding_tutorial.model.sparse import RowwiseAdagrad, distinct, look_up

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


def adam_by_definition(table, rate=0.1, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    mean, square = np.zeros_like(table), np.zeros_like(table)
    for step, (rows, values) in enumerate(gradients(), start=1):
        gradient = np.zeros_like(table)
        np.add.at(gradient, rows, values)  # the gradient of a row is the sum over its lookups
        mean = beta_1 * mean + (1 - beta_1) * gradient
        square = beta_2 * square + (1 - beta_2) * gradient**2
        table = table - rate * np.sqrt(1 - beta_2**step) / (1 - beta_1**step) * mean / (np.sqrt(square) + epsilon)
    return table


def test_keras_adam_on_tensorflow_gets_repeated_tokens_wrong():
    """Why there is an optimizer of our own: with Keras 3.12 to 3.15 on TensorFlow, squares of one row's gradients are
    added one by one. When this fails, Keras has mended it: see whether ours can go."""
    table = np.random.default_rng(1).normal(size=(ROWS, DIM)).astype("float32")

    def by_keras(dense):
        variable, optimizer = keras.Variable(table), keras.optimizers.Adam(0.1)
        for rows, values in gradients():
            gradient = tf.IndexedSlices(tf.constant(values), tf.constant(rows), tf.constant([ROWS, DIM]))
            optimizer.apply([tf.convert_to_tensor(gradient) if dense else gradient], [variable])
        return np.asarray(variable)

    expected = adam_by_definition(table.astype("float64"))
    np.testing.assert_allclose(by_keras(dense=True), expected, rtol=1e-4, atol=1e-5)
    assert np.abs(by_keras(dense=False) - expected)[[1, 3]].max() > 0.01  # the rows that were looked up several times


def test_rows_are_looked_up_as_take_does():
    table = keras.Variable(np.random.default_rng(1).normal(size=(ROWS, DIM)))
    ids = np.array([[5, 0, 3], [3, 3, 1]])
    np.testing.assert_array_equal(look_up(table, ids), np.asarray(table)[ids])
    rows, positions = distinct(ids)
    assert np.asarray(rows).tolist() == [5, 0, 3, 1]
    np.testing.assert_array_equal(np.asarray(rows)[np.asarray(positions)], ids)
