import pytest

from embedding_tutorial.text.vocabulary import Vocabulary

SEED = "deep learning is very deep".split()


def test_the_article_s_sentence():
    vocabulary = Vocabulary.count([SEED])
    assert vocabulary.encode(SEED) == [1, 2, 3, 4, 1]
    assert vocabulary.decode([1, 2, 3, 4, 1, 0]) == SEED
    assert len(vocabulary) == 4


def test_ids_go_by_count_then_by_first_appearance():
    vocabulary = Vocabulary.count(["很漂亮", "漂亮很漂"])
    assert vocabulary.tokens == ["漂", "很", "亮"]
    assert vocabulary.counts.tolist() == [3, 2, 2]


def test_rare_tokens_get_no_id():
    vocabulary = Vocabulary.count([SEED], min_count=2)
    assert vocabulary.tokens == ["deep"]
    assert vocabulary.encode(SEED, skip_unknown=True) == [1, 1]
    with pytest.raises(KeyError, match="'learning' is not in the vocabulary"):
        vocabulary.encode(SEED)


def test_ids_outside_are_refused():
    vocabulary = Vocabulary.count([SEED])
    for id in (-1, 5):
        with pytest.raises(IndexError, match=f"id {id} is outside"):
            vocabulary.decode([id])


def test_what_is_no_vocabulary_is_refused():
    for tokens, counts in ((["a", "a"], [1, 1]), (["", "a"], [1, 1]), (["a"], [1, 2])):
        with pytest.raises(ValueError, match="tokens"):
            Vocabulary(tokens, counts)


def test_a_file_brings_it_back(tmp_path):
    vocabulary = Vocabulary(['"', "\\", "\0", "\u2028", "👑", "王妃"], [6, 5, 4, 3, 2, 1])
    path = tmp_path / "vocabulary.json"
    path.write_text(vocabulary.to_json(), encoding="utf-8")
    loaded = Vocabulary.load(path)
    assert loaded.tokens == vocabulary.tokens
    assert loaded.counts.tolist() == [6, 5, 4, 3, 2, 1]
