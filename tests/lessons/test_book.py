"""The lessons as a book: notebooks with outputs, pages that load nothing, refusals."""

import itertools
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import run_python

from embedding_tutorial.config import InputError
from embedding_tutorial.lessons.runner import LESSONS, PLACE, asks, read_cells, title

QUICK = LESSONS[:4]
LIVE = ["live_3_lookup"]  # belongs to lesson 4
AFTER = ["文章逐句 · Sentence by sentence", "词汇表 · Glossary"]
WORDS = """独热编码 稠密 稀疏 词元 字 词 词表 语料库 嵌入层 嵌入矩阵 查表 中心词 上下文词 窗口 带状矩阵 跳元模型
连续词袋 负采样 噪声词 轮 小批量 填充 全连接层 反向传播 隐含特征 分布假设 余弦相似度 近邻 类比 微调 冻结 留出集 过拟合
部首 减均值再归一化 运行目录 token vocabulary vocabulary_size embedding_dim window center context negatives
embedding_matrix most_similar epoch skip-gram CBOW radical Spherize""".split()


@pytest.fixture(scope="module")
def book():
    """The module, if its libraries are installed."""
    for library in ("jupytext", "nbclient", "nbconvert", "ipykernel"):
        pytest.importorskip(library, reason=f"{library} is not installed: requirements-optional.txt")
    from embedding_tutorial.lessons import book

    return book


@pytest.fixture(scope="module")
def written(book, tmp_path_factory):
    directory = tmp_path_factory.mktemp("a place with blanks 和中文") / "new" / "book"
    book.write_book(directory, "both", QUICK)
    return directory


def run_book(directory, *arguments, cwd, before=""):
    """Run ``python -m embedding_tutorial.lessons --book DIRECTORY`` after a line of Python."""
    code = f"import runpy, sys; {before}\nrunpy.run_module('embedding_tutorial.lessons', run_name='__main__')"
    return run_python("-c", code, "--book", directory, *arguments, cwd=cwd, timeout=1800)


class Page(HTMLParser):
    """What a page links to, and what it loads."""

    def __init__(self, path: Path):
        super().__init__()
        self.links, self.loads, self.text = [], [], path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "a":
            self.links.append(found["href"])
        else:
            self.loads += [found[name] for name in ("src", "href", "data", "srcset", "xlink:href") if name in found]
        if tag == "script":
            self.loads.append("script")


def assert_sound(directory: Path):
    """All links lead to files, the pages load nothing, and no cell printed a warning."""
    for path in set(directory.glob("*.html")) - {directory / "map.html"}:  # see test_map_in_browser.py
        page = Page(path)
        allowed = {"script", "map.html"} if path.stem.startswith("live_") else set()
        assert {load for load in page.loads if not load.startswith("data:")} <= allowed
        assert not re.search(r"@import|url\(", page.text)
        assert "output_stream output_stderr" not in page.text, f"{path.name}: a cell writes to stderr"
        for link in page.links:
            assert re.match(r"https?://", link) or (directory / link.split("#")[0]).is_file(), f"{path.name}: {link}"


@pytest.mark.long
def test_the_book_has_a_page_a_notebook_and_pictures_for_each_lesson(written):
    names = [path.stem for path in QUICK]
    assert sorted(path.name for path in written.iterdir()) == sorted([
        "index.html",
        "article.html",
        "glossary.html",
        "notebooks",
        "pictures",
        *(f"{name}.html" for name in [*names, *LIVE]),
    ])
    assert sorted(path.stem for path in (written / "notebooks").iterdir()) == names
    assert {path.stem[:-2] for path in (written / "pictures").iterdir()} == set(names)
    for path in (written / "pictures").iterdir():
        picture = path.read_text(encoding="utf-8")
        assert picture.startswith("<svg")
        labels = re.findall(r">[^<>]+</text>", picture)
        assert labels and set(labels) <= set(
            re.findall(r">[^<>]+</text>", Page(written / f"{path.stem[:-2]}.html").text)
        )
    assert_sound(written)
    assert not list(written.parent.glob(".book-*"))


@pytest.mark.long
def test_the_contents_list_the_lessons_in_order_and_pages_lead_on(written):
    pages = [f"{name}.html" for name in [*(path.stem for path in QUICK), "article", "glossary", *LIVE]]
    lines = re.findall(r'<li><a href="(.*?)">(.*?)</a></li>', Page(written / "index.html").text)
    assert lines == [*zip(pages, [*map(title, QUICK), *AFTER, "乘法就是查表 · The product is a lookup"], strict=True)]
    for before, name, after in zip(["", *pages], pages, [*pages[1:], ""], strict=False):
        expected = {"index.html", before, after} - {""}
        beside = {
            "lesson_04_sparse_to_dense.html": {"live_3_lookup.html"}
        }  # a lesson and its live page name each other
        beside["live_3_lookup.html"] = {"lesson_04_sparse_to_dense.html"}
        beside["article.html"] = {f"{path.stem}.html" for path in QUICK}  # those of this book only
        expected |= beside.get(name, set())
        assert {link for link in Page(written / name).links if not link.startswith("http")} == expected


@pytest.mark.long
def test_notebooks_hold_the_lesson_and_its_outputs(written):
    import nbformat

    for lesson in QUICK:
        notebook = nbformat.read(written / "notebooks" / f"{lesson.stem}.ipynb", as_version=4)
        nbformat.validate(notebook)
        codes = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert [cell.source for cell in codes] == [cell.source for cell in read_cells(lesson) if not cell.is_text]
        assert [cell.execution_count for cell in codes] == [*range(1, len(codes) + 1)]
        kinds = [output.output_type for cell in codes for output in cell.outputs]
        assert "execute_result" in kinds and "error" not in kinds
        assert not [o.text for cell in codes for o in cell.outputs if o.get("name") == "stderr"]
        (printed,) = codes[-1].outputs  # one block, however many lines were printed
        assert printed.text.startswith("○")  # exercises are the reader's
        page = Page(written / f"{lesson.stem}.html").text
        assert 'class="dataframe"' in page and "<svg" in page and "○" in page


def test_the_answer_to_a_question_is_folded_up_to_the_next_question_or_heading(book):
    for lesson in LESSONS:
        cells = book.read_notebook(lesson, "en").cells
        parts = [(folded, [cell.source for cell in part]) for folded, part in book.sections(cells)]
        assert [source for _, part in parts for source in part] == [cell.source for cell in cells]
        for (before, asking), (folded, answer) in itertools.pairwise(parts):
            if folded:
                assert not before and asks(asking[-1]) and not answer[0].startswith("#")
                assert not any(asks(source) or source.startswith("#") for source in answer)
        assert sum(folded for folded, _ in parts) == sum(asks(cell.source) for cell in cells) >= 1
        assert not parts[-1][0]  # the exercises


@pytest.mark.parametrize(
    ("language", "summary"),
    [
        ("zh", "猜好了？看答案"),
        ("en", "Guessed? See the answer"),
        ("both", "猜好了？看答案 · Guessed? See the answer"),
    ],
)
def test_in_the_browser_the_answer_shows_at_a_click(book, page, tmp_path, language, summary):
    notebook = book.read_notebook(LESSONS[0], language)  # not executed: the code is enough
    book.write_page(tmp_path, [("index", "Contents"), ("one", "One")], 1, book.render(notebook, language), language)
    page.goto((tmp_path / "one.html").as_uri())
    code, exercises = page.get_by_text("sentence = "), page.get_by_text("def my_dot")
    assert not code.first.is_visible() and exercises.is_visible()
    page.get_by_text(summary, exact=True).click()
    assert code.first.is_visible()


@pytest.mark.long
def test_one_language_on_request_and_an_earlier_book_is_replaced(book, tmp_path):
    pages = {}
    for language in ("zh", "en"):
        book.write_book(tmp_path / "book", language, QUICK[:1])
        pages[language] = [
            (tmp_path / "book" / name).read_text(encoding="utf-8")
            for name in (f"{QUICK[0].stem}.html", "index.html", f"notebooks/{QUICK[0].stem}.ipynb")
        ]
    assert [("先猜后跑" in text, "Guess first" in text) for text in pages["zh"][::2]] == [(True, False)] * 2
    assert [("先猜后跑" in text, "Guess first" in text) for text in pages["en"][::2]] == [(False, True)] * 2
    assert "一课一个想法" in pages["zh"][1] and "one idea a lesson" not in pages["zh"][1]
    assert "一课一个想法" not in pages["en"][1] and "one idea a lesson" in pages["en"][1]
    for text in pages["zh"] + pages["en"]:
        assert "LESSONS" not in text and "LIVE" not in text
    assert [path.name for path in tmp_path.iterdir()] == ["book"]


@pytest.mark.long
def test_the_glossary_is_a_page(written):
    page = Page(written / "glossary.html").text
    rows = (PLACE / "glossary.md").read_text(encoding="utf-8").count("<br>")
    assert page.count("<tr>") == rows + 1
    assert "独热编码" in page and "one-hot encoding" in page


def test_the_glossary_has_each_term_in_both_languages_and_its_meaning_in_one(book):
    rows = (PLACE / "glossary.md").read_text(encoding="utf-8").count("<br>")
    for language, chinese, english in (("zh", True, False), ("en", False, True), ("both", True, True)):
        page = book.render_glossary(language)
        assert page.count("<tr>") == rows + 1 and page.count("<td>") == 3 * rows and page.count("<th>") == 3
        assert "<td>独热编码</td>" in page and "<td>one-hot encoding</td>" in page
        assert ("一行里只有一个 1：" in page, "A row with a single 1" in page) == (chinese, english)
        assert ("按课里出现" in page, "In the order" in page) == (chinese, english)
        assert (">意思" in page, "Meaning</th>" in page) == (chinese, english)


@pytest.mark.long
@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("def f():\n    assert 1 == 2, 'no'\n\n\nf()", "AssertionError: no at f()"),
        ("1 +", "SyntaxError: invalid syntax"),
        ("import os\n\nos._exit(1)", "Python died"),
    ],
)
def test_a_cell_that_fails_stops_the_book_in_one_line(book, tmp_path, cell, said):
    lesson = tmp_path / "lesson_99_wrong.py"
    lesson.write_text(f"# %% [markdown]\n# # 99 Wrong\n\n# %%\nprint(1)\n\n# %%\n{cell}\n", encoding="utf-8")
    earlier = tmp_path / "books" / "book"
    earlier.mkdir(parents=True)
    (earlier / "index.html").write_text(book.SIGN, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        book.write_book(earlier, "both", [lesson])
    message = str(refused.value)
    assert message.startswith(f"lesson_99_wrong.py, code cell 2: {said}") and "\n" not in message
    assert [path.name for path in (tmp_path / "books").rglob("*")] == ["book", "index.html"]


@pytest.mark.long
def test_the_whole_book(book, tmp_path):
    done = run_book(tmp_path / "book", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr == ""
    *lines, last = done.stdout.splitlines()
    print(done.stdout)
    assert [line.rsplit("  ", 1)[0] for line in lines] == [*map(title, LESSONS)]
    assert last == f"Written to {tmp_path / 'book'}: open {tmp_path / 'book' / 'index.html'}"
    assert len([*(tmp_path / "book").glob("lesson_*.html")]) == len(LESSONS)
    assert (tmp_path / "book" / "map.html").is_file()
    from embedding_tutorial.lessons.handout import slides

    assert slides(tmp_path / "book" / "pictures", "both", LESSONS).count("<svg") >= len(LESSONS)  # none is missing
    assert_sound(tmp_path / "book")


def test_a_directory_that_holds_something_else_is_refused(book, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "index.html").write_text("<html>mine</html>", encoding="utf-8")
    with pytest.raises(InputError, match="is not empty and no earlier book; name another"):
        book.write_book(tmp_path / "thesis")
    with pytest.raises(InputError, match="is a file; name a directory"):
        book.write_book(tmp_path / "thesis" / "index.html")
    with pytest.raises(InputError, match="cannot be written"):
        book.write_book(tmp_path / "thesis" / "index.html" / "book")
    assert (tmp_path / "thesis" / "index.html").read_text(encoding="utf-8") == "<html>mine</html>"


def test_refusals_are_in_the_readers_language(book, tmp_path, monkeypatch):
    monkeypatch.setenv("LESSONS_LANG", "zh")
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match=r"不是空的，也不是以前写的书；换一个$"):
        book.write_book(tmp_path)
    with pytest.raises(InputError, match=r"是文件；要写目录名$"):
        book.write_book(tmp_path / "mine.txt")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_notebook_has_the_labels_and_the_heading_of_its_language(book, language):
    for lesson in LESSONS:
        cells = read_cells(lesson, language)
        notebook = book.read_notebook(lesson, language).cells
        assert [cell.source for cell in notebook if cell.cell_type == "code"] == [
            cell.source for cell in cells if not cell.is_text
        ]
        assert notebook[0].source.splitlines()[0] == f"# {title(lesson, language)}"
        assert " · " not in title(lesson, language)


def test_a_book_in_which_somebody_worked_is_refused(book, tmp_path):
    solved = tmp_path / "notebooks" / "lesson_01_one_hot.ipynb"
    solved.parent.mkdir()
    solved.write_text("{}", encoding="utf-8")
    (tmp_path / "index.html").write_text(book.SIGN, encoding="utf-8")
    os.utime(tmp_path / "index.html", (2e9, 2e9))
    book.check_place(tmp_path)
    os.utime(solved, (2e9 + 1, 2e9 + 1))
    with pytest.raises(InputError, match=r"lesson_01_one_hot.ipynb is newer than the book"):
        book.check_place(tmp_path)


def test_on_the_command_line_a_refusal_is_one_line(book, tmp_path):
    (tmp_path / "mine.txt").touch()
    done = run_book(tmp_path, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"lessons: error: --book {tmp_path}: is not empty and no earlier book; name another\n"


@pytest.mark.parametrize("library", ["jupytext", "ipykernel"])
def test_a_missing_library_is_named_with_what_to_do(library, tmp_path):
    done = run_book(tmp_path / "book", cwd=tmp_path, before=f"sys.modules['{library}'] = None")
    assert done.returncode == 1
    assert re.fullmatch(
        r"lessons: error: the book needs \w+: pip install -r requirements-optional.txt\n", done.stderr
    ), done.stderr
    assert not (tmp_path / "book").exists()


def test_the_glossary_has_every_word_used_here_in_both_languages():
    lines = (PLACE / "glossary.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")][2:]
    for chinese, english, meaning in rows:
        in_chinese, in_english = meaning.split("<br>")
        assert re.search(r"[\u4e00-\u9fff]", chinese) and re.search(r"[a-z]", english)
        assert in_chinese.endswith("。") and in_english.endswith(".")
    terms = " ".join(chinese + " " + english for chinese, english, _ in rows)
    assert [word for word in WORDS if word not in terms] == []
    assert len({chinese for chinese, _, _ in rows}) == len(rows)
