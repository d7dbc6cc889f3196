"""How tokens are shown: no label is blank, invisible, or misread."""

import re
import unicodedata
from collections.abc import Iterator

LONGEST_LABEL = 40  # characters

# Control, format and private characters, blanks, line ends, half surrogates, what Unicode has not assigned.
_INVISIBLE = {"Cc", "Cf", "Co", "Cn", "Cs", "Zs", "Zl", "Zp"}
# Python lacks Unicode's property Default_Ignorable_Code_Point: here is what it holds of other categories, such as
# variation selectors and Hangul fillers. No property tells of the last two: braille without a dot, and what stands
# for an object in a text. The tests ask a browser.
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff\u2800\ufffc]"
)
_JOINERS = "\u200c\u200d"  # they change how the letter or emoji before them looks, as marks do
_DOTTED_CIRCLE = "\u25cc"  # on it, Unicode's charts show a mark that stands alone

# What JavaScript's Number() takes; it reads the empty text as 0.
_NUMBER = re.compile(
    r"|[+-]?(Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+"
)


def visible(token: str, longest: int = LONGEST_LABEL) -> str:
    """The token as the projector can show it: no blank, invisible or misread label.

    Blank and invisible characters become ``\\u3000``-like escapes. A mark stays where a visible character
    stands before it, and so does the joiner of an emoji; a mark alone is set on a dotted circle.
    What JavaScript would read as a number is put in quotes: 007 would be shown as 7, and where all tokens
    are numbers the page would search another column. After ``longest`` characters it is cut.

    >>> visible("王妃"), visible("\\u3000"), visible("007")
    ('王妃', '\\\\u3000', "'007'")
    """
    shown = ""
    for piece in _seen(token):
        if len(shown + piece) > longest:
            shown += "…"
            break
        shown += piece
    return f"'{shown}'" if _NUMBER.fullmatch(shown) else shown


def printable(text: str) -> str:
    """The text as a terminal can show it in one line: as ``visible``, but whole, with its blanks, and no quotes.

    >>> printable("王妃 \\x1b[31m")
    '王妃 \\\\u001b[31m'
    """
    return "".join(_seen(text, kept=" "))


def _seen(text: str, kept: str = "") -> Iterator[str]:
    """What is seen of each character, see ``visible``; those in ``kept`` are themselves."""
    follows = False  # whether a visible character stands before
    for c in text:
        category = unicodedata.category(c)
        mark = category.startswith("M")
        if follows and (mark or c in _JOINERS):
            yield c
        elif c not in kept and (category in _INVISIBLE or _IGNORABLE.match(c)):
            follows = False
            yield f"\\u{ord(c):04x}"
        else:
            follows = c not in kept
            yield _DOTTED_CIRCLE + c if mark else c
