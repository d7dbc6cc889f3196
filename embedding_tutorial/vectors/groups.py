"""What a token's group and radical are, and which tokens of a vocabulary show best what was learned."""

import bisect
import dataclasses
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from embedding_tutorial.config import DATASETS, TELLING, InputError
from embedding_tutorial.vectors.standard_files import read_lines

CATEGORIES = DATASETS / "categories.tsv"
TOKENS, SPLITS = ("characters", "words"), ("dev", "test")
NO_RADICAL = "-"


def telling_tokens(vocabulary: Sequence[str], tokens: str) -> list[str]:
    """Up to five tokens whose neighbours tell much: those of ``TELLING``, or common ones of another vocabulary.

    Args:
        vocabulary: tokens, the most frequent first.
        tokens: ``characters``, ``words`` or ``blanks``.
    """
    known = [token for token in TELLING[tokens] if token in vocabulary]
    if len(known) >= 3:
        return known
    letters = [token for token in vocabulary if token.isalpha()] or list(vocabulary)
    return letters[10:60:10] if len(letters) > 50 else letters[:5]


# U+2F00..U+2FD5 are the 214 radicals. NFKC maps each to the first character of its section
# in U+4E00..U+9FA5, a block that is sorted by radical.
_RADICALS = [unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)]
_FIRST_OF_SECTION = [ord(radical) for radical in _RADICALS]


def radical(token: str) -> str:
    """The Kangxi radical of a token's first character; ``-`` where that is no Chinese character.

    A simplified character has the radical of its traditional form: 说 has 言.

    >>> radical("妃"), radical("江河"), radical("a")
    ('女', '水', '-')
    """
    code = ord(token[0])
    if not 0x4E00 <= code <= 0x9FA5:
        return NO_RADICAL
    return _RADICALS[bisect.bisect_right(_FIRST_OF_SECTION, code) - 1]


@dataclasses.dataclass(frozen=True)
class Category:
    """A token and its group.

    Attributes:
        group: its name.
        token: a member.
        tokens: ``characters`` or ``words``: what the token is one of.
        split: ``dev`` or ``test``; no default was chosen by groups of ``test``.
    """

    group: str
    token: str
    tokens: str
    split: str


def of_kind(categories: Sequence[Category], tokens: str) -> list[Category]:
    """The categories of characters or of words; ``blanks`` are compared with those of words."""
    kind = "words" if tokens == "blanks" else tokens
    return [category for category in categories if category.tokens == kind]


def read_categories(path: Path = CATEGORIES) -> list[Category]:
    """Read a file of categories, tabs between its columns; a first line may name them.

    The columns are the fields of ``Category``, or ``group`` and ``token`` alone: such a token counts as a character
    and as a word, and its split is ``test``.

    Raises:
        InputError: the file cannot be read, a line has another form, or a token is repeated, which would make it its
            own neighbour; the message names the line.
    """
    lines = [(number, line.rstrip("\r").split("\t")) for number, line in read_lines(path)]
    columns = 2 if lines and len(lines[0][1]) == 2 else 4
    categories = {}
    for number, fields in lines:
        if number == 1 and fields == [field.name for field in dataclasses.fields(Category)][:columns]:
            continue
        kinds, split = ([fields[2]], fields[3]) if len(fields) == 4 else (TOKENS, "test")
        if len(fields) != columns or not all(fields) or not {*kinds} <= {*TOKENS} or split not in SPLITS:
            form = f"group, token, {' or '.join(TOKENS)}, {' or '.join(SPLITS)}"
            raise InputError(f"{path}, line {number}: expected {form}; or group and token in every line")
        group, token = fields[:2]
        for kind in kinds:
            if (token, kind) in categories:
                raise InputError(f"{path}, line {number}: {token!r} occurs in an earlier line")
            categories[token, kind] = Category(group, token, kind, split)
    return [*categories.values()]
