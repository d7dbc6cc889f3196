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
import importlib.util
import json
import math
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from embedding_tutorial import terminal

if __name__ == "__main__":
    terminal.take_over("embedding_tutorial")

import numpy as np

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.labels import printable
from embedding_tutorial.run_directory import read_run
from embedding_tutorial.scale.plan import Job, Speed
from embedding_tutorial.vectors.answers import analogy, neighbors, newest_run, odd_one_out, similarity
from embedding_tutorial.vectors.report import compare_runs, evaluate_run


def evaluate(options: argparse.Namespace) -> dict[str, Any]:
    """Every figure for one run, with its interval and its chance."""
    return evaluate_run(options.run, options.pairs, options.analogies, options.controls)


def compare(options: argparse.Namespace) -> dict[str, Any]:
    """Runs side by side."""
    return compare_runs(options.runs)


def tensorboard(options: argparse.Namespace) -> None:
    """Start TensorBoard on the run, and say which address works at the first visit."""
    read_run(options.run)
    if importlib.util.find_spec("tensorboard") is None:
        raise InputError("Python cannot find tensorboard; pip install -r requirements.txt")
    try:
        socket.create_server(("localhost", options.port)).close()
    except OSError as error:
        raise InputError(f"--port {options.port}: {error.strerror}; name another") from None
    print(f"Open http://localhost:{options.port}/#projector   (Ctrl-C ends it)", flush=True)
    command = [sys.executable, "-m", "tensorboard.main", f"--logdir={options.run}", f"--port={options.port}"]
    with subprocess.Popen(command) as server, terminal.when_stopped(server.terminate):
        sys.exit(server.wait())


def draw_map(options: argparse.Namespace) -> dict[str, Any]:
    """Write the tokens on a plane as one HTML file, which opens in any browser, offline."""
    from embedding_tutorial.pictures.map_page import write_map

    data = write_map(options.run, options.out, options.tsne)
    epochs = " ".join(map(str, data["epochs"]))
    return {
        "notes": [f"Open {options.out} in a browser."],
        "columns": ["file", data["unit"], "epochs", "MB"],
        "rows": [[str(options.out), len(data["tokens"]), epochs, round(options.out.stat().st_size / 1e6, 1)]],
    }


def plan(options: argparse.Namespace) -> dict[str, Any]:
    """What training on several devices needs, from formulae: memory, bytes sent, steps, time."""
    from embedding_tutorial.text.batches import LARGEST_BATCH  # needs more than the other answers

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
    """Print an answer as a table, or as JSON for programs. What is not known, or no finite number, is ``-`` or null.

    No character reaches the terminal that cannot be seen or would steer it.
    """
    rows = [[_plain(value) for value in row] for row in answer["rows"]]
    if as_json:
        named = [dict(zip(answer["columns"], row, strict=True)) for row in rows]
        print(_json({"notes": answer["notes"], "rows": named}))
        return
    for note in answer["notes"]:
        print(printable(note))
    if not rows:
        return
    import pandas as pd

    shown = {str: printable, type(None): lambda _: "-"}
    cells = [[shown.get(type(value), lambda same: same)(value) for value in row] for row in rows]
    table = pd.DataFrame(cells, columns=[*map(printable, answer["columns"])], dtype=object)  # whole numbers stay whole
    with pd.option_context("display.unicode.east_asian_width", True):
        print(table.to_string(index=False))


def _plain(value: Any) -> Any:
    """A value as JSON has it: a NumPy number becomes Python's, NaN and infinity become ``None``."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _json(values: Any) -> str:
    """JSON with real characters; those that cannot be seen or written to this output are JSON's escapes."""
    text = json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False)
    encoding = sys.stdout.encoding or "utf-8"
    escaped = [c for c in set(text) - {"\n"} if not (c.isprintable() and c.encode(encoding, "ignore"))]
    return text.translate({ord(c): json.dumps(c)[1:-1] for c in escaped})


def number(kind: type, least: float, most: float) -> Callable[[str], Any]:
    """What argparse calls on a flag's value: reads an ``int`` or a ``float`` from least to most. ``1e9`` is both."""
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


class Parser(argparse.ArgumentParser):
    """Repeats no character of the command line that would steer the terminal."""

    def error(self, message: str) -> Any:
        super().error(printable(message))


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and answer."""
    parser = Parser(
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
        "--topn", type=WHOLE, default=10, metavar="N", help="how many (default: 10)"
    )
    command("similarity", similarity, 2, "the cosine of two words")
    command("analogy", analogy, 3, "a is to b as c is to …").add_argument(
        "--topn", type=WHOLE, default=5, metavar="N", help="how many answers (default: 5)"
    )
    command("odd-one-out", odd_one_out, "+", "which word does not belong")
    sub = command("evaluate", evaluate, help="agreement with what the model was never told, beside chance")
    sub.add_argument("--pairs", type=Path, metavar="FILE", help="word pairs with human scores: word, word, score")
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
        "--port", type=PORT, default=6006, help="(default: 6006)"
    )
    sub = command("map", draw_map, help="look at a run without a server: one HTML file")
    sub.add_argument(
        "--out",
        type=Path,
        default=Path("map.html"),
        metavar="FILE",
        help="an earlier file is replaced (default: map.html)",
    )
    sub.add_argument("--tsne", action="store_true", help="place tokens by t-SNE (scikit-learn), not by PCA")

    epochs, speed = TrainingConfig.epochs, Speed()
    sub = commands.add_parser("plan", help="what training on several devices needs", description=plan.__doc__)
    sub.set_defaults(answer=plan, run=None)
    sub.add_argument("--tokens-total", type=WHOLE, required=True, metavar="N", help="tokens in the text")
    sub.add_argument("--vocabulary", type=WHOLE, required=True, metavar="N", help="tokens that get a vector")
    sub.add_argument("--dim", type=WHOLE, required=True, metavar="N", help="numbers in a vector")
    sub.add_argument(
        "--epochs", type=WHOLE, default=epochs, metavar="N", help="passes over the text (default: %(default)s)"
    )
    sub.add_argument("--batch-size", type=WHOLE, metavar="N", help="tokens in a step (default: that of a large text)")
    sub.add_argument("--distribute", dest="kind", choices=("data", "model"), default="data", help="(default: data)")
    sub.add_argument(
        "--devices", type=WHOLE, nargs="+", default=[1, 2, 4, 8], metavar="N", help="how many (default: 1 2 4 8)"
    )
    for name, default, help in (
        ("gflops", speed.flops / 1e9, "GFLOP/s of a device"),
        ("memory", speed.memory / 1e9, "GB/s of its memory"),
        ("network", speed.network / 1e9, "GB/s from one device to another"),
    ):
        sub.add_argument(f"--{name}", type=FIGURE, default=default, metavar="X", help=f"{help} (default: %(default)s)")
    sub.add_argument("--json", action="store_true", help="print JSON, for programs")

    options = parser.parse_args(arguments)
    if options.run is None and options.answer not in (compare, plan):
        options.run = newest_run()
    if options.answer is tensorboard:
        tensorboard(options)  # has no table to show
        return
    with contextlib.redirect_stdout(sys.stderr):  # standard output is for the answer alone
        answer = options.answer(options)
    show(answer, options.json)


if __name__ == "__main__":
    main()
