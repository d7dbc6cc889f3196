# %% [markdown]
# # 1 独热编码 · One-hot
#
# > 使用One-hot 方法编码的向量会很高维也很稀疏。

# %% [markdown] lang="zh"
# 电脑不认得字，只认得数。最直接的办法是给每个字一列：是哪个字，哪一列就写 1，其余写 0。这样的一行叫**独热编码**。
# 它不会认错字，可是很宽。含不含意思呢？
#
# **先猜后跑**：“王”和“妃”的点积是多少？“王”和“亮”呢？

# %% [markdown] lang="en"
# A computer works with numbers, not with characters. The simplest way is a column for each character: 1 in its own
# column, 0 in all others. Such a row is called **one-hot**. It never confuses two characters, but it is wide. Does
# it hold any meaning?
#
# **Guess first**: what is the dot product of 王 and 妃? Of 王 and 亮?

# %%
import numpy as np
import pandas as pd

from embedding_tutorial.lessons.drawing import draw_matrix
from embedding_tutorial.lessons.encoding import one_hot

# The article's own ten columns. Seven are used; the article does not say which characters the other three belong to.
COLUMN = {"亮": 0, "漂": 1, "很": 2, "主": 3, "公": 4, "妃": 8, "王": 9}
COLUMNS = 10

sentence = "王妃很漂亮"
rows = one_hot([COLUMN[character] for character in sentence], COLUMNS)  # (5, 10)
assert rows.tolist() == [
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 0],
    [0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
    [0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
]
pd.DataFrame(rows.astype(int), index=list(sentence))

# %%
draw_matrix(rows, rows=list(sentence), title="王妃很漂亮: one-hot (5 × 10)")

# %% [markdown] lang="zh"
# > 你要是不看前面的中文注解,你知道这四行向量有什么内部关系吗?
#
# 文章把“公主”和“王妃”也写成这样的四行。把每一行和每一行相乘，答案就在表里：和自己是 1，和别的都是 0。
# 任意两个不同的字，点积都是 0：独热编码不含意思。

# %% [markdown] lang="en"
# > 你要是不看前面的中文注解,你知道这四行向量有什么内部关系吗?
#
# The article also writes 公主 and 王妃 as such rows, and asks whether the four rows show any relation. The products of
# all pairs of rows answer: 1 with itself, 0 with every other row. Any two different characters have dot product 0:
# one-hot holds no meaning.

# %%
words = "公主王妃"
four = one_hot([COLUMN[character] for character in words], COLUMNS)  # (4, 10)
assert four.argmax(axis=1).tolist() == [4, 3, 9, 8]
products = four @ four.T  # (4, 10) @ (10, 4) -> (4, 4)
assert (products == np.eye(4)).all()
pd.DataFrame(products.astype(int), index=list(words), columns=list(words))

# %% [markdown] lang="zh"
# 独热编码要多少空间？词表有 50,000 个词，一个词就是 50,000 个数，其中 49,999 个是 0。下面按 float32（每个数 4 字节）
# 算一算，再和 100 维的稠密向量比一比。

# %% [markdown] lang="en"
# How much space does it take? With 50,000 words, a word is 50,000 numbers, and 49,999 of them are 0. The table counts
# them in float32 (4 bytes each), beside a dense vector of 100 numbers.

# %%
costs = pd.DataFrame(
    {"numbers": [50_000, 100], "zeros": [49_999, 0], "bytes": [50_000 * 4, 100 * 4]},
    index=["one-hot", "dense, D = 100"],
)
row = one_hot([123], 50_000)
assert row.nbytes == costs.loc["one-hot", "bytes"] == 200_000
assert (row == 0).sum() == costs.loc["one-hot", "zeros"]
assert costs.loc["one-hot", "bytes"] == 500 * costs.loc["dense, D = 100", "bytes"]
costs

# %% [markdown] lang="zh"
# ### 练习
# 1. 不用 `one_hot`，写出一个编号的独热行（一个列表）。
# 2. 不用 `@`，写出两个向量的点积。再想一想：两行独热的点积为什么只能是 0 或 1？
#
# 写好后单独运行这一格就行，不必运行整课；在终端里是 `python -m embedding_tutorial.lessons 1 --check`。每一课都是这样。
# 没有思路？运行 `hint("dot")`，再运行 `hint("dot", 2)`；在终端里加 `--hint`，再加一次 `--hint`。答案在 `answers.py`。

# %% [markdown] lang="en"
# ### Exercises
# 1. Without `one_hot`: the one-hot row of one id, as a list.
# 2. Without `@`: the dot product of two vectors. Then think: why can it only be 0 or 1 for two one-hot rows?
#
# Write the functions, then run this cell alone, without the rest of the lesson; in a terminal, it is
# `python -m embedding_tutorial.lessons 1 --check`. So it is in all lessons. No idea? Run `hint("dot")`, then
# `hint("dot", 2)`; in a terminal, add `--hint`, then a second `--hint`. The answers are in `answers.py`.

# %%
import numpy as np

from embedding_tutorial.lessons.exercises import check, hint


def my_one_hot_row(id, size):
    return None


def my_dot(a, b):
    return None


check("one_hot_row", my_one_hot_row)
check("dot", my_dot)
