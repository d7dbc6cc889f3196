"""Labels of tokens: none is blank, invisible, or read as a number."""

import re
import unicodedata
from collections.abc import Iterator

LONGEST_LABEL = 40  # characters

# Control, format, private-use and unassigned characters, surrogates, blanks, line and paragraph separators.
_INVISIBLE = {"Cc", "Cf", "Co", "Cn", "Cs", "Zs", "Zl", "Zp"}
# Python lacks Unicode's property Default_Ignorable_Code_Point. These are its characters of other categories, such as
# variation selectors and Hangul fillers. The last two lack the property but show nothing either: the blank braille
# pattern and the object replacement character. The tests ask a browser.
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff\u2800\ufffc]"
)
_JOINERS = "\u200c\u200d"  # like marks, they change how the letter or emoji before them looks
_DOTTED_CIRCLE = "\u25cc"  # Unicode's charts show a mark without a letter on it

# What JavaScript's Number() accepts; it reads the empty string as 0.
_NUMBER = re.compile(
    r"|[+-]?(Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)|0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+"
)


def visible(token: str, longest: int = LONGEST_LABEL) -> str:
    """The label of a token in the projector: neither blank nor invisible nor a number.

    Blank and invisible characters become escapes such as ``\\u3000``. A combining mark or a joiner after a
    visible character stays; a mark without one is put on a dotted circle. A label that JavaScript would read
    as a number is quoted: else the page would show 007 as 7, and if all tokens were numbers, it would search
    another column. A longer label is cut after ``longest`` characters.

    >>> visible("王妃"), visible("\\u3000"), visible("007")
    ('王妃', '\\\\u3000', "'007'")
    """
    shown = ""
    for piece in _shown(token):
        if len(shown + piece) > longest:
            shown += "…"
            break
        shown += piece
    return f"'{shown}'" if _NUMBER.fullmatch(shown) else shown


def printable(text: str) -> str:
    """The text as a terminal can show it on one line: as ``visible``, but uncut, unquoted, and with its spaces.

    >>> printable("王妃 \\x1b[31m")
    '王妃 \\\\u001b[31m'
    """
    return "".join(_shown(text, kept=" "))


def _shown(text: str, kept: str = "") -> Iterator[str]:
    """The visible form of each character, see ``visible``; characters in ``kept`` stay as they are."""
    follows = False  # whether the character before is visible
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
