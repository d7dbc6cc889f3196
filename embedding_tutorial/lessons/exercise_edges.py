"""Fixed inputs for each exercise, tried before the random ones: small cases where near-right answers go wrong."""

from typing import Any

import numpy as np

from embedding_tutorial.lessons.exercise_inputs import LinearLayer


def _array(*rows: Any) -> np.ndarray:
    return np.array(rows, dtype=float)


COURT, PAIR = ("公主", "皇帝"), (_array(1, 0), _array(2, 1), _array(-1, 3))  # PAIR: center, context, noise
SQUARE, TABLE = _array([1, 2], [3, 4]), _array([9, 9], [1, 2], [3, 5])  # TABLE: row 0 is padding
FANS = _array([1, 0], [5, 5], [0, 0.1], [-2, 0.5])  # long and near, short and far

EDGES: dict[str, list[tuple]] = {
    # 1 one-hot
    "one_hot_row": [(0, 1), (0, 2), (1, 2), (2, 4)],
    "dot": [(_array(2), _array(3)), (_array(1, 2), _array(3, 4)), (_array(1, -1), _array(1, 1))],
    # 2 index
    "encode_by_appearance": [(["is"],), (["is", "deep"],), (["is", "deep", "deep"],), (["is", "deep", "is", "a"],)],
    "encode_by_count": [
        (["is"],),
        (["is", "deep"],),
        (["is", "deep", "deep"],),
        (["is", "deep", "deep", "is"],),
        (["b", "a", "c", "a", "c", "b", "c"],),
    ],
    "pad_rows": [([[1]],), ([[1, 2], [3, 4]],), ([[1], [2, 3]],), ([[1, 2], [3]],), ([[1], [2, 3, 4], [5, 6]],)],
    # 3 lookup
    "lookup_rows": [(SQUARE, [0]), (SQUARE, [1, 0]), (SQUARE, [0, 1, 0])],
    "one_hot_to_ids": [(np.eye(2)[[0]],), (np.eye(2)[[1, 0]],), (np.eye(3)[[2, 2, 0]],)],
    "lookup_exported": [(SQUARE, [1]), (SQUARE, [0]), (SQUARE, [2, 0, 1, 0])],
    # 4 sparse to dense
    "matrix_product": [
        (_array([2]), _array([3])),
        (_array([1, 2]), _array([3], [4])),
        (_array([1], [2]), _array([3, 4])),
        (SQUARE, _array([0, 1], [2, 5])),
    ],
    "share_of_zeros": [(np.array(rows),) for rows in ([[0]], [[3]], [[0, 1, 1]], [[0], [5]], [[-1, 0], [2, 4]])],
    "table_from_rows": [([0], _array([7, 8]), 1), ([1], _array([7, 8]), 3), ([2, 0], SQUARE, 3)],
    # 5 features by hand
    "cosine_by_hand": [
        (_array(1, 0), _array(0, 2)),
        (_array(3, 4), _array(3, 4)),
        (_array(1, 0), _array(-2, 0)),
        (_array(1, 0), _array(3, 4)),
    ],
    "weighted_sum": [
        (_array(2, 0), SQUARE),
        (_array(1, 2), _array([1, 0], [0, 1])),
        (_array(1, -2), SQUARE),
        (_array(1, 1), _array([1, 2, 3], [4, 5, 6])),
    ],
    "has_factors": [
        (_array(*a), _array(*b))
        for a, b in ([[0], [0]], [[0], [1]], [[1], [0]], [[2], [3]], [[0, 1], [0, 2]], [[1, 0], [1, 1]])
    ],
    # 6 lookup is a linear layer
    "hidden_table": [
        (LinearLayer(table), len(table))
        for table in (_array([5]), _array([1, 2, 3], [4, 5, 6]), _array([0, 1], [2, 3]))
    ],
    "multiplications_by_zero": [(1, 1, 1), (1, 2, 1), (2, 3, 4), (1_000, 50_000, 300)],
    "ids_without_a_row": [([0], 1), ([2], 2), ([-1, 0], 2), ([3, 3], 2), ([5, 0, -2, 4], 3)],
    # 7 count it yourself
    "near_count": [
        (words.split(), *COURT, window)
        for words, window in (
            ("公主 皇帝", 1),
            ("皇帝 公主", 1),
            ("公主 的 皇帝", 1),
            ("公主 的 皇帝", 2),
            ("皇帝 公主 皇帝", 1),
            ("公主 皇帝 公主", 1),
            ("的 公主", 2),
            ("公主 的 的 皇帝 皇帝", 3),
        )
    ],
    "ppmi": [(np.array(rows),) for rows in ([[2]], [[1, 0], [0, 1]], [[0, 2], [2, 0]], [[1, 3], [3, 1]])],
    # 8 one prediction by hand
    "prediction_loss": [(_array(0, 0),) * 3, (_array(1, 0),) * 3, PAIR],
    "center_gradient": [(_array(0, 0), _array(1, 0), _array(0, 1)), (_array(1, 0),) * 3, PAIR],
    "descent_step": [(_array(0, 0), _array(1, 0), _array(0, 1), 1.0), (*PAIR, 0.5), (*PAIR, 0.1)],
    # 9 what backpropagation touches
    "rows_that_move": [([5],), ([3, 1],), ([2, 2],), ([1, 0],), ([10, 9, 0, 10],), ([0],)],
    "table_gradient": [
        (np.array([0]), _array([1, 2]), 2),
        (np.array([1, 1]), SQUARE, 2),
        (np.array([2, 0, 2]), _array([1, 0], [0, 1], [5, 6]), 4),
    ],
    "momentum_travel": [(_array(1, -2), 0.5, 0.1, steps) for steps in (0, 1, 2, 3, 60)],
    # 10 the window as a matrix
    "band": [(1, 1), (2, 1), (3, 1), (3, 2), (2, 4), (5, 3)],
    "pair_count": [(1, 1), (2, 1), (3, 1), (5, 2), (2, 5), (1, 3), (6, 6)],
    "context_means": [
        (SQUARE, 1),
        (_array([1, 0], [0, 1], [4, 4]), 1),
        (_array([1, 0], [0, 1], [4, 4]), 2),
        (SQUARE, 4),
    ],
    # 11 training
    "neighbour_place": [(FANS, 0, 1), (FANS, 0, 2), (FANS, 0, 3), (FANS, 2, 1), (FANS, 1, 0), (FANS[:2], 1, 0)],
    "epoch_to_keep": [
        (losses, patience)
        for losses, patience in (
            ([2.0], 1),
            ([2.0, 1.0], 1),
            ([1.0, 2.0, 3.0], 5),
            ([1.0, 2.0, 0.5], 1),
            ([1.0, 2.0, 0.5], 2),
            ([2.0, 2.0, 1.0], 1),
            ([3.0, 4.0, 2.0, 3.0, 1.0], 2),
            ([3.0, 4.0, 3.5, 3.2, 1.0], 3),
        )
    ],
    "agreement_by_chance": [
        (groups.split(),) for groups in ("鸟 鸟", "鸟 鸟 季 季", "鸟 季 鸟 季 季", "鸟 鸟 鸟 鸟 季 季")
    ],
    # 12 words and sentences from characters
    "sentence_mean": [(TABLE, np.array(ids)) for ids in ([1], [1, 2], [2, 0], [1, 1, 2, 0])],
    "same_sum": [
        ("王", "王"),
        ("王", "妃"),
        ("蜜蜂", "蜂蜜"),
        ("天天", "天"),
        ("公公主", "公主主"),
        ("公公主", "公主公"),
        ("公主", "公主主"),
        ("公主", "公主王"),
        ("ac", "bb"),
    ],
    "nearest_sentence": [
        (_array([1, 0], [10, 10]), _array(2, 0)),
        (_array([1, 0], [90, 50]), _array(100, 0)),
        (_array([-1, 0], [0, 1]), _array(3, 0)),
        (_array([1, 0], [3, 1], [0, 2]), _array(0, 0.1)),
    ],
    # 13 seeing
    "label_of_row": [
        (["token\tcount", "风\t9"], 0),
        (["token\tcount", "风\t9", "雨\t7"], 1),
        (["token\tcount\tradical", "New York\t9\t-", "雨\t7\t雨"], 0),
    ],
    "spherized": [(SQUARE,), (_array([1, 0], [0, 3], [5, 1]),), (_array([2, 0, 0], [0, 1, 7], [1, 1, 1], [4, 4, 4]),)],
    "share_of_axes": [
        (_array([0, 0], [2, 0], [0, 1], [2, 1]), 1),
        (_array([5, 0], [5, 1], [5, 2]), 1),
        (_array([9, 0, 1], [7, 2, 1], [8, 0, 5], [8, 1, 1]), 2),
    ],
    # 14 using
    "with_padding_row": [(_array([1, 2]),), (_array([1], [2]),), (SQUARE,)],
    "court_probability": [
        (_array([0, 0], [1, 2], [3, 5]), np.array(ids), _array(1, -1), bias)
        for ids, bias in (([1], 0.0), ([2], 1.0), ([1, 0], 0.0), ([1, 1, 2, 0], -0.5))
    ],
    "share_right": [
        (_array(*probabilities), np.array(labels))
        for probabilities, labels in (
            ([0.9], [1]),
            ([0.9], [0]),
            ([0.5], [0]),
            ([0.5], [1]),
            ([0.2, 0.1], [0, 0]),
            ([0.9, 0.1, 0.6], [1, 1, 0]),
        )
    ],
    # 15 twelve lines
    "neighbour_row": [
        ([1, 2], 0, 1, 2),
        ([1, 2], 1, 1, 3),
        ([1, 2, 3], 1, 2, 3),
        ([2, 1, 3, 1], 0, 5, 3),
        ([1, 1, 2, 1], 1, 2, 2),
        ([1, 2, 3, 4, 5], 0, 2, 5),
    ],
    "weighted_loss": [
        (_array([1, 0]), _array([0, 0])),
        (_array([1, 1]), _array([1, 0])),
        (_array([1, 0], [0, 3]), _array([1, 0], [2, 0])),
        (_array([0.2, 0.8, 0], [0, 0, 1]), _array([1, 2, 3], [3, 0, -1])),
    ],
    # 16 the next token
    "shifted_rows": [([1], 2), ([1, 2], 3), ([2, 1], 4), ([3, 1, 2], 6)],
    "with_temperature": [
        (_array(0, 0), 1.0),
        (_array(1, 0), 1.0),
        (_array(1, 0), 0.5),
        (_array(2, -1, 0), 2.0),
    ],
}
