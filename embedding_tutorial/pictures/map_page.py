"""The map: a run's tokens on a plane, as one HTML file that needs neither server nor network.

This module computes positions, colours and neighbours; ``map_page.html`` draws them with plotly.js, which
is copied into the file. Imports neither Keras nor TensorFlow. Needs plotly, and scikit-learn for t-SNE
(requirements-optional.txt).
"""

import html
import json
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embedding_tutorial.atomic import write_text
from embedding_tutorial.config import InputError, noun
from embedding_tutorial.pictures.projector import MOST_POINTS, OTHER_RADICALS
from embedding_tutorial.run_directory import checked, read_run
from embedding_tutorial.vectors.word_vectors import WordVectors, unit_rows

TEMPLATE = Path(__file__).with_suffix(".html")
NEIGHBOURS = 8
MOST_COLOURS = 24  # more cannot be told apart; as many as map_page.html defines
GREY = ("-", OTHER_RADICALS)  # labels without a colour: no group, and the rare radicals


def write_map(directory: Path, out: Path, tsne: bool = False) -> dict[str, Any]:
    """Write the map of a finished run.

    Args:
        directory: the run.
        out: the file; an earlier one is replaced.
        tsne: place tokens by t-SNE, not by PCA.

    Returns:
        The data that the page shows, see ``map_data``.

    Raises:
        InputError: the run is not finished or damaged, a library is missing, or ``out`` cannot be
            written. Nothing is written then.
    """
    try:
        from plotly.offline import get_plotlyjs
    except ModuleNotFoundError:
        raise InputError("the map needs plotly: pip install -r requirements-optional.txt") from None
    if os.path.isdir(out):
        raise InputError(f"--out {out}: is a directory; name a file in it")
    if os.path.exists(out) and not os.path.isfile(out):
        raise InputError(f"--out {out}: is a device or a pipe, which no file may replace; name another")
    if not os.path.isdir(out.parent):
        raise InputError(f"--out {out}: there is no directory {out.parent}")
    data = map_data(directory, tsne)
    # Inside <script> only "<" could end the data or open a comment; JSON may write it as \u003c.
    parts = {
        "title": html.escape(data["title"]),
        "plotly": get_plotlyjs(),
        "data": json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c"),
    }
    template = TEMPLATE.read_text(encoding="utf-8")
    page = re.sub(r"\{\{(\w+)\}\}", lambda place: parts[place[1]], template)  # one pass, so {{…}} in a token stays
    try:
        write_text(out, page)
    except OSError as error:
        raise InputError(f"--out {out}: cannot be written ({error.strerror})") from None
    return data


def draw_map(run: Path, out: Path, tsne: bool) -> dict[str, Any]:
    """Write the tokens on a plane as one HTML file, which opens in any browser, offline."""
    data = write_map(run, out, tsne)
    epochs = " ".join(map(str, data["epochs"]))
    return {
        "notes": [f"Open {out} in a browser."],
        "columns": ["file", data["unit"], "epochs", "MB"],
        "rows": [[str(out), len(data["tokens"]), epochs, round(out.stat().st_size / 1e6, 1)]],
    }


def map_data(directory: Path, tsne: bool = False) -> dict[str, Any]:
    """The data that the page shows, as JSON values; lists have the order of the vocabulary.

    Raises:
        InputError: the run is not finished or damaged, or scikit-learn is missing.
    """
    run, vectors = read_run(directory), WordVectors.load(directory)
    columns = read_columns(checked(directory, run, "metadata.tsv"))
    epochs, stages = read_stages(directory, run, vectors.unit_matrix[:MOST_POINTS])
    places, note = tsne_places(stages) if tsne else pca_places(stages)
    return {
        "title": directory.resolve().name,
        "unit": noun(run["config"]["tokens"]),
        "note": note,
        "tokens": columns["token"],  # labels: none is blank or invisible
        "counts": vectors.counts[:MOST_POINTS].tolist(),
        "colourings": {name: colouring(columns[name]) for name in ("category", "radical_group")},
        "epochs": epochs,
        "x": [place[:, 0].round(4).tolist() for place in places],
        "y": [place[:, 1].round(4).tolist() for place in places],
        "neighbours": [nearest_rows(stage, stage, NEIGHBOURS).tolist() for stage in stages],
    }


def read_columns(path: Path) -> dict[str, Sequence[str]]:
    """Read the columns of ``metadata.tsv``. Its labels hold no tab and no line end, see ``visible``."""
    header, *cells = [line.split("\t") for line in path.read_text(encoding="utf-8").rstrip("\n").split("\n")]
    return dict(zip(header, zip(*cells, strict=True), strict=True))


def read_stages(directory: Path, run: dict, final: np.ndarray) -> tuple[list[int], list[np.ndarray]]:
    """Read the snapshots of a run.

    Returns:
        The epochs of the snapshots and the last epoch; the vectors of each, ``(N, D)``, ``final`` last.

    Raises:
        InputError: a snapshot is missing, or not the one that was exported.
    """
    names = sorted(name for name in run["files"] if name.startswith("epochs/"))
    stages = [np.loadtxt(checked(directory, run, name), dtype=np.float32, delimiter="\t", ndmin=2) for name in names]
    epochs = [int(Path(name).stem.removeprefix("epoch_")) for name in names]
    # The projector's tables may be padded with columns of zeros.
    return [*epochs, run["config"]["epochs"]], [*(stage[:, : final.shape[1]] for stage in stages), final]


def pca_places(stages: Sequence[np.ndarray]) -> tuple[list[np.ndarray], str]:
    """Project all stages onto the first two principal components of the last one.

    All stages share this plane, so a token that moves on the page has moved in the ``D`` dimensions too.

    Returns:
        The positions at each stage, ``(N, 2)``, and a note for the page.
    """
    mean = stages[-1].mean(axis=0)  # (D,)
    _, spread, axes = np.linalg.svd(stages[-1] - mean, full_matrices=False)  # axes: (D, D), one in each row
    # The sign of an axis is arbitrary: here its largest number is positive.
    plane = axes[:2] * np.sign(axes[np.arange(2), np.abs(axes[:2]).argmax(axis=1)])[:, None]  # (2, D)
    share = np.sum(spread[:2] ** 2) / max(np.sum(spread**2), 1e-12)
    note = (
        f"PCA of the final vectors: this plane holds {share:.0%} of their spread. "
        f"Neighbours are those in all {len(mean)} dimensions. "
        f"终轮向量的主成分平面,占总方差的 {share:.0%};近邻按全部 {len(mean)} 维计算。"
    )
    return [(stage - mean) @ plane.T for stage in stages], note  # (N, D) @ (D, 2) -> (N, 2)


def tsne_places(stages: Sequence[np.ndarray]) -> tuple[list[np.ndarray], str]:
    """Place the last stage by t-SNE, and the earlier stages relative to it.

    t-SNE gives no position to other vectors than those it was fitted to. So at an earlier stage a token is
    at the mean position of the five final vectors nearest to its vector of that stage.

    Returns:
        The positions at each stage, ``(N, 2)``, and a note for the page.

    Raises:
        InputError: scikit-learn is missing.

    Source: van der Maaten and Hinton 2008, https://jmlr.org/papers/v9/vandermaaten08a.html.
    """
    try:
        from sklearn.manifold import TSNE
    except ModuleNotFoundError:
        raise InputError("--tsne needs scikit-learn: pip install -r requirements-optional.txt") from None
    *earlier, final = stages
    perplexity = min(30, (len(final) - 1) / 3)  # scikit-learn's default, less if there are few tokens
    place = TSNE(perplexity=perplexity, init="pca", random_state=0).fit_transform(final)  # (N, 2)
    note = (
        "t-SNE of the final vectors: who is near means something, how far does not. "
        "Before the end, a token stands among the five final vectors nearest to its own. "
        "终轮向量的 t-SNE:谁靠近谁有意义,相距多远没有意义;之前各轮,词元画在与它最近的五个终轮向量之间。"
    )
    return [place[nearest_rows(stage, final, 5, itself=True)].mean(axis=1) for stage in earlier] + [place], note


def nearest_rows(asked: np.ndarray, among: np.ndarray, topn: int, itself: bool = False) -> np.ndarray:
    """Find the rows of ``among`` nearest by cosine to each row of ``asked``, nearest first.

    Args:
        asked, among: ``(N, D)`` each; row k of both belongs to token k.
        topn: how many, at most ``N - 1``.
        itself: whether a token may be its own neighbour.

    Returns:
        ``(N, topn)`` row numbers.
    """
    asked, among, topn = unit_rows(asked), unit_rows(among), min(topn, len(among) - 1)
    found = []
    for block in np.array_split(np.arange(len(asked)), len(asked) // 500 + 1):  # blocks limit the memory
        cosines = asked[block] @ among.T  # (rows, N)
        if not itself:
            cosines[np.arange(len(block)), block] = -np.inf
        best = np.argpartition(-cosines, topn - 1, axis=1)[:, :topn]  # the topn largest, in any order
        order = np.argsort(-np.take_along_axis(cosines, best, axis=1), axis=1, kind="stable")
        found.append(np.take_along_axis(best, order, axis=1))
    return np.concatenate(found)


def colouring(labels: Sequence[str]) -> dict[str, list]:
    """The groups that get a colour, the largest first, and the index of each token's group; -1 is grey."""
    counted = Counter(label for label in labels if label not in GREY)
    names = [name for name, _ in counted.most_common(MOST_COLOURS)]
    number = {name: index for index, name in enumerate(names)}
    return {"names": names, "of": [number.get(label, -1) for label in labels]}
