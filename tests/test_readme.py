"""The two READMEs: same commands, same links, nothing that is not there."""

import re

import pytest
from conftest import REPOSITORY

from embedding_tutorial.sprites import HOW_TO_GET_A_FONT

READMES = ("README.md", "README.zh-CN.md")


def read(name):
    return (REPOSITORY / name).read_text(encoding="utf-8")


def blocks(text, language):
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def commands(text):
    lines = "\n".join(blocks(text, "sh")).splitlines()
    return [line.split("  #")[0].strip().replace("--lang zh", "--lang en") for line in lines]


def test_both_readmes_hold_the_same_commands_and_output():
    english, chinese = map(read, READMES)
    assert commands(english) == commands(chinese)
    assert blocks(english, "text") == blocks(chinese, "text")
    assert len(re.findall("^#", english, re.MULTILINE)) == len(re.findall("^#", chinese, re.MULTILINE))


@pytest.mark.parametrize("name", READMES)
def test_every_link_and_module_is_there(name):
    links = [link for link in re.findall(r"\]\(([^)]+)\)", read(name)) if not link.startswith("http")]
    assert links and all((REPOSITORY / link).exists() for link in links)
    modules = {path.name for path in (REPOSITORY / "embedding_tutorial").glob("*.py")} - {"__init__.py", "quiet.py"}
    assert all(f"embedding_tutorial/{module}" in links for module in modules - {"encoding.py"})


def test_the_printed_lines_are_those_of_the_command(finished_run):
    """Numbers and tokens differ from run to run; what stands around them does not."""
    _, printed = finished_run
    shown = blocks(read("README.md"), "text")[0]

    def skeleton(text):
        kept = []
        for line in text.replace(HOW_TO_GET_A_FONT + "\n", "").strip().splitlines():
            line = re.sub(r"^(.*?): ([\d,]+) sentences.*", "FILE: N sentences", line)
            line = re.sub(r"[\d,.]+", "N", re.sub(r"\S*tensorboard --logdir \S+", "tensorboard", line))
            line = re.sub(r"^Written to \S+:", "Written to DIR:", line)
            kept.append("TABLE" if re.match(r"^  .+?  (before|after)", line) else re.sub(r"  +", "  ", line))
        return list(dict.fromkeys(kept))

    assert skeleton(printed) == skeleton(shown)


def test_the_gate_finds_its_two_commands():
    found = [line for line in read("README.md").splitlines() if line.startswith("python3 -m venv ")]
    assert len(found) == 2 and found[0].endswith("train.py") and found[1].endswith("pytest")
