"""From text files to batches of ids. Needs NumPy only."""
