"""Read one column of a table (CSV, TSV, JSON lines) as text, line by line."""

import csv
import json
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from embedding_tutorial.config import InputError

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson")
LONGEST_LINE = 1 << 24  # characters in a line or a cell: a quote that is never closed does not fill the memory
SURROGATES = re.compile("[\ud800-\udfff]")  # JSON can hold half a character; UTF-8 cannot


def cells(path: Path, name: str, column: str | None, text: Iterable[str]) -> Iterator[str]:
    """The cells of a column, except blank ones.

    Args:
        path: of the file, for messages.
        name: of the table; its suffix is one of ``TABLES``.
        column: a name in the first line of a CSV file, or a key of the objects of JSON lines. The first object
            must have it, others may lack it.
        text: the file's text in pieces.

    Raises:
        InputError: no column is named, the table has no such column, or a line is broken.
    """
    suffix, lines = Path(name).suffix.lower(), _lines(path, text)
    checked = False
    for number, row in _separated(path, lines, suffix) if suffix in (".csv", ".tsv") else _json_lines(path, lines):
        if not checked and column not in row:
            problem = "is a table" if column is None else f"has no column {column}"
            columns = textwrap.shorten(", ".join(row), 300, placeholder=" …")
            raise InputError(f"{path}: {problem}; say which column holds the text: --column text (columns: {columns})")
        checked, cell = True, row.get(column)
        if not isinstance(cell, str | int | float | None):
            raise InputError(f"{path}: line {number}: {column} is a list or an object, not text")
        cell = "" if cell is None else SURROGATES.sub("\N{REPLACEMENT CHARACTER}", str(cell))
        if cell.strip():
            yield cell


def _separated(path: Path, lines: Iterable[str], suffix: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The first line's number and the cells of each row; the header is a row of empty cells."""
    csv.field_size_limit(LONGEST_LINE)
    reader = csv.reader(lines, delimiter="," if suffix == ".csv" else "\t", strict=True)
    names, number = [], 1
    try:
        for row in reader:
            if not names:
                names = row
                yield number, dict.fromkeys(names, "")
            elif row and len(row) != len(names):
                raise csv.Error(f"cells: {len(row)}, columns: {len(names)}")
            elif row:
                yield number, dict(zip(names, row, strict=True))
            number = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}: line {number} is broken ({error})") from None


def _json_lines(path: Path, lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The number and the object of each line."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{path}: line {number} is broken ({error})") from None
            if not isinstance(row, dict):
                raise InputError(f"{path}: line {number} is no JSON object")
            yield number, row


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
