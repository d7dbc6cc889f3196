import bz2
import gzip
import hashlib
import io
import lzma
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

import pytest
from conftest import REPOSITORY
from hypothesis import example, given
from hypothesis import strategies as st

from embedding_tutorial import progress
from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.text import files, sentences
from embedding_tutorial.text.encoded_corpus import encode_corpus
from embedding_tutorial.text.files import corpus_files, count_token, read_blocks, read_sentences
from embedding_tutorial.text.sentences import split_sentences


def write(tmp_path, data: bytes):
    path = tmp_path / "text.txt"
    path.write_bytes(data)
    return path


def test_a_line_is_a_sentence_and_blank_lines_are_none(tmp_path):
    path = write(tmp_path, "\ufeff王妃很漂亮\r\n\r\n　\n公主\r她".encode())
    assert read_sentences(TrainingConfig(corpus=path)) == ["王妃很漂亮", "公主", "她"]


def test_odd_characters_are_kept(tmp_path):
    text = "a\0b\u200b\ufeffc\U00020000👩‍👧"
    assert read_sentences(TrainingConfig(corpus=write(tmp_path, text.encode()))) == [text]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("好".encode() + "公主".encode("gbk"), r"not UTF-8 at byte 3 "),
        (b"", "holds no text"),
        ("\n 　\r\n".encode(), "holds no text"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, data, message):
    with pytest.raises(InputError, match=message):
        read_sentences(TrainingConfig(corpus=write(tmp_path, data)))


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_sentences(TrainingConfig(corpus=tmp_path / "nothing.txt"))
    with pytest.raises(InputError, match="is a directory"):
        read_sentences(TrainingConfig(corpus=tmp_path))


# Marks, closers, blanks, line ends, characters of every width in UTF-8, and sentences that are too long.
TEXT = st.lists(
    st.sampled_from([
        *"王妃aB.3。！？…”’)》\"' \t\n\r\u3000\u2028é👑\U0010ffff\ufeff",
        "Mr. ",
        "a" * 30,
        "。" + " " * 30,
    ])
    | st.characters(codec="utf-8", exclude_characters="\0")
).map("".join)


@given(TEXT, st.sampled_from([1, 2, 3, 9, 100]), st.sampled_from([1, 20, 1000]), st.booleans(), st.booleans())
@example("a" * 90, 100, 1, False, False)
@example("a" * 90, 100, 1, False, True)
@example("“走。                ”他说。" + "a" * 100 + " b. " + "c" * 50, 1, 1, False, False)
def test_however_it_is_read_the_sentences_are_the_same(text, size, tail, zipped, lines):
    data = text.encode()
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "BLOCK", size)
        patch.setattr(sentences, "TAIL", tail)
        patch.setattr(sentences, "LONGEST", 40)
        path = Path(place) / "text.txt"
        path.write_bytes(gzip.compress(data) if zipped else data)
        blocks = list(read_blocks(TrainingConfig(corpus=path, tokens="blanks" if lines else "words")))
        whole = text.removeprefix("\ufeff")
        assert "".join(blocks) == whole
        read = [sentence for block in blocks for sentence in split_sentences(block, lines)]
        assert read == split_sentences(whole, lines)


@pytest.mark.parametrize("lines", [False, True])
@pytest.mark.parametrize("line", ["王", "ab ", "a\0bcd", "。", ". ", "。 ”"])
def test_a_text_on_one_line_is_read_in_linear_time_and_flat_memory(line, lines, tmp_path, monkeypatch):
    looked_at = []

    def finished(codes, lines):
        looked_at.append(len(codes))
        return sentences.finished(codes, lines)

    monkeypatch.setattr(files, "BLOCK", 1 << 14)
    monkeypatch.setattr(sentences, "LONGEST", 1 << 12)
    monkeypatch.setattr(files, "finished", finished)
    text = line * (300_000 // len(line))
    path = write(tmp_path, text.encode())
    blocks = read_blocks(TrainingConfig(corpus=path, tokens="blanks" if lines else "words"))
    assert max(map(len, blocks)) <= (1 << 14) + (1 << 12) + sentences.CONTEXT
    assert sum(looked_at) < 2 * len(text)


@pytest.mark.parametrize("size", [3, 4, 1 << 22])
def test_the_byte_is_named_wherever_the_blocks_end(size, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "BLOCK", size)
    with pytest.raises(InputError, match=r"not UTF-8 at byte 7 \("):
        list(read_blocks(TrainingConfig(corpus=write(tmp_path, "王妃".encode() + b"a\xff\xfe"))))
    with pytest.raises(InputError, match=r"not UTF-8 at byte 3 \("):  # ends within a character
        list(read_blocks(TrainingConfig(corpus=write(tmp_path, "王妃".encode()[:5]))))


def zipped(data: bytes, *names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names or ("text.txt",):
            archive.writestr(name, data)
    return file.getvalue()


COMPRESS = {"gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zip": zipped}


@pytest.mark.parametrize("kind", COMPRESS)
def test_compressed_files_are_read_and_damaged_ones_are_refused(kind, tmp_path, monkeypatch):
    text = "".join(f"王妃很漂亮{number}\n" for number in range(1000))
    data = COMPRESS[kind](text.encode())
    path = write(tmp_path, data)
    assert "".join(read_blocks(TrainingConfig(corpus=path))) == text
    assert files.text_sha256(TrainingConfig(corpus=path)) == hashlib.sha256(text.encode()).hexdigest()
    path.write_bytes(COMPRESS[kind](b""))
    assert list(read_blocks(TrainingConfig(corpus=path))) == []
    half = len(data) // 2
    for damaged in (data[:-12], data[:half] + b"\0\0\0\xff" + data[half + 4 :], data[:12]):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=f"is a damaged {kind} file"):
            read_sentences(TrainingConfig(corpus=path))


def test_a_zip_archive_of_several_files_is_refused_with_their_names(tmp_path):
    path = write(tmp_path, zipped("王妃".encode(), "a/", "a/b.txt", "__MACOSX/a/._b.txt"))
    assert read_sentences(TrainingConfig(corpus=path)) == ["王妃"]
    path.write_bytes(zipped("王妃".encode(), "a.txt", "b.txt"))
    with pytest.raises(InputError, match=r"is a zip archive of 2 files \(a.txt, b.txt\): unzip it"):
        read_sentences(TrainingConfig(corpus=path))
    locked = bytearray(zipped("王妃".encode()))
    locked[6] |= 1  # the flag "has a password", also in the central directory
    locked[locked.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(locked)
    with pytest.raises(InputError, match=r"cannot be decompressed .*password"):
        read_sentences(TrainingConfig(corpus=path))


def test_a_text_that_begins_as_a_bz2_file_does_is_text(tmp_path):
    assert read_sentences(TrainingConfig(corpus=write(tmp_path, b"BZh9 is a name"))) == ["BZh9 is a name"]


@pytest.mark.parametrize("size", [1, 3, 1 << 22])
@pytest.mark.parametrize(
    "encoding", ["gb18030", "gbk", "big5", "shift_jis", "utf-16", "utf-16-le", "utf-32", "UTF8", "utf-8-sig"]
)
def test_a_text_is_decoded_wherever_the_blocks_end(encoding, size, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "BLOCK", size)
    text = "公主，王道。\n"
    mark = "\ufeff" if encoding in ("gb18030", "utf-16-le", "UTF8") else ""
    path = write(tmp_path, (mark + text).encode(encoding))
    digest = hashlib.sha256()
    assert "".join(read_blocks(TrainingConfig(corpus=path, encoding=encoding), digest)) == text
    assert digest.hexdigest() == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("size", [1, 3, 1 << 22])
@pytest.mark.parametrize(
    ("encoding", "data", "message"),
    [
        ("gb18030", "公主".encode("gb18030") + b"a\xff\xfe", r"not gb18030 at byte 5 \(counted"),
        ("gb18030", "公主".encode("gb18030")[:3], r"not gb18030 at byte 2 \(counted"),
        ("cp1251", b"ab\x98", r"not cp1251 at byte 2 \(counted"),
        ("utf-16-le", "公a".encode("utf-16-le") + b"\0\xd8a\0", r"not utf-16-le at byte 4 \(counted"),
        ("utf-16", "公主".encode("utf-16-be"), r"not utf-16 .*say --encoding utf-16-le"),
    ],
)
def test_bytes_that_are_not_of_the_encoding_are_refused(encoding, data, message, size, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "BLOCK", size)
    with pytest.raises(InputError, match=message):
        list(read_blocks(TrainingConfig(corpus=write(tmp_path, data), encoding=encoding)))


def test_a_document_is_no_text_of_any_encoding(tmp_path):
    with pytest.raises(InputError, match="it is a PDF"):
        list(read_blocks(TrainingConfig(corpus=write(tmp_path, b"%PDF-1.7"), encoding="latin-1")))


@pytest.mark.parametrize("name", ["klingon", "hex", "rot13", "", "a\0"])
def test_an_unknown_encoding_is_refused(name):
    with pytest.raises(InputError, match="is no encoding of text"):
        TrainingConfig(encoding=name)


def shards(place, texts):
    """A directory with a file for each text, every other one compressed and the last with a byte-order mark."""
    place.mkdir()
    for number, text in enumerate(texts):
        data = text.encode("utf-8-sig" if number == len(texts) - 1 else "utf-8")
        if number % 2:
            (place / f"{number}.txt.gz").write_bytes(gzip.compress(data))
        else:
            (place / f"{number}.txt").write_bytes(data)
    return place / "*.txt*"


def test_a_pattern_is_read_as_the_files_joined_by_line_ends(tmp_path, monkeypatch):
    texts = ["王妃很漂亮。她", "公主\n", "他走了", "起来！"]
    pattern = shards(tmp_path / "texts", texts)
    for block in (1, 3, 1 << 22):
        monkeypatch.setattr(files, "BLOCK", block)
        digest = hashlib.sha256()
        joined = write(tmp_path, "\n".join(texts).encode())
        assert [
            s for text in read_blocks(TrainingConfig(corpus=pattern), digest) for s in split_sentences(text)
        ] == read_sentences(TrainingConfig(corpus=joined))
        joined.write_bytes(b"\n".join(text.encode("utf-8-sig" if i == 3 else "utf-8") for i, text in enumerate(texts)))
        assert digest.hexdigest() == hashlib.sha256(joined.read_bytes()).hexdigest()
    assert read_sentences(TrainingConfig(corpus=pattern)) == ["王妃很漂亮。", "她", "公主", "他走了", "起来！"]


def test_small_files_are_given_together(tmp_path):
    assert list(read_blocks(TrainingConfig(corpus=shards(tmp_path / "texts", ["王妃", "", "公主"])))) == [
        "王妃\n\n公主"
    ]


def test_patterns_find_files_in_order_and_no_directories(tmp_path):
    for name in ("b/2.txt", "b/10.txt", "a/deep/1.txt", "a/1.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("王妃", encoding="utf-8")
    (tmp_path / "b" / "dir.txt").mkdir()
    names = [path.relative_to(tmp_path).as_posix() for path in corpus_files(tmp_path / "**" / "*.txt")]
    assert names == ["a/deep/1.txt", "b/10.txt", "b/2.txt"]
    odd = tmp_path / "[1]*.txt" if sys.platform != "win32" else tmp_path / "[1].txt"
    odd.write_text("王妃", encoding="utf-8")
    assert corpus_files(odd) == [odd]  # what exists is no pattern
    with pytest.raises(InputError, match="no file matches"):
        corpus_files(tmp_path / "*.md")
    with pytest.raises(InputError, match=r'is a directory; name a text file, or several: ".*b.\*\.txt"'):
        corpus_files(tmp_path / "b")


def test_the_file_that_is_wrong_is_named(tmp_path):
    pattern = shards(tmp_path / "texts", ["王妃", "公主", "皇帝"])
    (tmp_path / "texts" / "1.txt.gz").write_bytes(gzip.compress("公".encode() + b"a\xff"))
    with pytest.raises(InputError, match=r"1\.txt\.gz: not UTF-8 at byte 4 "):
        read_sentences(TrainingConfig(corpus=pattern))


def test_a_token_is_counted_block_by_block(tmp_path, monkeypatch):
    text = "王妃住在宫里。王妃 很漂亮，妃子！" * 50
    path = tmp_path / "text.gz"
    path.write_bytes(gzip.compress(text.encode()))
    monkeypatch.setattr(files, "BLOCK", 64)
    monkeypatch.setattr(files, "read_sentences", None)  # holds the whole text
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    for tokens, word, times in (("words", "王妃", 100), ("words", "妃", 0), ("characters", "妃", 150)):
        assert count_token(TrainingConfig(corpus=path, tokens=tokens), word) == (times, sha256)
    assert count_token(TrainingConfig(corpus=path, tokens="characters"), "王妃") == (0, sha256)  # two tokens
    with pytest.raises(InputError, match="no such file"):
        count_token(TrainingConfig(corpus=tmp_path / "gone.txt", tokens="words"), "王妃")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in directories")
@pytest.mark.parametrize("zipped", [False, True])
def test_a_pipe_is_read_as_a_file_is(zipped, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(files, "BLOCK", 1000)
    data = (REPOSITORY / "datasets" / "palace.txt").read_bytes()[:30_000]
    data = gzip.compress(data) if zipped else data[: data.rindex(b"\n")]
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=[data], daemon=True)
    writer.start()
    digest = hashlib.sha256()
    blocks = list(read_blocks(TrainingConfig(corpus=path), digest))
    writer.join()
    assert capsys.readouterr().err == f"{path}: is a pipe; waiting for what is written to it\n"
    (tmp_path / "file").write_bytes(data)
    expected = hashlib.sha256()
    assert blocks == list(read_blocks(TrainingConfig(corpus=tmp_path / "file"), expected))
    assert digest.hexdigest() == expected.hexdigest()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other names for these")
def test_what_has_no_end_or_cannot_be_read_again_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for path in ("socket", "/dev/zero", "/dev/null"):
            with pytest.raises(InputError, match=f"{path}: is a device, a terminal or a socket"):
                list(read_blocks(TrainingConfig(corpus=Path(path))))
    os.mkfifo("pipe")
    with pytest.raises(InputError, match="pipe: is no file that can be read again"):
        count_token(TrainingConfig(corpus=Path("pipe"), tokens="words"), "王妃")
    with pytest.raises(InputError, match="/dev/fd/999: no such file; what came out of a pipe is gone"):
        list(read_blocks(TrainingConfig(corpus=Path("/dev/fd/999"))))
    with pytest.raises(InputError, match="-: no such file; standard input is called /dev/stdin"):
        list(read_blocks(TrainingConfig(corpus=Path("-"))))


@pytest.mark.skipif(sys.platform != "linux", reason="names are Unicode")
def test_progress_adds_up_over_the_files(tmp_path, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr(progress, "EVERY", 0)
    for number in range(4):
        (tmp_path / f"{number}.txt").write_text("王妃。" * 100, encoding="utf-8")
    list(read_blocks(TrainingConfig(corpus=tmp_path / "*.txt")))
    shares = [re.search(r"(\d+) %", message)[1] for message in caplog.messages]
    assert list(dict.fromkeys(shares)) == ["25", "50", "75"]


def test_words_are_read_by_a_script_from_standard_input_without_a_guard():
    script = """
from embedding_tutorial.text import files
from embedding_tutorial.text import encoded_corpus
files.BLOCK = 50_000
print(len(encoded_corpus.encode_corpus(encoded_corpus.TrainingConfig(tokens="words")).vocabulary))
"""
    size = len(encode_corpus(TrainingConfig(tokens="words")).vocabulary)
    command, environment = [sys.executable, "-"], {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, input=script, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0 and int(done.stdout) == size, done.stderr
