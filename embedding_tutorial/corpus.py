"""Text in, sentences of tokens out.

A token is a character or a word. This file knows nothing of ids: that is
``vocabulary.py``. It never joins two sentences: a window must not look across
a sentence's end, since what stands there belongs to another thought.

Nothing here holds a whole file: a text passes through in blocks of some megabytes.
"""

import codecs
import glob
import gzip
import hashlib
import os
import sys
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from embedding_tutorial.config import WILDCARDS, InputError
from embedding_tutorial.progress import Meter

# A sentence ends after 。！？… and their Latin kin, unless a closing quote follows:
# “你去哪儿？”他问。 is one sentence, not two. A Latin full stop ends one only before a blank (3.14).
MARKS = "。！？!?…"
CLOSERS = "”’」』）)\"'"
LINE_ENDS = "\n\r"

BLOCK = 1 << 22  # bytes read at a time
TAIL = 1 << 10  # characters in which a block's last sentence end is looked for first


def _table(characters: str) -> np.ndarray:
    """``table[code]`` tells whether the character of that code point is one of these; higher ones are not."""
    table = np.zeros(0x10000, bool)
    table[[ord(character) for character in characters]] = True
    return table


_BLANKS = "".join(character for character in map(chr, range(0x3001)) if character.isspace())  # U+3000 is the last
_IS_BLANK, _IS_MARK, _IS_LINE_END = _table(_BLANKS), _table(MARKS), _table(LINE_ENDS)
_GOES_ON = _table(MARKS + CLOSERS)


def code_points(text: str) -> np.ndarray:
    """A text as numbers, ``(n,)`` uint32, one a character."""
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)


def sentence_ends(codes: np.ndarray) -> np.ndarray:
    """Where sentences end: ``(n,)`` bool, true at the last character of each.

    The last place of all is true: what follows it is not known.
    """
    codes = np.minimum(codes, 0xFFFF)  # (n,) U+FFFF is no character
    following = codes[1:]  # (n - 1,)
    ends = np.ones(len(codes), bool)
    ends[:-1] = _IS_MARK[codes[:-1]] & ~_GOES_ON[following]
    ends[:-1] |= (codes[:-1] == ord(".")) & _IS_BLANK[following]
    ends[:-1] |= _IS_LINE_END[codes[:-1]] | _IS_LINE_END[following]
    return ends


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
        raise InputError(f"{path}: no such file")
    root = next(filter(os.path.isdir, path.parents), path.parents[-1])
    found = {root / name for name in glob.glob(str(path.relative_to(root)), root_dir=root, recursive=True)}
    files = sorted(file for file in found if not os.path.isdir(file))
    if not files:
        raise InputError(f"{path}: no file matches")
    return files


def read_blocks(path: Path, digest: "hashlib._Hash | None" = None) -> Iterator[str]:
    """Read a text as blocks of whole sentences, some megabytes each.

    Several files are read as if line ends joined them, so no sentence spans two. Files that gzip
    compressed are unpacked on the way. A byte-order mark is dropped.

    Args:
        path: a UTF-8 text file, or a pattern, see ``corpus_files``.
        digest: is updated with every byte of the text (unpacked), and with a line end between two files:
            the files joined into one have the same sentences, so they have the same hash.

    Raises:
        InputError: there is no such file, one cannot be read, or is not UTF-8 (the message names the file
            and the byte).
    """
    files = corpus_files(path)
    before = 0  # bytes of the files before this one
    waiting, size = [], 0  # what is read and not given yet: small files are given together
    with Meter(f"reading {path}", sum(os.path.getsize(file) for file in files if os.path.exists(file))) as meter:
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
        with open(path, "rb") as file:
            zipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            stream = gzip.GzipFile(fileobj=file) if zipped else file
            while True:
                data = stream.read(BLOCK)
                text = rest + decoder.decode(data, final=not data)
                read += len(data)
                if digest:
                    digest.update(data)
                # A sentence that goes on in what is not read yet waits for it.
                cut = len(text) if not data else _last_end(text)
                yield text[:cut], file.tell()
                if not data:
                    return
                rest = text[cut:]
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except UnicodeDecodeError as error:
        # error.object is what the decoder kept from the last block, and this block.
        place = read + len(data) - len(error.object) + error.start
        hint = _encoding_hint(error.object) if read == 0 else ""
        raise InputError(f"{path}: not UTF-8 at byte {place} (counted from 0){hint}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: is a damaged gzip file ({error})") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def _last_end(text: str) -> int:
    """How many characters of a text surely belong to finished sentences."""
    size = TAIL
    while True:
        tail = text[-size:]
        ends = np.flatnonzero(sentence_ends(code_points(tail))[:-1])
        if len(ends):
            return len(text) - len(tail) + int(ends[-1]) + 1
        if size >= len(text):
            return 0
        size *= 2


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, none of them blank, without blanks around them.

    A line is a sentence, and a line that holds several is cut at its sentence
    marks, so a novel with a paragraph a line, or all on one line, works too.
    """
    ends = np.flatnonzero(sentence_ends(code_points(text))) + 1
    pieces = (text[start:end].strip() for start, end in pairwise([0, *ends.tolist()]))
    return [piece for piece in pieces if piece]


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
        InputError: as ``read_blocks``.
    """
    digest = hashlib.sha256()
    for _ in read_blocks(path, digest):
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
        InputError: as ``read_blocks``.
    """
    times, digest = 0, hashlib.sha256()
    for block in read_blocks(path, digest):
        if word in block:
            sentences = (sentence for sentence in split_sentences(block) if word in sentence)
            times += sum(list(tokenize(sentence, tokens)).count(word) for sentence in sentences)
    return times, digest.hexdigest()


def _encoding_hint(data: bytes) -> str:
    """What the first bytes of a file look like, and the way out, where that can be told."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "; it looks like UTF-16: save it as UTF-8, or run: iconv -f UTF-16 -t UTF-8"
    try:
        codecs.getincrementaldecoder("gb18030")().decode(data)  # a character may be cut off at the end
    except UnicodeDecodeError:
        return "; save it as UTF-8 first"
    return "; it may be GBK: save it as UTF-8, or run: iconv -f GB18030 -t UTF-8"


def tokenize(sentence: str, tokens: str) -> Sequence[str]:
    """Split a sentence into tokens; blanks are never tokens, punctuation is.

    Args:
        sentence: any text.
        tokens: ``"characters"`` or ``"words"`` (as ``rjieba`` cuts them).

    Returns:
        The tokens in order. For characters this is a ``str``, which is a
        sequence of characters already.

    >>> list(tokenize("王妃 很漂亮", "characters"))
    ['王', '妃', '很', '漂', '亮']
    """
    if tokens == "characters":
        return "".join(sentence.split())
    import rjieba  # only words need the segmenter and its dictionary

    return [word for word in rjieba.cut(sentence) if not word.isspace()]


def tokenize_block(text: str, tokens: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """What ``split_sentences`` and ``tokenize`` give for a whole block, as numbers.

    Args:
        text: whole sentences.
        tokens: ``"characters"`` or ``"words"``.

    Returns:
        ``names``, the distinct tokens in order of first appearance; ``numbers``, ``(n,)`` int32, for
        each token of the text its place in ``names``; ``lengths``, ``(s,)`` int32, tokens in each sentence.
    """
    if tokens == "characters":
        # Without a loop over the characters: each step works on a whole array.
        codes = code_points(text)
        kept = ~_IS_BLANK[np.minimum(codes, 0xFFFF)]
        lengths = np.diff(np.cumsum(kept, dtype=np.int32)[sentence_ends(codes)], prepend=np.int32(0))
        codes = codes[kept]
        first = np.full(sys.maxunicode + 1, len(codes), np.int32)
        # The first appearance is written last, and stays.
        first[codes[::-1]] = np.arange(len(codes), dtype=np.int32)[::-1]
        appearing = np.sort(first[first < len(codes)])
        number = np.empty(sys.maxunicode + 1, np.int32)
        number[codes[appearing]] = np.arange(len(appearing))
        names, numbers = [chr(code) for code in codes[appearing]], number[codes]
    else:
        number_of: dict[str, int] = {}
        sentences = [tokenize(sentence, tokens) for sentence in split_sentences(text)]
        lengths = np.array([len(words) for words in sentences], np.int64)
        numbers = np.fromiter(
            (number_of.setdefault(word, len(number_of)) for words in sentences for word in words),
            np.int32,
            lengths.sum(),
        )
        names = list(number_of)
    return names, numbers, lengths[lengths > 0].astype(np.int32)
