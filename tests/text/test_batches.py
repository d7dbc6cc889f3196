"""The rows of a batch, read with the band matrix, against all pairs written out one by one."""

import dataclasses
from collections import Counter

import numpy as np
import pytest

from embedding_tutorial.model.layers import band_matrix
from embedding_tutorial.text import encoded_corpus
from embedding_tutorial.text.batches import Batches, Devices, cut_rows, default_batch_size, places_predicted
from embedding_tutorial.text.encoded_corpus import EncodedCorpus
from embedding_tutorial.text.vocabulary import Vocabulary

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
@pytest.mark.parametrize("block", [encoded_corpus.BLOCK_SENTENCES, 4])
def test_every_pair_of_a_sentence_stands_in_the_rows_once(window, batch_size, block, monkeypatch):
    monkeypatch.setattr(encoded_corpus, "BLOCK_SENTENCES", block)
    corpus = numbered_corpus(LENGTHS)
    found, seen = {}, Counter()
    for x, y, _ in Batches(corpus, window, batch_size):
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
    return list(Batches(numbered_corpus(LENGTHS), 5, 64, seed, epoch=epoch))


@pytest.mark.parametrize("block", [encoded_corpus.BLOCK_SENTENCES, 4])
def test_the_order_depends_on_seed_and_epoch_alone(block, monkeypatch):
    monkeypatch.setattr(encoded_corpus, "BLOCK_SENTENCES", block)
    batches = Batches(numbered_corpus(LENGTHS), 5, 64, seed=1)
    first = list(batches)
    batches.set_epoch(1)
    next(iter(batches))  # a pass that is left unfinished changes nothing
    for again, expected in ((passes(1, 0), first), (list(batches), passes(1, 1))):
        for one, other in zip(again, expected, strict=True):
            for part, same in zip(one, other, strict=True):
                np.testing.assert_array_equal(part, same)

    def tokens(batches):
        return Counter(id for x, _, _ in batches for id in x.flat if id)

    for other in (passes(1, 1), passes(2, 0)):
        assert not all(a.x.shape == b.x.shape and (a.x == b.x).all() for a, b in zip(first, other, strict=True))
        assert not all((a.noise == b.noise).all() for a, b in zip(first, other, strict=True))
        assert tokens(other) == tokens(first)


def test_without_a_seed_each_pass_is_the_same():
    batches = Batches(numbered_corpus(LENGTHS), 5, 64)
    first = list(batches)
    batches.set_epoch(1)
    for one, other in zip(first, batches, strict=True):
        for part, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(part, same)


@pytest.mark.parametrize("processes", [2, 3])
def test_the_parts_of_all_processes_are_the_batches_of_one(processes):
    corpus = numbered_corpus(np.tile(LENGTHS, 20))
    for batch_size in (64, 1024):
        shares = [Devices(process, processes, 2 * processes) for process in range(processes)]
        parts = [list(Batches(corpus, 5, batch_size, seed=1, devices=devices)) for devices in shares]
        alone = list(Batches(corpus, 5, batch_size, seed=1, devices=Devices(0, 1, 2 * processes)))
        for batch, *pieces in zip(alone, *parts, strict=True):
            for whole, *some in zip(batch, *pieces, strict=True):
                assert len({len(rows) for rows in some}) == 1 and len(whole) % (2 * processes) == 0
                np.testing.assert_array_equal(np.concatenate(some), whole)
            assert (batch.noise == batch.noise[0]).all()


def test_two_devices_share_the_very_batches_of_one():
    corpus = numbered_corpus(np.tile(LENGTHS, 20))
    one, two = (list(Batches(corpus, 5, 300, devices=Devices(batch_parts=devices))) for devices in (1, 2))
    assert [x[x != 0].tolist() for x, _, _ in one] == [x[x != 0].tolist() for x, _, _ in two]
    for alone, shared in zip(one, two, strict=True):
        np.testing.assert_array_equal(alone.noise[0], shared.noise[1])


def test_each_epoch_drops_others_and_has_equally_many_batches():
    corpus = numbered_corpus(LENGTHS)
    corpus = dataclasses.replace(corpus, ids=corpus.ids % 10 + 1, vocabulary=Vocabulary("abcdefghij", [60] * 10))
    batches = Batches(corpus, 5, 64, seed=1, sample=0.01)
    seen = []
    for epoch in (0, 1, 0):
        batches.set_epoch(epoch)
        seen.append([x.tolist() for x, _, _ in batches])
        assert len(seen[-1]) == len(batches)
    assert seen[0] == seen[2]
    kept = [Counter(id for x in epoch for row in x for id in row if id) for epoch in seen]
    assert kept[0] != kept[1]  # not another order of the same tokens
    assert sum(np.count_nonzero(np.array(x)) for x in seen[0]) < 0.7 * len(corpus.ids)


def test_an_epoch_that_drops_every_pair_repeats_the_first():
    corpus = numbered_corpus(np.array([2]))
    batches = Batches(corpus, 1, 8, seed=2, sample=0.1)
    kept = [len(list(batches._pass(epoch))) for epoch in range(20)]
    assert kept[0] == 1 and 0 in kept
    batches.set_epoch(kept.index(0))
    assert len(list(batches)) == len(batches) == 1


def test_a_large_text_takes_large_steps():
    assert [default_batch_size(tokens) for tokens in (100, 70_000, 256_000, 10**9)] == [256, 273, 1000, 2048]


def test_nothing_held_out_gives_no_batches():
    _, validation = numbered_corpus(LENGTHS).split(0.0, seed=1)
    assert len(Batches(validation, 5, 64)) == 0 and not list(Batches(validation, 5, 64))


@pytest.mark.parametrize("window", [2, 16])
def test_where_ends_are_predicted_each_sentence_has_a_row_and_a_place_for_its_end(window):
    """Sentences of one token, and of exactly the length of a row, too; the end is drawn as noise as a token is."""
    corpus = numbered_corpus(LENGTHS)
    tokens, ends, noisy = [], 0, False
    for x, y, noise in Batches(corpus, window, batch_size=64, ends=True):
        predicted = places_predicted(x, y, ends=True)
        tokens += x[predicted & (x != 0)].tolist()
        ends += np.count_nonzero(predicted & (x == 0))
        noisy |= (noise == 0).any()
    assert sorted(tokens) == corpus.ids.tolist()
    assert ends == np.count_nonzero(LENGTHS) and noisy
