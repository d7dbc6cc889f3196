"""Guess the encoding of a file that is not UTF-8, and say what to do. Imported only if there is such a file."""

import charset_normalizer

from embedding_tutorial.text.compressed import known_start

SAMPLE = 1 << 16  # bytes that the detector reads
PROOF = 20  # bytes beyond one per character; with so many, valid UTF-8 is no coincidence
# Encodings of one family decode a sample alike. Of these, name the one that has most characters.
PREFERRED = ("gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1251", "cp1252")


def what_it_is(error: UnicodeDecodeError, before: str, at_start: bool) -> str:
    """Guess what bytes that are not UTF-8 are, and say what to do.

    Args:
        error: holds the bytes, and the index of the first that is wrong.
        before: the text before these bytes, or its last characters.
        at_start: whether the bytes are the first of the file.
    """
    data = error.object
    known = before + data[: error.start].decode(errors="ignore")
    if at_start and (name := known_start(data)):
        return f"it is {name}: save its text as UTF-8 first"
    if error.reason == "unexpected end of data":
        return "the text breaks off inside a character: get all of it, or run: iconv -c -f UTF-8 -t UTF-8"
    if len(known.encode()) - len(known) >= PROOF:
        return "what stands before it is UTF-8: mend that place, or leave it out: iconv -c -f UTF-8 -t UTF-8"
    start = max(data.rfind(b"\n", 0, error.start) + 1, error.start - SAMPLE // 2) // 4 * 4
    sample = data[start : start + SAMPLE]
    matches = []
    for end in range(len(sample), max(0, len(sample) - 4), -1):  # the sample may end inside a character
        matches = matches or [
            match for match in charset_normalizer.from_bytes(sample[:end]) if match.encoding not in ("utf_8", "ascii")
        ]
    if not matches:
        return "it is binary, not text" if b"\0" in sample else "its encoding cannot be told: save it as UTF-8 first"
    # The least chaotic match comes first, Chinese in a tie. Others as coherent as it are named beside it.
    best, *others = sorted(matches, key=lambda match: (match.chaos, -match.coherence, match.encoding != "gb18030"))
    near = [match for match in others if match.chaos < best.chaos + 0.1 and match.coherence >= best.coherence]
    likely = [best, *near[:2]]
    readings = [f"{_name(match)} ({_first_line(str(match))})" for match in likely]
    if len(likely) == 1:
        return f"it looks like {readings[0]}: use --encoding {_name(best)}"
    return f"it may be {' or '.join(readings)}: see which reads right, and use, say, --encoding {_name(best)}"


def _name(match: charset_normalizer.CharsetMatch) -> str:
    """The name of an encoding: of the largest of its family."""
    same = [match.encoding, *match.could_be_from_charset]
    return next((name for name in PREFERRED if name in same), match.encoding).replace("_", "-")


def _first_line(text: str) -> str:
    """The first line that is not all ASCII, or else the first line; at most 24 characters, none of control."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = next((line for line in lines if not line.isascii()), lines[0] if lines else "")
    short = line if len(line) <= 24 else line[:23] + "…"
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in short)
