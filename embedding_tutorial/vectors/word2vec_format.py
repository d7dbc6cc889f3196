"""word2vec's text format: a line ``V D``, then ``V`` lines ``token number number …``. GloVe's format lacks line 1."""

import bz2
import gzip
import logging
import lzma
import re
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from embedding_tutorial.config import InputError
from embedding_tutorial.progress import watched
from embedding_tutorial.vectors.number_text import text_rows

LONGEST_LINE = 1 << 24  # bytes; a file without line ends is not read into memory at once
BLANKS = " \t\r\n\v\f"  # stripped from the end of a line, as by gensim

# The first bytes of a compressed file, and the function that opens it.
_COMPRESSED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
# The first bytes of other files of vectors, what they are, and the way out.
_FOREIGN = {
    b"\x80": "a pickle, as gensim's save writes; load it with gensim, and call save_word2vec_format",
    b"\xba\x16\x4f\x2f": "fastText's binary format; take the .vec file",
    b"PK\x03\x04": "a zip archive; unpack it",
}
_BINARY = "is it word2vec's binary format? With gensim: load_word2vec_format(…, binary=True), save_word2vec_format(…)"


def write_word2vec(path: Path | str, tokens: Sequence[str], matrix: np.ndarray) -> None:
    """Write vectors as text, from which every float32 is read back exactly.

    Args:
        path: of the file; an earlier one is replaced.
        tokens: ``V`` tokens.
        matrix: their vectors, ``(V, D)``.

    Raises:
        InputError: a token is empty, or holds a blank, a line end or a surrogate; nothing is written.
    """
    for token in tokens:
        if re.search("[ \n\ud800-\udfff]|^$", token):
            raise InputError(f"{path}: word2vec's format cannot hold the token {token!r}; nothing is written")
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(f"{len(tokens)} {matrix.shape[1]}\n")
        for token, row in watched(zip(tokens, text_rows(matrix, " "), strict=True), len(tokens), f"writing {path}"):
            file.write(f"{token} {row}\n")


def read_word2vec(path: Path | str) -> tuple[list[str], np.ndarray]:
    """Read vectors from text, with or without the first line ``V D``; the file may be compressed (gzip, bzip2, xz).

    A file that gensim can read has the same result as there. Of a repeated token the first vector counts, and a
    warning is logged. A token may hold blanks, as some of GloVe's do, if no part after a blank is a number.

    Returns:
        ``V`` tokens, and their vectors ``(V, D)``, float32.

    Raises:
        InputError: a line is not a token and ``D`` finite numbers with single blanks between them, or the number of
            lines is not the one in line 1; the message names line and column.
    """
    tokens: dict[str, int] = {}  # token -> its line
    rows: list[np.ndarray] = []
    promised = dim = first_blank = None
    repeated: list[str] = []
    for number, line in _lines(path):
        if number == 1 and re.fullmatch(r"\s*\d{1,18}\s+\d{1,18}", line):
            promised, dim = map(int, line.split())
            continue
        if not line:
            first_blank = first_blank or number
            continue
        if first_blank:
            raise InputError(f"{path}, line {first_blank}: is blank, and is not the end")
        dim = line.count(" ") if dim is None else dim
        try:
            token, row = _parse(line, dim)
        except ValueError as error:
            hint = f"; {_BINARY}" if re.search("[\0-\b\x0e-\x1f]", line.partition(" ")[2]) else ""
            raise InputError(f"{path}, line {number}{error}{hint}") from None
        if token in tokens:
            repeated.append(f"{token!r} in lines {tokens[token]} and {number}")
        else:
            tokens[token] = number
            rows.append(row)
    lines = len(rows) + len(repeated)
    if not lines or promised not in (None, lines):
        raise InputError(f"{path}: holds {lines} vectors{'' if promised is None else f', line 1 says {promised}'}")
    if repeated:
        message = "%s: %d lines repeat a token, %s first; the first vector of each counts"
        logging.getLogger(__name__).warning(message, path, len(repeated), repeated[0])
    return list(tokens), np.array(rows)


def _lines(path: Path | str) -> Iterator[tuple[int, str]]:
    """The lines of a text file, compressed or not, with their numbers from 1; blanks at their ends are stripped."""
    number = 0
    try:
        with open(path, "rb") as file:
            start = file.peek(6)
            opened = next((opener(file) for magic, opener in _COMPRESSED.items() if start.startswith(magic)), file)
            for number, line in enumerate(iter(lambda: opened.readline(LONGEST_LINE), b""), start=1):
                if number == 1:
                    for magic, what in _FOREIGN.items():
                        if line.startswith(magic):
                            raise InputError(f"{path}: is {what}")
                yield number, line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip(BLANKS)
    except UnicodeDecodeError as error:
        line, where = error.object, f"{path}, line {number}"
        if b" " in line[: error.start] or b"\0" in line:
            raise InputError(f"{where}: not UTF-8; {_BINARY}") from None
        token = line.partition(b" ")[0][:40]
        way_out = "remove the line, or save the file as UTF-8"
        raise InputError(f"{where}, column 1: the token {token} is not UTF-8; {way_out}") from None
    except (EOFError, zlib.error, lzma.LZMAError) as error:
        raise InputError(f"{path}: is damaged ({error})") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def _parse(line: str, dim: int) -> tuple[str, np.ndarray]:
    """Split a line into its token and ``dim`` numbers.

    Raises:
        ValueError: the line has another form; the message names the column, of which the token is the first.
    """
    token, *values = line.rsplit(" ", dim)
    if len(values) < dim or not dim or any(not part or _is_number(part) for part in token.split(" ")[1:]):
        found, expected = line.count(" "), dim or "some"
        raise ValueError(f": {found} numbers after the token, expected {expected}, single blanks between")
    if not token:
        raise ValueError(", column 1: the token is empty")
    try:
        with np.errstate(over="ignore"):  # a number that float32 cannot hold becomes infinite, and is refused
            row = np.array([*map(float, values)], np.float32)
    except ValueError:
        column = next(column for column, value in enumerate(values) if not _is_number(value))
        raise ValueError(f", column {column + 2}: {values[column][:40]!r} is no number") from None
    if not np.isfinite(row).all():
        column = int(np.argmin(np.isfinite(row)))
        raise ValueError(f", column {column + 2}: {values[column][:40]!r} is not finite")
    return token, row


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
