"""Text files become blocks of whole sentences, a few megabytes each: nothing here holds a whole text.

What a sentence and a token are is the business of ``sentences.py``.
"""

import codecs
import glob
import gzip
import hashlib
import os
import stat
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from embedding_tutorial.config import WILDCARDS, InputError
from embedding_tutorial.progress import Meter
from embedding_tutorial.text.sentences import code_points, finished, split_sentences
from embedding_tutorial.text.tokenizers import tokenize

BLOCK = 1 << 22  # bytes read at a time


def corpus_files(path: Path) -> list[Path]:
    """The files that a path or a pattern (``texts/*.txt.gz``; ``**``: directories, however deep) names, sorted.

    What exists is itself, whatever its name holds: a file ``[1].txt``, and a directory ``[old]`` before a pattern.

    Raises:
        InputError: it is a directory, is not there, or is a pattern that no file matches.
    """
    if os.path.isdir(path):
        raise InputError(f'{path}: is a directory; name a text file, or several: "{path / "*.txt"}"')
    if os.path.exists(path):
        return [path]
    if not WILDCARDS & set(str(path)):
        raise InputError(f"{path}: no such file{_where_it_is(path)}")
    root = next(filter(os.path.isdir, path.parents), path.parents[-1])
    found = {root / name for name in glob.glob(str(path.relative_to(root)), root_dir=root, recursive=True)}
    files = sorted(file for file in found if not os.path.isdir(file))
    if not files:
        raise InputError(f"{path}: no file matches")
    return files


def can_be_read_again(path: Path) -> bool:
    """Whether all files of a text are regular ones; what came out of a pipe is gone."""
    return all(map(os.path.isfile, corpus_files(path)))


def read_blocks(path: Path, digest: "hashlib._Hash | None" = None) -> Iterator[str]:
    """Read a text as blocks of whole sentences, some megabytes each, once and from front to back.

    Several files are read as if line ends joined them, so no sentence spans two. Files that gzip
    compressed are unpacked on the way. A byte-order mark is dropped. A pipe is read, too.

    Args:
        path: a UTF-8 text file, or a pattern, see ``corpus_files``.
        digest: is updated with every byte of the text (unpacked), and with a line end between two files:
            the files joined into one have the same sentences, so they have the same hash.

    Raises:
        InputError: there is no such file, one cannot be read, is a device, or is not UTF-8 (the message names
            the file, the byte, and what it looks like).
    """
    files = corpus_files(path)
    before = 0  # bytes of the files before this one
    waiting, size = [], 0  # what is read and not given yet: small files are given together
    name = str(path).encode(errors="backslashreplace").decode()  # a name may hold bytes that are no UTF-8
    with Meter(f"reading {name}", sum(os.path.getsize(file) for file in files if os.path.exists(file))) as meter:
        for file in files:
            if file != files[0]:
                waiting.append("\n")
                if digest:
                    digest.update(b"\n")
            for text, done in _file_blocks(file, digest):
                meter.at(before + done)
                waiting.append(text)
                size += len(text)
                if size >= BLOCK // 4:  # a character has four bytes at most
                    yield "".join(waiting)
                    waiting, size = [], 0
            before += done
    if size:
        yield "".join(waiting)


def _file_blocks(path: Path, digest: "hashlib._Hash | None") -> Iterator[tuple[str, int]]:
    """The blocks of one file, empty ones too, and how many of its bytes (zipped, if they are) were read by then."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()  # drops a byte-order mark
    read, rest = 0, ""
    try:
        with _opened(path) as file:
            zipped = file.peek(2)[:2] == b"\x1f\x8b"
            stream = gzip.GzipFile(fileobj=file) if zipped else file
            while True:
                data = stream.read(BLOCK)
                text = rest + decoder.decode(data, final=not data)
                if read == 0 and 4 * data.count(0) > len(data):  # UTF-16 of English, or no text
                    raise UnicodeDecodeError("utf-8", data, data.index(0), len(data), "zero bytes")
                read += len(data)
                if digest:
                    digest.update(data)
                # A sentence that goes on in what is not read yet waits for it.
                cut = finished(code_points(text)) if data else len(text)
                yield text[:cut], file.tell() if file.seekable() else 0
                if not data:
                    return
                rest = text[cut:]
    except UnicodeDecodeError as error:
        from embedding_tutorial.text.wrong_encoding import what_it_is  # brings the detector with it

        # error.object is what the decoder kept from the last block, and this block.
        place = read + len(data) - len(error.object) + error.start
        hint = what_it_is(error, before=rest, at_start=read == 0)
        raise InputError(f"{path}: not UTF-8 at byte {place} (counted from 0); {hint}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: is a damaged gzip file ({error})") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def _opened(path: Path) -> BinaryIO:
    """Open a file or a pipe.

    Raises:
        InputError: it is something else, which may have no end.
        OSError: it cannot be opened.
    """
    mode = os.stat(path).st_mode
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        raise InputError(f"{path}: is a device, a terminal or a socket; name a text file")
    if stat.S_ISFIFO(mode):  # nobody may ever write to it
        print(f"{path}: is a pipe; waiting for what is written to it", file=sys.stderr, flush=True)
    return open(path, "rb")


def _where_it_is(path: Path) -> str:
    """Why there is no such file, where that can be told."""
    if str(path) == "-" and os.path.exists("/dev/stdin"):
        return "; standard input is called /dev/stdin"
    if str(path).startswith(("/dev/", "/proc/")):
        return "; what came out of a pipe is gone: keep the text in a file, and name that with --corpus"
    return ""


def read_sentences(path: Path) -> list[str]:
    """All sentences of a text file in their order, in memory.

    Raises:
        InputError: as ``read_blocks``, or the file holds nothing but blanks.
    """
    sentences = [sentence for block in read_blocks(path) for sentence in split_sentences(block)]
    if not sentences:
        raise InputError(f"{path}: holds no text")
    return sentences


def text_sha256(path: Path) -> str:
    """The SHA-256 of a text as ``EncodedCorpus.sha256`` has it.

    Raises:
        InputError: as ``read_blocks``, or it is a pipe.
    """
    digest = hashlib.sha256()
    for _ in _read_again(path, digest):
        pass
    return digest.hexdigest()


def count_token(path: Path, tokens: str, word: str) -> tuple[int, str]:
    """Count how often a token occurs in a text, a block in memory at a time.

    Args:
        path: as ``read_blocks``.
        tokens: ``"characters"`` or ``"words"``, see ``tokenize``.
        word: the token.

    Returns:
        The count, and the text's SHA-256 as ``EncodedCorpus.sha256`` has it, from the same pass.

    Raises:
        InputError: as ``read_blocks``, or it is a pipe.
    """
    times, digest = 0, hashlib.sha256()
    for block in _read_again(path, digest):
        if word in block:
            sentences = (sentence for sentence in split_sentences(block) if word in sentence)
            times += sum(list(tokenize(sentence, tokens)).count(word) for sentence in sentences)
    return times, digest.hexdigest()


def _read_again(path: Path, digest: "hashlib._Hash") -> Iterator[str]:
    if not can_be_read_again(path):
        raise InputError(f"{path}: is no file that can be read again")
    return read_blocks(path, digest)
