"""Time and memory by the length of a text, the shape of its lines, the vocabulary's size and the vectors' size.

    python tests/benchmarks/growth.py TEXT              four tables, and growth.json
    python tests/benchmarks/growth.py TEXT --times 1 10 --shape-times 5
    python tests/benchmarks/growth.py TEXT --tokens words --times 1 9 --shape-times 0

Longer texts are the given one written out several times, its lines in another order each time;
large vocabularies are drawn by Zipf's law. Every measurement is a process of its own. Memory is
what the process holds itself at its highest (imports included), without pages of files that the
system may drop.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

STEPS = 1000  # training steps that are timed, after as many that are not


class OwnMemory(threading.Thread):
    """The highest memory that is this process's own (RssAnon of Linux), in MB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0
        self.start()

    def run(self) -> None:
        while True:
            status = Path("/proc/self/status").read_text(encoding="utf-8")
            now = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))
            self.peak = max(self.peak, now / 1024)
            time.sleep(0.05)


def timed_steps(corpus, config) -> dict:
    """Milliseconds a step and tokens a second, and how long the first step takes."""
    import numpy as np

    from embedding_tutorial.model.sequential import build_model, compile_model
    from embedding_tutorial.model.training import as_dataset
    from embedding_tutorial.text.batches import Batches, default_batch_size

    started = time.perf_counter()
    batch_size = default_batch_size(len(corpus.ids))
    batches = Batches(corpus, config.window, batch_size, seed=1)
    dataset = as_dataset(batches).repeat()
    model = build_model(config, corpus.vocabulary)
    compile_model(model, config, 2 * STEPS)
    model.fit(dataset.take(STEPS), shuffle=False, verbose=0)
    warm = time.perf_counter()
    model.fit(dataset.take(STEPS), shuffle=False, verbose=0)
    seconds = time.perf_counter() - warm
    looked_up = [x for x, _, _ in islice(batches, 100)]
    places = np.mean([x.size for x in looked_up])
    return {
        "milliseconds": 1000 * seconds / STEPS,
        "places_a_second": places * STEPS / seconds,
        "distinct": np.mean([len(np.unique(x)) for x in looked_up]),
        "until_warm": warm - started,
    }


def text_once(path: Path, tokens: str = "characters") -> dict:
    """Read and encode a text, then train on it for some steps."""
    from embedding_tutorial.config import TrainingConfig
    from embedding_tutorial.text.encoded_corpus import encode_corpus

    memory = OwnMemory()
    config = TrainingConfig(corpus=path, tokens=tokens, dim=100)
    started = time.perf_counter()
    corpus = encode_corpus(config)
    read, read_peak = time.perf_counter() - started, memory.peak
    figures = timed_steps(corpus, config)
    return {"tokens": len(corpus.ids), "read": read, "read_mb": read_peak, **figures, "mb": memory.peak}


def drawn_once(vocabulary_size: int, dim: int) -> dict:
    """Train for some steps on a text drawn by Zipf's law from a vocabulary of a given size."""
    import numpy as np

    from embedding_tutorial.config import TrainingConfig
    from embedding_tutorial.text.encoded_corpus import EncodedCorpus
    from embedding_tutorial.text.vocabulary import Vocabulary

    memory = OwnMemory()
    share = 1 / np.arange(1, vocabulary_size + 1)
    ids = np.random.default_rng(0).choice(vocabulary_size, 2_000_000, p=share / share.sum()).astype(np.int32) + 1
    counts = np.bincount(ids, minlength=vocabulary_size + 1)[1:]
    vocabulary = Vocabulary([f"w{number}" for number in range(vocabulary_size)], np.maximum(counts, 1))
    corpus = EncodedCorpus(vocabulary, ids, np.full(len(ids) // 16, 16), 0, "")
    return {**timed_steps(corpus, TrainingConfig(dim=dim)), "mb": memory.peak}


def measure(*arguments: object) -> dict:
    """One measurement in a fresh process."""
    command = [sys.executable, __file__, "-", "--one", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(f"{arguments}: {done.stderr[-1000:]}")
    figures = json.loads(done.stdout.splitlines()[-1])
    print(arguments, figures, file=sys.stderr, flush=True)
    return figures


def write_longer(text: Path, target: Path, times: int) -> None:
    """Write the lines of ``text`` ``times`` times, in another order each time."""
    lines = text.read_text(encoding="utf-8").splitlines(keepends=True)
    draw = random.Random(1)
    with open(target, "w", encoding="utf-8") as file:
        for _ in range(times):
            draw.shuffle(lines)
            file.writelines(lines)


SHAPES: dict[str, Callable[[str], str]] = {
    "its own lines": lambda text: text,
    "one line": lambda text: text.replace("\n", " "),
    "one line, no marks": lambda text: re.sub(r"\W+", " ", text),
    "one line, no marks or blanks": lambda text: re.sub(r"\W+", "", text),
    "2,000 characters a line, no marks": lambda text: re.sub(r"(.{2000})", r"\1\n", re.sub(r"\W+", "", text)),
    "a mark after each character": lambda text: re.sub(r"(\w)\W*", r"\1. ", text),
}


def text_rows(text: Path, longer: Path, repetitions: list[int], tokens: str) -> list[dict]:
    """Measure a text repeated so many times; print a line of a table for each."""
    print("| text | tokens | read, s | tokens a second | MB then | ms a step | MB |\n|---|---|---|---|---|---|---|")
    rows = []
    for times in repetitions:
        write_longer(text, longer, times)
        row = measure("text", longer, tokens)
        rows.append({"times": times, "of": tokens, **row})
        print(
            f"| × {times} | {row['tokens']:,} {tokens} | {row['read']:.1f} | {row['tokens'] / row['read'] / 1e6:.1f} M "
            f"| {row['read_mb']:.0f} | {row['milliseconds']:.2f} | {row['mb']:.0f} |",
            flush=True,
        )
    return rows


def shape_rows(text: Path, longer: Path, times: int) -> list[dict]:
    """Measure the same text with its lines in each of ``SHAPES``, as characters and as words; ``times`` 0: not."""
    if not times:
        return []
    print("\n| lines | tokens | read, MB a second | MB then | ms a step | MB |\n|---|---|---|---|---|---|")
    rows = []
    for shape, reshape in SHAPES.items():
        write_longer(text, longer, times)
        longer.write_text(reshape(longer.read_text(encoding="utf-8")), encoding="utf-8")
        for tokens in ("characters", "words"):
            row = measure("text", longer, tokens)
            row["megabytes_a_second"] = longer.stat().st_size / 1e6 / row["read"]
            rows.append({"shape": shape, "of": tokens, **row})
            print(
                f"| {shape} | {row['tokens']:,} {tokens} | {row['megabytes_a_second']:.1f} "
                f"| {row['read_mb']:.0f} | {row['milliseconds']:.2f} | {row['mb']:.0f} |",
                flush=True,
            )
    return rows


def drawn_rows(sizes: list[tuple[int, int]]) -> list[dict]:
    """Measure drawn texts; a size is a vocabulary's and a vector's."""
    print("\n| vocabulary | D | distinct in a step | ms a step | places a second | MB |\n|---|---|---|---|---|---|")
    rows = []
    for size, dim in sizes:
        row = measure("drawn", size, dim)
        rows.append({"vocabulary": size, "dim": dim, **row})
        speed = f"{row['milliseconds']:.2f} | {row['places_a_second'] / 1e6:.2f} M"
        print(f"| {size:,} | {dim} | {row['distinct']:.0f} | {speed} | {row['mb']:.0f} |", flush=True)
    return rows


def main() -> None:
    """Measure, print tables in Markdown, write ``growth.json``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--tokens", choices=("characters", "words"), default="characters", help="of the longer texts")
    parser.add_argument("--times", type=int, nargs="*", default=[1, 10, 100])
    parser.add_argument("--shape-times", type=int, default=10)
    parser.add_argument("--vocabulary", type=int, nargs="*", default=[10_000, 100_000, 500_000, 1_000_000])
    parser.add_argument("--dim", type=int, nargs="*", default=[32, 100, 300])
    parser.add_argument("--json", type=Path, default=Path("growth.json"))
    parser.add_argument("--one", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        from embedding_tutorial.quiet import import_keras_quietly

        import_keras_quietly()
        kind, *values = options.one
        print(json.dumps(text_once(Path(values[0]), *values[1:]) if kind == "text" else drawn_once(*map(int, values))))
        return

    with tempfile.TemporaryDirectory() as place:
        longer = Path(place) / "longer.txt"
        results = {
            "text": text_rows(options.text, longer, options.times, options.tokens),
            "shape": shape_rows(options.text, longer, options.shape_times),
        }
    results["vocabulary"] = drawn_rows([(size, 100) for size in options.vocabulary])
    results["dim"] = drawn_rows([(10_000, dim) for dim in options.dim])
    options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
