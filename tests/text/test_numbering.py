"""The hash table of tokens, against pandas.factorize."""

from itertools import accumulate

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from embedding_tutorial.text import numbering
from embedding_tutorial.text.numbering import Numbering

# Tokens of every size, many of them equal; a zero is a character like others.
TOKENS = st.lists(
    st.text(st.sampled_from("王妃aAб\0\U0010ffff"), min_size=1, max_size=5)
    | st.text(st.characters(codec="utf-8"), min_size=1)
)


def number(table: Numbering, tokens: list[str]) -> np.ndarray:
    sizes = np.array(list(map(len, tokens)), np.int32)
    return table.number("".join(tokens), np.cumsum(sizes, dtype=np.int32) - sizes, sizes)


@pytest.mark.parametrize("lower", [False, True])
@given(parts=st.lists(TOKENS))
@example(parts=[["\0", "\0\0", "a", "a\0", "a\0\0", "\0a", "\0\0\0\0"], ["aA", "Aa", "AAAA", "a\0", "aaaa"]])
def test_tokens_get_the_numbers_of_pandas(lower, parts):
    table = Numbering(lower)
    numbers = [number(table, tokens) for tokens in parts]
    tokens = [token.lower() if lower else token for tokens in parts for token in tokens]
    expected, names = pd.factorize(np.array([*tokens, None], object))
    assert np.concatenate([*numbers, [-1]]).tolist() == expected.tolist()
    assert table.names == list(names)
    assert all(found.dtype == "int32" for found in numbers)


@pytest.mark.parametrize("multiplier", [numbering.MULTIPLIER, np.uint64(0)])  # 0: all tokens want the first place
def test_the_table_grows_and_tokens_that_want_the_same_place_stay_apart(multiplier, monkeypatch):
    monkeypatch.setattr(numbering, "MULTIPLIER", multiplier)
    size = 60_000 if multiplier else 300
    draw = np.random.default_rng(1)
    tokens = [chr(0x4E00 + first) + chr(0x4E00 + second) for first, second in draw.integers(0, 400, (size, 2))]
    table = Numbering()
    cuts = [0, *accumulate([size // 3] * 3)]
    numbers = np.concatenate([number(table, tokens[cuts[k] : cuts[k + 1]]) for k in range(3)])
    expected, names = pd.factorize(np.array(tokens, object))
    np.testing.assert_array_equal(numbers, expected)
    assert table.names == list(names)
