"""Word pairs and analogies in the field's formats, against gensim's own evaluation."""

from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from gensim.test.utils import datapath
from scipy.stats import spearmanr

from embedding_tutorial.config import InputError
from embedding_tutorial.vectors.standard_files import analogies, word_pairs
from embedding_tutorial.vectors.word_vectors import WordVectors

TOKENS = [f"w{i}" for i in range(60)]


@pytest.fixture(scope="module")
def ours():
    return WordVectors(TOKENS, range(60, 0, -1), np.random.default_rng(0).normal(size=(60, 6)))


@pytest.fixture(scope="module")
def theirs(ours):
    vectors = KeyedVectors(6)
    vectors.add_vectors(ours.index_to_key, ours.matrix)
    return vectors


def drawn_pairs(draw, size: int = 100) -> list[list[str]]:
    return [[f"w{draw.integers(60)}", f"w{draw.integers(60)}", f"{draw.integers(0, 10)}"] for _ in range(size)]


@pytest.mark.parametrize("delimiter", ["\t", ",", " "])
@pytest.mark.parametrize("header", ["# word word score", "Word 1{}Word 2{}Human", "词{}词{}分数", None])
def test_word_pairs_are_gensim_s(ours, theirs, tmp_path, delimiter, header):
    header = header and header.replace("Word ", "Word").replace("{}", delimiter)
    lines = [delimiter.join(pair) for pair in drawn_pairs(np.random.default_rng(1))]
    lines += [delimiter.join(pair) for pair in (["w1", "unknown", "5"], ["nobody", "w2", "3"])]
    (tmp_path / "pairs").write_text("\n".join([header] * bool(header) + lines) + "\n\n", encoding="utf-8-sig")
    found = word_pairs(ours, tmp_path / "pairs")
    (tmp_path / "pairs").write_text("\n".join(lines) + "\n", encoding="utf-8")
    options = {"delimiter": delimiter, "case_insensitive": False}
    _, spearman, unknown = theirs.evaluate_word_pairs(str(tmp_path / "pairs"), **options)
    assert found.spearman == pytest.approx(spearman[0], abs=1e-6)
    assert (found.known, found.total) == (100, 102) and unknown == pytest.approx(100 * 2 / 102)


@pytest.mark.parametrize(
    "form",
    [
        "{0} {1} {2} 3 1 4 1 5 ",  # COS960: the mean, and what each person said
        "{0},{1},{2},9,8",  # WordSim's set1.csv
        "{0}\t{1}\tN\t{2}\t1.5\t2",  # SimLex: the part of speech comes before the score
        "{0}\t{1}\tV\t{2}\tSYNONYMS",  # SimVerb
        "{0}   {1}  {2}",
        "{0} \t{1}\t {2}\r",
    ],
)
def test_further_columns_are_passed_over(ours, tmp_path, form):
    pairs = drawn_pairs(np.random.default_rng(2))
    (tmp_path / "pairs").write_text("\n".join(form.format(*pair) for pair in pairs), encoding="utf-8")
    cosines = [ours.similarity(first, second) for first, second, _ in pairs]
    expected = spearmanr([float(score) for _, _, score in pairs], cosines).statistic
    assert word_pairs(ours, tmp_path / "pairs").spearman == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", ["wordsim353.tsv", "simlex999.txt"])
def test_the_known_pairs_are_gensim_s(name):
    lines = [
        line.split("\t") for line in Path(datapath(name)).read_text(encoding="utf-8").splitlines() if line[0] != "#"
    ]
    words = sorted({word for first, second, _ in lines for word in (first, second)})[::2]
    known = WordVectors(words, [1] * len(words), np.random.default_rng(0).normal(size=(len(words), 8)))
    theirs = KeyedVectors(8)
    theirs.add_vectors(words, known.matrix)
    _, spearman, unknown = theirs.evaluate_word_pairs(datapath(name), case_insensitive=False)
    found = word_pairs(known, datapath(name))
    assert found.spearman == pytest.approx(spearman[0], abs=1e-6)
    assert 100 * (1 - found.known / found.total) == pytest.approx(unknown)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("w1 w2 5\nw3 w4 5\n", "all scores are equal"),
        ("w1 w2 5\nw1 w2 6\n", "all cosines are equal"),
        ("w1 w2 5\nw1 nobody 6\n", "two pairs with vectors are needed"),
        ("nobody knows 6\n", "two pairs with vectors are needed"),
    ],
)
def test_where_there_is_no_correlation_it_is_said_why(ours, tmp_path, text, why):
    (tmp_path / "pairs").write_text(text, encoding="utf-8")
    found = word_pairs(ours, tmp_path / "pairs")
    assert np.isnan(found.spearman) and why in found.undefined


def test_analogies_are_gensim_s(tmp_path):
    """On many files: words that occur twice in a question, answers that are words of it, sections of one name."""
    draw, path, own_word = np.random.default_rng(2), tmp_path / "analogies.txt", 0
    for _ in range(30):
        tokens = TOKENS[: draw.integers(2, 40)]
        ours = WordVectors(tokens, [1] * len(tokens), draw.normal(size=(len(tokens), 3)))
        theirs = KeyedVectors(3)
        theirs.add_vectors(tokens, ours.matrix)
        names = draw.choice(["all", "family", "None", "Total accuracy"], 4).tolist()
        lines = []
        for name in names:
            lines.append(f": {name}")
            for _ in range(draw.integers(1, 20)):
                a, b, c, d, e = draw.choice([*tokens, "nobody"], 5)
                if "nobody" not in (a, b, c):
                    d = next((token for token, _ in theirs.most_similar([b, c], [a])), d)
                answer = draw.choice([d, d, d, a, b, c, e])
                lines.append(f"{a} {b} {c} {answer}")
                own_word += answer in (a, b, c) and "nobody" not in lines[-1]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        _, sections = theirs.evaluate_word_analogies(str(path), case_insensitive=False, restrict_vocab=None)
        right = np.array([len(section["correct"]) for section in sections])
        known = np.array([len(section["incorrect"]) for section in sections]) + right
        found = analogies(ours, path)
        assert [section.name for section in found] == [*names, None]
        assert [section.known for section in found] == known.tolist()
        assert found[-1].total == len(lines) - 4 == sum(section.total for section in found[:-1])
        expected = np.divide(right, known, out=np.full(5, np.nan), where=known > 0)
        np.testing.assert_allclose([section.accuracy for section in found], expected)
    assert own_word > 100


def test_an_answer_that_is_a_word_of_its_question_is_wrong_and_comes_last(tmp_path):
    vectors = WordVectors("abc", [1] * 3, [[1, 0], [0.9, 0.3], [0, 1]])
    for question in ("a b b b", "a a a a", "a b c c", "c b a b"):
        (tmp_path / "one.txt").write_text(f": s\n{question}\n", encoding="utf-8")
        section, total = analogies(vectors, tmp_path / "one.txt")
        assert (section.accuracy, section.known, section.median_rank) == (0, 1, 4) and total.accuracy == 0


def test_what_ties_with_the_right_answer_is_not_told_from_it(tmp_path):
    (tmp_path / "one.txt").write_text(": s\na b c d\n", encoding="utf-8")
    _, total = analogies(WordVectors("abcde", [1] * 5, np.zeros((5, 2))), tmp_path / "one.txt")
    assert (total.accuracy, total.median_rank, total.median_rank_all) == (0, 2, 5)


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
        (word_pairs, "a\tb\tmuch\n", "line 1: expected word, word, score"),
        (word_pairs, "# fine\na b\n", "line 2"),
        (word_pairs, "a\tb\t1\nc d 2\ne\tf\t3\n", "line 2"),  # not separated as the others
        (word_pairs, "a\tb\t1\nc\td\tmuch\ne\tf\t3\n", "line 2"),
        (word_pairs, "a\tb\t7,5\nc\td\t3\n", "line 1"),  # no name of a column
        (word_pairs, "a b 7,5\n", "line 1"),
        (word_pairs, "a\tb\tnan\n", "line 1"),
        (word_pairs, "\tb\t3\n", "line 1"),
        (word_pairs, "1\ta\tb\t3\n2\tc\td\t4\n", "line 2"),  # numbered lines, or numbers as words?
        (word_pairs, "# fine\n", "holds no pair"),
        (word_pairs, "", "holds no pair"),
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
