"""Advice on texts in other encodings: Python's codecs must read the text with the encoding that it names."""

import codecs
import gzip
import io
import re
import zipfile

import numpy as np
import pytest

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.text import files
from embedding_tutorial.text.files import read_sentences

SIMPLIFIED = "话说天下大势，分久必合，合久必分。周末七国分争，并入于秦。及秦灭之后，楚、汉分争，又并入于汉。\n"
TRADITIONAL = "話說天下大勢，分久必合，合久必分。周末七國分爭，并入於秦。及秦滅之後，楚、漢分爭，又并入於漢。\n"
JAPANESE = (  # a few sentences: of one the detector is not sure
    "むかしむかし、ある所におじいさんとおばあさんが住んでいました。\n"
    "おじいさんは山へしば刈りに、おばあさんは川へ洗濯に行きました。\n"
    "おばあさんが川で洗濯をしていると、大きな桃が流れてきました。\n"
    "そして桃を切ってみると、中から元気な男の子が飛び出してきました。\n"
    "今日は東京の天気がとても良いので、友達と公園で昼ご飯を食べます。\n"
    "コンピューターを使って新しいプログラムを書くのは楽しいです。\n"
)
KOREAN = "나라의 말이 중국과 달라 한자와는 서로 통하지 아니하므로 어리석은 백성이 말하고자 하는 바가 있어도 못한다.\n"
RUSSIAN = "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.\n"
ENGLISH = "It is a truth universally acknowledged, that a single man must be in want of a wife.\n"


def refusal(tmp_path, data: bytes) -> str:
    (tmp_path / "text.txt").write_bytes(data)
    with pytest.raises(InputError) as caught:
        read_sentences(TrainingConfig(corpus=tmp_path / "text.txt"))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'text.txt'}: not UTF-8 at byte ") and message.isprintable()
    return message


UTF = [f"utf_{size}{order}" for size in (16, 32) for order in ("", "_le", "_be")]
TEXTS = {
    "simplified": (SIMPLIFIED, ["gbk", *UTF]),
    "traditional": (TRADITIONAL, ["big5"]),
    "japanese": (JAPANESE, ["shift_jis", "euc_jp"]),
    "korean": (KOREAN, ["euc_kr"]),
    "russian": (RUSSIAN, ["koi8_r"]),
    "english": (ENGLISH, UTF),
}


@pytest.mark.parametrize("times", [1, 3000])
@pytest.mark.parametrize(("name", "encoding"), [(name, encoding) for name in TEXTS for encoding in TEXTS[name][1]])
def test_the_advice_reads_the_text(name, encoding, times, tmp_path):
    text = TEXTS[name][0] * times
    message = refusal(tmp_path, text.encode(encoding))
    advised = re.search("use --encoding (.*)$", message)[1]
    assert text.encode(encoding).decode(codecs.lookup(advised).name) == text
    assert f"it looks like {advised} ({text[:23]}…)" in message


def test_where_it_is_unsure_it_names_several(tmp_path):
    message = refusal(tmp_path, JAPANESE[:8].encode("euc_jp"))
    assert re.search(r"it may be .*\(むかしむかし、あ\).* or .*: see which reads right", message)


def test_the_line_that_is_shown_is_one_that_tells(tmp_path):
    message = refusal(tmp_path, (ENGLISH * 2000 + "\n" + SIMPLIFIED).encode("gb18030"))
    assert "it looks like gb18030 (话说天下大势" in message


def epub(data: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("text.txt", data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (epub(SIMPLIFIED.encode() * 9), "it is a zip archive, perhaps .docx"),
        (b"PAR1\x15\x04\xff", "byte 6 .*it is a Parquet table"),
        (gzip.compress(gzip.compress(b"a")), "it is a gzip file inside another"),
        (SIMPLIFIED.encode()[:-5], "byte 135 .*the text breaks off inside a character"),
        (SIMPLIFIED.encode() + b"\xff" + SIMPLIFIED.encode(), "byte 142 .*what stands before it is UTF-8"),
        (bytes(5000), "byte 0 .*it is binary, not text"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9, "byte 0 .*it is binary, not text"),
        (np.random.default_rng(0).bytes(1 << 16), "it is binary, not text"),
        (b"\x81\xff\xfe" * 20, "save it as UTF-8"),
    ],
)
def test_what_is_no_text_at_all_is_said_to_be_that(data, message, tmp_path):
    assert re.search(message, refusal(tmp_path, data))


def test_a_damaged_place_is_told_from_another_encoding_wherever_the_blocks_end(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "BLOCK", 64)
    for place in range(130, 138):
        data = SIMPLIFIED.encode() * 2
        message = refusal(tmp_path, data[:place] + b"\xff" + data[place:])
        assert "what stands before it is UTF-8" in message
