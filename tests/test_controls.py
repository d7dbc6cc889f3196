import numpy as np
import pytest
from conftest import COURT, FARM, two_worlds

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.controls import count_vectors, shuffled, twin_agreement, with_twins
from embedding_tutorial.encoded_corpus import encode_corpus
from embedding_tutorial.vectors import WordVectors


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("worlds") / "worlds.txt"
    path.write_text(two_worlds(), encoding="utf-8")
    return encode_corpus(TrainingConfig(corpus=path))


def test_shuffling_keeps_every_token_and_no_place(corpus):
    mixed = shuffled(corpus)
    assert sorted(mixed.ids) == sorted(corpus.ids) and (mixed.ids != corpus.ids).any()
    np.testing.assert_array_equal(mixed.lengths, corpus.lengths)


def test_twins_share_the_occurrences_of_their_token(corpus):
    twinned, twins = with_twins(corpus, share=0.5)
    assert len(twins) == 8 and len(twinned.vocabulary) == 24
    for token, twin in twins.items():
        id, twin_id = twinned.vocabulary.encode([token, twin])
        here = np.isin(twinned.ids, [id, twin_id])
        np.testing.assert_array_equal(here, corpus.ids == id)
        assert 0.4 < np.mean(twinned.ids[here] == twin_id) < 0.6
        assert twinned.vocabulary.counts[twin_id - 1] == np.sum(twinned.ids == twin_id)
    untouched = ~np.isin(corpus.ids, corpus.vocabulary.encode(twins))
    np.testing.assert_array_equal(twinned.ids[untouched], corpus.ids[untouched])


def test_twin_agreement_by_hand():
    tokens = ["a", "b", "a′", "b′", *(f"x{i}" for i in range(20))]
    draw = np.random.default_rng(0)
    matrix = draw.normal(size=(24, 8))
    matrix[2] = matrix[0] + 0.01  # a has found its twin; b lies opposite to its own
    matrix[3] = -matrix[1]
    vectors = WordVectors(tokens, [25, 300, 45, 200, *[1] * 20], matrix)
    assert twin_agreement(vectors, {"a": "a′", "b": "b′"}) == [("20–39", 1.0, 1), ("160 or more", 0.0, 1)]


def test_counting_alone_tells_the_worlds_apart(corpus):
    vectors = count_vectors(corpus, window=5, dim=4)
    for world in (COURT, FARM):
        for token in world:
            assert {near for near, _ in vectors.most_similar(token, topn=7)} == set(world) - {token}


def test_the_counted_table_is_ppmi(corpus):
    """All eigenvectors together give back the table, up to the sign of negative eigenvalues; so compare its square."""
    window, size = 2, len(corpus.vocabulary)
    table = np.zeros((size, size))
    start = 0
    for length in corpus.lengths:
        ids = corpus.ids[start : start + length] - 1
        start += length
        for i in range(length):
            for j in range(max(0, i - window), min(length, i + window + 1)):
                if i != j:
                    table[ids[i], ids[j]] += (window + 1 - abs(i - j)) / window
    single = table.sum(axis=1)
    with np.errstate(divide="ignore"):
        ppmi = np.maximum(np.log(table * table.sum() / np.outer(single, single)), 0)
    values, columns = np.linalg.eigh(ppmi)
    rows = columns * np.sqrt(np.abs(values))
    expected = rows @ rows.T / np.outer(*[np.linalg.norm(rows, axis=1)] * 2)
    unit = count_vectors(corpus, window, dim=size).unit_matrix
    np.testing.assert_allclose(unit @ unit.T, expected, atol=1e-4)
