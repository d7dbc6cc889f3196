import numpy as np
import pytest
from conftest import COURT, FARM, two_worlds, write_run

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.text.encoded_corpus import EncodedCorpus, encode_corpus
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.controls import count_vectors, shuffled, twin_agreement, with_twins
from embedding_tutorial.vectors.report import evaluate_run
from embedding_tutorial.vectors.word_vectors import WordVectors


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


def test_a_twin_never_takes_the_name_of_a_token():
    vocabulary = Vocabulary(["a", "a′", "b"], [40, 40, 40])
    ids = np.tile(np.array([1, 2, 3], np.int32), 40)
    corpus = EncodedCorpus(vocabulary, ids, np.full(40, 3), 0, "")
    twinned, twins = with_twins(corpus, share=1)
    assert set(twins) == {"a", "a′", "b"} and len({*twins, *twins.values()}) == 6
    assert set(twins.values()) <= set(twinned.vocabulary.tokens)


def test_controls_start_from_the_vectors_that_the_run_started_from(tmp_path):
    """Twins start from none, as only one of two has any."""
    given = WordVectors(["王", "牛"], [1, 1], np.ones((2, 4)))
    given.save_word2vec(tmp_path / "given.txt")
    run, started_from = write_run(tmp_path / "run", dim=4, init=tmp_path / "given.txt"), []

    def retrain(corpus, initial):
        started_from.append(initial and initial.index_to_key)
        return WordVectors.of(corpus.vocabulary, np.ones((len(corpus.vocabulary), 4)))

    evaluate_run(run, retrain=retrain)
    assert started_from == [["王", "牛"], None]


def test_where_no_token_can_be_split_there_are_no_twins(tmp_path):
    (tmp_path / "text.txt").write_text((COURT + FARM + "\n") * 19, encoding="utf-8")  # twins need 20 occurrences
    run, trained = write_run(tmp_path / "run", dim=4, corpus=tmp_path / "text.txt"), []

    def retrain(corpus, initial):
        trained.append(corpus)
        return WordVectors.load(run)

    answer = evaluate_run(run, retrain=retrain)
    assert len(trained) == 1
    assert "no twins: none of the characters is seen 20 times" in answer["notes"]


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
