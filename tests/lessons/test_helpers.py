"""What several lessons compute with."""

import numpy as np

from embedding_tutorial.lessons.all_pairs import descend
from embedding_tutorial.lessons.neighbours import distances, nearest, neighbours_in_common

POINTS = np.random.default_rng(0).normal(size=(30, 4))


def test_distances_and_nearest_rows_are_those_of_numpy():
    apart = np.linalg.norm(POINTS[:, None] - POINTS[None], axis=-1)
    np.testing.assert_allclose(distances(POINTS), apart, atol=1e-6)
    assert nearest(POINTS, 5).tolist() == np.argsort(apart, axis=1)[:, 1:6].tolist()


def test_an_orthogonal_matrix_changes_no_neighbour():
    turned = POINTS @ np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    assert neighbours_in_common(POINTS, turned) == 1
    assert neighbours_in_common(POINTS, POINTS[::-1]) < 0.6


def test_a_step_of_descent_follows_the_gradient():
    """The oracle changes each number a little and watches the loss."""
    draw = np.random.default_rng(2)
    tables, pairs, noise = draw.normal(size=(2, 5, 3)), draw.integers(3, size=(5, 5)), draw.random((5, 5))

    def loss(tables):
        return descend(*tables, pairs, noise, steps=0)[2] * pairs.sum()

    gradient = np.zeros(tables.shape)
    for place in np.ndindex(*tables.shape):
        nudge = np.zeros(tables.shape)
        nudge[place] = 1e-5
        gradient[place] = (loss(tables + nudge) - loss(tables - nudge)) / 2e-5
    np.testing.assert_allclose(descend(*tables, pairs, noise, steps=1)[:2], tables - 0.1 * gradient, atol=1e-6)
