"""Files to look at: TensorBoard's projector, and a map as one HTML page."""
