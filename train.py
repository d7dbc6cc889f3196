"""Learn vectors from a text and write a run directory for TensorBoard's projector.

python train.py                                   the shipped corpus, characters
python train.py --tokens words                    the same, words
python train.py --corpus my.txt --min-count 3     your own text
python train.py --corpus "texts/*.txt.gz"         your own texts, all that match
python train.py --resume runs/my-characters       go on after a stop, as if there had been none

KERAS_BACKEND=jax python train.py --distribute data     on all devices; see embedding_tutorial/scale/devices.py
"""

import contextlib
import shlex
import sys
from pathlib import Path

from embedding_tutorial import terminal

if __name__ == "__main__":
    terminal.take_over("train.py")

from embedding_tutorial.checkpoint import Checkpoint
from embedding_tutorial.command_line import parse_flags
from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.labels import printable
from embedding_tutorial.quiet import check_environment, import_keras_quietly
from embedding_tutorial.run_directory import CONFIG, check_needed, check_text, claim, is_finished, read_begun
from embedding_tutorial.scale.plan import check_memory
from embedding_tutorial.text.batches import default_batch_size
from embedding_tutorial.text.encoded_corpus import EncodedCorpus, encode_corpus
from embedding_tutorial.text.files import can_be_read_again, corpus_files, text_sha256
from embedding_tutorial.vectors.word_vectors import WordVectors, starting_vectors


def main(arguments: list[str] | None = None) -> None:
    """Parse flags, join the other devices and processes where there are any, and learn."""
    config = parse_flags(arguments)
    check_environment(["rjieba"] if config.tokens == "words" else [])
    directory = config.run_directory
    before = written(directory)
    with terminal.when_stopped(lambda: how_to_go_on(config, config.resume or written(directory) != before)):
        if config.distribute is None:
            learn(config, writes=True)
            return
        import_keras_quietly()

        from embedding_tutorial.scale.devices import joined

        with joined(config) as share:
            learn(config, writes=share.process == 0)


def learn(config: TrainingConfig, writes: bool) -> None:
    """Check everything that can be checked, read the text, then train, export and say what came out.

    Of several processes that train together one ``writes`` the run directory.
    """
    from embedding_tutorial.pictures.sprites import find_font

    directory = config.run_directory
    if config.resume and is_finished(directory):
        print(f"{directory} is finished: there is nothing to go on with")
        return
    corpus_files(config.corpus)  # raises where there are none
    held = claim(directory, resume=config.resume is not None)
    with held if writes else contextlib.nullcontext(read_begun(directory)) as begun:
        if begun and can_be_read_again(config.corpus):
            check_text(config, begun, lambda: text_sha256(config.corpus))
        if not config.resume:
            check_needed(directory, filter(None, [*corpus_files(config.corpus), config.init, config.font]))
        checkpoint = Checkpoint.load(directory) if config.resume else None
        # Vectors to start from are in the checkpoint, too.
        initial = None if checkpoint else starting_vectors(config, begun.get("init_sha256") if config.resume else None)
        font = find_font(config.font)
        corpus = encode_corpus(config)
        scored = 0 if config.negatives else config.batch_size or default_batch_size(len(corpus.ids))
        check_memory(len(corpus.vocabulary), config.dim, scored)
        say_what_was_read(config, corpus, font, begun is not None)
        train(config, corpus, initial, font, checkpoint)


def say_what_was_read(config: TrainingConfig, corpus: EncodedCorpus, font: Path | None, holds_a_run: bool) -> None:
    """How long the text is, how many tokens get a vector, and what else is worth knowing before the wait."""
    from embedding_tutorial.pictures.sprites import HOW_TO_GET_A_FONT

    tokens = len(corpus.ids) + corpus.tokens_left_out
    files = len(corpus_files(config.corpus))
    name = shown(config.corpus) + (f" ({files} files)" if files > 1 else "")
    print(f"{printable(name)}: {len(corpus.lengths):,} sentences, {tokens:,} {config.tokens}")
    print(
        f"vocabulary: {len(corpus.vocabulary):,} {config.tokens} seen {config.min_count} times or more; "
        f"{corpus.tokens_left_out:,} of the text left out",
        flush=True,
    )
    if config.validation_split and not corpus.held_out_sentences(config.validation_split):
        print(f"no validation loss: {config.validation_split:g} of so few sentences is none")
    if font is None:
        print(HOW_TO_GET_A_FONT)
    if holds_a_run and not config.resume:
        print(f"{config.run_directory} holds an earlier run; this one replaces it")


def train(
    config: TrainingConfig,
    corpus: EncodedCorpus,
    initial: WordVectors | None,
    font: Path | None,
    checkpoint: Checkpoint | None,
) -> None:
    """Train, export, and show neighbours before and after."""
    import_keras_quietly()

    from embedding_tutorial.model.training import train_and_export
    from embedding_tutorial.vectors.groups import telling_tokens

    directory = config.run_directory
    result = train_and_export(config, corpus, directory, initial=initial, font=font, checkpoint=checkpoint)

    print(f"\nNearest {config.tokens} by cosine, before and after {config.epochs} epochs ({result.seconds:.1f} s):\n")
    for token in telling_tokens(result.untrained.index_to_key, config.tokens):
        for name, vectors in (("before", result.untrained), ("after", result.vectors)):
            names = " ".join(printable(near) for near, _ in vectors.most_similar(token, topn=8))
            print(f"  {printable(token) if name == 'before' else '　' * len(token)}  {name:6}  {names}")

    print(f"\nWritten to {directory}: vectors.tsv (the learned weights), vectors.txt (for gensim), model.keras")
    print("To see them:")
    print(f"  {shlex.join([shown(Path(sys.executable).with_name('tensorboard')), '--logdir', str(directory)])}")
    print("  http://localhost:6006/#projector")


def written(directory: Path) -> int:
    """When ``config.json`` of a run directory was written; 0 where there is none."""
    path = directory / CONFIG
    return path.stat().st_mtime_ns if path.exists() else 0


def how_to_go_on(config: TrainingConfig, begun: bool) -> str:
    """What to tell after a stop: the command that goes on with the run, if it is begun and not finished."""
    if not begun or is_finished(config.run_directory):
        return ""
    flags = sys.argv[1:] if config.resume else ["--resume", str(config.run_directory)]
    again = shlex.join([shown(Path(sys.executable)), sys.argv[0], *flags])
    return f" To go on after the last finished epoch:\n  {again}"


def shown(path: Path) -> str:
    """The path as seen from here, where that is shorter."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


if __name__ == "__main__":
    main()
