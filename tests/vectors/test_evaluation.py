import unicodedata

import numpy as np
import pytest

from embedding_tutorial.config import InputError
from embedding_tutorial.vectors.evaluation import (
    TELLING,
    Category,
    category_agreement,
    composed_rank,
    neighbour_agreement,
    radical,
    radical_agreement,
    read_categories,
    telling_tokens,
)
from embedding_tutorial.vectors.word_vectors import WordVectors


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
    assert {c.tokens for c in categories} == {"characters", "words"} and {c.split for c in categories} == {
        "dev",
        "test",
    }
    assert len({(c.token, c.tokens) for c in categories}) == len(categories)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "group\ttoken\ttokens\tsplit\nseason\t春\tcharacters\n",
            "line 2: expected group, token, characters or words, dev",
        ),
        ("group\ttoken\ttokens\tsplit\nseason\t春\tcharacters\tdev\tmore\n", "line 2"),
        ("group\ttoken\ttokens\tsplit\n\nseason\t\tcharacters\tdev\n", "line 3"),
        ("group\ttoken\ttokens\tsplit\nseason\t春\tletter\tdev\n", "line 2"),
        ("group\ttoken\ttokens\tsplit\nseason\t春\twords\ttrain\n", "line 2"),
        ("word,category\n春,season\n", "line 1"),
        ("春".encode("gbk"), "not UTF-8"),
        (None, "cannot be read"),
    ],
)
def test_another_categories_file_is_refused_at_its_line(tmp_path, content, message):
    path = tmp_path / "categories.tsv"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match=message) as refused:
        read_categories(path)
    assert str(refused.value).startswith(str(path)) and "\n" not in str(refused.value)


def test_a_categories_file_of_windows_is_read(tmp_path):
    (tmp_path / "categories.tsv").write_bytes('\ufeffgroup\ttoken\ttokens\tsplit\r\nq\t"\twords\tdev\r\n'.encode())
    assert read_categories(tmp_path / "categories.tsv") == [Category("q", '"', "words", "dev")]


@pytest.mark.parametrize("tokens", ["characters", "words"])
def test_telling_tokens_are_of_the_vocabulary(tokens):
    ours, others = list(TELLING[tokens]), [chr(0x4E00 + number) for number in range(300)]
    assert telling_tokens(ours + others, tokens) == ours
    assert telling_tokens(others[:200] + ours[:3], tokens) == ours[:3]
    assert telling_tokens(others[:100], tokens) == others[10:60:10]
    for few in (0, 1, 5, 12, 50):  # fewer than 60 letters
        assert telling_tokens(others[:few] + ["。"], tokens) == (others[:few] or ["。"])[:5]
    assert telling_tokens(["1", "。", "👑", "2", "3", "4"], tokens) == ["1", "。", "👑", "2", "3"]
    assert telling_tokens([], tokens) == []
