"""Layers of one's own as next-token models of the shipped text: perplexity, groups beside chance, two runs compared.

python tests/benchmarks/layers.py                characters; several minutes
python tests/benchmarks/layers.py --epochs 1     any flag of train.py
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from embedding_tutorial.quiet import import_keras_quietly

import_keras_quietly()

import keras
import numpy as np
import pandas as pd
from keras import layers

from embedding_tutorial.command_line import parse_flags
from embedding_tutorial.config import InputError
from embedding_tutorial.model.layers import Shift
from embedding_tutorial.model.next_token import held_out_perplexities
from embedding_tutorial.model.training import train
from embedding_tutorial.text.encoded_corpus import encode_corpus
from embedding_tutorial.vectors.evaluation import category_agreement
from embedding_tutorial.vectors.groups import read_categories

D = 32


def transformer() -> keras.Model:
    """A Transformer block: causal attention, then two dense layers, each added to what goes in."""
    hidden = keras.Input((None, D))
    normed = layers.LayerNormalization()(hidden)
    attended = hidden + layers.MultiHeadAttention(4, D // 4)(normed, normed, use_causal_mask=True)
    dense = layers.Dense(D)(layers.Dense(4 * D, "relu")(layers.LayerNormalization()(attended)))
    return keras.Model(hidden, attended + dense, name="transformer")


LAYERS = {
    "Shift": lambda: [Shift()],
    "Shift, Dense": lambda: [Shift(), layers.Dense(D, "tanh")],
    "Shift, LayerNormalization": lambda: [Shift(), layers.LayerNormalization()],
    "Shift, Dropout": lambda: [Shift(), layers.Dropout(0.2)],
    "Shift, Conv1D (causal)": lambda: [Shift(), layers.Conv1D(D, 5, padding="causal", activation="tanh")],
    "Shift, LSTM": lambda: [Shift(), layers.LSTM(D, return_sequences=True)],
    "Shift, GRU": lambda: [Shift(), layers.GRU(D, return_sequences=True)],
    "Shift, Transformer": lambda: [Shift(), transformer()],
    "GRU": lambda: [layers.GRU(D, return_sequences=True)],
    "Shift, Conv1D (same)": lambda: [Shift(), layers.Conv1D(D, 5, padding="same")],
}


def main() -> None:
    """Train each twice, and print a row for each."""
    given = parse_flags(["--model", "gru", "--dim", str(D), *sys.argv[1:]])
    corpus, rows = encode_corpus(given), {}
    for name, makes in LAYERS.items():
        try:
            first, second = (train(given, corpus, layers=makes) for _ in range(2))
        except InputError as error:
            rows[name] = {"equal": f"refused: {error}"}
            continue
        groups = category_agreement(first.vectors, read_categories(), given.tokens)
        rows[name] = {
            "loss": first.history["loss"].iloc[-1],
            "val_loss": first.history["val_loss"].iloc[-1],
            "perplexity": held_out_perplexities(given, corpus, first.model)["model"],
            "groups": groups.value,
            "chance": groups.chance,
            "seconds": first.seconds,
            "equal": np.array_equal(first.vectors.matrix, second.vectors.matrix),
        }
    print(pd.DataFrame.from_dict(rows, orient="index").round(3).to_string())


if __name__ == "__main__":
    main()
