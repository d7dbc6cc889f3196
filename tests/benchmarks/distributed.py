"""The same training on TensorFlow, on JAX, on several devices and in several processes: the READMEs' table.

    python tests/benchmarks/distributed.py [--epochs 3]

Needs JAX. Devices are the processor's, split by XLA; processes talk over loopback.
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS.parent), str(TESTS), str(TESTS / "scale")]

from conftest import run_train
from test_devices import JAX, TWO_DEVICES, finished, run_together

WAYS = {
    "TensorFlow": ({}, None, 1),
    "JAX": (JAX, None, 1),
    "JAX, 2 devices, `data`": (TWO_DEVICES, "data", 1),
    "JAX, 2 devices, `model`": (TWO_DEVICES, "model", 1),
    "JAX, 2 processes, `data`": (JAX, "data", 2),
    "JAX, 2 processes of 2 devices, `model`": (TWO_DEVICES, "model", 2),
}


def main() -> None:
    """Train each way on the shipped text and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=3)
    epochs = ("--epochs", str(parser.parse_args().epochs))
    print("| | a batch is split into | rows of a table on a device | loss | val_loss | a vector's number differs by |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as place:
        for number, (name, (environment, kind, processes)) in enumerate(WAYS.items()):
            flags = (*epochs, "--out", str(number), *(("--distribute", kind) if kind else ()))
            if processes == 1:
                done = run_train(*flags, cwd=place, **environment)
                assert done.returncode == 0, done.stderr
                printed = done.stdout
            else:
                printed, _ = finished(run_together(*flags, cwd=place, **environment))
            first, vectors = (np.load(Path(place) / run / "vectors.npy") for run in ("0", str(number)))
            layout = re.search(r"split into (\d+); each device holds ([\d,]+ of [\d,]+) rows", printed)
            split, rows = layout.groups() if layout else ("1", "all")
            history = pd.read_csv(Path(place) / str(number) / "history.csv").iloc[-1]
            difference = np.abs(vectors - first).max()
            print(
                f"| {name} | {split} | {rows} | {history.loss:.6f} | {history.val_loss:.6f} | {difference:.0e} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
