"""Sentences and words, against Unicode's own categories and what rjieba cuts alone."""

import sys
import unicodedata
from collections import Counter

import pytest
import rjieba
from hypothesis import example, given
from hypothesis import strategies as st

from embedding_tutorial.text import sentences
from embedding_tutorial.text.sentences import (
    code_points,
    cut_words,
    sentence_ends,
    split_sentences,
    tokenize,
    tokenize_block,
)

# Texts rich in what matters here: marks, closers, blanks, line ends, and characters of every width in UTF-8.
TEXT = st.text(
    st.sampled_from("王妃aB.3。！？…”’)》\"' \t\n\r\u3000\u2028\0éй한\u0301\ufe0f👑\U0010ffff\ufeff")
    | st.characters(codec="utf-8")
)


def test_a_line_is_cut_at_sentence_marks():
    text = "天亮了。他起来！Is it? Yes. It is 3.14 long."
    assert split_sentences(text) == ["天亮了。", "他起来！", "Is it?", "Yes.", "It is 3.14 long."]


def test_what_is_said_stays_with_who_says_it():
    assert split_sentences("“你去哪儿？”他问。“去河边……”她说。") == ["“你去哪儿？”他问。", "“去河边……”她说。"]


def of_category(*wanted: str) -> list[str]:
    return [character for character in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(character) in wanted]


def test_what_closes_belongs_to_the_sentence_before_it():
    for closer in [*of_category("Pe", "Pf"), *"\"'＂＇"]:
        assert split_sentences(f"《怎么办？{closer}好看。") == [f"《怎么办？{closer}好看。"]
    for closer in of_category("Pe", "Pf"):
        for blank in (" ", "\u3000", " \t "):
            assert split_sentences(f"“走。{blank}{closer}他说。") == [f"“走。{blank}{closer}他说。"]


def test_what_opens_begins_a_sentence():
    for opener in of_category("Ps", "Pi"):
        assert split_sentences(f"他说。{opener}走") == ["他说。", f"{opener}走"]
        assert split_sentences(f"He left. {opener}Go") == ["He left.", f"{opener}Go"]
    assert split_sentences('He left. "Go!') == ["He left.", '"Go!']


@pytest.mark.parametrize(
    "text",
    [
        "Mr. Smith met Mrs. Li.|And so on",
        "It was 3 p.m. in the U.S. Army's camp.|Then it rained.",
        "J. R. R. Tolkien wrote.|He read.",
        "apples, pears, etc. (see below).|Next",
        "well . . . maybe.|No",
        "about 5. 6 or 7.|Ça va. |Вот.|Да.",
        "Prof. Li?|Yes!|I gave it to Ann. 3 men came.|Do.",
        "e.g. 5 men.|他来了.|好",
        "He saw it. |“No.|2.|Two",
        "The Oddr.|Smith is no title.",
    ],
)
def test_a_full_stop_ends_a_sentence_unless_the_next_letter_or_the_word_before_says_no(text):
    expected = [piece.strip() for piece in text.split("|")]
    assert split_sentences(" ".join(expected)) == expected


def test_every_line_end_ends_a_sentence():
    assert sentence_ends(code_points("ab\r\nMr.\nd. E")).tolist() == [2, 3, 6, 7, 9, 11]
    assert sentence_ends(code_points("")).tolist() == []


def test_a_very_long_sentence_is_cut_after_a_blank_or_in_the_middle(monkeypatch):
    monkeypatch.setattr(sentences, "LONGEST", 40)
    assert split_sentences("a" * 40) == ["a" * 40]
    assert split_sentences("a" * 41 + "。" + "b" * 41) == ["a" * 21, "a" * 20 + "。", "b" * 21, "b" * 20]
    words = " ".join(["abcdefghi"] * 10)  # blanks at places 9, 19, …
    assert split_sentences(words) == [" ".join(["abcdefghi"] * 4), " ".join(["abcdefghi"] * 4), "abcdefghi abcdefghi"]


def test_characters_are_all_that_is_not_blank():
    assert list(tokenize("王妃　很 漂\t亮\0👑\U00020000。", "characters")) == list("王妃很漂亮\0👑\U00020000。")


def test_words_are_what_rjieba_cuts():
    assert tokenize("王妃 住在宫里，don't", "words") == ["王妃", "住", "在", "宫里", "，", "don", "'", "t"]


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
    ],
)
def test_letters_of_every_script_make_words(text):
    assert tokenize(text, "words") == text.split()


def test_letters_of_other_scripts_stand_beside_han_without_a_blank():
    assert tokenize("喝café吧，说привет。T恤한국❤\ufe0fyou", "words") == [
        *("喝", "café", "吧", "，", "说", "привет", "。", "T恤", "한국", "❤", "\ufe0f", "you")
    ]


@given(st.text(st.sampled_from("王妃很漂亮卡拉OK3.14%+#&_- 。，'\n々あア①²👑\u4e00\u9fa5\u3400")))
def test_han_kana_and_ascii_are_cut_as_rjieba_alone_cuts_them(text):
    assert cut_words(text) == rjieba.cut(text)


@given(TEXT)
def test_no_character_is_lost_between_words(text):
    assert "".join(cut_words(text)) == text


@given(TEXT)
@example("天亮了。他说：“走！”……好")
@example("한국 사람\r\n한국")
def test_a_block_is_tokenized_as_its_sentences_are(text):
    for tokens in ("characters", "words"):
        expected = [tokenize(sentence, tokens) for sentence in split_sentences(text)]
        names, numbers, lengths = tokenize_block(text, tokens)
        assert names == list(Counter(token for sentence in expected for token in sentence))
        assert [names[number] for number in numbers] == [token for sentence in expected for token in sentence]
        assert lengths.tolist() == [len(sentence) for sentence in expected if sentence]
        assert numbers.dtype == lengths.dtype == "int32"
