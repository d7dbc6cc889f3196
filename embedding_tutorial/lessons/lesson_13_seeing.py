# %% [markdown]
# # 13 看见它 · Seeing it
#
# > 这个成熟的关系,就是embedding层的所有权重参数!!!!!!!!

# %% [markdown] lang="zh"
# 训练完，嵌入层里就是一张数表。**导出**就是把这张表原样写进 `vectors.tsv`，一个词元一行；TensorBoard 只显示，不训练，
# 也不改数。“所有”要说准：嵌入层比文件多一行，就是第 0 行，它是填充，和别的词元没有关系，所以不导出。
#
# **先猜后跑**：一个向量有 32 个数，画在纸上只剩两根轴。挑最好的两根，能显示几成差别？

# %% [markdown] lang="en"
# After training, an embedding layer is a table of numbers. To **export** it is to write that table unchanged to
# `vectors.tsv`, a row for each token; TensorBoard only shows it, it neither trains nor changes a number. "All" (所有)
# has one exception: the layer has one row more than the file, row 0, which is padding, has no relations and is not
# exported.
#
# **Guess first**: a vector has 32 numbers, a sheet of paper has two axes. With the best two, how much of the
# differences can be shown?

# %%
from embedding_tutorial.quiet import import_keras_quietly

import_keras_quietly()

import tempfile
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.labels import visible
from embedding_tutorial.learning import learn, write_run
from embedding_tutorial.lessons.drawing import draw_matrix, draw_points, side_by_side
from embedding_tutorial.lessons.neighbours import distances, neighbours_in_common
from embedding_tutorial.vectors.evaluation import category_agreement
from embedding_tutorial.vectors.groups import read_categories
from embedding_tutorial.vectors.word_vectors import WordVectors, unit_rows

with tempfile.TemporaryDirectory() as place:
    run = Path(place) / "run"
    config = TrainingConfig(out=run)  # the defaults: a few seconds
    vocabulary = write_run(config).vectors.vocabulary
    layer = keras.models.load_model(run / "model.keras").get_layer("embedding")  # the layer as it was saved
    table = np.loadtxt(run / "vectors.tsv", np.float32, delimiter="\t")  # the file, as text: (V, D)
    unit = np.loadtxt(run / "vectors_unit.tsv", np.float32, delimiter="\t")  # (V, D)
    metadata = (run / "metadata.tsv").read_text(encoding="utf-8").removesuffix("\n").split("\n")

weights = keras.ops.convert_to_numpy(layer.embeddings)  # (V + 1, D)
assert table.tobytes() == weights[1:].tobytes()  # identical, bit for bit
np.testing.assert_allclose(unit, table / np.sqrt((table**2).sum(axis=1, keepdims=True)), atol=1e-6)
sizes = pd.DataFrame({"rows": [len(weights), 1, len(table)]}, ["embedding layer", "row 0: padding", "vectors.tsv"])
sizes["numbers"] = sizes["rows"] * config.dim
assert sizes["numbers"].tolist() == [layer.count_params(), config.dim, table.size]
assert len(weights) == len(vocabulary) + 1
sizes

# %%
labels = [line.split("\t") for line in metadata[1:]]  # line 1 is the header
tokens, counts = [label[0] for label in labels], [int(label[1]) for label in labels]
assert tokens == [visible(token) for token in vocabulary.tokens]
four = [tokens.index(character) for character in "公主王妃"]
draw_matrix(table[four, :10], list("公主王妃"), title="vectors.tsv：四行，前 10 个数 · four rows, the first 10 numbers")

# %% [markdown] lang="zh"
# > 这个密集矩阵用了N(例子中N=3)个特征来表征所有的文字
#
# 文章的 N 是 3，因为人只挑了三个特征。我们的 N 是 32（`--dim`）：列没有名字，只要放得下字与字的差别。3 列够不够？
# 同样的文本，同样的设置，只改 N，再训练一次，量近邻同组的比例（第 11 课）：3 列的差得多。

# %% [markdown] lang="en"
# > 这个密集矩阵用了N(例子中N=3)个特征来表征所有的文字
#
# (This dense matrix describes all characters by N features, N = 3 in the example.) The article's N is 3, because a
# person chose three features. Ours is 32 (`--dim`): the columns have no names, they only have to hold the differences
# between characters. Are 3 enough? Train once more with the same text and settings and another N, and measure how many
# neighbours share the group (lesson 11): far fewer with 3.

# %%
by_size = {config.dim: WordVectors.of(vocabulary, table), 3: learn(dim=3, verbose=0).vectors}
groups = {N: category_agreement(each, read_categories(), "characters") for N, each in by_size.items()}
assert [each.matrix.shape for each in by_size.values()] == [(len(vocabulary), N) for N in (32, 3)]
assert groups[32].value > 1.5 * groups[3].value > 3 * groups[3].chance
pd.DataFrame(
    {f"N = {N}": [each.value, *each.interval(), each.chance] for N, each in groups.items()},
    index=["same group", "95 % from", "to", "chance"],
).T.round(3)

# %% [markdown] lang="zh"
# 想亲眼看，就运行 `python train.py`，再运行 `tensorboard --logdir runs/palace-characters`，
# 打开 `http://localhost:6006/#projector`。页面先给出的是 `vectors_unit.tsv`：每行都除以自己的长度，方向不变，
# 余弦也不变。标签在另一个文件 `metadata.tsv` 里，两个文件只靠**行号**对应。
#
# > 从稀疏矩阵到密集矩阵的过程,叫做embedding,很多人也把它叫做查表,因为他们之间也是一个一一映射的关系。
#
# 一一映射，说的是词元和行。**故意犯错**：自己写导出，忘了第 0 行是填充，把 `weights[1:]` 写成了 `weights[:-1]`。
# 行数没少，标签也没少，页面没有任何警告，可是每个字拿的都是前一个字的向量。

# %% [markdown] lang="en"
# To see it yourself, run `python train.py`, then `tensorboard --logdir runs/palace-characters`, and open
# `http://localhost:6006/#projector`. The page first shows `vectors_unit.tsv`: every row divided by its length, which
# changes no direction and no cosine. The labels are in another file, `metadata.tsv`; only the **line number** connects
# the two.
#
# > 从稀疏矩阵到密集矩阵的过程,叫做embedding,很多人也把它叫做查表,因为他们之间也是一个一一映射的关系。
#
# One to one (一一映射) are tokens and rows. **Mistake on purpose**: an export of your own forgets that row 0 is padding
# and writes `weights[:-1]` instead of `weights[1:]`. No row is missing and no label, the page gives no warning, but
# every character has the vector of the one before it.

# %%
vectors = WordVectors(tokens, counts, table)
shifted = WordVectors(tokens, counts, weights[:-1])  # with row 0, without the last row
assert len(tokens) == len(vectors) == len(shifted) == len(metadata) - 1  # counting lines shows no error

asked = ["雪", "马", "后", "桃"]
seen, agreement = {}, {}
for name, each in (("right", vectors), ("shifted", shifted)):
    seen[name] = ["".join(near for near, _ in each.most_similar(token, topn=6)) for token in asked]
    agreement[name] = category_agreement(each, read_categories(), "characters")
seen = pd.DataFrame(seen, asked).T
seen["same group"] = [each.value for each in agreement.values()]
seen["chance"] = [each.chance for each in agreement.values()]

snow = keras.ops.convert_to_numpy(layer(np.array(vocabulary.encode("雪"))))[0]  # (D,): asked of the layer itself
assert (vectors["雪"] == snow).all()
assert (shifted["雪"] != snow).any() and (shifted[tokens[tokens.index("雪") + 1]] == snow).all()
assert seen.loc["right", "same group"] > 5 * seen.loc["right", "chance"]
assert seen.loc["shifted", "same group"] < 2 * seen.loc["shifted", "chance"]
seen.round(3)

# %% [markdown] lang="zh"
# 怎么发现？一，**看熟悉的字**：挑几个你知道答案的字，看看近邻。二，**算一个数**：
# 近邻同组的比例（`categories.tsv` 里的组，如春夏秋冬）降到了随机水平。三，**查嵌入层**：拿一个字的编号去查，
# 和文件里它那一行比。数行数只能发现丢了行：空白的标签，页面会整行丢掉，所以我们导出时把空白写成看得见的 `\u3000`。
#
# **PCA** 找出点散得最开的方向，依次当作轴；其余方向全部压平。NumPy 的 SVD 就能算，每根轴占几成也一起算出来。
# 课本上的 PCA 先减去平均向量；投影页的**不减**（我们读了它的代码，也在浏览器里核对过），
# 所以它的第一根轴差不多就是平均方向：说的是大家共有什么，不是谁和谁不同。
#
# **“Spherize data”** 先减去平均向量，再把每行除以自己的长度（减均值再归一化）。50 维以下页面默认不勾，我们是 32 维，
# 要自己勾。勾了以后，任意两个字的余弦，平均值从略大于 0 变成约等于 0，近邻也会换掉一些。

# %% [markdown] lang="en"
# How can this be noticed? One, **look at familiar characters**, whose neighbours you know. Two, **compute a number**:
# the share of neighbours of the same group (groups of `categories.tsv`, such as the four seasons) has dropped to
# chance. Three, **look up the layer**: compare one character's vector with its row in the file. Counting lines only
# finds missing lines: the page drops blank labels, so our export writes blanks visibly, as `\u3000`.
#
# **PCA** finds the directions in which the points spread most and takes them as axes; all other directions are
# flattened. NumPy's SVD computes the axes and the share that each shows. Textbook PCA subtracts the mean vector first;
# the page's does **not** (we read its code, and compared its numbers in a browser), so its first axis is nearly the
# mean direction: it shows what all vectors share, not how they differ.
#
# **"Spherize data"** subtracts the mean vector, then divides every row by its length. Below 50 dimensions the page
# leaves it off; ours has 32, so tick it yourself. With it, the mean cosine of two characters drops from a little above
# 0 to about 0, and some neighbours change.


# %%
def spherize(matrix):
    """Subtract the mean row, then make every row's length 1. (V, D) -> (V, D)"""
    return unit_rows(matrix - matrix.mean(axis=0))


def principal_axes(matrix):
    """The axes as rows, the widest first, and the share that each shows. (V, D) -> (D, D), (D,)"""
    _, spread, axes = np.linalg.svd(matrix, full_matrices=False)  # (V, D) -> (D,), (D, D)
    return axes, spread**2 / np.sum(spread**2)


def mean_cosine(matrix):
    """The mean over all pairs of different rows."""
    cosines = unit_rows(matrix) @ unit_rows(matrix).T  # (V, V)
    return (cosines.sum() - len(matrix)) / (len(matrix) * (len(matrix) - 1))


views = {"the page's PCA": unit, "mean subtracted": unit - unit.mean(axis=0), "Spherize": spherize(unit)}
rows = {}
for name, view in views.items():
    axes, share = principal_axes(view)
    kept = neighbours_in_common(unit, unit_rows(view))  # of each character's ten nearest, by cosine
    rows[name] = [share[0], share[:2].sum(), share[:3].sum(), mean_cosine(view), kept]
shown = pd.DataFrame(rows, ["axis 1", "axes 1 2", "axes 1 2 3", "mean cosine", "10 nearest kept"]).T

axes, _ = principal_axes(unit)
mean_direction = unit.mean(axis=0) / np.linalg.norm(unit.mean(axis=0))  # (D,)
assert abs(axes[0] @ mean_direction) > 0.95  # the page's first axis is the mean direction
variances = np.linalg.eigvalsh(np.cov(unit.T))[::-1]  # another way to compute the shares
np.testing.assert_allclose(shown.loc["mean subtracted", "axes 1 2"], variances[:2].sum() / variances.sum(), rtol=1e-3)
assert shown["axes 1 2"].max() < 0.25  # most of the differences are not in the picture
assert shown.loc["the page's PCA", "axis 1"] > 0.4 * shown.loc["the page's PCA", "axes 1 2 3"]  # the mean direction
assert abs(shown.loc["mean subtracted":, "axes 1 2"] - 0.11).max() < 0.03
assert shown.loc["the page's PCA", "mean cosine"] > 0.05 > 0.01 > abs(shown.loc["Spherize", "mean cosine"])
assert 0.8 < shown.loc["Spherize", "10 nearest kept"] < 1
shown.round(3)

# %% [markdown] lang="zh"
# 第三列就是页面上那行 “Total variance described”（页面默认画三根轴），其中将近一半是大家共有的平均方向。
# 只算差别（第二、三行），两根轴只显示约一成。压平只会让点靠近，不会让点远离：图上挨着的，未必真近；图上离得远的，
# 原来至少有那么远。
# 下图左边是页面默认的样子，右边是勾了 Spherize 的样子，只画其中五组字。

# %% [markdown] lang="en"
# The third column is what the page calls "Total variance described" (it draws three axes by default); nearly half of it
# is the mean direction, which all vectors share. Of the differences alone (rows two and three) two axes show about a
# tenth. Flattening only brings points closer: points side by side in the picture need not be near, but points far apart
# are at least that far.
# The picture shows five groups of characters: on the left as the page begins, on the right with Spherize ticked.

# %%
members = [each for each in read_categories() if each.tokens == "characters" and each.token in vectors]
GROUPS = {
    "seasons": "seasons 季节",
    "beasts": "beasts 走兽",
    "fruit": "fruit 水果",
    "weather": "weather 天气",
    "female_kin": "women 女眷",
}
drawn = [each for each in members if each.group in GROUPS]
names, groups = [each.token for each in drawn], [GROUPS[each.group] for each in drawn]
places = [vectors.key_to_index[token] for token in names]
clouds = []
for name in ("the page's PCA", "Spherize"):
    axes, _ = principal_axes(views[name])
    flat = (views[name] @ axes[:2].T)[places]  # (V, D) @ (D, 2) -> (V, 2) -> (N, 2)
    assert (distances(flat) <= distances(views[name][places]) + 1e-5).all()  # never farther apart than before
    clouds.append(draw_points(flat, names, groups, name))
side_by_side(*clouds)

# %% [markdown] lang="zh"
# **t-SNE** 不找轴。它在纸上移动各个点，只求一件事：原来的近邻，在纸上还是近邻。下面数一数，
# 每个字的 5 个近邻在纸上还剩几个（只用各组的字，图才看得清）。

# %% [markdown] lang="en"
# **t-SNE** looks for no axes. It moves the points on the paper for one purpose: neighbours should remain neighbours.
# Count how many of a character's 5 nearest are still so on paper (only the characters of the groups, so that the
# picture can be read).

# %%
try:
    from sklearn.manifold import TSNE
except ImportError:
    TSNE = None
    print("没有 t-SNE，先跳过 / no t-SNE, skipped: pip install -r requirements-optional.txt (scikit-learn)")


def flatten(matrix):
    """t-SNE: (N, D) -> (N, 2)"""
    return TSNE(2, perplexity=10, init="pca", random_state=1).fit_transform(matrix)


grouped = unit[[vectors.key_to_index[each.token] for each in members]]  # (N, D)
papers = {"PCA, two axes": grouped @ principal_axes(grouped)[0][:2].T}  # (N, 2)
if TSNE:
    papers["t-SNE"] = flatten(grouped)
kept = {name: neighbours_in_common(grouped, paper, count=5) for name, paper in papers.items()}
chance = 5 / (len(grouped) - 1)
assert kept["PCA, two axes"] > 2 * chance
assert not TSNE or kept["t-SNE"] > 2 * kept["PCA, two axes"]
pd.DataFrame({"5 nearest kept": kept | {"chance": chance}}).round(3)

# %%
spots = [number for number, each in enumerate(members) if each in drawn]
name, paper = [*papers.items()][-1]
draw_points(paper[spots], names, groups, name)

# %% [markdown] lang="zh"
# **故意犯错**：把 t-SNE 图上团与团的距离当作相似度。我们造三团点：甲、乙相距 6，甲、丙相距 40。图上还看得出丙远得多吗？

# %% [markdown] lang="en"
# **Mistake on purpose**: to read the distance between two clouds of a t-SNE picture as similarity. We make three
# clouds: A and B are 6 apart, A and C 40. Does the picture still show that C is much farther?

# %%
draw = np.random.default_rng(0)
centres = np.zeros((3, config.dim))  # A, B, C
centres[1, 0], centres[2, 1] = 6, 40
points = np.repeat(centres, 30, axis=0) + draw.normal(scale=0.3, size=(90, config.dim))  # (90, D)
papers = {"32 numbers": points, "PCA": points @ principal_axes(points)[0][:2].T}
if TSNE:
    papers["t-SNE"] = flatten(points)
apart = {name: distances(paper.reshape(3, 30, -1).mean(axis=1)) for name, paper in papers.items()}
apart = pd.DataFrame(
    {name: [d[0, 1], d[0, 2], d[0, 2] / d[0, 1]] for name, d in apart.items()}, ["A–B", "A–C", "ratio"]
)
assert abs(apart.loc["ratio", "32 numbers"] - 40 / 6) < 0.2
assert abs(apart.loc["ratio", "PCA"] - 40 / 6) < 0.2  # here two axes are enough
assert not TSNE or apart.loc["ratio", "t-SNE"] < 2
apart.T.round(2)

# %% [markdown] lang="zh"
# 在 t-SNE 图上，丙和乙差不多一样远：它只管近邻，远处放在哪里都行，团有多大、隔多远，都没有意义。图用来**发现**，
# 数用来**确认**：想知道两个字多近，就用全部 32 个数算余弦（投影页右边的近邻表正是这样算的）。

# %% [markdown] lang="en"
# In the t-SNE picture C is about as far as B: it preserves neighbours only and may put the rest anywhere; the size of a
# cloud and its distance mean nothing. Use pictures to **discover** and numbers to **confirm**: how near two characters
# are is the cosine of all 32 numbers (as in the page's own list of neighbours, on its right).

# %% [markdown] lang="zh"
# ### 练习
# 1. 给 `metadata.tsv` 的全部行（第一行是表头），第 `row` 行向量（从 0 数）是哪个词元的？
# 2. 写出 Spherize：减去平均行，再把每行长度变成 1。
# 3. 先减均值，前 `axes` 根主轴一共占方差的几成？

# %% [markdown] lang="en"
# ### Exercises
# 1. Given all lines of a `metadata.tsv` (the first is the header): whose is row `row` of the vectors, counted from 0?
# 2. Write Spherize: subtract the mean row, then make every row's length 1.
# 3. With the mean subtracted: which share of the variance do the first `axes` principal axes show?

# %%
import numpy as np

from embedding_tutorial.lessons.exercises import check, hint


def my_label_of_row(lines, row):
    return None


def my_spherized(matrix):
    return None


def my_share_of_axes(matrix, axes):
    return None


check("label_of_row", my_label_of_row)
check("spherized", my_spherized)
check("share_of_axes", my_share_of_axes)
