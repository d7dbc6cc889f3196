"""Every default once, and the flags of ``train.py`` made from it.

This file checks single values only. Whether the corpus can be read is
``corpus.py``'s business, whether the run directory is free is ``projector.py``'s.
"""

import argparse
import dataclasses
import math
import typing
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent


class InputError(ValueError):
    """Something the user gave cannot be used; the message is one line that says what to do."""


def _option(default: Any, help: str, **rules: Any) -> Any:
    """A dataclass field with a help text and rules: ``choices``, ``minimum``, ``below``."""
    return dataclasses.field(default=default, metadata={"help": help, **rules})


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """What a training run is made of.

    Two runs with equal configurations on one machine give equal vectors.

    Raises:
        InputError: a value is outside its range; the message names the flag.
    """

    corpus: Path = _option(REPOSITORY / "datasets" / "palace.txt", "text to learn from: UTF-8, one sentence a line")
    tokens: str = _option(
        "characters", "what gets a vector: each character or each word", choices=("characters", "words")
    )
    model: str = _option(
        "skipgram",
        "skipgram: a token predicts its neighbours; cbow: the neighbours predict the token between them",
        choices=("skipgram", "cbow"),
    )
    dim: int = _option(32, "numbers in a vector", minimum=2)
    window: int = _option(5, "how many tokens to each side are neighbours", minimum=1)
    negatives: int = _option(
        5, "noise tokens beside each true neighbour (0: full softmax over the vocabulary)", minimum=0
    )
    min_count: int = _option(5, "tokens seen fewer times are left out", minimum=1)
    sample: float = _option(
        0.0, "drop frequent tokens at random, as word2vec does (try 0.001 for words; 0: drop none)", minimum=0.0
    )
    epochs: int = _option(10, "passes over the corpus", minimum=1)
    batch_size: int | None = _option(None, "tokens in a training step (default: 256 to 2048, by the text)", minimum=1)
    learning_rate: float = _option(0.4, "step size of the first update; it falls linearly to a fiftieth", minimum=1e-9)
    validation_split: float = _option(0.05, "share of the sentences kept out of training", minimum=0.0, below=1.0)
    seed: int = _option(1, "same seed, same vectors", minimum=0, below=2**31)
    init: Path | None = _option(None, "start from these vectors (word2vec's text format) where tokens agree")
    font: Path | None = _option(None, "draws tokens for the projector (default: a Chinese font of this machine)")
    out: Path | None = _option(None, "run directory (default: runs/CORPUS-TOKENS)")

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value, rules, flag = getattr(self, field.name), field.metadata, _flag(field.name)
            if "choices" in rules and value not in rules["choices"]:
                raise InputError(f"{flag} must be one of {', '.join(rules['choices'])}, not {value}")
            if "minimum" in rules and value is not None and not (math.isfinite(value) and value >= rules["minimum"]):
                raise InputError(f"{flag} must be at least {rules['minimum']}, not {value}")
            if "below" in rules and value >= rules["below"]:
                raise InputError(f"{flag} must be less than {rules['below']}, not {value}")

    @property
    def run_directory(self) -> Path:
        """Where the run is written: ``out``, or a name made of corpus, tokens and model."""
        if self.out is not None:
            return self.out
        name = f"{self.corpus.stem}-{self.tokens}"
        return Path("runs") / (name if self.model == "skipgram" else f"{name}-{self.model}")

    @property
    def level(self) -> str:
        """What a token is, in ``categories.tsv``'s word: ``character`` or ``word``."""
        return self.tokens.removesuffix("s")

    def to_json(self) -> dict:
        """The fields as JSON values, paths as text."""
        return {
            name: str(value) if isinstance(value, Path) else value for name, value in dataclasses.asdict(self).items()
        }

    @classmethod
    def from_command_line(cls, arguments: list[str] | None = None) -> "TrainingConfig":
        """Parse flags (``sys.argv[1:]`` by default). Exits with status 2 on a bad flag."""
        parser = argparse.ArgumentParser(
            description="Learn a vector for every token of a text, for TensorBoard's projector.",
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
        for field in dataclasses.fields(cls):
            shown = field.default if field.default is not None else argparse.SUPPRESS
            parser.add_argument(
                _flag(field.name),
                type=_parser(field),
                choices=field.metadata.get("choices"),
                default=shown,
                metavar=None if "choices" in field.metadata else _metavar(field),
                help=field.metadata["help"],
            )
        return cls(**vars(parser.parse_args(arguments)))


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _parser(field: dataclasses.Field) -> type:
    """``int`` for a field of type ``int`` or ``int | None``."""
    return next(kind for kind in (*typing.get_args(field.type), field.type) if kind is not type(None))


def _metavar(field: dataclasses.Field) -> str:
    return {int: "N", float: "X"}.get(_parser(field), "PATH")
