"""Pictures of the vectors: the files of TensorBoard's projector, and a map as one HTML page."""
