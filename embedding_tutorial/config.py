"""Every setting of a training run once: its default, its limits, and the help text of its flag.

This module checks single values only. ``text/files.py`` checks the text, ``run_directory.py`` the directory.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import numbers
import operator
import os
import reprlib
import typing
from pathlib import Path
from typing import Any

from embedding_tutorial.labels import printable

PACKAGE = Path(__file__).resolve().parent
# The shipped text and its groups: beside the package in a checkout, within it where pip has installed it.
DATASETS = next(filter(Path.is_dir, (PACKAGE / "datasets", PACKAGE.parent / "datasets")), PACKAGE / "datasets")
SHIPPED = DATASETS / "palace.txt"
# Its tokens whose neighbours are shown, where a vocabulary has three of them; other texts show common tokens.
TELLING = {"characters": "王妃皇春红", "words": ("公主", "王妃", "皇帝", "春天", "哥哥")}
TELLING["blanks"] = TELLING["words"]

# Defaults that depend on the model, chosen on the shipped text. To predict the next token, full softmax is better: of
# characters, perplexity 53.4 with it, 56.7 with five negatives. The held-out loss is lowest after three or four epochs.
BY_MODEL = {
    "negatives": {"skipgram": 5, "cbow": 5, "gru": 0},
    "epochs": {"skipgram": 10, "cbow": 10, "gru": 4},
}

WILDCARDS = set("*?[]")  # in a pattern that names several files
COMPRESSED = (".gz", ".bz2", ".xz", ".zip")  # the suffixes of compressed texts

# Rule for a number -> its words in a message, and the comparison that must hold; NaN fails each of them.
LIMITS = {
    "minimum": ("at least", operator.ge),
    "maximum": ("at most", operator.le),
    "below": ("less than", operator.lt),
}


# Type of a setting -> its words in a message, and the values that are taken for it: those of NumPy, too.
KINDS = {
    bool: ("True or False", bool),
    int: ("a whole number", numbers.Integral),
    float: ("a number", numbers.Real),
    str: ("a text", str),
    Path: ("a path", (str, Path)),
}


class InputError(ValueError):
    """The user's input cannot be used; the message is one line that says what to do."""

    def __str__(self) -> str:
        return printable(super().__str__())  # a name in it may hold line ends or terminal escapes


def one_line(error: Exception) -> str:
    """The message of an error, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _option(default: Any, help: str, **rules: Any) -> Any:
    """A dataclass field with a help text and rules.

    ``choices`` and the rules of ``LIMITS`` restrict its value. ``place`` marks a field that says where a run is
    computed, not what it learns: it is not stored with the run, and may differ when the run is resumed.
    """
    return dataclasses.field(default=default, metadata={"help": help, **rules})


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """The settings of a training run.

    Two runs with equal settings on one machine give equal vectors.

    Raises:
        InputError: a value is of another type, or outside its range; the message names the flag.
    """

    corpus: Path | None = _option(
        SHIPPED,
        'text to learn from, one sentence a line, or a table; for several files a pattern in quotes: "texts/*.txt.gz"',
    )
    encoding: str = _option("utf-8", "how the text is encoded, say gb18030, big5, utf-16, cp1251")
    column: str | None = _option(None, "of a table (.csv, .tsv, .jsonl, .ndjson): the column that holds the text")
    tokens: str = _option(
        "characters",
        "what gets a vector: each character; each of the words, as rjieba cuts them; or what stands between blanks, "
        "a line being a sentence, as in corpora for gensim and fastText",
        choices=("characters", "words", "blanks"),
    )
    lower: bool = _option(False, "tell no capitals from small letters")
    dictionary: Path | None = _option(
        None, "with --tokens words: words to know, UTF-8, one a line, with perhaps a count behind a blank"
    )
    model: str = _option(
        "skipgram",
        "skipgram: a token predicts its neighbours; cbow: the neighbours predict the token between them; "
        "gru: the tokens before predict the next one",
        choices=("skipgram", "cbow", "gru"),
    )
    dim: int = _option(32, "numbers in a vector", minimum=2, maximum=10_000)
    window: int = _option(5, "how many tokens to each side are neighbours", minimum=1, maximum=1_000)
    negatives: int | None = _option(
        None,
        "noise tokens beside each true neighbour; 0: full softmax over the vocabulary (default: 5; gru: 0)",
        minimum=0,
        maximum=1_000,
    )
    min_count: int = _option(5, "tokens seen fewer times are left out", minimum=1, below=2**31)
    sample: float = _option(
        0.0,
        "drop frequent tokens at random, as word2vec does, say 0.001: quicker; small texts lose by it",
        minimum=0.0,
        maximum=1.0,
    )
    epochs: int | None = _option(None, "passes over the corpus (default: 10; gru: 4)", minimum=1, maximum=1_000_000)
    batch_size: int | None = _option(
        None, "tokens in a training step (default: 256 to 2048, by the text)", minimum=1, maximum=100_000
    )
    learning_rate: float | None = _option(
        None,
        "step size of the first update; it falls linearly to a fiftieth (default: 0.4 to 0.8, by the vocabulary)",
        minimum=1e-9,
        maximum=1e30,
    )
    layer_learning_rate: float = _option(
        0.003,
        "of the layers between the two tables (gru), which Adam updates; it falls likewise",
        minimum=1e-9,
        maximum=1e30,
    )
    validation_split: float = _option(0.05, "share of the sentences kept out of training", minimum=0.0, below=1.0)
    seed: int = _option(1, "same seed, same vectors", minimum=0, below=2**31)
    init: Path | None = _option(None, "start from these vectors (word2vec's text format) where tokens agree")
    categories: Path | None = _option(
        None,
        "groups of tokens, for figures and the projector's colours: group, tab, token (default: shipped ones)",
    )
    font: Path | None = _option(None, "draws tokens for the projector (default: a Chinese font of this machine)")
    out: Path | None = _option(None, "run directory (default: runs/CORPUS-TOKENS)", place=True)
    replace: bool = _option(False, "replace a run of another text", place=True)
    resume: Path | None = _option(None, "go on with the run in this directory, with its settings", place=True)
    distribute: str | None = _option(
        None,
        "train on all devices (JAX): data: each learns from a share of every batch; "
        "model: the devices of a machine also share the rows of the tables",
        choices=("data", "model"),
        place=True,
    )
    coordinator: str | None = _option(
        None, "with --distribute and --processes: HOST:PORT where process 0 listens", place=True
    )
    processes: int | None = _option(None, "how many processes train together", minimum=1, maximum=10_000, place=True)
    process: int | None = _option(None, "the number of this one, from 0", minimum=0, place=True)

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value, rules, flag = getattr(self, field.name), field.metadata, flag_of(field.name)
            words, taken = KINDS[type_of(field)]
            if isinstance(value, bool) and taken is not bool:
                raise InputError(f"{flag} must be {words}, not {value}")
            if not isinstance(value, taken) and (value is not None or not _is_optional(field)):
                raise InputError(f"{flag} must be {words}, not {reprlib.repr(value)}")
            if "choices" in rules and value not in (*rules["choices"], field.default):
                raise InputError(f"{flag} must be one of {', '.join(rules['choices'])}, not {value}")
            for rule, (words, holds) in LIMITS.items():
                if rule in rules and value is not None and not holds(value, rules[rule]):
                    raise InputError(f"{flag} must be {words} {rules[rule]}, not {reprlib.repr(value)}")
            if value is not None:
                value = type_of(field)(value)
                object.__setattr__(self, field.name, value)  # the class is frozen
            if isinstance(value, Path):
                _check_name(flag, value)
        for name, default in BY_MODEL.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, default[self.model])
        if self.sample and self.model == "gru":
            raise InputError("--sample goes with skipgram and cbow, not gru: each token depends on all before it")
        try:
            io.TextIOWrapper(io.BytesIO(), encoding=self.encoding)
        except (LookupError, ValueError):
            known = "Python knows gb18030, big5, shift_jis, utf-16, cp1251, and others"
            raise InputError(f"--encoding {self.encoding}: is no encoding of text; {known}") from None
        if self.dictionary is not None and self.tokens != "words":
            raise InputError(f"--dictionary goes with --tokens words, not {self.tokens}")
        company = (self.coordinator, self.processes, self.process)
        if any(value is not None for value in company) and (self.distribute is None or None in company):
            raise InputError("--coordinator, --processes and --process go together, and with --distribute")
        if self.processes is not None and self.process >= self.processes:
            raise InputError(f"--process must be less than --processes {self.processes}, not {self.process}")

    @property
    def corpus_name(self) -> str:
        """What messages call the text."""
        return "the sentences" if self.corpus is None else str(self.corpus)

    @property
    def run_directory(self) -> Path:
        """Where the run is written: ``resume``, ``out``, or a directory named after corpus, tokens and model."""
        if self.resume or self.out:
            return self.resume or self.out
        # texts/*.txt.gz gives texts. Wildcards are removed: Windows allows none in a file name.
        name = self.corpus.stem if self.corpus.suffix.lower() in COMPRESSED else self.corpus.name
        names = [Path(name).stem, *(parent.name for parent in self.corpus.parents)]
        left = ("".join(letter for letter in name if letter not in WILDCARDS).strip("-_. ") for name in names)
        name = f"{next(filter(None, left), 'corpus')}-{self.tokens}"
        return Path("runs") / (name if self.model == "skipgram" else f"{name}-{self.model}")

    def to_json(self, directory: Path) -> dict:
        """The settings of the run as JSON values; paths are relative to its directory, and hold no user's name."""
        names = [field.name for field in dataclasses.fields(self) if "place" not in field.metadata]
        values = ((name, getattr(self, name)) for name in names)
        return {name: _relative(directory, value) if isinstance(value, Path) else value for name, value in values}

    @classmethod
    def from_json(cls, values: dict, directory: Path) -> TrainingConfig:
        """Read what ``to_json`` returned; unknown settings are ignored, missing ones get the default.

        Raises:
            InputError: a value is out of range.
            TypeError, ValueError: a value is of another type.
        """
        settings = {}
        for field in dataclasses.fields(cls):
            value = values.get(field.name)
            if value is not None and type_of(field) is Path:
                value = os.path.normpath(os.path.join(os.path.realpath(directory), value))
            if field.name in values:
                settings[field.name] = None if value is None else type_of(field)(value)
        return cls(**settings)


def _check_name(flag: str, path: Path) -> None:
    """Refuse a name that is not UTF-8 on the disk: TensorFlow would use another, and JSON cannot hold some of them."""
    path = path.absolute()
    try:
        alike = os.fsencode(path) == str(path).encode()
    except UnicodeEncodeError:
        alike = False
    if not alike:
        raise InputError(
            f"{flag} {path}: the name is not UTF-8; rename it, or, where other programs show it rightly, "
            "set the environment variable PYTHONUTF8=1"
        )


def _relative(directory: Path, path: Path) -> str:
    """A path relative to a directory; absolute if there is none, as between two drives of Windows."""
    path = Path(os.path.realpath(path.parent), path.name)
    try:
        return Path(os.path.relpath(path, os.path.realpath(directory))).as_posix()
    except ValueError:
        return str(path)


def noun(tokens: str) -> str:
    """What the tokens are called where they are counted."""
    return "tokens" if tokens == "blanks" else tokens


def _is_optional(field: dataclasses.Field) -> bool:
    """Whether a setting may be ``None``."""
    return type(None) in typing.get_args(_types()[field.name])


@functools.cache
def _types() -> dict[str, Any]:
    return typing.get_type_hints(TrainingConfig)


def flag_of(name: str) -> str:
    """The flag of a setting: ``--min-count`` for ``min_count``."""
    return "--" + name.replace("_", "-")


def type_of(field: dataclasses.Field) -> type:
    """The type of a setting's value: ``int`` for a field of type ``int`` or ``int | None``."""
    kind = _types()[field.name]
    return next(kind for kind in (*typing.get_args(kind), kind) if kind is not type(None))
