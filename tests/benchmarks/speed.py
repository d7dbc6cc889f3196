"""Time and quality of gensim and of this project, on one text, in one run, on the same cores.

    python tests/benchmarks/speed.py TEXT                    a table, and speed.json
    python tests/benchmarks/speed.py TEXT --seeds 1 2 3 --ours 1 2 --skipgram 2 5

Every measurement is a process of its own, so that its peak memory is its own; the kinds take
turns, so that a slow spell of the machine falls on all. Time counts from opening the text to the
vectors in memory, vocabulary included; imports are left out on both sides. gensim reads its
fastest form, a file with blanks between the tokens, whose making is left out too.

The one figure that counts: our time to gensim's quality, divided by gensim's time.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

DIM, WINDOW, NEGATIVES, MIN_COUNT, WORKERS = 100, 5, 5, 5, 2


def gensim_once(path: Path, model: str, epochs: int, seed: int) -> dict:
    """Train gensim on a file of blank-separated tokens."""
    from gensim.models import Word2Vec

    from embedding_tutorial.vectors.word_vectors import WordVectors

    started = time.perf_counter()
    word2vec = Word2Vec(
        sg=int(model == "skipgram"),
        vector_size=DIM,
        window=WINDOW,
        negative=NEGATIVES,
        min_count=MIN_COUNT,
        sample=0,
        workers=WORKERS,
        seed=seed,
    )
    word2vec.build_vocab(corpus_file=str(path))
    counted = time.perf_counter()
    word2vec.train(
        corpus_file=str(path),
        total_words=word2vec.corpus_total_words,
        total_examples=word2vec.corpus_count,
        epochs=epochs,
    )
    done = time.perf_counter()
    counts = [word2vec.wv.get_vecattr(token, "count") for token in word2vec.wv.index_to_key]
    vectors = WordVectors(word2vec.wv.index_to_key, counts, word2vec.wv.vectors)
    return _figures(vectors, started, counted, done, epochs)


def ours_once(path: Path, model: str, epochs: int, seed: int) -> dict:
    """Train this project on the text itself."""
    from embedding_tutorial.quiet import import_keras_quietly

    import_keras_quietly()
    from embedding_tutorial.config import TrainingConfig
    from embedding_tutorial.model.training import train
    from embedding_tutorial.text.encoded_corpus import encode_corpus

    config = TrainingConfig(
        corpus=path,
        model=model,
        dim=DIM,
        window=WINDOW,
        negatives=NEGATIVES,
        min_count=MIN_COUNT,
        epochs=epochs,
        seed=seed,
        validation_split=0.0,
    )
    started = time.perf_counter()
    corpus = encode_corpus(config)
    counted = time.perf_counter()
    result = train(config, corpus)
    done = time.perf_counter()
    return _figures(result.vectors, started, counted, done, epochs)


def _figures(vectors, started: float, counted: float, done: float, epochs: int) -> dict:
    from embedding_tutorial.vectors.evaluation import radical_agreement

    agreement = radical_agreement(vectors)
    return {
        "seconds": done - started,
        "training": done - counted,
        "tokens_a_second": epochs * int(vectors.counts.sum()) / (done - counted),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "agreement": agreement.value,
        "chance": agreement.chance,
    }


KINDS = {
    "gensim skipgram": (gensim_once, "skipgram"),
    "gensim cbow": (gensim_once, "cbow"),
    "ours skipgram": (ours_once, "skipgram"),
    "ours cbow": (ours_once, "cbow"),
}


def measure(kind: str, path: Path, epochs: int, seed: int) -> dict:
    """One measurement in a fresh process."""
    command = [sys.executable, __file__, str(path), "--one", kind, str(epochs), str(seed)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(f"{kind}, {epochs} epochs: {done.stderr[-1000:]}")
    return {"kind": kind, "epochs": epochs, "seed": seed, **json.loads(done.stdout.splitlines()[-1])}


def time_to(rows: list[dict], quality: float) -> float | None:
    """Seconds until a quality is reached, between the two settings that enclose it, on a straight line.

    ``None`` where no setting reaches it.
    """
    points = sorted((row["seconds"], row["agreement"]) for row in rows)
    before = None
    for seconds, agreement in points:
        if agreement >= quality:
            if before is None:
                return seconds
            share = (quality - before[1]) / (agreement - before[1])
            return before[0] + share * (seconds - before[0])
        before = (seconds, agreement)
    return None


def whole_process(*arguments: str) -> float:
    """Seconds that a Python command takes."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True, cwd=REPOSITORY)
    return time.perf_counter() - started


def measure_all(text: Path, settings: list[tuple[str, int]], seeds: list[int]) -> list[dict]:
    """Measure each kind and number of epochs, seed by seed."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        spaced = Path(place) / "spaced.txt"
        with open(text, encoding="utf-8") as source, open(spaced, "w", encoding="utf-8") as target:
            target.writelines(" ".join("".join(line.split())) + "\n" for line in source)
        for seed in seeds:
            for kind, epochs in settings:
                rows.append(measure(kind, spaced if kind.startswith("gensim") else text, epochs, seed))
                print(rows[-1], file=sys.stderr, flush=True)
    return rows


def print_table(rows: list[dict], settings: list[tuple[str, int]]) -> None:
    """The medians of the seeds, in Markdown."""
    print("| what | epochs | seconds | training | tokens a second | peak MB | radical agreement |")
    print("|---|---|---|---|---|---|---|")
    for kind, epochs in settings:
        own = [row for row in rows if (row["kind"], row["epochs"]) == (kind, epochs)]
        middle = {name: statistics.median(row[name] for row in own) for name in own[0] if name != "kind"}
        spread = max(row["agreement"] for row in own) - min(row["agreement"] for row in own)
        cells = [kind, str(epochs), f"{middle['seconds']:.1f}", f"{middle['training']:.1f}"]
        cells += [f"{middle['tokens_a_second'] / 1e6:.2f} M", f"{middle['peak_mb']:.0f}"]
        cells.append(f"{middle['agreement']:.3f} ± {spread / 2:.3f}")
        print(f"| {' | '.join(cells)} |")


def print_ratios(rows: list[dict], gensim_epochs: list[int], seeds: list[int]) -> dict[int, list[float | None]]:
    """Our time to gensim's quality divided by gensim's time, a number a seed; ``None`` where it is not reached."""
    ratios: dict[int, list[float | None]] = {}
    for epochs in gensim_epochs:
        ratios[epochs] = []
        for seed in seeds:
            theirs = next(r for r in rows if (r["kind"], r["epochs"], r["seed"]) == ("gensim skipgram", epochs, seed))
            ours = [r for r in rows if (r["kind"], r["seed"]) == ("ours skipgram", seed)]
            reached = time_to(ours, theirs["agreement"])
            ratios[epochs].append(None if reached is None else reached / theirs["seconds"])
        shown = ", ".join("not reached" if ratio is None else f"{ratio:.2f}" for ratio in ratios[epochs])
        print(f"our time to gensim's quality / gensim's time, skip-gram, {epochs} epochs: {shown}")
    return ratios


def print_whole_process() -> tuple[float, float]:
    """Seconds of ``python train.py --tokens characters``, and of importing Keras: medians of three."""
    floor = statistics.median(whole_process("-c", "import keras") for _ in range(3))
    with tempfile.TemporaryDirectory() as place:
        small = statistics.median(whole_process("train.py", "--out", f"{place}/{i}") for i in range(3))
    ratio = f"{small / floor:.1f} times `python -c 'import keras'` ({floor:.1f} s)"
    print(f"python train.py --tokens characters: {small:.1f} s, {ratio}")
    return small, floor


def main() -> None:
    """Measure, print a table in Markdown, write ``speed.json``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--skipgram", type=int, nargs="+", default=[2, 5], help="epochs of gensim's skip-gram")
    parser.add_argument("--cbow", type=int, nargs="*", default=[5], help="epochs of gensim's CBOW")
    parser.add_argument("--ours", type=int, nargs="+", default=[1, 2, 3], help="epochs of our skip-gram")
    parser.add_argument("--ours-cbow", type=int, nargs="*", default=[2], help="epochs of our CBOW")
    parser.add_argument("--json", type=Path, default=Path("speed.json"))
    parser.add_argument("--one", nargs=3, metavar=("KIND", "EPOCHS", "SEED"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        function, model = KINDS[options.one[0]]
        print(json.dumps(function(options.text, model, int(options.one[1]), int(options.one[2]))))
        return

    settings = [("gensim skipgram", e) for e in options.skipgram] + [("gensim cbow", e) for e in options.cbow]
    settings += [("ours skipgram", e) for e in options.ours] + [("ours cbow", e) for e in options.ours_cbow]
    rows = measure_all(options.text, settings, options.seeds)
    print_table(rows, settings)
    seeds = ", ".join(map(str, options.seeds))
    print(f"\nMedians of seeds {seeds}; ± is half the range; chance of agreement {rows[0]['chance']:.3f}.\n")
    ratios = print_ratios(rows, options.skipgram, options.seeds)
    small, floor = print_whole_process()
    results = {"rows": rows, "ratios": ratios, "train_py": small, "import_keras": floor}
    options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
