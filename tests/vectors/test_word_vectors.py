"""Our answers against gensim's on the same vectors."""

import hashlib
import json

import keras
import numpy as np
import pytest
from gensim.models import KeyedVectors

from embedding_tutorial.atomic import write_whole
from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.model.sequential import build_model
from embedding_tutorial.run_directory import checked_content
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.word_vectors import BLOCK, WordVectors, starting_vectors, unit_rows

TOKENS = [f"词{i}" for i in range(200)]


def vectors(tokens=TOKENS, dim=16) -> WordVectors:
    matrix = np.random.default_rng(0).normal(size=(len(tokens), dim)) * np.arange(1, len(tokens) + 1)[:, None]
    return WordVectors(tokens, range(len(tokens), 0, -1), matrix)


def gensim_of(ours: WordVectors) -> KeyedVectors:
    theirs = KeyedVectors(ours.matrix.shape[1])
    theirs.add_vectors(ours.index_to_key, ours.matrix)
    return theirs


@pytest.mark.parametrize("topn", [1, 10, 190])
@pytest.mark.parametrize(
    "positive, negative",
    [("词3", ()), (["词3"], []), (["词3", "词4"], ["词5"]), ([], ["词5"]), (["词3", "词4", "词9"], ["词5", "词6"])],
)
def test_most_similar_is_gensim_s(topn, positive, negative):
    ours = vectors()
    expected = gensim_of(ours).most_similar(positive=positive, negative=list(negative), topn=topn)
    found = ours.most_similar(positive, negative, topn=topn)
    assert [token for token, _ in found] == [token for token, _ in expected]
    np.testing.assert_allclose([c for _, c in found], [c for _, c in expected], atol=1e-6)


def test_more_neighbours_than_there_are_gives_all():
    assert len(vectors().most_similar("词3", topn=500)) == 199
    assert vectors(TOKENS[:2]).most_similar(["词0", "词1"]) == []


@pytest.mark.parametrize("topn", [0, -1, -200])
def test_no_neighbours_are_none(topn):
    ours = vectors()
    assert ours.most_similar("词3", topn=topn) == gensim_of(ours).most_similar("词3", topn=topn) == []


def test_similarity_and_the_odd_one_out_are_gensim_s():
    ours = vectors()
    theirs = gensim_of(ours)
    assert ours.similarity("词1", "词9") == pytest.approx(float(theirs.similarity("词1", "词9")), abs=1e-6)
    for start in range(0, 50, 5):
        words = TOKENS[start : start + 5]
        assert ours.doesnt_match(words) == theirs.doesnt_match(words)
        assert ours.doesnt_match([*words, words[1]]) == theirs.doesnt_match([*words, words[1]])


def test_a_word_asked_twice_weighs_twice_and_one_on_both_sides_nothing():
    ours = vectors()
    for positive, negative in ((["词3", "词3", "词4"], []), (["词4", "词5"], ["词4"]), (["词5", "词5"], ["词3"])):
        expected = gensim_of(ours).most_similar(positive=positive, negative=negative)
        assert [token for token, _ in ours.most_similar(positive, negative)] == [token for token, _ in expected]
    for both in (["词4"], ["词4", "词5"], ["词3", "词4", "词5"]):  # what rounding leaves of it is no direction
        with pytest.raises(ValueError, match="at least one word"):
            ours.most_similar(both, both[::-1])


def test_a_word_is_the_sum_of_its_characters():
    ours = vectors(list("公主蜜蜂"))
    np.testing.assert_array_equal(ours.compose("公主"), ours["公"] + ours["主"])
    np.testing.assert_array_equal(ours.compose("蜜蜂"), ours.compose("蜂蜜"))
    np.testing.assert_array_equal(ours.compose("主"), ours["主"])
    assert {token for token, _ in ours.most_similar("公主")} == set("蜜蜂")
    with pytest.raises(KeyError, match="公龙"):
        ours.compose("公龙")


def test_a_finished_run_loads_whole(finished_run):
    directory, _ = finished_run
    ours = WordVectors.load(directory)
    theirs = KeyedVectors.load_word2vec_format(str(directory / "vectors.txt"))
    assert ours.index_to_key == theirs.index_to_key
    np.testing.assert_array_equal(ours.matrix, theirs.vectors)
    assert ours.counts.tolist() == sorted(ours.counts.tolist(), reverse=True)


def test_vectors_hold_their_vocabulary_once():
    vocabulary = Vocabulary(TOKENS, range(200, 0, -1))
    ours = WordVectors.of(vocabulary, vectors().matrix)
    assert ours.vocabulary is vocabulary and ours.index_to_key is vocabulary.tokens
    assert ours.key_to_index is vocabulary.index_of and ours.counts is vocabulary.counts
    theirs = gensim_of(ours)
    assert (ours.index_to_key[:10], ours.key_to_index) == (theirs.index_to_key[:10], theirs.key_to_index)


@pytest.mark.parametrize("size", [0, 7, 200, 999])
def test_the_most_frequent_are_the_first(size):
    ours, few = vectors(), vectors().most_frequent(size)
    assert few.index_to_key == TOKENS[:size] and few.counts.tolist() == ours.counts[:size].tolist()
    np.testing.assert_array_equal(few.matrix, ours.matrix[:size])


@pytest.fixture
def damaged(finished_run, tmp_path):
    for name in ("config.json", "run.json", "vectors.npy", "vocabulary.json"):
        (tmp_path / name).write_bytes((finished_run[0] / name).read_bytes())
    return tmp_path


def test_an_unfinished_run_and_what_is_none_are_refused(damaged):
    (damaged / "run.json").unlink()
    with pytest.raises(InputError, match="not finished"):
        WordVectors.load(damaged)
    (damaged / "config.json").unlink()
    with pytest.raises(InputError, match="is no run directory"):
        WordVectors.load(damaged)
    with pytest.raises(InputError, match="no such directory"):
        WordVectors.load(damaged / "nowhere")


@pytest.mark.parametrize("name", ["run.json", "vectors.npy", "vocabulary.json"])
def test_a_damaged_run_is_refused(damaged, name):
    path = damaged / name
    whole = path.read_bytes()
    changed = (
        whole.replace(b'"vectors.npy": "', b'"vectors.npy": "0') if name == "run.json" else whole.replace(b"1", b"2")
    )
    for broken in (b"", whole[:-20], b"\xff" + whole, changed, b"[]", b"{}"):
        path.write_bytes(broken)
        with pytest.raises(InputError, match="damaged"):
            WordVectors.load(damaged)


def replace_vectors(directory, matrix) -> None:
    write_whole(directory / "vectors.npy", lambda path: np.save(path, matrix))


def test_the_vectors_are_those_that_were_checked_though_another_export_replaces_them(damaged, monkeypatch):
    expected = np.load(damaged / "vectors.npy")

    def check_then_replace(directory, run, name):
        content = checked_content(directory, run, name)
        replace_vectors(directory, expected + 1)
        return content

    monkeypatch.setattr("embedding_tutorial.vectors.word_vectors.checked_content", check_then_replace)
    ours = WordVectors.load(damaged)
    np.testing.assert_array_equal(ours.matrix, expected)
    ours.matrix[0] = 0
    np.testing.assert_array_equal(np.load(damaged / "vectors.npy"), expected + 1)


def test_tokens_of_one_export_are_never_read_with_vectors_of_another(damaged, monkeypatch):
    def load_after_another_export(path):
        replace_vectors(damaged, np.eye(2))
        return Vocabulary(["a", "b"], [1, 1])

    monkeypatch.setattr(Vocabulary, "load", load_after_another_export)
    with pytest.raises(InputError, match=r"vectors\.npy: damaged \(is not the file that the run wrote\)"):
        WordVectors.load(damaged)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_matrix_is_read_as_numpy_reads_it(damaged, order):
    path, run = damaged / "vectors.npy", json.loads((damaged / "run.json").read_text(encoding="utf-8"))
    np.save(path, np.asarray(np.load(path)[:, ::-1], order=order))
    run["files"]["vectors.npy"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (damaged / "run.json").write_text(json.dumps(run), encoding="utf-8")
    np.testing.assert_array_equal(WordVectors.load(damaged).matrix, np.load(path))


def test_a_pickle_is_never_loaded(damaged):
    np.save(damaged / "vectors.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="damaged"):
        WordVectors.load(damaged)


def test_the_frame_holds_everything():
    ours = vectors()
    frame = ours.to_frame()
    assert frame.index.tolist() == TOKENS and frame["count"].tolist() == ours.counts.tolist()
    np.testing.assert_array_equal(frame.drop(columns="count").to_numpy(), ours.matrix)


@pytest.mark.parametrize("trainable", [True, False])
def test_the_layer_serves_in_another_model(trainable):
    ours = vectors()
    layer = ours.embedding_layer(trainable)
    model = keras.Sequential([layer, keras.layers.GlobalAveragePooling1D()])
    found = np.asarray(model(np.array([[4, 8, 0]])))
    np.testing.assert_allclose(found[0], (ours["词3"] + ours["词7"]) / 2, rtol=1e-5)  # padding is masked
    assert len(model.trainable_weights) == trainable


def test_two_layers_go_into_one_model():
    ids = keras.Input((3,), dtype="int32")
    layers = [
        vectors().embedding_layer(),
        vectors(dim=4).embedding_layer(),
        vectors(dim=2).embedding_layer(name="mine"),
    ]
    model = keras.Model(ids, keras.layers.Concatenate()([layer(ids) for layer in layers]))
    assert model(np.array([[4, 8, 0]])).shape == (1, 3, 22) and layers[2].name == "mine"


def test_training_starts_from_given_vectors(tmp_path):
    given = vectors(["b", "x", "c"], dim=4)
    given.save_word2vec(tmp_path / "given.txt")
    vocabulary = Vocabulary("abc", [3, 2, 1])
    config = TrainingConfig(dim=4, init=tmp_path / "given.txt")
    rows = np.asarray(build_model(config, vocabulary, starting_vectors(config)).layers[0].embeddings)
    np.testing.assert_array_equal(rows[2:], given.matrix[[0, 2]])
    assert np.abs(rows[1]).max() <= 0.5 / 4  # a has none, and starts like all others
    with pytest.raises(InputError, match="vectors of 4 numbers, but --dim 8"):
        starting_vectors(TrainingConfig(init=tmp_path / "given.txt", dim=8))


def test_an_unknown_word_gets_near_spellings():
    ours = vectors()
    with pytest.raises(KeyError, match="did you mean 词100"):
        ours["词1000"]
    assert "词7" in ours and "龙" not in ours and len(ours) == 200
    for ask in (lambda: ours.most_similar([]), lambda: ours.doesnt_match([])):
        with pytest.raises(ValueError, match="at least one word"):
            ask()


def test_what_does_not_fit_together_is_refused():
    for tokens, counts, rows in ((["a", "a"], [1, 1], 2), (["a", "b"], [1], 2), (["a", "b"], [1, 1], 3)):
        with pytest.raises(ValueError, match=r"twice|tokens"):
            WordVectors(tokens, counts, np.zeros((rows, 4)))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1, 2], [3, float("nan")]], "the vector of 'b' is not finite"),
        ([[1, float("-inf")], [3, 4]], "the vector of 'a' is not finite"),
        (np.array([[1, 2], [1e39, 4]]), "the vector of 'b' is not finite"),  # more than float32 holds
        ([1, 2], r"float|int"),
        (np.ones((2, 3, 4)), r"\(V, D\), not float64 of shape \(2, 3, 4\)"),
        (np.ones((2, 0)), r"shape \(2, 0\)"),
        (np.ones((2, 3), complex), "real numbers of shape .*, not complex128"),
        ([["1", "2"], ["3", "4"]], "not <U1"),
        (np.array([[1, None], [2, 3]]), "not object"),
    ],
)
def test_a_matrix_that_is_no_table_of_numbers_is_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        WordVectors("ab", [1, 1], matrix)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1, 1e30, 1e-30, 3e38, 1e-38, 1e-42])
def test_huge_and_tiny_vectors_have_the_cosines_of_float64(scale):
    draw = np.random.default_rng(3)
    matrix = (draw.uniform(-1, 1, size=(30, 8)) * np.where(draw.random((30, 1)) < 0.5, scale, 1)).astype(np.float32)
    exact = matrix.astype(np.float64)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    np.testing.assert_allclose(unit_rows(matrix), exact, atol=1e-7)
    ours = WordVectors(TOKENS[:30], [1] * 30, matrix)
    for token, cosine in ours.most_similar("词0", topn=29):
        assert cosine == pytest.approx(exact[0] @ exact[ours.key_to_index[token]], abs=1e-6)
        assert ours.similarity("词0", token) == pytest.approx(cosine, abs=1e-6)
    (nearest, cosine), *_ = ours.nearest(exact[5] * 1e60)
    assert nearest == "词5" and cosine == pytest.approx(1)


@pytest.mark.parametrize("shape", [(200, 8), (3, BLOCK + 1), (2 * BLOCK // 5, 5), (0, 3)])
def test_unit_rows_change_no_digit_of_what_the_plain_way_gives(shape):
    matrix = np.random.default_rng(4).normal(size=shape).astype(np.float32)
    plain = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    np.testing.assert_array_equal(unit_rows(matrix), plain)


def test_a_direction_that_is_not_finite_is_refused():
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match="not finite"):
            vectors(dim=2).nearest([1, bad])


def test_a_row_of_zeros_is_like_nothing_and_breaks_nothing():
    ours = WordVectors("abc", [1, 1, 1], [[0, 0], [1, 0], [0, 1]])
    assert dict(ours.most_similar("a")) == {"b": 0.0, "c": 0.0}


def test_run_json_is_what_it_says(finished_run):
    run = json.loads((finished_run[0] / "run.json").read_text(encoding="utf-8"))
    assert run["vocabulary_size"] == 16 and len(run["files"]["vectors.npy"]) == 64
