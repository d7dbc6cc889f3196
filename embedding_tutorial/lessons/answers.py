"""The answers to the exercises. Try first."""

from collections.abc import Callable

import numpy as np

# --- 1 one-hot ---


def one_hot_row(id: int, size: int) -> list[int]:
    """The one-hot row of one id, as a list of 0s and a 1."""
    return [1 if column == id else 0 for column in range(size)]


def dot(a: np.ndarray, b: np.ndarray) -> float:
    """The dot product: the sum of the products, place by place."""
    return sum(x * y for x, y in zip(a, b, strict=True))


# --- 2 index ---


def encode_by_appearance(words: list[str]) -> list[int]:
    """Ids from 1, in the order of first appearance."""
    ids: dict[str, int] = {}
    for word in words:
        if word not in ids:
            ids[word] = len(ids) + 1
    return [ids[word] for word in words]


def encode_by_count(words: list[str]) -> list[int]:
    """Ids from 1, the most frequent word first, ties by first appearance."""
    order = sorted(set(words), key=lambda word: (-words.count(word), words.index(word)))
    return [order.index(word) + 1 for word in words]


def pad_rows(sentences: list[list[int]]) -> list[list[int]]:
    """Pad all sentences with 0 at the end, to the length of the longest."""
    longest = max(len(ids) for ids in sentences)
    return [ids + [0] * (longest - len(ids)) for ids in sentences]


# --- 3 lookup ---


def lookup_rows(matrix: np.ndarray, ids: list[int]) -> np.ndarray:
    """The rows of the ids, in their order: ``(V, D)`` and ``T`` ids -> ``(T, D)``."""
    rows = []
    for id in ids:
        rows.append(matrix[id])
    return np.array(rows)


def one_hot_to_ids(rows: np.ndarray) -> np.ndarray:
    """The column of each row's 1: ``(T, V)`` -> ``(T,)``."""
    return rows.argmax(axis=1)


def lookup_exported(vectors: np.ndarray, ids: list[int]) -> np.ndarray:
    """Row ``id - 1`` of each id, zeros for id 0: ``(V, D)`` and ``T`` ids -> ``(T, D)``."""
    return np.array([vectors[id - 1] if id else np.zeros(vectors.shape[1]) for id in ids])


# --- 4 sparse to dense ---


def matrix_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Row by column: the number at (i, j) is the dot product of row i of ``a`` and column j of ``b``."""
    return np.array([[sum(x * y for x, y in zip(row, column, strict=True)) for column in b.T] for row in a])


def share_of_zeros(matrix: np.ndarray) -> float:
    """How many of a matrix's numbers are 0, divided by how many there are."""
    return (matrix == 0).sum() / matrix.size


def table_from_rows(ids: list[int], features: np.ndarray, size: int) -> np.ndarray:
    """A table of ``size`` rows: the features in the rows of their ids, 0 elsewhere."""
    table = np.zeros((size, features.shape[1]))
    table[ids] = features
    return table


# --- 5 features by hand ---


def cosine_by_hand(a: np.ndarray, b: np.ndarray) -> float:
    """The dot product divided by both lengths."""
    return (a * b).sum() / ((a**2).sum() ** 0.5 * (b**2).sum() ** 0.5)


def weighted_sum(marks: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Each axis times its mark, added up: ``(D,)`` and ``(D, M)`` -> ``(M,)``."""
    return sum(mark * axis for mark, axis in zip(marks, axes, strict=True))


def has_factors(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether ``a * factors == b`` for some factors: not where ``a`` is 0 and ``b`` is not."""
    return not any(x == 0 and y != 0 for x, y in zip(a, b, strict=True))


# --- 6 lookup is a linear layer ---


def hidden_table(linear_layer: Callable[[np.ndarray], np.ndarray], size: int) -> np.ndarray:
    """The weights of a linear layer without bias: its output for each one-hot row."""
    return linear_layer(np.eye(size))  # (size, size) @ (size, D) -> (size, D)


def multiplications_by_zero(tokens: int, vocabulary_size: int, dim: int) -> int:
    """Multiplications by a 0 of the one-hot rows: a row has one 1, the rest are 0."""
    return tokens * (vocabulary_size - 1) * dim


def ids_without_a_row(ids: list[int], input_dim: int) -> list[int]:
    """The ids outside 0 to ``input_dim - 1``."""
    return [id for id in ids if not 0 <= id < input_dim]


# --- 7 count it yourself ---


def near_count(words: list[str], center: str, context: str, window: int) -> int:
    """How often ``context`` occurs within ``window`` words of a ``center``."""
    return sum(
        words[i] == center and words[j] == context and abs(i - j) <= window
        for i in range(len(words))
        for j in range(len(words))
    )


def ppmi(counts: np.ndarray) -> np.ndarray:
    """Positive pointwise mutual information: log(count / expected by chance), negatives 0."""
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    return np.log(np.maximum(counts / expected, 1))


# --- 8 one prediction by hand ---


def prediction_loss(center: np.ndarray, context: np.ndarray, noise: np.ndarray) -> float:
    """The loss of one center with one true neighbour and one noise word."""
    return np.logaddexp(0, -center @ context) + np.logaddexp(0, center @ noise)  # logaddexp(0, x) = ln(1 + e^x)


def center_gradient(center: np.ndarray, context: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """The loss's gradient by the center: each error times the other word's vector, added up."""
    context_error = 1 / (1 + np.exp(-center @ context)) - 1
    noise_error = 1 / (1 + np.exp(-center @ noise))
    return context_error * context + noise_error * noise  # (D,)


def descent_step(center: np.ndarray, context: np.ndarray, noise: np.ndarray, learning_rate: float) -> np.ndarray:
    """The three vectors after one step against the gradient, ``(3, D)``."""
    context_error = 1 / (1 + np.exp(-center @ context)) - 1
    noise_error = 1 / (1 + np.exp(-center @ noise))
    gradient = [context_error * context + noise_error * noise, context_error * center, noise_error * center]
    return np.array([center, context, noise]) - learning_rate * np.array(gradient)


# --- 9 what backpropagation touches ---


def rows_that_move(ids: list[int]) -> list[int]:
    """The distinct ids in ascending order, without padding."""
    return sorted(set(ids) - {0})


def table_gradient(ids: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """The gradient of a whole table: each place's gradient added to the row that it looked up."""
    table = np.zeros((size, values.shape[1]))  # (size, D)
    for id, value in zip(ids, values, strict=True):
        table[id] += value
    return table


def momentum_travel(g: np.ndarray, momentum: float, rate: float, steps: int) -> np.ndarray:
    """How far momentum carries a row that had a gradient in the first step only."""
    return -rate * g * sum(momentum**step for step in range(steps))


# --- 10 the window as a matrix ---


def band(length: int, window: int) -> np.ndarray:
    """The band matrix, cell by cell: (window + 1 - distance) / window where the distance is 1 to window, else 0."""
    matrix = np.zeros((length, length))
    for i in range(length):
        for j in range(length):
            if 1 <= abs(i - j) <= window:
                matrix[i, j] = (window + 1 - abs(i - j)) / window
    return matrix


def pair_count(length: int, window: int) -> int:
    """Pairs of a sentence: for each distance d, length - d of them, in both directions."""
    return sum(2 * max(0, length - distance) for distance in range(1, window + 1))


def context_means(embedded: np.ndarray, window: int) -> np.ndarray:
    """CBOW: for each place the mean of its neighbours' vectors, weighted by the band."""
    weights = band(len(embedded), window)
    return weights / weights.sum(axis=1, keepdims=True) @ embedded


# --- 11 training ---


def neighbour_place(matrix: np.ndarray, asked: int, answer: int) -> int:
    """One more than the number of other rows whose cosine with the asked one is greater."""
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    cosines = unit @ unit[asked]  # (V, D) @ (D,) -> (V,)
    cosines[asked] = -np.inf  # a row is no neighbour of itself
    return 1 + int((cosines > cosines[answer]).sum())


def epoch_to_keep(val_losses: list[float], patience: int) -> int:
    """The epoch of the smallest loss, stopping after ``patience`` epochs in a row without a smaller one."""
    best = 1
    for epoch, loss in enumerate(val_losses, start=1):
        if loss < val_losses[best - 1]:
            best = epoch
        if epoch - best == patience:
            break
    return best


def agreement_by_chance(groups: list[str]) -> float:
    """The mean over the words of (other words of its group) / (other words)."""
    return float(np.mean([(groups.count(group) - 1) / (len(groups) - 1) for group in groups]))


# --- 12 words and sentences from characters ---


def sentence_mean(table: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """The mean of the rows that the ids name, padding (0) not counted."""
    return table[ids[ids != 0]].mean(axis=0)


def same_sum(a: str, b: str) -> bool:
    """Whether two words have the same characters, each equally often: then their sums are equal."""
    return sorted(a) == sorted(b)


def nearest_sentence(means: np.ndarray, query: np.ndarray) -> int:
    """The row with the greatest cosine; the query's own length makes no difference."""
    return int(np.argmax(means @ query / np.linalg.norm(means, axis=1)))


# --- 13 seeing ---


def label_of_row(lines: list[str], row: int) -> str:
    """The token of a row of the vectors, counted from 0. Line 0 of ``metadata.tsv`` is the header."""
    return lines[row + 1].split("\t")[0]


def spherized(matrix: np.ndarray) -> np.ndarray:
    """Subtract the mean row, then divide each row by its length: ``(N, D)`` -> ``(N, D)``."""
    moved = matrix - matrix.mean(axis=0)
    return moved / np.linalg.norm(moved, axis=1, keepdims=True)


def share_of_axes(matrix: np.ndarray, axes: int) -> float:
    """The share of the variance that lies along the first principal axes of ``(N, D)``."""
    spread = np.linalg.svd(matrix - matrix.mean(axis=0), compute_uv=False)  # in descending order
    return float(np.sum(spread[:axes] ** 2) / np.sum(spread**2))


# --- 14 using ---


def with_padding_row(matrix: np.ndarray) -> np.ndarray:
    """Put a row of zeros before the vectors, for padding: ``(V, D)`` -> ``(V + 1, D)``."""
    return np.concatenate([np.zeros((1, matrix.shape[1])), matrix])


def court_probability(table: np.ndarray, ids: np.ndarray, weights: np.ndarray, bias: float) -> float:
    """The sigmoid of the score of a sentence's mean vector, ids of 0 not counted."""
    mean = table[ids[ids != 0]].mean(axis=0)  # (T, D) -> (D,)
    return float(1 / (1 + np.exp(-(mean @ weights + bias))))


def share_right(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The share of answers (above 0.5 means 1) that equal the label."""
    return float(np.mean((probabilities > 0.5) == (labels == 1)))


# --- 15 the model in twelve lines ---


def neighbour_row(ids: list[int], place: int, window: int, size: int) -> np.ndarray:
    """The total weight of each word of the vocabulary as a neighbour of one place, ``(size,)``."""
    row = np.zeros(size)
    for other, id in enumerate(ids):
        if other != place:
            row[id - 1] += max(window + 1 - abs(other - place), 0) / window
    return row


def weighted_loss(neighbours: np.ndarray, scores: np.ndarray) -> float:
    """The mean of -log softmax of the scores, weighted: ``(T, V)`` and ``(T, V)`` -> a number."""
    log_p = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))  # (T, V) - (T, 1) -> (T, V)
    return float(-(neighbours * log_p).sum() / neighbours.sum())


# --- 16 the next token ---


def shifted_rows(ids: list[int], length: int) -> tuple[list[int], list[int]]:
    """The ids after a 0, padded with 0; and the ids before a 0, padded with -1."""
    padding = length - len(ids) - 1
    return [0, *ids] + [0] * padding, [*ids, 0] + [-1] * padding


def with_temperature(scores: np.ndarray, temperature: float) -> np.ndarray:
    """The softmax of scores that are divided by the temperature: ``(V,)`` -> ``(V,)``."""
    powers = np.exp((scores - scores.max()) / temperature)
    return powers / powers.sum()
