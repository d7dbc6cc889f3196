"""What the default run learns on the shipped corpus, over several seeds, beside chance.

python tests/benchmarks/quality.py            characters and words, seeds 1 2 3
python tests/benchmarks/quality.py --model gru                        the next token: also perplexities
python tests/benchmarks/quality.py --epochs 60 --learning-rate 0.1    any flag of train.py
"""

import dataclasses
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from embedding_tutorial.quiet import import_keras_quietly

import_keras_quietly()

import numpy as np
import pandas as pd

from embedding_tutorial.command_line import parse_flags
from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.model.next_token import held_out_perplexities
from embedding_tutorial.model.training import train
from embedding_tutorial.text.encoded_corpus import encode_corpus
from embedding_tutorial.text.files import read_sentences
from embedding_tutorial.text.tokenizers import tokenize
from embedding_tutorial.vectors.evaluation import category_agreement, composed_rank, radical_agreement
from embedding_tutorial.vectors.groups import read_categories

SEEDS = (1, 2, 3)


def rank(vectors, asked: str, answer: str) -> int:
    """Where ``answer`` stands among the neighbours of ``asked``, from 1."""
    return [token for token, _ in vectors.most_similar(asked, topn=len(vectors))].index(answer) + 1


def measure(config: TrainingConfig, vectors, word_counts: Counter) -> dict[str, float]:
    """All figures for one set of vectors."""
    categories = read_categories()
    figures = {
        f"{split} groups": category_agreement(vectors, categories, config.tokens, split).value
        for split in ("dev", "test")
    }
    if config.tokens == "characters":
        figures["radicals"] = radical_agreement(vectors).value
        place, candidates = composed_rank(vectors, word_counts, "公主", "王妃")
        figures[f"王妃 near 公主, of {candidates}"] = place
    else:
        figures["王妃 near 公主"] = rank(vectors, "公主", "王妃")
        figures["公主 near 王妃"] = rank(vectors, "王妃", "公主")
    return figures


def main() -> None:
    """Train with each seed and print a row for each, before and after."""
    given = parse_flags()
    sentences = read_sentences(TrainingConfig(corpus=given.corpus))
    word_counts = Counter(word for sentence in sentences for word in tokenize(sentence, "words"))
    for tokens in ("characters", "words"):
        rows, neighbours = [], []
        for seed in SEEDS:
            config = dataclasses.replace(given, tokens=tokens, seed=seed)
            corpus = encode_corpus(config)
            result = train(config, corpus)
            for when, vectors in (("before", result.untrained), ("after", result.vectors)):
                rows.append({"seed": seed, "when": when, **measure(config, vectors, word_counts)})
                for token in "王妃皇春红" if tokens == "characters" else ("公主", "王妃", "皇帝", "春天", "哥哥"):
                    near = " ".join(token for token, _ in vectors.most_similar(token, topn=6))
                    neighbours.append(f"{token} seed {seed} {when:6}  {near}")
            if config.model == "gru":
                found = held_out_perplexities(config, corpus, result.model)
                rows[-1] |= {f"perplexity, {name}": found[name] for name in ("model", "trigram", "unigram")}
            rows[-1] |= {"val_loss": result.history["val_loss"].iloc[-1], "seconds": result.seconds}
        table = pd.DataFrame(rows).set_index(["when", "seed"]).sort_index(ascending=[False, True])
        categories = read_categories()
        chance = {s: category_agreement(vectors, categories, config.tokens, s).chance for s in ("dev", "test")}
        print(f"\n{tokens}; chance: " + ", ".join(f"{split} groups {value:.3f}" for split, value in chance.items()))
        if tokens == "characters":
            print(f"chance of radicals: {radical_agreement(vectors).chance:.3f}")
        print(table.round(3).to_string())
        spread = table.loc["after"].agg(["mean", "std"])
        print(spread.round(3).to_string())
        print("\n".join(sorted(neighbours)), flush=True)


if __name__ == "__main__":
    with np.errstate(all="raise"):
        main()
