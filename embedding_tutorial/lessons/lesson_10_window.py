# %% [markdown]
# # 10 窗口写成矩阵 · The window as a matrix
#
# > 实际上还蕴含了大量的字与字之间,词与词之间甚至句子与句子之间的内在关系

# %% [markdown] lang="zh"
# 字与字的关系从哪里来？从**窗口**里来：每个字轮流当中心词，左右几个字是它的上下文词，一个中心词和一个上下文词就是一对。
# 词对不必一一写出来：T 个字的句子对应一张 T × T 的表 A，第 i 行第 j 列写“从 i 看，j 有多近”。
# 不是 0 的格子排在对角线两旁，像一条带子，所以叫**带状矩阵**；文章没有讲到它，数字是我们的。
#
# **先猜后跑**：“王妃很漂亮”，左右各看 2 个字，一共有多少对？“王”和“亮”那一格是几？

# %% [markdown] lang="en"
# Where do relations between characters come from? From the **window**: each character in turn is the center, the few
# characters to its left and right are its context, and a center with a context is a pair. The pairs need not be written
# out: a sentence of T characters has a T × T table A, whose row i and column j say how near j is to i. The cells that
# are not 0 lie in a band along the diagonal: this is the **band matrix**. The article does not mention it; the numbers
# are ours.
#
# **Guess first**: 王妃很漂亮, looking 2 characters to either side: how many pairs? What is in the cell of 王 and 亮?

# %%
from embedding_tutorial.quiet import import_keras_quietly

import_keras_quietly()

from collections import Counter

import numpy as np
import pandas as pd
from keras import ops

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.lessons.drawing import draw_matrix, side_by_side
from embedding_tutorial.model.layers import ContextMean, band_matrix
from embedding_tutorial.model.sequential import build_model
from embedding_tutorial.text.batches import Batches, cut_rows
from embedding_tutorial.text.encoded_corpus import EncodedCorpus
from embedding_tutorial.text.tokenizers import tokenize
from embedding_tutorial.text.vocabulary import Vocabulary

WINDOW = 2
sentence = tokenize("王妃很漂亮", "characters")

A = ops.convert_to_numpy(band_matrix(len(sentence), WINDOW))  # (5, 5)
assert A.tolist() == [
    [0.0, 1.0, 0.5, 0.0, 0.0],
    [1.0, 0.0, 1.0, 0.5, 0.0],
    [0.5, 1.0, 0.0, 1.0, 0.5],
    [0.0, 0.5, 1.0, 0.0, 1.0],
    [0.0, 0.0, 0.5, 1.0, 0.0],
]
pd.DataFrame(A, index=list(sentence), columns=list(sentence))

# %%
draw_matrix(A, rows=list(sentence), columns=list(sentence), highlight=[2], title="王妃很漂亮: A (5 × 5), window 2")

# %% [markdown] lang="zh"
# 加框的一行是“很”作中心词：“妃”“漂”紧挨着，是 1；“王”“亮”隔一个字，是 0.5；自己是 0。
# 为什么是 0.5？word2vec 每次随机取窗口 1 或 2，隔一个字的邻居只有一半的时候在窗口里；A 写的就是这个平均。
# 下面把词对一一写出来，验证两者相同。

# %% [markdown] lang="en"
# The framed row has 很 as its center: 妃 and 漂 are next to it, 1; 王 and 亮 are one place further, 0.5; itself, 0. Why
# 0.5? word2vec draws the window, 1 or 2, at random each time, so a neighbour two places away is inside half of the
# time; A holds that average. Now write out all pairs to verify that the two are the same.

# %%
pairs = Counter()
for drawn in range(1, WINDOW + 1):  # each width is drawn with equal probability
    for i, center in enumerate(sentence):
        for j, context in enumerate(sentence):
            if i != j and abs(i - j) <= drawn:
                pairs[center, context] += 1 / WINDOW
written_out = pd.DataFrame([(*pair, weight) for pair, weight in pairs.items()], columns=["center", "context", "weight"])
assert len(pairs) == np.count_nonzero(A) == 14
assert all(A[sentence.index(center), sentence.index(context)] == weight for (center, context), weight in pairs.items())
assert written_out["weight"].sum() == A.sum()
written_out.T

# %% [markdown] lang="zh"
# 每对要一个分数：中心词的向量（表 E）与上下文词的向量（表 O）的点积，第 8 课算过一对。写出来的 14 对要查表 28 次；
# 写成矩阵，每个字在 E 和 O 里各查一次，共 10 次，一个乘法得出全部分数：`S = E[x] @ O[x].T`，再用 A 加权求和。
# 窗口外的格子也算了，再乘 0 去掉；一行最多 32 个字，多算得有限。

# %% [markdown] lang="en"
# Each pair needs a score: the dot product of the center's vector (table E) and the context's (table O), as lesson 8
# computed for one pair. Written out, 14 pairs take 28 lookups; as a matrix, each character is looked up once in E and
# once in O, 10 lookups, and one product gives all scores: `S = E[x] @ O[x].T`, then a sum weighted by A. The cells
# outside the window are computed too and multiplied by 0; a row has at most 32 characters, which limits the waste.

# %%
texts = ["王妃很漂亮", "公主住在宫里"]
sentences = [tokenize(text, "characters") for text in texts]
vocabulary = Vocabulary.count(sentences)
encoded = [vocabulary.encode(characters) for characters in sentences]

draw = np.random.default_rng(0)
E_table = draw.normal(size=(len(vocabulary) + 1, 3)).astype("float32")  # (V + 1, D), row 0 is padding
O_table = draw.normal(size=(len(vocabulary) + 1, 3)).astype("float32")  # (V + 1, D)

ids = encoded[0]
S = E_table[ids] @ O_table[ids].T  # (T, D) @ (D, T) -> (T, T)
one_by_one = 0.0
for (center, context), weight in pairs.items():
    e, o = E_table[vocabulary.encode(center)[0]], O_table[vocabulary.encode(context)[0]]
    one_by_one += weight * sum(e[d] * o[d] for d in range(3))
assert np.isclose((A * S).sum(), one_by_one, rtol=1e-4)
assert not np.allclose(S, S.T)  # A is symmetric, S is not: (王, 妃) and (妃, 王) are different pairs
pd.DataFrame(A * S + 0.0, index=list(sentence), columns=list(sentence)).round(2)

# %% [markdown] lang="zh"
# 训练时一个小批量有许多句，长短不一，短的用 0 **填充**。填充不是字，它那一行、那一列都没有权重；句首句尾的字，
# 窗口有一边是空的，格子也就少。每句独占一行，带子不会伸到下一句：“句子与句子之间”没有一对，
# 它们的关系只能来自用了相近的字。要是把两句首尾相接写成一行，“亮”和“公”就成了权重为 1 的邻居，而这样的话谁也没说过。

# %% [markdown] lang="en"
# In training a batch holds many sentences of different lengths, the short ones **padded** with 0. Padding is not a
# character: its row and its column have no weight; at the ends of a sentence one side of the window is empty. Each
# sentence has its own row, and no band reaches into the next: "between sentences" (句子与句子之间) there is not one
# pair; sentences are related only because they use similar characters. If the two sentences were concatenated in one
# row, 亮 and 公 would be neighbours of weight 1, though nobody wrote that.

# %%
lengths = np.array([len(ids) for ids in encoded])
corpus = EncodedCorpus(vocabulary, np.concatenate(encoded).astype("int32"), lengths, 0, "")
((x, y, noise),) = Batches(corpus, WINDOW, batch_size=256)
assert x.tolist() == [[*encoded[0], 0, 0, 0], [*encoded[1], 0, 0]]  # (B, T) = (2, 8)

A8 = ops.convert_to_numpy(band_matrix(8, WINDOW))  # (T, T)
weights = A8 * (x != 0)[:, :, None] * (y != 0)[:, None, :]  # (T, T) * (B, T, 1) * (B, 1, T) -> (B, T, T)
assert (weights[0, :5, :5] == A).all()
assert weights[0, 5:].sum() == weights[0, :, 5:].sum() == 0  # padding
assert np.count_nonzero(weights[1]) == 18

glued = pd.DataFrame(
    ops.convert_to_numpy(band_matrix(11, WINDOW)), index=list("".join(texts)), columns=list("".join(texts))
)
assert glued.loc["亮", "公"] == 1  # the mistake: a neighbour across a sentence's end
assert np.count_nonzero(glued) == 14 + 18 + 6  # six pairs that nobody wrote

pd.DataFrame(
    {
        "characters": lengths,
        "padding": (x == 0).sum(axis=1),
        "pairs": np.count_nonzero(weights, axis=(1, 2)),
        "weight": weights.sum(axis=(1, 2)),
    },
    index=texts,
)

# %%
side_by_side(
    *(
        draw_matrix(table, rows=[*characters, *"0" * padding], columns=[*characters, *"0" * padding], title=text)
        for table, characters, padding, text in zip(weights, sentences, (3, 2), texts, strict=True)
    ),
    between="",
)

# %% [markdown] lang="zh"
# 项目的模型就是这样算损失的。把同样的 E 和 O 放进去，它对整批一次算出的损失，
# 应当等于逐句逐对算出的加权平均（用完整的 softmax，免得抽噪声词；分数里的偏置，第 11 课再讲）。

# %% [markdown] lang="en"
# The project's model computes its loss in this way. Given the same E and O, its loss of the whole batch at once must
# equal the weighted mean over all pairs of each sentence (with the full softmax, so that no noise words are drawn;
# lesson 11 explains the bias in the scores).

# %%
model = build_model(TrainingConfig(window=WINDOW, negatives=0, dim=3), vocabulary)
model.get_layer("embedding").embeddings.assign(E_table)
model.get_layer("output").table.assign(O_table)
bias = ops.convert_to_numpy(model.get_layer("output").bias)[1:]  # (V,)
at_once = float(model.compute_loss(x, (y, noise), model(x)))

total, weight_of_all = 0.0, 0.0
for ids in encoded:
    for i, center in enumerate(ids):
        scores = O_table[1:] @ E_table[center] + bias  # (V, D) @ (D,) + (V,) -> (V,)
        surprise = np.log(np.exp(scores).sum()) - scores  # (V,) -log softmax
        for j in range(max(0, i - WINDOW), min(len(ids), i + WINDOW + 1)):
            if j != i:
                weight = (WINDOW + 1 - abs(i - j)) / WINDOW
                total += weight * surprise[ids[j] - 1]
                weight_of_all += weight
assert np.isclose(at_once, total / weight_of_all, rtol=1e-4)
pd.DataFrame({"loss": [total / weight_of_all, at_once]}, index=["pair by pair", "the batch at once"])

# %% [markdown] lang="zh"
# 同一张表还能反过来用。**跳元模型**由中心词预测邻居，**连续词袋**（CBOW）由邻居预测中间的字，要的是邻居向量的平均：
# 把 A 的每行除以行和，再乘 E[x]，一次得出所有位置的平均。这就是项目的 `ContextMean` 层，像一种权重固定的注意力。

# %% [markdown] lang="en"
# The same table works the other way. **Skip-gram** predicts neighbours from a character; **CBOW** predicts the
# character from its neighbours, and needs the mean of their vectors: divide each row of A by its sum and multiply by
# E[x], which gives the means of all places at once. This is the project's `ContextMean` layer: a kind of attention with
# fixed weights.

# %%
means = ops.convert_to_numpy(ContextMean(WINDOW)(E_table[x], mask=x != 0))  # (B, T, D)
shares = A / A.sum(axis=1, keepdims=True)  # (5, 5), rows sum to 1
assert np.allclose(shares @ E_table[encoded[0]], means[0, :5], atol=1e-5)  # (T, T) @ (T, D) -> (T, D)
e = {character: E_table[id] for character, id in zip(sentence, encoded[0], strict=True)}
assert np.allclose(means[0, 2], (0.5 * e["王"] + e["妃"] + e["漂"] + 0.5 * e["亮"]) / 3, atol=1e-5)  # the context of 很
assert np.allclose(means[0, 4], (0.5 * e["很"] + e["漂"]) / 1.5, atol=1e-5)  # the context of 亮: no padding in it
pd.DataFrame(shares, index=list(sentence), columns=list(sentence)).round(3)

# %% [markdown] lang="zh"
# 最后看长句。一行最多 32 个字（窗口大于 8 时更长），40 个字的句子放不下。直接切断，切口两边的邻居就丢了；让两行重叠，
# 两个字都在重叠部分的对又数了两遍。办法是重叠两个窗口，而重叠部分的每个字只在一行里当**被预测的字**，
# 就是能看到它整个窗口的那一行。`cut_rows` 就这样切；不用预测的位置，`y` 写 0。

# %% [markdown] lang="en"
# Last, long sentences. A row holds at most 32 characters (more if the window exceeds 8), so a sentence of 40 does not
# fit. If it is cut in two, the neighbours on either side of the cut are lost; if the rows overlap, pairs inside the
# overlap count twice. The solution: overlap by two windows, and let each character of the overlap be **predicted** in
# one row only, the row that contains its whole window. `cut_rows` does this; where nothing is to be predicted, `y` is
# 0.

# %%
LENGTH = 40
rows = cut_rows(np.array([LENGTH]), WINDOW)
ways = {  # each row: start, length, first and last (not included) place to be predicted
    "cut in two": [(0, 32, 0, 32), (32, 8, 0, 8)],
    "overlap, all predicted": [(0, 32, 0, 32), (28, 12, 0, 12)],
    "cut_rows": [*zip(rows.start, rows.length, rows.first, rows.last, strict=True)],
}
assert ways["cut_rows"] == [(0, 32, 0, 30), (28, 12, 2, 12)]

wanted = ops.convert_to_numpy(band_matrix(LENGTH, WINDOW)) > 0  # (40, 40)
report = {}
for way, cuts in ways.items():
    counted = np.zeros((LENGTH, LENGTH), int)
    for start, length, first, last in cuts:
        place = np.arange(length)
        seen = ops.convert_to_numpy(band_matrix(length, WINDOW)) > 0
        seen = seen & (first <= place) & (place < last)  # (length, length): columns that are predicted
        counted[start : start + length, start : start + length] += seen
    report[way] = {"pairs": counted.sum(), "lost": (wanted & (counted == 0)).sum(), "twice": (counted > 1).sum()}
report = pd.DataFrame(report).T
assert report.loc["cut in two"].tolist() == [148, 6, 0]
assert report.loc["overlap, all predicted"].tolist() == [164, 0, 10]
assert report.loc["cut_rows"].tolist() == [2 * WINDOW * LENGTH - WINDOW * (WINDOW + 1), 0, 0] == [154, 0, 0]
report

# %% [markdown] lang="zh"
# ### 练习
# 1. 不用 `band_matrix`，写出 `length` 个字、窗口为 `window` 的带状矩阵。
# 2. 一句 `length` 个字，窗口 `window`，共有多少对？返回整数。想一想：什么时候不能用
#    `2·window·length − window·(window + 1)`？
# 3. CBOW：`embedded` 是 (T, D)，返回每个位置邻居向量的加权平均，(T, D)。

# %% [markdown] lang="en"
# ### Exercises
# 1. Without `band_matrix`: the band matrix of `length` characters and a `window`.
# 2. How many pairs has a sentence of `length` characters? Return an integer. Think: when does
#    `2·window·length − window·(window + 1)` not hold?
# 3. CBOW: `embedded` is (T, D); return the weighted mean of the neighbours' vectors for each place, (T, D).

# %%
import numpy as np

from embedding_tutorial.lessons.exercises import check, hint


def my_band(length, window):
    return None


def my_pair_count(length, window):
    return None


def my_context_means(embedded, window):
    return None


check("band", my_band)
check("pair_count", my_pair_count)
check("context_means", my_context_means)
