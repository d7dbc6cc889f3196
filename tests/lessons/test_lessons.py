"""Each lesson runs as a newcomer runs it, asks before it answers, and names the line of an error."""

import re
import subprocess
import sys
import time

import pytest
from conftest import REPOSITORY, in_a_terminal, run_python

from embedding_tutorial.config import InputError
from embedding_tutorial.lessons import exercises, runner
from embedding_tutorial.lessons.runner import LESSONS, asks, read_cells, title

NUMBERS = [int(path.stem.split("_")[1]) for path in LESSONS]
WITHOUT_KERAS = range(1, 6)
NAMES = """deep learning is very Keras Embedding Dense CNN RNN GRU SGD Adam AdamW RowwiseAdagrad momentum softmax
vectors.tsv WordVectors.matrix one_hot cut_rows initial_accumulator_value loss val_loss exp NaN CPU PPMI PCA SNE
Spherize""".replace(".", " ").split()
# Files, names of exercises, what Keras prints, what train() refuses.
FROM_MACHINES = (
    r"^(\[图：.*\]|○ \w+: |Model: .*|[┃│].*| (Total|Trainable|Non-trainable) .*|Epoch .*|.*step.*|the layer .*)"
)


def run_lessons(*arguments, cwd):
    return run_python("-m", "embedding_tutorial.lessons", *arguments, cwd=cwd)


def test_the_list_names_every_lesson(tmp_path):
    listed = run_lessons(cwd=tmp_path).stdout.splitlines()
    assert listed == [title(path) for path in LESSONS]
    assert [int(line.split()[0]) for line in listed] == NUMBERS == list(range(1, len(LESSONS) + 1))


# From lesson 11 on they train models, for minutes together; the long test of the book runs them as well.
@pytest.mark.parametrize(
    "number", [*NUMBERS[:10], *(pytest.param(number, marks=pytest.mark.long) for number in NUMBERS[10:])]
)
def test_a_lesson_runs_to_its_end(number, tmp_path):
    started = time.perf_counter()
    done = run_lessons(number, "--lang", "zh", "--pictures", tmp_path, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr == ""
    assert english_in(number, done.stdout, tmp_path) == []
    print(f"lesson {number}: {time.perf_counter() - started:.1f} s")


def english_in(number, printed, pictures):
    """The English words of a Chinese lesson's tables, pictures and text; names, code and quotations are none."""
    cells, shown = read_cells(LESSONS[number - 1], "zh"), f"{printed}\n"
    for cell in cells:
        block = cell.source if cell.is_text else "\n".join(f"    {line}" for line in cell.source.splitlines())
        assert block in shown
        shown = shown.replace(block, "", 1)
    shown = re.sub(FROM_MACHINES, "", shown, flags=re.MULTILINE)
    for picture in pictures.glob("*.svg"):
        shown += " ".join(re.findall(r">([^<>]+)</text>", picture.read_text(encoding="utf-8")))
    text = "\n".join(cell.source for cell in cells if cell.is_text)
    text = re.sub(r"`[^`]*`|^>.*|“[^”]*”|（[^）]*）", "", text, flags=re.MULTILINE)  # （a term in English）
    sentences = re.findall(r"[A-Za-z]{2,}(?: [A-Za-z]{2,})+", text)
    return [word for word in re.findall(r"[A-Za-z_]{3,}", shown) if word not in NAMES] + sentences


@pytest.mark.parametrize("number", NUMBERS)
def test_a_lesson_says_asks_shows_and_asserts(number):
    path = LESSONS[number - 1]
    texts = [cell.source for cell in read_cells(path) if cell.is_text]
    codes = [cell.source for cell in read_cells(path) if not cell.is_text]
    assert sum(code.count("assert ") for code in codes) >= 3
    assert any(text.startswith(f"# {number} ") for text in texts)
    assert any(re.search(r"^> .*[\u4e00-\u9fff]", text, re.MULTILINE) for text in texts), "no sentence of the article"
    for language, guess in (("zh", "先猜后跑"), ("en", "Guess first")):
        own = "\n".join(cell.source for cell in read_cells(path, language) if cell.language == language)
        assert guess in own
    languages = [cell.language for cell in read_cells(path) if cell.is_text and cell.language]
    assert languages[::2] == ["zh"] * (len(languages) // 2) and languages[1::2] == ["en"] * (len(languages) // 2)
    checks = re.findall(r'check\("(\w+)"', "\n".join(codes))
    assert 2 <= len(checks) <= 3, "two or three exercises"
    assert set(checks) <= exercises.INPUTS.keys()


@pytest.mark.parametrize("number", [n for n in NUMBERS if n in WITHOUT_KERAS])
def test_the_first_lessons_need_no_keras(number):
    code = f"import sys; from embedding_tutorial.lessons.runner import run_lesson; run_lesson({number}); "
    code += "assert not {'keras', 'tensorflow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, check=True)


def test_the_runner_speaks_the_language_on_request(tmp_path):
    listed = run_lessons("--lang", "zh", cwd=tmp_path).stdout
    assert listed.splitlines() == [title(path, "zh") for path in LESSONS]
    assert not re.search(r"[A-Za-z]{3,}", listed) and listed.startswith("1 独热编码\n")
    assert run_lessons("--lang", "en", cwd=tmp_path).stdout.startswith("1 One-hot\n2 ")
    refused = run_lessons(99, "--lang", "zh", cwd=tmp_path).stderr
    assert refused == f"lessons: error: 没有第 99 课；有 1 到 {len(LESSONS)}\n"


def test_only_one_language_is_shown_on_request(tmp_path):
    shown = {language: run_lessons(1, "--lang", language, cwd=tmp_path).stdout for language in ("zh", "en", "both")}
    assert "先猜后跑" in shown["zh"] and "Guess first" not in shown["zh"]
    assert "先猜后跑" not in shown["en"] and "Guess first" in shown["en"]
    assert "先猜后跑" in shown["both"] and "Guess first" in shown["both"]


def test_pictures_are_written_alone(tmp_path):
    done = run_lessons(1, "--pictures", tmp_path / "slides", cwd=tmp_path)
    assert done.returncode == 0
    picture = (tmp_path / "slides" / "lesson_01_one_hot_1.svg").read_text(encoding="utf-8")
    assert picture.startswith("<svg") and ">王</text>" in picture


def test_a_lesson_that_is_not_there_is_refused(tmp_path):
    done = run_lessons(99, cwd=tmp_path)
    assert done.returncode != 0 and "no lesson 99; there are 1 to" in done.stderr and "Traceback" not in done.stderr


def test_without_the_packages_it_says_what_to_install(tmp_path):
    done = run_python("-S", "-m", "embedding_tutorial.lessons", cwd=tmp_path)  # -S: nothing that is installed is found
    assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1
    assert "error: Python cannot find " in done.stderr and "pip install -r requirements.txt" in done.stderr


def test_nothing_outside_imports_a_lesson():
    package = REPOSITORY / "embedding_tutorial"
    others = [path for path in package.rglob("*.py") if package / "lessons" not in path.parents]
    assert len(others) > 20
    for path in others:
        assert not re.search(r"^\s*(from|import) .*lessons", path.read_text(encoding="utf-8"), re.MULTILINE), path


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_question_comes_before_its_answer(path, language):
    cells = read_cells(path, language)
    asking = [place for place, cell in enumerate(cells) if cell.is_text and asks(cell.source)]
    assert asking
    for place in asking:
        assert asks(cells[place].source.split("\n\n")[-1]), "the question is the last paragraph"
        assert not cells[place + 1].is_text, "the code that answers follows"
    told = "\n".join(cell.source for cell in cells[: asking[-1]])
    told += "\n".join(cells[asking[-1]].source.split("\n\n")[:-1])
    answers = (
        "点积都是 0",
        "得到的是同一行",
        "几轮以后就不降",
        "dot product 0",
        "same row twice",
        "soon stops falling",
    )
    assert not [answer for answer in answers if answer in told]


@pytest.mark.parametrize(("language", "prompt"), [("zh", "猜好了？按回车"), ("en", "Guessed? Press Enter")])
def test_in_a_terminal_a_lesson_waits_for_a_guess(language, prompt):
    lesson = ("-m", "embedding_tutorial.lessons", 4, "--lang", language)
    shown = in_a_terminal(*lesson, typed="\n")
    assert shown.count(prompt) == 1
    before, after = shown.split(prompt)
    assert {"zh": "先猜后跑", "en": "Guess first"}[language] in before.split("pd.DataFrame(W")[1]
    assert "sparse @ W" in after and "○ matrix_product" in after
    assert prompt not in in_a_terminal(*lesson, "--no-pause", typed="\n")
    assert prompt not in in_a_terminal(*lesson)


def test_ctrl_d_at_a_guess_goes_on():
    assert "○ dot" in in_a_terminal("-m", "embedding_tutorial.lessons", 1, typed="\x04")


def write_lesson(monkeypatch, tmp_path, text):
    path = tmp_path / "lesson_01_mine.py"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setattr(runner, "LESSONS", [path])
    return path


def test_an_error_names_the_line_of_the_file(monkeypatch, tmp_path):
    path = write_lesson(
        monkeypatch, tmp_path, "# %% [markdown]\n# # 1 Mine\n\n# %%\n\nx = 1\n\n\n# %%\ndef f()\n    return 1\n"
    )
    with pytest.raises(InputError) as refused:
        runner.run_lesson(1)
    assert str(refused.value) == f"{path}, line 10: expected ':': def f()"
    write_lesson(monkeypatch, tmp_path, "# %% [markdown]\n# # 1 Mine\n\n# %%\nx = 1\n\n# %%\n\nx / 0\n")
    with pytest.raises(ZeroDivisionError) as failed:
        runner.run_lesson(1)
    assert failed.traceback[-1].lineno + 1 == 9  # pytest counts lines from 0


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_cell_knows_its_line(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    for cell in read_cells(path):
        shown = cell.source.splitlines()[0]
        assert lines[cell.line - 1] == (f"# {shown}" if cell.is_text else shown)
