"""The two READMEs: same commands, same links, nothing that is not there, and every command runs."""

import importlib.util
import re
import shlex
import shutil

import pytest
from conftest import REPOSITORY, run_python, run_train

from embedding_tutorial.pictures.sprites import HOW_TO_GET_A_FONT
from embedding_tutorial.text.tokenizers import tokenize

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
    assert blocks(english, "python") == blocks(chinese, "python")
    assert len(re.findall("^#", english, re.MULTILINE)) == len(re.findall("^#", chinese, re.MULTILINE))


@pytest.mark.parametrize("name", READMES)
def test_every_link_and_module_is_there(name):
    links = [link for link in re.findall(r"\]\(([^)]+)\)", read(name)) if not link.startswith("http")]
    assert [link for link in links if not (REPOSITORY / link).exists()] == [], f"{name} links to what is not there"
    package = REPOSITORY / "embedding_tutorial"
    modules = {f"embedding_tutorial/{path.name}" for path in package.glob("*.py")} - {"embedding_tutorial/__init__.py"}
    rooms = {f"embedding_tutorial/{path.parent.name}/" for path in package.glob("*/__init__.py")}
    assert modules | rooms <= {*links}


def test_the_printed_lines_are_those_of_the_command(finished_run):
    """Numbers and tokens differ from run to run; what stands around them does not."""
    _, printed = finished_run
    shown = blocks(read("README.md"), "text")[0]

    both = "For one of the two alone: --tokens words, or --tokens characters\n"
    assert both in shown  # printed after the default runs only

    def skeleton(text):
        kept = []
        for line in text.replace(HOW_TO_GET_A_FONT + "\n", "").strip().splitlines():
            line = re.sub(r"^(.*?): ([\d,]+) sentences.*", "FILE: N sentences", line)
            line = re.sub(r"\b(words|characters)\b", "tokens", line)
            line = re.sub(r"[\d,.]+", "N", re.sub(r"\S*tensorboard --logdir \S+", "tensorboard", line))
            line = re.sub(r"^Written to \S+:", "Written to DIR:", line)
            kept.append("TABLE" if re.match(r"^  .+?  (before|after)", line) else re.sub(r"  +", "  ", line))
        return list(dict.fromkeys(kept))

    assert skeleton(printed) == skeleton(shown.replace(both, ""))


def test_the_gate_finds_its_two_commands():
    found = [line for line in read("README.md").splitlines() if line.startswith("python3 -m venv ")]
    assert len(found) == 2 and found[0].endswith("train.py") and found[1].endswith("pytest")


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Where somebody stands who has run ``train.py`` and brings texts of their own."""
    place = tmp_path_factory.mktemp("reader")
    assert run_train(cwd=place).returncode == 0
    text = (REPOSITORY / "datasets" / "palace.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    (place / "my.txt").write_text("".join(text[:600]), encoding="utf-8")
    (place / "more.txt").write_text("".join(text[:900]), encoding="utf-8")
    cut = (" ".join(tokenize(line, "words")) for line in text[:600])
    (place / "seg.txt").write_text("\n".join(cut), encoding="utf-8")
    for name in "ab":
        shutil.copytree(place / "runs" / "palace-characters", place / "runs" / name)
    return place


def run_line(line, place):
    """A command of the README, as far as a test can run it; ``None`` for what others run or what never ends."""
    words = shlex.split(line)
    needs_plotly = "map" in words and importlib.util.find_spec("plotly") is None
    if words[:1] != [".venv/bin/python"] or {"pytest", "tensorboard", "--quick"} & set(words) or needs_plotly:
        return None
    if words[1] == "train.py":
        return run_train(*words[2:], cwd=place)
    return run_python(*words[1:], cwd=place)


@pytest.mark.shipped
@pytest.mark.long
def test_every_command_runs(reader):
    ran = 0
    for line in commands(read("README.md")):
        done = run_line(line, reader)
        if done is not None:
            assert done.returncode == 0, f"{line}: {done.stderr}"
            ran += 1
    for code in blocks(read("README.md"), "python"):
        done = run_python("-c", code, cwd=reader)
        assert done.returncode == 0, done.stderr
    assert ran >= 12  # one fewer without plotly


@pytest.mark.shipped
@pytest.mark.long
def test_every_printed_answer_looks_like_the_command_s(reader):
    """Numbers and neighbours differ from one processor to another; columns and the number of lines do not."""
    answers = re.findall(r"^\$ (.+)\n((?:(?!\$ |```).*\n)+)", read("README.md"), re.MULTILINE)
    assert len(answers) >= 2
    for line, shown in answers:
        printed = run_line(line, reader).stdout
        assert len(printed.splitlines()) == len(shown.splitlines())
        for ours, theirs in zip(printed.splitlines(), shown.splitlines(), strict=True):
            assert len(ours.split()) == len(theirs.split())
            words = [word for word in ours.split() if re.fullmatch(r"[a-z:]+", word)]
            assert words == [word for word in theirs.split() if re.fullmatch(r"[a-z:]+", word)]
