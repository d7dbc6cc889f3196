# %% [markdown]
# # 2 编号 · Index
#
# > 使用嵌入层embedding 的第一步是通过索引对该句子进行编码

# %% [markdown] lang="zh"
# 每个不同的词有一个**编号**（文章叫“索引”，index）。同一个词不管出现几次，编号都一样。编号只是名字，
# 不是大小：4 号并不比 1 号“多”。0 号不给任何词，留作填充。
#
# **先猜后跑**：给 `deep learning is very deep` 编号，要用几个不同的号码？最后一个词是几号？

# %% [markdown] lang="en"
# Every distinct word gets a number, its **id** (the article says 索引, index). A word has the same id wherever it
# occurs. An id is a name, not an amount: 4 is not "more" than 1. No word gets 0, which is reserved for padding.
#
# **Guess first**: how many different ids does `deep learning is very deep` need? What is the id of its last word?

# %%
from collections import Counter

import numpy as np
import pandas as pd

from embedding_tutorial.lessons.drawing import draw_matrix, side_by_side
from embedding_tutorial.lessons.encoding import one_hot
from embedding_tutorial.text.tokenizers import tokenize
from embedding_tutorial.text.vocabulary import PADDING, Vocabulary

sentence = tokenize("deep learning is very deep", "words")
vocabulary = Vocabulary.count([sentence])
ids = vocabulary.encode(sentence)  # T words -> T ids
assert ids == [1, 2, 3, 4, 1]  # the article's numbers
assert len(sentence) == 5 and len(vocabulary) == 4  # 一共5个单词 四个不同的
assert vocabulary.decode(ids) == sentence == ["deep", "learning", "is", "very", "deep"]
pd.DataFrame([ids], index=["id"], columns=sentence)

# %% [markdown] lang="zh"
# > 一共5个单词 四个不同的,每个向量代表一个单词,然而并不是每一个单词都会被一个向量来代替,
# > 而是被替换为用于查找嵌入矩阵中向量的索引。
#
# 说得更准确些，这是先后两步：句子里的词先换成编号（这一课），编号再换成向量（下一课）。五个位置，四个不同的词，
# 所以是五个编号、四个向量。
#
# 编号按什么顺序？按第一次出现的先后，还是按出现的次数？在这句话里，两种顺序碰巧一样：deep 最先出现，也出现得最多。
# 本项目**按次数**编号，次数相同的再看谁先出现：常见的词排在前面，词表太长时截掉末尾就行。同样四个词，换一句话，
# 两种顺序就不一样了。

# %% [markdown] lang="en"
# > 一共5个单词 四个不同的,每个向量代表一个单词,然而并不是每一个单词都会被一个向量来代替,
# > 而是被替换为用于查找嵌入矩阵中向量的索引。
#
# (Five words, four distinct; a word is replaced not by a vector but by an index for finding one.) More precisely, these
# are two steps: words become ids (this lesson), then ids become vectors (the next lesson). There are five places and
# four distinct words, so there are five ids and four vectors.
#
# In which order are ids given: by first appearance, or by count? In this sentence both orders happen to agree: deep
# comes first and is also the most frequent. This project numbers **by count**, and equal counts by first appearance:
# frequent words come first, so a vocabulary that is too long can be cut at its end. The same four words in another
# sentence show the difference.


# %%
def ids_by_appearance(words: list[str]) -> list[int]:
    """Number the words in order of first appearance, from 1."""
    seen = []
    for word in words:
        if word not in seen:
            seen.append(word)
    return [seen.index(word) + 1 for word in words]


assert ids_by_appearance(sentence) == ids  # here the two orders happen to agree

other = tokenize("very deep learning is deep", "words")
assert Counter(other) == Counter(sentence) == {"deep": 2, "learning": 1, "is": 1, "very": 1}  # the same words
by_appearance = ids_by_appearance(other)
by_count = Vocabulary.count([other]).encode(other)
assert by_appearance == [1, 2, 3, 4, 2]  # very appears first
assert by_count == [2, 1, 3, 4, 1]  # deep occurs twice
pd.DataFrame([by_appearance, by_count], index=["by appearance 按出现先后", "by count 按次数"], columns=other)

# %% [markdown] lang="zh"
# 把两种编号都画成独热行：只是 1 号列和 2 号列对调了，其余都没变。哪种顺序都行，只要从头到尾用同一种。0 号列总是空的，
# 因为它不属于任何词。

# %% [markdown] lang="en"
# The picture shows both numberings as one-hot rows: columns 1 and 2 are swapped, nothing else changes. Either order
# works, as long as the same one is used throughout. Column 0 is always empty, since it belongs to no word.

# %%
size = len(vocabulary) + 1  # ids 0 to 4
left, right = one_hot(by_appearance, size), one_hot(by_count, size)  # (5, 5) each
assert (left[:, [0, 2, 1, 3, 4]] == right).all()
assert not left[:, 0].any() and not right[:, 0].any()
moved = [place for place in range(len(other)) if by_appearance[place] != by_count[place]]
assert moved == [0, 1, 4]
columns = [str(id) for id in range(size)]
side_by_side(
    draw_matrix(left, rows=other, columns=columns, highlight=moved, title="by appearance 按出现先后"),
    draw_matrix(right, rows=other, columns=columns, highlight=moved, title="by count 按次数"),
    between="或 / or",
)

# %% [markdown] lang="zh"
# 0 号有什么用？网络一次处理好几句话，这些句子要排成一个矩形，短的就在后面补 0。这叫**填充**（padding）。0 不是词，
# 变回文字时会跳过它。

# %% [markdown] lang="en"
# What is 0 for? A network processes several sentences at once, as one rectangle, so short sentences are filled up with
# 0 at the end. This is called **padding**. 0 is not a word: when ids are turned back into text, it is skipped.

# %%
short = tokenize("learning is deep", "words")
rows = np.full((2, 5), PADDING)  # (B, T): two sentences, five places
rows[0, :5] = vocabulary.encode(sentence)
rows[1, :3] = vocabulary.encode(short)
assert rows.tolist() == [[1, 2, 3, 4, 1], [2, 3, 1, 0, 0]]
assert vocabulary.decode(rows[1]) == short  # the two zeros are gone
assert PADDING == 0 and min(vocabulary.encode(vocabulary.tokens)) == 1
pd.DataFrame(rows, index=[" ".join(sentence), " ".join(short)])

# %% [markdown] lang="zh"
# 英文用空格分词；中文没有空格，得先决定用什么作**词元**：一个字，还是一个词。两种切法，编号和词表都不同；标点也是词元。
# 看看表里的“公主”：它最先出现，编号却是 4，因为“住”“在”“宫里”各出现两次，排在它前面。

# %% [markdown] lang="en"
# English separates words by blanks. Chinese does not, so one must first choose the **tokens**: characters, or words.
# The two choices give different ids and different vocabularies; a punctuation mark is a token too. Look for 公主 in the
# table: it comes first in the text, but its id is 4, since 住, 在 and 宫里 occur twice each and come before it.

# %%
chinese = "公主住在宫里，王妃也住在宫里。"
characters = list(tokenize(chinese, "characters"))
words = tokenize(chinese, "words")
character_vocabulary, word_vocabulary = Vocabulary.count([characters]), Vocabulary.count([words])
assert characters == list(chinese)
assert words == ["公主", "住", "在", "宫里", "，", "王妃", "也", "住", "在", "宫里", "。"]
character_ids, word_ids = character_vocabulary.encode(characters), word_vocabulary.encode(words)
assert character_ids == [5, 6, 1, 2, 3, 4, 7, 8, 9, 10, 1, 2, 3, 4, 11]
assert word_ids == [4, 1, 2, 3, 5, 6, 7, 1, 2, 3, 8]
cuts = pd.DataFrame(
    {
        "tokens": [" ".join(characters), " ".join(words)],
        "ids": [" ".join(map(str, character_ids)), " ".join(map(str, word_ids))],
        "places": [len(characters), len(words)],
        "distinct": [len(character_vocabulary), len(word_vocabulary)],
    },
    index=["characters 字", "words 词"],
)
assert cuts["places"].tolist() == [15, 11] and cuts["distinct"].tolist() == [11, 8]
cuts

# %% [markdown] lang="zh"
# ### 练习
# 1. 不用 `Vocabulary`，把一列词按**第一次出现的先后**编号，从 1 开始，返回列表。
# 2. 再按**次数**编号：多的在前；次数相同，先出现的在前。
# 3. 给几句长短不一的编号，在后面补 0，补成一样长，返回列表的列表。

# %% [markdown] lang="en"
# ### Exercises
# 1. Without `Vocabulary`: number a list of words by **first appearance**, from 1; return a list.
# 2. Now by **count**: the most frequent word first; among equal counts, the one that appears first.
# 3. Given several sentences of ids, pad the shorter ones with 0 at the end until all are equally long; return a list of
#    lists.

# %%
import numpy as np

from embedding_tutorial.lessons.exercises import check, hint


def my_encode_by_appearance(words):
    return None


def my_encode_by_count(words):
    return None


def my_pad_rows(sentences):
    return None


check("encode_by_appearance", my_encode_by_appearance)
check("encode_by_count", my_encode_by_count)
check("pad_rows", my_pad_rows)
