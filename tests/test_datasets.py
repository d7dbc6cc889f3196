"""What datasets/README.md says of the shipped corpus, counted."""

import importlib.util

import pytest
from conftest import REPOSITORY

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.text.files import read_sentences

pytestmark = pytest.mark.shipped
spec = importlib.util.spec_from_file_location("check", REPOSITORY / "datasets" / "check.py")
check = importlib.util.module_from_spec(spec)
spec.loader.exec_module(check)


@pytest.fixture(scope="module")
def lines():
    return check.read_lines()


def test_the_corpus_keeps_its_rules(lines):
    assert check.broken_rules(lines) == []


def test_the_readme_s_tables_are_counted(lines):
    assert check.tables(lines) in (REPOSITORY / "datasets" / "README.md").read_text(encoding="utf-8")


def test_it_has_the_size_that_was_planned(lines):
    assert len(lines) == pytest.approx(3800, rel=0.1)
    chinese = sum("\u4e00" <= character <= "\u9fff" for line in lines for character in line)
    assert chinese == pytest.approx(60_000, rel=0.1)
    assert sum(12 <= len(line) <= 22 for line in lines) > len(lines) / 2


def test_a_line_is_a_sentence(lines):
    assert all(line == line.strip() and line[-1] in "。！？…”" for line in lines)
    assert len(read_sentences(TrainingConfig(corpus=check.CORPUS))) <= 1.05 * len(lines)


@pytest.mark.parametrize(
    "line, complaint",
    [
        ("天还没亮，厨房的烟囱里就冒出了青烟。", "stands 2 times"),
        ("春天来了，夏天来了，秋天来了，冬天也来了。" * 200, "of its sentences hold another of its group"),
    ],
)
def test_a_broken_rule_is_noticed(lines, line, complaint):
    assert any(complaint in broken for broken in check.broken_rules([*lines, line]))


def test_templates_are_noticed(lines):
    written = [f"{name}在河边慢慢地走着。" for name in "甲乙丙丁"]
    assert any("stands in 4 sentences" in broken for broken in check.broken_rules([*lines, *written]))
    openings = [f"从前有个{chr(0x4E00 + i)}" for i in range(60)]
    assert any("sentences open with 从前有个" in broken for broken in check.broken_rules([*lines, *openings]))


def test_a_rare_member_is_noticed(lines):
    without = [line for line in lines if "王妃" not in line]
    broken = check.broken_rules(without)
    assert "王妃 stands 0 times, fewer than 120" in broken and "words 王妃 stands fewer than 40 times" in broken
