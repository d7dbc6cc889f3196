"""The rows of a batch, read with the band matrix, against all pairs written out one by one."""

import dataclasses
import errno
import hashlib
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from conftest import REPOSITORY
from gensim.models import KeyedVectors, Word2Vec
from hypothesis import given
from hypothesis import strategies as st

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.model.layers import band_matrix
from embedding_tutorial.pictures.projector import export
from embedding_tutorial.text import encoded_corpus
from embedding_tutorial.text import files as corpus_module
from embedding_tutorial.text.batches import (
    Share,
    cut_rows,
    default_batch_size,
    keep_probability,
    make_dataset,
    subsample,
)
from embedding_tutorial.text.encoded_corpus import EncodedCorpus, encode_corpus
from embedding_tutorial.text.files import read_sentences, tokenize
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.word_vectors import WordVectors

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
    order = np.array([seed, epoch])
    return [x.numpy() for x, _ in make_dataset(numbered_corpus(LENGTHS), 5, 64, order)]


@pytest.mark.parametrize("block", [encoded_corpus.BLOCK_SENTENCES, 4])
def test_the_order_depends_on_seed_and_epoch_alone(block, monkeypatch):
    monkeypatch.setattr(encoded_corpus, "BLOCK_SENTENCES", block)
    first = passes(1, 0)
    for x, again in zip(first, passes(1, 0), strict=True):
        np.testing.assert_array_equal(x, again)
    for other in (passes(1, 1), passes(2, 0)):
        assert not all(a.shape == b.shape and (a == b).all() for a, b in zip(first, other, strict=True))
        assert Counter(id for x in other for id in x.flat if id) == Counter(id for x in first for id in x.flat if id)


def test_one_dataset_follows_the_epoch():
    order = np.array([1, 0])
    dataset = make_dataset(numbered_corpus(LENGTHS), 5, 64, order)
    for epoch in (0, 1):
        order[:] = 1, epoch
        for (x, _), expected in zip(dataset, passes(1, epoch), strict=True):
            np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("processes", [2, 3])
def test_the_shares_of_all_processes_are_the_batches_of_one(processes):
    corpus = numbered_corpus(np.tile(LENGTHS, 20))
    for batch_size in (64, 1024):
        shares = [Share(process, processes, 2 * processes) for process in range(processes)]
        parts = [list(make_dataset(corpus, 5, batch_size, np.array([1, 2]), share=share)) for share in shares]
        alone = list(make_dataset(corpus, 5, batch_size, np.array([1, 2]), share=Share(0, 1, 2 * processes)))
        for batch, *pieces in zip(alone, *parts, strict=True):
            for whole, *some in zip(batch, *pieces, strict=True):
                assert len({len(rows) for rows in some}) == 1 and len(whole) % (2 * processes) == 0
                np.testing.assert_array_equal(np.concatenate(some), whole)


def test_two_devices_share_the_very_batches_of_one():
    corpus = numbered_corpus(np.tile(LENGTHS, 20))
    one, two = (list(make_dataset(corpus, 5, 300, share=Share(devices=devices))) for devices in (1, 2))
    assert [x[x != 0].numpy().tolist() for x, _ in one] == [x[x != 0].numpy().tolist() for x, _ in two]


def sentences_of(part) -> list[tuple[int, ...]]:
    found = []
    for block in part.blocks():
        ids, lengths = block()
        found += [tuple(ids[end - n : end].tolist()) for end, n in zip(np.cumsum(lengths), lengths, strict=True)]
    return found


@pytest.mark.parametrize("block", [encoded_corpus.BLOCK_SENTENCES, 4])
def test_held_out_sentences_are_whole_and_nothing_is_lost(block, monkeypatch):
    monkeypatch.setattr(encoded_corpus, "BLOCK_SENTENCES", block)
    corpus = numbered_corpus(LENGTHS)
    training, validation = (sentences_of(part) for part in corpus.split(0.3, seed=1))
    in_a_block = min(block, len(LENGTHS))
    assert len(validation) == int(0.3 * in_a_block) * (len(LENGTHS) // in_a_block)
    assert sorted(training + validation) == sorted(sentences_of(corpus))
    assert sentences_of(corpus.split(0.3, seed=1)[1]) == validation != sentences_of(corpus.split(0.3, seed=2)[1])


def test_blocks_are_of_so_many_sentences_and_of_fewer_where_they_are_long(monkeypatch):
    lengths = np.concatenate([[0, 0], np.tile(LENGTHS, 3)])
    corpus = numbered_corpus(lengths)
    monkeypatch.setattr(encoded_corpus, "BLOCK_SENTENCES", 10)
    plain = [block()[1].tolist() for block in corpus.blocks()]
    assert plain == [lengths[first : first + 10].tolist() for first in range(0, len(lengths), 10)]
    monkeypatch.setattr(encoded_corpus, "BLOCK_TOKENS", 100)
    blocks = [block() for block in corpus.blocks()]
    assert np.concatenate([ids for ids, _ in blocks]).tolist() == corpus.ids.tolist()
    assert np.concatenate([block_lengths for _, block_lengths in blocks]).tolist() == lengths.tolist()
    assert max(len(ids) for ids, _ in blocks) < 100 + LENGTHS.max()
    assert len(blocks) > len(plain)
    for share in (0.05, 0.3):
        assert corpus.held_out_sentences(share) == len(sentences_of(corpus.split(share, seed=1)[1]))


def test_frequent_tokens_are_dropped_as_often_as_gensim_drops_them():
    counts = np.array([60_000, 9_000, 900, 90, 10])
    word2vec = Word2Vec(min_count=1, sample=0.001)
    word2vec.build_vocab_from_freq({str(i): int(count) for i, count in enumerate(counts)})
    theirs = [word2vec.wv.get_vecattr(str(i), "sample_int") / 2**32 for i in range(len(counts))]
    np.testing.assert_allclose(keep_probability(counts, 0.001)[1:], np.minimum(theirs, 1), rtol=1e-6)
    assert (keep_probability(counts, 0.0) == 1).all()

    ids = np.repeat(np.arange(1, 6, dtype=np.int32), counts)
    lengths = np.array([50_000, 10_000, 10_000])
    kept, sizes = subsample(ids, lengths, keep_probability(counts, 0.001), np.random.default_rng(0))
    share = np.bincount(kept, minlength=6)[1:] / counts
    np.testing.assert_allclose(share, theirs[:3] + [1, 1], atol=0.05)
    assert sizes.sum() == len(kept) and (sizes < lengths)[:2].all()


def test_each_epoch_drops_others_and_has_equally_many_batches():
    corpus = numbered_corpus(LENGTHS)
    corpus = dataclasses.replace(corpus, ids=corpus.ids % 10 + 1, vocabulary=Vocabulary("abcdefghij", [60] * 10))
    order = np.array([1, 0])
    dataset = make_dataset(corpus, 5, 64, order, sample=0.01)
    seen = []
    for epoch in (0, 1, 0):
        order[:] = 1, epoch
        seen.append([x.numpy().tolist() for x, _ in dataset])
        assert len(seen[-1]) == int(dataset.cardinality())
    assert seen[0] == seen[2]
    kept = [Counter(id for x in epoch for row in x for id in row if id) for epoch in seen]
    assert kept[0] != kept[1]  # not another order of the same tokens
    assert sum(np.count_nonzero(np.array(x)) for x in seen[0]) < 0.7 * len(corpus.ids)


def test_a_large_text_takes_large_steps():
    assert [default_batch_size(tokens) for tokens in (100, 70_000, 256_000, 10**9)] == [256, 273, 1000, 2048]


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


@pytest.mark.parametrize("tokens", ["characters", "words"])
@pytest.mark.parametrize("small", [False, True])
def test_blocks_of_text_become_the_ids_that_the_whole_text_becomes(tokens, small, tmp_path, monkeypatch):
    """Against the plain way: all sentences in memory, cut one by one, counted, and looked up one by one."""
    if small:
        monkeypatch.setattr(corpus_module, "BLOCK", 1000)
        monkeypatch.setattr(encoded_corpus, "BLOCK_SENTENCES", 7)
        monkeypatch.setattr(encoded_corpus, "BLOCK_TOKENS", 50)
    text = (REPOSITORY / "datasets" / "palace.txt").read_text(encoding="utf-8")[:9000]
    config = config_for(tmp_path, text, tokens=tokens, min_count=2)
    sentences = [tokenize(sentence, tokens) for sentence in read_sentences(config.corpus)]
    vocabulary = Vocabulary.count(sentences, min_count=2)
    expected = [vocabulary.encode(sentence, skip_unknown=True) for sentence in sentences]

    corpus = encode_corpus(config)
    assert corpus.vocabulary.tokens == vocabulary.tokens
    np.testing.assert_array_equal(corpus.vocabulary.counts, vocabulary.counts)
    assert corpus.lengths.tolist() == [len(ids) for ids in expected]
    assert corpus.ids.tolist() == [id for ids in expected for id in ids]
    assert corpus.tokens_left_out == sum(map(len, sentences)) - len(corpus.ids)
    assert corpus.sha256 == hashlib.sha256(text.encode()).hexdigest()


def test_a_line_of_a_million_characters_is_cut_into_sentences_and_rows(tmp_path):
    letters = "abcdefghijklmnopqrstuvwxyz"
    draw = np.random.default_rng(0).integers(0, 26, 1_000_000)
    corpus = encode_corpus(config_for(tmp_path, "".join(letters[i] for i in draw)))
    assert corpus.lengths.max() <= 1 << 16 and corpus.lengths.sum() == 1_000_000
    assert "".join(corpus.vocabulary.tokens[id - 1] for id in corpus.ids) == "".join(letters[i] for i in draw)
    rows = cut_rows(np.asarray(corpus.lengths), 5)
    assert rows.length.max() == 32 and np.sum(rows.last - rows.first) == 1_000_000
    assert corpus.held_out_sentences(0.05) == len(sentences_of(corpus.split(0.05, seed=1)[1])) == 1


def test_one_character_a_million_times_is_refused(tmp_path):
    with pytest.raises(InputError, match="only 1 different characters"):
        encode_corpus(config_for(tmp_path, "啊" * 1_000_000))


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.sampled_from(["characters", "words"]))
def test_any_text_gives_vectors_that_everybody_reads_or_is_refused(text, tokens):
    """Text -> ids -> vocabulary -> run directory -> here and gensim again, every token in its place."""
    with tempfile.TemporaryDirectory() as place:
        config = config_for(Path(place), text, tokens=tokens, min_count=1)
        try:
            corpus = encode_corpus(config)
        except InputError as error:
            assert str(config.corpus) in str(error) and "\n" not in str(error)
            return
        vocabulary = corpus.vocabulary
        assert corpus.lengths.sum() == len(corpus.ids) == vocabulary.counts.sum()
        matrix = np.random.default_rng(0).normal(size=(len(vocabulary), 3))
        vectors = WordVectors(vocabulary.tokens, vocabulary.counts, matrix)
        (Path(place) / "run").mkdir()
        run = {"config": config.to_json(Path(place) / "run")}
        export(Path(place) / "run", vectors, [], run)
        assert len((Path(place) / "run" / "vectors.tsv").read_text(encoding="utf-8").splitlines()) == len(vocabulary)
        loaded = WordVectors.load(Path(place) / "run")
        theirs = KeyedVectors.load_word2vec_format(str(Path(place) / "run" / "vectors.txt"))
        assert loaded.index_to_key == theirs.index_to_key == list(vocabulary.tokens)
        np.testing.assert_array_equal(loaded.matrix, theirs.vectors)
        assert WordVectors.load_word2vec(Path(place) / "run" / "vectors.txt").index_to_key == theirs.index_to_key


def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with pytest.raises(InputError, match=r"cannot hold the encoded text .*No space left.*TMPDIR"):
        encode_corpus(config_for(tmp_path, "王妃" * 9))


def test_too_little_text_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"only 2 different characters .* 5 times or more"):
        encode_corpus(config_for(tmp_path, "王妃" * 9 + "公主"))
    with pytest.raises(InputError, match="no sentence keeps two tokens"):
        encode_corpus(config_for(tmp_path, "\n".join("abcdefghijklmnopqrst"), min_count=1))


def test_nothing_held_out_gives_no_batches():
    _, validation = numbered_corpus(LENGTHS).split(0.0, seed=1)
    assert int(make_dataset(validation, 5, 64).cardinality()) == 0
