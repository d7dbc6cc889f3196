"""What a token's group and radical are: against Unicode's own tables, and on files that others wrote."""

import unicodedata

import pytest

from embedding_tutorial.config import TELLING, InputError
from embedding_tutorial.vectors.groups import Category, radical, read_categories, telling_tokens


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


@pytest.mark.shipped
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
        ("season\t春\nseason\t夏\tcharacters\tdev\n", "line 2"),
        ("season\t春\tcharacters\tdev\nseason\t夏\n", "line 2"),
        ("season\t春\nmonth\t春\n", "line 2: '春' occurs in an earlier line"),
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


@pytest.mark.parametrize("header", ["", "group\ttoken\n"])
def test_groups_and_tokens_alone_count_for_every_kind(tmp_path, header):
    (tmp_path / "mine.tsv").write_text(f"{header}season\t春\n", encoding="utf-8")
    expected = [Category("season", "春", kind, "test") for kind in ("characters", "words")]
    assert read_categories(tmp_path / "mine.tsv") == expected


@pytest.mark.parametrize("tokens", ["characters", "words", "blanks"])
def test_telling_tokens_are_of_the_vocabulary(tokens):
    ours, others = list(TELLING[tokens]), [chr(0x4E00 + number) for number in range(300)]
    assert telling_tokens(ours + others, tokens) == ours
    assert telling_tokens(others[:200] + ours[:3], tokens) == ours[:3]
    assert telling_tokens(others[:100], tokens) == others[10:60:10]
    for few in (0, 1, 5, 12, 50):  # fewer than 60 letters
        assert telling_tokens(others[:few] + ["。"], tokens) == (others[:few] or ["。"])[:5]
    assert telling_tokens(["1", "。", "👑", "2", "3", "4"], tokens) == ["1", "。", "👑", "2", "3"]
    assert telling_tokens([], tokens) == []
