import gzip
import hashlib
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from embedding_tutorial import corpus
from embedding_tutorial.config import InputError
from embedding_tutorial.corpus import (
    code_points,
    corpus_files,
    count_token,
    read_blocks,
    read_sentences,
    sentence_ends,
    split_sentences,
    tokenize,
    tokenize_block,
)


def write(tmp_path, data: bytes):
    path = tmp_path / "text.txt"
    path.write_bytes(data)
    return path


def test_a_line_is_a_sentence_and_blank_lines_are_none(tmp_path):
    path = write(tmp_path, "\ufeff王妃很漂亮\r\n\r\n　\n公主\r她".encode())
    assert read_sentences(path) == ["王妃很漂亮", "公主", "她"]


def test_a_line_is_cut_at_sentence_marks(tmp_path):
    path = write(tmp_path, "天亮了。他起来！Is it? Yes. It is 3.14 long.".encode())
    assert read_sentences(path) == ["天亮了。", "他起来！", "Is it?", "Yes.", "It is 3.14 long."]


def test_what_is_said_stays_with_who_says_it(tmp_path):
    path = write(tmp_path, "“你去哪儿？”他问。“去河边……”她说。".encode())
    assert read_sentences(path) == ["“你去哪儿？”他问。", "“去河边……”她说。"]


def test_odd_characters_are_kept(tmp_path):
    text = "a\0b\u200b\ufeffc\U00020000👩‍👧"
    assert read_sentences(write(tmp_path, text.encode())) == [text]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("公主".encode("gbk"), r"not UTF-8 at byte 0 .*GBK"),
        ("好".encode() + "公主".encode("gbk"), r"not UTF-8 at byte 3 "),
        ("公主".encode("utf-16"), r"UTF-16"),
        (b"\xff\xff\xff\xff", r"byte 0 .*save it as UTF-8"),
        (b"", "holds no text"),
        ("\n 　\r\n".encode(), "holds no text"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, data, message):
    with pytest.raises(InputError, match=message):
        read_sentences(write(tmp_path, data))


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_sentences(tmp_path / "nothing.txt")
    with pytest.raises(InputError, match="is a directory"):
        read_sentences(tmp_path)


def test_characters_are_all_that_is_not_blank():
    assert list(tokenize("王妃　很 漂\t亮\0👑\U00020000。", "characters")) == list("王妃很漂亮\0👑\U00020000。")


def test_words_are_what_rjieba_cuts():
    assert tokenize("王妃 住在宫里，don't", "words") == ["王妃", "住", "在", "宫里", "，", "don", "'", "t"]


def test_no_blank_lies_beyond_those_looked_for():
    assert not any(chr(code).isspace() for code in range(0x3001, sys.maxunicode + 1))


# Texts rich in what matters here: marks, closers, blanks, line ends, and characters of every width in UTF-8.
TEXT = st.text(
    st.sampled_from("王妃a.3。！？…”’)\"' \t\n\r\u3000\u2028\0é👑\U0010ffff\ufeff") | st.characters(codec="utf-8")
)


@given(TEXT)
@example("天亮了。他说：“走！”……好")
def test_a_block_is_tokenized_as_its_sentences_are(text):
    for tokens in ("characters", "words"):
        expected = [tokenize(sentence, tokens) for sentence in split_sentences(text)]
        names, numbers, lengths = tokenize_block(text, tokens)
        assert names == list(Counter(token for sentence in expected for token in sentence))
        assert [names[number] for number in numbers] == [token for sentence in expected for token in sentence]
        assert lengths.tolist() == [len(sentence) for sentence in expected if sentence]


@given(TEXT, st.integers(1, 9), st.booleans())
def test_however_it_is_read_the_sentences_are_the_same(text, size, zipped):
    import tempfile
    from pathlib import Path
    from unittest.mock import patch

    data = text.encode()
    with tempfile.TemporaryDirectory() as place, patch.object(corpus, "BLOCK", size), patch.object(corpus, "TAIL", 2):
        path = Path(place) / "text.txt"
        path.write_bytes(gzip.compress(data) if zipped else data)
        blocks = list(read_blocks(path))
    whole = text.removeprefix("\ufeff")
    assert "".join(blocks) == whole
    assert [sentence for block in blocks for sentence in split_sentences(block)] == split_sentences(whole)


def test_every_line_end_ends_a_sentence():
    ends = sentence_ends(code_points("ab\r\nc.d. e"))
    assert np.flatnonzero(ends).tolist() == [1, 2, 3, 7, 9]


@pytest.mark.parametrize("size", [3, 4, 1 << 22])
def test_the_byte_is_named_wherever_the_blocks_end(size, tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "BLOCK", size)
    with pytest.raises(InputError, match=r"not UTF-8 at byte 7 \("):
        list(read_blocks(write(tmp_path, "王妃".encode() + b"a\xff\xfe")))
    with pytest.raises(InputError, match=r"not UTF-8 at byte 3 \("):  # ends within a character
        list(read_blocks(write(tmp_path, "王妃".encode()[:5])))


def test_a_damaged_gzip_file_is_one_line(tmp_path):
    data = gzip.compress("王妃很漂亮".encode() * 1000)
    for damaged in (data[:-12], data[:20] + b"\0\0\0" + data[23:], data[:12]):
        with pytest.raises(InputError, match="is a damaged gzip file"):
            read_sentences(write(tmp_path, damaged))


def shards(place, texts):
    """A directory with a file for each text, every other one compressed and the last with a byte-order mark."""
    place.mkdir()
    for number, text in enumerate(texts):
        data = text.encode("utf-8-sig" if number == len(texts) - 1 else "utf-8")
        if number % 2:
            (place / f"{number}.txt.gz").write_bytes(gzip.compress(data))
        else:
            (place / f"{number}.txt").write_bytes(data)
    return place / "*.txt*"


def test_a_pattern_is_read_as_the_files_joined_by_line_ends(tmp_path, monkeypatch):
    texts = ["王妃很漂亮。她", "公主\n", "他走了", "起来！"]
    pattern = shards(tmp_path / "texts", texts)
    for block in (1, 3, 1 << 22):
        monkeypatch.setattr(corpus, "BLOCK", block)
        digest = hashlib.sha256()
        joined = write(tmp_path, "\n".join(texts).encode())
        assert [s for text in read_blocks(pattern, digest) for s in split_sentences(text)] == read_sentences(joined)
        joined.write_bytes(b"\n".join(text.encode("utf-8-sig" if i == 3 else "utf-8") for i, text in enumerate(texts)))
        assert digest.hexdigest() == hashlib.sha256(joined.read_bytes()).hexdigest()
    assert read_sentences(pattern) == ["王妃很漂亮。", "她", "公主", "他走了", "起来！"]


def test_the_last_sentence_end_of_a_block_is_found_however_far_back(monkeypatch):
    for tail in (1, 2, 5, 1000):
        monkeypatch.setattr(corpus, "TAIL", tail)
        assert corpus._last_end("王妃。公主走了很远") == 3
        assert corpus._last_end("王妃。公主。") == 3  # a quote may follow the last one
        assert corpus._last_end("王妃走了很远") == 0


def test_small_files_are_given_together(tmp_path):
    assert list(read_blocks(shards(tmp_path / "texts", ["王妃", "", "公主"]))) == ["王妃\n\n公主"]


def test_patterns_find_files_in_order_and_no_directories(tmp_path):
    for name in ("b/2.txt", "b/10.txt", "a/deep/1.txt", "a/1.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("王妃", encoding="utf-8")
    (tmp_path / "b" / "dir.txt").mkdir()
    names = [path.relative_to(tmp_path).as_posix() for path in corpus_files(tmp_path / "**" / "*.txt")]
    assert names == ["a/deep/1.txt", "b/10.txt", "b/2.txt"]
    odd = tmp_path / "[1]*.txt" if sys.platform != "win32" else tmp_path / "[1].txt"
    odd.write_text("王妃", encoding="utf-8")
    assert corpus_files(odd) == [odd]  # what exists is no pattern
    with pytest.raises(InputError, match="no file matches"):
        corpus_files(tmp_path / "*.md")
    with pytest.raises(InputError, match=r'is a directory; name a text file, or several: ".*b.\*\.txt"'):
        corpus_files(tmp_path / "b")


def test_the_file_that_is_wrong_is_named(tmp_path):
    pattern = shards(tmp_path / "texts", ["王妃", "公主", "皇帝"])
    (tmp_path / "texts" / "1.txt.gz").write_bytes(gzip.compress("公".encode() + b"a\xff"))
    with pytest.raises(InputError, match=r"1\.txt\.gz: not UTF-8 at byte 4 "):
        read_sentences(pattern)


def test_a_token_is_counted_block_by_block(tmp_path, monkeypatch):
    text = "王妃住在宫里。王妃 很漂亮，妃子！" * 50
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(text.encode()))
    monkeypatch.setattr(corpus, "BLOCK", 64)
    monkeypatch.setattr(corpus, "read_sentences", None)  # holds the whole text
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    for tokens, word, times in (("words", "王妃", 100), ("words", "妃", 0), ("characters", "妃", 150)):
        assert count_token(path, tokens, word) == (times, sha256)
    assert count_token(path, "characters", "王妃") == (0, sha256)  # two tokens
    with pytest.raises(InputError, match="no such file"):
        count_token(tmp_path / "gone.txt", "words", "王妃")
