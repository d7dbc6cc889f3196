"""What is copied from a text and what is new, against strings."""

import random

import numpy as np
from test_ngrams import block

from embedding_tutorial.text.novelty import Novelty, novelty

TEXT = ["王妃很漂亮。", "公主说：王妃爱公主。", "", "牛在田里", "牛在田里吃草。"]
NUMBER_OF = {character: number for number, character in enumerate(dict.fromkeys("".join(TEXT)), 1)}


def numbered(sentences) -> list[list[int]]:
    return [[NUMBER_OF[character] for character in sentence] for sentence in sentences]


def compared(written, blocks=(TEXT,), n=5) -> Novelty:
    return novelty(numbered(written), (block(numbered(sentences)) for sentences in blocks), n)


def test_a_sentence_that_the_text_holds_is_memorized():
    whole, part, changed, across, short = "王妃很漂亮。", "王妃爱公主。", "王妃很漂亮", "漂亮。公主说", "牛草"
    found = compared([whole, part, changed, across, short, whole])
    assert found.memorized == [True, True, True, False, False, True]


def test_new_ngrams_are_counted_where_they_are_written():
    # 王妃很漂亮 is old; 妃很漂亮吃, 很漂亮吃草 and 漂亮吃草。 are new; 牛草 has no 5-gram.
    assert compared(["王妃很漂亮吃草。", "牛草"]) == Novelty([False, False], new=3, ngrams=4)
    assert compared(["王妃很漂亮吃草。"] * 2) == Novelty([False, False], new=6, ngrams=8)
    assert compared(["牛草", "田里吃草"], n=2) == Novelty([False, True], new=1, ngrams=4)
    assert compared([]) == Novelty([], new=0, ngrams=0)


def test_blocks_are_read_once_and_one_after_the_other():
    written = ["王妃很漂亮。牛", "牛在田里吃草。"]
    assert compared(written, [[sentence] for sentence in TEXT]) == compared(written)
    assert compared(written).memorized == [False, True]


def test_it_is_what_a_search_in_strings_finds():
    draw = random.Random(1)
    text, written = (["".join(draw.choices("王妃很", k=draw.randint(1, 9))) for _ in range(60)] for _ in range(2))
    ngrams = [sentence[start : start + 5] for sentence in written for start in range(len(sentence) - 4)]
    expected = Novelty(
        memorized=[any(sentence in other for other in text) for sentence in written],
        new=sum(not any(ngram in other for other in text) for ngram in ngrams),
        ngrams=len(ngrams),
    )
    assert 0 < expected.new < expected.ngrams and 0 < np.mean(expected.memorized) < 1
    assert compared(written, [text[:7], text[7:]]) == expected
