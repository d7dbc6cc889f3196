"""The map: what the file holds. What a browser shows of it is tested in test_map_in_browser.py."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest
from conftest import REPOSITORY, write_run
from test_projector import AWKWARD

from embedding_tutorial.__main__ import main
from embedding_tutorial.config import InputError
from embedding_tutorial.labels import visible
from embedding_tutorial.pictures.map_page import MOST_COLOURS, colouring, map_data, nearest_rows, write_map
from embedding_tutorial.pictures.projector import export
from embedding_tutorial.vectors.groups import Category, radical
from embedding_tutorial.vectors.word_vectors import WordVectors

HOSTILE = ["<script>alert(1)</script>", "</script>", "<!--", "<i>a</i>", "&lt;", "%{x}", "$x$", "{{data}}", "__proto__"]


@pytest.fixture(scope="module", autouse=True)
def plotly():
    return pytest.importorskip("plotly", reason="plotly is not installed: requirements-optional.txt")


def made_run(directory, tokens, groups=(), dim=6, worlds=3):
    """A finished run without training: tokens in a few clusters, snapshots on the way there."""
    draw = np.random.default_rng(0)
    start = draw.normal(size=(len(tokens), dim))
    final = draw.normal(size=(worlds, dim))[draw.integers(worlds, size=len(tokens))] + 0.4 * start
    vectors = WordVectors(tokens, range(len(tokens), 0, -1), final)
    export(
        directory,
        vectors,
        [Category(group, token, "words", "dev") for token, group in groups],
        {"config": {"tokens": "words", "epochs": 9}},
        {epoch: start + (final - start) * epoch / 9 for epoch in (0, 3, 6)},
    )
    return vectors


def data_of(path):
    """What the page's own script will read."""
    text = path.read_text(encoding="utf-8")
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def table(path):
    return np.loadtxt(path, delimiter="\t")


@pytest.fixture(scope="module")
def run(finished_run):
    return finished_run[0]


@pytest.fixture(scope="module")
def written(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("a place with blanks 和中文") / "map.html"
    main(["map", "--run", str(run), "--out", str(path)])
    return path


def test_positions_are_the_principal_components_of_the_final_vectors(run, written):
    final = table(run / "vectors_unit.tsv")
    values, axes = np.linalg.eigh(np.cov(final.T))  # smallest first
    data = data_of(written)
    assert data["epochs"] == [0, 3, 7, 10, 13, 17, 20]
    snapshots = [table(path) for path in sorted((run / "epochs").iterdir())]
    for name, axis in (("x", axes[:, -1]), ("y", axes[:, -2])):
        placed = np.array(data[name])
        expected = np.array([(stage - final.mean(axis=0)) @ axis for stage in (*snapshots, final)])
        sign = np.sign(placed[-1] @ expected[-1])  # a direction may point either way, in all epochs alike
        np.testing.assert_allclose(placed, sign * expected, atol=1e-4)
    assert f"{values[-2:].sum() / values.sum():.0%}" in data["note"]


def test_every_token_is_there_with_its_count_and_its_radical(run, written):
    vectors, data = WordVectors.load(run), data_of(written)
    assert data["tokens"] == vectors.index_to_key and data["counts"] == vectors.counts.tolist()
    names, of = data["colourings"]["radical_group"].values()
    assert [names[number] for number in of] == [radical(token) for token in vectors.index_to_key]


def test_categories_are_those_of_the_run_and_the_rest_is_grey(tmp_path):
    made_run(tmp_path, ["公主", "王妃", "牛", "桌子", "在"], [("公主", "royal"), ("王妃", "royal"), ("牛", "beasts")])
    assert map_data(tmp_path)["colourings"]["category"] == {"names": ["royal", "beasts"], "of": [0, 0, 1, -1, -1]}


def test_the_largest_groups_get_the_colours():
    labels = [f"g{group}" for group in range(MOST_COLOURS + 5) for _ in range(group + 1)] + ["-", "其他"] * 99
    found = colouring(labels)
    assert found["names"] == [f"g{group}" for group in range(MOST_COLOURS + 4, 4, -1)]
    assert {found["of"][k] for k, label in enumerate(labels) if label in ("g0", "g4", "-", "其他")} == {-1}


def test_neighbours_are_those_of_each_epoch_s_vectors(tmp_path):
    tokens = [chr(0x4E00 + k) for k in range(700)]  # more than one block of 500
    vectors = made_run(tmp_path, tokens)
    data = map_data(tmp_path)
    snapshots = [table(tmp_path / "epochs" / f"epoch_{epoch:04}.tsv") for epoch in (0, 3, 6)]
    for stage, found in zip([*snapshots, vectors.matrix], data["neighbours"], strict=True):
        stage = WordVectors(tokens, vectors.counts, stage)
        for k in (0, 1, 499, 500, 699):
            assert [tokens[near] for near in found[k]] == [near for near, _ in stage.most_similar(tokens[k], topn=8)]


class Page(HTMLParser):
    """Which elements a page has, and what it loads."""

    def __init__(self, text):
        super().__init__()
        self.scripts, self.loads, self.policy, self.title = 0, [], "", ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.scripts += tag == "script"
        self.loads += [(tag, name) for name in ("src", "href", "data", "srcset", "action") if name in found]
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]

    def handle_data(self, data):
        self.title = data if self.lasttag == "title" and data.strip() else self.title


@pytest.mark.parametrize("tokens", [["王", "妃", "皇", "后", "牛"], AWKWARD + HOSTILE])
def test_the_page_loads_nothing_and_no_token_ends_its_script(tmp_path, tokens):
    run = tmp_path / "<b>{{data}}&"
    run.mkdir()
    made_run(run, tokens)
    write_map(run, tmp_path / "map.html")
    text = (tmp_path / "map.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.loads == [] and page.scripts == 3  # plotly.js, the data, ours
    assert page.policy.startswith("default-src 'none';") and "http" not in page.policy
    assert page.title == html.unescape(html.escape(run.name))
    ours = re.sub(r"<script>/\*.*?</script>", "", text, count=1, flags=re.DOTALL)
    assert len(ours) < 100_000 and not re.search(r"https?:|@import|url\(|fetch|XMLHttp", ours)
    assert data_of(tmp_path / "map.html")["tokens"] == [visible(token) for token in tokens]


def test_tsne_is_scikit_learn_s_and_earlier_epochs_lie_among_the_final_ones(tmp_path):
    manifold = pytest.importorskip(
        "sklearn.manifold", reason="scikit-learn is not installed: requirements-optional.txt"
    )
    tokens = [chr(0x4E00 + k) for k in range(60)]
    made_run(tmp_path, tokens)
    data, final = map_data(tmp_path, tsne=True), table(tmp_path / "vectors_unit.tsv").astype(np.float32)
    placed = np.array([data["x"], data["y"]]).transpose(1, 2, 0)  # (stages, tokens, 2)
    expected = manifold.TSNE(perplexity=59 / 3, init="pca", random_state=0).fit_transform(final)
    np.testing.assert_allclose(placed[-1], expected, atol=1e-3)
    early = table(tmp_path / "epochs" / "epoch_0000.tsv")
    for k in range(60):
        cosines = [early[k] @ row / np.linalg.norm(early[k]) for row in final]
        five = sorted(range(60), key=lambda row: -cosines[row])[:5]
        np.testing.assert_allclose(placed[0, k], np.mean([placed[-1, row] for row in five], axis=0), atol=1e-3)


def test_vectors_of_two_numbers_lie_on_the_plane_as_they_are(tmp_path):
    vectors = made_run(tmp_path, [chr(0x4E00 + k) for k in range(16)], dim=2)
    data = map_data(tmp_path)
    placed = np.array([data["x"], data["y"]]).transpose(1, 2, 0)  # (stages, tokens, 2)
    stages = [table(path)[:, :2] for path in sorted((tmp_path / "epochs").iterdir())] + [vectors.unit_matrix]
    for place, stage in zip(placed, stages, strict=True):
        # A turn keeps every distance.
        distances = [np.linalg.norm(points[:, None] - points, axis=-1) for points in (place, stage)]
        np.testing.assert_allclose(*distances, atol=1e-3)


def test_few_tokens_have_few_neighbours():
    assert nearest_rows(np.eye(3), np.eye(3), topn=8).shape == (3, 2)


@pytest.mark.parametrize(
    ("arguments", "damage", "message"),
    [
        (["--out", "nowhere/map.html"], None, "nowhere/map.html: there is no directory nowhere"),
        (["--out", "run"], None, "run: is a directory"),
        (["--run", "nothing"], None, "nothing: no such directory"),
        ([], "run.json", "run: the run is not finished"),
        ([], "metadata.tsv", "metadata.tsv: damaged"),
        ([], "epochs/epoch_0003.tsv", "epoch_0003.tsv: damaged"),
    ],
)
def test_what_cannot_be_drawn_gets_one_clear_line_and_leaves_nothing(run, tmp_path, arguments, damage, message):
    shutil.copytree(run, tmp_path / "run")
    if damage == "run.json":
        (tmp_path / "run" / damage).unlink()
    elif damage:
        lines = (tmp_path / "run" / damage).read_text(encoding="utf-8").splitlines(keepends=True)
        (tmp_path / "run" / damage).write_text("".join(lines[:9]), encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    done = command("--run", "run", *arguments, cwd=tmp_path)
    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert message in line
    assert sorted(tmp_path.rglob("*")) == before


def command(*arguments, cwd, before="pass"):
    """``python -m embedding_tutorial map ARGUMENTS``, with a line of Python before it."""
    code = (
        f"import sys; {before}\nimport runpy; sys.argv[1:1] = ['map']\n"
        "runpy.run_module('embedding_tutorial', run_name='__main__')\nprint(*sys.modules)"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_map_needs_neither_keras_nor_tensorflow(run, tmp_path):
    done = command("--run", str(run), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Open map.html in a browser.")
    assert not {"keras", "tensorflow"} & set(done.stdout.split())
    assert [path.name for path in tmp_path.iterdir()] == ["map.html"]


@pytest.mark.parametrize(
    ("library", "option", "message"),
    [("plotly.offline", [], "the map needs plotly"), ("sklearn.manifold", ["--tsne"], "--tsne needs scikit-learn")],
)
def test_a_library_that_is_missing_is_named(run, tmp_path, library, option, message):
    done = command("--run", str(run), *option, cwd=tmp_path, before=f"sys.modules[{library!r}] = None")
    assert done.returncode != 0
    (line,) = done.stderr.splitlines()
    assert f"{message}: pip install -r requirements-optional.txt" in line
    assert not any(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_the_map_replaces_files_and_nothing_else(tmp_path):
    run = write_run(tmp_path / "run")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="which no file may replace; name another"):
        write_map(run, tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()
    (tmp_path / "map.html").write_text("an earlier one", encoding="utf-8")
    write_map(run, tmp_path / "map.html")
    assert (tmp_path / "map.html").stat().st_size > 1e6
    with pytest.raises(InputError, match="cannot be written"):
        write_map(run, tmp_path / (300 * "m"))
