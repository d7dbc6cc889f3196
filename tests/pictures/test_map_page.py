"""The map: what stands in the file; in a real browser, what is seen and clicked."""

import html
import json
import os
import re
import shutil
import subprocess
import sys
import time
from html.parser import HTMLParser

import numpy as np
import pytest
from conftest import COURT, FARM, REPOSITORY
from test_projector import AWKWARD

from embedding_tutorial.__main__ import main
from embedding_tutorial.labels import visible
from embedding_tutorial.pictures.map_page import MOST_COLOURS, colouring, map_data, nearest_rows, write_map
from embedding_tutorial.pictures.projector import export
from embedding_tutorial.vectors.evaluation import Category, radical
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
        [Category(group, token, "word", "dev") for token, group in groups],
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


def test_tsne_is_scikit_learn_s_and_earlier_epochs_stand_among_the_final_ones(tmp_path):
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


class Map:
    """The page in a browser, used as a person would."""

    def __init__(self, page, path):
        self.page, self.requests = page, []
        page.on("request", lambda request: self.requests.append(request.url))
        self.address = path.as_uri()
        page.goto(self.address)
        page.locator("#plane .textpoint").first.wait_for()

    def placed(self):
        """Where the points are drawn, ``(N, 2)``."""
        return np.array(self.page.evaluate("[[...plane.data[1].x], [...plane.data[1].y]]")).T

    def still(self):
        """Wait until nothing moves."""
        self.page.wait_for_function("!moving && !state.playing")
        return self

    def slide_to(self, stop):
        self.page.locator("#epoch").fill(str(stop))
        return self.still()

    def texts(self):
        """What is written on the plane, as a person reads it."""
        return self.page.locator("#plane .textpoint").all_text_contents()

    def pixel(self, k):
        """Where on the page token ``k`` is."""
        return self.page.evaluate(
            """k => {
                const box = plane.getBoundingClientRect();
                const {xaxis: {range: [x0, x1]}, yaxis: {range: [y0, y1]}} = plane.layout;
                return [box.left + (plane.data[1].x[k] - x0) / (x1 - x0) * box.width,
                        box.top + (y1 - plane.data[1].y[k]) / (y1 - y0) * box.height];
            }""",
            k,
        )

    def hover(self, k):
        """The lines that are shown when the mouse is on token ``k``."""
        self.page.mouse.move(5, 5)
        self.page.mouse.move(*self.pixel(k))
        self.page.locator(".hoverlayer .hovertext").wait_for()
        return self.page.locator(".hoverlayer .hovertext .nums .line").all_text_contents()


@pytest.mark.long
def test_it_opens_from_a_file_and_asks_for_nothing_else(page, written):
    shown = Map(page, written)
    assert len(shown.placed()) == 16 and set(shown.texts()) <= set(COURT + FARM)
    assert page.title() == page.locator("h1").inner_text() == "worlds-characters"
    page.locator("#play").click()
    page.wait_for_function("state.at === 0")
    page.wait_for_function("state.at === LAST && !state.playing")  # it plays to the end and stops
    assert page.locator("#shown").inner_text() == "epoch 轮 20 / 20"
    assert shown.requests == [shown.address]
    buttons = [button.get_attribute("data-title").lower() for button in page.locator("#plane .modebar-btn").all()]
    assert buttons == ["download plot as a png", "zoom in", "zoom out", "reset axes"]  # none sends the map away


@pytest.mark.long
def test_the_slider_moves_the_points_to_where_they_were(page, written):
    shown, data = Map(page, written), data_of(written)
    for stop in (6, 0, 3):
        shown.slide_to(stop)
        np.testing.assert_array_equal(shown.placed(), np.array([data["x"][stop], data["y"][stop]]).T)
        assert page.locator("#shown").inner_text() == f"epoch 轮 {data['epochs'][stop]} / 20"


@pytest.mark.long
def test_what_is_searched_is_found_with_its_neighbours_at_every_epoch(page, run, written):
    shown, vectors = Map(page, written), WordVectors.load(run)
    page.locator("#search").fill("王")
    near = [token for token, _ in vectors.most_similar("王", topn=8)]
    rows = page.locator("#chosen tr").all_inner_texts()
    assert [row.split()[0] for row in rows] == ["0", "3", "7", "10", "13", "17", "20"]
    assert rows[-1].split()[1:] == near and rows[0].split()[1:] != near
    assert page.locator("#chosen tr.now").inner_text() == rows[-1]
    sizes = dict(zip(shown.texts(), page.evaluate("plane.data[2].textfont.size"), strict=True))
    assert max(sizes, key=sizes.get) == "王"
    lines = np.array(page.evaluate("[plane.data[0].x, plane.data[0].y].map((v) => v.filter((n) => n != null))")).T
    placed = shown.placed()[[vectors.key_to_index[token] for token in ["王", *near]]]
    np.testing.assert_array_equal(lines, [end for near in placed[1:] for end in (placed[0], near)])
    page.locator("#search").fill("龙")
    assert "not on this map" in page.locator("#found").inner_text() and page.locator("#chosen").inner_text() == ""


@pytest.mark.long
def test_hovering_shows_count_and_neighbours_of_that_epoch(page, run, written):
    shown, vectors = Map(page, written), WordVectors.load(run)
    for stop, stage in ((6, vectors.matrix), (0, table(run / "epochs" / "epoch_0000.tsv"))):
        first, second = shown.slide_to(stop).hover(k := vectors.key_to_index["牛"])
        near = WordVectors(vectors.index_to_key, vectors.counts, stage).most_similar("牛", topn=8)
        assert first.split() == ["牛", "×", str(vectors.counts[k]), "beasts"]
        assert second.split() == [token for token, _ in near]


@pytest.mark.long
def test_a_chosen_group_stands_out(page, tmp_path):
    made_run(tmp_path, ["公主", "王妃", "牛", "桌子", "在"], [("公主", "royal"), ("王妃", "royal"), ("牛", "beasts")])
    write_map(tmp_path, tmp_path / "map.html")
    shown = Map(page, tmp_path / "map.html")
    colour = dict(zip(shown.texts(), page.evaluate("plane.data[2].textfont.color"), strict=True))
    assert colour["公主"] == colour["王妃"] != colour["牛"] != colour["桌子"] == colour["在"]
    page.get_by_role("button", name="royal").click()
    faded = dict(zip(shown.texts(), page.evaluate("plane.data[2].textfont.color"), strict=True))
    assert faded["公主"] == colour["公主"] and faded["牛"] == faded["在"] != colour["在"]


@pytest.mark.long
def test_hostile_tokens_are_text_wherever_they_are_shown(page, tmp_path):
    tokens = AWKWARD + HOSTILE
    made_run(tmp_path, tokens)
    write_map(tmp_path, tmp_path / "map.html")
    shown, labels = Map(page, tmp_path / "map.html"), [visible(token) for token in tokens]
    for k, label in enumerate(labels):
        page.locator("#search").fill("")
        page.evaluate("k => choose(k)", k)  # the search box would strip blanks
        assert label in shown.texts()
        assert page.locator("#chosen caption").text_content().startswith(f"{label} × ")
    page.locator("#search").fill("<script>alert(1)</script>")
    assert page.locator("#found button").all_text_contents() == ["<script>alert(1)</script>"]
    first, _ = shown.hover(tokens.index("<script>alert(1)</script>"))
    assert first.startswith("<script>alert(1)</script>  × ")
    assert page.locator("script").count() == 3 and page.locator("#plane i, aside b").count() == 0


@pytest.mark.long
def test_five_thousand_tokens_are_drawn_and_zooming_writes_more_of_them(page, tmp_path, capsys):
    tokens = [chr(0x4E00 + 4 * k) + chr(0x9000 - k) for k in range(5000)]
    made_run(tmp_path, tokens, dim=32, worlds=60)
    write_map(tmp_path, tmp_path / "map.html")
    started = time.perf_counter()
    shown = Map(page, tmp_path / "map.html")
    opened = time.perf_counter() - started
    assert len(shown.placed()) == 5000 and 100 < len(shown.texts()) <= 400
    drawn = page.evaluate(
        """async () => {
            const times = [];
            for (let k = 0; k < 10; k++) {
                const started = performance.now();
                draw();
                times.push(performance.now() - started);
                await new Promise(requestAnimationFrame);
            }
            return times.sort((a, b) => a - b)[5];
        }"""
    )
    frames = page.evaluate(
        """() => new Promise((done) => {
            let frames = 0;
            const count = () => { frames++; if (moving) requestAnimationFrame(count); else done(frames); };
            go(0);
            count();
        })"""
    )
    before = shown.slide_to(3).texts()
    page.mouse.move(*shown.pixel(0))
    page.mouse.wheel(0, -500)
    page.wait_for_function("before => plane.data[2].text.some((text) => !before.includes(text))", arg=before)
    with capsys.disabled():
        print(f"\n5,000 tokens: opens in {opened:.1f} s, a picture takes {drawn:.0f} ms, {frames} frames in 0.7 s")
