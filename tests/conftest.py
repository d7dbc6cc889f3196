"""Shared by all tests: a tiny text with two worlds, and one run directory trained on it."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
REPOSITORY = Path(__file__).resolve().parent.parent

COURT = "王妃皇后宫殿袍冠"
FARM = "牛羊鸡鸭田谷锄草"


def two_worlds(sentences: int = 400) -> str:
    """Sentences that hold characters of the court only, or of the farm only: an answer known beforehand."""
    draw = random.Random(7)
    lines = ("".join(draw.choices(world, k=draw.randint(4, 12))) for world in (COURT, FARM) * (sentences // 2))
    return "\n".join(lines) + "\n"


def run_train(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess:
    """``python train.py ARGUMENTS`` as a user would run it."""
    return subprocess.run(
        [sys.executable, str(REPOSITORY / "train.py"), *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory) -> tuple[Path, str]:
    """A run directory made by the command line in the default ``runs/``, and what was printed."""
    place = tmp_path_factory.mktemp("a place with blanks 和中文")
    (place / "worlds.txt").write_text(two_worlds(), encoding="utf-8")
    done = run_train("--corpus", "worlds.txt", "--epochs", "20", "--dim", "8", cwd=place)
    assert done.returncode == 0, done.stderr
    return place / "runs" / "worlds-characters", done.stdout
