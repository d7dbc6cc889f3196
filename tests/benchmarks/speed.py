"""Time and quality of gensim, fastText and this project, on one text, in one run, on the same cores.

    python tests/benchmarks/speed.py TEXT                                          characters
    python tests/benchmarks/speed.py TEXT --tokens words --classes CLASSES.tsv     words
    python tests/benchmarks/speed.py TEXT --seeds 1 --only "ours skipgram 1" "gensim skipgram 5"

Every measurement is a process of its own, so that its peak memory and its CPU seconds are its own; the kinds
take turns, so that a slow spell of the machine falls on all. Time counts from opening the text to the vectors in
memory, vocabulary included; imports are left out everywhere. gensim and fastText read their fastest form, a file
with blanks between the tokens: cutting the text is left out for them, and counted for ours.

gensim and fastText run at their defaults where their names have no addition: five epochs, frequent tokens
subsampled. Vectors of 100 numbers, window 5, five negatives and ``min_count`` 5 are the same everywhere.

Quality is, for characters, the share of a character's ten nearest that have its radical; for words, the share of a
word's ten nearest that have one of its classes. ``CLASSES.tsv`` has a line ``word, tab, classes`` with blanks
between the classes; the 10,000 most frequent words of the text that are in it take part.

The one figure that counts: our time to their quality, divided by their time.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

DIM, WINDOW, NEGATIVES, MIN_COUNT, WORKERS = 100, 5, 5, 5, os.cpu_count()


def gensim_once(path: Path, model: str, epochs: int, seed: int, sample: float = 1e-3) -> tuple:
    """Train gensim on a file of blank-separated tokens."""
    from gensim.models import Word2Vec

    from embedding_tutorial.vectors.word_vectors import WordVectors

    clock = Clock()
    word2vec = Word2Vec(
        sg=int(model == "skipgram"),
        vector_size=DIM,
        window=WINDOW,
        negative=NEGATIVES,
        min_count=MIN_COUNT,
        sample=sample,
        workers=WORKERS,
        seed=seed,
    )
    word2vec.build_vocab(corpus_file=str(path))
    clock.read()
    word2vec.train(
        corpus_file=str(path),
        total_words=word2vec.corpus_total_words,
        total_examples=word2vec.corpus_count,
        epochs=epochs,
    )
    clock.done()
    keys = word2vec.wv.index_to_key
    counts = [word2vec.wv.get_vecattr(token, "count") for token in keys]
    return WordVectors(keys, counts, word2vec.wv.vectors), clock


def gensim_every_token(path: Path, model: str, epochs: int, seed: int) -> tuple:
    """Train gensim without subsampling, as ours trains."""
    return gensim_once(path, model, epochs, seed, sample=0)


def fasttext_once(path: Path, model: str, epochs: int, seed: int) -> tuple:
    """Train fastText without n-grams, so that it is word2vec; it draws at random by its own seed."""
    import fasttext

    from embedding_tutorial.vectors.word_vectors import WordVectors

    clock = Clock()
    trained = fasttext.train_unsupervised(
        str(path),
        model,
        dim=DIM,
        ws=WINDOW,
        neg=NEGATIVES,
        minCount=MIN_COUNT,
        minn=0,
        maxn=0,
        epoch=epochs,
        thread=WORKERS,
        verbose=0,
    )
    clock.done()
    tokens, counts = trained.get_words(include_freq=True)
    matrix = trained.get_input_matrix()
    kept = [row for row, token in enumerate(tokens) if token != "</s>"]  # the end of a line, a token in fastText
    return WordVectors([tokens[row] for row in kept], [int(counts[row]) for row in kept], matrix[kept]), clock


def ours_once(path: Path, model: str, epochs: int, seed: int, tokens: str) -> tuple:
    """Train this project on the text itself."""
    from embedding_tutorial.quiet import import_keras_quietly

    import_keras_quietly()
    from embedding_tutorial.config import TrainingConfig
    from embedding_tutorial.model.training import train
    from embedding_tutorial.text.encoded_corpus import encode_corpus

    config = TrainingConfig(
        corpus=path,
        tokens=tokens,
        model=model,
        dim=DIM,
        window=WINDOW,
        negatives=NEGATIVES,
        min_count=MIN_COUNT,
        epochs=epochs,
        seed=seed,
        validation_split=0.0,
    )
    clock = Clock()
    corpus = encode_corpus(config)
    clock.read()
    vectors = train(config, corpus).vectors
    clock.done()
    return vectors, clock


class Clock:
    """Wall and CPU seconds, of all threads, since it was made: until the text is read, and until all is done."""

    def __init__(self) -> None:
        self._started, self._cpu = time.perf_counter(), time.process_time()
        self.reading = self.seconds = self.cpu = 0.0

    def read(self) -> None:
        """The vocabulary is known, and training begins."""
        self.reading = time.perf_counter() - self._started

    def done(self) -> None:
        """The vectors are in memory."""
        self.seconds, self.cpu = time.perf_counter() - self._started, time.process_time() - self._cpu


def class_agreement(vectors, path: Path, most_frequent: int = 10_000, neighbours: int = 10) -> tuple[float, float]:
    """The share of a word's nearest words that have one of its classes, and its chance.

    Args:
        vectors: of words.
        path: of the classes, see the top of this module.
        most_frequent: how many of the most frequent words with a class take part.
        neighbours: how many nearest words count.
    """
    import numpy as np

    from embedding_tutorial.vectors.word_vectors import unit_rows

    lines = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    classes_of = {word: classes.split() for word, classes in lines}
    words = [word for word in vectors.index_to_key if word in classes_of][:most_frequent]
    names = {name: number for number, name in enumerate(sorted({n for word in words for n in classes_of[word]}))}
    has = np.zeros((len(words), len(names)), np.float32)  # (N, classes)
    for row, word in enumerate(words):
        has[row, [names[name] for name in classes_of[word]]] = 1
    unit = unit_rows(np.array([vectors[word] for word in words]))  # (N, D)
    agreeing = agreeing_pairs = 0
    for block in np.array_split(np.arange(len(words)), len(words) // 500 + 1):
        alike = has[block] @ has.T > 0  # (rows, N)
        cosines = unit[block] @ unit.T
        alike[np.arange(len(block)), block] = False
        cosines[np.arange(len(block)), block] = -np.inf  # a word is no neighbour of its own
        nearest = np.argpartition(-cosines, neighbours, axis=1)[:, :neighbours]
        agreeing += int(np.take_along_axis(alike, nearest, axis=1).sum())
        agreeing_pairs += int(alike.sum())
    return agreeing / (neighbours * len(words)), agreeing_pairs / (len(words) * (len(words) - 1))


KINDS = {
    "gensim": gensim_once,
    "gensim-every-token": gensim_every_token,
    "fastText": fasttext_once,
    "ours": ours_once,
}


def one(path: Path, setting: str, seed: int, tokens: str, classes: Path | None) -> dict:
    """Measure one setting in this process."""
    from embedding_tutorial.vectors.evaluation import radical_agreement

    kind, model, epochs = setting.split()
    more = {"tokens": tokens} if kind == "ours" else {}
    vectors, clock = KINDS[kind](path, model, int(epochs), seed, **more)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if classes is None:
        agreement = radical_agreement(vectors)
        quality, chance = agreement.value, agreement.chance
    else:
        quality, chance = class_agreement(vectors, classes)
    return {
        "seconds": clock.seconds,
        "cpu": clock.cpu,
        "reading": clock.reading,
        "tokens_a_second": int(epochs) * int(vectors.counts.sum()) / (clock.seconds - clock.reading),
        "peak_mb": peak,
        "vocabulary": len(vectors),
        "quality": quality,
        "chance": chance,
    }


def measure(path: Path, setting: str, seed: int, options: argparse.Namespace) -> dict:
    """Measure one setting in a fresh process."""
    command = [sys.executable, __file__, str(path), "--tokens", options.tokens, "--one", setting, str(seed)]
    command += ["--classes", str(options.classes)] if options.classes else []
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        sys.exit(f"{setting}: {done.stderr[-1000:]}")
    row = {"setting": setting, "seed": seed, **json.loads(done.stdout.splitlines()[-1])}
    print(row, file=sys.stderr, flush=True)
    return row


def time_to(rows: list[dict], quality: float) -> float | None:
    """Seconds until a quality is reached, between the two settings that enclose it, on a straight line.

    ``None`` where no setting reaches it.
    """
    points = sorted((row["seconds"], row["quality"]) for row in rows)
    before = None
    for seconds, reached in points:
        if reached >= quality:
            if before is None:
                return seconds
            share = (quality - before[1]) / (reached - before[1])
            return before[0] + share * (seconds - before[0])
        before = (seconds, reached)
    return None


def write_spaced(text: Path, target: Path, tokens: str) -> None:
    """Write the text as gensim and fastText read it: a sentence a line, a blank between tokens."""
    from embedding_tutorial.config import TrainingConfig
    from embedding_tutorial.text.files import read_blocks
    from embedding_tutorial.text.sentences import split_sentences
    from embedding_tutorial.text.tokenizers import Tokenizer

    config = TrainingConfig(corpus=text, tokens=tokens)
    tokenizer = Tokenizer.of(config)
    with open(target, "w", encoding="utf-8") as file:
        for block in read_blocks(config):
            file.writelines(" ".join(tokenizer.cut(sentence)) + "\n" for sentence in split_sentences(block))


def print_table(rows: list[dict], settings: list[str]) -> None:
    """The medians of the seeds, in Markdown."""
    print("| what | epochs | seconds | of these reading | CPU seconds | tokens a second | peak MB | agreement |")
    print("|---|---|---|---|---|---|---|---|")
    for setting in settings:
        own = [row for row in rows if row["setting"] == setting]
        middle = {name: statistics.median(row[name] for row in own) for name in own[0] if name != "setting"}
        spread = max(row["quality"] for row in own) - min(row["quality"] for row in own)
        kind, model, epochs = setting.split()
        reading = f"{middle['reading']:.1f}" if middle["reading"] else "–"
        cells = [f"{kind} {model}", epochs, f"{middle['seconds']:.1f}", reading, f"{middle['cpu']:.1f}"]
        cells += [f"{middle['tokens_a_second'] / 1e6:.2f} M", f"{middle['peak_mb']:.0f}"]
        cells.append(f"{middle['quality']:.3f} ± {spread / 2:.3f}")
        print(f"| {' | '.join(cells)} |", flush=True)


def print_ratios(rows: list[dict], settings: list[str], seeds: list[int]) -> dict[str, list[float | None]]:
    """Our time to a peer's quality divided by its time, a number a seed; ``None`` where it is not reached."""
    ratios: dict[str, list[float | None]] = {}
    for setting in settings:
        kind, model, _ = setting.split()
        if kind == "ours":
            continue
        ratios[setting] = []
        for seed in seeds:
            theirs = next(row for row in rows if (row["setting"], row["seed"]) == (setting, seed))
            ours = [row for row in rows if row["setting"].startswith(f"ours {model}") and row["seed"] == seed]
            reached = time_to(ours, theirs["quality"])
            ratios[setting].append(None if reached is None else reached / theirs["seconds"])
        shown = ", ".join("not reached" if ratio is None else f"{ratio:.3f}" for ratio in ratios[setting])
        print(f"our time to its quality / its time: {setting} epochs: {shown}")
    return ratios


def whole_process(*arguments: str) -> float:
    """Seconds that a Python command takes."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True, cwd=REPOSITORY)
    return time.perf_counter() - started


def print_whole_process() -> tuple[float, float]:
    """Seconds of ``python train.py --tokens characters``, and of importing Keras: medians of three."""
    floor = statistics.median(whole_process("-c", "import keras") for _ in range(3))
    with tempfile.TemporaryDirectory() as place:
        small = statistics.median(whole_process("train.py", "--out", f"{place}/{i}") for i in range(3))
    ratio = f"{small / floor:.1f} times `python -c 'import keras'` ({floor:.1f} s)"
    print(f"python train.py --tokens characters: {small:.1f} s, {ratio}")
    return small, floor


SKIPGRAM = ["gensim skipgram 5", "fastText skipgram 5", "gensim-every-token skipgram 2"]
OURS = ["ours skipgram 1", "ours skipgram 2"]
CBOW = ["gensim cbow 5", "ours cbow 1", "ours cbow 2"]
SETTINGS = {
    "characters": [*SKIPGRAM, "gensim-every-token skipgram 5", *OURS, "ours skipgram 3", *CBOW],
    "words": [*SKIPGRAM, *OURS, *CBOW],
}


def main() -> None:
    """Measure, print a table in Markdown, write ``speed.json``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--tokens", choices=("characters", "words"), default="characters")
    parser.add_argument("--classes", type=Path, help="classes of words, for --tokens words")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--only", nargs="+", metavar="SETTING", help='say "ours skipgram 1"')
    parser.add_argument("--json", type=Path, default=Path("speed.json"))
    parser.add_argument("--one", nargs=2, metavar=("SETTING", "SEED"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if (options.tokens == "words") != (options.classes is not None):
        parser.error("--tokens words and --classes go together")
    if options.one:
        print(json.dumps(one(options.text, options.one[0], int(options.one[1]), options.tokens, options.classes)))
        return

    settings = options.only or SETTINGS[options.tokens]
    with tempfile.TemporaryDirectory() as place:
        spaced = Path(place) / "spaced.txt"
        write_spaced(options.text, spaced, options.tokens)
        rows = [
            measure(options.text if setting.startswith("ours") else spaced, setting, seed, options)
            for seed in options.seeds
            for setting in settings
        ]
    print_table(rows, settings)
    seeds = ", ".join(map(str, options.seeds))
    print(f"\nMedians of seeds {seeds}; ± is half the range; chance of agreement {rows[0]['chance']:.4f}.\n")
    results = {"rows": rows, "ratios": print_ratios(rows, settings, options.seeds)}
    if options.tokens == "characters":
        results["train_py"], results["import_keras"] = print_whole_process()
    options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
