"""Read a lesson's cells and run them in a terminal, as a notebook would; or its exercises alone."""

import ast
import dataclasses
import re
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from embedding_tutorial.config import InputError
from embedding_tutorial.lessons.drawing import Picture
from embedding_tutorial.lessons.language import code_in, say, text_in

PLACE = Path(__file__).parent
LESSONS = sorted(PLACE.glob("lesson_*.py"))
QUICK = (1, 3, 5, 11)
GUESSED = {"zh": "猜好了？按回车", "en": "Guessed? Press Enter", "both": "猜好了？按回车 · Guessed? Press Enter"}

_CELL = re.compile(r"^# %%(?P<markdown> \[markdown\])?(?: lang=\"(?P<language>zh|en)\")?.*$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Cell:
    """A cell of a lesson: text or code.

    ``language`` is ``zh`` or ``en`` for text that is there in both languages, else ``None``.
    ``line`` is the file's line, from 1, of the first line of ``source``.
    """

    is_text: bool
    language: str | None
    source: str
    line: int


def lesson_path(number: int) -> Path:
    """Return the file of a lesson.

    Args:
        number: counted from 1.

    Raises:
        KeyError: there is no such lesson.
    """
    found = [path for path in LESSONS if path.stem.startswith(f"lesson_{number:02}_")]
    if not found:
        count = len(LESSONS)
        raise KeyError(say(f"没有第 {number} 课；有 1 到 {count}", f"no lesson {number}; there are 1 to {count}"))
    return found[0]


def read_cells(path: Path, language: str = "both") -> list[Cell]:
    """Read the cells of a percent-format file, without text and labels in the other language."""
    text = path.read_text(encoding="utf-8")
    marks = [*_CELL.finditer(text)]
    cells = []
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        source = text[mark.end() : following.start() if following else None]
        line = text.count("\n", 0, mark.end()) + len(source) - len(source.lstrip("\n")) + 1
        source = source.strip("\n")
        if mark["markdown"]:
            source = text_in(language, re.sub(r"^# ?", "", source, flags=re.MULTILINE))
        else:
            source = code_in(language, source)
        if language == "both" or mark["language"] in (None, language):
            cells.append(Cell(mark["markdown"] is not None, mark["language"], source, line))
    return cells


def asks(source: str) -> bool:
    """Whether a text cell asks the reader to guess what comes next."""
    return "先猜后跑" in source or "Guess first" in source


def title(path: Path, language: str = "both") -> str:
    """Return a lesson's first heading, without the number sign."""
    return next(cell.source for cell in read_cells(path, language) if cell.is_text).splitlines()[0].lstrip("# ")


def run_lesson(
    number: int, language: str = "both", pictures: Path | None = None, pause: bool = False
) -> dict[str, Any]:
    """Print a lesson's text, run its code, and show the value of each code cell's last line.

    Args:
        number: counted from 1.
        language: ``zh``, ``en`` or ``both``.
        pictures: the directory to write pictures to, a file each; ``None``: write none.
        pause: wait for Enter after each question to guess, if input and output are a terminal.

    Returns:
        The lesson's variables at its end.

    Raises:
        AssertionError: a number that the lesson states is wrong.
        InputError: a cell is no Python; names the file and the line.
    """
    path = lesson_path(number)
    names = _names(path)
    pause = pause and sys.stdin.isatty() and sys.stdout.isatty()
    drawn, asked = 0, False
    for cell in read_cells(path, language):
        if cell.is_text:
            print(f"\n{cell.source}\n")
            asked = asked or asks(cell.source)
            continue
        if asked and pause:
            print(GUESSED[language], end=" ", flush=True)
            sys.stdin.readline()
        asked = False
        print("\n".join(f"    {line}" for line in cell.source.splitlines()), end="\n\n")
        value = _execute(cell, names)
        if isinstance(value, Picture):
            drawn += 1
            if pictures is not None:
                file = value.save(pictures / f"{path.stem}_{drawn}.svg")
                print(say(f"[图：{file}]", f"[picture: {file}]"))
        elif value is not None:
            print(_as_text(value))
    return names


def check_exercises(number: int, language: str = "both") -> None:
    """Run a lesson's exercises without the rest of the lesson; ``language`` is that of its title.

    Raises:
        KeyError: there is no such lesson.
        InputError: the exercises are no Python; names the file and the line.
    """
    path = lesson_path(number)
    print(title(path, language))
    for cell in read_cells(path):
        if not cell.is_text and "\ncheck(" in cell.source:
            _execute(cell, _names(path))


def _names(path: Path) -> dict[str, Any]:
    return {"__name__": path.stem, "__file__": str(path)}


def _execute(cell: Cell, names: dict[str, Any]) -> Any:
    """Run a cell; return its last line's value if that is an expression, as notebooks do."""
    file = names["__file__"]
    try:
        tree = ast.parse("\n" * (cell.line - 1) + cell.source, file)  # so that lines are those of the file
    except SyntaxError as error:
        place = say(f"{file}，第 {error.lineno} 行", f"{file}, line {error.lineno}")
        raise InputError(f"{place}: {error.msg}: {(error.text or '').strip()}") from None
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, file, "exec"), names)
    return eval(compile(ast.Expression(last.value), file, "eval"), names) if last else None


def _as_text(value: Any) -> str:
    if isinstance(value, pd.DataFrame | pd.Series):
        with pd.option_context("display.unicode.east_asian_width", True, "display.width", 120):
            return value.to_string()
    return str(value)
