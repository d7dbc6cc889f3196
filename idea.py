"""Word2vec in one file of stock Keras: from a text to a picture. Read it from top to bottom.

    python idea.py                       on TensorFlow
    KERAS_BACKEND=jax python idea.py     on JAX, if it is installed

Tokens of similar meaning have similar neighbours. So each token gets a vector and predicts its neighbours from it:
tokens with similar neighbours end up with similar vectors.

This file holds the whole text in memory and scores every token of the vocabulary at every place, so it cannot learn
from a large text or with a large vocabulary; train.py can, which reads block by block and scores a few tokens only.

Shapes: B sentences in a batch, T places in the longest sentence, V tokens in the vocabulary, D numbers in a vector.
"""

import re
from collections import Counter
from pathlib import Path

import keras
import numpy as np
from keras import ops

TEXT, RUN = Path(__file__).parent / "datasets" / "palace.txt", Path("runs/idea")
MIN_COUNT, WINDOW, EMBEDDING_DIM, BATCH_SIZE, EPOCHS = 5, 5, 32, 32, 5

# 1. Text -> sentences of tokens -> rows of ids.

cut = list  # A token is a character. For words, replace this line by: from rjieba import cut

# A sentence ends at a line end or after 。！？… unless a closing mark follows: “走吗？”他问。 is one sentence.
SENTENCE_END = re.compile(r"\n|(?<=[。！？…])(?![。！？…”’」』）》])")


def tokenize(text: str) -> list[list[str]]:
    """Split a text into sentences of tokens, without blanks. An English full stop does not end a sentence here."""
    return [[token for token in cut(s) if not token.isspace()] for s in SENTENCE_END.split(text) if s.strip()]


def count(sentences: list[list[str]]) -> dict[str, int]:
    """Count each token, the most frequent first. Rare ones are left out: a few places say too little about them."""
    counts = Counter(token for sentence in sentences for token in sentence)
    return {token: n for token, n in counts.most_common() if n >= MIN_COUNT}


def encode(sentences: list[list[str]], tokens: list[str]) -> np.ndarray:
    """Replace tokens by ids from 1 to V, ``(sentences, T)``. Id 0 is padding: it makes all rows equally long."""
    id_of = {token: id for id, token in enumerate(tokens, start=1)}
    return keras.utils.pad_sequences([[id_of[t] for t in s if t in id_of] for s in sentences], padding="post")


# 2. The model and its loss: from the vector of a token, predict its neighbours.


def build_model(vocabulary_size: int) -> keras.Sequential:
    """Look up the vector of each token, and score every token of the vocabulary as its neighbour."""
    return keras.Sequential([
        keras.Input((None,), dtype="int32"),  # (B, T)
        keras.layers.Embedding(vocabulary_size + 1, EMBEDDING_DIM, name="embedding"),  # (B, T) -> (B, T, D)
        keras.layers.Dense(vocabulary_size, name="scores"),  # (B, T, D) @ (D, V) + (V,) -> (B, T, V)
    ])


def window_weights(length: int) -> np.ndarray:
    """How much each place of a sentence is a neighbour of each other place: a band matrix, ``(T, T)``.

    Near tokens say more than far ones, so the weight falls with the distance, from 1 to 1 / WINDOW.
    word2vec draws a window of 1 to WINDOW for each token instead; these weights are the mean of its draws.
    """
    place = np.arange(length)  # (T,)
    distance = np.abs(place[:, None] - place)  # (T, 1) - (T,) -> (T, T)
    weights = np.maximum(WINDOW + 1 - distance, 0) / WINDOW  # (T, T)
    return np.where(distance == 0, 0, weights).astype("float32")  # (T, T), no place is its own neighbour


def neighbour_loss(ids: keras.KerasTensor, scores: keras.KerasTensor) -> keras.KerasTensor:
    """The mean of ``-log p(neighbour | token)`` over all pairs of neighbours in a batch, weighted by distance.

    word2vec makes a list of these pairs. Here one product with the band matrix adds up the one-hot rows of all
    neighbours of a place, so no pair is ever written down.
    """
    ids = ops.cast(ids, "int32")  # (B, T), Keras makes floats of them
    one_hot = ops.one_hot(ids - 1, scores.shape[-1])  # (B, T, V), all 0 for padding: it is nobody's neighbour
    neighbours = ops.matmul(window_weights(ids.shape[1]), one_hot)  # (T, T) @ (B, T, V) -> (B, T, V)
    neighbours *= ops.cast(ids > 0, "float32")[:, :, None]  # (B, T, V), padding has no neighbours
    log_p = ops.log_softmax(scores)  # (B, T, V)
    return -ops.sum(neighbours * log_p) / ops.sum(neighbours)  # a number


# 3. The vectors: which are near each other, and the three files that TensorBoard's Embedding Projector reads.


def unit_vectors(model: keras.Sequential) -> np.ndarray:
    """The rows of the embedding, scaled to length 1, ``(V, D)``.

    Neighbours are compared by direction alone: the dot product of unit vectors is the cosine.
    t-SNE and UMAP in the page take every dot product for a cosine, so they are wrong for other lengths.
    """
    vectors = model.get_layer("embedding").get_weights()[0][1:]  # (V + 1, D) -> (V, D), row 0 is padding
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)  # (V, D) / (V, 1) -> (V, D)


def show_neighbours(tokens: list[str], unit: np.ndarray) -> None:
    """Print the eight nearest tokens of some that the shipped text says much about: characters, and words."""
    for token in ("王", "妃", "皇", "春", "红", "公主", "王妃", "春天"):
        if token in tokens:
            cosines = unit @ unit[tokens.index(token)]  # (V, D) @ (D,) -> (V,)
            nearest = np.argsort(-cosines)[1:9]  # (8,), the very nearest is the token itself
            print(f"  {token}:", *[tokens[k] for k in nearest])


def export(counts: dict[str, int], unit: np.ndarray) -> None:
    """Write two tables with a line for each token, its vector and its label, and the file that names both.

    The page misreads a label that is a number or invisible. The shipped text has none; the engine rewrites them.
    """
    RUN.mkdir(parents=True, exist_ok=True)
    np.savetxt(RUN / "vectors.tsv", unit, fmt="%.6g", delimiter="\t")
    labels = "".join(f"{token}\t{n}\n" for token, n in counts.items())
    (RUN / "metadata.tsv").write_text("token\tcount\n" + labels, encoding="utf-8")
    config = 'embeddings { tensor_name: "idea" tensor_path: "vectors.tsv" metadata_path: "metadata.tsv" }\n'
    (RUN / "projector_config.pbtxt").write_text(config, encoding="utf-8")


def main() -> None:
    """All of it, in order."""
    keras.utils.set_random_seed(1)  # so that two runs agree
    sentences = tokenize(TEXT.read_text(encoding="utf-8"))
    counts = count(sentences)
    tokens = list(counts)
    x = encode(sentences, tokens)  # (sentences, T)
    print(f"{len(sentences):,} sentences, {len(tokens):,} tokens in the vocabulary\nNeighbours before training:")
    model = build_model(len(tokens))
    show_neighbours(tokens, unit_vectors(model))

    # Adagrad divides a step by the gradients that came before it, so the vectors of rare tokens take larger steps.
    # It starts from the size of a squared gradient, (1 / pairs in a batch) ** 2; Keras's 0.1 would hold all back.
    optimizer = keras.optimizers.Adagrad(learning_rate=0.4, initial_accumulator_value=1e-7)
    model.compile(optimizer, loss=neighbour_loss)
    model.fit(x, x, batch_size=BATCH_SIZE, epochs=EPOCHS, verbose=2)

    print("Neighbours after training:")
    show_neighbours(tokens, unit_vectors(model))
    export(counts, unit_vectors(model))
    print(f"To see all of them:\n  tensorboard --logdir {RUN}\n  http://localhost:6006/#projector")


if __name__ == "__main__":
    main()
