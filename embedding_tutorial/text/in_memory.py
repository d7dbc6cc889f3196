"""A text that a program holds in memory: strings, or lists of tokens."""

import hashlib
import reprlib
from collections.abc import Iterable, Iterator, Sequence

from embedding_tutorial.config import InputError
from embedding_tutorial.text.files import in_blocks

BLOCK = 1 << 20  # characters


def blocks_of(
    sentences: Iterable[str] | Iterable[Sequence[str]], tokens: str, digest: "hashlib._Hash"
) -> Iterator[str]:
    """Concatenate sentences, a line end after each, in blocks of about a million characters.

    So they are read like the lines of a file: ``tokens`` says how they are cut. A list of tokens is written with
    blanks between them, and read with ``tokens="blanks"``.

    Args:
        sentences: strings, each of them one sentence or several; or lists of tokens, each of them one sentence.
            They are read once, so a generator will do.
        tokens: as in ``TrainingConfig``.
        digest: is updated with the text in UTF-8; equal to that of a file with these lines.

    Raises:
        InputError: an item is neither a string nor a list of tokens, or a token holds a blank; the message names
            the item.
    """
    lines = (_line(item, number, tokens) for number, item in enumerate(sentences))
    for block in in_blocks(lines, BLOCK):
        digest.update(block.encode())
        yield block


def _line(item: str | Sequence[str], number: int, tokens: str) -> str:
    """A sentence, or several, as a line; the number of the item is for messages."""
    line = item if isinstance(item, str) else _joined(item, number, tokens)
    try:
        line.encode()
    except UnicodeEncodeError as error:
        wrong = ascii(line[error.start : error.end])
        raise InputError(f"text: item {number} holds {wrong}, which is no character") from None
    return line + "\n"


def _joined(item: Sequence[str], number: int, tokens: str) -> str:
    """The tokens of a sentence with blanks between them."""
    if isinstance(item, bytes) or not isinstance(item, Iterable):
        raise InputError(f"text: item {number} is {reprlib.repr(item)}, no string and no list of tokens; leave it out")
    item = list(item)
    wrong = next((token for token in item if not isinstance(token, str) or token.split() != [token]), None)
    if wrong is not None:
        raise InputError(
            f"text: item {number}: {reprlib.repr(wrong)} cannot be a token: a token is a string, is not empty, "
            "and holds no blank (New_York in place of New York)"
        )
    if tokens != "blanks":
        raise InputError(f"text: item {number} is a list of tokens: say --tokens blanks, or leave that out")
    return " ".join(item)
