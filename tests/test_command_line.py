"""``python train.py`` as users meet it, the clumsy ones too."""

import os
import subprocess
import sys

import numpy as np
import pytest
from conftest import COURT, REPOSITORY, run_train, two_worlds

import train
from embedding_tutorial import __main__ as ask
from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.text.encoded_corpus import encode_corpus
from embedding_tutorial.text.vocabulary import Vocabulary


def test_it_says_what_it_read_what_changed_and_how_to_go_on(finished_run):
    _, printed = finished_run
    assert "worlds.txt: 400 sentences, " in printed
    assert "vocabulary: 16 characters seen 5 times or more; 0 of the text left out" in printed
    assert "epoch 20/20  loss " in printed
    after = next(line for line in printed.splitlines() if "  after  " in line)
    assert set(after.split("after")[1].split()[:7]) <= set(COURT)
    assert printed.endswith("tensorboard --logdir runs/worlds-characters\n  http://localhost:6006/#projector\n")


def test_it_prints_nothing_else(tmp_path):
    (tmp_path / "text.txt").write_text(two_worlds(40), encoding="utf-8")
    done = run_train("--corpus", "text.txt", "--epochs", "2", "--dim", "4", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "\x1b" not in done.stdout and "\r" not in done.stdout


@pytest.fixture
def learn(tmp_path, monkeypatch, capsys):
    """``python train.py ARGUMENTS`` in this process, which has imported Keras already; gives what it prints."""
    monkeypatch.chdir(tmp_path)

    def printed(*arguments: str) -> str:
        capsys.readouterr()
        train.main(["--epochs", "1", "--dim", "2", *arguments])
        return capsys.readouterr().out

    return printed


def test_a_second_run_replaces_the_first_and_says_so(learn, tmp_path):
    (tmp_path / "text.txt").write_text(two_worlds(40), encoding="utf-8")
    first, second = (learn("--corpus", "text.txt", "--out", "run") for _ in range(2))
    assert "replaces" not in first and "run holds an earlier run; this one replaces it" in second
    assert len(list((tmp_path / "run").glob("events.*"))) == 1
    assert len(list((tmp_path / "run" / "train").iterdir())) == 1


ODD = "a\0\x1bb　c\u200bd\te\ufefff👑g\U00020000h0071234"


def test_odd_text_just_works(learn, tmp_path):
    (tmp_path / "odd.txt").write_bytes(b"\xef\xbb\xbf" + (ODD + "\r\n").encode() * 20)
    printed = learn("--corpus", "odd.txt")
    assert not {"\0", "\x1b", "\u200b", "\ufeff"} & set(printed) and r"\u001b" in printed
    tokens = Vocabulary.load(tmp_path / "runs" / "odd-characters" / "vocabulary.json").tokens
    assert set(tokens) == set(ODD) - {"　", "\t"}


def test_a_book_on_one_line_works(learn, tmp_path):
    (tmp_path / "book.txt").write_text(two_worlds().replace("\n", ""), encoding="utf-8")
    printed = learn("--corpus", "book.txt")
    assert "book.txt: 1 sentences" in printed and "no validation loss: 0.05 of so few sentences" in printed


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C"},
        {"PYTHONIOENCODING": "gbk"},
        pytest.param({"PYTHONIOENCODING": "latin-1"}, marks=pytest.mark.long),
    ],
    ids=["C locale", "GBK console", "Latin console"],
)
def test_consoles_and_locales_that_know_no_utf8(environment, tmp_path):
    (tmp_path / "text.txt").write_text(two_worlds(40) + "👑宫殿" * 20, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, REPOSITORY / "train.py", "--corpus", "text.txt", "--epochs", "1", "--dim", "4"],
        cwd=tmp_path,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    vocabulary = Vocabulary.load(tmp_path / "runs" / "text-characters" / "vocabulary.json")
    assert {"👑", "宫"} <= set(vocabulary.tokens)
    asked = subprocess.run(
        [sys.executable, "-m", "embedding_tutorial", "neighbors", "宫", "--topn", "50"],
        cwd=tmp_path,
        env={**os.environ, **environment, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    encoding = environment.get("PYTHONIOENCODING", "utf-8")
    assert "👑".encode(encoding, "backslashreplace") in asked.stdout


def test_a_corpus_cut_by_blanks_is_trained_and_asked(learn, tmp_path, capsys):
    words = [" ".join(f"{letter}们。" for letter in line) for line in two_worlds(40).splitlines()]
    (tmp_path / "seg.txt").write_text("\n".join(words), encoding="utf-8")
    printed = learn("--corpus", "seg.txt", "--tokens", "blanks")
    assert printed.startswith("seg.txt: 40 sentences, ")
    assert "vocabulary: 16 tokens seen 5 times or more; 0 of the text left out" in printed
    assert "Nearest tokens by cosine" in printed and "Written to runs/seg-blanks: " in printed
    assert "most tokens are rare" not in printed
    capsys.readouterr()
    ask.main(["similarity", "王们。", "妃们。"])
    assert "among 15 other tokens" in capsys.readouterr().out
    with pytest.raises(InputError, match=r"'王们' has no vector: it is not in the text"):
        ask.main(["neighbors", "王们"])


def test_a_text_that_is_not_cut_by_blanks_is_told(learn, tmp_path):
    lines = [f"{line}， {line}！" for line in two_worlds(40).splitlines()]
    (tmp_path / "raw.txt").write_text("\n".join(lines), encoding="utf-8")
    printed = learn("--corpus", "raw.txt", "--tokens", "blanks", "--min-count", "1")
    assert "most tokens are rare; if no blanks separate the words of this text, use --tokens words" in printed


def test_windows_line_ends_change_nothing(tmp_path):
    for name, end in (("unix", "\n"), ("windows", "\r\n")):
        (tmp_path / f"{name}.txt").write_bytes(two_worlds(40).replace("\n", end).encode())
    unix, windows = (encode_corpus(TrainingConfig(corpus=tmp_path / f"{name}.txt")) for name in ("unix", "windows"))
    np.testing.assert_array_equal(unix.ids, windows.ids)
    np.testing.assert_array_equal(unix.lengths, windows.lengths)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--corpus", "nothing.txt"], "nothing.txt: no such file"),
        (["--corpus", "."], "is a directory"),
        (["--corpus", "gbk.txt"], "gbk.txt: not UTF-8 at byte 0 (counted from 0); it may be gb18030 (公主) or"),
        (["--corpus", "empty.txt"], "empty.txt: holds no text"),
        (["--corpus", "text.txt", "--min-count", "999999"], "smaller --min-count"),
        (["--corpus", "few.txt", "--min-count", "1"], "only 4 different characters"),
        (["--corpus", "few.txt", "--tokens", "blanks", "--min-count", "1"], "--tokens words (if no blanks separate"),
        (["--dim", "-3"], "--dim must be at least 2, not -3"),
        (["--epochs", "0"], "--epochs must be at least 1, not 0"),
        (["--dim", "many"], "--dim: invalid int value: 'many'"),
        (["--corpus", "text.txt", "--out", "gbk.txt"], "gbk.txt: is a file"),
        (["--corpus", "text.txt", "--out", "mine"], "mine: is not empty and no run directory"),
    ],
)
def test_bad_input_gets_one_clear_line(tmp_path, arguments, message):
    (tmp_path / "gbk.txt").write_bytes("公主".encode("gbk"))
    (tmp_path / "empty.txt").write_text("\n\n", encoding="utf-8")
    (tmp_path / "few.txt").write_text("公主王妃\n" * 9, encoding="utf-8")
    (tmp_path / "text.txt").write_text(two_worlds(40), encoding="utf-8")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious", encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    done = run_train(*arguments, cwd=tmp_path)
    assert done.returncode != 0
    assert message in done.stderr.splitlines()[-1] and "Traceback" not in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_cannot_be_written_is_refused(tmp_path):
    (tmp_path / "text.txt").write_text(two_worlds(40), encoding="utf-8")
    (tmp_path / "locked").mkdir(mode=0o500)
    done = run_train("--corpus", "text.txt", "--out", "locked/run", cwd=tmp_path)
    assert done.returncode != 0 and "locked/run: cannot be written" in done.stderr


def test_a_backend_that_cannot_train_is_refused_before_the_text_is_read(tmp_path):
    (tmp_path / "worlds.txt").write_text(two_worlds(), encoding="utf-8")
    done = run_train("--corpus", "worlds.txt", cwd=tmp_path, KERAS_BACKEND="torch")
    assert done.returncode == 1 and done.stdout == "" and done.stderr.count("\n") == 1
    assert done.stderr.startswith("train.py: error: KERAS_BACKEND is torch, but only tensorflow and jax work here")


def test_a_pattern_trains_and_is_asked(learn, tmp_path, capsys):
    (tmp_path / "texts").mkdir()
    lines = two_worlds().splitlines(keepends=True)
    for number in range(4):
        text = "".join(lines[100 * number : 100 * (number + 1)])
        (tmp_path / "texts" / f"{number}.txt").write_text(text + "龙" * (number < 3), encoding="utf-8")
    assert learn("--corpus", "texts/*.txt").startswith("texts/*.txt (4 files): 403 sentences, ")
    with pytest.raises(InputError, match="seen 3 times, fewer than --min-count 5"):
        ask.main(["neighbors", "龙", "--run", "runs/texts-characters"])

    with pytest.raises(SystemExit) as end:  # what a shell makes of it
        learn("--corpus", *map(str, sorted((tmp_path / "texts").iterdir())))
    assert end.value.code == 2 and 'put a pattern in quotes: --corpus "texts/*.txt"' in capsys.readouterr().err
