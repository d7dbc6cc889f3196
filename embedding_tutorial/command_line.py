"""The flags of ``train.py``: one for each setting of ``TrainingConfig``."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

from embedding_tutorial.config import InputError, TrainingConfig, flag_of, type_of
from embedding_tutorial.run_directory import CONFIG, read_begun

METAVAR = {int: "N", float: "X", str: "NAME", Path: "PATH"}

# Each of these flags asks for a single run.
ONE_RUN = {"corpus", "tokens", "init", "out", "resume", "distribute"}


def parse_runs(arguments: list[str] | None = None) -> list[TrainingConfig]:
    """Parse the flags of ``train.py``: a run, or, of the shipped text, one of words and one of characters.

    Arguments and errors as in ``parse_flags``.
    """
    config, given = _parse(arguments)
    if ONE_RUN & given.keys():
        return [config]
    return [dataclasses.replace(config, tokens=tokens) for tokens in ("words", "characters")]


def parse_flags(arguments: list[str] | None = None) -> TrainingConfig:
    """Parse the flags of a training run. Exits with status 2 on a bad flag.

    Args:
        arguments: ``sys.argv[1:]`` if ``None``.

    Raises:
        InputError: a value is out of range, or ``--resume`` names no run, or a run with other settings
            than the given flags.
    """
    return _parse(arguments)[0]


def _parse(arguments: list[str] | None) -> tuple[TrainingConfig, dict[str, Any]]:
    """The settings of a run, and those of them that the flags gave."""
    parser = argparse.ArgumentParser(
        description="Learn a vector for every token of a text, for TensorBoard's projector.",
        argument_default=argparse.SUPPRESS,  # so that only the given flags are parsed
    )
    for field in dataclasses.fields(TrainingConfig):
        default = "" if field.default is None else f" (default: {field.default})"
        if type_of(field) is bool:
            parser.add_argument(flag_of(field.name), action="store_true", help=field.metadata["help"])
            continue
        parser.add_argument(
            flag_of(field.name),
            type=type_of(field),
            choices=field.metadata.get("choices"),
            metavar=None if "choices" in field.metadata else METAVAR[type_of(field)],
            help=field.metadata["help"] + default,
        )
    options, unknown = parser.parse_known_args(arguments)
    if unknown:  # perhaps files, to which a shell expanded a pattern
        hint = "" if unknown[0].startswith("-") else '; put a pattern in quotes: --corpus "texts/*.txt"'
        parser.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    given = vars(options)
    config = TrainingConfig(**given)
    return config if config.resume is None else resumed(config.resume, given), given


def resumed(directory: Path, given: dict[str, Any]) -> TrainingConfig:
    """The settings of the run to resume.

    Args:
        directory: of the run.
        given: settings that were given; they may change only where files are and where the run is computed.

    Raises:
        InputError: the directory holds no run, or a run with other settings than the given ones.
    """
    if {"out", "replace"} & given.keys():
        raise InputError(f"--resume {directory}: goes on where it is; leave --out and --replace out")
    begun = read_begun(directory)
    if begun is None:
        damaged = (directory / CONFIG).exists()
        problem = f"its {CONFIG} is damaged, or of another program" if damaged else "holds no run that was begun"
        raise InputError(f"--resume {directory}: {problem}")
    try:
        started = TrainingConfig.from_json(begun, directory)
    except (ValueError, TypeError) as error:
        raise InputError(f"{directory / CONFIG}: is damaged ({error}); start a new run") from None
    places = {field.name for field in dataclasses.fields(TrainingConfig) if "place" in field.metadata}
    places |= {"corpus", "font", "init", "dictionary", "categories"}  # the same files may have moved
    for name, value in given.items():
        if name not in places and value != getattr(started, name):
            raise InputError(
                f"--resume {directory}: was begun with {flag_of(name)} {getattr(started, name)}, not {value}; "
                "leave the flag out, or start a new run"
            )
    return dataclasses.replace(started, **{name: value for name, value in given.items() if name in places})
