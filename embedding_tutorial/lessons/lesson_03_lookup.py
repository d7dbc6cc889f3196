# %% [markdown]
# # 3 查表 · Lookup
#
# > 哪一个是1,就代表其索引,去找到对应的向量

# %% [markdown] lang="zh"
# 嵌入层里有一张表，叫**嵌入矩阵**：每个编号占一行，这一行就是它的向量。给嵌入层一串编号，它就取出那几行，这叫**查表**。
# 查表不做任何计算。
#
# 文章在这里只写了“Embedding Matrix”，没有写数；下面矩阵里的数是我们编的，每行 3 个。
#
# **先猜后跑**：查 `deep learning is very deep`（1 2 3 4 1），得到几个向量？哪几个相同？

# %% [markdown] lang="en"
# An embedding layer holds a table, the **embedding matrix**: a row for each id, and the row is the vector. Given ids,
# the layer returns their rows: a **lookup**. It computes nothing.
#
# Here the article says only "Embedding Matrix" and gives no numbers; the numbers below are ours, three in a row.
#
# **Guess first**: look up `deep learning is very deep` (1 2 3 4 1). How many vectors come out? Which are the same?

# %%
import numpy as np
import pandas as pd

from embedding_tutorial.lessons.drawing import draw_matrix, side_by_side
from embedding_tutorial.lessons.encoding import lookup, one_hot
from embedding_tutorial.pictures.projector import matrix_table
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors import WordVectors

sentence = ["deep", "learning", "is", "very", "deep"]
vocabulary = Vocabulary.count([sentence])
ids = vocabulary.encode(sentence)
assert ids == [1, 2, 3, 4, 1]  # the article's numbers

row_names = ["(padding)", *vocabulary.tokens]  # row 0 belongs to no word
matrix = np.array(
    [
        [0.0, 0.0, 0.0],  # 0, padding
        [0.9, 0.1, 0.4],  # 1, deep
        [0.2, 0.8, 0.5],  # 2, learning
        [0.1, 0.3, -0.2],  # 3, is
        [0.7, -0.4, 0.6],  # 4, very
    ],
    dtype=np.float32,
)  # (V + 1, D) = (5, 3)
assert matrix.shape == (len(vocabulary) + 1, 3)
pd.DataFrame(matrix, index=[f"{id} {name}" for id, name in enumerate(row_names)])

# %%
vectors = lookup(matrix, ids)  # (V + 1, D) and T ids -> (T, D)
assert vectors.shape == (5, 3)
assert (vectors[0] == vectors[4]).all()  # deep and deep: the same row
assert len(np.unique(vectors, axis=0)) == 4  # five vectors, four distinct
for place, id in enumerate(ids):  # the same, written out number by number
    for column in range(3):
        assert vectors[place, column] == matrix[id, column]
pd.DataFrame(vectors, index=sentence)

# %% [markdown] lang="zh"
# “哪一个是1”说的是独热行：1 在第几列，编号就是几，就取矩阵的第几行。下图从左往右看，框出来的是 deep：
# 左边有两行的 1 在 1 号列，它们都取中间的 1 号行，得到右边的第一行和最后一行。同一个词查两次，得到的是同一行。

# %% [markdown] lang="en"
# "Whichever is 1" (哪一个是1) refers to the one-hot row: the column of its 1 is the id, and the id is the row to take.
# Read the picture from left to right; deep is framed. Both of its rows on the left have their 1 in column 1, so both
# take row 1 in the middle; the results are the first and the last row on the right.

# %%
rows = one_hot(ids, len(matrix))  # (T, V + 1): sparse
assert rows.argmax(axis=1).tolist() == ids  # where the 1 is: the index
assert (rows @ matrix == vectors).all()  # (T, V + 1) @ (V + 1, D) -> (T, D): lesson 4 explains why
names = [f"{id} {name}" for id, name in enumerate(row_names)]
side_by_side(
    draw_matrix(rows, sentence, list("01234"), highlight=[0, 4], title="one-hot 独热 (5 × 5)"),
    draw_matrix(matrix, names, list("012"), highlight=[1], title="matrix 嵌入矩阵 (5 × 3)"),
    draw_matrix(vectors, sentence, list("012"), highlight=[0, 4], title="dense 稠密 (5 × 3)"),
)

# %% [markdown] lang="zh"
# > 例如 deep对应1 表示矩阵中的第一行。
#
# “第一行”从 1 数起，Python 却从 0 数起，这里最容易差一行。本项目在 Keras 里把 0 号行留给填充（Keras 自己在
# `mask_zero=True` 时也这样约定），所以 deep 在 1 号行。导出时不写填充行，deep 便是 `vectors.tsv` 的第一行，
# 和文章说的一样。同一个词，有三种数法：

# %% [markdown] lang="en"
# > 例如 deep对应1 表示矩阵中的第一行。
#
# "The first row" (第一行) counts from one, Python counts from zero, and it is easy to be off by one. In Keras this
# project reserves row 0 for padding (as Keras itself does with `mask_zero=True`), so deep is row 1. The padding row is
# not exported, so deep is the first line of `vectors.tsv`, as the article says. One word is counted in three ways:

# %%
exported = WordVectors(vocabulary.tokens, vocabulary.counts, matrix[1:])  # (V, D): without the padding row
lines = matrix_table(exported.matrix).splitlines()  # the text of vectors.tsv
counted = pd.DataFrame(
    {
        "id: row in Keras (from 0)": vocabulary.encode(vocabulary.tokens),
        "line of vectors.tsv (from 1)": [exported.key_to_index[token] + 1 for token in vocabulary.tokens],
        "row of WordVectors.matrix (from 0)": [exported.key_to_index[token] for token in vocabulary.tokens],
    },
    index=vocabulary.tokens,
)
assert counted.loc["deep"].tolist() == [1, 1, 0]
assert counted.loc["very"].tolist() == [4, 4, 3]
assert len(lines) == 4 and np.float32(lines[0].split("\t")).tolist() == matrix[1].tolist()  # deep is 矩阵中的第一行
assert (exported["very"] == matrix[4]).all() and np.float32(lines[3].split("\t")).tolist() == matrix[4].tolist()
counted

# %% [markdown] lang="zh"
# **故意犯错一：差一行。** 表里没有填充行，却拿从 1 起的编号直接去查。程序不报错，每个词都拿到了下一个词的向量；
# 只有编号最大的 very 才会越界。

# %% [markdown] lang="en"
# **Mistake on purpose, 1: off by one.** The table has no padding row, but ids that start at 1 are used as its rows.
# There is no error: every word silently gets the next word's vector. Only very, the greatest id, is out of range.


# %%
def owner(vector: np.ndarray) -> str:
    """The name of the matrix row that equals this vector."""
    return next(name for name, row in zip(row_names, matrix, strict=True) if (row == vector).all())


def refusal(table: np.ndarray, ids: list[int]) -> str | None:
    """The message of the error that ``lookup`` raises; ``None`` if it raises none."""
    try:
        lookup(table, ids)
    except IndexError as error:
        return str(error)
    return None


without_padding = matrix[1:]  # (V, D) = (4, 3)
words = ["deep", "learning", "is", "deep"]
wrong = lookup(without_padding, vocabulary.encode(words))  # (4, 3): no error
right = lookup(matrix, vocabulary.encode(words))  # (4, 3)
got = pd.DataFrame({"wrong: vector of": map(owner, wrong), "right: vector of": map(owner, right)}, index=words)
assert got["wrong: vector of"].tolist() == ["learning", "is", "very", "learning"]
assert got["right: vector of"].tolist() == words
assert refusal(without_padding, vocabulary.encode(["very"])) == "id 4 is outside 0..3"
got

# %% [markdown] lang="zh"
# **故意犯错二：负编号。** 编号减 1，词就对上了，可是填充的 0 变成了 -1。NumPy 把 -1 当作“倒数第一行”，
# 于是填充拿到了 very 的向量，还是不报错。所以 `encoding.lookup` 不接受负数。稳妥的做法是把 0 号行留在表里，
# 编号原样使用。

# %% [markdown] lang="en"
# **Mistake on purpose, 2: a negative id.** Subtracting 1 corrects the words, but turns padding's 0 into -1. NumPy takes
# -1 as "the last row", so padding gets the vector of very, again without an error. Therefore `encoding.lookup` refuses
# negative ids. The safe way is to keep row 0 in the table and to use the ids as they are.

# %%
padded = [*vocabulary.encode(["learning", "is", "deep"]), 0, 0]
assert padded == [2, 3, 1, 0, 0]
less_one = [id - 1 for id in padded]
wrong = without_padding[less_one]  # NumPy alone, (5, 3): no error
right = lookup(matrix, padded)  # (5, 3)
got = pd.DataFrame(
    {"id": padded, "id - 1": less_one, "wrong: vector of": map(owner, wrong), "right: vector of": map(owner, right)},
    index=["learning", "is", "deep", "(padding)", "(padding)"],
)
assert got["wrong: vector of"].tolist() == ["learning", "is", "deep", "very", "very"]
assert got["right: vector of"].tolist() == got.index.tolist()
assert refusal(without_padding, less_one) == "id -1 is outside 0..3"  # our lookup raises an error
got

# %% [markdown] lang="zh"
# ### 练习
# 1. 不用 `lookup`，也不用 `matrix[ids]`，用循环查表：矩阵 (V, D) 和一列编号，得到 (T, D)。
# 2. 哪一个是 1？把独热行 (T, V) 变回编号。
# 3. 手里只有导出的向量 (V, D)，没有填充行；编号从 1 起，0 是填充。查出 (T, D)，填充处全是 0。

# %% [markdown] lang="en"
# ### Exercises
# 1. Without `lookup` and without `matrix[ids]`: look up with a loop. A matrix (V, D) and a list of ids give (T, D).
# 2. Whichever is 1: turn one-hot rows (T, V) back into ids.
# 3. Given are only the exported vectors (V, D), without a padding row; ids start at 1, and 0 is padding. Look up
#    (T, D), with zeros where there is padding.

# %%
import numpy as np

from embedding_tutorial.lessons.exercises import check, hint


def my_lookup_rows(matrix, ids):
    return None


def my_one_hot_to_ids(rows):
    return None


def my_lookup_exported(vectors, ids):
    return None


check("lookup_rows", my_lookup_rows)
check("one_hot_to_ids", my_one_hot_to_ids)
check("lookup_exported", my_lookup_exported)
