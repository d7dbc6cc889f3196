"""From an encoded text to learned vectors: build, compile, fit, export."""

import contextlib
import dataclasses
import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from embedding_tutorial.atomic import write_whole
from embedding_tutorial.checkpoint import Checkpoint
from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.model.callbacks import (
    MOST_WATCHED,
    EpochOrder,
    Progress,
    Ripening,
    SaveCheckpoint,
    StopIfNotFinite,
    restore,
)
from embedding_tutorial.model.sequential import EmbeddingModel, build_model, compile_model
from embedding_tutorial.pictures.projector import export
from embedding_tutorial.run_directory import (
    CHECKPOINT,
    HISTORY,
    MODEL,
    begin,
    check_text,
    file_sha256,
    read_begun,
)
from embedding_tutorial.scale.devices import check_alike, layout_of, own_share, table_parts
from embedding_tutorial.text.batches import default_batch_size, make_dataset
from embedding_tutorial.text.encoded_corpus import EncodedCorpus
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.evaluation import Category, read_categories, telling_tokens
from embedding_tutorial.vectors.word_vectors import WordVectors


@dataclasses.dataclass(frozen=True)
class TrainingResult:
    """What a training run leaves.

    Attributes:
        model: the trained ``Sequential``.
        vectors: the rows of its embedding, padding left out.
        snapshots: epoch -> vectors of the most frequent tokens after it, ``(N, D)``; 0: untrained.
        history: a row an epoch: epoch (from 1), loss, val_loss where sentences were held out,
            category_agreement and radical_agreement where there is anything to compare.
        seconds: how long ``fit`` took.
    """

    model: EmbeddingModel
    vectors: WordVectors
    snapshots: dict[int, np.ndarray]
    history: pd.DataFrame
    seconds: float

    def at(self, epoch: int) -> WordVectors:
        """The vectors after an epoch that was kept, of the most frequent tokens."""
        matrix = self.snapshots[epoch]
        return WordVectors(self.vectors.index_to_key[: len(matrix)], self.vectors.counts[: len(matrix)], matrix)

    @property
    def untrained(self) -> WordVectors:
        """The vectors before the first step."""
        return self.at(0)


def vectors_of(model: EmbeddingModel, vocabulary: Vocabulary) -> WordVectors:
    """A copy of the embedding's rows for the tokens; row 0 of the layer, padding, is left out."""
    matrix = keras.ops.convert_to_numpy(model.get_layer("embedding").embeddings)  # (V + 1 or more, D)
    return WordVectors(vocabulary.tokens, vocabulary.counts, matrix[1 : len(vocabulary) + 1].copy())


@contextlib.contextmanager
def event_files() -> Iterator[None]:
    """Make an ``InputError`` of what TensorFlow says when it cannot write an event file of TensorBoard."""
    try:
        yield
    except tf.errors.OpError as error:
        if "Summary" not in error.message:  # the name of the operation that failed
            raise
        reason = re.sub(r"\{\{.*?\}\} |\[Op:.*", "", error.message.splitlines()[0])
        raise InputError(f"TensorBoard's event files cannot be written: {reason.strip()}") from None


@event_files()
def train(
    config: TrainingConfig,
    corpus: EncodedCorpus,
    categories: Sequence[Category] | None = None,
    directory: Path | None = None,
    initial: WordVectors | None = None,
    checkpoint: Checkpoint | None = None,
) -> TrainingResult:
    """Train a model, and watch its vectors ripen.

    Args:
        config: how.
        corpus: on what, as ``encode_corpus(config)`` gives it.
        categories: groups to watch; ``None``: the shipped ones.
        directory: where TensorBoard's curves and the checkpoint go while training; ``None``: nowhere.
        initial: vectors to start from, of ``config.dim`` numbers.
        checkpoint: where to go on; the result is that of a run without a break, bit for bit.

    Raises:
        InputError: the loss is not finite any more, or the checkpoint is of another model.
    """
    categories = read_categories() if categories is None else categories
    training, validation = corpus.split(config.validation_split, config.seed)
    order = np.array([config.seed, 0])
    batch_size = config.batch_size or default_batch_size(len(corpus.ids))
    share = own_share()
    dataset = make_dataset(training, config.window, batch_size, order, config.sample, share)
    # Larger batches: nothing is learned from them, so fewer are better. Not where each place has V scores: too large.
    larger = 16 if config.negatives else 1
    validation_dataset = make_dataset(validation, config.window, larger * batch_size, share=share)
    steps = int(dataset.cardinality())
    if not steps:
        raise InputError(
            f"{config.corpus}: no two neighbours are left to learn from; "
            "use a smaller --validation-split or a larger --sample"
        )

    model = build_model(config, corpus.vocabulary, initial, table_parts())
    if config.distribute:
        print(layout_of(model))
    compile_model(model, config, steps * config.epochs)

    writer = tf.summary.create_file_writer(str(directory)) if directory else None
    telling = telling_tokens(corpus.vocabulary.tokens[:MOST_WATCHED], config.tokens)
    ripening = Ripening(corpus.vocabulary, config.level, categories, telling, writer)
    progress = Progress(steps)
    if checkpoint is not None:
        restore(model, ripening, checkpoint, config.epochs)
        progress.before = checkpoint.seconds
    callbacks = [EpochOrder(order, config.seed), StopIfNotFinite(), ripening, progress]
    if directory is not None:
        callbacks.append(keras.callbacks.TensorBoard(directory, write_graph=False, embeddings_freq=0))
        callbacks.append(SaveCheckpoint(directory, ripening, progress))  # last: the epoch is finished
    model.fit(
        dataset,
        validation_data=validation_dataset if int(validation_dataset.cardinality()) else None,
        initial_epoch=0 if checkpoint is None else checkpoint.epochs,
        epochs=config.epochs,
        callbacks=callbacks,
        shuffle=False,  # the dataset shuffles itself
        verbose=0,  # Progress shows one bar for all epochs
    )
    seconds = progress.seconds
    if writer is not None:
        writer.close()
    return TrainingResult(
        model=model,
        vectors=vectors_of(model, corpus.vocabulary),
        snapshots=ripening.snapshots,
        history=pd.DataFrame({"epoch": np.arange(1, config.epochs + 1), **ripening.history}),
        seconds=seconds,
    )


def train_and_export(
    config: TrainingConfig,
    corpus: EncodedCorpus,
    directory: Path,
    categories: Sequence[Category] | None = None,
    initial: WordVectors | None = None,
    font: Path | None = None,
    checkpoint: Checkpoint | None = None,
) -> TrainingResult:
    """Train, and write a run directory that TensorBoard and everybody else can read.

    Args:
        config: how to train; written to ``config.json`` before the first step. With ``config.resume`` the
            run that was begun there goes on.
        corpus: on what.
        directory: a directory that ``run_directory.claim`` holds. Where several processes train together, the first
            one alone writes to it.
        categories: for evaluation and the projector's category column; ``None``: the shipped ones.
        initial: vectors to start from.
        font: draws tokens for the projector, as ``sprites.find_font`` gives it; ``None``: none are drawn.
        checkpoint: where to go on, as ``Checkpoint.load(directory)`` gives it.

    Raises:
        InputError: as ``train``; or the directory holds a run of another text, see ``check_text``.
    """
    categories = read_categories() if categories is None else categories
    begun = read_begun(directory)
    check_text(config, begun, lambda: corpus.sha256)
    if initial is not None and not any(token in initial for token in corpus.vocabulary.tokens):
        raise InputError(f"--init {config.init}: has a vector for no token of {config.corpus}")
    first = own_share().process == 0
    if config.distribute:
        check_alike(config, corpus.sha256)
    if first and config.resume is None:
        hashes = {"corpus_sha256": corpus.sha256, "init_sha256": config.init and file_sha256(config.init)}
        begun = {**config.to_json(directory), **hashes}
        begin(directory, begun)
    # TensorBoard looks for projector_config.pbtxt only where an event file lies beside it, and
    # Keras writes its own to train/ and validation/; Ripening writes one to the directory itself.
    result = train(config, corpus, categories, directory if first else None, initial, checkpoint)
    if not first:
        return result
    keras.distribution.set_distribution(None)  # or Keras would wait for the others to take part in saving
    write_whole(directory / MODEL, result.model.save)
    write_whole(directory / HISTORY, lambda path: result.history.to_csv(path, index=False))
    export(
        directory,
        result.vectors,
        categories,
        run={
            "config": config.to_json(directory),
            "corpus_sha256": corpus.sha256,
            "init_sha256": begun.get("init_sha256"),
            "sentences": len(corpus.lengths),
            "tokens": int(corpus.lengths.sum()),
            "tokens_left_out": corpus.tokens_left_out,
            "vocabulary_size": len(corpus.vocabulary),
            "fit_seconds": round(result.seconds, 3),
            "backend": keras.backend.backend(),
            "versions": {name: version(name) for name in ("keras", "numpy", "tensorflow", keras.backend.backend())},
        },
        snapshots=result.snapshots,
        font=font,
    )
    (directory / CHECKPOINT).unlink(missing_ok=True)  # only now: a death during the export loses nothing
    return result
