# %% [markdown]
# # 4 从稀疏到稠密 · Sparse to dense
#
# > 例如 第一个矩阵(2x6)相当于两个单词,表示的很稀疏(0多),进行变换后,变成了(2x3),缩小一半,两个向量,并且稠密。

# %% [markdown] lang="zh"
# 独热的行几乎全是 0。右边乘上一个矩阵 W，每行 6 个数就变成 3 个（文章说的“降维”）：(2 × 6) @ (6 × 3) → (2 × 3)，
# 一共 12 个数变成 6 个，而且没有 0。W 就是**嵌入矩阵**，每个词元在里面有一行。
#
# 文章只给了形状，下面的数是我们编的。词表取自“王妃很漂亮”：五个字，加上填充用的第 0 行，正好六行。

# %% [markdown] lang="en"
# One-hot rows are nearly all 0. Multiplied by a matrix W, each row of 6 numbers becomes a row of 3 (the article's 降维,
# fewer dimensions): (2 × 6) @ (6 × 3) → (2 × 3). In all, 12 numbers become 6, and none of them is 0. W is the
# **embedding matrix**: every token has a row in it.
#
# The article gives only the shapes; the numbers below are ours. The vocabulary comes from 王妃很漂亮: five characters,
# and row 0 for padding, make six rows.

# %%
import numpy as np
import pandas as pd

from embedding_tutorial.lessons.drawing import draw_matrix, side_by_side
from embedding_tutorial.lessons.encoding import lookup, one_hot
from embedding_tutorial.text.vocabulary import Vocabulary

vocabulary = Vocabulary.count([list("王妃很漂亮")])
W = np.array([  # (6, 3): row 0 is padding, row id belongs to token id
    [0.1, 0.1, 0.1],
    [0.7, 0.2, -0.4],
    [0.6, 0.3, -0.5],
    [-0.2, 0.8, 0.3],
    [0.4, -0.6, 0.9],
    [0.5, -0.7, 0.8],
])  # fmt: skip
pd.DataFrame(W, columns=["w1", "w2", "w3"])

# %% [markdown] lang="zh"
# **先猜后跑**：“亮”的编号是 5，“妃”的编号是 2。看一眼上面的 W，不用计算，说得出乘积的两行吗？

# %% [markdown] lang="en"
# **Guess first**: 亮 has id 5 and 妃 has id 2. Look at W above: can you name the two rows of the product without
# calculating?

# %%
tokens = ["亮", "妃"]
ids = vocabulary.encode(tokens)
assert ids == [5, 2]
sparse = one_hot(ids, len(W))  # (2, 6)
dense = sparse @ W  # (2, 6) @ (6, 3) -> (2, 3)

# The same product without @, number by number.
for i in range(2):
    for j in range(3):
        assert dense[i, j] == sum(sparse[i, k] * W[k, j] for k in range(6))
assert dense.tolist() == [[0.5, -0.7, 0.8], [0.6, 0.3, -0.5]]  # rows 5 and 2 of W, unchanged
pd.DataFrame(dense, index=tokens, columns=["w1", "w2", "w3"])

# %%
side_by_side(
    side_by_side(
        draw_matrix(sparse, rows=tokens, columns=list("012345"), highlight=[0], title="one-hot (2 × 6)"),
        draw_matrix(W, rows=list("012345"), highlight=[5], title="W (6 × 3)"),
        between="@",
    ),
    draw_matrix(dense, rows=tokens, highlight=[0], title="dense (2 × 3)"),
    between="=",
)

# %% [markdown] lang="zh"
# 一行独热只有一个 1，所以乘法只是把 W 里的那一行原样取出来：这正是上一课的查表。
#
# “缩小一半”说的是这两行。W 本身还要存 3 × 6 = 18 个数，不过文本再长，它也只存一份：两个字时还不划算，
# 从第七个字起就省了。

# %% [markdown] lang="en"
# A one-hot row holds a single 1, so the product only takes that row of W unchanged: the lookup of the last lesson.
#
# "Half the size" (缩小一半) is true of these two rows. W itself takes another 3 × 6 = 18 numbers, but only once,
# however long the text is: two characters take more space than before, seven or more take less.

# %%
draw = np.random.default_rng(0)
lines = {}
for length in (2, 6, 7, 1000):
    text = draw.integers(1, 6, size=length)  # ids 1 to 5
    lines[length] = {"one-hot": one_hot(text, 6).size, "dense": lookup(W, text).size, "W": W.size}
sizes = pd.DataFrame(lines).T.rename_axis("characters")
sizes["dense + W"] = sizes["dense"] + sizes["W"]

assert sizes.loc[2, ["one-hot", "dense"]].tolist() == [12, 6]  # the article's example
assert sizes["one-hot"].tolist() == [12, 36, 42, 6000]
assert sizes["dense + W"].tolist() == [24, 36, 39, 3018]
assert (np.count_nonzero(sparse), np.count_nonzero(dense)) == (2, 6)  # 10 zeros of 12; 0 of 6
sizes

# %% [markdown] lang="zh"
# > 于是乎,我们把文字的one-hot编码,从稀疏态变成了密集态,并且让相互独立向量变成了有内在联系的关系向量。
#
# “密集”就是前面的“稠密”：两个词是一个意思。
#
# 文章先给出四个字的独热行 (4 × 10)，后来又给出它们的特征 (4 × 3)。两张表之间缺的就是 W (10 × 3)：
# 把特征放到“公主王妃”各自的那一行就行了。另外六行文章没有说，我们写 0；换成别的数，乘积也不变。

# %% [markdown] lang="en"
# > 于是乎,我们把文字的one-hot编码,从稀疏态变成了密集态,并且让相互独立向量变成了有内在联系的关系向量。
#
# (密集 here and 稠密 above both mean dense.) The article first gives one-hot rows for four characters (4 × 10), and
# later their features (4 × 3). Between the two tables only W (10 × 3) is missing: put the features into the rows of 公,
# 主, 王 and 妃. The article says nothing of the other six rows; we write 0, and any other numbers would leave the
# product unchanged.

# %%
FEATURES = ["皇帝", "宫里", "女"]
characters = list("公主王妃")
COLUMNS = list("亮漂很主公???妃王")  # the article's own; it does not say which characters the ??? belong to
article_one_hot = np.array([
    [0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
    [0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 0],
])  # fmt: skip
article_features = np.array([
    [0.5, 0.125, 0.5],
    [0.5, 0.125, 0.5],
    [0.3, 0.375, 0.5],
    [0.3, 0.375, 0.5],
])  # fmt: skip

article_W = np.zeros((10, 3))
article_W[[4, 3, 9, 8]] = article_features
assert (article_one_hot @ article_W == article_features).all()  # (4, 10) @ (10, 3) -> (4, 3)

# NumPy solves "one-hot @ W = features" for W, and finds the same W ...
solved, _, rank, _ = np.linalg.lstsq(article_one_hot, article_features, rcond=None)
assert np.allclose(solved, article_W)
assert rank == 4  # ... and the equation determines only 4 of the 10 rows
other_W = draw.normal(size=(10, 3))
other_W[[4, 3, 9, 8]] = article_features
assert (article_one_hot @ other_W == article_features).all()
pd.DataFrame(article_W, index=COLUMNS, columns=FEATURES)

# %%
side_by_side(
    side_by_side(
        draw_matrix(article_one_hot, characters, COLUMNS, highlight=[3], title="one-hot (4 × 10)"),
        draw_matrix(article_W, COLUMNS, FEATURES, highlight=[8], title="W (10 × 3)", digits=3),
        between="@",
    ),
    draw_matrix(article_features, characters, FEATURES, highlight=[3], title="features (4 × 3)", digits=3),
    between="=",
)

# %% [markdown] lang="zh"
# “有内在联系”从哪里来？不是乘法带来的，乘法只是取行；联系全在 W 的数里。随机的 W 也会让点积不再是 0（3 个数的空间里，
# 最多只有 3 个方向两两垂直），只是那些数没有意义。所以要紧的是给 W 填上好的数：下一课用手填，以后由训练来填。

# %% [markdown] lang="en"
# Where do the relations come from? Not from the multiplication, which only takes rows: they are in the numbers of W. A
# random W gives dot products other than 0 as well (with 3 numbers, at most 3 directions are perpendicular to each
# other), but they mean nothing. What matters is to fill W with good numbers: by hand in the next lesson, by training
# later.

# %%
random_W = np.random.default_rng(0).normal(size=(10, 3))
with_gong = {}
for name, matrix in {"one-hot": np.eye(10), "article's W": article_W, "random W": random_W}.items():
    rows = article_one_hot @ matrix  # (4, 10) @ (10, D) -> (4, D)
    with_gong[name] = rows @ rows[0]  # (4, D) @ (D,) -> (4,)
products = pd.DataFrame(with_gong, index=[f"公 · {character}" for character in characters])

assert products["one-hot"].tolist() == [1, 0, 0, 0]
assert np.isclose(products.loc["公 · 王", "article's W"], 0.5 * 0.3 + 0.125 * 0.375 + 0.5 * 0.5)
assert (products[["article's W", "random W"]] != 0).all(axis=None)
products.round(3)

# %% [markdown] lang="zh"
# ### 练习
# 1. 不用 `@`，写出矩阵乘法 (N × K) @ (K × M)。
# 2. 一个矩阵里 0 占多少？写成 0 到 1 之间的数。
# 3. 给出编号（各不相同）、它们的特征行和总行数，造出 W：编号的那几行放特征，其余是 0。这样 `one_hot(ids, size) @ W`
#    就是特征。

# %% [markdown] lang="en"
# ### Exercises
# 1. Without `@`: the matrix product (N × K) @ (K × M).
# 2. What share of a matrix is 0? A number from 0 to 1.
# 3. Given ids (all different), their rows of features and the number of rows, build W: the features in the rows of the
#    ids, 0 elsewhere. Then `one_hot(ids, size) @ W` is the features.

# %%
import numpy as np

from embedding_tutorial.lessons.exercises import check, hint


def my_matrix_product(a, b):
    return None


def my_share_of_zeros(matrix):
    return None


def my_table_from_rows(ids, features, size):
    return None


check("matrix_product", my_matrix_product)
check("share_of_zeros", my_share_of_zeros)
check("table_from_rows", my_table_from_rows)
