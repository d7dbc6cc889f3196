"""Ask a trained run: what is near what, does it make sense, is it better than another?

    python -m embedding_tutorial neighbors 王 妃           what is near each of these
    python -m embedding_tutorial similarity 公主 王妃      the cosine of two
    python -m embedding_tutorial analogy 皇帝 皇后 王子    a is to b as c is to …
    python -m embedding_tutorial odd-one-out 春 夏 秋 红   which does not belong
    python -m embedding_tutorial sentences 王妃很漂亮      which sentences are near this one
    python -m embedding_tutorial write 公主                what a run with --model gru writes
    python -m embedding_tutorial evaluate                  agreement, beside chance
    python -m embedding_tutorial compare runs/a runs/b     runs side by side
    python -m embedding_tutorial tensorboard               look at it
    python -m embedding_tutorial map                       look at it without a server: one HTML file
    python -m embedding_tutorial plan --tokens-total 1e9 --vocabulary 500000 --dim 300
                                                           what a job on several devices would need

Answers come without Keras and TensorFlow, so at once; but ``write`` and ``evaluate --controls`` import them.
"""

import argparse
import contextlib
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from embedding_tutorial import terminal

if __name__ == "__main__":
    terminal.take_over("embedding_tutorial")

from embedding_tutorial.config import BY_MODEL, InputError, TrainingConfig
from embedding_tutorial.labels import printable
from embedding_tutorial.run_directory import read_run
from embedding_tutorial.tables import show
from embedding_tutorial.text.encoded_corpus import EncodedCorpus
from embedding_tutorial.vectors.answers import (
    analogy,
    as_written,
    neighbors,
    newest_run,
    odd_one_out,
    sentences,
    similarity,
)
from embedding_tutorial.vectors.compare import compare_runs
from embedding_tutorial.vectors.report import Retrain, evaluate_run
from embedding_tutorial.vectors.word_vectors import WordVectors
from embedding_tutorial.vectors.writing import NextScores, write


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and answer."""
    parser = Parser(
        prog="python -m embedding_tutorial", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (add_words, add_sentences, add_write, add_evaluate, add_compare, add_tensorboard, add_map, add_plan):
        add(commands)
    given = vars(parser.parse_args(arguments))
    answer, as_json = given.pop("answer"), given.pop("json")
    if "run" in given and given["run"] is None:
        given["run"] = newest_run()
    if "words" in given:
        given["words"] = as_written(given["run"], given["words"])
    if answer is tensorboard:
        tensorboard(**given)  # does not return
    with contextlib.redirect_stdout(sys.stderr):  # standard output is for the answer alone
        found = answer(**given)
    show(found, as_json)


class Parser(argparse.ArgumentParser):
    """Escapes the characters of the command line that would steer the terminal."""

    def error(self, message: str) -> Any:
        super().error(printable(message))


def number(kind: type, least: float, most: float) -> Callable[[str], Any]:
    """The ``type`` of a flag for argparse: reads an ``int`` or a ``float`` in a range. ``1e9`` is both."""
    name = "whole number" if kind is int else "number"

    def read(text: str) -> Any:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most or kind(value) != value:
            raise argparse.ArgumentTypeError(f"expected a {name} from {least:g} to {most:g}, not {text[:40]!r}")
        return kind(value)

    return read


WHOLE, FIGURE, PORT = number(int, 1, 1e15), number(float, 1e-6, 1e12), number(int, 1, 65535)


def command(commands: Any, name: str, answer: Callable, help: str, of_a_run: bool = True) -> argparse.ArgumentParser:
    """Add a command. Its other flags are the parameters of ``answer``."""
    sub = commands.add_parser(name, help=help, description=answer.__doc__.partition("\n")[0])
    sub.set_defaults(answer=answer)
    if of_a_run:
        sub.add_argument("--run", type=Path, metavar="DIR", help="run directory (default: the newest)")
    sub.add_argument("--json", action="store_true", help="print JSON, for programs")
    return sub


def add_words(commands: Any) -> None:
    """The questions about words."""
    for name, answer, number_of_words, help in (
        ("neighbors", neighbors, "+", "what is near each of these"),
        ("similarity", similarity, 2, "the cosine of two words"),
        ("analogy", analogy, 3, "a is to b as c is to … (fails on the shipped text: lesson 12 says why)"),
        ("odd-one-out", odd_one_out, "+", "which word does not belong"),
    ):
        sub = command(commands, name, answer, help)
        sub.add_argument("words", nargs=number_of_words, metavar="WORD")
        if answer is neighbors:
            sub.add_argument("--topn", type=WHOLE, default=10, metavar="N", help="how many (default: 10)")
        if answer is analogy:
            sub.add_argument("--topn", type=WHOLE, default=5, metavar="N", help="how many answers (default: 5)")


def add_sentences(commands: Any) -> None:
    """The question about sentences."""
    sub = command(commands, "sentences", sentences, "which sentences of the text are near this one")
    sub.add_argument("sentence", metavar="SENTENCE")
    sub.add_argument("--topn", type=WHOLE, default=5, metavar="N", help="how many (default: 5)")


def add_write(commands: Any) -> None:
    """The writing of sentences."""
    sub = command(commands, "write", write_with_keras, "what a run with --model gru writes (imports Keras)")
    sub.add_argument(
        "beginning", nargs="?", default="", metavar="BEGINNING", help="go on from here (default: begin a sentence)"
    )
    sub.add_argument("--lines", type=number(int, 1, 1000), default=5, metavar="N", help="how many (default: 5)")
    sub.add_argument(
        "--temperature",
        type=FIGURE,
        default=0.8,
        metavar="X",
        help="below 1 likely tokens become likelier, above 1 less likely (default: 0.8)",
    )
    sub.add_argument("--top-k", type=WHOLE, metavar="N", help="draw among the N likeliest tokens (default: all)")
    sub.add_argument(
        "--seed", type=number(int, 0, 2**31 - 1), default=1, metavar="N", help="same seed, same lines (default: 1)"
    )
    sub.add_argument(
        "--longest",
        type=number(int, 1, 1000),
        default=60,
        metavar="N",
        help="tokens in a line; a longer one is cut off, and marked with … (default: 60)",
    )


def write_with_keras(run: Path, **given: Any) -> dict[str, Any]:
    """Sentences that go on from a beginning, and what in them is copied from the text. Imports Keras."""
    from embedding_tutorial.quiet import check_environment, import_keras_quietly

    check_environment()

    def read_model(path: Path) -> NextScores:
        import_keras_quietly()
        from embedding_tutorial.model.writing import read_model

        return read_model(path)

    return write(run, **given, read_model=read_model)


def add_evaluate(commands: Any) -> None:
    """The evaluation of a run."""
    sub = command(commands, "evaluate", evaluate, "agreement with what the model was never told, beside chance")
    add_categories(sub, "those of the run, or the shipped ones")
    sub.add_argument("--pairs", type=Path, metavar="FILE", help="word pairs with human scores: word, word, score")
    sub.add_argument("--analogies", type=Path, metavar="FILE", help="analogies: ': section' lines, then a b c d")
    sub.add_argument(
        "--controls",
        action="store_true",
        help="retrain on shuffled and on twinned text, and count PPMI + SVD (minutes)",
    )


def add_categories(sub: argparse.ArgumentParser, default: str) -> None:
    """The file of groups."""
    help = f"groups of tokens: group, tab, token (default: {default})"
    sub.add_argument("--categories", type=Path, metavar="FILE", help=help)


def evaluate(
    run: Path, categories: Path | None, pairs: Path | None, analogies: Path | None, controls: bool
) -> dict[str, Any]:
    """Every figure for one run, with its interval and its chance."""
    return evaluate_run(run, pairs, analogies, retraining(run) if controls else None, categories)


def retraining(run: Path) -> Retrain:
    """A function that trains as a run was trained. It imports Keras when it is called.

    Raises:
        InputError: Keras's environment or the run cannot be used.
    """
    from embedding_tutorial.quiet import check_environment, import_keras_quietly

    check_environment()
    told = read_run(run)
    if told.get("own"):
        raise InputError(f"{run}: --controls cannot train it anew: a program gave it {' and '.join(told['own'])}")
    config = TrainingConfig.from_json(told["config"], run)

    def retrain(corpus: EncodedCorpus, initial: WordVectors | None) -> WordVectors:
        import_keras_quietly()
        from embedding_tutorial.model.training import train

        return train(config, corpus, initial).vectors

    return retrain


def add_compare(commands: Any) -> None:
    """Runs side by side."""
    sub = command(commands, "compare", compare_runs, "runs side by side", of_a_run=False)
    add_categories(sub, "the shipped ones")
    sub.add_argument("runs", nargs="+", type=Path, metavar="DIR")


def add_tensorboard(commands: Any) -> None:
    """TensorBoard on a run."""
    sub = command(commands, "tensorboard", tensorboard, "look at a run")
    sub.add_argument("--port", type=PORT, default=6006, help="(default: 6006)")


def tensorboard(run: Path, port: int) -> NoReturn:
    """Start TensorBoard on the run, and say which address works at the first visit."""
    from embedding_tutorial.pictures.tensorboard import serve

    sys.exit(serve(run, port))


def add_map(commands: Any) -> None:
    """The map of a run."""
    sub = command(commands, "map", draw_map, "look at a run without a server: one HTML file")
    sub.add_argument(
        "--out",
        type=Path,
        default=Path("map.html"),
        metavar="FILE",
        help="an earlier file is replaced (default: map.html)",
    )
    sub.add_argument("--tsne", action="store_true", help="place tokens by t-SNE (scikit-learn), not by PCA")


def draw_map(run: Path, out: Path, tsne: bool) -> dict[str, Any]:
    """Write the tokens on a plane as one HTML file, which opens in any browser, offline."""
    from embedding_tutorial.pictures.map_page import draw_map

    return draw_map(run, out, tsne)


def add_plan(commands: Any) -> None:
    """The plan of a training on several devices."""
    sub = command(commands, "plan", plan, "what training on several devices needs", of_a_run=False)
    for flag, name, help in (
        ("--tokens-total", "tokens", "tokens in the text"),
        ("--vocabulary", "vocabulary_size", "tokens that get a vector"),
        ("--dim", "dim", "numbers in a vector"),
    ):
        sub.add_argument(flag, dest=name, type=WHOLE, required=True, metavar="N", help=help)
    epochs = BY_MODEL["epochs"]["skipgram"]
    sub.add_argument(
        "--epochs", type=WHOLE, default=epochs, metavar="N", help="passes over the text (default: %(default)s)"
    )
    sub.add_argument(
        "--batch-size",
        type=WHOLE,
        default=argparse.SUPPRESS,
        metavar="N",
        help="tokens in a step (default: that of a large text)",
    )
    sub.add_argument("--distribute", dest="kind", choices=("data", "model"), default="data", help="(default: data)")
    sub.add_argument(
        "--devices", type=WHOLE, nargs="+", default=[1, 2, 4, 8], metavar="N", help="how many (default: 1 2 4 8)"
    )
    for flag, name, help in (
        ("--gflops", "flops", "GFLOP/s of a device"),
        ("--memory", "memory", "GB/s of its memory"),
        ("--network", "network", "GB/s from one device to another"),
    ):
        options = {"dest": name, "type": FIGURE, "default": argparse.SUPPRESS, "metavar": "X"}
        sub.add_argument(flag, **options, help=f"{help} (default: as on a CPU core)")


def plan(devices: list[int], **given: Any) -> dict[str, Any]:
    """What training on several devices needs, from formulae: memory, bytes sent, steps, time."""
    from embedding_tutorial.scale.plan import Job, Speed, plan_training

    speed = {name: 1e9 * given.pop(name) for name in ("flops", "memory", "network") if name in given}
    return plan_training(Job(**given), Speed(**speed), devices)


if __name__ == "__main__":
    main()
