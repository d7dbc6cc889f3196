"""What the projector's page would read, by the rules of its own code."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedding_tutorial.config import InputError
from embedding_tutorial.evaluation import Category
from embedding_tutorial.labels import visible
from embedding_tutorial.projector import (
    MOST_COLOURS,
    MOST_POINTS,
    export,
    metadata_table,
)
from embedding_tutorial.run_directory import exported_files, write_text
from embedding_tutorial.vectors import WordVectors
from embedding_tutorial.vocabulary import Vocabulary

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


def page_reads(table: str) -> list[list[str]]:
    """Rows as the page has them: split on line feeds, lines that are blank after trim() dropped, split on tabs."""
    rows = [line.split("\t") for line in table.split("\n") if line.strip(JAVASCRIPT_BLANK)]
    assert len({len(row) for row in rows}) == 1 and all(cell for row in rows for cell in row)
    return rows


def vectors_of(tokens) -> WordVectors:
    matrix = np.random.default_rng(0).normal(size=(len(tokens), 4))
    return WordVectors(tokens, range(len(tokens), 0, -1), matrix)


def test_every_token_keeps_its_line():
    tokens = AWKWARD + [" ", "\n"]
    header, *rows = page_reads(metadata_table(vectors_of(tokens), [], "character"))
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
    + [("1e5", "'1e5'"), ("0x1F", "'0x1F'"), ("a" * 60, "a" * 40 + "…"), ("\U000e0001", "\\ue0001"), ("<b>", "<b>")],
)
def test_a_label_is_visible_and_no_other_number(token, shown):
    assert visible(token) == shown


def test_columns_tell_radical_and_category():
    vectors = vectors_of(["妃", "王妃", "春", "a"])
    categories = [
        Category("season", "春", "character", "dev"),
        Category("royal", "王妃", "word", "dev"),
    ]
    rows = page_reads(metadata_table(vectors, categories, "character"))[1:]
    assert [row[2] for row in rows] == ["女", "玉", "日", "-"]
    assert [row[4] for row in rows] == ["-", "-", "season", "-"]
    assert page_reads(metadata_table(vectors, categories, "word"))[2][4] == "royal"


def test_radical_groups_are_few_enough_to_colour_by():
    everything = vectors_of([chr(code) for code in range(0x4E00, 0x9FA6, 3)] + ["a"])
    groups = [row[3] for row in page_reads(metadata_table(everything, [], "character"))[1:]]
    assert len(set(groups)) == MOST_COLOURS + 2 and {"其他", "-", "水"} <= set(groups)


def export_to(directory, tokens) -> WordVectors:
    vectors = vectors_of(tokens)
    export(directory, vectors, Vocabulary(tokens, vectors.counts).to_json(), [], "character", {})
    return vectors


def test_the_tables_are_the_vectors_exactly(tmp_path):
    vectors = export_to(tmp_path, AWKWARD)
    weights = np.loadtxt(tmp_path / "vectors.tsv", dtype=np.float32, delimiter="\t")
    np.testing.assert_array_equal(weights, vectors.matrix)
    unit = np.loadtxt(tmp_path / "vectors_unit.tsv", dtype=np.float32, delimiter="\t")
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(np.load(tmp_path / "vectors.npy", allow_pickle=False), vectors.matrix)


def test_the_page_gets_no_more_than_it_can_show_and_the_files_hold_all(tmp_path):
    tokens = [chr(0x4E00 + i % 20000) + chr(0x4E00 + i // 20000) for i in range(MOST_POINTS + 5)]
    export_to(tmp_path, tokens)
    lines = [len((tmp_path / name).read_text(encoding="utf-8").splitlines()) for name in ("vectors.tsv", "vectors.txt")]
    assert lines == [MOST_POINTS, MOST_POINTS + 6]
    assert len((tmp_path / "metadata.tsv").read_text(encoding="utf-8").splitlines()) == MOST_POINTS + 1
    assert (tmp_path / "metadata.tsv").stat().st_size < 1_000_000


def test_nothing_that_is_not_finite_is_exported(tmp_path):
    export_to(tmp_path, ["a", "b"])
    before = exported_files(tmp_path)
    vectors = WordVectors("ab", [1, 1], np.ones((2, 2)))
    vectors.matrix[0, 1] = np.nan
    with pytest.raises(InputError, match="not finite; nothing is exported"):
        export(tmp_path, vectors, "[]", [], "character", {})
    assert exported_files(tmp_path) == before


def test_an_export_that_breaks_off_shows_nothing(tmp_path, monkeypatch):
    export_to(tmp_path, ["a", "b"])

    def full_disk(path, text):
        if path.name == "metadata.tsv":
            raise OSError("no space left")
        write_text(path, text)

    monkeypatch.setattr("embedding_tutorial.projector.write_text", full_disk)
    with pytest.raises(OSError, match="no space"):
        export_to(tmp_path, ["c", "d"])
    assert not (tmp_path / "projector_config.pbtxt").exists() and not (tmp_path / "run.json").exists()


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=3), min_size=1, unique=True))
def test_any_token_keeps_its_line(tokens):
    _, *rows = page_reads(metadata_table(vectors_of(tokens), [], "character"))
    assert [int(row[1]) for row in rows] == list(range(len(tokens), 0, -1))
