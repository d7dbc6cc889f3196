"""From a text to a run directory by one call, as a notebook makes it."""

import dataclasses
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from conftest import run_python, two_worlds

from embedding_tutorial import learning
from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.learning import write_run
from embedding_tutorial.vectors import WordVectors
from embedding_tutorial.vectors.evaluation import radical_agreement


@pytest.fixture
def config(tmp_path):
    (tmp_path / "worlds.txt").write_text(two_worlds(), encoding="utf-8")
    return TrainingConfig(corpus=tmp_path / "worlds.txt", dim=4, epochs=3, out=tmp_path / "run")


def test_learn_writes_a_run_and_prints_nothing(config, capfd):
    read = []
    result = write_run(config, when_read=lambda corpus, replaces: read.append((len(corpus.lengths), replaces)))
    write_run(config, when_read=lambda corpus, replaces: read.append((len(corpus.lengths), replaces)))
    assert capfd.readouterr() == ("", "")
    assert read == [(400, False), (400, True)]
    np.testing.assert_array_equal(WordVectors.load(config.out).matrix, result.vectors.matrix)


@pytest.mark.shipped
def test_agreements_ripen_in_the_history_and_among_tensorboard_s_scalars(config):
    result = write_run(config)
    final = radical_agreement(result.vectors).value
    assert result.history["radical_agreement"].iloc[-1] == pytest.approx(final)
    columns = pd.read_csv(config.out / "history.csv").columns.tolist()
    assert columns == ["epoch", "loss", "val_loss", "category_agreement", "radical_agreement"]
    events = b"".join(path.read_bytes() for path in (config.out / "train").iterdir())
    assert b"epoch_radical_agreement" in events


def test_only_a_run_that_is_begun_and_not_finished_is_resumed(config):
    resumed = dataclasses.replace(config, out=None, resume=config.out)
    with pytest.raises(InputError, match=r"run: holds no run that was begun$"):
        write_run(resumed)
    assert not config.out.exists()
    write_run(config)
    before = (config.out / "run.json").stat().st_mtime_ns
    with pytest.raises(InputError, match=r"run: is finished: there is nothing to go on with$"):
        write_run(resumed)
    assert (config.out / "run.json").stat().st_mtime_ns == before


def test_importing_it_brings_neither_keras_nor_tensorflow(tmp_path):
    code = "import sys, embedding_tutorial.learning; print({'keras', 'tensorflow', 'pandas'} & sys.modules.keys())"
    assert run_python("-c", code, cwd=tmp_path).stdout == "set()\n"


@pytest.mark.parametrize(
    ("pages", "options", "advice"), [(1, {}, "a smaller --dim$"), (10, {"negatives": 0}, "or --negatives$")]
)
def test_a_training_that_does_not_fit_into_memory_is_refused_before_it_begins(
    pages, options, advice, config, monkeypatch
):
    monkeypatch.setattr(os, "sysconf", {"SC_PHYS_PAGES": pages, "SC_PAGE_SIZE": 1024}.get)
    with pytest.raises(InputError, match=rf"^16 tokens with --dim 4 take .* GB of memory, .*{advice}"):
        write_run(dataclasses.replace(config, **options))
    assert not Path(config.out).exists()


def test_an_event_file_that_cannot_be_written_is_one_line(config, monkeypatch):
    writer = tf.summary.create_file_writer
    (config.corpus.parent / "file").touch()  # TensorFlow wants a directory there
    monkeypatch.setattr(tf.summary, "create_file_writer", lambda _: writer(str(config.corpus.parent / "file")))
    with pytest.raises(InputError, match=r"^TensorBoard's event files cannot be written: .*Not a directory$"):
        write_run(config)
    with (
        pytest.raises(tf.errors.InvalidArgumentError),
        learning._event_files(),
    ):  # our own mistakes keep their traceback
        tf.reshape(tf.zeros(3), (2, 2))
