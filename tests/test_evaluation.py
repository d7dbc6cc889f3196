import unicodedata

import numpy as np
import pytest

from embedding_tutorial.evaluation import (
    Category,
    category_agreement,
    composed_rank,
    neighbour_agreement,
    radical,
    radical_agreement,
    read_categories,
)
from embedding_tutorial.vectors import WordVectors


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [("江河湖", "水"), ("酒醉", "酉"), ("妃女", "女"), ("一", "一"), ("龠", "龠"), ("a1，。👑", "-"), ("𠀀", "-")],
)
def test_the_radical_is_the_dictionary_s(tokens, expected):
    assert {radical(token) for token in tokens} == {expected}


def test_every_radical_is_its_own_and_all_are_found():
    own = [unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)]
    assert [radical(character) for character in own] == own
    assert {radical(chr(code)) for code in range(0x4E00, 0x9FA6)} == set(own)


def test_simplified_forms_stand_with_their_own_section():
    assert radical("说") == "言" and radical("银") == "金" and radical("红") == "糸"


def test_agreement_by_hand():
    # a a lie together, b b lie together, and the lonely c, which is not asked for, lies with b.
    matrix = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1], [0.06, 1]])
    result = neighbour_agreement(matrix, list("aabbc"), neighbours=1)
    assert result.tokens == 4
    assert result.value == pytest.approx(2 / 4)  # a's find each other; both b's find c
    assert result.chance == pytest.approx(1 / 4)
    assert neighbour_agreement(matrix, list("aabbc"), neighbours=2).value == pytest.approx(4 / 8)


def test_random_vectors_agree_as_often_as_chance():
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 20, size=2000)
    result = neighbour_agreement(draw.normal(size=(2000, 20)), labels)
    assert result.value == pytest.approx(result.chance, rel=0.05)


def test_labels_that_stand_once_are_nobody_s_question():
    result = neighbour_agreement(np.eye(3), list("abc"))
    assert result.tokens == 0 and np.isnan(result.value)


def two_kinds(tokens, kinds) -> WordVectors:
    draw = np.random.default_rng(0)
    centers = {kind: draw.normal(size=8) for kind in sorted(set(kinds))}
    matrix = [centers[kind] + 0.01 * draw.normal(size=8) for kind in kinds]
    return WordVectors(tokens, [1] * len(tokens), matrix)


def test_radical_agreement_counts_single_chinese_characters_only():
    vectors = two_kinds([*"江河湖妃妈姐", "女儿", "a", "。"], "wwwfffwff")
    result = radical_agreement(vectors, neighbours=2)
    assert (result.value, result.tokens) == (1.0, 6)
    assert radical_agreement(vectors, most_frequent=3, neighbours=2).tokens == 3


def test_category_agreement_keeps_levels_and_splits_apart():
    groups = [("season", "春夏秋", "dev"), ("kin", "爸妈", "dev"), ("colour", "红蓝", "test")]
    categories = [Category(group, token, "character", split) for group, tokens, split in groups for token in tokens]
    categories.append(Category("season", "春天", "word", "dev"))
    vectors = two_kinds([*"春夏秋爸妈红蓝", "春天"], "sssskccs")  # 爸 is misplaced
    result = category_agreement(vectors, categories, "character", "dev")
    assert result.tokens == 5
    assert result.value == pytest.approx(np.mean([result_of for result_of in _expected(vectors)]))
    assert category_agreement(vectors, categories, "character", "test").value == 1.0
    assert category_agreement(vectors, categories, "character").tokens == 7
    assert category_agreement(vectors, categories, "word").tokens == 0


def _expected(vectors):
    groups = {"春": "s", "夏": "s", "秋": "s", "爸": "k", "妈": "k"}
    for token, group in groups.items():
        others = [t for t in groups if t != token]
        ranked = sorted(others, key=lambda t: -float(vectors[t] @ vectors[token]) / np.linalg.norm(vectors[t]))
        members = [t for t in others if groups[t] == group]
        yield np.mean([groups[t] == group for t in ranked[: len(members)]])


def test_composed_rank_by_hand():
    vectors = WordVectors("公主王妃马车", [1] * 6, [[1, 0], [1, 0.2], [1, 0.3], [1, 0.1], [0, 1], [0.1, 1]])
    counts = {"公主": 99, "王妃": 30, "马车": 30, "公马": 30, "王马": 19, "王王妃": 30, "龙车": 30}
    assert composed_rank(vectors, counts, "公主", "王妃") == (1, 2)
    assert composed_rank(vectors, counts, "公主", "马车") == (2, 2)
    for answer in ("公马", "王马", "龙车"):
        with pytest.raises(ValueError, match="no candidate"):
            composed_rank(vectors, counts, "公主", answer)


def test_the_shipped_categories_are_read():
    categories = read_categories()
    assert {c.level for c in categories} == {"character", "word"} and {c.split for c in categories} == {"dev", "test"}
    assert len({(c.token, c.level) for c in categories}) == len(categories)
