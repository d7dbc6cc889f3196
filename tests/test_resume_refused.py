"""What ``--resume`` refuses, in one line, and that it changes no file."""

import random
import re
import shutil

import numpy as np
import pytest
from conftest import run_train, two_worlds

from embedding_tutorial.checkpoint import Checkpoint
from embedding_tutorial.command_line import parse_flags
from embedding_tutorial.config import InputError


@pytest.fixture
def begun(finished_run, tmp_path):
    """A run directory as a kill within the first epoch leaves it, two levels below its text."""
    finished, _ = finished_run
    begun = tmp_path / "runs" / "begun"
    begun.mkdir(parents=True)
    shutil.copy(finished / "config.json", begun)
    shutil.copy(finished.parent.parent / "worlds.txt", tmp_path)
    return begun


def test_a_run_goes_on_where_it_is(begun):
    for flag in (["--out", str(begun.parent / "b")], ["--replace"]):
        with pytest.raises(InputError, match="begun: goes on where it is; leave --out and --replace out"):
            parse_flags(["--resume", str(begun), *flag])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--dim", "16"], "--resume begun: was begun with --dim 8, not 16; leave the flag out"),
        (["--dim", "32"], "was begun with --dim 8, not 32"),  # the default, but not that run's
        (["--epochs", "7"], "was begun with --epochs 20, not 7"),
        (["--corpus", "other.txt"], "begun: was begun on another text than other.txt is now"),
    ],
)
def test_settings_that_no_longer_fit_are_refused(begun, flags, message):
    (begun.parent / "other.txt").write_text(two_worlds(100), encoding="utf-8")
    before = sorted(begun.iterdir())
    done = run_train("--resume", "begun", *flags, cwd=begun.parent)
    assert done.returncode != 0 and message in done.stderr and "Traceback" not in done.stderr
    assert [path for path in sorted(begun.iterdir()) if path.name != ".lock"] == before


def test_a_finished_run_is_left_as_it_is(finished_run):
    finished, _ = finished_run
    files = [path for path in finished.rglob("*") if path.is_file()]
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in files]
    done = run_train("--resume", finished.name, cwd=finished.parent)
    assert done.returncode == 0 and "is finished: there is nothing to go on with" in done.stdout
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in files] == before


def test_there_must_be_something_to_go_on_with(tmp_path):
    (tmp_path / "mine").mkdir()
    ours = '{"corpus": "a", "corpus_sha256": "", "tokens": "words", "dim": %s}'
    for name, content, message in (
        ("nothing", None, "nothing: holds no run that was begun"),
        ("mine", None, "mine: holds no run that was begun"),
        ("mine", "{", "mine: its config.json is damaged"),
        ("mine", "[]", "mine: its config.json is damaged"),
        ("mine", '{"model_type": "bert", "dim": 3}', "mine: its config.json is damaged, or of another program"),
        ("mine", ours % '"x"', "config.json: is damaged"),
        ("mine", ours % "0", "config.json: is damaged (--dim must be"),
    ):
        if content:
            (tmp_path / "mine" / "config.json").write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=re.escape(message)):
            parse_flags(["--resume", str(tmp_path / name)])


def test_a_damaged_checkpoint_is_one_line(tmp_path):
    good = Checkpoint({"table": np.ones(3)}, {"loss": np.ones(2)}, {0: np.ones((2, 2))}, 1.5)
    good.save(tmp_path)
    data = (tmp_path / "checkpoint.npz").read_bytes()
    draw = random.Random(0)
    refused = 0
    for _ in range(300):
        damaged = bytearray(data)
        for _ in range(draw.randint(1, 4)):
            damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        damaged = damaged[: draw.choice([len(damaged), draw.randrange(len(damaged))])]
        (tmp_path / "checkpoint.npz").write_bytes(damaged)
        try:
            read = Checkpoint.load(tmp_path)
            np.testing.assert_array_equal(read.variables["table"], np.ones(3))  # the damage hit nothing that matters
        except InputError as error:
            assert "damaged" in str(error)
            refused += 1
    assert refused > 200
