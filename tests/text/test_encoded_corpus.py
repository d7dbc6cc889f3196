"""A text as ids on disk, its blocks and its held-out sentences, against the plain way in memory."""

import errno
import hashlib
import tempfile
from pathlib import Path

import numpy as np
import pytest
from conftest import REPOSITORY
from gensim.models import KeyedVectors
from hypothesis import given
from hypothesis import strategies as st
from test_batches import LENGTHS, numbered_corpus

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.pictures.projector import export
from embedding_tutorial.text import encoded_corpus
from embedding_tutorial.text import files as corpus_module
from embedding_tutorial.text.batches import cut_rows
from embedding_tutorial.text.encoded_corpus import encode_again, encode_corpus
from embedding_tutorial.text.files import read_sentences
from embedding_tutorial.text.tokenizers import tokenize
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.word_vectors import WordVectors


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


def config_for(tmp_path, text, **options):
    path = tmp_path / "text.txt"
    path.write_text(text, encoding="utf-8")
    return TrainingConfig(corpus=path, **options)


def test_a_text_becomes_ids_sentence_by_sentence(tmp_path):
    letters = "abcdefghijklmnop"
    corpus = encode_corpus(config_for(tmp_path, f"{letters}\n{letters}\nz\n\nba", min_count=2))
    assert corpus.vocabulary.tokens == list("ab" + letters[2:])
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
    sentences = [tokenize(sentence, tokens) for sentence in read_sentences(config)]
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


@pytest.mark.parametrize("tokens", ["characters", "words", "blanks"])
def test_a_text_that_is_encoded_again_has_the_same_ids(tokens, tmp_path, monkeypatch):
    monkeypatch.setattr(corpus_module, "BLOCK", 1 << 10)
    text = (REPOSITORY / "datasets" / "palace.txt").read_text(encoding="utf-8")[:5000]
    config = config_for(tmp_path, " ".join(text) if tokens == "blanks" else text, tokens=tokens, min_count=3)
    corpus, digest = encode_corpus(config), hashlib.sha256()
    blocks = [(ids, lengths) for _, ids, lengths in encode_again(config, corpus.vocabulary, digest)]
    ids, lengths = map(np.concatenate, zip(*blocks, strict=True))
    assert len(blocks) > 3
    assert ids.tolist() == corpus.ids.tolist() and lengths.tolist() == corpus.lengths.tolist()
    assert digest.hexdigest() == corpus.sha256
