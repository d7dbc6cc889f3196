"""What weighting and removal buy: how often a sentence's nearest sentences are of its theme, beside chance.

    python tests/benchmarks/sentences.py runs/a runs/b ...    finished runs on the shipped text, kept as it is

Themes are ranges of lines in datasets/README.md. The 20 sentences before and after a sentence are no answers: they are
of its scene, and share its words.
"""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import pandas as pd

from embedding_tutorial.config import DATASETS, TrainingConfig
from embedding_tutorial.run_directory import read_run
from embedding_tutorial.vectors.sentence_vectors import (
    first_component,
    read_again,
    sentence_vectors,
    token_weights,
    without,
)
from embedding_tutorial.vectors.word_vectors import WordVectors, unit_rows

NEAREST, SCENE = 10, 20


def themes(texts: list[str]) -> np.ndarray:
    """The theme of each sentence, ``(S,)``; a line may hold several sentences."""
    ranges = re.findall(r"^\| (\d+)–\d+ \|", (DATASETS / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    lines = (DATASETS / "palace.txt").read_text(encoding="utf-8").splitlines()
    number, line_of = 0, []
    for text in texts:
        while text not in lines[number]:
            number += 1
        line_of.append(number + 1)
    return np.searchsorted([int(first) for first in ranges], line_of, side="right")


def agreement(cosines: np.ndarray, theme: np.ndarray) -> tuple[float, float]:
    """The share of the nearest sentences that are of the sentence's theme, and that of all possible answers."""
    place = np.arange(len(theme))
    possible = abs(place[:, None] - place) > SCENE
    same = theme[:, None] == theme
    nearest = np.argpartition(-np.where(possible, cosines, -np.inf), NEAREST, axis=1)[:, :NEAREST]
    chance = (same & possible).sum(axis=1) / possible.sum(axis=1)
    return float(np.take_along_axis(same, nearest, axis=1).mean()), float(chance.mean())


def main(runs: list[Path]) -> None:
    """Print a row for each run."""
    rows = []
    for run in runs:
        config, vectors = TrainingConfig.from_json(read_run(run)["config"], run), WordVectors.load(run)
        text = read_again(config, vectors.vocabulary)
        theme = themes(text.texts)
        row = {"tokens": config.tokens, "seed": config.seed}
        for name, weights in (("plain", np.ones_like(vectors.counts)), ("weighted", token_weights(vectors.counts))):
            weighted = weights[:, None] * vectors.matrix
            means = np.concatenate([*sentence_vectors(weighted, text.ids, text.lengths)])  # (S, D)
            removed = without(first_component(weighted, text.ids, text.lengths), means)
            for kind, vectors_of in ((name, means), (f"{name}, removed", removed)):
                unit = unit_rows(vectors_of)
                row[kind], row["chance"] = agreement(unit @ unit.T, theme)
        rows.append(row)
    frame = pd.DataFrame(rows)
    print(frame.round(3).to_string(index=False))
    print(frame.drop(columns="seed").groupby("tokens").mean().round(3).to_string())


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]] or sys.exit("name finished runs of the shipped text"))
