"""The check of each exercise takes right answers of any fitting type, refuses wrong ones, and says why."""

import re

import numpy as np
import pytest
from conftest import run_python
from wrong_answers import WRONG

from embedding_tutorial.config import InputError
from embedding_tutorial.lessons import answers, exercise_edges, exercise_hints, exercises, runner
from embedding_tutorial.lessons.language import LANGUAGE

NAMES = list(exercises.INPUTS)


@pytest.fixture(params=["zh", "en"])
def language(request, monkeypatch):
    monkeypatch.setenv(LANGUAGE, request.param)
    return request.param


def said(capsys, name, function):
    exercises.check(name, function)
    return capsys.readouterr().out


def test_exercises_answers_edges_and_hints_are_in_the_order_of_the_lessons():
    asked = re.findall(r'check\("(\w+)"', "\n".join(path.read_text(encoding="utf-8") for path in runner.LESSONS))
    defined = [name for name, value in vars(answers).items() if getattr(value, "__module__", "") == answers.__name__]
    assert asked == NAMES == defined == list(exercise_edges.EDGES) == list(exercise_hints.HINTS)


@pytest.mark.parametrize("name", NAMES)
def test_a_right_answer_passes_whatever_its_type(name, capsys):
    answer = getattr(answers, name)
    as_other_types = {
        "array": lambda *inputs: np.asarray(answer(*inputs)),
        "list": lambda *inputs: np.asarray(answer(*inputs)).tolist(),
        "tuple": lambda *inputs: tuple(right) if isinstance(right := answer(*inputs), list) else right,
        "float": lambda *inputs: right if isinstance(right := answer(*inputs), str) else np.asarray(right, float),
    }
    if isinstance(answer(*exercises.inputs_of(name)[0]), str):
        as_other_types = {"str": answer, "np.str_": lambda *inputs: np.str_(answer(*inputs))}
    for kind, function in as_other_types.items():
        assert said(capsys, name, function).startswith("✓"), kind


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_answer_is_refused(name, capsys, language):
    assert len(WRONG[name]) >= 3
    for number, function in enumerate(WRONG[name]):
        shown = said(capsys, name, function)
        assert shown.startswith("✗"), f"wrong answer {number} passes"
        assert ("应得" in shown) == (language == "zh") and ("expected" in shown) == (language == "en")


def test_inputs_are_the_same_in_each_call_and_no_function_can_change_them(capsys):
    def spoils(a, b):
        a[:] = 0
        return 1.5

    assert said(capsys, "dot", spoils) == said(capsys, "dot", spoils)
    for name in NAMES:
        assert repr(exercises.inputs_of(name)) == repr(exercises.inputs_of(name))


def test_the_smallest_failing_input_is_shown_as_code_that_runs(capsys, language):
    def my_dot(a, b):
        return a @ b + 1 if len(a) > 2 else a @ b

    shown = said(capsys, "dot", my_dot)
    call, expected, got = re.fullmatch(r"✗ dot: (.*)\n +\w+ +(.*)\n +\w+ +(.*)\n", shown).groups()
    assert eval(call) == pytest.approx(float(got)) == pytest.approx(float(expected) + 1)
    smallest = min(len(a) for a, _ in exercises.inputs_of("dot") if len(a) > 2)
    assert call.count(",") == 2 * smallest - 1


@pytest.mark.parametrize(
    ("body", "mark", "zh", "en"),
    [
        ("return None", "○", "还没有写", "not written yet"),
        ("pass", "○", "还没有写", "not written yet"),
        ("'Later.'", "○", "还没有写", "not written yet"),
        ("total = sum(a * b)", "✗", "少了 return", "is the return missing"),
        ("if len(a) > 1: return a @ b", "✗", "少了 return", "is the return missing"),
        ("return 0", "✗", "应得 6.0", "expected 6.0"),
        ("return str(a @ b)", "✗", "要的是一个数，不是 str", "wanted is a number, not str"),
        ("return {a @ b}", "✗", "要的是一个数，不是 set", "wanted is a number, not set"),
        ("return a * b", "✗", "形状应是 ()，不是 (1,)", "the shape must be (), not (1,)"),
        ("return [[1, 2], [3]]", "✗", "得到 [[1, 2], [3]]", "got      [[1, 2], [3]]"),
        ("print('a:', a)", "✗", "它打印了：a: [2.]", "it printed: a: [2.]"),
        ("\n    return c", "✗", "第 3 行", "line 3"),
    ],
)
def test_the_check_says_what_is_wrong(body, mark, zh, en, capsys, language):
    names = {}
    exec(compile(f"def my_dot(a, b):\n    {body}", "mine.py", "exec"), names)
    shown = said(capsys, "dot", names["my_dot"])
    assert shown.startswith(mark) and {"zh": zh, "en": en}[language] in shown


def test_the_wanted_type_is_named(capsys, monkeypatch):
    monkeypatch.setenv(LANGUAGE, "en")
    assert "wanted is a list or an array of numbers, not set" in said(capsys, "rows_that_move", lambda ids: set(ids))
    assert "wanted is True or False, not str" in said(capsys, "same_sum", lambda a, b: "yes")
    assert "wanted is a string, not list" in said(capsys, "label_of_row", lambda lines, row: lines)


def test_without_a_flag_the_language_is_that_of_the_system(capsys, monkeypatch):
    for name in (LANGUAGE, "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for system, words in (("Chinese (Simplified)_China", "还没有写"), ("en_US", "not written yet")):  # as on Windows
        monkeypatch.setattr("locale.getlocale", lambda system=system: (system, "UTF-8"))
        assert words in said(capsys, "dot", lambda a, b: None)
    for system, words in (("zh_CN.UTF-8", "还没有写"), ("de_DE.UTF-8", "not written yet"), ("C", "not written yet")):
        monkeypatch.setenv("LANG", system)
        assert words in said(capsys, "dot", lambda a, b: None)


@pytest.mark.parametrize("name", NAMES)
def test_there_are_two_hints_in_both_languages(name, capsys, language):
    exercises.hint(name)
    exercises.hint(name, 2)
    first, second = capsys.readouterr().out.splitlines()
    word = {"zh": "提示", "en": "hint"}[language]
    assert first.startswith(f"    {word} 1: ") and second.startswith(f"    {word} 2: ") and first[12:] != second[12:]
    both = re.sub(r"`[^`]*`", "", first[10:] + second[10:])
    assert not re.search({"zh": r"[A-Za-z]{2,}(?: [A-Za-z]{2,}){2}", "en": r"[\u4e00-\u9fff]"}[language], both)


@pytest.mark.parametrize("path", runner.LESSONS, ids=lambda path: path.stem)
def test_exercises_run_without_their_lesson(path, capsys, monkeypatch):
    monkeypatch.setattr("embedding_tutorial.quiet.import_keras_quietly", lambda: pytest.fail("Keras is imported"))
    runner.check_exercises(int(path.stem.split("_")[1]))
    first, *results = capsys.readouterr().out.splitlines()
    assert first == runner.title(path)
    assert [line[0] for line in results] == ["○"] * len(results) and 2 <= len(results) <= 3


def test_on_the_command_line_exercises_are_checked_and_hints_given(tmp_path):
    def run(*arguments):
        done = run_python("-X", "importtime", "-m", "embedding_tutorial.lessons", *arguments, cwd=tmp_path)
        assert done.returncode == 0 and not re.search(r"\| +(keras|tensorflow)\n", done.stderr)
        return done.stdout.splitlines()[1:]

    assert len(run(11, "--check", "--lang", "en")) == 3
    one, two = run(11, "--hint", "--lang", "zh"), run(11, "--hint", "--hint", "--lang", "zh")
    assert [line.strip()[:4] for line in one[:2]] == ["○ ne", "提示 1"] and len(one) == 6
    assert [line.strip()[:4] for line in two[:3]] == ["○ ne", "提示 1", "提示 2"] and len(two) == 9
    assert sum(line.startswith("○") for line in run("--check")) == len(NAMES)


def test_a_forgotten_colon_is_reported_in_its_line(monkeypatch, tmp_path):
    text = runner.LESSONS[0].read_text(encoding="utf-8")
    broken = text.replace("def my_dot(a, b):", "def my_dot(a, b)")
    path = tmp_path / runner.LESSONS[0].name
    path.write_text(broken, encoding="utf-8")
    monkeypatch.setattr(runner, "LESSONS", [path])
    line = broken.splitlines().index("def my_dot(a, b)") + 1
    with pytest.raises(InputError, match=rf"lesson_01_one_hot.py, line {line}: expected ':': def my_dot\(a, b\)"):
        runner.check_exercises(1)
