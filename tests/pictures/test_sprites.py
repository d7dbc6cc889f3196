"""Tokens as pictures: against glyphs that Pillow draws alone, and TensorBoard's real server."""

import io
import json
import os
import shutil
import struct

import numpy as np
import pytest
from conftest import Server, run_train, two_worlds
from PIL import Image, ImageFont
from test_projector import page_reads

import train
from embedding_tutorial.config import InputError
from embedding_tutorial.labels import visible
from embedding_tutorial.pictures import sprites
from embedding_tutorial.pictures.projector import MOST_DRAWN, export
from embedding_tutorial.vectors.word_vectors import WordVectors


@pytest.fixture(scope="module")
def font():
    found = sprites.find_font()
    if found is None:
        pytest.skip("this machine has no Chinese font")
    return found


@pytest.fixture
def latin(tmp_path):
    """A font without Chinese: the one that Pillow brings along."""
    path = tmp_path / "fonts" / "latin.ttf"
    path.parent.mkdir()
    path.write_bytes(ImageFont.load_default(20).font_bytes)
    return path


def cells(sprite) -> np.ndarray:
    """Cut a sprite as the page does: (cells, 48, 48), how opaque each pixel is, row by row."""
    side = sprite.width // 48
    opaque = np.asarray(sprite.convert("RGBA"))[:, :, 3]
    return opaque.reshape(side, 48, side, 48).swapaxes(1, 2).reshape(side * side, 48, 48)


def trimmed(ink) -> np.ndarray:
    """The ink without empty rows and columns around it."""
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def drawn_alone(text, font, size) -> np.ndarray:
    mask = sprites.open_font(font, size).getmask(text)
    return trimmed(np.array(mask, np.uint8).reshape(mask.size[::-1]))


@pytest.mark.parametrize(("count", "side"), [(1, 1), (2, 2), (4, 2), (5, 3), (9, 3), (10, 4), (16, 4), (17, 5)])
def test_the_grid_is_the_smallest_square_that_holds_all(font, count, side):
    assert sprites.draw_sprite("王" * count, font).size == (side * 48, side * 48)


def test_cell_k_holds_token_k(font):
    tokens = "王妃公主春，一龘a7"
    found = cells(sprites.draw_sprite(tokens, font))
    for token, cell in zip(tokens, found, strict=False):
        np.testing.assert_array_equal(trimmed(cell), drawn_alone(token, font, 40), err_msg=token)
    assert not found[len(tokens) :].any()


def test_it_is_grey_on_transparent(font):
    pixels = np.asarray(sprites.draw_sprite("王妃", font).convert("RGBA")).reshape(-1, 4)
    assert (pixels[:, :3] == 170).all()
    assert {0, 255} <= set(pixels[:, 3])


def test_characters_share_a_line_so_that_a_comma_is_no_apostrophe(font):
    king, comma, apostrophe, full_stop = cells(sprites.draw_sprite("王，'。", font))
    rows = [np.flatnonzero(cell.any(1)) for cell in (king, comma, apostrophe, full_stop)]
    assert abs(rows[0][0] - (47 - rows[0][-1])) <= 1
    assert rows[2][-1] < 24 < rows[1][0] and rows[3][0] > 24


@pytest.mark.parametrize(("word", "size"), [("王妃", 23), ("小王子", 15), ("春夏秋冬", 11)])
def test_a_word_shrinks_until_it_fits(font, word, size):
    cell = cells(sprites.draw_sprite([word], font))[0]
    np.testing.assert_array_equal(trimmed(cell), drawn_alone(word, font, size))


def test_what_is_longer_than_four_characters_is_cut(font):
    four, five, wide = cells(sprites.draw_sprite(["春夏秋冬", "春夏秋冬天", "WWWWWWWW"], font))[:3]
    np.testing.assert_array_equal(four, five)
    assert wide.any() and not wide[:, [0, 47]].any()


def test_more_than_the_page_takes_is_refused(font):
    assert 170 * 48 <= 8192 < 171 * 48
    with pytest.raises(ValueError, match="28901 tokens need 8208 pixels a side; the page takes 8192"):
        sprites.draw_sprite(["王"] * (170 * 170 + 1), font)


def test_of_a_collection_the_face_for_simplified_chinese_is_taken(font):
    names = []
    try:
        while True:
            names.append(ImageFont.truetype(io.BytesIO(font.read_bytes()), 20, index=len(names)).getname()[0])
    except OSError:
        pass
    chinese = [name for name in names if name.endswith(" SC")]
    assert sprites.open_font(font, 20).getname()[0] == (chinese or names)[0]


def test_the_usual_folders_are_searched_for_a_font_that_draws_chinese(font, latin, tmp_path, monkeypatch):
    monkeypatch.setattr(sprites, "FONT_FOLDERS", (str(tmp_path / "nowhere"), str(latin.parent)))
    (latin.parent / "PingFang.ttc").write_text("no font at all", encoding="utf-8")
    assert sprites.find_font() is None
    for name in ("Aaa.ttc", "msyhbd.ttc", "msyh.ttc"):
        (latin.parent / "deeper").mkdir(exist_ok=True)
        shutil.copy(font, latin.parent / "deeper" / name)
    assert sprites.find_font().name == "msyh.ttc"


BAD_FONTS = [
    ("nothing.ttf", "no such file"),
    ("text.txt", "cannot be read as a TrueType or OpenType font"),
    ("fonts", "cannot be read as a TrueType or OpenType font"),
    ("pipe.ttf", "cannot be read as a TrueType or OpenType font"),
    ("fonts/latin.ttf", "holds no Chinese characters (no 中); name another font"),
]


def damaged(font: bytes, table: str) -> bytes:
    """The font with all bits set in one of its tables."""
    for entry in range(12, 12 + 16 * int.from_bytes(font[4:6]), 16):  # name, checksum, start, length
        if font[entry : entry + 4] == table.encode():
            start, length = struct.unpack(">II", font[entry + 8 : entry + 16])
            return font[:start] + b"\xff" * length + font[start + length :]
    raise ValueError(table)


def test_what_is_no_sound_font_is_passed_over(font, latin, tmp_path, monkeypatch):
    monkeypatch.setattr(sprites, "FONT_FOLDERS", (str(latin.parent),))
    os.mkfifo(latin.parent / "msyh.ttf")  # reading it would wait for ever
    (latin.parent / "simhei.ttf").mkdir()
    (latin.parent / "deng.ttf").symlink_to("/dev/zero")
    (latin.parent / "wqy.ttf").write_bytes(damaged(latin.read_bytes(), "name"))
    (latin.parent / "songti.ttf").write_bytes(damaged(latin.read_bytes(), "glyf"))
    with open(latin.parent / "simsun.ttf", "wb") as file:
        file.truncate(2**28)
    shutil.copy(font, latin.parent / "zzz.ttc")
    assert sprites.find_font().name == "zzz.ttc"


@pytest.mark.parametrize("table", ["name", "glyf", "hmtx"])
def test_a_damaged_font_is_drawn_with_as_far_as_it_goes(latin, table):
    latin.write_bytes(damaged(latin.read_bytes(), table))
    drawn = cells(sprites.draw_sprite(["ab", "王"], latin))
    assert drawn.shape == (4, 48, 48) and drawn[0].any() == (table != "glyf")


@pytest.mark.parametrize(("name", "message"), BAD_FONTS)
def test_a_bad_font_is_refused(latin, tmp_path, name, message):
    (tmp_path / "text.txt").write_text("王", encoding="utf-8")
    os.mkfifo(tmp_path / "pipe.ttf")
    with pytest.raises(InputError) as error:
        sprites.find_font(tmp_path / name)
    assert str(error.value) == f"--font {tmp_path / name}: {message}"


def test_a_bad_font_gets_one_line_before_anything_is_written(latin, tmp_path):
    (tmp_path / "text.txt").write_text(two_worlds(40), encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    done = run_train("--corpus", "text.txt", "--font", latin, cwd=tmp_path)
    assert done.returncode != 0 and done.stdout == ""
    assert done.stderr == f"train.py: error: --font {latin}: {BAD_FONTS[-1][1]}\n"
    assert sorted(tmp_path.rglob("*")) == before


def test_without_a_font_the_run_goes_on_and_says_what_to_install(latin, tmp_path, monkeypatch, capsys):
    (tmp_path / "text.txt").write_text(two_worlds(40), encoding="utf-8")
    monkeypatch.setattr(sprites, "FONT_FOLDERS", (str(latin.parent),))
    monkeypatch.chdir(tmp_path)
    train.main(["--corpus", "text.txt", "--epochs", "1", "--dim", "4", "--out", "run"])
    told = [line for line in capsys.readouterr().out.splitlines() if "font" in line]
    assert len(told) == 1 and "fonts-noto-cjk" in told[0] and "--font" in told[0]
    assert "sprite" not in (tmp_path / "run" / "projector_config.pbtxt").read_text(encoding="utf-8")
    assert not (tmp_path / "run" / "drawn").exists()


TOKENS = [chr(0x4E00 + 7 * i) for i in range(MOST_DRAWN + 97)] + ["007", "\u200b"]


def export_to(directory, tokens, font, kind="characters") -> WordVectors:
    matrix = np.random.default_rng(0).normal(size=(len(tokens), 4))
    vectors = WordVectors(tokens, range(len(tokens), 0, -1), matrix)
    export(directory, vectors, [], {"config": {"tokens": kind}}, font=font)
    return vectors


@pytest.fixture(scope="module")
def served(font, tmp_path_factory):
    directory = tmp_path_factory.mktemp("drawn")
    vectors = export_to(directory, TOKENS, font)
    server = Server(directory)
    yield server, vectors
    server.stop()


def test_the_page_is_told_of_the_pictures(served):
    server, _ = served
    tables = {e["tensorName"]: e for e in json.loads(server.get("projector/info", run="."))["embeddings"]}
    assert sorted(tables) == ["1_unit_length", "2_learned_weights", "3_characters"]
    drawn = tables["3_characters"]
    assert drawn["tensorShape"] == [MOST_DRAWN, 4]
    assert drawn["sprite"] == {"imagePath": "drawn/sprite.png", "singleImageDim": [48, 48]}
    assert not any("sprite" in table for name, table in tables.items() if name != "3_characters")


def test_pictures_labels_and_vectors_are_of_the_same_tokens(served, font):
    server, vectors = served
    table = server.get("projector/metadata", run=".", name="3_characters").decode("utf-8")
    _, *rows = page_reads(table)
    assert [row[0] for row in rows] == [visible(token) for token in TOKENS[:MOST_DRAWN]]
    assert [int(row[1]) for row in rows] == vectors.counts[:MOST_DRAWN].tolist()

    matrix = np.frombuffer(server.get("projector/tensor", run=".", name="3_characters"), "<f4").reshape(-1, 4)
    np.testing.assert_array_equal(matrix, vectors.unit_matrix[:MOST_DRAWN])

    sprite = Image.open(io.BytesIO(server.get("projector/sprite_image", run=".", name="3_characters")))
    assert sprite.format == "PNG" and sprite.size == (23 * 48, 23 * 48)
    pictures = cells(sprite)
    for k in (0, 22, 23, 300, MOST_DRAWN - 1):
        np.testing.assert_array_equal(trimmed(pictures[k]), drawn_alone(TOKENS[k], font, 40))
    assert not pictures[MOST_DRAWN:].any()


def test_what_cannot_be_seen_is_drawn_as_its_label(font, tmp_path):
    export_to(tmp_path, ["王", "007", "\u200b", "\t", "\ufe0f", "\u0301"], font)
    pictures = cells(Image.open(tmp_path / "drawn" / "sprite.png"))
    for picture, label in zip(pictures[1:], ("'007", "\\u20", "\\u00", "\\ufe", "◌\u0301"), strict=False):
        np.testing.assert_array_equal(picture, cells(sprites.draw_sprite([label], font))[0])


def test_a_new_export_replaces_the_pictures_or_removes_them(font, tmp_path):
    export_to(tmp_path, TOKENS[:9], font)
    export_to(tmp_path, TOKENS[:4], font, kind="words")
    assert Image.open(tmp_path / "drawn" / "sprite.png").size == (96, 96)
    assert '"3_words"' in (tmp_path / "projector_config.pbtxt").read_text(encoding="utf-8")
    export_to(tmp_path, TOKENS[:4], None)
    assert not (tmp_path / "drawn").exists()
    assert "drawn" not in (tmp_path / "projector_config.pbtxt").read_text(encoding="utf-8")
