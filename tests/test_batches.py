"""The rows of a batch, read with the band matrix, against all pairs written out one by one."""

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from embedding_tutorial.batches import EncodedCorpus, cut_rows, encode_corpus, make_dataset
from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.layers import band_matrix
from embedding_tutorial.vocabulary import Vocabulary

LENGTHS = np.array([1, 2, 0, 7, 8, 9, 31, 32, 33, 34, 53, 54, 55, 97, 200])


def numbered_corpus(lengths) -> EncodedCorpus:
    """Every place of the text holds a token of its own, so a pair tells where it comes from."""
    total = int(lengths.sum())
    vocabulary = Vocabulary([f"t{i}" for i in range(total)], np.ones(total))
    return EncodedCorpus(vocabulary, np.arange(1, total + 1, dtype=np.int32), lengths, 0, "")


def pairs_written_out(corpus, window) -> dict[tuple[int, int], float]:
    pairs, start = {}, 0
    for length in corpus.lengths:
        sentence = corpus.ids[start : start + length].tolist()
        start += length
        for i, token in enumerate(sentence):
            for j in range(max(0, i - window), min(length, i + window + 1)):
                if i != j:
                    pairs[token, sentence[j]] = (window + 1 - abs(i - j)) / window
    return pairs


@pytest.mark.parametrize("window", [1, 2, 5, 20])
@pytest.mark.parametrize("batch_size", [1, 64, 100_000])
def test_every_pair_of_a_sentence_stands_in_the_rows_once(window, batch_size):
    corpus = numbered_corpus(LENGTHS)
    found, seen = {}, Counter()
    for x, y in make_dataset(corpus, window, batch_size):
        x, y = x.numpy(), y.numpy()
        band = np.asarray(band_matrix(x.shape[1], window))
        for row, i, j in zip(*np.nonzero((x != 0)[:, :, None] & (y != 0)[:, None, :] & (band > 0)), strict=True):
            pair = int(x[row, i]), int(y[row, j])
            found[pair] = band[i, j]
            seen[pair] += 1
    expected = pairs_written_out(corpus, window)
    assert found.keys() == expected.keys()
    assert set(seen.values()) == {1}
    assert found == pytest.approx(expected)


def test_each_token_is_predicted_once_and_sees_its_whole_window():
    window = 3
    rows = cut_rows(LENGTHS, window)
    ends = np.cumsum(LENGTHS)
    predicted = []
    for start, length, first, last in zip(rows.start, rows.length, rows.first, rows.last, strict=True):
        end = ends[np.searchsorted(ends, start, side="right")]
        begin = max(e for e in [0, *ends] if e <= start)
        for place in range(start + first, start + last):
            predicted.append(place)
            assert start <= max(begin, place - window) and min(end, place + window + 1) <= start + length
    long_enough = np.repeat(LENGTHS >= 2, LENGTHS)
    assert sorted(predicted) == np.flatnonzero(long_enough).tolist()


def passes(seed, epoch):
    order = tf.Variable([seed, epoch], dtype=tf.int64)
    return [x.numpy() for x, _ in make_dataset(numbered_corpus(LENGTHS), 5, 64, order)]


def test_the_order_depends_on_seed_and_epoch_alone():
    first = passes(1, 0)
    for x, again in zip(first, passes(1, 0), strict=True):
        np.testing.assert_array_equal(x, again)
    for other in (passes(1, 1), passes(2, 0)):
        assert not all(a.shape == b.shape and (a == b).all() for a, b in zip(first, other, strict=True))
        assert Counter(id for x in other for id in x.flat if id) == Counter(id for x in first for id in x.flat if id)


def test_one_dataset_follows_the_epoch():
    order = tf.Variable([1, 0], dtype=tf.int64)
    dataset = make_dataset(numbered_corpus(LENGTHS), 5, 64, order)
    for epoch in (0, 1):
        order.assign([1, epoch])
        for (x, _), expected in zip(dataset, passes(1, epoch), strict=True):
            np.testing.assert_array_equal(x, expected)


def test_held_out_sentences_are_whole_and_nothing_is_lost():
    corpus = numbered_corpus(LENGTHS)
    training, validation = corpus.split(0.3, seed=1)
    assert len(validation.lengths) == int(0.3 * len(LENGTHS))
    assert sorted([*training.ids, *validation.ids]) == corpus.ids.tolist()
    assert training.lengths.sum() == len(training.ids)
    start = np.cumsum(LENGTHS) - LENGTHS
    sentences = {tuple(corpus.ids[s : s + n].tolist()) for s, n in zip(start, LENGTHS, strict=True)}
    at = np.cumsum(validation.lengths) - validation.lengths
    assert {tuple(validation.ids[s : s + n].tolist()) for s, n in zip(at, validation.lengths, strict=True)} <= sentences


def config_for(tmp_path, text, **options):
    path = tmp_path / "text.txt"
    path.write_text(text, encoding="utf-8")
    return TrainingConfig(corpus=path, **options)


def test_a_text_becomes_ids_sentence_by_sentence(tmp_path):
    letters = "abcdefghijklmnop"
    corpus = encode_corpus(config_for(tmp_path, f"{letters}\n{letters}\nz\n\nba", min_count=2))
    assert corpus.vocabulary.tokens == tuple("ab" + letters[2:])
    assert corpus.ids.tolist() == [*range(1, 17), *range(1, 17), 2, 1]
    assert corpus.lengths.tolist() == [16, 16, 0, 2]
    assert corpus.tokens_left_out == 1


def test_too_little_text_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"only 2 different characters .* 5 times or more"):
        encode_corpus(config_for(tmp_path, "王妃" * 9 + "公主"))
    with pytest.raises(InputError, match="no sentence keeps two tokens"):
        encode_corpus(config_for(tmp_path, "\n".join("abcdefghijklmnopqrst"), min_count=1))


def test_nothing_held_out_gives_no_batches():
    _, validation = numbered_corpus(LENGTHS).split(0.0, seed=1)
    assert int(make_dataset(validation, 5, 64).cardinality()) == 0
