"""The real page in a real browser: what a person sees, searches and clicks.

test_tensorboard.py tests whether the page finds the files, and what the server sends to it.
Needs playwright (requirements-optional.txt) and Chromium or Chrome; skipped without.
"""

import io
import json
import time
import unicodedata
from collections import Counter

import numpy as np
import pytest
from conftest import REPOSITORY, Server, run_train
from PIL import Image
from test_projector import AWKWARD, export_to

from embedding_tutorial.labels import visible
from embedding_tutorial.vectors.groups import read_categories
from embedding_tutorial.vectors.word_vectors import WordVectors

NEIGHBOURS = 20  # of the 100 that the page lists; further down, some are equally far to float32's precision
WANTED = {"palace-characters": "王", "palace-words": "王妃"}
AWKWARDER = AWKWARD + ["<script>alert(1)</script>", "<svg/onload=alert(1)>", "&lt;", "{{1}}", "[[token]]", "%E7%8E%8B"]
AWKWARDER += ["__proto__", "constructor", "toString", "null", "undefined", ".*", "\\", "/", "1" * 25, "𠮷野"]
AWKWARDER += "é e\u0301 \u0301 \ufe0f ❤ ❤\ufe0f \u3164 １２ ٣ infinity .5 0b1 1e 1_0".split()


class Projector:
    """The Embedding Projector, used as a person would.

    The plugin lies two frames deep; Playwright's selectors look into its shadow roots.
    """

    def __init__(self, page, server: Server) -> None:
        deadline = time.monotonic() + 60  # a log directory above the run is searched after the server has started
        while server.run not in json.loads(server.get("projector/runs")) and time.monotonic() < deadline:
            time.sleep(0.25)
        self.page = page
        page.goto(f"{server.address}/#projector")
        self.frame = page.frame_locator("iframe").frame_locator("iframe")
        self.wait_for_points()

    def number_of_points(self) -> int:
        return int(self.frame.locator("span.numDataPoints").inner_text())

    def positions(self) -> list[float]:
        """Where each point lies along the first component, as plotted."""
        return self.frame.locator("vz-projector").evaluate(
            "page => page.dataSet.points.map(point => point.projections['pca-0'])"
        )

    def wait_for_points(self) -> None:
        """Wait until points are plotted that were not there at the last call."""
        deadline = time.monotonic() + 120
        while not self.frame.locator("vz-projector").evaluate(
            """page => {
                const points = page.dataSet && !page.dataSet.seen ? page.dataSet.points : [];
                const plotted = points.length > 0 && points.every(point => point.projections?.['pca-0'] != null);
                if (plotted) page.dataSet.seen = true;
                return plotted;
            }"""
        ):
            self.check()
            assert time.monotonic() < deadline, "no new points"
            self.page.wait_for_timeout(100)

    def check(self) -> None:
        """Assert that the page has shown no warning since it was opened, and shows no error."""
        assert self.frame.locator("#toast").evaluate("toast => toast.text || ''") == ""
        assert self.frame.locator("#notify-msgs .error").all_inner_texts() == []

    def choose(self, menu: str, item: str) -> None:
        """Choose an item of a drop-down; a part of its text identifies each of the two."""
        self._menu(menu).click()
        self._menu(menu).locator("paper-item").filter(has_text=item).click()

    def _menu(self, name: str):
        return self.frame.locator("vz-projector-data-panel paper-dropdown-menu").filter(has_text=name)

    def chosen(self, menu: str) -> str:
        return self._menu(menu).locator("paper-item.iron-selected").inner_text()

    def search(self, typed: str, wanted: str, match: int = 0) -> None:
        """Type something; if several labels hold it, click the ``match``-th of those that are ``wanted``."""
        box = self.frame.locator("vz-projector-inspector-panel #search-box")
        box.locator("input").fill("")
        box.locator("input").fill(typed)
        found = int(box.get_by_text("matches.").inner_text().split()[0])
        assert found > 0, f"{typed!r} is not found"
        if found > 1:
            matches = self.frame.locator(".matches-list .row a.label")
            equal = [index for index, text in enumerate(matches.all_text_contents()) if text == wanted]
            matches.nth(equal[match]).click()

    def neighbours(self) -> list[tuple[str, float]]:
        """The list beside the plot: label and distance, nearest first."""
        rows = self.frame.locator(".nn-list .neighbor")
        rows.first.wait_for()
        labels = rows.locator(".label").all_text_contents()
        distances = map(float, rows.locator(".value").all_text_contents())
        return list(zip(labels, distances, strict=True))

    def colours(self) -> set[str]:
        """What the plot is drawn in, as CSS writes it; fewer pixels than a point has are left out."""
        picture = Image.open(io.BytesIO(self.frame.locator("#scatter canvas").first.screenshot())).convert("RGB")
        seen = picture.getcolors(picture.width * picture.height)
        return {f"rgb{colour}" for pixels, colour in seen if pixels >= 50}


def assert_neighbours(shown: list[tuple[str, float]], vectors: WordVectors, token: str) -> None:
    expected = vectors.most_similar(token, topn=NEIGHBOURS)
    shown = shown[: len(expected)]
    assert [label for label, _ in shown] == [visible(near) for near, _ in expected]
    distances = [1 - cosine for _, cosine in expected]
    # Shown with three decimals: the tolerance is half of the last, plus the error of float32.
    np.testing.assert_allclose([distance for _, distance in shown], distances, rtol=0, atol=0.000501)


@pytest.fixture(scope="module")
def palace(tmp_path_factory):
    """A part of the shipped corpus, learned as characters and as words, and TensorBoard on both."""
    place = tmp_path_factory.mktemp("palace")
    lines = (REPOSITORY / "datasets" / "palace.txt").read_text(encoding="utf-8").splitlines()
    (place / "palace.txt").write_text("\n".join(lines[:800]) + "\n", encoding="utf-8")
    for tokens in ("characters", "words"):
        done = run_train("--corpus", "palace.txt", "--tokens", tokens, "--epochs", "6", cwd=place)
        assert done.returncode == 0, done.stderr
    server = Server(place / "runs", "palace-words")
    yield place / "runs", server
    server.stop()


@pytest.fixture(params=["characters", "words"])
def palace_page(request, page, palace):
    """The page with one of the two runs chosen; with its directory and its vectors."""
    runs, server = palace
    projector = Projector(page, server)
    name = f"palace-{request.param}"
    if name not in projector.chosen("runs found"):
        projector.choose("runs found", name)
        projector.wait_for_points()
    yield projector, runs / name, WordVectors.load(runs / name)
    projector.check()


def test_the_page_shows_the_run_and_its_neighbours(page, server, finished_run):
    vectors = WordVectors.load(finished_run[0])
    projector = Projector(page, server)
    assert projector.number_of_points() == len(vectors)
    projector.search("王", "王")
    assert_neighbours(projector.neighbours(), vectors, "王")
    projector.check()


@pytest.mark.long
def test_two_numbers_are_drawn(page, tmp_path):
    vectors = export_to(tmp_path, [chr(0x4E00 + k) for k in range(16)], dim=2)
    server = Server(tmp_path)
    try:
        projector = Projector(page, server)
        assert projector.frame.locator("#total-variance").inner_text() == "Total variance described: 100.0%."
        assert "rgb(117, 117, 217)" in projector.colours(), "no points are drawn"
        projector.search("一", "一")
        assert_neighbours(projector.neighbours(), vectors, "一")
        projector.choose("tensors found", "2_learned_weights")
        projector.wait_for_points()
        projector.check()
    finally:
        server.stop()


@pytest.mark.long
def test_every_character_has_a_label_with_ink(page):
    ignorable = page.evaluate(
        r"""() => [...Array(0x110000).keys()].map((code) => String.fromCodePoint(code))
            .filter((c) => /\p{Default_Ignorable_Code_Point}/u.test(c))"""
    )
    assert len(ignorable) > 4000 and all(visible(c) == f"\\u{ord(c):04x}" for c in ignorable)
    # Of Chinese characters, Hangul syllables and codes that are no character there are too many alike.
    others = (chr(code) for code in range(0x20000) if not (0x3400 <= code < 0xA000 or 0xAC00 <= code < 0xF900))
    labels = [visible(c) for c in others if unicodedata.category(c) != "Cn"]
    blank = page.evaluate(
        """labels => {
            const canvas = document.createElement("canvas").getContext("2d");
            return labels.filter((label) => {
                const ink = canvas.measureText(label);
                return !(ink.actualBoundingBoxLeft + ink.actualBoundingBoxRight > 0 &&
                         ink.actualBoundingBoxAscent + ink.actualBoundingBoxDescent > 0);
            });
        }""",
        labels,
    )
    assert blank == []


@pytest.mark.long
@pytest.mark.shipped
def test_neighbours_are_those_of_most_similar(palace_page):
    projector, directory, vectors = palace_page
    assert projector.number_of_points() == len(vectors)
    wanted = WANTED[directory.name]
    projector.search("王", wanted)
    assert_neighbours(projector.neighbours(), vectors, wanted)
    nearest = vectors.most_similar(wanted, topn=1)[0][0]
    projector.frame.locator(".nn-list .neighbor").first.click()
    assert_neighbours(projector.neighbours(), vectors, nearest)


@pytest.mark.long
@pytest.mark.shipped
def test_the_relations_ripen_in_the_drop_down(palace_page):
    projector, directory, vectors = palace_page
    wanted = WANTED[directory.name]
    files = sorted(directory.glob("epochs/epoch_*.tsv"))
    assert [file.stem for file in files] == [f"epoch_{epoch:04}" for epoch in range(6)]
    for file in files:
        before = projector.positions()
        projector.choose("tensors found", file.stem)
        projector.wait_for_points()
        assert projector.number_of_points() == len(vectors)
        assert not np.allclose(projector.positions(), before, atol=0.01)
        snapshot = WordVectors(vectors.index_to_key, vectors.counts, np.loadtxt(file))
        projector.search("王", wanted)
        assert_neighbours(projector.neighbours(), snapshot, wanted)


@pytest.mark.long
@pytest.mark.shipped
def test_points_are_coloured_by_category(palace_page):
    projector, directory, vectors = palace_page
    tokens = directory.name.removeprefix("palace-")
    group_of = {category.token: category.group for category in read_categories() if category.tokens == tokens}
    before = projector.colours()
    projector.choose("Color by", "category")
    legend = projector.frame.locator("vz-projector-legend .item")
    legend.first.wait_for()
    numbers = map(int, legend.locator(".info").all_text_contents())
    shown = dict(zip(legend.locator(".label").all_text_contents(), numbers, strict=True))
    assert shown == Counter(group_of.get(token, "-") for token in vectors.index_to_key)
    assert len(shown) > 10
    colours = set(legend.locator(".shape").evaluate_all("all => all.map(one => getComputedStyle(one).backgroundColor)"))
    grey = "rgb(127, 127, 127)"  # the edge of an axis is grey as well
    assert not colours & before - {grey} and colours <= projector.colours()


@pytest.fixture(scope="module")
def awkward(tmp_path_factory):
    """Made-up vectors of awkward tokens, exported, and TensorBoard on them."""
    directory = tmp_path_factory.mktemp("awkward")
    vectors = export_to(directory, AWKWARDER)
    server = Server(directory)
    yield vectors, server
    server.stop()


@pytest.mark.long
def test_awkward_tokens_are_found_and_do_nothing(page, awkward):
    vectors, server = awkward
    labels = [visible(token) for token in vectors.index_to_key]
    projector = Projector(page, server)
    assert projector.number_of_points() == len(vectors)
    for index, (token, label) in enumerate(zip(vectors.index_to_key, labels, strict=True)):
        projector.search(label, label, match=labels[:index].count(label))
        assert_neighbours(projector.neighbours(), vectors, token)
    projector.check()
