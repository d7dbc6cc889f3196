import pytest

from embedding_tutorial.config import InputError
from embedding_tutorial.corpus import read_sentences, tokenize


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
