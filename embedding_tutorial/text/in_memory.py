"""A text that a program holds in memory: strings, or lists of tokens."""

import hashlib
import reprlib
from collections.abc import Iterable, Iterator, Sequence

from embedding_tutorial.config import InputError

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
    waiting, size = [], 0
    for number, item in enumerate(sentences):
        line = item if isinstance(item, str) else _joined(item, number, tokens)
        waiting.append(line + "\n")
        size += len(line)
        if size >= BLOCK:
            yield _encoded("".join(waiting), digest, number)
            waiting, size = [], 0
    if waiting:
        yield _encoded("".join(waiting), digest, number)


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


def _encoded(text: str, digest: "hashlib._Hash", number: int) -> str:
    try:
        digest.update(text.encode())
    except UnicodeEncodeError as error:
        wrong = ascii(text[error.start : error.end])
        raise InputError(f"text: item {number} or one before it holds {wrong}, which is no character") from None
    return text
