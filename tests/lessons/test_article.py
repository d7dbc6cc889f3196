"""The page of the article: none of its 32 sentences is missing, and each names an assertion that is there."""

import re

import pytest

from embedding_tutorial.lessons.runner import LESSONS, PLACE, lesson_path, read_cells

ROWS = [
    line.strip("| ").split(" | ")
    for line in (PLACE / "article.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| \d", line)
]
# How each sentence of the article begins, in its order.
BEGINNINGS = """使用One-hot 训练神经网络 使用嵌入层 “deep Embedding 一共5个单词 例如deep对应1 可以进行降维 表示向量之间
那么在这基础上 从中文表示来看 但是呢 你说 既然 公主一定是 王妃是皇帝的妃子 于是公主王妃 这样我们就把公主 或者这样
这样,我们就把一些词 然后,我们把皇帝 于是乎 总之 所以 这个密集矩阵 在这个密集矩阵中 他们之间的关系 从稀疏矩阵
更重要的是 这个成熟的关系 训练权重矩阵 哪一个是1""".split()


def without_blanks(text):
    return re.sub(r"[\s\\]", "", text)


def test_all_sentences_are_there_in_their_order():
    assert len(BEGINNINGS) == 32
    assert [row[0] for row in ROWS] == [str(number) for number in range(1, 33)]
    for beginning, (_, sentence, *_) in zip(BEGINNINGS, ROWS, strict=True):
        assert without_blanks(sentence).startswith(without_blanks(beginning))


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_each_names_assertions_of_lessons_in_both_languages(row):
    _, sentence, result, shown = row
    for text in (sentence, result):
        chinese, _, english = text.partition("<br>")
        if re.search(r"[\u4e00-\u9fff]", text):  # two sentences are English in the article
            assert re.search(r"[\u4e00-\u9fff]", chinese) and re.search(r"[a-z]", english)
    parts = shown.split("<br>")
    for part in parts:
        number, name, code = re.fullmatch(r"\[(\d+)\]\((\w+\.py)\) `([^`]+)`", part).groups()
        lesson = lesson_path(int(number))
        assert lesson.name == name
        assert code.startswith("assert ")
        assert any(code in cell.source for cell in read_cells(lesson) if not cell.is_text), f"{name} has no {code}"


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_what_a_lesson_quotes_is_on_the_page(lesson):
    page = [without_blanks(sentence) for _, sentence, *_ in ROWS]
    quotations = [
        without_blanks(re.sub(r"^> ?", "", found, flags=re.MULTILINE))
        for cell in read_cells(lesson)
        if cell.is_text
        for found in re.findall(r"(?:^> .*\n?)+", cell.source, re.MULTILINE)
    ]
    assert quotations
    for quotation in quotations:
        assert any(quotation in sentence for sentence in page), f"not on the page: {quotation}"
