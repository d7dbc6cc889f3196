import csv
import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from conftest import COURT, FARM, in_a_terminal, run_python, two_worlds
from gensim.models import KeyedVectors

import train as train_py
from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.model import training
from embedding_tutorial.model.training import train
from embedding_tutorial.pictures.projector import align
from embedding_tutorial.text.batches import Batches
from embedding_tutorial.text.encoded_corpus import encode_corpus
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.word_vectors import WordVectors


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


@pytest.mark.parametrize("with_noise", [True, False])
def test_fit_gets_the_batches_as_they_are(worlds, monkeypatch, with_noise):
    monkeypatch.setattr(training, "PACK", 3)  # the last pack is not full
    corpus = encode_corpus(TrainingConfig(corpus=worlds))
    batches = Batches(corpus, window=5, batch_size=100, seed=1)
    assert len(batches) > 6 and len(batches) % 3 and len({x.shape for x, _, _ in batches}) > 1
    for given, (x, y, noise) in zip(training.as_dataset(batches, with_noise), batches, strict=True):
        expected = (x, (y, noise)) if with_noise else (x, y, y > 0)
        tf.nest.map_structure(np.testing.assert_array_equal, given, expected)


def test_without_held_out_sentences_there_is_no_validation_loss(worlds):
    history = trained(worlds, epochs=1, validation_split=0.0).history
    assert "loss" in history and "val_loss" not in history


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
    hashes = {"corpus_sha256": run["corpus_sha256"], "init_sha256": None, "dictionary_sha256": None}
    assert run["config"] | hashes == config
    assert not Path(config["corpus"]).is_absolute() and (directory / config["corpus"]).is_file()
    assert run["sentences"] == 400
    assert not (directory / "checkpoint.npz").exists()
    with open(directory / "history.csv", encoding="utf-8", newline="") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == [str(i) for i in range(1, 21)]


def test_the_model_of_a_skip_gram_opens_without_this_package(finished_run, tmp_path):
    """In another directory, where Python cannot find the package; as a SavedModel it takes integers."""
    directory, _ = finished_run
    code = (
        "import sys, keras, numpy as np, tensorflow as tf\n"
        "model = keras.models.load_model(sys.argv[1])\n"
        "ids = np.array([[1, 2, 3, 0], [4, 5, 6, 7]])\n"
        "model.export('saved', verbose=False)\n"
        "loaded = tf.saved_model.load('saved')\n"
        "served = loaded.serve(tf.constant(ids, tf.int32))\n"
        "np.savez(sys.argv[2], scores=model.predict(ids, verbose=0), served=served)\n"
        "assert 'embedding_tutorial' not in sys.modules\n"
    )
    done = run_python("-c", code, directory / "model.keras", tmp_path / "scores.npz", cwd=tmp_path, PYTHONPATH="")
    assert done.returncode == 0, done.stderr
    embeddings = np.load(directory / "vectors.npy")
    dense = keras.models.load_model(directory / "model.keras").layers[-1]
    kernel, bias = np.asarray(dense.kernel), np.asarray(dense.bias)  # (D, V + 1), (V + 1,)
    with np.load(tmp_path / "scores.npz") as arrays:
        np.testing.assert_allclose(arrays["scores"][0, 1], embeddings[1] @ kernel + bias, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(arrays["served"], arrays["scores"], rtol=1e-5, atol=1e-5)


def test_vectors_are_kept_at_some_epochs(worlds):
    result = trained(worlds, epochs=8)
    assert sorted(result.snapshots) == [0, 1, 3, 4, 5, 7]
    np.testing.assert_array_equal(result.at(0).matrix, result.untrained.matrix)
    assert (result.at(1).matrix != result.at(7).matrix).any()


def test_frequent_tokens_may_be_dropped_but_not_all(worlds):
    first, second, whole = (trained(worlds, epochs=2, sample=sample) for sample in (0.01, 0.01, 0.0))
    np.testing.assert_array_equal(first.vectors.matrix, second.vectors.matrix)
    assert (first.vectors.matrix != whole.vectors.matrix).any()
    with pytest.raises(InputError, match=r"no two neighbours are left .*larger --sample"):
        trained(worlds, sample=1e-15)


def test_a_loss_that_is_not_finite_ends_training(worlds):
    with pytest.raises(InputError, match=r"the loss is (nan|inf) in epoch 1, step .*; try a smaller --learning-rate"):
        trained(worlds, learning_rate=1e30)


def test_snapshots_lie_over_the_final_vectors(finished_run):
    directory, _ = finished_run
    final = np.loadtxt(directory / "vectors_unit.tsv", dtype=np.float32, delimiter="\t")
    names = sorted(path.name for path in (directory / "epochs").iterdir())
    assert names == [f"epoch_{epoch:04}.tsv" for epoch in (0, 3, 7, 10, 13, 17)]
    late = np.loadtxt(directory / "epochs" / names[-1], dtype=np.float32, delimiter="\t")
    np.testing.assert_allclose(np.linalg.norm(late, axis=1), 1, rtol=1e-5)
    assert np.mean(np.sum(late * final, axis=1)) > 0.95


def test_alignment_undoes_a_turn():
    draw = np.random.default_rng(0)
    final = draw.normal(size=(30, 5)).astype("float32")
    turn, _ = np.linalg.qr(draw.normal(size=(5, 5)))
    np.testing.assert_allclose(align(final @ turn, final), final, atol=1e-5)
    other = draw.normal(size=(30, 5)).astype("float32")
    np.testing.assert_allclose(align(other, final) @ align(other, final).T, other @ other.T, atol=1e-4)


def test_more_tokens_than_are_watched(tmp_path, monkeypatch):
    """The tokens whose neighbours are shown may be rarer than the 10,000 whose vectors are kept on the way."""
    common = [chr(code) for code in range(0x4E00, 0x4E00 + 10_100) if chr(code) not in "王妃皇春红"]
    lines = ["".join(common[first : first + 20]) for first in range(0, len(common), 20)]
    (tmp_path / "large.txt").write_text("\n".join([*lines, *lines, "王妃皇春红"]), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    train_py.main(["--corpus", "large.txt", "--min-count", "1", "--epochs", "2", "--dim", "2"])
    vectors = WordVectors.load("runs/large-characters")
    assert vectors.index_to_key[-5:] == list("王妃皇春红") and len(vectors) > 10_000
    assert len((tmp_path / "runs/large-characters/vectors.tsv").read_text(encoding="utf-8").splitlines()) == 10_000


def test_validation_takes_no_more_memory_than_training(worlds, monkeypatch):
    """With full softmax each place has a score for each token: sixteen batches at once are too many."""
    sizes = []
    monkeypatch.setattr(training, "Batches", lambda *a, **k: (sizes.append(k["batch_size"]), Batches(*a, **k))[1])
    for negatives, larger in ((5, 16), (0, 1)):
        trained(worlds, epochs=1, negatives=negatives)
        assert sizes[-1] == larger * sizes[-2]


def test_train_prints_nothing_unless_asked(worlds, capfd):
    trained(worlds, epochs=2)
    assert capfd.readouterr() == ("", "")
    config = TrainingConfig(corpus=worlds, dim=2, epochs=20)
    train(config, encode_corpus(config), verbose=2)
    printed, errors = capfd.readouterr()
    assert re.findall(r"^epoch +(\d+)/20  loss .*  val_loss .* s$", printed, re.M) == [str(n) for n in range(2, 21, 2)]
    assert errors == ""


def test_what_a_callback_adds_to_the_logs_is_part_of_the_history(worlds):
    class Lengths(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["epoch again"] = epoch

    class Seldom(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 1:
                logs["seldom"] = 7.0

    config = TrainingConfig(corpus=worlds, dim=2, epochs=3)
    history = train(config, encode_corpus(config), callbacks=[Lengths(), Seldom()]).history
    assert history["epoch again"].tolist() == [0, 1, 2]
    assert history["seldom"].fillna(0).tolist() == [0, 7, 0]
    assert history.columns.tolist() == ["epoch", "loss", "val_loss", "epoch again", "seldom"]


def test_a_callback_may_end_training_early(worlds):
    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    config = TrainingConfig(corpus=worlds, dim=2, epochs=6)
    result = train(config, encode_corpus(config), callbacks=[Stop()])
    assert result.history["epoch"].tolist() == [1, 2]


def test_the_bar_on_a_terminal_goes_when_training_ends_in_an_error(worlds):
    """Seen from the other side of a pseudo-terminal: the cursor is shown again, and the error comes last."""
    code = (
        "import sys\nfrom pathlib import Path\n"
        "import keras\nfrom embedding_tutorial import TrainingConfig, progress\n"
        "from embedding_tutorial.model.training import train\n"
        "from embedding_tutorial.text.encoded_corpus import encode_corpus\n"
        "class Fails(keras.callbacks.Callback):\n"
        "    def on_epoch_end(self, epoch, logs=None):\n"
        "        if epoch == 2: sys.exit('it failed')\n"
        "progress.PATIENCE = 0\n"
        "config = TrainingConfig(corpus=Path(sys.argv[1]), dim=2, epochs=4)\n"
        "train(config, encode_corpus(config), callbacks=[Fails()], verbose=2)\n"
    )
    shown = in_a_terminal("-c", code, worlds)
    assert "training" in shown and "it failed" in shown
    assert shown.rindex("\x1b[?25h") < shown.index("it failed")
    assert "%" not in shown[shown.index("it failed") :]
