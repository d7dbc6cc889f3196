"""Write the files of a run that TensorBoard's Embedding Projector reads, and those that other programs read.

    projector_config.pbtxt   lists the tables below for TensorBoard
    vectors_unit.tsv         vectors of length 1, shown first: t-SNE and UMAP in the page need this length
    vectors.tsv              the learned weights
    metadata.tsv             a line of labels for each vector, without quoting
    epochs/                  vectors of some epochs, aligned with the final ones, for the drop-down
    drawn/                   vectors, labels and pictures of the most frequent tokens, for the drop-down
    vectors.txt              word2vec's text format, for gensim and others

*The page* is the projector in a browser. Its limits were found by trying; the tests check them against
TensorBoard's own server. Imports neither Keras nor TensorFlow.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np

from embedding_tutorial.atomic import write_text, write_whole
from embedding_tutorial.config import InputError
from embedding_tutorial.labels import LONGEST_LABEL, visible
from embedding_tutorial.pictures.sprites import CELL, draw_sprite
from embedding_tutorial.run_directory import (
    EXPORT,
    HISTORY,
    MODEL,
    PROJECTOR,
    RUN,
    VECTORS,
    VOCABULARY,
    exported_files,
    remove_written,
    to_json,
)
from embedding_tutorial.vectors.groups import NO_RADICAL, Category, of_kind, radical
from embedding_tutorial.vectors.number_text import text_rows
from embedding_tutorial.vectors.word_vectors import WordVectors, unit_rows

MOST_POINTS = 10_000  # the most that the page's t-SNE accepts
MOST_BYTES = 1_000_000  # of metadata.tsv: the page decodes pieces of this size, and garbles characters between two
FEWEST_NUMBERS = 3  # in a row: the page plots three principal components, and nothing if there is no third
MOST_DRAWN = 500  # more pictures hide each other
MOST_COLOURS = 48  # the page colours by a column with up to 50 different values; two are no radical and OTHER_RADICALS
OTHER_RADICALS = "其他"


def metadata_table(vectors: WordVectors, categories: Sequence[Category], tokens: str) -> str:
    """The text of ``metadata.tsv``: a header, then a line for each vector.

    Columns: token, count, radical (of the first character), radical_group (the radical if it
    is among the 48 commonest, so that the page can colour by it), category. Long tokens are cut
    shorter if the table would be larger than the page can decode.
    """
    group_of = {c.token: c.group for c in of_kind(categories, tokens)}
    radicals = [radical(token) for token in vectors.index_to_key]
    commonest = {r for r, _ in Counter(r for r in radicals if r != NO_RADICAL).most_common(MOST_COLOURS)}
    for longest in (LONGEST_LABEL, 20, 10, 5):
        lines = ["token\tcount\tradical\tradical_group\tcategory"]
        for token, count, own in zip(vectors.index_to_key, vectors.counts, radicals, strict=True):
            shared = own if own in commonest or own == NO_RADICAL else OTHER_RADICALS
            group = visible(group_of.get(token, "-"), longest)
            lines.append(f"{visible(token, longest)}\t{count}\t{own}\t{shared}\t{group}")
        table = "\n".join(lines) + "\n"
        if len(table.encode()) <= MOST_BYTES:
            break
    return table


def matrix_table(matrix: np.ndarray) -> str:
    """The text of a vectors file: a line for each row, tabs between numbers, no header.

    Every float32 is read back exactly. Rows of one or two numbers are padded with zeros to three, which
    changes no length and no distance.
    """
    zeros = "\t0" * (FEWEST_NUMBERS - matrix.shape[1])
    return "".join(f"{row}{zeros}\n" for row in text_rows(matrix, "\t"))


def config_text(tables: dict[str, str]) -> str:
    """The text of ``projector_config.pbtxt``: name in the page's drop-down -> file.

    The page lists tables with metadata by size, then by name, and shows the first.
    """
    return "".join(
        f'embeddings {{\n  tensor_name: "{name}"\n  tensor_path: "{path}"\n  metadata_path: "metadata.tsv"\n}}\n'
        for name, path in tables.items()
    )


def write_drawn(directory: Path, vectors: WordVectors, categories: Sequence[Category], tokens: str, font: Path) -> str:
    """Write ``drawn/``: unit vectors of the 500 most frequent tokens, each shown as a picture of the token.

    This is a separate table, because thousands of pictures would hide each other, and because the page
    also shows large pictures in its list of neighbours, until "show images" is unticked.

    Returns:
        The entry for ``projector_config.pbtxt``. The page lists longer tables first, so this one is the
        last in the drop-down, or the third if the vocabulary has no more tokens.
    """
    drawn = vectors.most_frequent(MOST_DRAWN)
    (directory / "drawn").mkdir(exist_ok=True)
    sprite = draw_sprite([visible(token) for token in drawn.index_to_key], font)
    write_whole(directory / "drawn" / "sprite.png", sprite.save)
    write_text(directory / "drawn" / "metadata.tsv", metadata_table(drawn, categories, tokens))
    write_text(directory / "drawn" / "vectors_unit.tsv", matrix_table(drawn.unit_matrix))
    return (
        f'embeddings {{\n  tensor_name: "3_{tokens}"\n  tensor_path: "drawn/vectors_unit.tsv"\n'
        '  metadata_path: "drawn/metadata.tsv"\n  sprite {\n    image_path: "drawn/sprite.png"\n'
        f"    single_image_dim: {CELL}\n    single_image_dim: {CELL}\n  }}\n}}\n"
    )


def align(snapshot: np.ndarray, final: np.ndarray) -> np.ndarray:
    """Rotate, and perhaps reflect, a snapshot so that it lies as close as possible to the final vectors.

    Training may rotate or reflect all vectors together, which changes no cosine. Once this is undone, two
    snapshots can be compared by eye. This is the orthogonal Procrustes problem: the closest matrix is
    ``U @ Vt`` of the singular value decomposition of ``snapshot.T @ final``.

    Args:
        snapshot, final: ``(N, D)``.

    Returns:
        ``(N, D)``, the snapshot times an orthogonal ``(D, D)`` matrix.

    Source: Schönemann 1966, https://doi.org/10.1007/BF02289451.
    """
    left, _, right = np.linalg.svd(snapshot.T.astype(np.float64) @ final)
    return (snapshot @ (left @ right)).astype(np.float32)


def export(
    directory: Path,
    vectors: WordVectors,
    categories: Sequence[Category],
    run: dict,
    snapshots: Mapping[int, np.ndarray] = MappingProxyType({}),
    font: Path | None = None,
) -> None:
    """Write all files of a run that can be read without Keras.

    ``projector_config.pbtxt`` and ``run.json`` are removed first and written last, so that after a crash
    nothing shows labels of one export with vectors of another.

    Args:
        directory: a run directory.
        vectors: all tokens and their vectors; the projector shows the 10,000 most frequent.
        categories: for the category column.
        run: for ``run.json``; ``run["config"]["tokens"]`` says what the tokens are.
        snapshots: epoch -> vectors of the same 10,000 tokens after it, for the drop-down.
        font: from ``sprites.find_font``, draws the most frequent tokens; ``None``: nothing is drawn.

    Raises:
        InputError: a vector is not finite; nothing is written.
    """
    if not np.isfinite(vectors.matrix).all():
        raise InputError("a vector is not finite; nothing is exported. Try a smaller --learning-rate")
    tokens = run["config"]["tokens"]
    shown = vectors.most_frequent(MOST_POINTS)
    remove_written(directory, [name for name in EXPORT if name not in (MODEL, HISTORY)])
    write_whole(directory / VECTORS, lambda path: np.save(path, vectors.matrix, allow_pickle=False))
    write_text(directory / VOCABULARY, vectors.vocabulary.to_json())
    write_whole(directory / "vectors.txt", vectors.save_word2vec)
    write_text(directory / "metadata.tsv", metadata_table(shown, categories, tokens))
    write_text(directory / "vectors.tsv", matrix_table(shown.matrix))
    write_text(directory / "vectors_unit.tsv", matrix_table(shown.unit_matrix))
    tables = {"1_unit_length": "vectors_unit.tsv", "2_learned_weights": "vectors.tsv"}
    (directory / "epochs").mkdir(exist_ok=True)
    for epoch, snapshot in snapshots.items():
        name = f"epoch_{epoch:04}"
        tables[name] = f"epochs/{name}.tsv"
        write_text(directory / tables[name], matrix_table(align(unit_rows(snapshot), shown.unit_matrix)))
    drawn = write_drawn(directory, shown, categories, tokens, font) if font else ""
    write_text(directory / RUN, to_json({**run, "files": exported_files(directory)}))
    write_text(directory / PROJECTOR, config_text(tables) + drawn)
