"""Our reader and writer of word2vec's text format against gensim's, on files as others write them."""

import bz2
import gzip
import lzma
import random

import numpy as np
import pytest
from gensim.models import KeyedVectors
from gensim.test.utils import datapath

from embedding_tutorial.config import InputError
from embedding_tutorial.vectors.word2vec_format import write_word2vec
from embedding_tutorial.vectors.word_vectors import WordVectors

AWKWARD = [
    "王妃",
    "\0",
    "\u200b",
    "\ufeff",
    "#",
    '"',
    "👩‍👧",
    "\U00020000",
    "007",
    "<b>",
    "\u00a0",
    "\u3000",
    "\r",
    "\v",
]


def vectors(tokens=AWKWARD, dim=16) -> WordVectors:
    return WordVectors(tokens, [1] * len(tokens), np.random.default_rng(0).normal(size=(len(tokens), dim)))


def gensim_of(ours: WordVectors) -> KeyedVectors:
    theirs = KeyedVectors(ours.matrix.shape[1])
    theirs.add_vectors(ours.index_to_key, ours.matrix)
    return theirs


def assert_read_as_gensim_reads(path, **options) -> None:
    ours = WordVectors.load_word2vec(path)
    theirs = KeyedVectors.load_word2vec_format(str(path), **options)
    assert ours.index_to_key == [token for token in theirs.index_to_key if token is not None]  # None: was repeated
    np.testing.assert_array_equal(ours.matrix, [theirs[token] for token in ours.index_to_key])
    assert not ours.counts.any()


def test_the_text_file_loads_in_gensim_bit_for_bit(tmp_path):
    ours = vectors()
    ours.save_word2vec(tmp_path / "vectors.txt")
    theirs = KeyedVectors.load_word2vec_format(str(tmp_path / "vectors.txt"))
    assert theirs.index_to_key == AWKWARD
    np.testing.assert_array_equal(theirs.vectors, ours.matrix)


@pytest.mark.parametrize("header", [True, False])
def test_gensim_s_text_file_loads_here(tmp_path, header):
    gensim_of(vectors()).save_word2vec_format(str(tmp_path / "vectors.txt"), write_header=header)
    assert WordVectors.load_word2vec(tmp_path / "vectors.txt").index_to_key == AWKWARD
    assert_read_as_gensim_reads(tmp_path / "vectors.txt", no_header=not header)


@pytest.mark.parametrize("name", ["lee_fasttext.vec", "crime-and-punishment.vec", "high_precision.kv.txt"])
def test_files_that_gensim_brings_along_are_read_as_gensim_reads_them(name):
    assert_read_as_gensim_reads(datapath(name))


def test_files_of_all_shapes_are_read_as_gensim_reads_them(tmp_path):
    """Headers, line ends, blanks, repeated tokens, numbers as tokens, and ways to write a number, at random."""
    draw = random.Random(1)
    numbers = ["0", "1", "-1", "+.5", "4.", "1e-3", "-2.5E+2", "1e-50", "0.1234567890123456789", "１"]
    for _ in range(150):
        dim, count, end = draw.randint(2, 5), draw.randint(1, 6), draw.choice(["\n", "\r\n", " \n", "\t\n", "\f\n"])
        tokens = [draw.choice(["a", "1", "-2.5", "王妃", "\u3000", "</s>", "...", "\x0b", "nan"]) for _ in range(count)]
        lines = [" ".join([token, *draw.choices(numbers, k=dim)]) for token in tokens]
        header = draw.choice(["{} {}", "{}\t{}", " {}  {} ", "0{} 0{}"]).format(count, dim)
        text = end.join([header, *lines]) + draw.choice(["", end, end + "\n", end + " \n\n"])
        ending, pack = draw.choice([
            (".vec", bytes),
            (".gz", gzip.compress),
            (".bz2", bz2.compress),
            (".xz", lzma.compress),
        ])
        path = tmp_path / f"vectors{ending}"
        path.write_bytes(pack(text.encode()))
        assert_read_as_gensim_reads(path)


def test_of_a_repeated_token_the_first_vector_counts_and_it_is_told(tmp_path, caplog):
    (tmp_path / "given.vec").write_text("4 2\na 1 2\nb 3 4\na 5 6\nb 7 8\n", encoding="utf-8")
    ours = WordVectors.load_word2vec(tmp_path / "given.vec")
    assert ours.index_to_key == ["a", "b"] and ours.matrix.tolist() == [[1, 2], [3, 4]]
    (record,) = caplog.records
    assert "given.vec: 2 lines repeat a token, 'a' in lines 2 and 4 first" in record.getMessage()


def test_what_gensim_refuses_and_can_only_mean_one_thing_is_read(tmp_path):
    for header in ("", "3 2\n"):
        text = f"\ufeff{header}a 1 2\n. . . 3 4\nat name@domain.com 5 6\n"  # GloVe's 840B has such tokens
        (tmp_path / "given.txt").write_text(text, encoding="utf-8")
        ours = WordVectors.load_word2vec(tmp_path / "given.txt")
        assert ours.index_to_key == ["a", ". . .", "at name@domain.com"]
        assert ours.matrix.tolist() == [[1, 2], [3, 4], [5, 6]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2 2\na 1 2\nb 1\n", "line 3: 1 numbers after the token, expected 2"),
        ("a 1 2\nb 1 2 3\n", "line 2: 3 numbers after the token, expected 2"),
        ("2 2\na\t1\t2\nb\t1\t2\n", "line 2: 0 numbers after the token, expected 2, single blanks between"),
        ("2 2\na  1 2\nb 1 2\n", "line 2: 3 numbers after the token"),
        ("2 2\na 1 2\n\nb 1 2\n", "line 3: is blank, and is not the end"),
        (" 1 2 3\n", "line 1, column 1: the token is empty"),
        ("a 1 2\nb 1 x\n", "line 2, column 3: 'x' is no number"),
        ("a nan 2\n", "line 1, column 2: 'nan' is not finite"),
        ("a 1 1e99\n", "line 1, column 3: '1e99' is not finite"),
        ("3 2\na 1 2\n", "holds 1 vectors, line 1 says 3"),
        ("1 2\na 1 2\nb 1 2\n", "holds 2 vectors, line 1 says 1"),
        ("1" * 5000 + " 2\na 1 2\n", "line 2: 2 numbers"),
        ("", "holds 0 vectors"),
        ("王妃\n", "0 numbers after the token"),
        (
            b"2 2\na 1 2\n\xe7\x8e\x8b\xe5\xa6 3 4\n",
            r"line 3, column 1: the token b'\\xe7.*' is not UTF-8; remove the line",
        ),
        ("1 2\n王妃 1 2\n".encode("gbk"), "line 2, column 1: the token .* is not UTF-8"),
        ("1 2\na 1 2\n".encode("utf-16"), "line 1.* not UTF-8"),
        (b"1 2\na \xff\xfe\x00\x80", "line 2.*word2vec's binary format"),
        (b"1 2\na " + b"\0" * 8, "line 2.*word2vec's binary format"),
        (b"PK\x03\x04rest", "is a zip archive; unpack it"),
        (gzip.compress(b"1 2\na 1 2\n", mtime=0)[:-9], "is damaged"),
        (bz2.compress(b"1 2\na 1 2\n")[:-9], "is damaged"),
        (lzma.compress(b"1 2\na 1 2\n")[:-9], "is damaged"),
    ],
)
def test_a_damaged_file_is_refused_at_its_place(tmp_path, text, message):
    path = tmp_path / "vectors.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(InputError, match=message) as refused:
        WordVectors.load_word2vec(path)
    assert str(refused.value).startswith(str(path)) and "\n" not in str(refused.value)


def test_other_formats_are_called_by_their_names(tmp_path):
    theirs = gensim_of(vectors())
    theirs.save(str(tmp_path / "vectors.kv"))
    theirs.save_word2vec_format(str(tmp_path / "vectors.bin"), binary=True)
    (tmp_path / "vectors.kv.gz").write_bytes(gzip.compress((tmp_path / "vectors.kv").read_bytes()))
    (tmp_path / "model.bin").write_bytes((793712314).to_bytes(4, "little") + b"\x0c\0\0\0")
    for name, message in (
        ("vectors.kv", "is a pickle, as gensim's save writes"),
        ("vectors.kv.gz", "is a pickle"),
        ("vectors.bin", "line 2: not UTF-8; is it word2vec's binary format"),
        ("model.bin", "is fastText's binary format; take the .vec file"),
        ("nothing", "cannot be read"),
        (".", "cannot be read"),
    ):
        with pytest.raises(InputError, match=message):
            WordVectors.load_word2vec(tmp_path / name)


@pytest.mark.parametrize("token", ["a b", " ", "a\n", "\n", "", "\ud800"])
def test_a_token_that_cannot_be_read_back_is_not_written(tmp_path, token):
    path = tmp_path / "vectors.txt"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="cannot hold the token ") as refused:
        write_word2vec(path, ["a", token], np.ones((2, 3)))
    assert repr(token) in str(refused.value) and path.read_text(encoding="utf-8") == "mine"
