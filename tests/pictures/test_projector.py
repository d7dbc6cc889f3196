"""What the projector's page would read, by the rules of its own code."""

import csv
import re

import numpy as np
import pandas
import pytest
from conftest import REPOSITORY
from hypothesis import given
from hypothesis import strategies as st

from embedding_tutorial.atomic import write_text
from embedding_tutorial.config import InputError
from embedding_tutorial.labels import visible
from embedding_tutorial.pictures.projector import (
    MOST_COLOURS,
    MOST_POINTS,
    export,
    metadata_table,
)
from embedding_tutorial.run_directory import exported_files
from embedding_tutorial.vectors.groups import Category
from embedding_tutorial.vectors.word_vectors import WordVectors

AWKWARD = ["王妃", "\0", "\t", "\r", "\u3000", "\xa0", "\u200b", "\ufeff", "\u2028", "\x85", '"', "'", "#"]
AWKWARD += [
    "<b>",
    "👩‍👧",
    "\U00020000",
    "007",
    "7",
    "1e5",
    "0x1F",
    "NaN",
    "Infinity",
    "-",
    "\\u3000",
    "\ue000",
    "\u202e",
]
JAVASCRIPT_BLANK = "\t\n\v\f\r \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
JAVASCRIPT_BLANK += "\u2028\u2029\u202f\u205f\u3000\ufeff"

CHARACTERS = {"config": {"tokens": "characters"}}  # what run.json says of a run of characters
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # Unicode's Bidi_Control


def page_reads(table: str) -> list[list[str]]:
    """Rows as the page has them: split on line feeds, lines that are blank after trim() dropped, split on tabs."""
    rows = [line.split("\t") for line in table.split("\n") if line.strip(JAVASCRIPT_BLANK)]
    assert len({len(row) for row in rows}) == 1 and all(cell for row in rows for cell in row)
    return rows


def vectors_of(tokens, dim=4) -> WordVectors:
    matrix = np.random.default_rng(0).normal(size=(len(tokens), dim))
    return WordVectors(tokens, range(len(tokens), 0, -1), matrix)


def test_every_token_keeps_its_line():
    tokens = AWKWARD + [" ", "\n"]
    header, *rows = page_reads(metadata_table(vectors_of(tokens), [], "characters"))
    assert header == ["token", "count", "radical", "radical_group", "category"]
    assert [row[0] for row in rows] == [visible(token) for token in tokens]
    assert [int(row[1]) for row in rows] == list(range(len(tokens), 0, -1))


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        ("王妃", "王妃"),
        ("\u3000", "\\u3000"),
        ("a\tb", "a\\u0009b"),
        ("\u200b", "\\u200b"),
        ("7", "'7'"),
        ("3.14", "'3.14'"),
        ("1" * 25, "'" + "1" * 25 + "'"),
        ("007", "'007'"),
    ]
    + [("1e5", "'1e5'"), ("0x1F", "'0x1F'"), ("a" * 60, "a" * 40 + "…"), ("\U000e0001", "\\ue0001"), ("<b>", "<b>")]
    + [("", "''"), ("-Infinity", "'-Infinity'"), ("infinity", "infinity"), ("１２", "１２"), ("٣", "٣"), ("NaN", "NaN")]
    + [(" " * 9, "\\u0020" * 6 + "…")],  # an escape is not cut in two
)
def test_a_label_is_visible_and_no_other_number(token, shown):
    assert visible(token) == shown


@pytest.mark.parametrize("alone", "\ufe0f \U000e0100 \u034f \u180b \u17b4 \u3164 \u115f \u2800 \ufffc".split())
def test_what_shows_nothing_is_escaped(alone):
    assert visible(alone) == f"\\u{ord(alone):04x}"


PERSIAN, HINDI = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0939\u093f\u0928\u094d\u0926\u0940"


@pytest.mark.parametrize("word", ["👩\u200d👧", "❤\ufe0f", "葛\U000e0100", "e\u0301", PERSIAN, HINDI])
def test_what_changes_the_character_before_it_stays(word):
    assert visible(word) == word


def test_a_mark_alone_is_set_on_a_dotted_circle():
    assert [visible(mark) for mark in ("\u0301", "\u093e", " \u0301")] == ["◌\u0301", "◌\u093e", "\\u0020◌\u0301"]
    assert visible("\ufe0f\u0301") == "\\ufe0f◌\u0301"


def test_no_token_turns_the_order_of_others_around():
    assert [visible(f"王{turn}妃") for turn in BIDI] == [f"王\\u{ord(turn):04x}妃" for turn in BIDI]


def test_columns_tell_radical_and_category():
    vectors = vectors_of(["妃", "王妃", "春", "a"])
    categories = [
        Category("season", "春", "characters", "dev"),
        Category("royal", "王妃", "words", "dev"),
    ]
    rows = page_reads(metadata_table(vectors, categories, "characters"))[1:]
    assert [row[2] for row in rows] == ["女", "玉", "日", "-"]
    assert [row[4] for row in rows] == ["-", "-", "season", "-"]
    for tokens in ("words", "blanks"):
        assert page_reads(metadata_table(vectors, categories, tokens))[2][4] == "royal"


def test_radical_groups_are_few_enough_to_colour_by():
    everything = vectors_of([chr(code) for code in range(0x4E00, 0x9FA6, 3)] + ["a"])
    groups = [row[3] for row in page_reads(metadata_table(everything, [], "characters"))[1:]]
    assert len(set(groups)) == MOST_COLOURS + 2 and {"其他", "-", "水"} <= set(groups)


def export_to(directory, tokens, dim=4, **more) -> WordVectors:
    vectors = vectors_of(tokens, dim)
    export(directory, vectors, [], CHARACTERS, **more)
    return vectors


def test_the_tables_are_the_vectors_exactly(tmp_path):
    vectors = export_to(tmp_path, AWKWARD)
    weights = np.loadtxt(tmp_path / "vectors.tsv", dtype=np.float32, delimiter="\t")
    np.testing.assert_array_equal(weights, vectors.matrix)
    unit = np.loadtxt(tmp_path / "vectors_unit.tsv", dtype=np.float32, delimiter="\t")
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(np.load(tmp_path / "vectors.npy", allow_pickle=False), vectors.matrix)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_rows_have_the_three_numbers_that_the_page_draws(tmp_path, dim):
    tokens = "王妃公主"
    vectors = export_to(tmp_path, tokens, dim, snapshots={0: vectors_of(tokens, dim).matrix})
    tables = {name: np.loadtxt(tmp_path / name, np.float32) for name in ("vectors.tsv", "vectors_unit.tsv")}
    tables["epoch"] = np.loadtxt(tmp_path / "epochs" / "epoch_0000.tsv", np.float32)
    assert {table.shape for table in tables.values()} == {(4, 3)}
    assert not any(table[:, dim:].any() for table in tables.values())
    np.testing.assert_array_equal(tables["vectors.tsv"][:, :dim], vectors.matrix)
    np.testing.assert_array_equal(np.load(tmp_path / "vectors.npy", allow_pickle=False), vectors.matrix)
    assert (tmp_path / "vectors.txt").read_text(encoding="utf-8").startswith(f"4 {dim}\n")


def test_the_page_gets_no_more_than_it_can_show_and_the_files_hold_all(tmp_path):
    tokens = [chr(0x4E00 + i % 20000) + chr(0x4E00 + i // 20000) for i in range(MOST_POINTS + 5)]
    export_to(tmp_path, tokens)
    lines = [len((tmp_path / name).read_text(encoding="utf-8").splitlines()) for name in ("vectors.tsv", "vectors.txt")]
    assert lines == [MOST_POINTS, MOST_POINTS + 6]
    assert len((tmp_path / "metadata.tsv").read_text(encoding="utf-8").splitlines()) == MOST_POINTS + 1


@pytest.mark.parametrize(
    ("length", "character", "count"),
    [(8, "a", 1), (45, "a", 1), (45, "王", 1), (45, "𠮷", 1), (45, "𠮷", 2**62), (45, "\U000e0001", 1)],
)
def test_the_labels_are_no_more_than_the_page_decodes_in_one_piece(length, character, count):
    tokens = [f"{k:04}-" + character * (length - 5) for k in range(MOST_POINTS)]
    vectors = WordVectors(tokens, [count] * MOST_POINTS, np.zeros((MOST_POINTS, 1)))
    table = metadata_table(vectors, [Category("𠮷" * 99, token, "words", "dev") for token in tokens[::9]], "words")
    assert len(table.encode()) <= 1_000_000
    labels = [row[0] for row in page_reads(table)[1:]]
    assert len(set(labels)) == MOST_POINTS and (labels[0] == tokens[0][:40] + "…" * (length > 40)) == (character == "a")


def test_a_category_is_shown_as_a_token_is():
    groups = {"王": "a\tb", "妃": "\u3000", "公": "007", "主": "", "春": "royal\r"}
    table = metadata_table(
        vectors_of(groups), [Category(g, t, "characters", "dev") for t, g in groups.items()], "characters"
    )
    assert [row[4] for row in page_reads(table)[1:]] == ["a\\u0009b", "\\u3000", "'007'", "''", "royal\\u000d"]


def test_nothing_that_is_not_finite_is_exported(tmp_path):
    export_to(tmp_path, ["a", "b"])
    before = exported_files(tmp_path)
    vectors = WordVectors("ab", [1, 1], np.ones((2, 2)))
    vectors.matrix[0, 1] = np.nan
    with pytest.raises(InputError, match="not finite; nothing is exported"):
        export(tmp_path, vectors, [], CHARACTERS)
    assert exported_files(tmp_path) == before


def test_an_export_that_breaks_off_shows_nothing(tmp_path, monkeypatch):
    export_to(tmp_path, ["a", "b"])

    def full_disk(path, text):
        if path.name == "metadata.tsv":
            raise OSError("no space left")
        write_text(path, text)

    monkeypatch.setattr("embedding_tutorial.pictures.projector.write_text", full_disk)
    with pytest.raises(OSError, match="no space"):
        export_to(tmp_path, ["c", "d"])
    assert not (tmp_path / "projector_config.pbtxt").exists() and not (tmp_path / "run.json").exists()


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_pandas_reads_the_labels_as_the_readme_says(tmp_path, monkeypatch, readme):
    (call,) = re.findall(r"`(pandas\.read_csv\(.*?\))`", (REPOSITORY / readme).read_text(encoding="utf-8"))
    tokens = [*AWKWARD, '""', '"a', "NA", "null", "None", "a\tb", "\\", ",", "1,000"]
    vectors = export_to(tmp_path, tokens)
    monkeypatch.chdir(tmp_path)
    frame = eval(call, {"pandas": pandas, "csv": csv})
    assert frame["token"].tolist() == [visible(token) for token in tokens]
    assert frame["count"].tolist() == vectors.counts.tolist()


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3), min_size=1, unique=True))
def test_any_token_keeps_its_line(tokens):
    _, *rows = page_reads(metadata_table(vectors_of(tokens), [], "characters"))
    assert [int(row[1]) for row in rows] == list(range(len(tokens), 0, -1))
