"""README's section "As a template", done: another name, another text, other groups; and what must hold then."""

import os
import random
import re
import shutil
import subprocess
import sys

import pytest
from conftest import REPOSITORY

COURT = "the queen and her princess wear one silver crown in their palace".split()
FARM = "one farmer feeds his cow some grass near the red barn".split()
GROUPS = {"court": COURT[:6], "farm": FARM[:6]}


def sentences() -> str:
    draw = random.Random(1)
    lines = (" ".join(draw.choices(world, k=draw.randint(5, 11))) for world in (COURT, FARM) * 1000)
    return "".join(f"{line.capitalize()}.\n" for line in lines)


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="README's commands are for GNU sed")
def test_a_copy_with_another_name_and_text_works_and_its_tests_are_green(tmp_path):
    place = tmp_path / "copy"
    shutil.copytree(REPOSITORY, place, ignore=shutil.ignore_patterns(".*", "runs", "installed", "elsewhere"))
    section = re.search(r"## As a template\n.*?```sh\n(.*?)```", (place / "README.md").read_text("utf-8"), re.DOTALL)
    subprocess.run(["bash", "-euo", "pipefail", "-c", section[1]], cwd=place, check=True)
    (place / "datasets" / "palace.txt").write_text(sentences(), encoding="utf-8")
    groups = "".join(f"{group}\t{token}\n" for group, tokens in GROUPS.items() for token in tokens)
    (place / "datasets" / "categories.tsv").write_text(groups, encoding="utf-8")

    def python(*arguments: str) -> str:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(
            [sys.executable, *arguments], cwd=place, env=environment, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    printed = python("train.py", "--epochs", "2")
    assert "2,000 sentences" in printed and "Nearest words" in printed and "Nearest characters" in printed
    assert "category agreement" in python("-m", "my_vectors", "evaluate", "--run", "runs/palace-words")
    left = subprocess.run(
        ["grep", "-rlE", "embedding[-_]tutorial", "--include=*.py", "--include=*.toml", "."],
        cwd=place,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert left.stdout == ""
    of_the_engine = ["tests/text", "tests/vectors", "tests/model", "tests/test_imports.py", "tests/test_install.py"]
    python("-m", "pytest", "-m", "not long and not shipped", *of_the_engine, "tests/test_learn.py", "tests/test_ask.py")
