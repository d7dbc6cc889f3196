"""Files that something has damaged: a clear error or the right answer, never a traceback, never another answer.

``DAMAGED=1000 pytest -m long tests/test_damage.py`` damages each file a thousand times.
"""

import os
import random
import shutil

import numpy as np
import pytest

from embedding_tutorial import __main__ as command_line
from embedding_tutorial.config import InputError
from embedding_tutorial.vectors.standard_files import analogies, word_pairs
from embedding_tutorial.vectors.word_vectors import WordVectors

TIMES = [30, pytest.param(int(os.environ.get("DAMAGED", "300")), marks=pytest.mark.long)]


def damage(data: bytes, draw: random.Random) -> bytes:
    """One of the ways in which files get damaged: bits, cuts, holes, repetitions, foreign bytes, nothing left."""
    place, size = draw.randrange(len(data) + 1), draw.randint(1, 40)
    kind = draw.randrange(8)
    if kind == 0:
        at = draw.randrange(len(data))
        return data[:at] + bytes([data[at] ^ (1 << draw.randrange(8))]) + data[at + 1 :]
    if kind == 1:
        return data[:place]
    if kind == 2:
        return data[:place] + data[place + size :]
    if kind == 3:
        return data[:place] + data[place : place + size] + data[place:]
    if kind == 4:
        return data[:place] + draw.randbytes(size) + data[place + size :]
    if kind == 5:
        return data[:place] + b"\0" * size + data[place + size :]
    if kind == 6:
        foreign = [b"nan", b"1e999", b"null", b"[]", b"{}", b'"', b"-1", b"\t", b"\n", b" ", "公主".encode("gbk")]
        return data[:place] + draw.choice(foreign) + data[place:]
    return draw.choice([b"", b"\0", b"null", b"[]", b"{}", b"[" * 100_000, b"\xff\xfe", b"\x93NUMPY"])


@pytest.fixture
def run(finished_run, tmp_path):
    directory = tmp_path / "run"
    shutil.copytree(finished_run[0], directory)
    return directory


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("name", ["vectors.npy", "vocabulary.json", "run.json", "history.csv"])
def test_a_damaged_run_gives_its_answer_or_says_that_it_is_damaged(run, name, times, capsys):
    path, draw = run / name, random.Random(name)
    whole, expected = path.read_bytes(), WordVectors.load(run)
    commands = [["evaluate"], ["neighbors", "王"], ["similarity", "王", "妃"], ["compare", str(run)]]
    answers = {}
    for words in commands:
        command_line.main([*words, *(["--run", str(run)] if words[0] != "compare" else [])])
        answers[words[0]] = capsys.readouterr().out
    refused = 0
    for _ in range(times):
        path.write_bytes(damage(whole, draw))
        try:
            vectors = WordVectors.load(run)
            np.testing.assert_array_equal(vectors.matrix, expected.matrix)
            assert vectors.index_to_key == expected.index_to_key
        except InputError as error:
            assert str(run) in str(error) and "\n" not in str(error)
            refused += 1
        words = draw.choice(commands)
        try:
            command_line.main([*words, *(["--run", str(run)] if words[0] != "compare" else [])])
            if name in ("vectors.npy", "vocabulary.json"):
                assert capsys.readouterr().out == answers[words[0]]
        except InputError as error:
            assert str(run) in str(error) and "\n" not in str(error)
    if name in ("vectors.npy", "vocabulary.json"):
        assert refused > 0.9 * times  # some damage changes nothing, as a repeated run of equal bytes


@pytest.mark.parametrize("times", TIMES)
def test_a_damaged_vectors_file_is_refused_or_gives_a_table_of_numbers(run, times):
    """The format has no checksum: another digit is another number. But rows and columns always fit."""
    path, draw = run / "vectors.txt", random.Random(1)
    whole = path.read_bytes()
    for _ in range(times):
        path.write_bytes(damage(whole, draw))
        try:
            vectors = WordVectors.load_word2vec(path)
            assert vectors.matrix.shape == (len(vectors), vectors.matrix.shape[1]) and np.isfinite(vectors.matrix).all()
        except InputError as error:
            assert str(path) in str(error) and "\n" not in str(error)


@pytest.mark.parametrize("times", TIMES)
def test_a_damaged_evaluation_file_is_refused_or_read(finished_run, tmp_path, times):
    vectors, draw = WordVectors.load(finished_run[0]), random.Random(2)
    texts = {
        word_pairs: "# words\n王\t妃\t9.5\n牛\t羊\t8\n王\t牛\t1\n",
        analogies: ": court\n王 妃 皇 后\n皇 后 王 妃\n: farm\n牛 羊 鸡 鸭\n",
    }
    for ask, text in texts.items():
        for _ in range(times):
            path = tmp_path / "file.txt"
            path.write_bytes(damage(text.encode(), draw))
            try:
                ask(vectors, path)
            except InputError as error:
                assert str(path) in str(error) and "\n" not in str(error)


def test_nothing_that_could_run_code_is_loaded(run):
    class Trap:
        def __reduce__(self):
            return os.system, ("touch trapped",)

    np.save(run / "vectors.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(InputError, match="damaged"):
        WordVectors.load(run)
    assert not os.path.exists("trapped")
