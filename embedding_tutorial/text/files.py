"""Read text files as blocks of whole sentences, so that memory does not grow with the text."""

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

from embedding_tutorial.config import WILDCARDS, InputError, TrainingConfig
from embedding_tutorial.progress import Meter
from embedding_tutorial.text.sentences import code_points, finished, split_sentences
from embedding_tutorial.text.tokenizers import Tokenizer

BLOCK = 1 << 22  # bytes read at a time


def corpus_files(path: Path) -> list[Path]:
    """The file of a path, or the files that match a pattern (``texts/*.txt.gz``, ``texts/**/*.txt``), sorted.

    A path that exists is not read as a pattern, even if its name holds wildcards: a file ``[1].txt``, or a
    directory ``[old]`` that a pattern begins with.

    Raises:
        InputError: the path is a directory or does not exist, or no file matches the pattern.
    """
    if os.path.isdir(path):
        raise InputError(f'{path}: is a directory; name a text file, or several: "{path / "*.txt"}"')
    if os.path.exists(path):
        return [path]
    if not WILDCARDS & set(str(path)):
        raise InputError(f"{path}: no such file{_hint_if_missing(path)}")
    root = next(filter(os.path.isdir, path.parents), path.parents[-1])
    found = {root / name for name in glob.glob(str(path.relative_to(root)), root_dir=root, recursive=True)}
    files = sorted(file for file in found if not os.path.isdir(file))
    if not files:
        raise InputError(f"{path}: no file matches")
    return files


def can_be_read_again(path: Path) -> bool:
    """Whether all files of a text are regular files; a pipe can be read only once."""
    return all(map(os.path.isfile, corpus_files(path)))


def read_blocks(config: TrainingConfig, digest: "hashlib._Hash | None" = None) -> Iterator[str]:
    """Read ``config.corpus`` once, in blocks of whole sentences of a few megabytes each.

    Several files are concatenated with a line end between them, so no sentence spans two files. Gzip files
    are decompressed, a byte-order mark is dropped, and a pipe can be read.

    Args:
        config: of a run; ``corpus`` is a UTF-8 text file, or a pattern, see ``corpus_files``.
        digest: is updated with every byte of the decompressed text, and with a line end between two files, so
            several files have the hash of their concatenation.

    Raises:
        InputError: a file does not exist, cannot be read, is a device, or is not UTF-8 (the message names the
            file, the byte, and the likely encoding).
    """
    files = corpus_files(config.corpus)
    before = 0  # bytes of the files before this one
    waiting, size = [], 0  # read but not yielded yet: small files form one block
    with Meter(
        f"reading {config.corpus}", sum(os.path.getsize(file) for file in files if os.path.exists(file))
    ) as meter:
        for file in files:
            if file != files[0]:
                waiting.append("\n")
                if digest:
                    digest.update(b"\n")
            for text, done in _file_blocks(file, digest, config.tokens == "blanks"):
                meter.at(before + done)
                waiting.append(text)
                size += len(text)
                if size >= BLOCK // 4:  # a character has four bytes at most
                    yield "".join(waiting)
                    waiting, size = [], 0
            before += done
    if size:
        yield "".join(waiting)


def _file_blocks(path: Path, digest: "hashlib._Hash | None", lines: bool) -> Iterator[tuple[str, int]]:
    """The blocks of one file, some of them empty, and with each the number of (compressed) bytes read so far."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()  # drops a byte-order mark
    read, rest = 0, ""
    try:
        with _opened(path) as file:
            zipped = file.peek(2)[:2] == b"\x1f\x8b"
            stream = gzip.GzipFile(fileobj=file) if zipped else file
            while True:
                data = stream.read(BLOCK)
                text = rest + decoder.decode(data, final=not data)
                if read == 0 and 4 * data.count(0) > len(data):  # English in UTF-16, or binary
                    raise UnicodeDecodeError("utf-8", data, data.index(0), len(data), "zero bytes")
                read += len(data)
                if digest:
                    digest.update(data)
                # A sentence that may go on in the next bytes is kept for the next block.
                cut = finished(code_points(text), lines) if data else len(text)
                yield text[:cut], file.tell() if file.seekable() else 0
                if not data:
                    return
                rest = text[cut:]
    except UnicodeDecodeError as error:
        from embedding_tutorial.text.wrong_encoding import what_it_is  # imports the detector

        # error.object: the bytes that the decoder kept of the last read, then the bytes of this one.
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
        InputError: it is a device, a terminal or a socket, which may have no end.
        OSError: it cannot be opened.
    """
    mode = os.stat(path).st_mode
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        raise InputError(f"{path}: is a device, a terminal or a socket; name a text file")
    if stat.S_ISFIFO(mode):  # open() waits until another process writes to it
        print(f"{path}: is a pipe; waiting for what is written to it", file=sys.stderr, flush=True)
    return open(path, "rb")


def _hint_if_missing(path: Path) -> str:
    """A hint at why a file does not exist, or an empty string."""
    if str(path) == "-" and os.path.exists("/dev/stdin"):
        return "; standard input is called /dev/stdin"
    if str(path).startswith(("/dev/", "/proc/")):
        return "; what came out of a pipe is gone: keep the text in a file, and name that with --corpus"
    return ""


def read_sentences(config: TrainingConfig) -> list[str]:
    """Read all sentences of ``config.corpus`` into memory.

    Raises:
        InputError: as ``read_blocks``, or the file holds nothing but blanks.
    """
    sentences = [sentence for block in read_blocks(config) for sentence in split_sentences(block)]
    if not sentences:
        raise InputError(f"{config.corpus}: holds no text")
    return sentences


def text_sha256(config: TrainingConfig) -> str:
    """The SHA-256 of ``config.corpus``, equal to ``EncodedCorpus.sha256``.

    Raises:
        InputError: as ``read_blocks``, or it is a pipe.
    """
    digest = hashlib.sha256()
    for _ in _read_again(config, digest):
        pass
    return digest.hexdigest()


def count_token(config: TrainingConfig, word: str) -> tuple[int, str]:
    """Count how often a token occurs in ``config.corpus``, with one block in memory at a time.

    Args:
        config: as ``read_blocks``; ``tokens`` and ``lower`` say how the text is cut.
        word: the token.

    Returns:
        The count, and the SHA-256 of the text from the same pass, as ``text_sha256`` returns it.

    Raises:
        InputError: as ``read_blocks``, or it is a pipe.
    """
    times, digest, lines, tokenizer = 0, hashlib.sha256(), config.tokens == "blanks", Tokenizer.of(config)
    folded = str.casefold if config.lower else str  # str.lower of a whole sentence differs from that of its tokens
    part = folded(word)
    for block in _read_again(config, digest):
        if part in folded(block):
            sentences = (sentence for sentence in split_sentences(block, lines) if part in folded(sentence))
            times += sum(list(tokenizer.cut(sentence)).count(word) for sentence in sentences)
    return times, digest.hexdigest()


def _read_again(config: TrainingConfig, digest: "hashlib._Hash") -> Iterator[str]:
    if not can_be_read_again(config.corpus):
        raise InputError(f"{config.corpus}: is no file that can be read again")
    return read_blocks(config, digest)
