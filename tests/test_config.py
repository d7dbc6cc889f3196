import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY, run_train

from embedding_tutorial.command_line import parse_flags, parse_runs
from embedding_tutorial.config import InputError, TrainingConfig


def test_every_default_is_in_the_help():
    done = run_train("--help", cwd=REPOSITORY)
    assert done.returncode == 0
    words = " ".join(done.stdout.split())
    for field in dataclasses.fields(TrainingConfig):
        assert "--" + field.name.replace("_", "-") in words
        if field.default not in (None, False):
            assert f"(default: {field.default})" in words.replace("- ", "-")


def test_flags_become_the_configuration():
    config = parse_flags([
        "--min-count",
        "2",
        "--learning-rate",
        "0.5",
        "--out",
        "a b",
        "--dim",
        "8",
    ])
    assert config == TrainingConfig(min_count=2, learning_rate=0.5, out=Path("a b"), dim=8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tokens": "syllables"}, "--tokens must be one of characters, words, blanks, not syllables"),
        ({"dim": 1}, "--dim must be at least 2, not 1"),
        ({"window": 0}, "--window must be at least 1"),
        ({"negatives": -1}, "--negatives must be at least 0"),
        ({"min_count": 0}, "--min-count must be at least 1"),
        ({"epochs": 0}, "--epochs must be at least 1"),
        ({"batch_size": -5}, "--batch-size must be at least 1"),
        ({"learning_rate": 0.0}, "--learning-rate must be"),
        ({"learning_rate": float("nan")}, "--learning-rate must be"),
        ({"learning_rate": float("inf")}, "--learning-rate must be"),
        ({"validation_split": 1.0}, "--validation-split must be less than 1.0"),
        ({"seed": -1}, "--seed must be at least 0"),
        ({"dim": 1_000_000_000}, "--dim must be at most 10000, not 1000000000"),
        ({"window": 1_000_000_000}, "--window must be at most 1000, not"),
        ({"negatives": 1_000_000_000}, "--negatives must be at most 1000, not"),
        ({"batch_size": 1_000_000_000}, "--batch-size must be at most 100000, not"),
        ({"epochs": 10**400}, r"--epochs must be at most 1000000, not 10+\.\.\.0+$"),
        ({"min_count": 10**400}, "--min-count must be less than 2147483648, not"),
        ({"seed": 10**400}, "--seed must be less than 2147483648, not"),
        ({"sample": float("inf")}, "--sample must be at most 1.0, not inf"),
        ({"sample": float("nan")}, "--sample must be at least 0.0, not nan"),
        ({"validation_split": float("nan")}, "--validation-split must be at least 0.0, not nan"),
        ({"learning_rate": 10**400}, r"--learning-rate must be at most 1e\+30, not"),
        ({"processes": 10**400}, "--processes must be at most 10000, not"),
    ],
)
def test_a_value_out_of_range_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        TrainingConfig(**options)


def test_the_run_directory_is_named_after_what_it_holds():
    assert TrainingConfig().run_directory == Path("runs/palace-characters")
    config = TrainingConfig(corpus=Path("x/红楼.txt"), tokens="words", model="cbow")
    assert config.run_directory == Path("runs/红楼-words-cbow")
    assert TrainingConfig(tokens="blanks").run_directory == Path("runs/palace-blanks")
    assert TrainingConfig(out=Path("here")).run_directory == Path("here")


def test_looking_needs_neither_keras_nor_tensorflow():
    modules = "config text.files text.batches vectors vectors.evaluation vectors.compare pictures.projector checkpoint"
    code = f"import sys; [__import__('embedding_tutorial.' + m) for m in {modules.split()!r}]; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, encoding="utf-8", check=True
    )
    assert not {"keras", "tensorflow"} & set(loaded.stdout.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"coordinator": "a:1", "processes": 2, "process": 0}, "and with --distribute"),
        ({"distribute": "data", "processes": 2}, "go together"),
        ({"distribute": "data", "coordinator": "a:1", "processes": 2, "process": 2}, "less than --processes 2, not 2"),
        ({"distribute": "pipeline"}, "must be one of data, model"),
    ],
)
def test_flags_of_several_processes_that_do_not_fit_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        TrainingConfig(**options)


@pytest.mark.parametrize(
    ("corpus", "name"),
    [
        ("a/palace.txt", "palace-characters"),
        ("a/poems.txt.gz", "poems-characters"),
        ("a/poems.csv.bz2", "poems-characters"),
        ("poems.txt.XZ", "poems-characters"),
        ("poems.zip", "poems-characters"),
        ("texts/*.txt.gz", "texts-characters"),
        ("texts/**/*.txt", "texts-characters"),
        ("texts/book[0-9]?.txt", "book0-9-characters"),
        ("*.txt", "corpus-characters"),
        ("文/红楼梦*.txt", "红楼梦-characters"),
    ],
)
def test_the_run_directory_is_named_after_the_text_and_holds_no_wildcard(corpus, name):
    assert TrainingConfig(corpus=Path(corpus)).run_directory == Path("runs") / name


def test_the_shipped_text_is_learned_in_words_and_in_characters_unless_a_flag_asks_for_one_run():
    both = parse_runs(["--epochs", "3"])
    assert [(config.tokens, config.epochs) for config in both] == [("words", 3), ("characters", 3)]
    assert [str(config.run_directory) for config in both] == ["runs/palace-words", "runs/palace-characters"]
    for flags in (["--tokens", "words"], ["--corpus", "my.txt"], ["--out", "run"], ["--distribute", "data"]):
        assert parse_runs(flags) == [parse_flags(flags)]
