"""Sentence ends, against Unicode's own categories."""

import sys
import unicodedata

import pytest

from embedding_tutorial.text import sentences
from embedding_tutorial.text.sentences import code_points, sentence_ends, split_sentences


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
