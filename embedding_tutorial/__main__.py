"""Ask a trained run: what is near what, does it make sense, is it better than another?

    python -m embedding_tutorial neighbors 王 妃           what is near each of these
    python -m embedding_tutorial similarity 公主 王妃      the cosine of two
    python -m embedding_tutorial analogy 皇帝 皇后 王子    a is to b as c is to …
    python -m embedding_tutorial odd-one-out 春 夏 秋 红   which does not belong
    python -m embedding_tutorial evaluate                  agreement, beside chance
    python -m embedding_tutorial compare runs/a runs/b     runs side by side
    python -m embedding_tutorial tensorboard               look at it
    python -m embedding_tutorial map                       look at it without a server: one HTML file
    python -m embedding_tutorial plan --tokens-total 1e9 --vocabulary 500000 --dim 300
                                                           what a job on several devices would need

Answers come without Keras and TensorFlow, so at once.
"""

import argparse
import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.corpus import read_sentences, tokenize
from embedding_tutorial.plan import Job, Speed
from embedding_tutorial.run_directory import read_run
from embedding_tutorial.vectors import WordVectors

RUNS = Path("runs")


def newest_run() -> Path:
    """The run directory under ``runs/`` that was finished last.

    Raises:
        InputError: there is none.
    """
    finished = sorted(RUNS.glob("*/run.json"), key=lambda path: path.stat().st_mtime)
    if not finished:
        raise InputError(f"no finished run in {RUNS.absolute()}; run train.py first, or name one with --run")
    return finished[-1].parent


def known(vectors: WordVectors, words: list[str], directory: Path) -> list[str]:
    """What to tell of words that have no vector of their own but are composed of their characters.

    Raises:
        InputError: a word can be neither found nor composed.
    """
    notes = []
    for word in words:
        try:
            vectors.compose(word)
        except KeyError as error:
            config = TrainingConfig.from_json(read_run(directory)["config"], directory)
            seen = _times_seen(word, config)
            rarely = f": seen {seen} times, fewer than --min-count {config.min_count}" if seen else ""
            raise InputError(f"{error.args[0]}{rarely or ': it is not in the text'}") from None
        if word not in vectors:
            notes.append(f"{word} is composed of {' + '.join(word)}")
    return notes


def _times_seen(word: str, config: TrainingConfig) -> int:
    """How often a word stands in the run's corpus; 0 where that cannot be read any more."""
    try:
        sentences = read_sentences(config.corpus)
    except InputError:
        return 0
    return sum(list(tokenize(sentence, config.tokens)).count(word) for sentence in sentences if word in sentence)


def neighbors(options: argparse.Namespace) -> dict[str, Any]:
    """The nearest tokens of each word."""
    vectors = WordVectors.load(options.run)
    notes = known(vectors, options.words, options.run)
    return {
        "notes": notes,
        "columns": ["asked", "nearest", "cosine", "count"],
        "rows": [
            [word, near, round(cosine, 3), int(vectors.counts[vectors.key_to_index[near]])]
            for word in options.words
            for near, cosine in vectors.most_similar(word, topn=options.topn)
        ],
    }


def similarity(options: argparse.Namespace) -> dict[str, Any]:
    """The cosine of two words, and where each stands among the other's neighbours."""
    vectors = WordVectors.load(options.run)
    notes = known(vectors, options.words, options.run)
    first, second = options.words
    row = [first, second, round(vectors.similarity(first, second), 3)]
    columns = ["first", "second", "cosine"]
    # Cosines run high in a small corpus: a rank says more than the number alone.
    if first in vectors and second in vectors:
        ranks = []
        for asked, answer in ((first, second), (second, first)):
            order = [token for token, _ in vectors.most_similar(asked, topn=len(vectors))]
            ranks.append(order.index(answer) + 1 if answer in order else 0)
        row += ranks
        columns += [f"{second} near {first}", f"{first} near {second}"]
        notes.append(f"the last two: rank among {len(vectors) - 1} other {read_run(options.run)['config']['tokens']}")
    return {"notes": notes, "columns": columns, "rows": [row]}


def analogy(options: argparse.Namespace) -> dict[str, Any]:
    """a is to b as c is to …: the tokens nearest to b - a + c."""
    vectors = WordVectors.load(options.run)
    notes = known(vectors, options.words, options.run)
    a, b, c = options.words
    notes.append(f"{a} : {b} = {c} : …")
    found = vectors.most_similar(positive=[b, c], negative=[a], topn=options.topn)
    return {
        "notes": notes,
        "columns": ["answer", "cosine"],
        "rows": [[token, round(cosine, 3)] for token, cosine in found],
    }


def odd_one_out(options: argparse.Namespace) -> dict[str, Any]:
    """The word that is least like the others."""
    vectors = WordVectors.load(options.run)
    notes = known(vectors, options.words, options.run)
    return {"notes": notes, "columns": ["odd one out"], "rows": [[vectors.doesnt_match(options.words)]]}


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """Every figure for one run, with its interval and its chance."""
    from embedding_tutorial.report import evaluate_run

    return evaluate_run(options.run, options.pairs, options.analogies, options.controls)


def compare(options: argparse.Namespace) -> dict[str, Any]:
    """Runs side by side."""
    from embedding_tutorial.report import compare_runs

    return compare_runs(options.runs)


def tensorboard(options: argparse.Namespace) -> None:
    """Start TensorBoard on the run, and say which address works at the first visit."""
    read_run(options.run)
    print(f"Open http://localhost:{options.port}/#projector   (Ctrl-C ends it)", flush=True)
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(options.run), "--port", str(options.port)]
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(subprocess.call(command))


def draw_map(options: argparse.Namespace) -> dict[str, Any]:
    """Write the tokens on a plane as one HTML file, which opens in any browser, offline."""
    from embedding_tutorial.map_page import write_map

    data = write_map(options.run, options.out, options.tsne)
    epochs = " ".join(map(str, data["epochs"]))
    return {
        "notes": [f"Open {options.out} in a browser."],
        "columns": ["file", data["unit"], "epochs", "MB"],
        "rows": [[str(options.out), len(data["tokens"]), epochs, round(options.out.stat().st_size / 1e6, 1)]],
    }


def plan(options: argparse.Namespace) -> dict[str, Any]:
    """What training on several devices needs, from formulae: memory, bytes sent, steps, time."""
    from embedding_tutorial.batches import LARGEST_BATCH  # needs more than the other answers

    batch_size = options.batch_size or LARGEST_BATCH
    job = Job(options.tokens_total, options.vocabulary, options.dim, options.epochs, batch_size, options.kind)
    speed = Speed(options.gflops * 1e9, options.memory * 1e9, options.network * 1e9)
    rows = []
    for devices in options.devices:
        step = job.step_seconds(devices, speed)
        sizes = [round(size / 1e6, 1) for size in (job.memory(devices), job.sent(devices))]
        rows.append([devices, *sizes, round(1e3 * step, 1), round(step * job.steps / 3600, 2)])
    return {
        "notes": [
            f"{job.steps:,} steps of {job.batch_size:,} places; both tables {job.tables / 1e6:,.1f} MB, "
            f"text on disk {4 * job.tokens / 1e6:,.1f} MB in ids",
            f"device: {options.gflops:g} GFLOP/s, {options.memory:g} GB/s of memory; {options.network:g} GB/s between",
        ],
        "columns": ["devices", "MB a device", "MB sent a step", "ms a step", "hours"],
        "rows": rows,
    }


def show(answer: dict[str, Any], as_json: bool) -> None:
    """Print an answer as a table, or as JSON for programs."""
    if as_json:
        rows = [dict(zip(answer["columns"], row, strict=True)) for row in answer["rows"]]
        print(json.dumps({"notes": answer["notes"], "rows": rows}, ensure_ascii=False, indent=2))
        return
    import pandas as pd

    for note in answer["notes"]:
        print(note)
    table = pd.DataFrame(answer["rows"], columns=answer["columns"], dtype=object)  # whole numbers stay whole
    with pd.option_context("display.unicode.east_asian_width", True):
        print(table.where(table.notna(), "-").to_string(index=False))


def _positive(text: str) -> float:
    """A number above 0, as argparse wants to hear of it."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError
    return number


def _whole(text: str) -> int:
    """A whole number above 0; ``1e9`` is one, too."""
    number = _positive(text)
    if number != int(number):
        raise ValueError
    return int(number)


_positive.__name__, _whole.__name__ = "number above 0", "whole number above 0"  # argparse: "invalid … value"


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and answer."""
    parser = argparse.ArgumentParser(
        prog="python -m embedding_tutorial", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, answer: Any, words: int | str | None = None, help: str = "") -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=answer.__doc__)
        sub.set_defaults(answer=answer)
        if words is not None:
            sub.add_argument("words", nargs=words, metavar="WORD")
        sub.add_argument("--run", type=Path, default=None, metavar="DIR", help="run directory (default: the newest)")
        sub.add_argument("--json", action="store_true", help="print JSON, for programs")
        return sub

    command("neighbors", neighbors, "+", "what is near each of these").add_argument(
        "--topn", type=int, default=10, metavar="N", help="how many (default: 10)"
    )
    command("similarity", similarity, 2, "the cosine of two words")
    command("analogy", analogy, 3, "a is to b as c is to …").add_argument(
        "--topn", type=int, default=5, metavar="N", help="how many answers (default: 5)"
    )
    command("odd-one-out", odd_one_out, "+", "which word does not belong")
    sub = command("evaluate", evaluate, help="agreement with what the model was never told, beside chance")
    sub.add_argument("--pairs", type=Path, metavar="FILE", help="word pairs with human scores: word TAB word TAB score")
    sub.add_argument("--analogies", type=Path, metavar="FILE", help="analogies: ': section' lines, then a b c d")
    sub.add_argument(
        "--controls",
        action="store_true",
        help="retrain on shuffled and on twinned text, and count PPMI + SVD (minutes)",
    )
    sub = commands.add_parser("compare", help="runs side by side", description=compare.__doc__)
    sub.set_defaults(answer=compare, run=None)
    sub.add_argument("runs", nargs="+", type=Path, metavar="DIR")
    sub.add_argument("--json", action="store_true", help="print JSON, for programs")
    command("tensorboard", tensorboard, help="look at a run").add_argument(
        "--port", type=int, default=6006, help="(default: 6006)"
    )
    sub = command("map", draw_map, help="look at a run without a server: one HTML file")
    sub.add_argument("--out", type=Path, default=Path("map.html"), metavar="FILE", help="(default: map.html)")
    sub.add_argument("--tsne", action="store_true", help="place tokens by t-SNE (scikit-learn), not by PCA")

    epochs, speed = TrainingConfig.epochs, Speed()
    sub = commands.add_parser("plan", help="what training on several devices needs", description=plan.__doc__)
    sub.set_defaults(answer=plan, run=None)
    sub.add_argument("--tokens-total", type=_whole, required=True, metavar="N", help="tokens in the text")
    sub.add_argument("--vocabulary", type=_whole, required=True, metavar="N", help="tokens that get a vector")
    sub.add_argument("--dim", type=_whole, required=True, metavar="N", help="numbers in a vector")
    sub.add_argument(
        "--epochs", type=_whole, default=epochs, metavar="N", help="passes over the text (default: %(default)s)"
    )
    sub.add_argument("--batch-size", type=_whole, metavar="N", help="tokens in a step (default: that of a large text)")
    sub.add_argument("--distribute", dest="kind", choices=("data", "model"), default="data", help="(default: data)")
    sub.add_argument(
        "--devices", type=_whole, nargs="+", default=[1, 2, 4, 8], metavar="N", help="how many (default: 1 2 4 8)"
    )
    for name, default, help in (
        ("gflops", speed.flops / 1e9, "GFLOP/s of a device"),
        ("memory", speed.memory / 1e9, "GB/s of its memory"),
        ("network", speed.network / 1e9, "GB/s from one device to another"),
    ):
        sub.add_argument(
            f"--{name}", type=_positive, default=default, metavar="X", help=f"{help} (default: %(default)s)"
        )
    sub.add_argument("--json", action="store_true", help="print JSON, for programs")

    options = parser.parse_args(arguments)
    if options.run is None and options.answer not in (compare, plan):
        options.run = newest_run()
    answer = options.answer(options)
    if answer is not None:
        show(answer, options.json)


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # a console that cannot show a character shows its number
    try:
        main()
    except InputError as error:
        sys.exit(f"embedding_tutorial: error: {error}")
