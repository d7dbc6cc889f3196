"""Print an answer: a table for people, or JSON for programs.

An answer is a dictionary of ``notes`` (lines of text), ``columns`` (names) and ``rows`` (lists of values). What else it
holds is for programs only.
"""

import json
import math
import sys
from typing import Any

import numpy as np

from embedding_tutorial.labels import printable


def show(answer: dict[str, Any], as_json: bool) -> None:
    """Print an answer. A value that is not known, NaN or infinite is ``-`` in a table and null in JSON.

    The columns of a table are aligned right; the last of several is aligned left if it holds text, such as sentences.
    Invisible characters, and those that would steer the terminal, are escaped.
    """
    rows = [[_plain(value) for value in row] for row in answer["rows"]]
    if as_json:
        named = [dict(zip(answer["columns"], row, strict=True)) for row in rows]
        print(_json({name: value for name, value in answer.items() if name != "columns"} | {"rows": named}))
        return
    for note in answer["notes"]:
        print(printable(note))
    if not rows:
        return
    import pandas as pd

    shown = {str: printable, bool: lambda value: "yes" if value else "no", type(None): lambda _: "-"}
    cells = [[shown.get(type(value), lambda same: same)(value) for value in row] for row in rows]
    table = pd.DataFrame(cells, columns=[*map(printable, answer["columns"])], dtype=object)  # integers stay integers
    last = table.pop(table.columns[-1]) if len(table.columns) > 1 and isinstance(rows[0][-1], str) else None
    with pd.option_context("display.unicode.east_asian_width", True):
        lines = table.to_string(index=False).splitlines()
    if last is not None:
        lines = [f"{line} {text}" for line, text in zip(lines, [last.name, *last], strict=True)]
    print("\n".join(lines))


def _plain(value: Any) -> Any:
    """Convert a value to one that JSON has: NumPy's numbers to Python's, NaN and infinity to ``None``."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _json(values: Any) -> str:
    """JSON that escapes only what is invisible, or what the encoding of standard output lacks."""
    text = json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False)
    encoding = sys.stdout.encoding or "utf-8"
    escaped = [c for c in set(text) - {"\n"} if not (c.isprintable() and c.encode(encoding, "ignore"))]
    return text.translate({ord(c): json.dumps(c)[1:-1] for c in escaped})
