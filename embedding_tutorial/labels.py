"""How tokens are shown: no label is blank, invisible, or misread."""

import unicodedata

LONGEST_LABEL = 40

# The page drops lines that JavaScript's trim() leaves empty, and every later label shifts.
# Format characters (zero-width space, byte-order mark) and control characters cannot be seen at all.
_INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp", "Cs", "Co", "Cn"}


def visible(token: str) -> str:
    """The token as the projector can show it: no blank, invisible or misread label.

    Blank and invisible characters become ``\\u3000``-like escapes. What JavaScript
    would read as a number is put in quotes: 007 would be shown as 7, and where all tokens are numbers
    the page would search another column. Long ones are cut.

    >>> visible("王妃"), visible("\\u3000"), visible("007")
    ('王妃', '\\\\u3000', "'007'")
    """
    shown = "".join(
        f"\\u{ord(c):04x}" if unicodedata.category(c) in _INVISIBLE else c for c in token[: LONGEST_LABEL + 1]
    )
    if len(token) > LONGEST_LABEL:
        shown = shown[:LONGEST_LABEL] + "…"
    return f"'{shown}'" if _reads_as_number(shown) else shown


def _reads_as_number(text: str) -> bool:
    """Whether JavaScript's ``Number(text)`` is a number; for some texts that are none, such as ``1_0``, too."""
    for read in (float, lambda digits: int(digits, 0)):  # int also takes 0x1F
        try:
            read(text)
            return True
        except ValueError:
            pass
    return False


def printable(text: str) -> str:
    """The text as a terminal can show it in one line: what cannot be seen, or would steer the terminal, is an escape.

    >>> printable("王妃 \\x1b[31m")
    '王妃 \\\\x1b[31m'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
