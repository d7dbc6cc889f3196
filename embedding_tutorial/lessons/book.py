"""The whole tutorial, executed, as notebooks and as an HTML site that opens without a network.

    DIR/index.html                    the list of lessons, in order
    DIR/lesson_NN_….html              a page each, with its results and pictures
    DIR/article.html                  the article's sentences, each with its lesson; and glossary.html
    DIR/live_N_….html                 pages to drag, click and type in; the last one shows map.html
    DIR/notebooks/lesson_NN_….ipynb   the same, to change and run
    DIR/pictures/lesson_NN_…_1.svg    the pictures alone, for slides

jupytext reads the lessons, nbclient runs them, nbconvert writes the HTML. Needs
``pip install -r requirements-optional.txt``. The pages load nothing, and only the live ones and the
map contain a script, so formulas are plain text, not LaTeX.
"""

import html
import itertools
import os
import re
import string
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from embedding_tutorial.config import InputError
from embedding_tutorial.learning import learn
from embedding_tutorial.lessons.language import code_in, heading_in, say, text_in
from embedding_tutorial.lessons.live import MAP, PAGES, lesson_of, live_body, live_title
from embedding_tutorial.lessons.runner import LESSONS, PLACE, asks, title
from embedding_tutorial.pictures.map_page import write_map

try:
    import ipykernel  # noqa: F401 (nbclient starts it)
    import jupytext
    import nbformat
    import plotly  # noqa: F401 (draws the map)
    import sklearn  # noqa: F401 (places its words)
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError
    from nbconvert import HTMLExporter
    from nbconvert.filters import strip_ansi
    from pygments.formatters import HtmlFormatter
except ModuleNotFoundError as error:
    needed = say(f"书需要 {error.name}", f"the book needs {error.name}")
    raise InputError(f"{needed}: pip install -r requirements-optional.txt") from None

CONTENTS = PLACE / "book_contents.md"
PAGE = string.Template((PLACE / "book_page.html").read_text(encoding="utf-8"))
GUESSED = {"zh": "猜好了？看答案", "en": "Guessed? See the answer", "both": "猜好了？看答案 · Guessed? See the answer"}
BOOK, ARTICLE, GLOSSARY = "目录 · Contents", "文章逐句 · Sentence by sentence", "词汇表 · Glossary"
TRY = "## 动手试 · Try it"
SIGN = '<meta name="generator" content="embedding_tutorial.lessons.book">'  # marks an earlier book
EXPORTER = HTMLExporter(
    template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True, exclude_anchor_links=True
)
# The last column of the glossary: 中文。<br>English.
_OTHER_MEANING = {"zh": r"<br>.*(?= \|$)| · Meaning", "en": r"(?<=\| )[^|]*<br>|意思 · ", "both": r"(?!)"}
# Browsers show a line break as a blank, which is wrong between two Chinese characters.
_WRAPPED = re.compile(r"(?<=[\u2014\u2018-\u201d\u3000-\u9fff\uff00-\uffef])\n(?=[\u2014\u2018-\u201d\u3000-\u9fff])")


def write_book(directory: Path, language: str = "both", lessons: Sequence[Path] = tuple(LESSONS)) -> None:
    """Run lessons and write them as a book.

    The book is written beside ``directory`` and renamed when it is complete. It replaces an earlier
    book, unless somebody has changed that one.

    Args:
        directory: new, empty, or an earlier book.
        language: of the text: ``zh``, ``en`` or ``both``. The page on the article always has both.
        lessons: files in percent format, in order.

    Raises:
        InputError: the directory cannot be used, or a cell failed.
    """
    check_place(directory)
    target = directory.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = tempfile.TemporaryDirectory(prefix=".book-", dir=target.parent, ignore_cleanup_errors=True)
    except OSError as error:
        fault = say(f"写不进去（{error.strerror}）", f"cannot be written ({error.strerror})")
        raise InputError(f"--book {directory}: {fault}") from None
    stops = [("index", heading_in(language, BOOK)), *((path.stem, title(path, language)) for path in lessons)]
    stops += [("article", heading_in(language, ARTICLE)), ("glossary", heading_in(language, GLOSSARY))]
    live = [page for page in PAGES if lesson_of(page) in {path.stem for path in lessons}]
    stops += [(page.stem, live_title(page, language)) for page in live]
    with beside as place:
        book, work = Path(place, "book"), Path(place, "work")
        for path in (book / "notebooks", book / "pictures", work):
            path.mkdir(parents=True)
        for number, path in enumerate(lessons, start=1):
            started = time.perf_counter()
            notebook = read_notebook(path, language)
            run_notebook(notebook, path.name, work)
            nbformat.write(notebook, book / "notebooks" / f"{path.stem}.ipynb")
            for drawn, picture in enumerate(take_pictures(notebook), start=1):
                (book / "pictures" / f"{path.stem}_{drawn}.svg").write_text(picture, encoding="utf-8")
            write_page(book, stops, number, with_live_links(render(notebook, language), path, language), language)
            print(f"{title(path, language)}  {time.perf_counter() - started:.1f} s", flush=True)
        article = render(read_notebook(PLACE / "article.md", language), language)
        write_page(book, stops, len(lessons) + 1, to_pages(article, lessons), language)
        after = len(lessons) + 2
        write_page(book, stops, after, render_glossary(language), language)
        for number, page in enumerate(live, start=after + 1):
            write_page(book, stops, number, live_body(page, language), language)
        if MAP in live:
            learn(out=work / "palace-words", tokens="words")
            write_map(work / "palace-words", book / "map.html", tsne=True)
        contents = read_notebook(CONTENTS, language)
        items = [f"- [{name}]({at}.html)" for at, name in stops]
        lists = {"LESSONS": items[1 : after + 1], "LIVE": live and [heading_in(language, TRY), "", *items[after + 1 :]]}
        for cell in contents.cells:
            cell.source = re.sub("LESSONS|LIVE", lambda place: "\n".join(lists[place[0]]), cell.source)
        write_page(book, stops, 0, render(contents, language), language)  # the newest file: see check_place
        if target.exists():
            target.rename(Path(place, "earlier"))
        book.rename(target)
    index = directory / "index.html"
    print(say(f"写好了：{directory}，打开 {index}", f"Written to {directory}: open {index}"))


def check_place(directory: Path) -> None:
    """Refuse a directory that holds anything but a book, or a book that somebody changed.

    Raises:
        InputError: names what is in the way.
    """
    if directory.exists() and not directory.is_dir():
        raise InputError(f"--book {directory}: " + say("是文件；要写目录名", "is a file; name a directory"))
    if not directory.exists() or not any(directory.iterdir()):
        return
    index = directory / "index.html"
    if not index.is_file() or SIGN not in index.read_text(encoding="utf-8", errors="replace"):
        fault = say("不是空的，也不是以前写的书；换一个", "is not empty and no earlier book; name another")
        raise InputError(f"--book {directory}: {fault}")
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.stat().st_mtime_ns > index.stat().st_mtime_ns:
            changed = path.relative_to(directory)
            fault = say(
                f"{changed} 比书新，有人改过；把它移走，或者换一个目录",
                f"{changed} is newer than the book; move it away, or name another",
            )
            raise InputError(f"--book {directory}: {fault}")


def read_notebook(path: Path, language: str) -> nbformat.NotebookNode:
    """Read a lesson as a notebook, without the other language; a quotation in both languages is kept once."""
    notebook = jupytext.read(path)
    notebook.cells = [cell for cell in notebook.cells if language in ("both", cell.metadata.get("lang", language))]
    for cell in notebook.cells:
        cell.source = (code_in if cell.cell_type == "code" else text_in)(language, cell.source)
    for before, cell in itertools.pairwise(notebook.cells):
        if cell.cell_type == "markdown" and (quotation := re.match(r"(> .*\n)+\n", before.source)):
            cell.source = cell.source.removeprefix(quotation[0])
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # the same in each book
    return notebook


def run_notebook(notebook: nbformat.NotebookNode, name: str, work: Path) -> None:
    """Run a notebook's cells with this Python and store their outputs in it.

    Args:
        notebook: changed in place.
        name: the lesson's, for the message.
        work: the directory to run in.

    Raises:
        InputError: a cell failed; names the lesson, the cell and its line.
    """
    # Without kernel_dirs, "python3" is this interpreter, whatever kernels the user has installed.
    kernel = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    options = {"record_timing": False, "coalesce_streams": True, "extra_arguments": ["--log-level=ERROR"]}
    client = NotebookClient(notebook, km=kernel, **options)
    import_path = [str(PLACE.parent.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    settings = {
        "PYTHONPATH": os.pathsep.join(import_path),
        "IPYTHONDIR": str(work / "ipython"),  # the user's own start-up files must not run
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # silences a warning of some versions of ipykernel
    }
    try:
        client.execute(cwd=str(work), env={**os.environ, **settings})
    except CellExecutionError as error:
        said = ": ".join(filter(None, [error.ename, *error.evalue.splitlines()[:1]]))
        if line := re.search(r"^-+> *\d+ *(.*)$", strip_ansi(error.traceback), re.MULTILINE):
            said += say(f"，在 {line[1]}", f" at {line[1]}")
        raise InputError(f"{name}, {_cell(client)}: {said}") from None
    except DeadKernelError:
        raise InputError(f"{name}, {_cell(client)}: " + say("Python 中途退出", "Python died")) from None


def _cell(client: NotebookClient) -> str:
    """Name the cell that ran last."""
    return say(f"第 {client.code_cells_executed} 格代码", f"code cell {client.code_cells_executed}")


def take_pictures(notebook: nbformat.NotebookNode) -> list[str]:
    """Return the SVG pictures among a notebook's outputs, and make them HTML outputs, which a page shows inline."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    drawn = [output.data for output in outputs if "image/svg+xml" in output.get("data", {})]
    for data in drawn:
        data["text/html"] = data["image/svg+xml"]
    return [data["text/html"] for data in drawn]


def sections(cells: Sequence[nbformat.NotebookNode]) -> Iterator[tuple[bool, list[nbformat.NotebookNode]]]:
    """Group cells by whether they answer a question to guess: from its code to the next question or heading."""
    answers, asked = [], False
    for cell in cells:
        is_text = cell.cell_type == "markdown"
        if is_text and (asks(cell.source) or cell.source.startswith("#")):
            asked = asks(cell.source)
            answers.append(False)
        else:
            answers.append(asked and (not is_text or answers[-1]))
    for folded, group in itertools.groupby(zip(answers, cells, strict=True), key=lambda pair: pair[0]):
        yield folded, [cell for _, cell in group]


def render(notebook: nbformat.NotebookNode, language: str) -> str:
    """Return a notebook's cells as HTML, answers to questions folded."""
    for cell in notebook.cells:
        cell.metadata["tags"] = [cell.metadata.get("lang", "all")]  # becomes a CSS class
    body = ""
    for folded, cells in sections(notebook.cells):
        part = EXPORTER.from_notebook_node(nbformat.from_dict({**notebook, "cells": cells}))[0]
        summary = f"<summary>{GUESSED[language]}</summary>"
        body += f'<details class="answer">\n{summary}\n{part}\n</details>\n' if folded else part
    return re.sub(r"<(p|li)>.*?</\1>", lambda found: _WRAPPED.sub("", found[0]), body, flags=re.DOTALL)


def render_glossary(language: str) -> str:
    """Return the glossary as HTML: each term in both languages, its meaning in the reader's."""
    glossary = read_notebook(PLACE / "glossary.md", language)
    for cell in glossary.cells:
        cell.source = re.sub(_OTHER_MEANING[language], "", cell.source, flags=re.MULTILINE)
    return render(glossary, language)


def with_live_links(body: str, lesson: Path, language: str) -> str:
    """Return a lesson's HTML with links to its live pages below its heading."""
    own = [page for page in PAGES if lesson_of(page) == lesson.stem]
    links = "".join(f'<a class="live" href="{page.stem}.html">{live_title(page, language)}</a>' for page in own)
    return body.replace("</h1>", f"</h1>\n<p>{links}</p>", 1) if own else body


def to_pages(body: str, lessons: Sequence[Path]) -> str:
    """Return HTML whose links lead to the lessons' pages instead of their files; none to a lesson that is not there."""
    there = {lesson.name for lesson in lessons}

    def link(found: re.Match) -> str:
        return f'<a href="{Path(found[1]).stem}.html">{found[2]}</a>' if found[1] in there else found[2]

    return re.sub(r'<a href="(lesson_\w+\.py)">(.*?)</a>', link, body)


def write_page(book: Path, stops: Sequence[tuple[str, str]], number: int, body: str, language: str) -> None:
    """Write an HTML page with links to the previous page, the contents and the next page.

    Args:
        book: the directory.
        stops: file name (without .html) and title of each page, in order; the contents come first.
        number: the page's place in ``stops``.
        body: the page's content, HTML.
        language: of the text.
    """
    neighbours = {"before": number - 1, "after": number + 1}
    links = {place: stops[at] for place, at in neighbours.items() if 0 < at < len(stops)}
    page = PAGE.substitute(
        language="en" if language == "en" else "zh-Hans",
        sign=SIGN,
        contents=heading_in(language, BOOK),
        title=html.escape(stops[number][1]),
        colours=HtmlFormatter(style="default").get_style_defs(".highlight"),
        links="".join(f'<a class="{place}" href="{at}.html">{html.escape(n)}</a>' for place, (at, n) in links.items()),
        body=body,
        stem=stops[number][0],
    )
    (book / f"{stops[number][0]}.html").write_text(page, encoding="utf-8")
