"""Read one column of a table (CSV, TSV, JSON lines) as text, line by line."""

import csv
import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from embedding_tutorial.config import InputError

LONGEST_LINE = 1 << 24  # characters in a line, and in a cell: a quote that is never closed does not fill the memory
SURROGATES = re.compile("[\ud800-\udfff]")  # JSON can hold half a character; no encoding can


def cells(path: Path, name: str, column: str | None, text: Iterable[str]) -> Iterator[str]:
    """The cells of a column that are not blank.

    Args:
        path: of the file, for messages.
        name: of the table; its suffix is one of ``TABLES``.
        column: a name in the first line of a CSV file, or a key of the objects of JSON lines.
        text: the pieces of the file's text.

    Raises:
        InputError: no column is named, the table has no such column, or a line is broken.
    """

    def check(columns: Iterable[str]) -> None:
        if column not in columns:
            problem = f"has no column {column}" if column is not None else "is a table"
            columns = textwrap.shorten(", ".join(columns), 300, placeholder=" …")
            raise InputError(f"{path}: {problem}; say which column holds the text: --column text (columns: {columns})")

    found = TABLES[Path(name).suffix.lower()](_lines(path, text), path, column, check)
    return (cell for cell in found if cell.strip())


def _separated(
    lines: Iterable[str], path: Path, column: str | None, check: Callable[[Iterable[str]], None], delimiter: str = ","
) -> Iterator[str]:
    """The cells of a CSV file's column."""
    csv.field_size_limit(LONGEST_LINE)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    names, line = None, 1
    try:
        for row in reader:
            if names is None:
                check(row)
                names, place = row, row.index(column)
            elif row and len(row) != len(names):
                raise csv.Error(f"cells: {len(row)}, columns: {len(names)}")
            elif row:
                yield row[place]
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}: line {line} is broken ({error})") from None


def _tab_separated(
    lines: Iterable[str], path: Path, column: str | None, check: Callable[[Iterable[str]], None]
) -> Iterator[str]:
    return _separated(lines, path, column, check, delimiter="\t")


def _json_lines(
    lines: Iterable[str], path: Path, column: str | None, check: Callable[[Iterable[str]], None]
) -> Iterator[str]:
    """The values of a key of JSON objects, one object a line; an object may lack it."""
    names, found = None, False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}: line {number} is broken ({error})") from None
        if not isinstance(values, dict):
            raise InputError(f"{path}: line {number} is no JSON object")
        names = names or list(values)
        if column is None:
            break
        value = values.get(column)
        if not isinstance(value, str | int | float | None):
            raise InputError(f"{path}: line {number}: {column} is no text")
        found |= column in values
        yield "" if value is None else SURROGATES.sub("\N{REPLACEMENT CHARACTER}", str(value))
    if names is not None and not found:
        check(names)


def _lines(path: Path, text: Iterable[str]) -> Iterator[str]:
    """The lines of a text that comes in pieces."""
    rest, number = "", 1
    for piece in text:
        *whole, rest = (rest + piece).split("\n")
        yield from (line + "\n" for line in whole)
        number += len(whole)
        if len(rest) > LONGEST_LINE:
            raise InputError(f"{path}: line {number} is longer than {LONGEST_LINE:,} characters")
    if rest:
        yield rest


TABLES = {".csv": _separated, ".tsv": _tab_separated, ".jsonl": _json_lines, ".ndjson": _json_lines}
