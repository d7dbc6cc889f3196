"""Open a text file, compressed or not."""

import bz2
import contextlib
import gzip
import lzma
import os
import stat
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from embedding_tutorial.config import COMPRESSED, InputError

STREAMS = {  # the first bytes of a compressed file, its name, and what decompresses it
    b"\x1f\x8b": ("gzip", lambda file: gzip.GzipFile(fileobj=file)),
    b"BZh": ("bz2", bz2.BZ2File),
    b"\xfd7zXZ\0": ("xz", lzma.LZMAFile),
}
BZ2_BLOCKS = (b"1AY&SY", b"\x17rE8P\x90")  # follow "BZh" and a digit in a bz2 file, the second in an empty one
STARTS = {  # the first bytes of what is not read
    b"\xfd7zXZ\0": "an xz file inside another",
    b"BZh": "a bz2 file inside another",
    b"\x28\xb5\x2f\xfd": "a zstd file",
    b"\x1f\x8b": "a gzip file inside another",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"PK\3\4": "a zip archive, perhaps .docx, .xlsx or .epub",
    b"\xd0\xcf\x11\xe0": "an old Office document",
    b"%PDF": "a PDF",
    b"PAR1": "a Parquet table",
}


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO, str]]:
    """Open a file or a pipe; gzip, bz2, xz, and a zip archive of one file are decompressed.

    Yields:
        The file as it is (its position is the progress), the stream of its decompressed bytes, and the name of
        the text without the suffix of the compression.

    Raises:
        InputError: it cannot be read, is damaged, is a device, or is a zip archive of several files.
    """
    kind = ""
    try:
        with _open(path) as file:
            kind = _kind(file.peek(16)[:16])
            stream, name = file, path.name
            if kind == "zip" and file.seekable():
                stream, name = _only_member(file, path)
            elif kind and kind != "zip":
                stream = next(opener for name, opener in STREAMS.values() if name == kind)(file)
            yield file, stream, Path(name).stem if Path(name).suffix.lower() in COMPRESSED else name
    except (EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: is a damaged {kind} file ({error})") from None
    except OSError as error:
        if kind and error.errno is None:  # bz2 and gzip raise it for damaged data
            raise InputError(f"{path}: is a damaged {kind} file ({error})") from None
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def known_start(data: bytes) -> str | None:
    """What a file with these first bytes is, if it is compressed or a document."""
    return next((name for start, name in STARTS.items() if data.startswith(start)), None)


def _kind(start: bytes) -> str:
    """The compression that the first bytes of a file tell, or an empty string."""
    if start.startswith(b"BZh") and start[4:10] not in BZ2_BLOCKS:
        return ""
    if start.startswith(b"PK\3\4"):
        return "zip"
    return next((kind for first, (kind, _) in STREAMS.items() if start.startswith(first)), "")


def _only_member(file: BinaryIO, path: Path) -> tuple[BinaryIO, str]:
    """The only file of a zip archive, and its name; the archive itself if it is a document (.docx, .xlsx, .epub).

    Raises:
        InputError: the archive holds no file or several, or a file that cannot be decompressed.
        zipfile.BadZipFile: it is damaged.
    """
    archive = zipfile.ZipFile(file)
    names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
    if {"[Content_Types].xml", "mimetype"} & set(names):
        file.seek(0)
        return file, path.name
    if len(names) != 1:
        shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
        raise InputError(f"{path}: is a zip archive of {len(names)} files ({shown}): unzip it, and name them")
    try:
        return archive.open(names[0]), names[0]
    except RuntimeError as error:  # it has a password, or a compression that Python lacks
        raise InputError(f"{path}: cannot be decompressed ({error}): unzip it first") from None


def _open(path: Path) -> BinaryIO:
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
