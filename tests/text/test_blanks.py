"""``--tokens blanks``, against what gensim reads from the same file."""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from gensim.models import Word2Vec
from gensim.models.word2vec import LineSentence
from hypothesis import example, given
from hypothesis import strategies as st

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.text import encoded_corpus, files, sentences
from embedding_tutorial.text.encoded_corpus import encode_corpus
from embedding_tutorial.text.files import count_token
from embedding_tutorial.text.tokenizers import Tokenizer, tokenize

# Marks within tokens, and every kind of blank: no-break (U+00A0), ideographic (U+3000), line separator (U+2028) ...
SEGMENTED = (
    "王妃 很 漂亮 。她 住 在 宫里 ! 是 吗 ？\r\n"
    "  Mr. Smith's café  naïve\tcafe\u0301 \t 3.14 e-mail x@y.zz … 王妃\n"
    "\n"
    " \u3000\t\r\n"
    "10\u00a0000 王妃\u3000公主\u2028公主\x85公主\x0b公主\x1f王妃\u200b王妃\n"
    "привет мир 👩\u200d👧 a\0b don't 。。。 很\n"
    "王妃 很 无 换行"
)


def theirs(path, min_count):
    """The vocabulary of gensim: token -> count."""
    model = Word2Vec(min_count=min_count)
    model.build_vocab(LineSentence(str(path)))
    return {token: model.wv.get_vecattr(token, "count") for token in model.wv.index_to_key}


def ours(path, min_count):
    vocabulary = encode_corpus(TrainingConfig(corpus=path, tokens="blanks", min_count=min_count)).vocabulary
    return dict(zip(vocabulary.tokens, vocabulary.counts.tolist(), strict=True))


@pytest.fixture
def anything_goes(monkeypatch):
    monkeypatch.setattr(encoded_corpus, "FEWEST_TOKENS", 1)


@pytest.mark.parametrize("block", [1, 7, 1 << 22])
@pytest.mark.parametrize("min_count", [1, 2, 3, 4])
def test_vocabulary_and_counts_are_gensim_s(block, min_count, tmp_path, monkeypatch, anything_goes):
    monkeypatch.setattr(files, "BLOCK", block)
    path = tmp_path / "seg.txt"
    path.write_bytes(SEGMENTED.encode())
    assert ours(path, min_count) == theirs(path, min_count)


def test_sentences_are_gensim_s(tmp_path):
    path = tmp_path / "seg.txt"
    path.write_bytes(SEGMENTED.encode())
    corpus = encode_corpus(TrainingConfig(corpus=path, tokens="blanks", min_count=1))
    ends = np.cumsum(corpus.lengths)
    read = [corpus.vocabulary.decode(corpus.ids[end - n : end]) for end, n in zip(ends, corpus.lengths, strict=True)]
    assert read == list(LineSentence(str(path)))


@given(
    st.lists(st.sampled_from([*"王aé。.?!”' \t\n\u00a0\u3000\u2028\u200b", "\r\n"])).map("".join),
    st.sampled_from([1, 5, 1000]),
)
@example("a\u3000\r\n\r\n b", 1)
def test_any_text_is_split_as_gensim_splits_it(text, block):
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "BLOCK", block)
        path = Path(place) / "text.txt"
        path.write_bytes(text.encode())
        read = []
        for part in files.read_blocks(TrainingConfig(corpus=path, tokens="blanks")):
            names, numbers, lengths = Tokenizer("blanks").cut_block(part)
            rows = np.split(numbers, np.cumsum(lengths))[:-1]
            read += [[names[number] for number in row] for row in rows]
        assert read == list(LineSentence(str(path)))


def test_where_gensim_is_odd_ours_is_what_a_user_expects(tmp_path, anything_goes):
    """A byte-order mark is no part of the first word. Line ends of old Macs end sentences; the counts are the same."""
    path = tmp_path / "seg.txt"
    path.write_bytes("\ufeff王妃 很\r王妃 很".encode())
    assert next(iter(LineSentence(str(path)))) == ["\ufeff王妃", "很", "王妃", "很"]
    corpus = encode_corpus(TrainingConfig(corpus=path, tokens="blanks", min_count=1))
    assert corpus.vocabulary.tokens == ["王妃", "很"] and corpus.lengths.tolist() == [2, 2]


def test_a_long_line_is_cut_at_a_blank_wherever_gensim_cuts_it(tmp_path):
    """Every 65,536 characters at most, where gensim cuts after 10,000 tokens: the counts are the same."""
    path = tmp_path / "long.txt"
    path.write_text(" ".join(f"词{number % 997}" for number in range(50_000)), encoding="utf-8")
    corpus = encode_corpus(TrainingConfig(corpus=path, tokens="blanks", min_count=1))
    assert ours(path, 1) == theirs(path, 1)
    assert len(corpus.lengths) > 1 and corpus.lengths.max() <= sentences.LONGEST / 2


def test_what_has_no_blank_for_too_long_is_cut_so_that_memory_does_not_grow(tmp_path):
    """gensim would make one token of it."""
    path = tmp_path / "blob.txt"
    path.write_text(SEGMENTED + "\n" + "x" * 100_000, encoding="utf-8")
    expected, found = theirs(path, 1), ours(path, 1)
    pieces = {token: found.pop(token) for token in found.keys() - expected.keys()}
    assert expected == {**found, "x" * 100_000: 1}
    assert max(map(len, pieces)) <= sentences.LONGEST
    assert sum(len(token) * count for token, count in pieces.items()) == 100_000


def test_rjieba_is_not_needed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "rjieba", None)  # importing it raises
    path = tmp_path / "seg.txt"
    path.write_bytes(SEGMENTED.encode())
    assert ours(path, 1)["王妃"] == 4
    assert tokenize(" 王妃很　漂亮。好 ", "blanks") == ["王妃很", "漂亮。好"]


def test_a_token_is_counted_as_it_was_read(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "BLOCK", 10)
    path = tmp_path / "seg.txt"
    path.write_bytes(SEGMENTED.encode())
    for token, times in theirs(path, 1).items():
        assert count_token(TrainingConfig(corpus=path, tokens="blanks"), token)[0] == times
    assert count_token(TrainingConfig(corpus=path, tokens="blanks"), "她")[0] == 0  # within 。她


@pytest.mark.parametrize("min_count", [1, 5])
def test_a_text_without_blanks_is_refused_with_the_way_out(min_count, tmp_path):
    path = tmp_path / "raw.txt"
    path.write_text("\n".join(f"王妃很漂亮{number}。" for number in range(99)), encoding="utf-8")
    with pytest.raises(InputError, match=r"se --tokens words \(if no blanks separate the words\), "):
        ours(path, min_count)
    path.write_text(" \u3000\n\t\r\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"raw\.txt: holds no text$"):
        ours(path, min_count)
