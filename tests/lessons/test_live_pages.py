"""The book's live pages in a real browser: their numbers are the lessons', and they answer to a hand.

Needs playwright (requirements-optional.txt) and Chromium or Chrome; the tests in a browser are skipped without.
"""

import re

import numpy as np
import pytest

from embedding_tutorial.lessons import answers
from embedding_tutorial.lessons.all_pairs import sigmoid, softplus
from embedding_tutorial.lessons.encoding import lookup, one_hot
from embedding_tutorial.lessons.live import MAP, PAGES, lesson_of, live_body, live_title
from embedding_tutorial.lessons.runner import LESSONS, run_lesson
from embedding_tutorial.text.tokenizers import tokenize


@pytest.fixture
def opened(page, tmp_path):
    """Open a live page by its name, as the book writes it."""
    for library in ("jupytext", "nbclient", "nbconvert", "ipykernel", "plotly", "sklearn"):
        pytest.importorskip(library, reason=f"{library} is not installed: requirements-optional.txt")
    from embedding_tutorial.lessons.book import write_page

    def open_page(name, language="both"):
        (path,) = (path for path in PAGES if path.stem.endswith(name))
        write_page(tmp_path, [("index", "-"), (path.stem, live_title(path))], 1, live_body(path, language), language)
        page.goto((tmp_path / f"{path.stem}.html").as_uri())
        return page

    return open_page


def drag(page, place, x, y):
    """Drag an element to a place, both by the mouse and in pixels from the picture's middle."""
    box = page.locator("#plane").bounding_box()
    page.locator(place).hover()
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + x / 2, box["y"] + box["height"] / 2 + y / 2)
    page.mouse.move(box["x"] + box["width"] / 2 + x, box["y"] + box["height"] / 2 + y)
    page.mouse.up()


def shown(page, *names):
    return [page.locator(f"#{name}").inner_text() for name in names]


def test_each_page_belongs_to_a_lesson_and_says_everything_in_both_languages():
    assert MAP.stem == "live_6_map" and len(PAGES) == 6
    for path in PAGES:
        assert lesson_of(path) in {lesson.stem for lesson in LESSONS}
        source = path.read_text(encoding="utf-8")
        assert re.findall(r'lang="(zh|en)"', source).count("zh") - source.count('lang="en"') in (0, 1)
        chinese, english = live_body(path, "zh"), live_body(path, "en")
        assert 'lang="en"' not in chinese and 'lang="zh"' not in english and "TITLE" not in chinese + english
        written = re.sub(r"<(script|style)>.*?</\1>|<[^>]*>", "", chinese, flags=re.DOTALL)
        assert set(re.findall(r"[A-Za-z]{2,}", written)) <= {"cos"}
        assert chinese.count("<div") == english.count("<div") == source.count("<div")  # nothing else was cut


@pytest.mark.long
@pytest.mark.parametrize("name", [path.stem for path in PAGES[:-1]])
@pytest.mark.parametrize("language", ["zh", "en", "both"])
def test_text_is_as_large_as_the_books_and_nothing_is_cut_off(opened, name, language):
    page = opened(name, language)
    for width in (1400, 390):  # a projector, a telephone
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate("document.documentElement.scrollHeight") < 1100 or width == 390
    sizes = """[...document.querySelectorAll("main *")]
        .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && e.checkVisibility())
        .map((e) => parseFloat(getComputedStyle(e).fontSize))"""
    assert min(page.evaluate(sizes)) >= 17


@pytest.mark.long
def test_the_arrows_products_are_the_lessons_and_length_leaves_the_cosine(opened):
    page, draw = opened("arrows"), np.random.default_rng(0)
    for a, b in draw.normal(size=(20, 2, 3)):
        arguments = [a.tolist(), b.tolist()]
        np.testing.assert_allclose(page.evaluate("([a, b]) => dot(a, b)", arguments), answers.dot(a, b))
        np.testing.assert_allclose(page.evaluate("([a, b]) => cosine(a, b)", arguments), answers.cosine_by_hand(a, b))
    drag(page, "#drag-a", 210, 0)  # 70 pixels are 1
    drag(page, "#drag-b", 0, -140)
    assert page.evaluate("vectors") == {"a": [3, 0], "b": [0, 2]}
    assert shown(page, "dot", "cosine", "angle") == ["0", "0", "90°"]
    drag(page, "#drag-b", 70, -70)
    assert shown(page, "dot", "cosine", "angle", "sum") == ["3", "0.71", "45°", "3 × 1 + 0 × 1"]
    page.locator("#length").fill("2.8")
    assert shown(page, "dot", "cosine", "length-b") == ["5.94", "0.71", "2.80"]  # 3 × 2.8 × 0.7071
    drag(page, "#drag-b", -140, -70)
    assert shown(page, "dot", "sum", "lengths") == ["-6", "3 × (-2) + 0 × 1", "3 × 2.24 × (-0.89)"]
    drag(page, "#drag-b", 900, 0)
    assert page.evaluate("vectors.b") == [3, 0]  # it stays in the picture
    drag(page, "#drag-b", 0, 0)
    assert page.evaluate("norm(vectors.b)") > 0  # an arrow without length has no direction
    page.locator("#drag-a").press("ArrowUp")
    assert page.evaluate("vectors.a") == [3, 0.1]


@pytest.mark.long
def test_a_finger_drags_an_arrow_and_not_the_page(opened):
    page = opened("arrows")
    screen = page.context.new_cdp_session(page)
    screen.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    box = page.locator("#drag-a").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    screen.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for up in (35, 70, 105):
        screen.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y - up}]})
    screen.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_function("vectors.a[1] === 2.5")
    assert page.evaluate("[vectors.a, scrollY]") == [[2, 2.5], 0]


@pytest.mark.long
def test_the_features_begin_with_the_articles_numbers(opened):
    page, lesson = opened("features"), run_lesson(5)
    begun = page.evaluate("vectors")
    assert begun == {"princess": lesson["princess"].tolist(), "consort": lesson["consort"].tolist()}
    np.testing.assert_allclose(page.evaluate("factors(vectors.princess, vectors.consort)"), lesson["factors"])
    assert page.locator("#factors tbody").inner_text().split() == ["0.6", "3", "1"]
    assert page.evaluate("cosine(vectors.princess, vectors.consort)") == pytest.approx(lesson["pair_cosines"][0])
    assert shown(page, "cosine") == ["0.8977"]
    for feature in range(3):
        page.locator(f"#consort-{feature}").fill(str(page.evaluate(f"vectors.princess[{feature}]")))
    assert shown(page, "cosine") == ["1"]
    page.locator("#princess-1").fill("0")
    assert page.locator("#factors tbody").inner_text().split() == ["1", "–", "1"]  # has_factors is False
    page.locator("#again").click()
    assert page.evaluate("vectors") == begun


@pytest.mark.long
def test_the_product_takes_the_row_that_is_looked_up(opened):
    page, lesson = opened("lookup"), run_lesson(4)
    W = np.array(page.evaluate("W"))
    np.testing.assert_array_equal(W, lesson["W"])
    assert page.evaluate("TOKENS") == ["0", *lesson["vocabulary"].tokens]
    for row in range(6):
        page.locator("#rows button").nth(row).click()
        terms = np.array(page.evaluate(f"products(oneHot({row}, 6), W)"))  # (6, 3)
        np.testing.assert_array_equal(terms, one_hot([row], 6).T * W)
        np.testing.assert_array_equal(page.evaluate(f"addRows(products(oneHot({row}, 6), W))"), lookup(W, [row])[0])
        np.testing.assert_array_equal(terms.sum(axis=0), (one_hot([row], 6) @ W)[0])
        added, looked_up = shown(page, "added", "looked-up")
        assert added == looked_up and [*map(float, added.split())] == W[row].tolist()
        assert shown(page, "count", "zeros") == ["18", str(answers.multiplications_by_zero(1, 6, 3))]


@pytest.mark.long
def test_a_step_is_the_lessons_step_and_moves_three_rows(opened):
    page, draw = opened("step"), np.random.default_rng(0)
    for vectors in draw.normal(scale=2, size=(20, 3, 2)):
        stepped = page.evaluate("(vectors) => descentStep(...vectors, 0.1)", vectors.tolist())
        np.testing.assert_allclose(stepped, answers.descent_step(*vectors, 0.1))
        loss = page.evaluate("(vectors) => predictionLoss(...vectors)", vectors.tolist())
        np.testing.assert_allclose(loss, answers.prediction_loss(*vectors))
    scores = np.array([-700, -30, -1, 0, 1, 30, 700.0])
    np.testing.assert_allclose(page.evaluate("(scores) => scores.map(softplus)", scores.tolist()), softplus(scores))
    np.testing.assert_allclose(page.evaluate("(scores) => scores.map(sigmoid)", scores.tolist()), sigmoid(scores))

    start, tasks, rate = page.evaluate("[START, TASKS, RATE]")
    embedding, output = np.array(start["embedding"]), np.array(start["output"])

    def mean_loss():
        return np.mean([answers.prediction_loss(embedding[c], output[o], output[n]) for c, o, n in tasks])

    losses = [mean_loss()]
    for step in range(111):
        c, o, n = tasks[step % len(tasks)]
        embedding[c], output[o], output[n] = answers.descent_step(embedding[c], output[o], output[n], rate)
        losses.append(mean_loss())
    page.locator("[data-steps='1']").click()
    assert page.locator(".moved:not(:empty)").count() == 3 and page.locator(".still").count() == 2 * (12 - 3)
    assert shown(page, "center", "context", "noise") == ["公主", "宫里", "饼上"]
    before, after = map(float, shown(page, "losses")[0].split(" → "))
    assert after < before
    page.locator("[data-steps='10']").click()
    page.locator("[data-steps='100']").click()
    assert page.locator(".moved:not(:empty)").count() == 12
    np.testing.assert_allclose(page.evaluate("losses"), losses)
    np.testing.assert_allclose(page.evaluate("tables.embedding"), embedding)
    np.testing.assert_allclose(page.evaluate("tables.output"), output)
    near, far = (float(number) for number in shown(page, "near", "far"))
    assert near == pytest.approx(answers.cosine_by_hand(embedding[0], embedding[1]), abs=0.006) and near > 0.9 > 0 > far
    assert losses[-1] < 0.1 < 1 < losses[0]
    page.locator("#again").click()
    assert page.evaluate("[tables, losses.length]") == [start, 1]


@pytest.mark.long
def test_the_band_is_the_lessons_for_any_sentence(opened):
    page = opened("window")
    for length in range(8):
        for window in range(1, 6):
            np.testing.assert_allclose(
                np.reshape(page.evaluate(f"bandMatrix({length}, {window})"), (length, length)),
                answers.band(length, window),
            )
    for sentence in ("公主住在 宫里\u3000。", "王", "", "a b\tc", "𠮷😀很", "<b>&amp;</b>"):
        page.locator("#sentence").fill(sentence)
        tokens = list(tokenize(sentence, "characters"))
        assert page.evaluate("(sentence) => characters(sentence)", sentence) == tokens
        assert page.locator("#band button").all_inner_texts() == tokens
        for window in (1, 5):
            page.locator("#window").fill(str(window))
            assert shown(page, "pairs") == [str(answers.pair_count(len(tokens), window))]
    page.locator("#sentence").fill("公主" * 30)
    assert page.locator("#band button").count() == 16
    page.locator("#band button").nth(3).click()
    assert page.locator("#band .chosen th").inner_text() == "主"
    assert page.evaluate("document.activeElement.innerText") == "主"  # the keyboard can go on from here


@pytest.mark.long
def test_the_map_plays_inside_its_page(opened, finished_run, tmp_path):
    pytest.importorskip("plotly", reason="plotly is not installed: requirements-optional.txt")
    from embedding_tutorial.pictures.map_page import write_map

    write_map(finished_run[0], tmp_path / "map.html")
    frame = opened("map").frame_locator("iframe")
    frame.locator("#plane .textpoint").first.wait_for()
    frame.locator("#play").click()
    frame.get_by_text("epoch 轮 0 / 20").wait_for()
    frame.get_by_text("epoch 轮 20 / 20").wait_for()
