"""Text in, sentences of tokens out.

A token is a character or a word. This file knows nothing of ids: that is
``vocabulary.py``. It never joins two sentences: a window must not look across
a sentence's end, since what stands there belongs to another thought.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from embedding_tutorial.config import InputError

# A sentence ends after 。！？… and their Latin kin, unless a closing quote follows:
# “你去哪儿？”他问。 is one sentence, not two. A Latin full stop ends one only before a blank (3.14).
SENTENCE_END = re.compile(r"""(?<=[。！？!?…])(?![。！？!?…”’」』）)"'])|(?<=\.)(?=\s)""")


def read_sentences(path: Path) -> list[str]:
    """Read a text file as sentences, none of them blank.

    A line is a sentence, and a line that holds several is cut at its sentence
    marks, so a novel with a paragraph a line, or all on one line, works too.
    A byte-order mark and Windows line ends are dropped.

    Args:
        path: a UTF-8 text file.

    Returns:
        Sentences in the order of the text.

    Raises:
        InputError: there is no such file, it cannot be read, it is not UTF-8
            (the message names the byte), or it holds nothing but blanks.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a directory; name a text file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        hint = _encoding_hint(data)
        raise InputError(f"{path}: not UTF-8 at byte {error.start} (counted from 0){hint}") from None

    lines = re.split(r"\r\n|\n|\r", text)
    pieces = (piece.strip() for line in lines for piece in SENTENCE_END.split(line))
    sentences = [piece for piece in pieces if piece]
    if not sentences:
        raise InputError(f"{path}: holds no text")
    return sentences


def _encoding_hint(data: bytes) -> str:
    """What the bytes look like, and the way out, where that can be told."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "; it looks like UTF-16: save it as UTF-8, or run: iconv -f UTF-16 -t UTF-8"
    try:
        data.decode("gb18030")
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
