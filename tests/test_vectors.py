"""Our answers against gensim's on the same vectors."""

import numpy as np
import pytest
from gensim.models import KeyedVectors

from embedding_tutorial.vectors import WordVectors

TOKENS = [f"词{i}" for i in range(200)]
AWKWARD = ["王妃", "\0", "\u200b", "\ufeff", "#", '"', "👩‍👧", "\U00020000", "007", "<b>"]


def vectors(tokens=TOKENS, dim=16) -> WordVectors:
    matrix = np.random.default_rng(0).normal(size=(len(tokens), dim)) * np.arange(1, len(tokens) + 1)[:, None]
    return WordVectors(tokens, range(len(tokens), 0, -1), matrix)


def gensim_of(ours: WordVectors) -> KeyedVectors:
    theirs = KeyedVectors(ours.matrix.shape[1])
    theirs.add_vectors(ours.index_to_key, ours.matrix)
    return theirs


@pytest.mark.parametrize("topn", [1, 10, 199, 500])
def test_most_similar_is_gensim_s(topn):
    ours = vectors()
    found, expected = ours.most_similar("词3", topn=topn), gensim_of(ours).most_similar("词3", topn=topn)
    assert [token for token, _ in found] == [token for token, _ in expected]
    np.testing.assert_allclose([c for _, c in found], [c for _, c in expected], atol=1e-6)


def test_the_text_file_loads_in_gensim_bit_for_bit(tmp_path):
    ours = vectors(AWKWARD)
    ours.save_word2vec(tmp_path / "vectors.txt")
    theirs = KeyedVectors.load_word2vec_format(str(tmp_path / "vectors.txt"))
    assert theirs.index_to_key == AWKWARD
    np.testing.assert_array_equal(theirs.vectors, ours.matrix)


def test_a_vector_is_its_row_and_an_unknown_token_has_none():
    ours = vectors()
    np.testing.assert_array_equal(ours["词7"], ours.matrix[7])
    assert "词7" in ours and "龙" not in ours and len(ours) == 200
    with pytest.raises(KeyError):
        ours.most_similar("龙")


def test_what_does_not_fit_together_is_refused():
    for tokens, counts, rows in ((["a", "a"], [1, 1], 2), (["a", "b"], [1], 2), (["a", "b"], [1, 1], 3)):
        with pytest.raises(ValueError):
            WordVectors(tokens, counts, np.zeros((rows, 4)))


def test_a_row_of_zeros_is_like_nothing_and_breaks_nothing():
    ours = WordVectors("abc", [1, 1, 1], [[0, 0], [1, 0], [0, 1]])
    assert dict(ours.most_similar("a")) == {"b": 0.0, "c": 0.0}
