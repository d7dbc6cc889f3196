"""The reader's language: which of two sentences is said, and what remains of what is written in both.

``labels.tsv`` holds what the lessons' code shows, the heads of tables and the words in pictures, as code in both
languages: a Chinese lesson reads ``{"个数": …}`` where the others read ``{"numbers": …}``.
"""

import locale
import os
import re
from pathlib import Path

LANGUAGE = "LESSONS_LANG"  # an environment variable, so that a notebook's kernel has it
_LINES = (Path(__file__).parent / "labels.tsv").read_text(encoding="utf-8").splitlines()[1:]
LABELS: dict[str, str] = dict(line.split("\t") for line in _LINES)
_LABEL = re.compile("|".join(map(re.escape, sorted(LABELS, key=len, reverse=True))))  # the longest fits first
_HEADING = re.compile(r"(#* *\d* *)(.+) · (.+)")  # "# 1 独热编码 · One-hot"


def say(chinese: str, english: str) -> str:
    """Return what is in the reader's language: that of the lesson (``--lang``), else of the system."""
    named = map(os.environ.get, (LANGUAGE, "LC_ALL", "LC_MESSAGES", "LANG"))
    language = next(filter(None, [*named, locale.getlocale()[0]]), "")
    return chinese if language.lower().startswith(("zh", "chinese")) else english


def heading_in(language: str, heading: str) -> str:
    """Return what is in the language of a heading ``中文 · English``; ``both``: all of it."""
    found = _HEADING.fullmatch(heading)
    return heading if language == "both" or not found else found[1] + found[2 if language == "zh" else 3]


def text_in(language: str, text: str) -> str:
    """Return a text cell with its heading, if it has one, in the language."""
    first, *others = text.split("\n", 1)
    return "\n".join([heading_in(language, first), *others]) if first.startswith("#") else text


def code_in(language: str, code: str) -> str:
    """Return a lesson's code with its labels in the language; ``both``: as it is written."""
    return _LABEL.sub(lambda found: LABELS[found[0]], code) if language == "zh" else code
