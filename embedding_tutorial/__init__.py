"""Word and character vectors with a ``keras.Sequential``: from a text to a picture.

``idea.py``, beside this package, holds the whole idea in one file: read it first. The package is the engine:
the same idea for large texts and large vocabularies. Its rooms, in the order in which the data flows; a module
imports from its own room, from the rooms before it, and from the modules beside the rooms:

    text       text files -> sentences -> tokens -> ids -> batches
    vectors    tokens and their vectors: what is near what, and how good it is, beside chance
    model      Embedding -> scores, the loss, the training
    pictures   what TensorBoard shows, and a map as one HTML page
    scale      several devices and processes, and what they need
    lessons    the tutorial

``learn`` goes through all of them, from a text to vectors, and, with ``out``, to a run directory:

    from embedding_tutorial import WordVectors, learn

    learn("my.txt", tokens="words", out="runs/mine")
    WordVectors.load("runs/mine").most_similar("公主")

Importing the package loads nothing. ``text``, ``vectors`` and ``pictures`` need neither Keras nor TensorFlow.
A skip-gram's ``model.keras`` opens in plain Keras; import ``embedding_tutorial.model`` before loading a CBOW.
"""

import importlib
from typing import Any

_HOME = {"learn": "learning", "TrainingConfig": "config", "WordVectors": "vectors"}
__all__ = ["TrainingConfig", "WordVectors", "learn"]  # noqa: F822  they come from __getattr__


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
