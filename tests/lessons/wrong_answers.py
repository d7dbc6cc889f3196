"""Answers to the exercises that are nearly right: what a beginner writes, and each must be refused."""

import numpy as np


def unit(matrix):
    return matrix / np.linalg.norm(matrix, axis=-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.logaddexp(0, x)


def places(words, word):
    return [place for place, other in enumerate(words) if other == word]


def never_reset(losses, patience):
    best, waited = 0, 0
    for epoch in range(1, len(losses)):
        if losses[epoch] < losses[best]:
            best = epoch
        else:
            waited += 1
        if waited == patience:
            break
    return best + 1


def last_of_equals(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss <= losses[best]:
            best = epoch
        if epoch - best == patience:
            break
    return best + 1


def step_in_turn(center, context, noise, rate):
    center = center - rate * ((sigmoid(center @ context) - 1) * context + sigmoid(center @ noise) * noise)
    context = context - rate * (sigmoid(center @ context) - 1) * center
    return np.array([center, context, noise - rate * sigmoid(center @ noise) * center])


def ratio_of_counts(counts):
    return np.maximum(counts / np.outer(counts.sum(axis=1), counts.sum(axis=0)) * counts.sum(), 1)


def put(size, ids, rows):
    table = np.zeros((size, rows.shape[1]))
    table[ids] = rows
    return table


def flat_band(length, window):
    distance = abs(np.subtract.outer(np.arange(length), np.arange(length)))
    return ((distance >= 1) & (distance <= window)).astype(float)


def triangle(length, window):
    return np.maximum(window + 1 - abs(np.subtract.outer(np.arange(length), np.arange(length))), 0) / window


def rank_by(scores, asked, answer):
    return 1 + int(sum(scores[other] > scores[answer] for other in range(len(scores)) if other != asked))


WRONG = {
    "one_hot_row": [
        lambda id, size: [int(column == id - 1) for column in range(size)],
        lambda id, size: [0] * id + [1],
        lambda id, size: [int(column <= id) for column in range(size)],
    ],
    "dot": [lambda a, b: a.sum() * b.sum(), lambda a, b: abs(a @ b), lambda a, b: a * b, lambda a, b: (a * b).mean()],
    "encode_by_appearance": [
        lambda words: [sorted(set(words)).index(word) + 1 for word in words],
        lambda words: [words.index(word) + 1 for word in words],
        lambda words: [list(dict.fromkeys(words)).index(word) for word in words],
        lambda words: list(range(1, len(words) + 1)),
    ],
    "encode_by_count": [
        lambda words: [list(dict.fromkeys(words)).index(word) + 1 for word in words],
        lambda words: [sorted(set(words), key=lambda w: (-words.count(w), w)).index(word) + 1 for word in words],
        lambda words: [sorted(dict.fromkeys(words), key=words.count).index(word) + 1 for word in words],
        lambda words: [
            sorted(set(words), key=lambda w: (-words.count(w), -words.index(w))).index(word) + 1 for word in words
        ],
    ],
    "pad_rows": [
        lambda rows: [[0] * (max(map(len, rows)) - len(row)) + row for row in rows],
        lambda rows: [(row + [0] * len(rows[0]))[: len(rows[0])] for row in rows],
        lambda rows: [row + [0] * (len(rows[-1]) - len(row)) for row in rows],
        lambda rows: [row + [0] for row in rows],
        lambda rows: rows,
    ],
    "lookup_rows": [
        lambda matrix, ids: matrix[sorted(ids)],
        lambda matrix, ids: matrix[[id - 1 for id in ids]],
        lambda matrix, ids: matrix[list(dict.fromkeys(ids))],
        lambda matrix, ids: matrix[ids].sum(axis=0),
    ],
    "one_hot_to_ids": [
        lambda rows: rows.argmax(axis=1) + 1,
        lambda rows: rows.argmax(axis=0),
        lambda rows: rows.argmax(),
    ],
    "lookup_exported": [
        lambda vectors, ids: vectors[[id - 1 for id in ids]],
        lambda vectors, ids: np.array([vectors[id - 1] for id in ids if id]),
        lambda vectors, ids: np.array([vectors[id % len(vectors)] if id else vectors[0] * 0 for id in ids]),
    ],
    "matrix_product": [
        lambda a, b: a * b,
        lambda a, b: b @ a,
        lambda a, b: (a @ b).T,
        lambda a, b: a @ b.reshape(b.shape[1], b.shape[0]).T,
    ],
    "share_of_zeros": [
        lambda matrix: (matrix == 0).sum() / len(matrix),
        lambda matrix: (matrix != 0).mean(),
        lambda matrix: (matrix <= 0).mean(),
        lambda matrix: (matrix == 0).sum(),
        lambda matrix: 100 * (matrix == 0).mean(),
    ],
    "table_from_rows": [
        lambda ids, features, size: put(size, sorted(ids), features),
        lambda ids, features, size: put(size, np.array(ids) - 1, features),
        lambda ids, features, size: np.vstack([features, np.zeros((size - len(ids), features.shape[1]))]),
    ],
    "cosine_by_hand": [
        lambda a, b: abs(a @ b) / np.sqrt((a @ a) * (b @ b)),
        lambda a, b: a @ b / ((a @ a) * (b @ b)),
        lambda a, b: a @ b,
        lambda a, b: a @ b / (abs(a).sum() * abs(b).sum()),
    ],
    "weighted_sum": [
        lambda marks, axes: axes @ marks if len(axes) == axes.shape[1] else marks @ axes,
        lambda marks, axes: marks @ axes / len(marks),
        lambda marks, axes: abs(marks) @ axes,
        lambda marks, axes: axes.sum(axis=0),
    ],
    "has_factors": [
        lambda a, b: bool(np.all(a != 0)),
        lambda a, b: bool(np.all((a == 0) == (b == 0))),
        lambda a, b: bool(np.any(a != 0)),
        lambda a, b: True,
        lambda a, b: not any(x != 0 and y == 0 for x, y in zip(a, b, strict=True)),
    ],
    "hidden_table": [
        lambda layer, size: layer(np.eye(size)).T,
        lambda layer, size: layer(np.ones((size, size))),
        lambda layer, size: layer(np.eye(size)[::-1]),
        lambda layer, size: layer(np.eye(size))[:-1],
    ],
    "multiplications_by_zero": [
        lambda tokens, size, dim: tokens * size * dim,
        lambda tokens, size, dim: tokens * (size - 1),
        lambda tokens, size, dim: (size - 1) * dim,
        lambda tokens, size, dim: tokens * (size * dim - 1),
        lambda tokens, size, dim: tokens * max(size - 1, 1) * dim,
    ],
    "ids_without_a_row": [
        lambda ids, size: [id for id in ids if id >= size],
        lambda ids, size: [id for id in ids if id < 0 or id > size],
        lambda ids, size: list(dict.fromkeys(id for id in ids if not 0 <= id < size)),
        lambda ids, size: sorted(id for id in ids if not 0 <= id < size),
        lambda ids, size: [id for id in ids if not 0 < id < size],
    ],
    "near_count": [
        lambda words, a, b, window: sum(0 < j - i <= window for i in places(words, a) for j in places(words, b)),
        lambda words, a, b, window: sum(abs(i - j) < window for i in places(words, a) for j in places(words, b)),
        lambda words, a, b, window: len({
            j for i in places(words, a) for j in places(words, b) if abs(i - j) <= window
        }),
        lambda words, a, b, window: sum(any(abs(i - j) <= window for j in places(words, b)) for i in places(words, a)),
        lambda words, a, b, window: words.count(b),
    ],
    "ppmi": [
        lambda counts: np.log2(ratio_of_counts(counts)),
        lambda counts: ratio_of_counts(counts),
        lambda counts: np.log(np.maximum(counts / np.outer(counts.sum(axis=1), counts.sum(axis=0)), 1)),
        lambda counts: np.log(np.maximum(counts * counts.sum() / np.outer(*[counts.sum(axis=1)] * 2), 1e-9)),
    ],
    "prediction_loss": [
        lambda c, o, n: softplus(-c @ o),
        lambda c, o, n: softplus(-c @ o) + softplus(-c @ n),
        lambda c, o, n: softplus(c @ o) + softplus(-c @ n),
        lambda c, o, n: (softplus(-c @ o) + softplus(c @ n)) / 2,
    ],
    "center_gradient": [
        lambda c, o, n: (sigmoid(c @ o) - 1) * o,
        lambda c, o, n: (1 - sigmoid(c @ o)) * o - sigmoid(c @ n) * n,
        lambda c, o, n: (sigmoid(c @ o) - 1) * c + sigmoid(c @ n) * c,
        lambda c, o, n: sigmoid(c @ o) * o + (sigmoid(c @ n) - 1) * n,
    ],
    "descent_step": [
        step_in_turn,
        lambda c, o, n, rate: np.array([c, o, n]),
        lambda c, o, n, rate: 2 * np.array([c, o, n]) - step(c, o, n, rate),
        lambda c, o, n, rate: step(c, o, n, rate)[[1, 0, 2]],
    ],
    "rows_that_move": [
        lambda ids: sorted(set(ids)),
        lambda ids: sorted(id for id in ids if id),
        lambda ids: list(dict.fromkeys(id for id in ids if id)),
        lambda ids: sorted(set(ids))[1:],
        lambda ids: sorted(set(ids) - {0}, key=str),
    ],
    "table_gradient": [
        lambda ids, values, size: put(size, ids, values),
        lambda ids, values, size: np.eye(size)[ids].T @ values * (np.arange(size) > 0)[:, None],
        lambda ids, values, size: (
            np.eye(size)[ids].T @ values / np.maximum(np.bincount(ids, minlength=size), 1)[:, None]
        ),
    ],
    "momentum_travel": [
        lambda g, m, rate, steps: -rate * g * m ** max(steps - 1, 0),
        lambda g, m, rate, steps: rate * g * sum(m**step for step in range(steps)),
        lambda g, m, rate, steps: -rate * g * sum(m**step for step in range(1, steps + 1)),
        lambda g, m, rate, steps: -rate * g / (1 - m),
        lambda g, m, rate, steps: -rate * g * steps,
        lambda g, m, rate, steps: -rate * g * (1 + sum(m**step for step in range(1, steps))),
    ],
    "band": [
        flat_band,
        triangle,
        lambda length, window: np.triu(triangle(length, window), 1),
        lambda length, window: (
            (window - 1) / window * flat_band(length, window - 1) if window > 1 else flat_band(length, 1)
        ),
    ],
    "pair_count": [
        lambda length, window: 2 * window * length - window * (window + 1),
        lambda length, window: sum(max(0, length - distance) for distance in range(1, window + 1)),
        lambda length, window: max(0, 2 * window * length - window * (window + 1)),
        lambda length, window: 2 * window * length,
        lambda length, window: length * (length - 1),
    ],
    "context_means": [
        lambda rows, window: flat_band(len(rows), window) @ rows / flat_band(len(rows), window).sum(axis=1)[:, None],
        lambda rows, window: triangle(len(rows), window) @ rows / triangle(len(rows), window).sum(axis=1)[:, None],
        lambda rows, window: weights(rows, window) @ rows,
        lambda rows, window: weights(rows, window) @ rows / weights(rows, window).sum(axis=1).max(),
    ],
    "neighbour_place": [
        lambda matrix, asked, answer: rank_by(matrix @ matrix[asked], asked, answer),
        lambda matrix, asked, answer: rank_by(-((matrix - matrix[asked]) ** 2).sum(axis=1), asked, answer),
        lambda matrix, asked, answer: rank_by(unit(matrix) @ unit(matrix[asked]), asked, answer) - 1,
        lambda matrix, asked, answer: rank_by(unit(matrix) @ unit(matrix[asked]), None, answer),
        lambda matrix, asked, answer: rank_by(abs(unit(matrix) @ unit(matrix[asked])), asked, answer),
        lambda matrix, asked, answer: rank_by(-unit(matrix) @ unit(matrix[asked]), asked, answer),
    ],
    "epoch_to_keep": [
        lambda losses, patience: int(np.argmin(losses)) + 1,
        lambda losses, patience: int(np.argmin(losses)),
        never_reset,
        last_of_equals,
        lambda losses, patience: len(losses),
    ],
    "agreement_by_chance": [
        lambda groups: np.mean([groups.count(group) / len(groups) for group in groups]),
        lambda groups: np.mean([(groups.count(group) - 1) / (len(groups) - 1) for group in set(groups)]),
        lambda groups: 1 / len(set(groups)),
        lambda groups: np.mean([(groups.count(group) - 1) / len(groups) for group in groups]),
    ],
    "sentence_mean": [
        lambda table, ids: table[ids].mean(axis=0),
        lambda table, ids: table[ids[ids != 0]].sum(axis=0) / len(ids),
        lambda table, ids: table[np.unique(ids[ids != 0])].mean(axis=0),
        lambda table, ids: table[ids[ids != 0]].sum(axis=0),
        lambda table, ids: table[ids[ids != 0]].mean(),
    ],
    "same_sum": [
        lambda a, b: set(a) == set(b),
        lambda a, b: a == b,
        lambda a, b: b in (a, a[::-1]),
        lambda a, b: len(a) == len(b) and set(a) == set(b),
        lambda a, b: sum(map(ord, a)) == sum(map(ord, b)),
        lambda a, b: all(character in b for character in a),
        lambda a, b: len(a) == len(b),
        lambda a, b: all(a.count(character) == b.count(character) for character in a),
    ],
    "nearest_sentence": [
        lambda means, query: int(np.argmax(means @ query)),
        lambda means, query: int(np.argmin(((means - query) ** 2).sum(axis=1))),
        lambda means, query: int(np.argmax(abs(unit(means) @ query))),
        lambda means, query: int(np.argmax(unit(means) @ query)) + 1,
        lambda means, query: int(np.argmin(unit(means) @ query)),
    ],
    "label_of_row": [
        lambda lines, row: lines[row].split("\t")[0],
        lambda lines, row: lines[row + 1],
        lambda lines, row: lines[row + 1].split()[0],
        lambda lines, row: lines[row + 1][0],
        lambda lines, row: lines[-1].split("\t")[0],
    ],
    "spherized": [
        lambda matrix: unit(matrix),
        lambda matrix: matrix - matrix.mean(axis=0),
        lambda matrix: unit(matrix) - unit(matrix).mean(axis=0),
        lambda matrix: unit(matrix - matrix.mean()),
        lambda matrix: (matrix - matrix.mean(axis=0)) / np.linalg.norm(matrix - matrix.mean(axis=0), axis=0),
        lambda matrix: (matrix - matrix.mean(axis=0)) / matrix.std(axis=0),
    ],
    "share_of_axes": [
        lambda matrix, axes: share(matrix, axes, 2),
        lambda matrix, axes: share(matrix - matrix.mean(axis=0), axes, 1),
        lambda matrix, axes: share(matrix - matrix.mean(), axes, 2),
        lambda matrix, axes: share(matrix - matrix.mean(axis=0), axes + 1, 2),
        lambda matrix, axes: (matrix.var(axis=0) / matrix.var(axis=0).sum())[:axes].sum(),
    ],
    "with_padding_row": [
        lambda matrix: np.vstack([matrix, np.zeros((1, matrix.shape[1]))]),
        lambda matrix: np.vstack([np.ones((1, matrix.shape[1])), matrix]),
        lambda matrix: np.vstack([matrix.mean(axis=0), matrix]),
        lambda matrix: np.hstack([np.zeros((len(matrix), 1)), matrix]),
    ],
    "court_probability": [
        lambda table, ids, weights, bias: sigmoid(table[ids].mean(axis=0) @ weights + bias),
        lambda table, ids, weights, bias: sigmoid(table[ids[ids != 0]].mean(axis=0) @ weights),
        lambda table, ids, weights, bias: table[ids[ids != 0]].mean(axis=0) @ weights + bias,
        lambda table, ids, weights, bias: sigmoid(table[ids].sum(axis=0) @ weights + bias),
        lambda table, ids, weights, bias: sigmoid(table[np.unique(ids[ids != 0])].mean(axis=0) @ weights + bias),
        lambda table, ids, weights, bias: sigmoid(-(table[ids[ids != 0]].mean(axis=0) @ weights + bias)),
    ],
    "share_right": [
        lambda probabilities, labels: np.mean((probabilities >= 0.5) == labels),
        lambda probabilities, labels: np.sum((probabilities > 0.5) == labels),
        lambda probabilities, labels: np.mean((probabilities > 0.5) & (labels == 1)),
        lambda probabilities, labels: np.mean(probabilities == labels),
        lambda probabilities, labels: 100 * np.mean((probabilities > 0.5) == labels),
        lambda probabilities, labels: np.mean((probabilities > 0.5) != labels),
    ],
    "neighbour_row": [
        lambda ids, place, window, size: neighbours(ids, place, window, size, itself=1),
        lambda ids, place, window, size: neighbours(ids, place, window, size, once=True),
        lambda ids, place, window, size: neighbours(ids, place, window, size, first=0),
        lambda ids, place, window, size: np.minimum(neighbours(ids, place, window, size), 1),
        lambda ids, place, window, size: neighbours(ids, place, window + 1, size),
    ],
    "weighted_loss": [
        lambda neighbours, scores: -np.mean(neighbours * log_softmax(scores)),
        lambda neighbours, scores: -np.sum(neighbours * log_softmax(scores)),
        lambda neighbours, scores: -np.sum(neighbours * log_softmax(scores)) / len(scores),
        lambda neighbours, scores: np.sum(neighbours * log_softmax(scores)) / neighbours.sum(),
        lambda neighbours, scores: -np.sum(neighbours * (scores - np.log(np.exp(scores).sum()))) / neighbours.sum(),
    ],
    "shifted_rows": [
        lambda ids, length: ([0, *ids] + [0] * (length - len(ids) - 1), [*ids, 0] + [0] * (length - len(ids) - 1)),
        lambda ids, length: ([0, *ids], [*ids, 0]),
        lambda ids, length: ([*ids] + [0] * (length - len(ids)), [*ids] + [-1] * (length - len(ids))),
        lambda ids, length: ([0, *ids] + [0] * (length - len(ids) - 1), [*ids] + [-1] * (length - len(ids))),
    ],
    "with_temperature": [
        lambda scores, temperature: np.exp(log_softmax(scores[None])[0]),
        lambda scores, temperature: np.exp(log_softmax(scores[None])[0]) / temperature,
        lambda scores, temperature: np.exp(log_softmax(scores[None] * temperature)[0]),
        lambda scores, temperature: np.exp(scores / temperature),
    ],
}


def log_softmax(scores):
    return scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))


def neighbours(ids, place, window, size, itself=0, once=False, first=1):
    row = np.zeros(size + 1)
    for other, id in enumerate(ids):
        weight = max(window + 1 - abs(other - place), 0) / window if other != place else itself
        row[id - first] = weight if once and weight else row[id - first] + weight
    return row[:size]


def step(center, context, noise, rate):
    errors = sigmoid(center @ context) - 1, sigmoid(center @ noise)
    gradient = [errors[0] * context + errors[1] * noise, errors[0] * center, errors[1] * center]
    return np.array([center, context, noise]) - rate * np.array(gradient)


def weights(rows, window):
    return triangle(len(rows), window) * (1 - np.eye(len(rows)))


def share(matrix, axes, power):
    spread = np.linalg.svd(matrix, compute_uv=False) ** power
    return spread[:axes].sum() / spread.sum()
