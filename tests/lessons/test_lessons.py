"""Each lesson runs as a newcomer runs it; each exercise accepts its answer and refuses a wrong one."""

import re
import subprocess
import sys
import time

import numpy as np
import pytest
from conftest import REPOSITORY, run_python

from embedding_tutorial.lessons import answers, exercises
from embedding_tutorial.lessons.runner import LESSONS, read_cells, title

NUMBERS = [int(path.stem.split("_")[1]) for path in LESSONS]
WITHOUT_KERAS = range(1, 6)


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
    done = run_lessons(number, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr == ""
    print(f"lesson {number}: {time.perf_counter() - started:.1f} s")


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


def test_every_exercise_is_asked_somewhere():
    asked = re.findall(r'check\("(\w+)"', "\n".join(path.read_text(encoding="utf-8") for path in LESSONS))
    assert sorted(asked) == sorted(exercises.INPUTS)


@pytest.mark.parametrize("name", exercises.INPUTS)
def test_the_answer_is_right_and_a_wrong_one_is_not(name, capsys):
    answer = getattr(answers, name)
    exercises.check(name, answer, seed=0)
    assert capsys.readouterr().out.startswith("✓")

    def spoiled(*inputs):
        right = answer(*inputs)
        if isinstance(right, bool):
            return not right
        if isinstance(right, str):
            return right + "?"
        if isinstance(right, list | tuple | set | dict):
            return type(right)()
        return np.asarray(right) + 1

    for wrong, mark in (
        (spoiled, "✗"),
        (lambda *_: None, "○"),
        (lambda *_: 1 / 0, "✗"),
        (lambda *_: np.zeros((7, 7, 7)), "✗"),
    ):
        exercises.check(name, wrong, seed=0)
        assert capsys.readouterr().out.startswith(mark)


def test_the_hint_names_the_first_row_that_differs(capsys):
    def last_column_wrong(a, b):
        return answers.dot(a, b) + 0.5

    exercises.check("dot", last_column_wrong, seed=0)
    assert "expected" in capsys.readouterr().out


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
