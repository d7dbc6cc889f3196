"""The real TensorBoard server on a real run: does it hand out our vectors and labels?"""

import json
import time

import numpy as np
from test_projector import page_reads

from embedding_tutorial.labels import visible
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.word_vectors import unit_rows


def test_the_projector_finds_the_run(server):
    deadline = time.monotonic() + 60
    while (runs := json.loads(server.get("projector/runs"))) != [server.run] and time.monotonic() < deadline:
        time.sleep(0.5)
    assert runs == [server.run]
    info = json.loads(server.get("projector/info", run=server.run))
    tables = [e for e in info["embeddings"] if e["tensorName"] != "3_characters"]  # needs a font: test_sprites.py
    names = [e["tensorName"] for e in tables]
    assert names == sorted(names) and names[:2] == ["1_unit_length", "2_learned_weights"]
    assert names[2:] == [f"epoch_{epoch:04}" for epoch in (0, 3, 7, 10, 13, 17)]
    assert {e["metadataPath"] for e in tables} == {"metadata.tsv"}


def test_the_vectors_are_the_learned_weights(server, finished_run):
    matrix = np.load(finished_run[0] / "vectors.npy")
    for name, expected in (("2_learned_weights", matrix), ("1_unit_length", unit_rows(matrix))):
        served = np.frombuffer(server.get("projector/tensor", run=server.run, name=name), "<f4").reshape(matrix.shape)
        np.testing.assert_array_equal(served, expected)


def test_the_labels_are_the_vocabulary(server, finished_run):
    vocabulary = Vocabulary.load(finished_run[0] / "vocabulary.json")
    table = server.get("projector/metadata", run=server.run, name="1_unit_length").decode("utf-8")
    _, *rows = page_reads(table)
    assert [row[0] for row in rows] == [visible(token) for token in vocabulary.tokens]
    assert [int(row[1]) for row in rows] == vocabulary.counts.tolist()


def test_the_losses_are_drawn(server):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        tags = json.loads(server.get("scalars/tags"))
        if len(tags) >= 2:
            break
        time.sleep(0.5)
    assert all("epoch_loss" in tags[run] for run in tags if run.endswith(("train", "validation")))
    assert sum(run.endswith(("train", "validation")) for run in tags) == 2
