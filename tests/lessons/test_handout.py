"""The teacher's zip: the book as it is, slides from its pictures, the exercises' questions to be printed."""

import re
import zipfile

import pytest
from conftest import run_python

from embedding_tutorial.config import InputError
from embedding_tutorial.lessons.runner import LESSONS, PLACE, read_cells, title

SOME = LESSONS[2:5]


@pytest.fixture(scope="module")
def handout():
    for library in ("jupytext", "nbclient", "nbconvert", "ipykernel", "plotly", "sklearn"):
        pytest.importorskip(library, reason=f"{library} is not installed: requirements-optional.txt")
    from embedding_tutorial.lessons import handout

    return handout


@pytest.fixture
def book(tmp_path):
    """Some files of a book: the pictures that are slides, a page, a notebook."""
    directory = tmp_path / "book"
    (directory / "pictures").mkdir(parents=True)
    (directory / "notebooks").mkdir()
    for line in (PLACE / "slides.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        picture = line.split("\t")[0]
        drawing = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text>{picture}</text></svg>'
        (directory / "pictures" / f"{picture}.svg").write_text(drawing, encoding="utf-8")
    (directory / "index.html").write_text("<h1>目录</h1>", encoding="utf-8")
    (directory / "notebooks" / "lesson.ipynb").write_text("{}", encoding="utf-8")
    return directory


def test_the_zip_holds_the_book_slides_and_a_worksheet(handout, book, tmp_path):
    handout.write_zip(tmp_path / "new" / "class.zip", book, "zh", SOME)
    with zipfile.ZipFile(tmp_path / "new" / "class.zip") as packed:
        assert packed.testzip() is None
        found = {name: packed.read(name) for name in packed.namelist()}
    files = {f"book/{path.relative_to(book).as_posix()}": path for path in book.rglob("*") if path.is_file()}
    assert found.keys() == files.keys() | {"slides.html", "worksheet.html"}
    assert all(found[name] == path.read_bytes() for name, path in files.items())
    for page in (found["slides.html"].decode(), found["worksheet.html"].decode()):
        assert not re.search(r"\b(src|href)=|@import|url\(|\$[a-z]", page)  # loads nothing; no hole is left
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["class.zip"]


@pytest.mark.parametrize(("language", "sentences"), [("zh", 1), ("en", 1), ("both", 2)])
def test_a_slide_is_a_picture_and_a_sentence(handout, book, language, sentences):
    page = handout.slides(book / "pictures", language, SOME)
    slides = re.findall(r"<section>(.*?)</section>", page, re.DOTALL)
    names = [re.search(r"<text>(.*)_\d</text>", slide)[1] for slide in slides]
    assert list(dict.fromkeys(names)) == [path.stem for path in SOME]
    for slide, name in zip(slides, names, strict=True):
        assert slide.count("<svg") == 1 and slide.count("<p>") == sentences
        assert f"<h1>{title(PLACE / f'{name}.py', language)}</h1>" in slide
    visible = re.sub(r"<(style|script|svg).*?</\1>|<[^>]+>|公主?|主|\(.*?\)", "", page, flags=re.DOTALL)
    assert (language == "zh") == (not re.search(r"[A-Za-z]{2,}", visible))
    assert (language == "en") == (not re.search(r"[\u4e00-\u9fff]", visible))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_worksheet_asks_each_question(handout, language):
    page = handout.worksheet(language, LESSONS)
    asked = page.split("<h2>")[1:]
    assert len(asked) == len(LESSONS)
    for lesson, part in zip(LESSONS, asked, strict=True):
        code = "\n".join(cell.source for cell in read_cells(lesson) if not cell.is_text)
        assert part.startswith(title(lesson, language)) and part.count("<li>") == code.count("\ncheck(")
    assert "--check" not in page  # how to check is no question


def test_each_lesson_has_a_slide_in_both_languages(handout):
    pictures, chinese, english = zip(*handout.SLIDES, strict=True)
    lessons = [picture.rpartition("_")[0] for picture in pictures]
    assert list(dict.fromkeys(lessons)) == [path.stem for path in LESSONS] and list(pictures) == sorted(pictures)
    assert all(re.fullmatch(r".*[\u4e00-\u9fff].*。", sentence) for sentence in chinese)
    assert all(re.fullmatch(r"[A-Z].*[a-z].*\.", sentence) for sentence in english)


def test_a_file_that_is_there_is_refused_before_the_book_is_made(handout, tmp_path):
    (tmp_path / "class.zip").write_text("mine", encoding="utf-8")
    done = run_python("-m", "embedding_tutorial.lessons", "--zip", "class.zip", "--lang", "en", cwd=tmp_path, LANG="C")
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr == "lessons: error: --zip class.zip: is there already; name another\n"
    assert (tmp_path / "class.zip").read_text(encoding="utf-8") == "mine"
    with pytest.raises(InputError, match=r"cannot be written|写不进去"):
        handout.write_zip(tmp_path / "class.zip" / "other.zip", tmp_path)


def test_in_the_browser_arrow_keys_turn_the_slides(handout, book, page, tmp_path):
    (tmp_path / "slides.html").write_text(handout.slides(book / "pictures", "zh", SOME), encoding="utf-8")
    page.goto((tmp_path / "slides.html").as_uri())
    count = page.locator("section").count()

    def shown():
        assert page.locator("section:visible").count() == 1
        return page.locator("footer").inner_text()

    assert shown() == f"1 / {count}"
    for key, number in (("ArrowRight", 2), (" ", 3), ("ArrowLeft", 2), ("End", count), ("ArrowRight", count)):
        page.keyboard.press(key)
        page.wait_for_function(f"document.querySelector('footer').textContent === '{number} / {count}'")
        assert shown() == f"{number} / {count}"
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
