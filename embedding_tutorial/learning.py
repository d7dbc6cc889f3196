"""Go from a text to vectors: ``learn()`` for programs and notebooks, ``write_run()`` for a run directory.

from embedding_tutorial import learn

result = learn("my.txt", tokens="words", epochs=2)
result.vectors.most_similar("王")
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embedding_tutorial.atomic import write_whole
from embedding_tutorial.checkpoint import Checkpoint
from embedding_tutorial.command_line import resumed
from embedding_tutorial.config import InputError, TrainingConfig, flag_of
from embedding_tutorial.pictures.projector import export
from embedding_tutorial.pictures.sprites import find_font
from embedding_tutorial.quiet import import_keras_quietly
from embedding_tutorial.run_directory import (
    CHECKPOINT,
    HISTORY,
    MODEL,
    begin,
    check_dictionary,
    check_needed,
    check_text,
    claim,
    file_sha256,
    is_finished,
    read_begun,
)
from embedding_tutorial.text.batches import ONE_DEVICE, Devices, default_batch_size
from embedding_tutorial.text.encoded_corpus import EncodedCorpus, encode_corpus
from embedding_tutorial.text.files import can_be_read_again, corpus_files, text_sha256
from embedding_tutorial.vectors.evaluation import agreement_figures
from embedding_tutorial.vectors.groups import CATEGORIES, Category, read_categories, telling_tokens
from embedding_tutorial.vectors.word_vectors import WordVectors, starting_vectors

if TYPE_CHECKING:
    import keras

    from embedding_tutorial.model.sequential import Layers
    from embedding_tutorial.model.training import TrainingResult

NUMBER = 4  # bytes of a float32
COPIES = 12  # of a table in memory at most, during the export; measured on TensorFlow and JAX
SCORES = 2  # copies of a batch's scores in memory with full softmax; measured


def learn(
    text: str | Path | Iterable[str] | Iterable[Sequence[str]] | None = None,
    *,
    layers: Layers | None = None,
    compiled: Mapping[str, Any] | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int = 1,
    **settings: Any,
) -> TrainingResult:
    """Learn a vector for every token of a text.

    Args:
        text: the name of a file or a pattern, as ``train.py --corpus`` takes it; or strings, which are cut into
            tokens; or lists of tokens, which are taken as they are. A column of a pandas table is strings, too.
            ``None``: the text of the run that is resumed, or the shipped one.
        layers: a function that makes the layers between ``Embedding`` and the scores, with ``model="cbow"`` if they
            predict a token from both sides, with ``model="gru"`` if from those before it. See ``train()``.
        compiled: an ``optimizer`` and a ``loss`` for ``model.compile`` instead of this package's. See ``train()``.
        callbacks: passed to ``fit``; what they add to the logs is part of the history.
        verbose: 0: silent; 1: show a progress bar in a terminal or a notebook; 2: also print the losses.
        **settings: those of ``TrainingConfig``. A run directory is written only if ``out`` or ``resume`` names it.

    Returns:
        The model, its vectors and its history.

    Raises:
        InputError: the text, the directory or a setting cannot be used; the message names the argument.
        TypeError: there is no such setting.

    >>> learn([["deep", "learning", "is", "very", "deep"]] * 9, min_count=1)  # doctest: +SKIP
    """
    known = {field.name for field in dataclasses.fields(TrainingConfig)} - {"corpus"}
    for name in settings.keys() - known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise TypeError(f"learn() has no setting {name!r}{hint}")
    if hasattr(text, "columns"):
        raise InputError('text: is a table; name a column of strings: learn(table["text"])')
    try:
        in_memory = not isinstance(text, str | Path | None)
        sentences = iter(text if in_memory else ())
        if in_memory and "tokens" not in settings and "resume" not in settings:
            sentences, settings["tokens"] = _peek(sentences)
        if text is not None:
            settings["corpus"] = None if in_memory else Path(text)
        config = TrainingConfig(**settings)
        if config.resume:
            config = resumed(config.resume, settings)
        if config.out or config.resume:
            return write_run(config, sentences, callbacks, verbose, layers=layers, compiled=compiled)
        return _learn_in_memory(config, sentences, callbacks, verbose, layers=layers, compiled=compiled)
    except InputError as error:
        flags = "|".join(map(flag_of, known))
        message = re.sub(rf"(?<!\S)({flags})\b", lambda flag: flag[1][2:].replace("-", "_"), str(error))
        raise InputError(message) from None


def _peek(sentences: Iterator) -> tuple[Iterator, str]:
    """All sentences again, and the default of ``tokens`` for them: ``blanks`` for lists of tokens."""
    first = list(islice(sentences, 1))
    as_tokens = bool(first) and not isinstance(first[0], str)
    return chain(first, sentences), "blanks" if as_tokens else TrainingConfig.tokens


def _learn_in_memory(
    config: TrainingConfig,
    sentences: Iterable,
    callbacks: Sequence[keras.callbacks.Callback],
    verbose: int,
    **of_the_model: Any,
) -> TrainingResult:
    """Learn, and write nothing."""
    if config.distribute:
        raise InputError("--distribute needs a run directory, for a process that is stopped; name one with --out")
    start = starting_vectors(config)
    categories = read_categories(config.categories or CATEGORIES)
    corpus = encode_corpus(config, sentences)
    check_memory(config, corpus)
    import_keras_quietly()
    from embedding_tutorial.model.training import train

    watching = _watching(config, corpus, categories, None)
    result = train(config, corpus, start, ONE_DEVICE, [*watching, *callbacks], verbose, **of_the_model)
    return _with_perplexity(config, corpus, result)


def write_run(
    config: TrainingConfig,
    sentences: Iterable[str] | Iterable[Sequence[str]] = (),
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int = 0,
    when_read: Callable[[EncodedCorpus, bool], None] | None = None,
    **of_the_model: Any,
) -> TrainingResult:
    """Learn vectors, and write them to ``config.run_directory``.

    All that can be checked is checked before the text is read. With ``config.distribute`` several devices and
    processes train one model, and only the first process writes.

    Args:
        config: the settings. With ``config.resume`` the run in that directory goes on.
        sentences: the text if ``config.corpus`` is ``None``.
        callbacks: passed to ``fit``; what they add to the logs is written to ``history.csv``.
        verbose: as in ``train()``.
        when_read: called before training with the encoded text, and whether an earlier run is replaced.
        **of_the_model: ``layers`` and ``compiled`` of ``train()``.

    Returns:
        What ``train()`` returns.

    Raises:
        InputError: the text, the directory or a setting cannot be used, the run cannot be resumed, or the loss
            becomes infinite or NaN.
    """
    if config.distribute is None:
        return _write_run(config, sentences, ONE_DEVICE, callbacks, verbose, when_read, of_the_model)
    import_keras_quietly()
    from embedding_tutorial.scale.devices import Layout, joined

    with joined(config) as devices:
        callbacks = [*callbacks, *([Layout()] if verbose > 1 else [])]
        return _write_run(config, sentences, devices, callbacks, verbose, when_read, of_the_model)


def _write_run(
    config: TrainingConfig,
    sentences: Iterable,
    devices: Devices,
    callbacks: Sequence[keras.callbacks.Callback],
    verbose: int,
    when_read: Callable[[EncodedCorpus, bool], None] | None,
    of_the_model: dict[str, Any],
) -> TrainingResult:
    directory, writes = config.run_directory, devices.process == 0
    files = [] if config.corpus is None else corpus_files(config.corpus)  # raises where there are none
    held = claim(directory, resume=config.resume is not None)
    with held if writes else contextlib.nullcontext(read_begun(directory)) as begun:
        if config.resume and (begun is None or is_finished(directory)):
            problem = "holds no run that was begun" if begun is None else "is finished: there is nothing to go on with"
            raise InputError(f"--resume {directory}: {problem}")
        if begun and config.corpus and can_be_read_again(config.corpus):
            check_text(config, begun, lambda: text_sha256(config))
        if config.resume:
            check_dictionary(config, begun)
        else:
            check_needed(
                directory, filter(None, [*files, config.init, config.dictionary, config.categories, config.font])
            )
        start = Checkpoint.load(directory) if config.resume else None
        if start is None:  # a checkpoint already holds trained vectors
            start = starting_vectors(config, begun.get("init_sha256") if config.resume else None)
        categories, font = read_categories(config.categories or CATEGORIES), find_font(config.font)
        corpus = encode_corpus(config, sentences)
        check_memory(config, corpus)
        check_text(config, begun, lambda: corpus.sha256)
        if isinstance(start, WordVectors) and not any(token in start for token in corpus.vocabulary.tokens):
            raise InputError(f"--init {config.init}: has a vector for no token of {config.corpus_name}")
        if when_read:
            when_read(corpus, begun is not None and not config.resume)
        import_keras_quietly()
        from embedding_tutorial.model.training import train

        if config.distribute:
            import keras

            from embedding_tutorial.scale.devices import check_alike

            check_alike(config, corpus.sha256)
        if writes:
            hashes = _begin(config, corpus, begun)
        with _event_files():
            watching = _watching(config, corpus, categories, directory if writes else None)
            result = train(config, corpus, start, devices, [*watching, *callbacks], verbose, **of_the_model)
        if config.distribute:
            keras.distribution.set_distribution(None)  # else saving would wait for the other processes
        if writes:
            result = _with_perplexity(config, corpus, result)
            own = [name for name, value in of_the_model.items() if value is not None]
            _export(config, corpus, result, {**hashes, "own": own}, categories, font)
        return result


def _with_perplexity(config: TrainingConfig, corpus: EncodedCorpus, result: TrainingResult) -> TrainingResult:
    """Add the perplexity on held-out sentences to the result of a next-token model."""
    if config.model != "gru":
        return result
    from embedding_tutorial.model.next_token import held_out_perplexities

    return dataclasses.replace(result, perplexity=held_out_perplexities(config, corpus, result.model))


def _begin(config: TrainingConfig, corpus: EncodedCorpus, begun: dict | None) -> dict[str, str | None]:
    """Begin a run, or resume one. Returns the SHA-256 of the files that it learns from."""
    if config.resume:
        return {
            "corpus_sha256": corpus.sha256,
            **{name: begun.get(name) for name in ("init_sha256", "dictionary_sha256")},
        }
    hashes = {
        "corpus_sha256": corpus.sha256,
        "init_sha256": config.init and file_sha256(config.init),
        "dictionary_sha256": config.dictionary and file_sha256(config.dictionary),
    }
    begin(config.run_directory, {**config.to_json(config.run_directory), **hashes})
    return hashes


def _watching(
    config: TrainingConfig, corpus: EncodedCorpus, categories: Sequence[Category], directory: Path | None
) -> list[keras.callbacks.Callback]:
    """The callbacks that compute agreements, and, if ``directory`` is given, those that write to it."""
    import keras
    import tensorflow as tf

    from embedding_tutorial.model.callbacks import MOST_WATCHED, SaveCheckpoint, Watch

    figures = partial(agreement_figures, categories=categories, tokens=config.tokens)
    if directory is None:
        return [Watch(corpus.vocabulary, figures)]
    # TensorBoard looks for projector_config.pbtxt only where an event file lies beside it, and Keras
    # writes its own to train/ and validation/. Watch writes one to the directory itself.
    writer = tf.summary.create_file_writer(str(directory))
    telling = telling_tokens(corpus.vocabulary.tokens[:MOST_WATCHED], config.tokens)
    curves = keras.callbacks.TensorBoard(directory, write_graph=False, embeddings_freq=0)
    return [Watch(corpus.vocabulary, figures, telling, writer), curves, SaveCheckpoint(directory)]


@contextlib.contextmanager
def _event_files() -> Iterator[None]:
    """Raise an ``InputError`` if TensorFlow cannot write one of TensorBoard's event files."""
    import tensorflow as tf

    try:
        yield
    except tf.errors.OpError as error:
        if "Summary" not in error.message:  # the name of the operation that failed
            raise
        reason = re.sub(r"\{\{.*?\}\} |\[Op:.*", "", error.message.splitlines()[0])
        raise InputError(f"TensorBoard's event files cannot be written: {reason.strip()}") from None


def _export(
    config: TrainingConfig,
    corpus: EncodedCorpus,
    result: TrainingResult,
    told: dict[str, Any],
    categories: Sequence[Category],
    font: Path | None,
) -> None:
    """Write the results, and what is ``told`` of the run in ``run.json``.

    The checkpoint is removed last, so after a crash during the export the run can be resumed.
    """
    import keras

    from embedding_tutorial.model.sequential import stock_model

    directory, backend = config.run_directory, keras.backend.backend()
    write_whole(directory / MODEL, stock_model(result.model).save)
    write_whole(directory / HISTORY, lambda path: result.history.to_csv(path, index=False))
    run = {
        "config": config.to_json(directory),
        **told,
        "sentences": len(corpus.lengths),
        "tokens": int(corpus.lengths.sum()),
        "tokens_left_out": corpus.tokens_left_out,
        "vocabulary_size": len(corpus.vocabulary),
        "perplexity": result.perplexity,
        "layers": [type(layer).__name__ for layer in result.model.layers],
        "fit_seconds": round(result.seconds, 3),
        "backend": backend,
        "versions": {name: version(name) for name in ("keras", "numpy", "tensorflow", backend)},
    }
    export(directory, result.vectors, categories, run, result.snapshots, font)
    (directory / CHECKPOINT).unlink(missing_ok=True)


def check_memory(config: TrainingConfig, corpus: EncodedCorpus) -> None:
    """Refuse to train if this machine has too little memory; the system would kill the process. Not on Windows.

    Raises:
        InputError: training would take more memory than there is.
    """
    if "SC_PHYS_PAGES" not in getattr(os, "sysconf_names", ()):
        return
    # With full softmax each place of a batch gets a score for every token.
    places = 0 if config.negatives else config.batch_size or default_batch_size(len(corpus.ids))
    needed = (COPIES * config.dim + SCORES * places) * len(corpus.vocabulary) * NUMBER / 1e9
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    if needed > there:
        softmax = " or --batch-size, or --negatives" if places else ""
        raise InputError(
            f"{len(corpus.vocabulary):,} tokens with --dim {config.dim} take {needed:,.3g} GB of memory, and this "
            f"machine has {there:,.3g}; use a larger --min-count, a smaller --dim{softmax}"
        )
