"""Characters and words, against what rjieba cuts alone."""

from collections import Counter
from itertools import product
from pathlib import Path

import pytest
import rjieba
from conftest import write_run
from hypothesis import example, given
from hypothesis import strategies as st

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.run_directory import check_dictionary, file_sha256
from embedding_tutorial.text.encoded_corpus import encode_corpus
from embedding_tutorial.text.files import count_token
from embedding_tutorial.text.sentences import split_sentences
from embedding_tutorial.text.tokenizers import Tokenizer, cut_words, join, tokenize
from embedding_tutorial.vectors.answers import why_unknown
from embedding_tutorial.vectors.word_vectors import WordVectors

# Texts rich in special characters: marks, closers, blanks, line ends, and characters of every width in UTF-8.
TEXT = st.text(
    st.sampled_from("王妃aB.3。！？…”’)》\"' \t\n\r\u3000\u2028\0éй한\u0301\ufe0f👑\U0010ffff\ufeff")
    | st.characters(codec="utf-8")
)


def test_characters_are_all_that_is_not_blank():
    assert list(tokenize("王妃　很 漂\t亮\0👑\U00020000。", "characters")) == list("王妃很漂亮\0👑\U00020000。")


def test_words_are_what_rjieba_cuts():
    assert tokenize("王妃 住在宫里，well-known", "words") == ["王妃", "住", "在", "宫里", "，", "well-known"]


@pytest.mark.parametrize(
    "text",
    [
        "喝 café ， naïve 的",
        "cafe\u0301 和 nai\u0308ve",  # written with combining marks
        "привет ， мир ！",
        "안녕하세요 세계 ㅋㅋㅋ",
        "مرحبا بالعالم",
        "हिन्दी में",
        "１２３ ， ３Ｇ 网络",
        "Ⅻ 世纪 ② ③",
        "1\ufe0f\u20e3 ❤ \ufe0f",
        "T恤 ， 卡拉 OK ， AT&T C++ 3.14 a-b",
        "が ぎ カ 々 〇",
        "don't it’s l'été rock'n'roll O’Brien",
        "well-known peut-être кто-то café-bar naïve.org 3.5м",
        "1,000 1,234,567.89 3,14 1.000,00 12.5% 1,234.5% 3.14 50% 2024-11-25",
        "https://example.com/a?b=c&d=%20#e http://x.cn www.example.org/a_b ftp://x.org/y.txt",
        "a.b@example.com first-last+tag@mail.co.uk",
        "👩\u200d👩\u200d👧\u200d👦 👍🏽 👩🏽\u200d🚀 🇨🇳 🇫🇷 ❤\ufe0f ❤\ufe0f\u200d🔥",
        "#\ufe0f\u20e3 🏴\U000e0067\U000e0062\U000e007f",
    ],
)
def test_letters_of_every_script_make_words(text):
    assert tokenize(text, "words") == text.split()


def test_what_stays_whole_ends_where_a_reader_ends_it():
    assert tokenize("（见https://x.cn/a）邮箱a@b.cn。'tis 'a' 共1,000元,www.x.cn/a, 🇨🇳🇫🇷👑👑 1,000-2,000", "words") == [
        *("（", "见", "https://x.cn/a", "）", "邮箱", "a@b.cn", "。", "'", "tis", "'", "a", "'", "共", "1,000", "元"),
        *(",", "www.x.cn/a", ",", "🇨🇳", "🇫🇷", "👑", "👑", "1,000", "-", "2,000"),
    ]


@pytest.mark.parametrize("tokens", ["words", "blanks", "characters"])
def test_tokens_are_joined_as_their_text_was_written(tokens):
    chinese, english, both = "王妃：“你好，Tom Smith！”", "He isn't 5 years old. Привет, мир!", "学deep learning，好。"
    joined = [join(list(tokenize(text, tokens)), tokens) for text in (chinese, english, both)]
    without = ["".join(text.split()) for text in (chinese, english, both)]
    assert joined == (without if tokens == "characters" else [chinese, english, both])


def test_the_shipped_text_is_cut_as_rjieba_alone_cuts_it():
    text = TrainingConfig().corpus.read_text(encoding="utf-8")
    assert cut_words(text) == rjieba.cut(text)


def test_letters_of_other_scripts_stand_beside_han_without_a_blank():
    assert tokenize("喝café吧，说привет。T恤한국❤\ufe0fyou", "words") == [
        *("喝", "café", "吧", "，", "说", "привет", "。", "T恤", "한국", "❤\ufe0f", "you")
    ]


@given(st.text(st.sampled_from("王妃很漂亮卡拉OK3.14%+#&_- 。，\n々あア①²👑\u4e00\u9fa5\u3400")))
def test_han_kana_and_ascii_are_cut_as_rjieba_alone_cuts_them(text):
    assert cut_words(text) == rjieba.cut(text)


@given(TEXT)
@example("ΟΔΟΣ T恤 \u0130")
def test_lower_cases_each_token_after_the_cut(text):
    for tokens in ("characters", "words", "blanks"):
        assert Tokenizer(tokens, lower=True).cut(text) == [token.lower() for token in tokenize(text, tokens)]


@pytest.mark.parametrize("tokens", ["characters", "words", "blanks"])
def test_lower_makes_one_token_of_both_cases_and_counts_it_so(tmp_path, tokens):
    (tmp_path / "text.txt").write_text(
        "ΟΔΟΣ'Α Deep T恤\ndeep ΟΔΟΣ t恤 DEEP é\nÉ deep\n" * 9 + "B C F G H I J K L M N Q\n" * 2, encoding="utf-8"
    )
    config = TrainingConfig(corpus=tmp_path / "text.txt", tokens=tokens, lower=True, min_count=1)
    vocabulary = encode_corpus(config).vocabulary
    assert dict(zip(vocabulary.tokens, vocabulary.counts, strict=True))["e" if tokens == "characters" else "deep"] >= 36
    for token, times in zip(vocabulary.tokens, vocabulary.counts, strict=True):
        assert token == token.lower()
        assert count_token(config, token)[0] == times


def test_a_dictionary_makes_words_and_leaves_others_as_they_are(tmp_path):
    (tmp_path / "words.txt").write_text(
        "\ufeff王妃很漂亮\r\n\n住进宫里 3 n\n甲乙丙丁 v\nC++11\ndon't\n", encoding="utf-8"
    )
    known = Tokenizer("words", dictionary=tmp_path / "words.txt")
    assert known.cut("王妃很漂亮，她住进宫里了") == ["王妃很漂亮", "，", "她", "住进宫里", "了"]
    assert known.cut_block("甲乙丙丁。她住进宫里")[0] == ["甲乙丙丁", "。", "她", "住进宫里"]
    assert tokenize("王妃很漂亮", "words") == ["王妃", "很漂亮"]  # no other segmenter knows them


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("王妃\n王 0", "words.txt: line 2: '王 0' is no word"),
        ("很 漂 亮 啊", "line 1: "),
        ("王 99999999999999999999", "line 1: "),
        ("王@妃", "line 1: '王@妃' cannot be one word"),
        ("\n王привет", "line 2: "),
        ("王妃".encode("gbk"), "words.txt: cannot be read"),
        (None, "words.txt: cannot be read"),
    ],
)
def test_a_bad_dictionary_is_refused_by_its_line(tmp_path, content, message):
    if content is not None:
        (tmp_path / "words.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message):
        Tokenizer("words", dictionary=tmp_path / "words.txt")


def test_a_dictionary_goes_with_words_alone():
    with pytest.raises(InputError, match="--dictionary goes with --tokens words, not characters"):
        TrainingConfig(dictionary=Path("words.txt"))


def test_a_run_that_lost_its_dictionary_says_so_and_is_not_repeated_with_another(tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("龙王庙", encoding="utf-8")
    config = TrainingConfig(tokens="words", dictionary=words, out=tmp_path)
    check_dictionary(config, {"dictionary_sha256": file_sha256(words)})
    with pytest.raises(InputError, match="is not the file"):
        check_dictionary(config, {"dictionary_sha256": "0" * 64})
    run = write_run(tmp_path / "run", tokens="words", dictionary=words)
    words.unlink()
    check_dictionary(config, {"dictionary_sha256": "0" * 64})  # whoever reads it says that it is missing
    assert "words.txt: cannot be read" in why_unknown(WordVectors.load(run), "龙王庙", run)


@given(TEXT)
def test_no_character_is_lost_between_words(text):
    assert "".join(cut_words(text)) == text


@given(TEXT)
@example("天亮了。他说：“走！”……好")
@example("한국 사람\r\n한국")
def test_a_block_is_tokenized_as_its_sentences_are(text):
    for tokens, lower in product(("characters", "words", "blanks"), (False, True)):
        tokenizer = Tokenizer(tokens, lower)
        expected = [tokenizer.cut(sentence) for sentence in split_sentences(text, lines=tokens == "blanks")]
        names, numbers, lengths = tokenizer.cut_block(text)
        assert names == list(Counter(token for sentence in expected for token in sentence))
        assert [names[number] for number in numbers] == [token for sentence in expected for token in sentence]
        assert lengths.tolist() == [len(sentence) for sentence in expected if sentence]
        assert numbers.dtype == lengths.dtype == "int32"
