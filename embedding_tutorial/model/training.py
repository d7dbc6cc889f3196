"""Train a model on an encoded text: build, compile, fit."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from embedding_tutorial.checkpoint import Checkpoint
from embedding_tutorial.config import InputError, TrainingConfig, noun
from embedding_tutorial.model.callbacks import (
    MOST_WATCHED,
    ProgressBar,
    ProgressLines,
    Ripening,
    StopIfNotFinite,
    restore,
)
from embedding_tutorial.model.next_token import next_token_batches
from embedding_tutorial.model.sequential import EmbeddingModel, Layers, build_model, compile_model, vectors_of
from embedding_tutorial.progress import Meter
from embedding_tutorial.text.batches import ONE_DEVICE, Batches, Devices, default_batch_size, places_predicted
from embedding_tutorial.text.encoded_corpus import EncodedCorpus
from embedding_tutorial.text.sampling import NOISE_TOKENS
from embedding_tutorial.vectors.word_vectors import WordVectors

PACK = 32  # batches that Python hands to TensorFlow at once


@dataclasses.dataclass(frozen=True, eq=False)
class TrainingResult:
    """What ``train()`` returns.

    Attributes:
        trained_on: the text, its length and the settings, in words.
        model: the trained ``Sequential``.
        vectors: the rows of its embedding, padding left out.
        snapshots: epoch -> vectors of the most frequent tokens after it, ``(N, D)``; 0: untrained.
        history: a row per epoch: epoch (from 1), loss, val_loss where sentences were held out,
            and what the callbacks added to the logs.
        seconds: how long ``fit`` took, before a break too.
        perplexity: of a next-token model, see ``held_out_perplexities``; ``learn()`` and ``write_run()`` add it.
    """

    trained_on: str
    model: EmbeddingModel
    vectors: WordVectors
    snapshots: dict[int, np.ndarray]
    history: pd.DataFrame
    seconds: float
    perplexity: dict[str, float] = dataclasses.field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<TrainingResult: {self.trained_on}, {self.seconds:.1f} s; {self.vectors!r}>"

    def at(self, epoch: int) -> WordVectors:
        """The snapshot after an epoch: vectors of the most frequent tokens.

        Raises:
            KeyError: there is none after this epoch.
        """
        matrix = self.snapshots[epoch]
        return WordVectors.of(self.vectors.vocabulary.most_frequent(len(matrix)), matrix)

    @property
    def untrained(self) -> WordVectors:
        """The vectors before the first step."""
        return self.at(0)


def as_dataset(batches: Batches, with_noise: bool = True) -> tf.data.Dataset:
    """The batches as ``fit`` takes them, the next few prepared while a step computes.

    To take an element from Python costs TensorFlow about 1 ms of CPU, a fifth of a step. So 32 batches are handed
    over at once, as one array of numbers, and TensorFlow divides it. A step then takes 8 to 12 % less time.

    Args:
        batches: what to learn from.
        with_noise: ``(x, (y, noise))``, for this package's loss; else ``(x, y, weights)``, for one of Keras's.
    """

    def packs() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """All numbers of 32 batches, ``(n,)``, and the shapes of their arrays, ``(32, 3, 2)``."""
        waiting = iter(batches)
        while pack := list(islice(waiting, PACK)):
            if not with_noise:
                pack = [(x, y, places_predicted(x, y, batches.ends)) for x, y, _ in pack]
            numbers = [array.ravel() for batch in pack for array in batch]
            yield np.concatenate(numbers, dtype=np.int32), np.array([[a.shape for a in batch] for batch in pack])

    def unpack(numbers: tf.Tensor, shapes: tf.Tensor) -> tf.data.Dataset:
        sizes = tf.reduce_prod(shapes, axis=-1)  # (32, 3)
        ends = tf.reshape(tf.cumsum(tf.reshape(sizes, (-1,))), (-1, 3))

        def batch(starts: tf.Tensor, ends: tf.Tensor, shapes: tf.Tensor) -> tuple:
            x, y, third = (tf.reshape(numbers[starts[i] : ends[i]], shapes[i]) for i in range(3))
            if with_noise:
                return x, (y, tf.ensure_shape(third, (None, NOISE_TOKENS)))
            return x, y, tf.cast(third, tf.float32)

        return tf.data.Dataset.from_tensor_slices((ends - sizes, ends, shapes)).map(batch)

    signature = tf.TensorSpec((None,), tf.int32), tf.TensorSpec((None, 3, 2), tf.int64)
    options = tf.data.Options()
    # There is nothing to tune, and after an epoch the tuning thread keeps the next one waiting, for up to as
    # long as the epoch took.
    options.autotune.enabled = False
    dataset = tf.data.Dataset.from_generator(packs, output_signature=signature).flat_map(unpack)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(len(batches)))
    return dataset.prefetch(8).with_options(options)


def train(
    config: TrainingConfig,
    corpus: EncodedCorpus,
    start: WordVectors | Checkpoint | None = None,
    devices: Devices = ONE_DEVICE,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int = 0,
    layers: Layers | None = None,
    compiled: Mapping[str, Any] | None = None,
) -> TrainingResult:
    """Train a model on an encoded text. Nothing is written, and nothing is printed unless ``verbose`` asks for it.

    Args:
        config: the settings.
        corpus: what ``encode_corpus(config)`` returns.
        start: vectors to start from, of ``config.dim`` numbers; or a checkpoint to resume: the result is then
            that of an uninterrupted run, bit for bit. ``None``: random vectors.
        devices: the devices that train the model together.
        callbacks: called in this order; what they add to the logs is part of the history.
        verbose: 0: silent; 1: show a progress bar in a terminal or a notebook; 2: also print the losses after
            every tenth of the epochs.
        layers: a function that makes the layers between ``Embedding`` and the scores. They must not see the token
            at the place whose token they predict, nor, if ``config.model`` is ``gru``, those that follow.
        compiled: what ``model.compile`` gets instead of this package's optimizer and loss: ``optimizer`` and
            ``loss``, of ``(B, T)`` ids and ``(B, T, V + 1)`` scores; places where nothing is
            predicted weigh 0.

    Raises:
        InputError: the loss becomes infinite or NaN, no two neighbours are left, the checkpoint is of another run, or
            a layer sees what it is to predict.
    """
    training, validation = corpus.split(config.validation_split, config.seed)
    batch_size = config.batch_size or default_batch_size(len(corpus.ids))
    make = next_token_batches if config.model == "gru" else partial(Batches, window=config.window)
    batches = make(training, batch_size=batch_size, seed=config.seed, sample=config.sample, devices=devices)
    if not len(batches):
        raise InputError(
            f"{config.corpus_name}: no two neighbours are left to learn from; "
            "use a smaller --validation-split or a larger --sample"
        )
    # Validation is faster in larger batches. With full softmax, V scores for each place would take too much memory.
    larger = 16 if config.negatives else 1
    held_out = make(validation, batch_size=larger * batch_size, devices=devices)

    checkpoint = start if isinstance(start, Checkpoint) else None
    initial = start if isinstance(start, WordVectors) else None
    model = build_model(config, corpus.vocabulary, initial, devices.table_parts, corpus.ends, layers)
    if compiled is None:
        compile_model(model, config, len(batches) * config.epochs)
    else:
        model.compile(**compiled)
    if checkpoint is not None:
        restore(model, checkpoint, config.epochs, watched=min(len(corpus.vocabulary), MOST_WATCHED))

    dataset = partial(as_dataset, with_noise=compiled is None)
    ripening = Ripening(corpus.vocabulary, checkpoint)
    order = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: batches.set_epoch(epoch))
    with Meter("training", len(batches) * config.epochs) as meter:
        progress = [ProgressBar(meter), ProgressLines(ripening)][:verbose]
        model.fit(
            dataset(batches),
            validation_data=dataset(held_out) if len(held_out) else None,
            initial_epoch=0 if checkpoint is None else checkpoint.epochs,
            epochs=config.epochs,
            callbacks=[order, StopIfNotFinite(), *callbacks, *progress, ripening],
            shuffle=False,  # the batches are in random order already
            verbose=0,
        )
    epochs = len(ripening.history["loss"])
    trained_on = (
        f"{config.model} on {config.corpus_name}, {len(corpus.lengths):,} sentences, "
        f"{len(corpus.ids) + corpus.tokens_left_out:,} {noun(config.tokens)}, {epochs} epochs"
    )
    return TrainingResult(
        trained_on=trained_on,
        model=model,
        vectors=vectors_of(model, corpus.vocabulary),
        snapshots=ripening.snapshots,
        history=pd.DataFrame({"epoch": np.arange(1, epochs + 1), **ripening.history}),
        seconds=ripening.seconds,
    )
