"""From an encoded text to learned vectors: build, compile, fit, export."""

import dataclasses
import json
import time
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from embedding_tutorial.batches import EncodedCorpus, make_dataset
from embedding_tutorial.callbacks import EpochOrder, Progress
from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.evaluation import Category
from embedding_tutorial.model import EmbeddingModel, build_model, compile_model
from embedding_tutorial.projector import export, remove_events, write_text, write_whole
from embedding_tutorial.vectors import WordVectors
from embedding_tutorial.vocabulary import Vocabulary


@dataclasses.dataclass(frozen=True)
class TrainingResult:
    """What a training run leaves.

    Attributes:
        model: the trained ``Sequential``.
        vectors: the rows of its embedding, padding left out.
        untrained: the same rows before the first step.
        history: a row an epoch: epoch (from 1), loss, and val_loss where sentences were held out.
        seconds: how long ``fit`` took.
    """

    model: EmbeddingModel
    vectors: WordVectors
    untrained: WordVectors
    history: pd.DataFrame
    seconds: float


def vectors_of(model: EmbeddingModel, vocabulary: Vocabulary) -> WordVectors:
    """A copy of the embedding's rows for the tokens; row 0 of the layer, padding, is left out."""
    matrix = keras.ops.convert_to_numpy(model.get_layer("embedding").embeddings)  # (V + 1, D)
    return WordVectors(vocabulary.tokens, vocabulary.counts, matrix[1:].copy())


def train(config: TrainingConfig, corpus: EncodedCorpus, directory: Path | None = None) -> TrainingResult:
    """Train a model.

    Args:
        config: how.
        corpus: on what, as ``encode_corpus(config)`` gives it.
        directory: where TensorBoard's curves go while training; ``None``: nowhere.
    """
    training, validation = corpus.split(config.validation_split, config.seed)
    order = tf.Variable([config.seed, 0], dtype=tf.int64)
    dataset = make_dataset(training, config.window, config.batch_size, order)
    validation_dataset = make_dataset(validation, config.window, 16 * config.batch_size)  # no steps: fewer, larger
    steps = int(dataset.cardinality())

    model = build_model(config, corpus.vocabulary)
    compile_model(model, config, steps * config.epochs)
    untrained = vectors_of(model, corpus.vocabulary)

    callbacks = [EpochOrder(order, config.seed), Progress(steps)]
    if directory is not None:
        callbacks.append(keras.callbacks.TensorBoard(directory, write_graph=False, embeddings_freq=0))
    started = time.perf_counter()
    history = model.fit(
        dataset,
        validation_data=validation_dataset if int(validation_dataset.cardinality()) else None,
        epochs=config.epochs,
        callbacks=callbacks,
        shuffle=False,  # the dataset shuffles itself
        verbose=0,  # Progress shows one bar for all epochs
    )
    seconds = time.perf_counter() - started
    losses = {name: history.history[name] for name in ("loss", "val_loss") if name in history.history}
    return TrainingResult(
        model=model,
        vectors=vectors_of(model, corpus.vocabulary),
        untrained=untrained,
        history=pd.DataFrame({"epoch": np.arange(1, config.epochs + 1), **losses}),
        seconds=seconds,
    )


def train_and_export(
    config: TrainingConfig, corpus: EncodedCorpus, categories: list[Category], directory: Path
) -> TrainingResult:
    """Train, and write a run directory that TensorBoard and everybody else can read.

    Args:
        config: how to train; written to ``config.json`` before the first step.
        corpus: on what.
        categories: for the projector's category column.
        directory: a directory that ``projector.claim`` has given.
    """
    config_text = json.dumps(config.to_json(), ensure_ascii=False, indent=2)
    write_text(directory / "config.json", config_text + "\n")
    remove_events(directory)
    # TensorBoard looks for projector_config.pbtxt only where an event file lies beside it;
    # Keras writes its own to train/ and validation/. This one holds the configuration.
    with tf.summary.create_file_writer(str(directory)).as_default(step=0):
        tf.summary.text("config", f"```\n{config_text}\n```")

    result = train(config, corpus, directory)
    write_whole(directory / "model.keras", result.model.save)
    write_whole(directory / "history.csv", lambda path: result.history.to_csv(path, index=False))
    export(
        directory,
        result.vectors,
        corpus.vocabulary.to_json(),
        categories,
        level=config.tokens.removesuffix("s"),
        run={
            "config": config.to_json(),
            "corpus_sha256": corpus.sha256,
            "sentences": len(corpus.lengths),
            "tokens": int(corpus.lengths.sum()),
            "vocabulary_size": len(corpus.vocabulary),
            "fit_seconds": round(result.seconds, 3),
            "versions": {"keras": keras.__version__, "tensorflow": tf.__version__, "numpy": np.__version__},
        },
    )
    return result
