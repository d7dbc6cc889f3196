"""Tokens and their vectors: what is near what, how good they are, and the formats of the field. Needs NumPy only."""

from embedding_tutorial.vectors.word_vectors import WordVectors

__all__ = ["WordVectors"]
