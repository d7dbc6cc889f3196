"""The whole tutorial, executed, as notebooks and as one HTML site that opens without a network.

    DIR/index.html                    the list of lessons, in order
    DIR/lesson_NN_….html              a page each, with its results and pictures; and glossary.html
    DIR/notebooks/lesson_NN_….ipynb   the same, to change and run
    DIR/pictures/lesson_NN_…_1.svg    the pictures alone, for slides

jupytext reads the lessons, nbclient runs them, nbconvert makes HTML of them. Needs
``pip install -r requirements-optional.txt``. The pages hold no script, and load nothing; so
formulas are plain text, not LaTeX.
"""

import html
import itertools
import os
import re
import string
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from embedding_tutorial.config import InputError
from embedding_tutorial.lessons.runner import LESSONS, PLACE, title

try:
    import ipykernel  # noqa: F401 (nbclient starts it)
    import jupytext
    import nbformat
    from jupyter_client.kernelspec import KernelSpecManager
    from jupyter_client.manager import AsyncKernelManager
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, DeadKernelError
    from nbconvert import HTMLExporter
    from nbconvert.filters import strip_ansi
    from pygments.formatters import HtmlFormatter
except ModuleNotFoundError as error:
    raise InputError(f"the book needs {error.name}: pip install -r requirements-optional.txt") from None

CONTENTS, GLOSSARY = PLACE / "book_contents.md", PLACE / "glossary.md"
PAGE = string.Template((PLACE / "book_page.html").read_text(encoding="utf-8"))
SIGN = '<meta name="generator" content="embedding_tutorial.lessons.book">'  # an earlier book is known by it
EXPORTER = HTMLExporter(
    template_name="basic", exclude_input_prompt=True, exclude_output_prompt=True, exclude_anchor_links=True
)
# A line break between two Chinese characters is none; browsers would show a blank there.
_WRAPPED = re.compile(r"(?<=[\u2014\u2018-\u201d\u3000-\u9fff\uff00-\uffef])\n(?=[\u2014\u2018-\u201d\u3000-\u9fff])")


def write_book(directory: Path, language: str = "both", lessons: Sequence[Path] = tuple(LESSONS)) -> None:
    """Run lessons and write what they say and show.

    All is written beside ``directory`` first and moved when it is whole. An earlier book there is
    replaced, unless somebody has worked in it since.

    Args:
        directory: must be new, empty, or hold an earlier book.
        language: of the text: ``zh``, ``en`` or ``both``. The glossary always has both.
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
        raise InputError(f"--book {directory}: cannot be written ({error.strerror})") from None
    stops = [("index", "目录 · Contents"), *((path.stem, title(path)) for path in lessons)]
    stops.append(("glossary", "词汇表 · Glossary"))
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
            write_page(book, stops, number, notebook, language)
            print(f"{title(path)}  {time.perf_counter() - started:.1f} s", flush=True)
        write_page(book, stops, len(stops) - 1, read_notebook(GLOSSARY, language), language)
        contents = read_notebook(CONTENTS, language)
        for cell in contents.cells:
            cell.source = cell.source.replace("LESSONS", "\n".join(f"- [{name}]({at}.html)" for at, name in stops[1:]))
        write_page(book, stops, 0, contents, language)  # the last file to be written: see check_place
        if target.exists():
            target.rename(Path(place, "earlier"))
        book.rename(target)
    print(f"Written to {directory}: open {directory / 'index.html'}")


def check_place(directory: Path) -> None:
    """Refuse a directory that holds anything but a book, or a book in which something was changed.

    Raises:
        InputError: says what is in the way.
    """
    if directory.exists() and not directory.is_dir():
        raise InputError(f"--book {directory}: is a file; name a directory")
    if not directory.exists() or not any(directory.iterdir()):
        return
    index = directory / "index.html"
    if not index.is_file() or SIGN not in index.read_text(encoding="utf-8", errors="replace"):
        raise InputError(f"--book {directory}: is not empty and no earlier book; name another")
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path.stat().st_mtime_ns > index.stat().st_mtime_ns:
            changed = path.relative_to(directory)
            raise InputError(f"--book {directory}: {changed} is newer than the book; move it away, or name another")


def read_notebook(path: Path, language: str) -> nbformat.NotebookNode:
    """A lesson as a notebook; text in the other language is left out, and a quotation that both repeat stands once."""
    notebook = jupytext.read(path)
    notebook.cells = [cell for cell in notebook.cells if language in ("both", cell.metadata.get("lang", language))]
    for before, cell in itertools.pairwise(notebook.cells):
        if cell.cell_type == "markdown" and (quotation := re.match(r"(> .*\n)+\n", before.source)):
            cell.source = cell.source.removeprefix(quotation[0])
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"  # the same each time
    return notebook


def run_notebook(notebook: nbformat.NotebookNode, name: str, work: Path) -> None:
    """Run a notebook's cells with this Python and fill in their outputs.

    Args:
        notebook: changed in place.
        name: of the lesson, for the message.
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
        "IPYTHONDIR": str(work / "ipython"),  # not the user's, whose start-up files would run
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # some versions of ipykernel warn of a debugger otherwise
    }
    try:
        client.execute(cwd=str(work), env={**os.environ, **settings})
    except CellExecutionError as error:
        said = ": ".join(filter(None, [error.ename, *error.evalue.splitlines()[:1]]))
        if line := re.search(r"^-+> *\d+ *(.*)$", strip_ansi(error.traceback), re.MULTILINE):
            said += f" at {line[1]}"
        raise InputError(f"{name}, code cell {client.code_cells_executed}: {said}") from None
    except DeadKernelError:
        raise InputError(f"{name}, code cell {client.code_cells_executed}: Python died") from None


def take_pictures(notebook: nbformat.NotebookNode) -> list[str]:
    """The SVG pictures among a notebook's outputs, which become HTML: the page shows them as they are."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    drawn = [output.data for output in outputs if "image/svg+xml" in output.get("data", {})]
    for data in drawn:
        data["text/html"] = data["image/svg+xml"]
    return [data["text/html"] for data in drawn]


def write_page(
    book: Path, stops: Sequence[tuple[str, str]], number: int, notebook: nbformat.NotebookNode, language: str
) -> None:
    """Write one HTML page, with links to the one before, the contents, and the one after.

    Args:
        book: where to.
        stops: file name (without .html) and title of all pages, in order; the contents are the first.
        number: which of them.
        notebook: what it shows.
        language: of the text.
    """
    for cell in notebook.cells:
        cell.metadata["tags"] = [cell.metadata.get("lang", "all")]  # becomes a class, for the style sheet
    body = EXPORTER.from_notebook_node(notebook)[0]
    body = re.sub(r"<(p|li)>.*?</\1>", lambda found: _WRAPPED.sub("", found[0]), body, flags=re.DOTALL)
    neighbours = {"before": number - 1, "after": number + 1}
    links = {place: stops[at] for place, at in neighbours.items() if 0 < at < len(stops)}
    page = PAGE.substitute(
        language="en" if language == "en" else "zh-Hans",
        sign=SIGN,
        title=html.escape(stops[number][1]),
        colours=HtmlFormatter(style="default").get_style_defs(".highlight"),
        links="".join(f'<a class="{place}" href="{at}.html">{html.escape(n)}</a>' for place, (at, n) in links.items()),
        body=body,
        stem=stops[number][0],
    )
    (book / f"{stops[number][0]}.html").write_text(page, encoding="utf-8")
