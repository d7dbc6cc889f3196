"""Read text files as blocks of whole sentences, so that memory does not grow with the text."""

import codecs
import glob
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from embedding_tutorial.config import WILDCARDS, InputError, TrainingConfig
from embedding_tutorial.progress import Meter
from embedding_tutorial.text.compressed import known_start, opened
from embedding_tutorial.text.sentences import code_points, finished, split_sentences
from embedding_tutorial.text.tables import TABLES, cells
from embedding_tutorial.text.tokenizers import Tokenizer

BLOCK = 1 << 22  # bytes read at a time


def corpus_files(path: Path | None) -> list[Path]:
    """The file of a path, or the files that match a pattern (``texts/*.txt.gz``, ``texts/**/*.txt``), sorted.

    A path that exists is not read as a pattern, even if its name holds wildcards: a file ``[1].txt``, or a
    directory ``[old]`` that a pattern begins with.

    Raises:
        InputError: the path is a directory or does not exist, or no file matches the pattern; or it is ``None``,
            because the run learned from sentences in memory.
    """
    if path is None:
        raise InputError("the run learned from sentences in memory, which it does not keep")
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

    Several files are concatenated with a line end between them, so no sentence spans two files. Compressed files
    are decompressed, a byte-order mark is dropped, and a pipe can be read. Of a table the cells of one column are
    read, with a line end after each; blank cells are skipped.

    Args:
        config: of a run; ``corpus`` is a text file, a table, or a pattern, see ``corpus_files``; ``encoding`` and
            ``column`` say how it is read.
        digest: is updated with every byte of the decompressed text (of a table: with the text of its column, in
            UTF-8), and with a line end between two files, so several files have the hash of their concatenation.

    Raises:
        InputError: a file does not exist, cannot be read, is a device, is not in the encoding (the message names
            the file, the byte, and the likely encoding), or is a table without the column or with a broken line.
    """
    return in_blocks(_pieces(config, digest), BLOCK // 4)  # a character has four bytes at most


def in_blocks(pieces: Iterable[str], least: int) -> Iterator[str]:
    """Concatenate pieces to blocks of ``least`` characters or a little more; the last one may have fewer."""
    waiting, size = [], 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= least:
            yield "".join(waiting)
            waiting, size = [], 0
    if size:
        yield "".join(waiting)


def _pieces(config: TrainingConfig, digest: "hashlib._Hash | None") -> Iterator[str]:
    """The blocks of all files, a line end between two files."""
    files = corpus_files(config.corpus)
    before = 0  # bytes of the files before this one
    total = sum(os.path.getsize(file) for file in files if os.path.exists(file))
    with Meter(f"reading {config.corpus}", total) as meter:
        for file in files:
            if file != files[0]:
                if digest:
                    digest.update(b"\n")
                yield "\n"
            for text, done in _file_blocks(file, config, digest):
                meter.at(before + done)
                yield text
            before += done


def _file_blocks(path: Path, config: TrainingConfig, digest: "hashlib._Hash | None") -> Iterator[tuple[str, int]]:
    """The blocks of one file, some of them empty, and with each the number of (compressed) bytes read so far."""
    with opened(path) as (file, stream, name):
        rest = ""
        if Path(name).suffix.lower() in TABLES:
            texts = _column(path, name, config, stream, digest)
        elif config.column is not None:
            raise InputError(f"{path}: is no table ({', '.join(TABLES)}); leave --column out")
        else:
            texts = _decoded(path, config.encoding, stream, digest)
        for text in texts:
            text = rest + text
            # A sentence that may go on in the next bytes is kept for the next block.
            cut = finished(code_points(text), config.tokens == "blanks")
            yield text[:cut], file.tell() if file.seekable() else 0
            rest = text[cut:]
        yield rest, file.tell() if file.seekable() else 0


def _column(
    path: Path, name: str, config: TrainingConfig, stream: BinaryIO, digest: "hashlib._Hash | None"
) -> Iterator[str]:
    """The text of a table's column in pieces: each cell, and a line end after it."""
    decoded = _decoded(path, config.encoding, stream)
    lines = (f"{cell}\n" for cell in cells(path, name, config.column, decoded))
    for text in in_blocks(lines, BLOCK // 4):
        if digest:
            digest.update(text.encode())
        yield text


def _decoded(path: Path, encoding: str, stream: BinaryIO, digest: "hashlib._Hash | None" = None) -> Iterator[str]:
    """The text of a stream in pieces, without a byte-order mark."""
    decoder = codecs.getincrementaldecoder(encoding)()
    utf8 = codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")
    read, before, data = 0, "", b"more"
    try:
        while data:
            data = stream.read(BLOCK)
            if read == 0 and utf8 and 4 * data.count(0) > len(data):  # English in UTF-16, or binary
                raise UnicodeDecodeError("utf-8", data, data.index(0), len(data), "zero bytes")
            if read == 0 and not utf8 and (kind := known_start(data)):  # many encodings decode any bytes
                raise InputError(f"{path}: it is {kind}: save its text first")
            text = decoder.decode(data, final=not data)
            if digest:
                digest.update(data)
            read += len(data)
            yield text if before else text.removeprefix("\ufeff")
            before = (before + text)[-100:]
    except UnicodeDecodeError as error:
        # error.object: the bytes that the decoder kept of the last read, then the bytes of this one.
        place = f"at byte {read + len(data) - len(error.object) + error.start} (counted from 0)"
        if not utf8:
            hint = f"see whether --encoding is right, or leave that place out: iconv -c -f {encoding} -t UTF-8"
            raise InputError(f"{path}: not {encoding} {place}; {hint}") from None
        from embedding_tutorial.text.wrong_encoding import what_it_is  # imports the detector

        hint = what_it_is(error, before, at_start=read == 0)
        raise InputError(f"{path}: not UTF-8 {place}; {hint}") from None
    except UnicodeError as error:  # utf-16 and utf-32 need a byte-order mark
        raise InputError(f"{path}: not {encoding} ({error}); say --encoding utf-16-le, or -be, say") from None


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
    for _ in read_blocks_again(config, digest):
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
    for block in read_blocks_again(config, digest):
        if part in folded(block):
            sentences = (sentence for sentence in split_sentences(block, lines) if part in folded(sentence))
            times += sum(list(tokenizer.cut(sentence)).count(word) for sentence in sentences)
    return times, digest.hexdigest()


def read_blocks_again(config: TrainingConfig, digest: "hashlib._Hash") -> Iterator[str]:
    """``read_blocks`` of a text that was read before.

    Raises:
        InputError: as ``read_blocks``, or it is a pipe.
    """
    if not can_be_read_again(config.corpus):
        raise InputError(f"{config.corpus}: is no file that can be read again")
    return read_blocks(config, digest)
