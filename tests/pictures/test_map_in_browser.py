"""The map in a real browser: what a person sees, searches and clicks.

Needs playwright (requirements-optional.txt) and Chromium or Chrome; skipped without.
"""

import time

import numpy as np
import pytest
from conftest import COURT, FARM
from test_map_page import HOSTILE, data_of, made_run, table
from test_projector import AWKWARD

from embedding_tutorial.labels import visible
from embedding_tutorial.pictures.map_page import write_map
from embedding_tutorial.vectors.word_vectors import WordVectors

pytest.importorskip("plotly", reason="plotly is not installed: requirements-optional.txt")


@pytest.fixture(scope="module")
def run(finished_run):
    return finished_run[0]


@pytest.fixture(scope="module")
def written(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("a place with blanks 和中文") / "map.html"
    write_map(run, path)
    return path


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
