"""Live pages of the book: each computes a lesson's formula in the browser while the reader drags, clicks or types.

A page ``live_N_….html`` is HTML in both languages with a script of its own, and links to its lesson. ``live.js``
holds the formulas and the drawing that all pages share. Everything is copied into each page, so that it loads nothing.
"""

import re
from pathlib import Path

from embedding_tutorial.lessons.language import heading_in
from embedding_tutorial.lessons.runner import title

PLACE = Path(__file__).parent
PAGES = sorted(PLACE.glob("live_*.html"))
MAP = PAGES[-1]  # shows ``map.html``, which the book writes beside it


def live_title(page: Path, language: str = "both") -> str:
    """Return a page's heading."""
    return heading_in(language, re.search(r"<h1>(.*?)</h1>", page.read_text(encoding="utf-8"))[1])


def lesson_of(page: Path) -> str:
    """Return the name of the lesson to which a page belongs, without ``.html``."""
    return re.search(r'href="(lesson_\w+)\.html"', page.read_text(encoding="utf-8"))[1]


def live_body(page: Path, language: str) -> str:
    """Return a page's HTML with style and scripts, without text in the other language.

    Args:
        page: one of ``PAGES``.
        language: ``zh``, ``en`` or ``both``.
    """
    style, script, body = ((PLACE / name).read_text(encoding="utf-8") for name in ("live.css", "live.js", page.name))
    lesson = PLACE.parent / f"{lesson_of(page)}.py"
    body = body.replace("TITLE", title(lesson, language)).replace(live_title(page), live_title(page, language), 1)
    if language != "both":
        other = {"zh": "en", "en": "zh"}[language]
        body = re.sub(rf'<(\w+) lang="{other}">.*?</\1>', "", body, flags=re.DOTALL)
    return f"<style>\n{style}</style>\n<script>\n{script}</script>\n{body}"
