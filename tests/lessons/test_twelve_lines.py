"""Lesson 15 writes the loss of ``idea.py`` once more, since the installed package has no ``idea.py``."""

import numpy as np
import pytest

import idea
from embedding_tutorial.lessons import answers
from embedding_tutorial.lessons.runner import lesson_path, read_cells

CODES = [cell.source for cell in read_cells(lesson_path(15)) if not cell.is_text]


@pytest.fixture(scope="module")
def names():
    """The lesson's variables once it has defined its loss, before it reads the text."""
    names = {}
    for code in CODES[: 1 + next(place for place, code in enumerate(CODES) if "def neighbour_loss" in code)]:
        exec(code, names)
    return names


@pytest.fixture(scope="module")
def batch():
    draw = np.random.default_rng(0)
    ids = draw.integers(1, 10, size=(4, 12))
    for row, length in zip(ids, (12, 7, 2, 1), strict=True):
        row[length:] = 0  # padding
    return ids, draw.normal(size=(4, 12, 9)).astype("float32")


def test_the_loss_is_the_one_of_idea(names, batch):
    ids, scores = batch
    expected = float(idea.neighbour_loss(ids, scores))
    assert float(names["neighbour_loss"](ids, scores)) == pytest.approx(expected, rel=1e-7)


def test_the_answers_give_the_same_loss(batch):
    ids, scores = batch[0][0], batch[1][0]  # a row without padding
    neighbours = np.array([answers.neighbour_row(ids.tolist(), place, idea.WINDOW, 9) for place in range(len(ids))])
    expected = float(idea.neighbour_loss(ids[None], scores[None]))
    assert answers.weighted_loss(neighbours, scores) == pytest.approx(expected, rel=1e-6)


def test_the_model_takes_twelve_lines():
    (model,) = [code for code in CODES if "keras.Sequential(" in code]
    assert len([line for line in model.splitlines() if line.strip()]) <= 12
    for step in ("keras.layers.Embedding(", "keras.layers.Dense(", ".summary()", ".compile(", ".fit(x, x"):
        assert step in model


def test_it_needs_no_file_outside_the_package():
    assert not any("import idea" in code or "from idea" in code for code in CODES)
