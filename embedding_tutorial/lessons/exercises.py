"""Exercises that check themselves: your function and ours, on the same inputs.

``check("one_hot_row", my_function)`` says whether they agree; if not, it shows the smallest input on which
they do not. ``hint("one_hot_row")`` helps, ``hint("one_hot_row", 2)`` helps more. The answers are in
``answers.py``: look there last.
"""

import contextlib
import copy
import dis
import io
import os
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from embedding_tutorial.lessons import answers
from embedding_tutorial.lessons.exercise_edges import EDGES
from embedding_tutorial.lessons.exercise_hints import HINTS
from embedding_tutorial.lessons.exercise_inputs import INPUTS
from embedding_tutorial.lessons.language import say

RANDOM_INPUTS = 20
HINTS_SHOWN = "LESSONS_HINTS"  # an environment variable: how many hints a check gives
_RETURN_NONE = {"LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"}  # what it compiles to


def check(name: str, function: Callable) -> None:
    """Try a reader's function on fixed small inputs and on random ones, the same in each call; print the result.

    ``✓``: it agrees with the answer on all; ``✗``: the smallest input where it does not; ``○``: it is not written yet.

    Args:
        name: the exercise.
        function: the reader's.

    Raises:
        KeyError: no exercise has this name.
    """
    tried = inputs_of(name)
    failures = [(inputs, fault) for inputs in tried if (fault := _fault(function, getattr(answers, name), inputs))]
    if not failures:
        print(f"✓ {name}: " + say(f"对，{len(tried)} 组输入全对", f"right, on all {len(tried)} inputs"))
        return
    if not _is_written(function):
        print(f"○ {name}: " + say("还没有写", "not written yet"))
    else:
        inputs, fault = min(failures, key=lambda failure: len(repr(failure[0])))
        called = f"{getattr(function, '__name__', 'function')}({', '.join(map(_shown, inputs))})"
        print("\n    ".join([f"✗ {name}: {called}", *fault.splitlines()]))
    for number in range(1, int(os.environ.get(HINTS_SHOWN, 0)) + 1):
        hint(name, number)


def hint(name: str, number: int = 1) -> None:
    """Print the first or the second hint of an exercise."""
    print(f"    {say('提示', 'hint')} {number}: {say(*HINTS[name][number - 1])}")


def inputs_of(name: str) -> list[tuple]:
    """Return all inputs that an exercise is tried on: the fixed ones, then random ones from a fixed seed."""
    draw = np.random.default_rng(0)
    drawn = [[_rounded(value) for value in INPUTS[name](draw)] for _ in range(RANDOM_INPUTS)]
    return [*EDGES.get(name, ()), *map(tuple, drawn)]


def _fault(function: Callable, answer: Callable, inputs: tuple) -> str | None:
    """Say what is wrong with the function's result for these inputs; ``None`` if nothing is."""
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            given = function(*copy.deepcopy(inputs))  # the function may change its inputs
    except Exception as error:
        fault = f"{type(error).__name__}: {error}" + _line_of(error)
    else:
        fault = _difference(given, answer(*copy.deepcopy(inputs)))
    if fault and printed.getvalue():
        fault += "\n" + say("它打印了：", "it printed: ") + printed.getvalue().strip()
    return fault


def _difference(given: Any, expected: Any) -> str | None:
    """Say how a result differs from the expected one; the types may differ as long as the values agree."""
    reason = _reason(given, expected)
    if reason is None:
        return None
    words = say("应得 {}\n得到 {}\n{}", "expected {}\ngot      {}\n{}")
    return words.format(_shown(expected), _shown(given), reason)


def _reason(given: Any, expected: Any) -> str | None:
    """Say why a result is wrong: empty if only its values are; ``None`` if it is right."""
    if given is None:
        return say("是不是少了 return，或者有时走不到它？", "is the return missing, or sometimes not reached?")
    if isinstance(expected, str) and isinstance(given, str):
        return None if given == expected else ""
    expected = np.asarray(expected)
    try:
        numbers = np.asarray(given)
    except ValueError:  # rows of different lengths
        return ""
    if expected.dtype.kind == "U" or numbers.dtype.kind not in "biuf":
        wanted, kind = _wanted(expected), type(given).__name__
        return say(f"要的是{wanted[0]}，不是 {kind}", f"wanted is {wanted[1]}, not {kind}")
    if numbers.shape != expected.shape:
        shapes = expected.shape, numbers.shape
        return say("形状应是 {}，不是 {}", "the shape must be {}, not {}").format(*shapes)
    tolerance = 1e-5 if expected.dtype.kind == "f" else 0
    return None if np.allclose(numbers, expected, rtol=tolerance, atol=tolerance) else ""


def _wanted(expected: np.ndarray) -> tuple[str, str]:
    """Name the type of a result in both languages."""
    if expected.dtype.kind == "U":
        return "字符串", "a string"
    if expected.dtype == bool:
        return " True 或 False", "True or False"
    return ("一个数", "a number") if expected.ndim == 0 else ("数的列表或数组", "a list or an array of numbers")


def _is_written(function: Callable) -> bool:
    """Whether a function does more than return None at once."""
    if not hasattr(function, "__code__"):
        return True
    steps = [step for step in dis.get_instructions(function) if step.opname not in {"RESUME", "NOP"}]
    return any(step.opname not in _RETURN_NONE or step.argval is not None for step in steps)


def _line_of(error: Exception) -> str:
    """Name the last line of the reader's file that ran."""
    frames = traceback.extract_tb(error.__traceback__)[1:]  # the first is ours
    if not frames:
        return ""
    last = [frame for frame in frames if frame.filename == frames[0].filename][-1]
    return "\n" + say(f"第 {last.lineno} 行", f"line {last.lineno}") + f": {last.line}"


def _rounded(value: Any) -> Any:
    return value.round(2) if isinstance(value, np.ndarray) and value.dtype.kind == "f" else value


def _shown(value: Any) -> str:
    """Write a value as Python code that can be copied."""
    if isinstance(value, np.ndarray):
        return f"np.array({value.round(4).tolist() if value.dtype.kind == 'f' else value.tolist()})"
    return repr(value.item() if isinstance(value, np.generic) else value)
