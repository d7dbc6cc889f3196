"""Exercises that check themselves: your function and ours, on the same fresh random inputs.

``check("one_hot_row", my_function)`` says whether they agree; if not, it names the first row
that differs. The answers stand in ``answers.py``; look there last.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from embedding_tutorial.lessons import answers

TRIALS = 20
NOT_WRITTEN = "还没有写 / not written yet"
INPUTS: dict[str, Callable[[np.random.Generator], tuple]] = {}


def inputs_for(name: str) -> Callable:
    """Register how the inputs of the exercise ``name`` are drawn; its answer has that name in ``answers``."""

    def register(draw: Callable[[np.random.Generator], tuple]) -> Callable:
        INPUTS[name] = draw
        return draw

    return register


def check(name: str, function: Callable, seed: int | None = None) -> None:
    """Try a reader's function on random inputs and print what came out.

    ``✓``: it agreed with the answer on all of them; ``✗``: where it first did not; ``○``: not written yet.

    Args:
        name: of the exercise.
        function: the reader's.
        seed: of the inputs; ``None``: new ones at each call.

    Raises:
        KeyError: no exercise has this name.
    """
    draw = np.random.default_rng(seed)
    for _ in range(TRIALS):
        inputs = INPUTS[name](draw)
        hint = _difference(function, getattr(answers, name), inputs)
        if hint:
            print(f"✗ {name}: {hint}" if hint != NOT_WRITTEN else f"○ {name}: {hint}")
            return
    print(f"✓ {name}: 对 / right, on {TRIALS} random inputs")


def _difference(function: Callable, answer: Callable, inputs: tuple) -> str | None:
    """Where a result first differs from the answer, in words; ``None`` if it does not."""
    shown = ", ".join(_brief(value) for value in inputs)
    try:
        given = function(*inputs)
    except Exception as error:
        return f"({shown}) raised {type(error).__name__}: {error}"
    if given is None:
        return NOT_WRITTEN
    expected = answer(*inputs)
    if isinstance(expected, str | bool | int | list | tuple | set | dict):
        same = type(given) in (type(expected), np.bool_, np.int64) and given == expected
        return None if same else f"for ({shown}) expected {expected!r}, got {given!r}"
    given, expected = np.asarray(given, dtype=float), np.asarray(expected, dtype=float)
    if given.shape != expected.shape:
        return f"for ({shown}) expected shape {expected.shape}, got {given.shape}"
    wrong = ~np.isclose(given, expected, atol=1e-5)
    if not wrong.any():
        return None
    if expected.ndim == 0:
        return f"for ({shown}) expected {expected:.4g}, got {given:.4g}"
    row = int(np.argwhere(wrong)[0][0])
    return f"第 {row + 1} 行不同 / row {row} differs: expected {_brief(expected[row])}, got {_brief(given[row])}"


def _brief(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size > 12:
        return f"array of shape {value.shape}"
    return np.array2string(value, precision=3) if isinstance(value, np.ndarray | np.floating) else repr(value)


# --- 1 one-hot ---


@inputs_for("one_hot_row")
def _(draw: np.random.Generator) -> tuple:
    size = int(draw.integers(2, 12))
    return int(draw.integers(size)), size


@inputs_for("dot")
def _(draw: np.random.Generator) -> tuple:
    size = int(draw.integers(2, 12))
    return draw.normal(size=size), draw.normal(size=size)
