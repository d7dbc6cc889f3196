"""Learn vectors from a text and write a run directory for TensorBoard's projector.

python train.py                                   the shipped corpus: words, then characters
python train.py --tokens words                    words alone
python train.py --corpus my.txt --min-count 3     your own text
python train.py --corpus seg.txt --tokens blanks  your own, cut into tokens by blanks
python train.py --corpus "texts/*.txt.gz"         your own texts, all that match
python train.py --resume runs/my-characters       go on with an interrupted run

KERAS_BACKEND=jax python train.py --distribute data     on all devices; see embedding_tutorial/scale/devices.py
"""

import shlex
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from embedding_tutorial import terminal

if __name__ == "__main__":
    terminal.take_over("train.py")

from embedding_tutorial.command_line import parse_runs
from embedding_tutorial.config import TrainingConfig, noun
from embedding_tutorial.labels import printable
from embedding_tutorial.learning import write_run
from embedding_tutorial.pictures.sprites import HOW_TO_GET_A_FONT, find_font
from embedding_tutorial.quiet import check_environment
from embedding_tutorial.run_directory import CONFIG, is_finished
from embedding_tutorial.text.encoded_corpus import EncodedCorpus
from embedding_tutorial.text.files import corpus_files
from embedding_tutorial.vectors.groups import telling_tokens

if TYPE_CHECKING:
    from embedding_tutorial.model.training import TrainingResult


def main(arguments: list[str] | None = None) -> None:
    """Parse the flags, learn, and print what was read and what came out."""
    runs = parse_runs(arguments)
    check_environment(["rjieba"] if any(config.tokens == "words" for config in runs) else [])
    first = runs[0].run_directory
    if runs[0].resume and is_finished(first):
        print(f"{first} is finished: there is nothing to go on with")
        return
    for config in runs:
        learn_one(config)
    if len(runs) > 1:
        print("For one of the two alone: --tokens words, or --tokens characters")
    say_how_to_see(first.parent if len(runs) > 1 else first)


def learn_one(config: TrainingConfig) -> None:
    """Learn one run, and print its results."""
    directory = config.run_directory
    before = written(directory)
    with terminal.when_stopped(lambda: how_to_go_on(config, config.resume or written(directory) != before)):
        result = write_run(config, verbose=2, when_read=partial(say_what_was_read, config))
        say_what_came_out(config, result)


def say_what_was_read(config: TrainingConfig, corpus: EncodedCorpus, replaces: bool) -> None:
    """Print how long the text is, how many tokens get a vector, and what is missing or replaced."""
    tokens = len(corpus.ids) + corpus.tokens_left_out
    files = len(corpus_files(config.corpus))
    name = shown(config.corpus) + (f" ({files} files)" if files > 1 else "")
    print(f"{printable(name)}: {len(corpus.lengths):,} sentences, {tokens:,} {noun(config.tokens)}")
    print(
        f"vocabulary: {len(corpus.vocabulary):,} {noun(config.tokens)} seen {config.min_count} times or more; "
        f"{corpus.tokens_left_out:,} of the text left out",
        flush=True,
    )
    if config.tokens == "blanks" and corpus.tokens_left_out + len(corpus.vocabulary) > tokens / 2:
        print("most tokens are rare; if no blanks separate the words of this text, use --tokens words")
    if config.validation_split and not corpus.held_out_sentences(config.validation_split):
        print(f"no validation loss: {config.validation_split:g} of so few sentences is none")
    if find_font(config.font) is None:
        print(HOW_TO_GET_A_FONT)
    if replaces:
        print(f"{config.run_directory} holds an earlier run; this one replaces it")


def say_what_came_out(config: TrainingConfig, result: "TrainingResult") -> None:
    """Print neighbours before and after training, and where the files are."""
    kind, seconds = noun(config.tokens), f"{result.seconds:.1f} s"
    print(f"\nNearest {kind} by cosine, before and after {config.epochs} epochs ({seconds}):\n")
    for token in telling_tokens(result.untrained.index_to_key, config.tokens):
        for name, vectors in (("before", result.untrained), ("after", result.vectors)):
            names = " ".join(printable(near) for near, _ in vectors.most_similar(token, topn=8))
            print(f"  {printable(token) if name == 'before' else '　' * len(token)}  {name:6}  {names}")

    if found := result.perplexity:
        print(
            f"\nPerplexity of {found['predictions']:,} held-out {kind} and ends of sentences: {found['model']:.1f} "
            f"(counting three in a row: {found['trigram']:.1f}, one alone: {found['unigram']:.1f})"
        )
    files = "vectors.tsv (the learned weights), vectors.txt (for gensim), model.keras"
    print(f"\nWritten to {config.run_directory}: {files}\n")


def say_how_to_see(directory: Path) -> None:
    """Print how to look at a run, or at the runs in a directory."""
    print("To see them:")
    tensorboard = shown(Path(sys.executable).with_name("tensorboard"))
    print(f"  {shlex.join([tensorboard, '--logdir', str(directory)])}")
    print("  http://localhost:6006/#projector")


def written(directory: Path) -> int:
    """The time when ``config.json`` of a run directory was written, in nanoseconds; 0 if there is none."""
    path = directory / CONFIG
    return path.stat().st_mtime_ns if path.exists() else 0


def how_to_go_on(config: TrainingConfig, begun: bool) -> str:
    """The command that goes on with a stopped run, in a sentence; empty if it is not begun, or is finished."""
    if not begun or is_finished(config.run_directory):
        return ""
    flags = sys.argv[1:] if config.resume else ["--resume", str(config.run_directory)]
    again = shlex.join([shown(Path(sys.executable)), sys.argv[0], *flags])
    return f" To go on after the last finished epoch:\n  {again}"


def shown(path: Path) -> str:
    """The path relative to the working directory, if it lies in it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


if __name__ == "__main__":
    main()
