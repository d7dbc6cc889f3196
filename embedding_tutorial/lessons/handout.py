"""What a teacher takes to class, in one zip that needs no network.

    book/            the book: pages, notebooks with their outputs, pictures, the map
    slides.html      a picture and a sentence on each slide; the arrow keys turn them
    worksheet.html   the exercises' questions, with space to write, to be printed

``slides.tsv`` says which of the book's pictures are slides, and the sentence of each.
"""

import html
import re
import string
import zipfile
from collections.abc import Sequence
from pathlib import Path

import nbformat

from embedding_tutorial.atomic import write_whole
from embedding_tutorial.config import InputError
from embedding_tutorial.lessons.book import read_notebook, render
from embedding_tutorial.lessons.language import heading_in, say
from embedding_tutorial.lessons.runner import LESSONS, PLACE, title

SLIDES_PAGE, WORKSHEET_PAGE = (
    string.Template((PLACE / f"{name}_page.html").read_text(encoding="utf-8")) for name in ("slides", "worksheet")
)
_LINES = (PLACE / "slides.tsv").read_text(encoding="utf-8").splitlines()[1:]
SLIDES = [line.split("\t") for line in _LINES]  # picture, sentence in Chinese, in English
SLIDES_TITLE, WORKSHEET_TITLE = "从独热编码到词向量 · From one-hot to word vectors", "练习 · Exercises"
_QUESTIONS = re.compile(r"^### (?:练习|Exercises)\n((?:.+\n)*?1\. .*?)(?=\n\n(?!\d)|\Z)", re.MULTILINE | re.DOTALL)
NAME = {"zh": ("姓名", "班级"), "en": ("Name", "Class"), "both": ("姓名 Name", "班级 Class")}


def check_zip(file: Path) -> None:
    """Refuse a file that is there already.

    Raises:
        InputError: names it.
    """
    if file.exists():
        raise InputError(f"--zip {file}: " + say("已经有了；换一个名字", "is there already; name another"))


def write_zip(file: Path, book: Path, language: str = "both", lessons: Sequence[Path] = tuple(LESSONS)) -> None:
    """Write a book, its slides and a worksheet into a zip.

    Args:
        file: new.
        book: a directory that ``write_book`` has written.
        language: of slides and worksheet, and of the book: ``zh``, ``en`` or ``both``.
        lessons: those of the book.

    Raises:
        InputError: the file is there already, or cannot be written.
    """
    check_zip(file)

    def write(partial: Path) -> None:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in sorted(path for path in book.rglob("*") if path.is_file()):
                packed.write(path, Path("book", path.relative_to(book)))
            packed.writestr("slides.html", slides(book / "pictures", language, lessons))
            packed.writestr("worksheet.html", worksheet(language, lessons))

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, write)
    except OSError as error:
        fault = say(f"写不进去（{error.strerror}）", f"cannot be written ({error.strerror})")
        raise InputError(f"--zip {file}: {fault}") from None
    print(say(f"写好了：{file}", f"Written to {file}"))


def slides(pictures: Path, language: str, lessons: Sequence[Path]) -> str:
    """Return a page with a slide for each picture of ``slides.tsv`` that belongs to one of the lessons.

    Args:
        pictures: the book's directory of SVG files.
        language: of titles and sentences.
        lessons: files.
    """
    titles = {path.stem: title(path, language) for path in lessons}
    sections = []
    for picture, chinese, english in SLIDES:
        lesson = picture.rpartition("_")[0]
        if lesson in titles:
            sentences = {"zh": [chinese], "en": [english], "both": [chinese, english]}[language]
            said = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in sentences)
            drawing = (pictures / f"{picture}.svg").read_text(encoding="utf-8")
            sections.append(f"<section><h1>{html.escape(titles[lesson])}</h1>{drawing}{said}</section>")
    heading = heading_in(language, SLIDES_TITLE)
    return SLIDES_PAGE.substitute(language=_html_language(language), title=heading, slides="\n".join(sections))


def worksheet(language: str, lessons: Sequence[Path]) -> str:
    """Return a page with the exercises' questions of the lessons."""
    questions = ""
    for path in lessons:
        questions += f"<h2>{html.escape(title(path, language))}</h2>\n"
        notebook = read_notebook(path, language)
        found = [(cell, _QUESTIONS.search(cell.source)) for cell in notebook.cells]
        notebook.cells = [nbformat.from_dict({**cell, "source": items[1]}) for cell, items in found if items]
        questions += render(notebook, language)
    return WORKSHEET_PAGE.substitute(
        language=_html_language(language),
        title=heading_in(language, WORKSHEET_TITLE),
        name="".join(f"{label} <span></span>" for label in NAME[language]),
        questions=questions,
    )


def _html_language(language: str) -> str:
    return "en" if language == "en" else "zh-Hans"
