"""Text in, sentences of tokens out.

A token is a character or a word. This file knows nothing of ids: that is
``vocabulary.py``. It never joins two sentences: a window must not look across
a sentence's end, since what stands there belongs to another thought.

Nothing here holds a whole file: a text passes through in blocks of some megabytes.
"""

import codecs
import gzip
import hashlib
import sys
import zlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from embedding_tutorial.config import InputError
from embedding_tutorial.progress import Meter

# A sentence ends after 。！？… and their Latin kin, unless a closing quote follows:
# “你去哪儿？”他问。 is one sentence, not two. A Latin full stop ends one only before a blank (3.14).
MARKS = "。！？!?…"
CLOSERS = "”’」』）)\"'"
LINE_ENDS = "\n\r"

BLOCK = 1 << 22  # bytes read at a time


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


def read_blocks(path: Path, digest: "hashlib._Hash | None" = None) -> Iterator[str]:
    """Read a text file as blocks of whole sentences, some megabytes each.

    Files that gzip compressed are unpacked on the way. A byte-order mark is dropped.

    Args:
        path: a UTF-8 text file.
        digest: is updated with every byte of the text (unpacked).

    Raises:
        InputError: there is no such file, it cannot be read, or it is not UTF-8
            (the message names the byte).
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    read, rest = 0, ""
    try:
        with open(path, "rb") as file, Meter(f"reading {path}", path.stat().st_size) as meter:
            zipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            stream = gzip.GzipFile(fileobj=file) if zipped else file
            while True:
                data = stream.read(BLOCK)
                text = decoder.decode(data, final=not data)
                text = rest + (text.removeprefix("\ufeff") if not read else text)
                read += len(data)
                if digest:
                    digest.update(data)
                # A sentence that goes on in what is not read yet waits for it.
                cut = len(text) if not data else _last_end(text)
                if cut:
                    yield text[:cut]
                if not data:
                    return
                rest = text[cut:]
                meter.at(file.tell())  # of the zipped bytes, if they are
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory; name a text file") from None
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
    ends = np.flatnonzero(sentence_ends(code_points(text))[:-1])
    return int(ends[-1]) + 1 if len(ends) else 0


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
        ends = sentence_ends(codes)
        sentence = np.cumsum(ends) - ends  # (n,) 0, 1, 2, … the sentence of each character
        kept = ~_IS_BLANK[np.minimum(codes, 0xFFFF)]
        codes, lengths = codes[kept], np.bincount(sentence[kept])
        first = np.full(sys.maxunicode + 1, len(codes))
        first[codes[::-1]] = np.arange(len(codes))[::-1]  # the first appearance is written last, and stays
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
