"""Models of others that take strings: their ids line up with the rows of our layer."""

import keras
import numpy as np
import pytest
from conftest import COURT, FARM, run_python, two_worlds

from embedding_tutorial.config import InputError
from embedding_tutorial.vectors.word_vectors import WordVectors


def vectors(tokens=COURT + FARM):
    matrix = np.random.default_rng(0).normal(size=(len(tokens), 4))
    return WordVectors(tokens, [1] * len(tokens), matrix)


def test_a_saved_model_of_strings_answers_the_same_without_this_package(tmp_path):
    ours = vectors()
    texts = np.array([*two_worlds(60).splitlines(), "王 x"])
    court = np.array([text[0] in COURT for text in texts], dtype="float32")
    model = keras.Sequential([
        keras.Input((), dtype="string"),
        ours.text_vectorization(),
        ours.embedding_layer(unknown=True),
        keras.layers.GlobalAveragePooling1D(),
        keras.layers.Dense(1, activation="sigmoid"),
    ])
    pooled = keras.Model(model.inputs, model.layers[-2].output)
    expected = [np.mean([ours[c] if c in ours else ours.matrix.mean(axis=0) for c in t], axis=0) for t in texts]
    strings = keras.ops.convert_to_tensor(texts.tolist())
    np.testing.assert_allclose(pooled(strings), expected, atol=1e-6)

    model.compile("adam", "binary_crossentropy")
    model.fit(strings, court, epochs=2, verbose=0)
    model.save(tmp_path / "mine.keras")
    np.save(tmp_path / "texts.npy", texts)
    code = (
        "import importlib.util, keras, numpy as np\n"
        "assert importlib.util.find_spec('embedding_tutorial') is None\n"
        "texts = keras.ops.convert_to_tensor(np.load('texts.npy').tolist())\n"
        "np.save('answers.npy', keras.models.load_model('mine.keras')(texts))"
    )
    done = run_python("-c", code, cwd=tmp_path, PYTHONPATH="", PYTHONSAFEPATH="1")
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(np.load(tmp_path / "answers.npy"), model(strings), rtol=1e-6)


@pytest.mark.parametrize("tokens", [COURT, ["王妃", "王", "c++"]])
def test_keras_s_ids_are_the_rows_of_the_layer(tokens):
    ours = vectors(tokens)
    layer = ours.embedding_layer(unknown=True)
    lookup = keras.layers.StringLookup(vocabulary=ours.index_to_key, mask_token="")
    for ids in (ours.text_vectorization()([*tokens])[:, 0], lookup([*tokens])):
        np.testing.assert_array_equal(layer(ids), ours.matrix)
    assert list(ours.text_vectorization()(["x", ""])[:, 0]) == list(lookup(["x", ""])) == [1, 0]
    np.testing.assert_allclose(layer(np.array([1]))[0], ours.matrix.mean(axis=0), rtol=1e-6)
    assert not np.any(layer(np.array([0])))


def test_blanks_are_unknown_characters_and_part_words():
    assert vectors("王妃").text_vectorization()(["王 妃"]).numpy().tolist() == [[2, 1, 3]]
    words = vectors(["王妃", "王"])
    assert words.text_vectorization()(["王 王妃\t王\u3000王"]).numpy().tolist() == [[3, 2, 1]]
    assert words.text_vectorization("character")(["王 王妃"]).numpy().tolist() == [[3, 1, 3, 1]]


def test_a_token_that_keras_cannot_save_is_refused():
    with pytest.raises(InputError, match=r"'a\\u2028b' holds a line break"):
        vectors(["a", "a\u2028b"]).text_vectorization()
