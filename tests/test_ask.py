"""``python -m embedding_tutorial``: questions to a finished run."""

import io
import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
from conftest import COURT, FARM, REPOSITORY, run_python, write_run

from embedding_tutorial import __main__ as ask
from embedding_tutorial.config import InputError
from embedding_tutorial.tables import show
from embedding_tutorial.vectors.groups import CATEGORIES
from embedding_tutorial.vectors.word_vectors import WordVectors


@pytest.fixture
def place(finished_run, monkeypatch):
    """The directory from which the run was trained, as the working directory."""
    monkeypatch.chdir(finished_run[0].parent.parent)
    return finished_run[0]


def no_json(constant):
    raise AssertionError(f"{constant} is no JSON")


def answer(capsys, *arguments):
    capsys.readouterr()
    ask.main([*map(str, arguments), "--json"])
    return json.loads(capsys.readouterr().out, parse_constant=no_json)


def refused(*arguments):
    """What a question ends with that cannot be answered: one line."""
    with pytest.raises(InputError) as error:
        ask.main([*map(str, arguments)])
    assert str(error.value).isprintable()  # so it is one line
    return str(error.value)


def misused(capsys, *arguments):
    """The last line that argparse writes."""
    with pytest.raises(SystemExit) as end:
        ask.main([*arguments])
    assert end.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_neighbours_are_those_of_the_vectors(place, capsys):
    rows = answer(capsys, "neighbors", "王", "牛", "--topn", "7")["rows"]
    vectors = WordVectors.load(place)
    for asked, world in (("王", COURT), ("牛", FARM)):
        found = [(row["nearest"], row["cosine"]) for row in rows if row["asked"] == asked]
        assert found == [(token, round(cosine, 3)) for token, cosine in vectors.most_similar(asked, topn=7)]
        assert {token for token, _ in found} == set(world) - {asked}


def test_a_composed_word_is_said_to_be_composed(place, capsys):
    found = answer(capsys, "neighbors", "王妃")
    assert found["notes"] == ["王妃 is composed of 王 + 妃"]
    assert not {"王", "妃"} & {row["nearest"] for row in found["rows"]}


def test_similarity_comes_with_ranks(place, capsys):
    vectors = WordVectors.load(place)
    (row,) = answer(capsys, "similarity", "王", "妃")["rows"]
    assert row["cosine"] == round(vectors.similarity("王", "妃"), 3)
    order = [token for token, _ in vectors.most_similar("王", topn=16)]
    assert row["妃 near 王"] == order.index("妃") + 1
    # a word has no place among its own neighbours
    assert answer(capsys, "similarity", "王", "王")["rows"] == [{"first": "王", "second": "王", "cosine": 1.0}]


def test_analogy_and_odd_one_out(place, capsys):
    vectors = WordVectors.load(place)
    found = [row["answer"] for row in answer(capsys, "analogy", "王", "后", "皇")["rows"]]
    assert found == [token for token, _ in vectors.most_similar(["后", "皇"], ["王"], topn=5)]
    assert answer(capsys, "odd-one-out", "牛", "王", "羊", "鸡")["rows"] == [{"odd one out": "王"}]


def test_evaluation_stands_beside_chance_and_untrained(place, capsys):
    rows = answer(capsys, "evaluate")["rows"]
    radicals = {row["of"]: row for row in rows if row["figure"] == "radical agreement"}
    assert set(radicals) == {"trained", "untrained"}
    assert radicals["trained"]["from"] <= radicals["trained"]["value"] <= radicals["trained"]["to"]
    assert 0 < radicals["trained"]["chance"] < 1


def test_a_run_of_small_letters_is_asked_in_any(tmp_path, capsys):
    vectors = WordVectors(["deep", "learning", "is"], [9, 9, 9], np.eye(3))
    run = write_run(tmp_path / "run", vectors=vectors, tokens="words", lower=True)
    ask.main(["similarity", "Deep", "LEARNING", "--run", str(run)])
    assert "deep learning" in " ".join(capsys.readouterr().out.split())


def test_groups_of_one_s_own_are_evaluated_and_compared(tmp_path, capsys):
    vectors = WordVectors("王妃牛羊", [9] * 4, np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]]))
    run, groups = write_run(tmp_path / "run", vectors=vectors, dim=2), tmp_path / "groups.tsv"
    given = ["--categories", groups]
    groups.write_text("court\t王\ncourt\t妃\nfarm\t牛\nfarm\t羊\nfarm\t驴\n", encoding="utf-8")
    figures = {row["figure"]: row for row in answer(capsys, "evaluate", *given, "--run", run)["rows"]}
    agreement = figures["category agreement, test groups"]
    assert (agreement["value"], agreement["chance"], agreement["tokens"]) == (1, 0.333, 4)
    own = write_run(tmp_path / "own", vectors=vectors, dim=2, categories=groups)
    assert answer(capsys, "evaluate", "--run", own)["rows"] == answer(capsys, "evaluate", *given, "--run", own)["rows"]
    (row,) = answer(capsys, "compare", *given, run)["rows"]
    assert row["test groups"] == 1 and row["dev groups"] is None

    for content, reason in (
        ("a\t龙\na\t凤\n", "none of its 2 characters has a vector"),
        ("a\t王\nb\t牛\n", "2 of its 2 characters have"),
    ):
        groups.write_text(content, encoding="utf-8")
        assert answer(capsys, "evaluate", *given, "--run", run)["notes"][1].startswith(f"{groups}: {reason}")
        assert answer(capsys, "compare", *given, run)["notes"][0].startswith(f"{run}: {groups}: {reason}")


def test_standard_files_are_evaluated(place, capsys, tmp_path):
    (tmp_path / "pairs").write_text("王\t妃\t9\n王\t牛\t1\n牛\t羊\t8\n王\t龙\t5\n", encoding="utf-8")
    (tmp_path / "questions").write_text(": farm\n牛 羊 鸡 鸭\n王 龙 后 皇\n", encoding="utf-8")
    found = answer(capsys, "evaluate", "--pairs", str(tmp_path / "pairs"), "--analogies", str(tmp_path / "questions"))
    figures = {row["figure"]: row for row in found["rows"]}
    assert figures["word pairs, Spearman"]["tokens"] == 3 and figures["word pairs, Spearman"]["value"] > 0
    assert figures["analogies, farm"]["tokens"] == 1
    assert any("3 of 4 pairs" in note for note in found["notes"])
    assert any(note.startswith("farm: 1 of 2 questions have vectors") for note in found["notes"])


def test_controls_fall_to_chance_and_twins_find_each_other(place, capsys):
    rows = answer(capsys, "evaluate", "--controls")["rows"]  # what is said meanwhile is no part of the answer
    assert {row["of"] for row in rows} == {"trained", "untrained", "shuffled text", "PPMI + SVD"}
    assert any(row["figure"].startswith("twin among the 10 nearest") for row in rows)


def test_nothing_but_json_is_written_where_json_is_asked_for(capsys):
    values = [float("nan"), np.float64("inf"), np.float32("nan"), np.float32(0.5), np.int64(3), None, "王"]
    answer = {"notes": [], "columns": list("abcdefg"), "rows": [values]}
    show(answer, as_json=True)
    (row,) = json.loads(capsys.readouterr().out, parse_constant=no_json)["rows"]
    assert [*row.values()] == [None, None, None, 0.5, 3, None, "王"]
    show(answer, as_json=False)
    assert capsys.readouterr().out.splitlines()[1].split() == ["-", "-", "-", "0.5", "3", "-", "王"]


STRANGE = "\x1b[31m\x9b2J\u202e\u2028\x7f\udcff\n👑é王"  # steers a terminal, turns text round, ends a line, is no UTF-8


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "latin-1"])
def test_json_is_read_back_on_every_console(encoding, monkeypatch):
    written = io.BytesIO()
    console = io.TextIOWrapper(written, encoding, errors="backslashreplace", write_through=True)
    monkeypatch.setattr("sys.stdout", console)
    show({"notes": [STRANGE], "columns": ["token"], "rows": [[STRANGE]]}, as_json=True)
    text = written.getvalue().decode(encoding)
    assert json.loads(text) == {"notes": [STRANGE], "rows": [{"token": STRANGE}]}
    assert text.replace("\n", "").isprintable()
    assert ("王" in text) == (encoding != "latin-1") and ("👑" in text) == (encoding == "utf-8")


def test_no_character_steers_the_terminal(tmp_path, capsys):
    tokens = [*(COURT + FARM), "\x1b", "\x9b", "\u202e", "\ufe0f", "\u0301"]
    vectors = WordVectors(tokens, [9] * 21, np.random.default_rng(0).normal(size=(21, 4)))
    run = write_run(tmp_path / "\x1b[31m", vectors=vectors, dim=4)
    for words in (["neighbors", "王\x1b", "王"], ["similarity", "\x9b", "王"], ["evaluate"]):
        ask.main([*words, "--run", str(run)])
        printed = capsys.readouterr().out
        assert printed and printed.replace("\n", "").isprintable()
    ask.main(["neighbors", "王", "--topn", "99", "--run", str(run)])
    assert {r"\u001b", r"\u009b", r"\u202e", r"\ufe0f", "\u25cc\u0301"} <= set(capsys.readouterr().out.split())
    assert r"\x1b[32m" in refused("neighbors", "\x1b[32m", "--run", run)
    assert r"\u001b[33m: no such" in refused("neighbors", "王", "--run", "\x1b[33m")
    assert misused(capsys, "plan", "\x1b[34m").isprintable()


def test_a_question_without_an_answer_says_so(tmp_path, capsys):
    run = write_run(tmp_path / "run")
    everything = COURT + FARM
    ask.main(["neighbors", everything, "--run", str(run)])
    assert capsys.readouterr().out.splitlines()[1] == f"nothing is near {everything}: it is composed of all tokens"
    ask.main(["analogy", everything, "王", "妃", "--run", str(run)])
    assert capsys.readouterr().out.splitlines()[-1].startswith("no answer is left")
    assert refused("odd-one-out", "牛", "王", "--run", run).startswith("name three words or more")
    letters = [chr(97 + number) for number in range(16)]
    vectors = WordVectors(letters, [9] * 16, np.eye(16))
    write_run(tmp_path / "letters", vectors=vectors)
    ask.main(["evaluate", "--run", str(tmp_path / "letters")])
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 2 and printed[1].startswith(f"{CATEGORIES}: none of its ")
    assert answer(capsys, "evaluate", "--run", tmp_path / "letters")["rows"] == []


def test_what_a_test_file_cannot_tell_is_not_known_and_the_note_says_why(tmp_path, capsys):
    (tmp_path / "pairs").write_text("王\t妃\t5\n牛\t羊\t5\n", encoding="utf-8")  # equal scores have no ranks
    (tmp_path / "questions").write_text(": known\n王 妃 皇 后\n: unknown\n龙 凤 虎 豹\n", encoding="utf-8")
    files = ["--pairs", tmp_path / "pairs", "--analogies", tmp_path / "questions", "--run", write_run(tmp_path / "run")]
    found = answer(capsys, "evaluate", *files)
    figures = {row["figure"]: row for row in found["rows"]}
    assert figures["word pairs, Spearman"]["value"] is None
    assert figures["analogies, unknown"]["value"] is None and figures["analogies, unknown"]["tokens"] == 0
    assert figures["analogies, known"]["chance"] == pytest.approx(
        1 / 13, abs=1e-6
    )  # the question's words are no answers
    assert "unknown: 0 of 1 questions have vectors" in found["notes"]
    assert any("2 of 2 pairs have vectors; all scores are equal" in note for note in found["notes"])
    ask.main(["evaluate", *map(str, files)])
    assert "nan" not in capsys.readouterr().out


@pytest.mark.parametrize("flag", ["--topn", "--port"])
@pytest.mark.parametrize("number", ["0", "-3", "99999999999999999999", 400 * "9", "many", "1.5"])
def test_a_number_out_of_range_is_one_line(flag, number, capsys):
    words = ["neighbors", "王"] if flag == "--topn" else ["tensorboard"]
    most = "1e+15" if flag == "--topn" else "65535"
    line = misused(capsys, *words, flag, number)
    assert line.endswith(f"argument {flag}: expected a whole number from 1 to {most}, not '{number[:40]}'")


def test_a_port_in_use_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", lambda *_: pytest.fail("TensorBoard is started"))
    with socket.create_server(("localhost", 0)) as taken:
        port, run = taken.getsockname()[1], write_run(tmp_path / "run")
        assert refused("tensorboard", "--run", run, "--port", port).startswith(f"--port {port}: ")


def test_a_missing_tensorboard_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr("subprocess.Popen", lambda *_: pytest.fail("TensorBoard is started"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    message = refused("tensorboard", "--run", write_run(tmp_path / "run"))
    assert message == "Python cannot find tensorboard; pip install -r requirements.txt"


def test_what_retraining_needs_is_checked_before_it_begins(tmp_path, monkeypatch):
    text, given = tmp_path / "worlds.txt", tmp_path / "given.txt"
    WordVectors("王", [1], np.ones((1, 4))).save_word2vec(given)
    run = write_run(tmp_path / "run", init=given, dim=4)
    monkeypatch.setattr("embedding_tutorial.vectors.report.encode_corpus", lambda *_: pytest.fail("it begins"))
    WordVectors("妃", [1], np.ones((1, 4))).save_word2vec(given)
    changed = f"--init {given}: is not the file that {run} was begun with"
    assert refused("evaluate", "--controls", "--run", run) == changed
    given.unlink()
    assert refused("evaluate", "--controls", "--run", run).startswith(f"{given}: ")
    text.write_text("王" + text.read_text(encoding="utf-8"), encoding="utf-8")
    assert refused("evaluate", "--controls", "--run", run).startswith(f"{text}: has changed since {run} was trained")
    text.unlink()
    assert refused("evaluate", "--controls", "--run", run) == f"{text}: no such file"
    run = write_run(tmp_path / "another")
    assert refused("evaluate", "--controls", "--pairs", "missing", "--run", run).startswith("missing: ")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    assert refused("evaluate", "--controls", "--run", run).startswith("KERAS_BACKEND is torch")


def command(*arguments, cwd):
    return run_python("-m", "embedding_tutorial", *arguments, cwd=cwd)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["neighbors", "龙"], "'龙' has no vector: it is not in the text"),
        (["similarity", "王", "王龙"], "'王龙' has no vector"),
        (["neighbors", "王", "--run", "nowhere"], "nowhere: no such directory"),
        (["compare", "runs"], "runs: is no run directory"),
    ],
)
def test_what_cannot_be_answered_gets_one_clear_line(place, arguments, message):
    done = command(*arguments, cwd=place.parent.parent)
    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert message in line


def test_a_missing_word_is_looked_up_in_the_text_that_was_trained_on(tmp_path):
    text, run = tmp_path / "text.txt", tmp_path / "run"
    text.write_text("龙来了\n龙走\n" + "凤" * 9, encoding="utf-8")
    write_run(run, corpus=text)

    def ask_for(word):
        return refused("neighbors", word, "--run", run).removeprefix(f"{word!r} has no vector")

    assert ask_for("龙") == ": it is seen 2 times, fewer than --min-count 5"
    assert ask_for("马") == ": it is not in the text"
    assert ask_for("王龙") == ": '龙' is seen 2 times, fewer than --min-count 5; did you mean 王?"
    assert ask_for("凤").startswith(": it is seen 9 times, as the text is cut now; it was cut otherwise when")
    for word in ("", " ", "龙 来", "\u3000龙"):
        assert ask_for(word) == ": no token is empty or holds a blank; give several words one by one"
    text.write_text("龙" * 21, encoding="utf-8")
    assert ask_for("龙") == f"; {text} has changed since the run; it is seen 21 times in it now"
    assert ask_for("马") == f"; {text} has changed since the run; it is seen 0 times in it now"
    text.write_bytes("龙".encode("gbk"))
    unknown = "; the text cannot be read any more, so whether it is rare or absent is not known ("
    assert ask_for("马").startswith(f"{unknown}{text}: not UTF-8")
    text.unlink()
    assert ask_for("马") == f"{unknown}{text}: no such file)"
    if hasattr(os, "mkfifo"):
        os.mkfifo(text)  # nobody writes to it: reading would never end
        assert ask_for("马") == f"{unknown}{text}: is no file that can be read again)"


def test_a_table_is_printed_for_people(place):
    done = command("neighbors", "王", "--topn", "2", cwd=place.parent.parent)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 3
    assert done.stdout.splitlines()[0].split() == ["asked", "nearest", "cosine", "count"]


def test_answers_need_neither_keras_nor_the_rooms_above(place):
    code = "import sys; from embedding_tutorial.__main__ import main; main(['evaluate']); print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=place.parent.parent,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    above = tuple(f"embedding_tutorial.{room}" for room in ("model", "pictures", "scale", "lessons"))
    assert not [name for name in done.stdout.split() if name.startswith(("keras", "tensorflow", *above))]
