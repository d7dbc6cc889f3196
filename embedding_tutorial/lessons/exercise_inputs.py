"""Random inputs for each exercise: ``check`` gives them to a reader's function and to the answer."""

import dataclasses
from collections.abc import Callable

import numpy as np

INPUTS: dict[str, Callable[[np.random.Generator], tuple]] = {}


def inputs_for(*names: str) -> Callable:
    """Register a function that draws the inputs of these exercises; ``answers`` has a function of each name."""

    def register(draw_inputs: Callable[[np.random.Generator], tuple]) -> Callable:
        INPUTS.update(dict.fromkeys(names, draw_inputs))
        return draw_inputs

    return register


# --- 1 one-hot ---


@inputs_for("one_hot_row")
def _(draw: np.random.Generator) -> tuple:
    size = int(draw.integers(2, 12))
    return int(draw.integers(size)), size


@inputs_for("dot")
def _(draw: np.random.Generator) -> tuple:
    size = int(draw.integers(2, 12))
    return draw.normal(size=size), draw.normal(size=size)


# --- 2 index ---


@inputs_for("encode_by_appearance", "encode_by_count")
def _(draw: np.random.Generator) -> tuple:
    words = ["deep", "learning", "is", "very", "wide"]
    return ([words[place] for place in draw.integers(len(words), size=draw.integers(4, 9))],)


@inputs_for("pad_rows")
def _(draw: np.random.Generator) -> tuple:
    lengths = draw.integers(1, 5, size=draw.integers(2, 4))
    return ([draw.integers(1, 10, size=length).tolist() for length in lengths],)


# --- 3 lookup ---


@inputs_for("lookup_rows")
def _(draw: np.random.Generator) -> tuple:
    matrix = draw.normal(size=draw.integers(2, 5, size=2))  # (V, D)
    return matrix, draw.integers(len(matrix), size=draw.integers(1, 7)).tolist()


@inputs_for("one_hot_to_ids")
def _(draw: np.random.Generator) -> tuple:
    size = int(draw.integers(2, 6))
    return (np.eye(size)[draw.integers(size, size=draw.integers(1, 6))],)  # (T, V)


@inputs_for("lookup_exported")
def _(draw: np.random.Generator) -> tuple:
    vectors = draw.normal(size=draw.integers(2, 5, size=2))  # (V, D)
    return vectors, draw.integers(len(vectors) + 1, size=draw.integers(1, 7)).tolist()


# --- 4 sparse to dense ---


@inputs_for("matrix_product")
def _(draw: np.random.Generator) -> tuple:
    n, k, m = draw.integers(1, 5, size=3)
    return draw.normal(size=(n, k)), draw.normal(size=(k, m))


@inputs_for("share_of_zeros")
def _(draw: np.random.Generator) -> tuple:
    return (draw.integers(0, 3, size=draw.integers(1, 5, size=2)),)


@inputs_for("table_from_rows")
def _(draw: np.random.Generator) -> tuple:
    size = int(draw.integers(2, 9))
    ids = draw.permutation(size)[: draw.integers(1, size + 1)].tolist()
    return ids, draw.normal(size=(len(ids), 3)), size


# --- 5 features by hand ---


@inputs_for("cosine_by_hand")
def _(draw: np.random.Generator) -> tuple:
    size = int(draw.integers(2, 6))
    return draw.normal(size=size), draw.normal(size=size)


@inputs_for("weighted_sum")
def _(draw: np.random.Generator) -> tuple:
    features, columns = draw.integers(2, 5, size=2)
    return draw.normal(size=features), draw.normal(size=(features, columns))


@inputs_for("has_factors")
def _(draw: np.random.Generator) -> tuple:
    a, b = draw.integers(-2, 3, size=(2, 4))
    return a.astype(float), b.astype(float)


# --- 6 lookup is a linear layer ---


@dataclasses.dataclass(frozen=True)
class LinearLayer:
    """A linear layer without bias; ``table`` is ``(size, dim)``."""

    table: np.ndarray

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        return np.asarray(inputs, dtype=float) @ self.table  # (N, size) @ (size, dim) -> (N, dim)

    def __repr__(self) -> str:
        return f"LinearLayer({self.table.tolist()})"


@inputs_for("hidden_table")
def _(draw: np.random.Generator) -> tuple:
    size, dim = draw.integers(2, 8, size=2)
    return LinearLayer(draw.normal(size=(size, dim)).round(1)), int(size)


@inputs_for("multiplications_by_zero")
def _(draw: np.random.Generator) -> tuple:
    return int(draw.integers(1, 1_000)), int(draw.integers(2, 50_000)), int(draw.integers(1, 300))


@inputs_for("ids_without_a_row")
def _(draw: np.random.Generator) -> tuple:
    input_dim = int(draw.integers(2, 8))
    ids = draw.integers(-1, input_dim + 2, size=6).tolist()
    return [*ids, input_dim], input_dim


# --- 7 count it yourself ---


@inputs_for("near_count")
def _(draw: np.random.Generator) -> tuple:
    words = draw.choice(["公主", "皇帝", "宫里", "的", "，"], size=int(draw.integers(4, 14))).tolist()
    return words, "公主", "皇帝", int(draw.integers(1, 4))


@inputs_for("ppmi")
def _(draw: np.random.Generator) -> tuple:
    size = int(draw.integers(2, 7))
    counts = draw.integers(0, 6, size=(size, size)) + np.eye(size, dtype=int)  # no word without a neighbour
    return (counts + counts.T,)


# --- 8 one prediction by hand ---


@inputs_for("prediction_loss", "center_gradient")
def _(draw: np.random.Generator) -> tuple:
    return tuple(draw.normal(size=(3, int(draw.integers(2, 6)))))


@inputs_for("descent_step")
def _(draw: np.random.Generator) -> tuple:
    return *draw.normal(size=(3, int(draw.integers(2, 6)))), float(draw.choice([0.1, 0.5, 1.0]))


# --- 9 what backpropagation touches ---


@inputs_for("rows_that_move")
def _(draw: np.random.Generator) -> tuple:
    ids = draw.integers(1, 12, size=int(draw.integers(2, 9))).tolist()
    return (ids + [0] * int(draw.integers(3)),)


@inputs_for("table_gradient")
def _(draw: np.random.Generator) -> tuple:
    size, length = int(draw.integers(3, 9)), int(draw.integers(2, 9))
    return draw.integers(size, size=length), draw.normal(size=(length, 3)), size


@inputs_for("momentum_travel")
def _(draw: np.random.Generator) -> tuple:
    return draw.normal(size=3), round(float(draw.uniform(0.5, 0.95)), 2), 0.1, int(draw.integers(1, 12))


# --- 10 the window as a matrix ---


@inputs_for("band")
def _(draw: np.random.Generator) -> tuple:
    return int(draw.integers(2, 10)), int(draw.integers(1, 5))


@inputs_for("pair_count")
def _(draw: np.random.Generator) -> tuple:
    return int(draw.integers(1, 40)), int(draw.integers(1, 6))


@inputs_for("context_means")
def _(draw: np.random.Generator) -> tuple:
    return draw.normal(size=(int(draw.integers(2, 8)), 3)), int(draw.integers(1, 4))


# --- 11 training ---


@inputs_for("neighbour_place")
def _(draw: np.random.Generator) -> tuple:
    size = int(draw.integers(3, 10))
    asked, answer = draw.permutation(size)[:2].tolist()
    return draw.normal(size=(size, 3)), asked, answer


@inputs_for("epoch_to_keep")
def _(draw: np.random.Generator) -> tuple:
    losses = 2.5 + 0.01 * draw.permutation(int(draw.integers(3, 12)))  # all different
    return losses.round(2).tolist(), int(draw.integers(1, 4))


@inputs_for("agreement_by_chance")
def _(draw: np.random.Generator) -> tuple:
    seasons, kin, birds = draw.integers(2, 6, size=3)
    groups = ["seasons"] * seasons + ["kin"] * kin + ["birds"] * birds
    return (draw.permutation(groups).tolist(),)


# --- 12 words and sentences from characters ---


@inputs_for("sentence_mean")
def _(draw: np.random.Generator) -> tuple:
    size, length, padding = (int(number) for number in draw.integers([3, 1, 0], [9, 7, 4]))
    return draw.normal(size=(size, 3)), np.append(draw.integers(1, size, length), np.zeros(padding, int))


@inputs_for("same_sum")
def _(draw: np.random.Generator) -> tuple:
    a = "".join(draw.choice(list("蜜蜂公主王妃"), int(draw.integers(2, 5))))
    b = "".join(draw.permutation(list(a)))
    return a, b if draw.random() < 0.5 else b[1:] + str(draw.choice(list("蜜蜂公主王妃")))


@inputs_for("nearest_sentence")
def _(draw: np.random.Generator) -> tuple:
    sentences = int(draw.integers(3, 9))
    return draw.normal(size=(sentences, 4)) * draw.uniform(0.2, 5, (sentences, 1)), draw.normal(size=4)


# --- 13 seeing ---


@inputs_for("label_of_row")
def _(draw: np.random.Generator) -> tuple:
    tokens = draw.permutation([*"风雨雪云雷雾"])[: draw.integers(2, 7)]
    lines = ["token\tcount", *(f"{token}\t{draw.integers(5, 100)}" for token in tokens)]
    return lines, int(draw.integers(len(tokens)))


@inputs_for("spherized")
def _(draw: np.random.Generator) -> tuple:
    return (draw.normal(loc=1, size=(int(draw.integers(3, 8)), int(draw.integers(2, 5)))),)


@inputs_for("share_of_axes")
def _(draw: np.random.Generator) -> tuple:
    columns = int(draw.integers(2, 6))
    return draw.normal(loc=1, size=(int(draw.integers(6, 12)), columns)), int(draw.integers(1, columns))


# --- 14 using ---


@inputs_for("with_padding_row")
def _(draw: np.random.Generator) -> tuple:
    return (draw.normal(size=(int(draw.integers(2, 6)), int(draw.integers(1, 5)))),)


@inputs_for("court_probability")
def _(draw: np.random.Generator) -> tuple:
    size, length, padding = (int(number) for number in draw.integers([3, 1, 0], [9, 7, 4]))
    table = np.concatenate([np.zeros((1, 3)), draw.normal(size=(size - 1, 3))])
    ids = np.append(draw.integers(1, size, length), np.zeros(padding, int))
    return table, ids, draw.normal(size=3), float(draw.normal())


@inputs_for("share_right")
def _(draw: np.random.Generator) -> tuple:
    size = int(draw.integers(3, 10))
    return draw.random(size), draw.integers(2, size=size)


# --- 15 the model in twelve lines ---


@inputs_for("neighbour_row")
def _(draw: np.random.Generator) -> tuple:
    length, size, window = (int(number) for number in draw.integers([4, 2, 1], [9, 6, 5]))
    return draw.integers(1, size + 1, length).tolist(), int(draw.integers(length)), window, size


@inputs_for("weighted_loss")
def _(draw: np.random.Generator) -> tuple:
    shape = draw.integers(2, 6, size=2)
    return draw.integers(1, 9, size=shape) / 5, draw.normal(size=shape)


# --- 16 the next token ---


@inputs_for("shifted_rows")
def _(draw: np.random.Generator) -> tuple:
    ids = draw.integers(1, 9, size=int(draw.integers(1, 7))).tolist()
    return ids, len(ids) + 1 + int(draw.integers(3))


@inputs_for("with_temperature")
def _(draw: np.random.Generator) -> tuple:
    return draw.normal(size=int(draw.integers(2, 7))), round(float(draw.uniform(0.2, 2)), 1)
