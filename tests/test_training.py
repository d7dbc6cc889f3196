import csv
import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from conftest import COURT, FARM, REPOSITORY, two_worlds
from gensim.models import KeyedVectors

from embedding_tutorial.batches import encode_corpus
from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.training import train
from embedding_tutorial.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    path = tmp_path_factory.mktemp("worlds") / "worlds.txt"
    path.write_text(two_worlds(), encoding="utf-8")
    return path


def trained(path, **options):
    config = TrainingConfig(corpus=path, dim=8, **{"epochs": 10, **options})
    return train(config, encode_corpus(config))


@pytest.mark.parametrize("model", ["skipgram", "cbow"])
@pytest.mark.parametrize("negatives", [5, 0])
def test_what_stands_together_comes_to_lie_together(worlds, model, negatives):
    result = trained(worlds, model=model, negatives=negatives)
    for world in (COURT, FARM):
        for token in world:
            nearest = {near for near, _ in result.vectors.most_similar(token, topn=7)}
            assert nearest == set(world) - {token}
    assert result.history["loss"].iloc[-1] < result.history["loss"].iloc[0]
    assert result.history["val_loss"].iloc[-1] < result.history["val_loss"].iloc[0]
    assert result.untrained.most_similar("王")[0][1] != pytest.approx(1, abs=0.01)


def test_the_same_seed_gives_the_same_vectors(worlds):
    first, second, other = (trained(worlds, epochs=3, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.vectors.matrix, second.vectors.matrix)
    assert first.history.equals(second.history)
    assert (first.vectors.matrix != other.vectors.matrix).any()


def test_without_held_out_sentences_there_is_no_validation_loss(worlds):
    assert list(trained(worlds, epochs=1, validation_split=0.0).history) == ["epoch", "loss"]


def test_the_run_directory_holds_one_run_in_many_forms(finished_run):
    directory, _ = finished_run
    vocabulary = Vocabulary.load(directory / "vocabulary.json")
    matrix = np.load(directory / "vectors.npy", allow_pickle=False)
    assert set(vocabulary.tokens) == set(COURT + FARM) and matrix.shape == (16, 8)

    model = keras.models.load_model(directory / "model.keras")
    np.testing.assert_array_equal(np.asarray(model.get_layer("embedding").embeddings)[1:], matrix)
    theirs = KeyedVectors.load_word2vec_format(str(directory / "vectors.txt"))
    assert theirs.index_to_key == list(vocabulary.tokens)
    np.testing.assert_array_equal(theirs.vectors, matrix)
    np.testing.assert_array_equal(np.loadtxt(directory / "vectors.tsv", dtype=np.float32, delimiter="\t"), matrix)

    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    assert config["epochs"] == 20 and config["dim"] == 8
    run = json.loads((directory / "run.json").read_text(encoding="utf-8"))
    assert run["config"] == config and run["sentences"] == 400
    with open(directory / "history.csv", encoding="utf-8", newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == [str(i) for i in range(1, 21)]


def test_a_fresh_process_loads_the_model_and_gets_the_same_scores(finished_run):
    directory, _ = finished_run
    code = (
        "import sys, keras, numpy as np, embedding_tutorial.model\n"
        "model = keras.models.load_model(sys.argv[1])\n"
        "np.save(sys.stdout.buffer, model.predict(np.array([[1, 2, 3, 0], [4, 5, 6, 7]]), verbose=0))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(directory / "model.keras")],
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        check=True,
    )
    import io

    scores = np.load(io.BytesIO(done.stdout))  # (2, 4, V + 1)
    embeddings = np.load(directory / "vectors.npy")
    model = keras.models.load_model(directory / "model.keras")
    table = np.asarray(model.layers[-1].table)
    np.testing.assert_allclose(scores[0, 1], table @ embeddings[1], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(scores, model.predict(np.array([[1, 2, 3, 0], [4, 5, 6, 7]]), verbose=0))
