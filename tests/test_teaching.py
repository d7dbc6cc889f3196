"""The two TEACHING files say the same: commands, headings, figures, and files that are there."""

import re

import pytest
from conftest import REPOSITORY

from embedding_tutorial.lessons.live import PLACE as LIVE
from embedding_tutorial.lessons.runner import PLACE as LESSONS

FILES = ("TEACHING.md", "TEACHING.zh-CN.md")


def read(name):
    return (REPOSITORY / name).read_text(encoding="utf-8")


def commands(text):
    """Those in blocks, without their comments, and those inside a sentence."""
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line.split("  #")[0].strip() for line in "".join(blocks).splitlines()]
    return [line for line in lines if line and line[0] != "#"], sorted(re.findall(r"`(python [^`]+|pip [^`]+)`", text))


@pytest.mark.parametrize(
    "found",
    [
        commands,
        lambda text: re.findall(r"^#+(?= )", text, re.MULTILINE),
        lambda text: [len(re.findall(sign, text, re.MULTILINE)) for sign in (r"^\|", r"^\d+\. ", "^- ")],
        lambda text: sorted(re.findall(r"\d+\.\d{2,}|\d+,\d+", text)),
        lambda text: sorted(re.findall(r"`([\w./-]+_[\w./-]+)`", text)),
    ],
    ids=["commands", "headings", "rows, steps and questions", "figures", "files"],
)
def test_both_files_have_the_same(found):
    english, chinese = map(found, map(read, FILES))
    assert english == chinese and all(english)


@pytest.mark.parametrize("name", FILES)
def test_what_is_named_is_there(name):
    text = read(name)
    headings = {re.sub(r"[^\w\s-]", "", line.lower()).replace(" ", "-") for line in re.findall(r"^#+ (.+)", text, re.M)}
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (link[1:] in headings) if link[0] == "#" else (REPOSITORY / link).is_file(), link
    pages = re.findall(r"`(live_\w+\.html)`", text)
    assert pages == sorted(path.name for path in LIVE.glob("live_*.html"))
    for lesson in re.findall(r"`(lesson_\w+)_\d`", text):
        assert (LESSONS / f"{lesson}.py").is_file()
