"""Word pairs and analogies in the field's formats, against gensim's own evaluation."""

import numpy as np
import pytest
from gensim.models import KeyedVectors

from embedding_tutorial.config import InputError
from embedding_tutorial.standard_files import analogies, word_pairs
from embedding_tutorial.vectors import WordVectors

TOKENS = [f"w{i}" for i in range(60)]


@pytest.fixture(scope="module")
def ours():
    return WordVectors(TOKENS, range(60, 0, -1), np.random.default_rng(0).normal(size=(60, 6)))


@pytest.fixture(scope="module")
def theirs(ours):
    vectors = KeyedVectors(6)
    vectors.add_vectors(ours.index_to_key, ours.matrix)
    return vectors


def test_word_pairs_are_gensim_s(ours, theirs, tmp_path):
    draw = np.random.default_rng(1)
    lines = ["# word\tword\tscore"]
    lines += [f"w{draw.integers(60)}\tw{draw.integers(60)}\t{draw.integers(0, 10)}" for _ in range(100)]
    lines += ["w1\tunknown\t5", "nobody\tw2\t3"]
    (tmp_path / "pairs.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = word_pairs(ours, tmp_path / "pairs.tsv")
    _, spearman, unknown = theirs.evaluate_word_pairs(str(tmp_path / "pairs.tsv"), case_insensitive=False)
    assert found.spearman == pytest.approx(spearman[0], abs=1e-6)
    assert 100 * (1 - found.known / found.total) == pytest.approx(unknown)


def test_analogies_are_gensim_s(ours, theirs, tmp_path):
    draw = np.random.default_rng(2)
    lines = []
    for section in ("family", "places"):
        lines.append(f": {section}")
        for _ in range(40):
            a, b, c = draw.choice(60, 3, replace=False)
            wanted = theirs.most_similar(positive=[f"w{b}", f"w{c}"], negative=[f"w{a}"], topn=3)
            lines.append(f"w{a} w{b} w{c} {wanted[draw.integers(3)][0]}")
    lines += [": unknown", "w1 w2 w3 龙"]
    (tmp_path / "analogies.txt").write_text("\n".join(lines), encoding="utf-8")
    found = {section.name: section for section in analogies(ours, tmp_path / "analogies.txt")}
    accuracy, sections = theirs.evaluate_word_analogies(str(tmp_path / "analogies.txt"), case_insensitive=False)
    for section in sections[:2]:
        right, wrong = len(section["correct"]), len(section["incorrect"])
        assert found[section["section"]].accuracy == pytest.approx(right / (right + wrong))
        assert found[section["section"]].known == 40
    assert found["all"].accuracy == pytest.approx(accuracy)
    assert (found["unknown"].known, found["unknown"].total) == (0, 1)
    assert (found["all"].known, found["all"].total) == (80, 81)


def test_ranks_with_and_without_the_question_s_words(tmp_path):
    vectors = WordVectors("abcdx", [1] * 5, [[1, 0], [0.9, 0.3], [0.8, 0.5], [0.42, 0.9], [-1, 0]])
    (tmp_path / "one.txt").write_text(": s\na b c d\n", encoding="utf-8")
    section, _ = analogies(vectors, tmp_path / "one.txt")
    # At length 1, b - a + c points 47 degrees up: c at 32 is nearer to it than d at 65.
    assert (section.median_rank, section.median_rank_all) == (1, 2)
    assert section.accuracy == 1


@pytest.mark.parametrize(
    ("read", "text", "message"),
    [
        (word_pairs, "a\tb\tmuch\n", "line 1: expected word TAB word TAB score"),
        (word_pairs, "# fine\na b 3\n", "line 2"),
        (analogies, "a b c d\n", "line 1: expected ': section' first"),
        (analogies, ": s\n\na b c\n", "line 3"),
        (analogies, ": s\n", "holds no question"),
        (analogies, "", "holds no question"),
    ],
)
def test_a_file_of_another_form_is_refused_at_its_line(ours, tmp_path, read, text, message):
    (tmp_path / "file").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read(ours, tmp_path / "file")


@pytest.mark.parametrize("read", [word_pairs, analogies])
def test_what_is_no_text_is_refused(ours, tmp_path, read):
    (tmp_path / "gbk").write_bytes("公主".encode("gbk"))
    with pytest.raises(InputError, match="not UTF-8 at byte 0"):
        read(ours, tmp_path / "gbk")
    with pytest.raises(InputError, match="cannot be read"):
        read(ours, tmp_path / "nothing")
