# %% [markdown]
# # 7 自己数一数 · Count it yourself
#
# > 既然,通过刚才的假设关联,我们关联出了“皇帝”、“宫里”和“女”三个词,那我们尝试这么去定义公主和王妃

# %% [markdown] lang="zh"
# 文章说得明白：特征是挑出来的，数字是假设的。可是 .25 = 20/80 已经不只是假设：那是从八十年里数出的二十年。
# 数年头要知道公主的一生；机器不知道，它只有文字。那就数文字：在“公主”前后各 3 个词里，“皇帝”出现过几次？
# 这就是**分布假设**：一个词的意思，看它常和哪些词在一起。
#
# **先猜后跑**：下面 16 句里，“公主”和“王妃”从没同句。只看各自身边的词，它们会像吗？比“公主”和“农夫”更像吗？

# %% [markdown] lang="en"
# The article says so itself: it picks the features and assumes the numbers. Yet .25 = 20/80 is more than an assumption:
# it counts twenty years out of eighty. To count years one must know the princess's life; a machine has only text. So
# count text: among the 3 words before and the 3 after 公主, how often does 皇帝 occur? This is the **distributional
# hypothesis**: a word's meaning shows in the words around it.
#
# **Guess first**: in the 16 sentences below, 公主 and 王妃 never share a sentence. Judged by the words around each of
# them, are they similar? More similar than 公主 and 农夫 (peasant)?

# %%
import math
from collections import Counter

import numpy as np
import pandas as pd

from embedding_tutorial.config import DATASETS
from embedding_tutorial.lessons.drawing import draw_matrix, side_by_side
from embedding_tutorial.text.tokenizers import tokenize
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.word_vectors import unit_rows

EXCERPT = """
皇帝把小公主抱上了马背。
公主拉着皇帝的袖子，不肯回宫里。
公主在宫里学写字，宫女替她磨墨。
公主是皇帝最小的女儿，最爱爬树。
下雨了，公主给宫女讲海边的故事。
王妃坐花轿嫁进宫里，向皇帝奉了茶。
宫里人人都说，新来的王妃待人和气。
女儿满月，王妃在宫里摆了两桌酒。
宫女给王妃梳头，梳断了两把梳子。
皇帝问王妃，她的父亲病好了没有。
农夫的牛跑了，把邻居的麦子啃了一片。
农夫擦了擦汗，坐在田边喝凉水。
天旱了，农夫赶着牛车往田里送水。
农夫收了麦子，头一碗面端给老牛。
渔夫的船靠了岸，筐里的鱼还在跳。
木匠的锯子钝了，锯出来的木板全是毛边。
""".strip().splitlines()

sentences = [tokenize(sentence, "words") for sentence in EXCERPT]
vocabulary = Vocabulary.count(sentences, min_count=2)  # rare words are left out, as in training
rows = [vocabulary.encode(words, skip_unknown=True) for words in sentences]

assert sentences[0] == ["皇帝", "把", "小", "公主", "抱", "上", "了", "马背", "。"]
assert len(sentences) == 16 and len(vocabulary) == 17
assert not any("公主" in words and "王妃" in words for words in sentences)
assert not any("女" in words for words in sentences)
assert [vocabulary.counts[id - 1] for id in vocabulary.encode(["公主", "王妃", "皇帝", "，"])] == [5, 5, 5, 15]
pd.DataFrame(
    {"cut into words": map(" ".join, sentences), "kept": [" ".join(vocabulary.decode(ids)) for ids in rows]},
    index=range(1, 17),
)

# %% [markdown] lang="zh"
# 左边是项目自己的 `tokenize` 切出的词；右边去掉了只出现一次的词，窗口在右边数。现在来数：每个词看左右各 3 个词，
# 每看到一个，就在表里相应的一格加 1。文章的“女”在这里从不单独成词，所以这一列数“女儿”和“宫女”。

# %% [markdown] lang="en"
# On the left are the words that the project's own `tokenize` cuts; on the right the same without words that occur only
# once. The windows are counted on the right: each word looks at the 3 words on either side, and each of them adds 1 to
# a cell of the table. The article's 女 never occurs as a word of its own here, so its column counts 女儿 (daughter) and
# 宫女 (palace maid).

# %%
WINDOW = 3


def count_pairs(rows, size, window):
    """How often word j occurs within the window around word i: ``(size, size)`` integers."""
    counts = np.zeros((size, size), int)
    for ids in rows:
        for i, center in enumerate(ids):
            for j in range(max(0, i - window), min(len(ids), i + window + 1)):
                if j != i:
                    counts[center - 1, ids[j] - 1] += 1  # id 1 is row 0: no row for padding here
    return counts


pair_counts = count_pairs(rows, len(vocabulary), WINDOW)  # (V, V)
counted = pd.DataFrame(pair_counts, index=vocabulary.tokens, columns=vocabulary.tokens)
assert (pair_counts == pair_counts.T).all()  # if a is near b, b is near a
assert pair_counts.sum() == sum(2 * max(0, len(ids) - step) for ids in rows for step in (1, 2, 3))

three = pd.DataFrame({"皇帝": counted["皇帝"], "宫里": counted["宫里"], "女": counted["女儿"] + counted["宫女"]})
table = pd.DataFrame(
    [
        [1.0, 0.25, 1.0],
        three.loc["公主"],
        three.loc["公主"] / 5,
        [0.6, 0.75, 1.0],
        three.loc["王妃"],
        three.loc["王妃"] / 5,
    ],
    index=[f"{word} {how}" for word in ("公主", "王妃") for how in ("made up", "counted", "counted / 5")],
    columns=["皇帝", "宫里", "女"],
)
assert three.loc["公主"].tolist() == [3, 1, 2]  # by hand: sentences 1, 2, 4; then 3; then 4, 5
assert three.loc["王妃"].tolist() == [2, 2, 2]  # sentences 6, 10; then 7, 8; then 8, 9
table

# %% [markdown] lang="zh"
# “/ 5”是除以出现次数（两个词都是 5 次），好和文章的小数并排看。有三点要说明：
#
# - 这 16 句是我们写的，大小次序和文章一致并不稀奇；要紧的是，数字从此由文字来定，不由人来定。文章的王妃是皇帝的妃子，
#   我们的王妃是王子的妻子。
# - 数出来的是谁**在旁边**，不是她**是什么**：王妃身边的两次“女”，一次是她的女儿，一次是给她梳头的宫女，
#   没有一次说她自己。人人知道的事，没有人写：`palace.txt` 里有 171 句提到公主，其中 8 句有“女”字，
#   都是宫女或国王的女儿，没有一句说公主是女的。所以这里的 0.4 和文章的 1.0 说的不是一回事。
# - 词切错了，也就数错了：“嫁进宫里”被切成“嫁 / 进宫 / 里”，少数了一个“宫里”。

# %% [markdown] lang="en"
# "/ 5" divides by the number of times each word occurs (5 for both), to compare with the article's fractions. Three
# remarks:
#
# - We wrote these 16 sentences, so it is no surprise that the order agrees with the article. What matters is that the
#   text now sets the numbers, not a person. The article's 王妃 is the emperor's concubine; ours is a prince's wife.
# - A count says who **is near**, not what she **is**: of the two 女 near 王妃, one is her daughter and one the maid who
#   combs her hair; neither is said of 王妃. What everybody knows, nobody writes: 171 sentences of `palace.txt` mention
#   公主, and 8 of them have the character 女, always in a palace maid or the king's daughter; not one says that 公主 is
#   female. So this 0.4 and the article's 1.0 do not speak of the same thing.
# - A word that is cut wrongly is counted wrongly: 嫁进宫里 is cut into 嫁 / 进宫 / 里, and one 宫里 is lost.

# %%
assert counted.loc["王妃", ["女儿", "宫女"]].tolist() == [1, 1]  # sentences 8 and 9
mentions = [line for line in (DATASETS / "palace.txt").read_text(encoding="utf-8").splitlines() if "公主" in line]
with_woman = [line for line in mentions if "女" in line]
assert len(mentions) == 171 and len(with_woman) == 8
assert not any("女" in line.replace("宫女", "").replace("国王的女儿", "") for line in with_woman)  # others, not 公主
assert sentences[5][:7] == ["王妃", "坐", "花轿", "嫁", "进宫", "里", "，"] and "宫里" in EXCERPT[5]
draw_matrix(
    table.loc[["公主 made up", "公主 counted / 5", "王妃 made up", "王妃 counted / 5"]],
    rows=["公主 编 made up", "公主 数 counted", "王妃 编 made up", "王妃 数 counted"],
    columns=["皇帝", "宫里", "女"],
    highlight=[1, 3],
    title="features made up, features counted",
)

# %% [markdown] lang="zh"
# 何必只挑三个特征？每个词都可以是一列，一行 17 个数就是一个向量。可是原始的次数会误导人：“公主”身边，“皇帝”出现 3
# 次，“，”也出现 3 次；但逗号在谁身边都常见，说明不了什么。应该问：**比碰巧多多少？** 如果两个词互不相干，
# 期望的次数是 `行和 × 列和 / 总数`。实际次数除以它，取对数，负的记 0，就是**正点互信息**（PPMI）。只要两行代码。

# %% [markdown] lang="en"
# Why pick only three features? Every word can be a column, and a row of 17 numbers is a vector. But raw counts mislead:
# near 公主, 皇帝 occurs 3 times and the comma 3 times too; yet the comma is common near every word, so it tells
# nothing. Ask instead: **how much more often than by chance?** For two unrelated words, the expected count is
# `row sum × column sum / total`. Divide the count by it, take the logarithm, set negatives to 0: this is **positive
# pointwise mutual information** (PPMI). It takes two lines of code.


# %%
def ppmi(counts):
    """Positive pointwise mutual information of counts ``(N, M)``, the same shape."""
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()  # (N, 1) * (M,) -> (N, M)
    return np.log(np.maximum(counts / expected, 1))  # log 1 = 0: counts below chance


weighted = pd.DataFrame(ppmi(pair_counts), index=vocabulary.tokens, columns=vocabulary.tokens)
assert counted.loc["公主", ["皇帝", "，"]].tolist() == [3, 3]
assert weighted.loc["公主", "皇帝"] > 1.2 and weighted.loc["公主", "，"] == 0
assert round(weighted.loc["农夫", "了"], 2) == 0.96  # a coincidence, in so short a text
assert np.allclose(ppmi(np.outer([1, 2, 3], [4, 5])), 0)  # no association: all 0

# The same number from all pairs written out: log of p(a, b) / (p(a) p(b)).
pairs = [
    (a, b)
    for ids in rows
    for i, a in enumerate(vocabulary.decode(ids))
    for j, b in enumerate(vocabulary.decode(ids))
    if 0 < abs(i - j) <= WINDOW
]
share = {pair: count / len(pairs) for pair, count in Counter(pairs).items()}
share_of_word = {word: count / len(pairs) for word, count in Counter(a for a, _ in pairs).items()}
by_hand = math.log(share["公主", "皇帝"] / (share_of_word["公主"] * share_of_word["皇帝"]))
assert math.isclose(weighted.loc["公主", "皇帝"], by_hand)

people = ["公主", "王妃", "农夫"]
shown = ["皇帝", "宫里", "女儿", "麦子", "了", "，", "。"]
pd.concat({
    "counts": counted.loc[people, shown],
    "PPMI": weighted.loc[people, shown].round(2),
})

# %%
side_by_side(
    draw_matrix(counted.loc[people, shown], rows=people, columns=shown, title="counts"),
    draw_matrix(weighted.loc[people, shown], rows=people, columns=shown, title="PPMI"),
)

# %% [markdown] lang="zh"
# 再比整行的余弦。按次数，“公主”和“农夫”也像，因为都常挨着“，”“了”“。”；按 PPMI，它们几乎无关，
# 而“公主”和“王妃”依然相近，虽然从未同句：**它们身边的词相同**。

# %% [markdown] lang="en"
# Now compare whole rows by cosine. By counts, 公主 and 农夫 are similar too, since both are often near ， 了 。. By
# PPMI they have almost nothing in common, while 公主 and 王妃 remain similar, although they never share a sentence:
# **the words around them are the same**.

# %%
everything = Vocabulary.count(sentences)  # the rare words too
assert (count_pairs(map(everything.encode, sentences), len(everything), WINDOW) == 0).mean() > 0.9

cosines = {}
for name, matrix in (("counts", counted), ("PPMI", weighted)):
    unit = pd.DataFrame(unit_rows(matrix.to_numpy()), index=matrix.index)  # (V, V), rows of length 1
    cosines[name] = [unit.loc[a] @ unit.loc[b] for a, b in (("公主", "王妃"), ("公主", "农夫"), ("王妃", "农夫"))]
cosines = pd.DataFrame(cosines, index=["公主 · 王妃", "公主 · 农夫", "王妃 · 农夫"])
assert counted.loc["公主", "王妃"] == 0  # never near each other
assert (cosines["counts"] > 0.6).all()  # by counts, all are similar
assert cosines.loc["公主 · 王妃", "PPMI"] > 0.6 and (cosines["PPMI"].iloc[1:] < 0.1).all()
cosines.round(3)

# %% [markdown] lang="zh"
# 这样就有三步：**编**的特征（3 列，由人来定），**数**的特征（一词一列，由文字来定），**学**的特征（D 列，由训练来定）。
# 数出来的表，词表多大就多宽，而且稀疏：连少见的词也算上，这里九成以上是 0。16 句又太少，
# 多碰上一次就变样：“农夫”身边的“了”居然得了 0.96；少见的词尤其容易得到高的 PPMI。学来的向量窄而稠密，
# 代价是各列没有了名字；但用的还是同样的词对：带负采样的跳元模型，学到的差不多就是 PMI 表（减去一个常数）
# 的压缩（Levy 和 Goldberg，2014）。下一课学第一步。

# %% [markdown] lang="en"
# So there are three stages: features **made up** (3 columns, set by a person), **counted** (a column for each word, set
# by the text), **learned** (D columns, set by training). The counted table is as wide as the vocabulary, and sparse:
# with the rare words in it, more than nine cells in ten are 0 here. And 16 sentences are few, so one more coincidence
# changes it: 了 beside 农夫 gets 0.96; rare words easily get a high PPMI. Learned vectors are narrow and dense, and
# their columns have no names; but they use the same pairs: skip-gram with negative sampling learns, roughly, a
# compressed table of PMI, minus a constant (Levy and Goldberg, 2014). The next lesson takes the first step.

# %% [markdown] lang="zh"
# ### 练习
# 1. 一句话（词的列表）里，`context` 在 `center` 左右各 `window` 个词之内出现过多少次？返回整数。
# 2. 不看上面，写出 `ppmi`：输入次数的方阵，返回同样大小的方阵；次数是 0 的格子得 0。再想一想：
#    所有次数都乘 10，PPMI 变不变？

# %% [markdown] lang="en"
# ### Exercises
# 1. In a sentence (a list of words), how often does `context` occur within `window` words of a `center`? Return an
#    integer.
# 2. Without looking above, write `ppmi`: it takes a square matrix of counts and returns one of the same shape, 0 where
#    the count is 0. Then think: multiply all counts by 10; does PPMI change?

# %%
import numpy as np

from embedding_tutorial.lessons.exercises import check, hint


def my_near_count(words, center, context, window):
    return None


def my_ppmi(counts):
    return None


check("near_count", my_near_count)
check("ppmi", my_ppmi)
