"""Controls: a text from which nothing can be learned, a text whose answer is known, and a baseline that counts.

A figure is judged beside the figure of the same training on shuffled text, and beside that of
counting alone. Needs NumPy only; ``report.py`` is handed the function that trains.
"""

import dataclasses

import numpy as np

from embedding_tutorial.text.encoded_corpus import EncodedCorpus
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.word_vectors import WordVectors, unit_rows

TWIN_BANDS = (10, 20, 40, 80, 160)  # least occurrences of a twin in each band
TWIN_MARK = "\u2032"  # a prime, at the end of a twin's name
NEAREST = 10
MOST_COUNTED = 3000  # tokens whose table of pairs is decomposed; the time grows with the cube


def shuffled(corpus: EncodedCorpus, seed: int = 0) -> EncodedCorpus:
    """Shuffle all tokens of a corpus: counts and lengths stay, but who is near whom is left to chance."""
    return dataclasses.replace(corpus, ids=np.random.default_rng(seed).permutation(corpus.ids))


def with_twins(corpus: EncodedCorpus, share: float = 0.2, seed: int = 0) -> tuple[EncodedCorpus, dict[str, str]]:
    """Replace half of the occurrences of some tokens, at random, by a new token, the twin.

    A twin's name is the token's and ``TWIN_MARK``, or several where a token has that name already.

    Token and twin mean the same, so vectors that have learned the meaning are neighbours. This
    needs no annotation, in any language, and shows how often a token must occur to be trusted.

    Args:
        corpus: any.
        share: of the tokens with enough occurrences, how many get a twin; the others stay as
            they are, since they are the contexts.
        seed: of both choices.

    Returns:
        The corpus, and token -> twin.
    """
    draw = np.random.default_rng(seed)
    vocabulary, ids = corpus.vocabulary, corpus.ids.copy()
    frequent = np.flatnonzero(vocabulary.counts >= 2 * TWIN_BANDS[0]) + 1  # ids
    chosen = draw.choice(frequent, int(np.ceil(share * len(frequent))), replace=False)
    twin_id = np.zeros(len(vocabulary) + 1, np.int32)  # 0: none
    twin_id[chosen] = len(vocabulary) + 1 + np.arange(len(chosen))
    moved = (twin_id[ids] > 0) & (draw.random(len(ids)) < 0.5)
    ids[moved] = twin_id[ids[moved]]
    names = [vocabulary.tokens[id - 1] for id in chosen]
    mark = TWIN_MARK
    while any(name + mark in vocabulary for name in names):
        mark += TWIN_MARK
    twins = {name: name + mark for name in names}
    tokens = [*vocabulary.tokens, *twins.values()]
    counts = np.bincount(ids, minlength=len(tokens) + 1)[1:]
    return dataclasses.replace(corpus, vocabulary=Vocabulary(tokens, counts), ids=ids), twins


def twin_agreement(vectors: WordVectors, twins: dict[str, str]) -> list[tuple[str, float, int]]:
    """How many tokens have their twin among their ten nearest, by how often the rarer of the two occurs.

    Returns:
        (occurrences, share found, pairs) for each band that holds a pair.
    """
    found: dict[int, list[bool]] = {}
    for token, twin in twins.items():
        occurrences = min(vectors.counts[vectors.key_to_index[name]] for name in (token, twin))
        band = sum(occurrences >= least for least in TWIN_BANDS)
        for asked, answer in ((token, twin), (twin, token)):
            near = [name for name, _ in vectors.most_similar(asked, topn=NEAREST)]
            found.setdefault(band, []).append(answer in near)
    edges = [0, *TWIN_BANDS]
    rows = []
    for band, hits in sorted(found.items()):
        end = f"–{edges[band + 1] - 1}" if band + 1 < len(edges) else " or more"
        rows.append((f"{edges[band]}{end}", float(np.mean(hits)), len(hits) // 2))
    return rows


def count_vectors(corpus: EncodedCorpus, window: int, dim: int) -> WordVectors:
    """Vectors without a neural network: positive pointwise mutual information (PPMI), decomposed.

    ``PPMI[a, b] = max(0, log p(a, b) / (p(a) p(b)))`` says how much more often ``a`` and ``b`` are
    neighbours than by chance. The vectors are the ``dim`` eigenvectors of the largest eigenvalues,
    scaled by the roots of these. Skip-gram factorizes a similar table.

    Args:
        corpus: any; its 3,000 most frequent tokens get vectors.
        window: neighbours to each side, weighted as in ``layers.band_matrix``.
        dim: ``D``.

    Source: Levy and Goldberg 2014, https://papers.nips.cc/paper/5477.
    """
    size = min(len(corpus.vocabulary), MOST_COUNTED)
    sentence = np.repeat(np.arange(len(corpus.lengths)), corpus.lengths)  # (N,) the sentence of each token
    pairs = np.zeros(size * size)
    for distance in range(1, window + 1):
        left, right = corpus.ids[:-distance] - 1, corpus.ids[distance:] - 1
        near = (sentence[:-distance] == sentence[distance:]) & (left < size) & (right < size)
        weight = (window + 1 - distance) / window
        pairs += weight * np.bincount(left[near] * np.int64(size) + right[near], minlength=size * size)
    table = pairs.reshape(size, size)
    table = table + table.T  # (V, V): each of two neighbours is a context of the other
    single = table.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        information = np.log(table * table.sum() / (single * single.T))
    ppmi = np.where(np.isfinite(information), np.maximum(information, 0), 0)
    values, columns = np.linalg.eigh(ppmi)  # ascending
    kept = np.argsort(-np.abs(values))[:dim]
    matrix = columns[:, kept] * np.sqrt(np.abs(values[kept]))  # (V, D)
    return WordVectors.of(corpus.vocabulary.most_frequent(size), unit_rows(matrix))
