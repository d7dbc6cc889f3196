"""Tokens and their vectors: neighbours, evaluation, writing, and the usual file formats. Needs NumPy only."""

from embedding_tutorial.vectors.word_vectors import WordVectors

__all__ = ["WordVectors"]
