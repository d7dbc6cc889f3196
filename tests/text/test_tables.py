import csv
import gzip
import hashlib
import io
import json
import zipfile

import pandas as pd
import pytest

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.text import files, tables
from embedding_tutorial.text.encoded_corpus import encode_corpus
from embedding_tutorial.text.files import read_blocks, text_sha256

CELLS = ["王妃，很“漂亮”。", 'two\nlines, and a "quote"', None, "  ", "NA", "3", "\u2028a\u0085b", "最后\ttab"]
FRAME = pd.DataFrame({"id": range(len(CELLS)), "text": CELLS, "stars": 5})
EXPECTED = "".join(cell + "\n" for cell in CELLS if cell and cell.strip())


def table(name: str, encoding: str = "utf-8") -> bytes:
    """The frame as pandas writes it."""
    if "json" in name:
        return FRAME.to_json(orient="records", lines=True, force_ascii=False).encode(encoding)
    return FRAME.to_csv(index=False, sep="\t" if "tsv" in name else ",").encode(encoding)


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_", "."), data)
    return file.getvalue()


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl", "t.ndjson", "t.CSV", "t.csv.gz", "t.zip"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_each_cell_that_pandas_wrote_is_a_text(name, encoding, tmp_path, monkeypatch):
    data = table(name.lower(), encoding)
    data = {"gz": gzip.compress(data), "zip": zipped(t_csv=data)}.get(name.split(".")[-1], data)
    (tmp_path / name).write_bytes(data)
    config = TrainingConfig(corpus=tmp_path / name, column="text", encoding=encoding)
    for block in (5, 1 << 22):
        monkeypatch.setattr(files, "BLOCK", block)
        digest = hashlib.sha256()
        assert "".join(read_blocks(config, digest)) == EXPECTED
        assert digest.hexdigest() == hashlib.sha256(EXPECTED.encode()).hexdigest() == text_sha256(config)


def test_a_table_is_encoded_with_the_same_hash_and_memory_does_not_grow(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "BLOCK", 1000)
    path = tmp_path / "t.csv"
    pd.DataFrame({"text": ["一二三四五六七八九十上下左右东南西北"] * 300, "id": 1}).to_csv(path, index=False)
    config = TrainingConfig(corpus=path, column="text")
    assert max(map(len, read_blocks(config))) < 2000
    corpus = encode_corpus(config)
    assert corpus.sha256 == text_sha256(config)
    assert corpus.vocabulary.counts.tolist() == [300] * 18


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl", "t.csv.gz"])
@pytest.mark.parametrize(("column", "problem"), [(None, "is a table"), ("txt", "has no column txt")])
def test_a_table_without_the_column_is_refused_with_its_columns_named(name, column, problem, tmp_path):
    data = table(name)
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    with pytest.raises(InputError) as caught:
        list(read_blocks(TrainingConfig(corpus=tmp_path / name, column=column)))
    assert str(caught.value) == (
        f"{tmp_path / name}: {problem}; say which column holds the text: --column text (columns: id, text, stars)"
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", 'id,text\n1,"a\nb"\n\n2,c,d\n', r"line 5 is broken \(cells: 3, columns: 2\)"),
        ("t.csv", "id,text\n1\n", "line 2 is broken"),
        ("t.csv", 'id,text\n1,a\n2,"b\n3,c\n', "line 3 is broken"),
        ("t.csv", 'id,text\n1,a\n2,"' + "b\n" * 600, "line 3 is broken .*limit"),
        ("t.jsonl", '{"text": "a"}\n\n{"text": "b"\n', "line 3 is broken"),
        ("t.jsonl", "[" * 100_000, "line 1 is longer than"),
        ("t.jsonl", "[" * 900, "line 1 is broken"),
        ("t.jsonl", '{"text": "a"}\n["b"]\n', "line 2 is no JSON object"),
        ("t.jsonl", '{"text": ["a"]}\n', "line 1: text is a list or an object"),
        ("t.txt", "王妃", "is no table .*leave --column out"),
    ],
)
def test_a_broken_line_is_refused_with_its_number(name, text, message, tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "LONGEST_LINE", 1000)
    limit = csv.field_size_limit()
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        list(read_blocks(TrainingConfig(corpus=tmp_path / name, column="text")))
    csv.field_size_limit(limit)


def test_an_object_may_lack_the_key_and_half_a_character_is_replaced(tmp_path):
    rows = [{"text": "a"}, {"id": 1}, {"text": None}, {"text": 3.5}, {"text": "b\ud83d"}]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert "".join(read_blocks(TrainingConfig(corpus=tmp_path / "t.jsonl", column="text"))) == "a\n3.5\nb\ufffd\n"


def test_bytes_that_are_not_of_the_encoding_are_refused_in_a_table_too(tmp_path):
    (tmp_path / "t.csv").write_bytes("id,text\n1,公主\n".encode("gb18030"))
    with pytest.raises(InputError, match=r"t\.csv: not UTF-8 at byte 10 .*--encoding gb18030"):
        list(read_blocks(TrainingConfig(corpus=tmp_path / "t.csv", column="text")))
