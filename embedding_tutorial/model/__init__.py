"""The Keras model and its training. Importing it registers our classes for ``keras.models.load_model``."""

from embedding_tutorial.model.sequential import EmbeddingModel

__all__ = ["EmbeddingModel"]
