"""Exercises that check themselves: your function and ours, on the same new random inputs.

``check("one_hot_row", my_function)`` says whether they agree; if not, it shows the first row
that differs. The answers are in ``answers.py``: look there last.
"""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from embedding_tutorial.lessons import answers
from embedding_tutorial.lessons.exercise_inputs import INPUTS

TRIALS = 20
NOT_WRITTEN = "还没有写 / not written yet"


def check(name: str, function: Callable, seed: int | None = None) -> None:
    """Try a reader's function on random inputs and print the result.

    ``✓``: it agrees with the answer on all of them; ``✗``: the first difference; ``○``: it is not written yet.

    Args:
        name: the exercise.
        function: the reader's.
        seed: decides the inputs; ``None``: other inputs in each call.

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
    """Say where the function's result first differs from the answer's; ``None`` where they agree."""
    shown = ", ".join(_brief(value) for value in inputs)
    try:
        given = function(*copy.deepcopy(inputs))  # the function may change its inputs
    except Exception as error:
        return f"({shown}) raised {type(error).__name__}: {error}"
    if given is None:
        return NOT_WRITTEN
    expected = answer(*inputs)
    if isinstance(expected, str | bool | int | list | tuple | set | dict):
        same = type(given) in (type(expected), np.bool_, np.int64) and given == expected
        return None if same else f"for ({shown}) expected {expected!r}, got {given!r}"
    try:
        given = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        return f"for ({shown}) expected numbers, got {given!r}"
    expected = np.asarray(expected, dtype=float)
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
