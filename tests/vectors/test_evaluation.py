import numpy as np
import pytest

from embedding_tutorial.vectors.evaluation import (
    category_agreement,
    composed_rank,
    neighbour_agreement,
    radical_agreement,
)
from embedding_tutorial.vectors.groups import Category, read_categories
from embedding_tutorial.vectors.word_vectors import WordVectors


def test_agreement_by_hand():
    # a a lie together, b b lie together, and the lonely c, which is not asked for, lies with b.
    matrix = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1], [0.06, 1]])
    result = neighbour_agreement(matrix, list("aabbc"), neighbours=1)
    assert result.tokens == 4
    assert result.value == pytest.approx(2 / 4)  # a's find each other; both b's find c
    assert result.chance == pytest.approx(1 / 4)
    assert neighbour_agreement(matrix, list("aabbc"), neighbours=2).value == pytest.approx(4 / 8)


def test_agreements_hold_arrays_and_are_equal_to_themselves_only():
    first, second = (neighbour_agreement(np.eye(4), list("aabb")) for _ in range(2))
    assert first == first and first != second and len({first, second}) == 2


def test_random_vectors_agree_as_often_as_chance():
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 20, size=2000)
    result = neighbour_agreement(draw.normal(size=(2000, 20)), labels)
    assert result.value == pytest.approx(result.chance, rel=0.05)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("neighbours", [None, 1, 10])
@pytest.mark.parametrize("labels", ["abc", "a", ""])
def test_labels_that_stand_once_are_nobody_s_question(labels, neighbours):
    result = neighbour_agreement(np.eye(len(labels), 3), list(labels), neighbours)
    assert result.tokens == 0 and np.isnan([result.value, result.chance, *result.interval()]).all()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("neighbours", [None, 1, 10])
@pytest.mark.parametrize("row", [[0, 0], [0.3, -0.7]])
def test_equal_vectors_agree_as_often_as_chance(row, neighbours):
    """Whatever the order of the rows."""
    for labels in ("aaaabbbbbbcc" * 20, "a" * 80 + "b" * 120 + "c" * 40):
        result = neighbour_agreement(np.tile(row, (240, 1)), list(labels), neighbours)
        assert result.value == pytest.approx(result.chance)


def test_rows_that_are_equally_near_share_the_last_places():
    # The first a wants two neighbours: the b beside it, and one of a, a, b, c, which are equally near.
    matrix = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 1], [0, 1]])
    assert neighbour_agreement(matrix, list("abaabc"), 2).shares[0] == pytest.approx((2 / 4) / 2)


@pytest.mark.parametrize(
    ("matrix", "labels", "neighbours", "message"),
    [
        ([[1, np.nan], [1, 1]], "aa", 1, "finite"),
        ([[1, np.inf], [1, 1]], "aa", 1, "finite"),
        (np.eye(3), "aa", 1, "2 labels"),
        (np.eye(2), "aa", 0, "at least 1"),
        (np.eye(2), "aa", -1, "at least 1"),
    ],
)
def test_what_has_no_neighbours_to_compare_is_refused(matrix, labels, neighbours, message):
    with pytest.raises(ValueError, match=message):
        neighbour_agreement(np.array(matrix), list(labels), neighbours)


@pytest.mark.filterwarnings("error")
def test_a_text_without_members_of_any_group_has_no_agreement():
    vectors = two_kinds("xyz", "www")
    for result in (category_agreement(vectors, read_categories(), "characters"), radical_agreement(vectors)):
        assert result.tokens == 0 and np.isnan([result.value, result.chance, *result.interval()]).all()


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


def test_category_agreement_keeps_characters_words_and_splits_apart():
    groups = [("season", "春夏秋", "dev"), ("kin", "爸妈", "dev"), ("colour", "红蓝", "test")]
    categories = [Category(group, token, "characters", split) for group, tokens, split in groups for token in tokens]
    categories.append(Category("season", "春天", "words", "dev"))
    vectors = two_kinds([*"春夏秋爸妈红蓝", "春天"], "sssskccs")  # 爸 is misplaced
    result = category_agreement(vectors, categories, "characters", "dev")
    assert result.tokens == 5
    assert result.value == pytest.approx(np.mean([result_of for result_of in _expected(vectors)]))
    assert category_agreement(vectors, categories, "characters", "test").value == 1.0
    assert category_agreement(vectors, categories, "characters").tokens == 7
    assert category_agreement(vectors, categories, "words").tokens == 0
    categories.append(Category("season", "春", "words", "dev"))
    assert category_agreement(vectors, categories, "blanks").tokens == 2


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
