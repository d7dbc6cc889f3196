# %% [markdown]
# # 11 训练 · Training
#
# > 因此能在多次epoch后,使得这个关系变成相对成熟,即:正确的表达整个语义以及各个语句之间的关系。

# %% [markdown] lang="zh"
# > 训练权重矩阵。
#
# **权重矩阵**就是嵌入矩阵：它的每个数都是一个权重，训练改的就是这些数。
#
# 一**轮**（epoch）就是把训练的句子全部用一遍。一轮一轮训练下来，向量从随机数变成一张地图；文章说的“成熟”，
# 这一课来量一量。量的时候要分清两件事：**不再变**了，和**变对**了。前者看近邻还换不换，
# 后者要看没参加训练的句子：**留出集**。
#
# 语料库是本项目的 `datasets/palace.txt`，以词为词元，设置都用默认值，只是把 10 轮加到 30 轮，看看训练太多会怎样。
#
# **先猜后跑**：三十轮里，“王妃”在“公主”的近邻中会越排越前吗？

# %% [markdown] lang="en"
# > 训练权重矩阵。
#
# (Training the weight matrix.) The **weight matrix** is the embedding matrix: each of its numbers is a weight, and
# training changes these numbers.
#
# An **epoch** is one pass over all training sentences. Epoch by epoch the vectors turn from random numbers into a map;
# the article calls the result mature (成熟), and this lesson measures it. Two things must be kept apart: vectors that
# **no longer change**, and vectors that are **right**. For the first, see whether neighbours still change; for the
# second, look at sentences that took no part in training: the **held-out** ones.
#
# The corpus is this project's `datasets/palace.txt`, cut into words; all settings are the defaults, but 30 epochs
# instead of 10, to see what too many do.
#
# **Guess first**: over thirty epochs, does 王妃 climb steadily among the neighbours of 公主?

# %%
from embedding_tutorial.quiet import import_keras_quietly

import_keras_quietly()

import dataclasses
import tempfile
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.lessons.drawing import draw_curves
from embedding_tutorial.lessons.neighbours import neighbours_in_common
from embedding_tutorial.model.callbacks import Watch
from embedding_tutorial.model.training import train
from embedding_tutorial.text.encoded_corpus import encode_corpus
from embedding_tutorial.text.files import read_sentences
from embedding_tutorial.vectors.evaluation import agreement_figures, category_agreement, radical_agreement
from embedding_tutorial.vectors.groups import radical, read_categories

EPOCHS = 30
categories = read_categories()  # groups of words that belong together, written before the text was
FAMILY = ("royal_women", "royal_men", "female_kin")
candidates = [c.token for c in categories if c.tokens == "words" and c.group in FAMILY and c.token != "公主"]


def learned(config):
    corpus = encode_corpus(config)
    figures = partial(agreement_figures, categories=categories, tokens=config.tokens)  # computed after each epoch
    return train(config, corpus, callbacks=[Watch(corpus.vocabulary, figures)])


def place(vectors, asked, answer, among=None):
    """The rank of ``answer`` among the neighbours of ``asked``, from 1; ``among``: only these words count."""
    near = [word for word, _ in vectors.most_similar(asked, topn=len(vectors))]
    return [word for word in near if among is None or word in among].index(answer) + 1


config = TrainingConfig(tokens="words", epochs=EPOCHS, seed=1)
result = learned(config)  # a quarter of a minute
watched = {**{epoch: result.at(epoch) for epoch in result.snapshots}, EPOCHS: result.vectors}

assert result.snapshots[0].shape == result.vectors.matrix.shape == (len(result.vectors), 32)
assert np.abs(result.untrained.matrix).max() <= 0.5 / 32  # the start: small random numbers
assert (result.vectors.matrix != result.untrained.matrix).any(axis=1).all()  # training has changed every row
assert len(candidates) == 12 and "王妃" in candidates
pd.DataFrame(
    {
        f"王妃, of {len(result.vectors) - 1:,} words": [place(v, "公主", "王妃") for v in watched.values()],
        f"of {len(candidates)} candidates": [place(v, "公主", "王妃", candidates) for v in watched.values()],
        "nearest to 公主": [" ".join(w for w, _ in v.most_similar("公主", topn=6)) for v in watched.values()],
    },
    index=pd.Index(watched, name="epoch"),
)

# %% [markdown] lang="zh"
# 表里是“王妃”的名次：先在所有的词里排，再在十二个候选里排（“王妃”和它的对手：皇后、皇帝、姐姐……）。第 0 轮还没有训练，
# 名次全凭运气。
#
# 可是一对词只是一个例子：换一个种子，名次就会不同。要有意义，就多问些词。`categories.tsv` 里有 110 个词，
# 分成 23 组（四季、鸟、宫里的女人……）。问每个词：它的组里若另有 k 个词，这 110 个词里离它最近的 k 个，
# 有几成真是同组的？这叫**同组率**；旁边要写上随机抽会得多少，否则这个数没有意义。下面先用循环写出来，
# 再和项目的函数对照。

# %% [markdown] lang="en"
# The table gives the rank of 王妃: among all words, then among twelve candidates (王妃 and its rivals: 皇后, 皇帝, 姐姐
# …). Epoch 0 is before training: its ranks are pure luck.
#
# But one pair is only an example: with another seed the rank is different. A meaningful measure asks many words.
# `categories.tsv` has 110 of them in 23 groups (seasons, birds, women of the palace …). Ask for each word: if its group
# has k other words, how many of its k nearest, among these 110, belong to its group? This is the **category
# agreement**, and it means nothing without the value by chance. It is written as loops first, then compared with the
# project's function.

# %%
group_of = {c.token: c.group for c in categories if c.tokens == "words" and c.token in result.vectors}
words = [*group_of]


def agreement_by_loops(vectors):
    shares = []
    for word in words:
        fellows = [other for other in words if other != word and group_of[other] == group_of[word]]
        others = sorted(set(words) - {word}, key=lambda other: -vectors.similarity(word, other))
        shares.append(sum(near in fellows for near in others[: len(fellows)]) / len(fellows))
    return np.mean(shares)


chance = np.mean([(list(group_of.values()).count(group_of[word]) - 1) / (len(words) - 1) for word in words])
before = category_agreement(result.untrained, categories, "words")
after = category_agreement(result.vectors, categories, "words")

assert np.isclose(agreement_by_loops(result.vectors), after.value)
assert np.isclose(chance, after.chance) and after.tokens == len(words)
assert before.value < 0.1 and after.interval()[0] > 0.2 > 5 * chance
pd.DataFrame(
    [[agreement.value, *agreement.interval(), chance] for agreement in (before, after)],
    index=["untrained", f"after {EPOCHS} epochs"],
    columns=["agreement", "95 % from", "to", "chance"],
).round(3)

# %%
history = result.history
draw_curves(
    {"category agreement": [before.value, *history["category_agreement"]]},
    x=range(EPOCHS + 1),
    title="同组率 · category agreement (110 words)",
    x_label="epoch",
    level=chance,
)

# %% [markdown] lang="zh"
# 分组是我们写的。有没有不是我们写的标准答案？有：**部首**。妃、娘、妈都从“女”，江、河都从“水”；模型只见过编号，
# 从没见过字形。把词元换成字，训练 10 轮，看十个近邻里有几成同部首。高于随机，说明上下文里有意思可学；高得不算多，
# 因为部首相同的字，意思未必相近（“始”也从“女”）。

# %% [markdown] lang="en"
# We wrote those groups. Is there an answer that we did not write? Yes: **radicals**. 妃, 娘 and 妈 are written with 女
# (woman), 江 and 河 with 水 (water); the model sees ids, never shapes. Take characters as tokens, train 10 epochs, and
# count how many of the ten nearest share the radical. The share is above chance, so there is meaning in the contexts;
# it is not far above, since characters with one radical need not have similar meanings (始, "begin", has 女 as well).

# %%
characters = learned(TrainingConfig(tokens="characters", epochs=10))
radicals = {"untrained": radical_agreement(characters.untrained), "10 epochs": radical_agreement(characters.vectors)}
radical_chance = radicals["10 epochs"].chance

assert [radical(character) for character in "妃娘妈始江河"] == ["女"] * 4 + ["水"] * 2
assert radicals["10 epochs"].interval()[0] > 1.5 * radical_chance > radicals["untrained"].value
draw_curves(
    {"radical agreement": [radicals["untrained"].value, *characters.history["radical_agreement"]]},
    x=range(11),
    title=f"同部首率 · radical agreement ({radicals['10 epochs'].tokens:,} characters)",
    x_label="epoch",
    level=radical_chance,
)

# %% [markdown] lang="zh"
# ### 数得出来的，不必再学
# 常见的词在哪个词旁边都常见，这一数就知道。所以输出层给每个词的分数加一个**偏置** ln(p / (5q))：p 是它在文中占几成，q
# 是它当噪声词的机会（词数的 0.75 次方），5 是每对配几个噪声词。如果两个词互不相干，最好的分数正是这个数。
# 于是向量只学邻居另外**带来**的东西（点互信息），不需要多少轮：默认只练 10 轮。

# %% [markdown] lang="en"
# ### What is counted need not be learned
# A common word is common beside any word, which counting shows. So the output layer adds a **bias** to each word's
# score, ln(p / (5q)): p is the word's share of the text, q its probability as a noise word (counts to the power of
# 0.75), and 5 the noise words of a pair. For two unrelated words, this is the best score. So vectors learn only what
# neighbours **add** (pointwise mutual information), which takes few epochs: the default is 10.

# %%
counts = np.array(result.vectors.counts)
p, q = counts / counts.sum(), counts**0.75 / np.sum(counts**0.75)  # (V,) each
bias = np.log(p / (5 * q))


def loss_by_counting(scores):
    """Of a pair, if the words around each word are distributed as in the whole text."""
    return p @ np.logaddexp(0, -scores) + 5 * q @ np.logaddexp(0, scores)  # softplus(-s), softplus(s): lesson 8


np.testing.assert_allclose(result.model.get_layer("output").bias[1:], bias, atol=1e-5)
likely = 1 / (1 + np.exp(-bias))  # (V,) the probability of a true neighbour, by this score
np.testing.assert_allclose(p * (1 - likely), 5 * q * likely)  # lesson 8's errors cancel: no score is better
assert history["loss"].iloc[-1] < loss_by_counting(bias) < loss_by_counting(0 * bias)
pd.DataFrame(
    {"loss of a pair": [loss_by_counting(0 * bias), loss_by_counting(bias), history["loss"].iloc[-1]]},
    index=["every score 0", "the bias alone", f"after {EPOCHS} epochs"],
).round(3)

# %% [markdown] lang="zh"
# ### 故意犯错：训练太多
# 轮数越多越好吗？看两条损失：`loss` 量的是正在训练的句子，`val_loss` 量的是留出的那 5% 句子。
#
# **先猜后跑**：三十轮里，这两条损失都会一直下降吗？

# %% [markdown] lang="en"
# ### Mistake on purpose: too many epochs
# Are more epochs better? Look at the two losses: `loss` is of the training sentences, `val_loss` of the 5 % held out.
#
# **Guess first**: do both losses fall through all thirty epochs?

# %%
stop = int(history["epoch"][history["val_loss"].argmin()])
at_stop, at_end = history.iloc[stop - 1], history.iloc[-1]

assert at_stop["val_loss"] == min(history["val_loss"]) < at_end["val_loss"] - 0.05
assert at_end["loss"] < at_stop["loss"] < history["loss"][0]
assert 1 < stop < 6
draw_curves(
    {"loss": history["loss"].tolist(), "val_loss": history["val_loss"].tolist()},
    x=history["epoch"].tolist(),
    title=f"loss, val_loss (smallest: epoch {stop})",
    x_label="epoch",
)

# %% [markdown] lang="zh"
# `loss` 一直在降；`val_loss` 几轮以后就不降了，接着上升。从那时起，模型越来越多地在记这些句子，而不是在学这些词：
# 这叫**过拟合**。
#
# 什么时候停？**在 `val_loss` 最小的那一轮。** 它会波动，所以要多等几轮，确实不再降，
# 才回到那一轮（Keras 里是 `EarlyStopping(patience=…, restore_best_weights=True)`）。后面的二十几轮还做了什么？
# 下表量三件事：十个近邻里有几成没换，同组率，“王妃”的名次。
#
# - 近邻越换越少：地图**定**下来了。但学习率本来就逐步降到接近 0，步子越来越小，自然越来越稳；定了不等于对了。
# - 同组率头几轮就升上去了，后面的二十几轮没有增加：它只问了 110 个词，后来的升降比它自己的误差还小。
# - “王妃”的名次也许还在往前走。可是不能因此就说训练越久越好：拿自己最想看的那一对来挑轮数，等于先看答案再考试。

# %% [markdown] lang="en"
# `loss` keeps falling; `val_loss` soon stops falling and then rises. From there on the model more and more memorizes
# the training sentences instead of learning words: **overfitting**.
#
# When should training stop? **At the epoch with the smallest `val_loss`.** It fluctuates, so wait some more epochs, and
# if it falls no further, go back to that one (in Keras, `EarlyStopping(patience=…, restore_best_weights=True)`). What
# did the twenty-odd epochs after it do? The table measures three things: how many of the ten nearest neighbours stay,
# category agreement, and the rank of 王妃.
#
# - Fewer and fewer neighbours change: the map **settles**. But the learning rate falls almost to 0 anyway, and ever
#   smaller steps change ever less. Settled does not mean right.
# - Category agreement rose in the first few epochs and did not increase in the twenty-odd after them: it asks 110 words
#   only, and its later changes are smaller than its uncertainty.
# - The rank of 王妃 may still improve. That is no reason to train longer: to choose the epoch by the pair one most
#   wants to see is to read the answers before the exam.

# %%
steps = [*pairwise(watched)]  # (0, 5), (5, 10), …
later = history.set_index("epoch").loc[[end for _, end in steps]]
settling = pd.DataFrame(
    {
        "neighbours kept": [neighbours_in_common(watched[a].unit_matrix, watched[b].unit_matrix) for a, b in steps],
        "category agreement": later["category_agreement"].tolist(),
        "rank of 王妃": [place(watched[b], "公主", "王妃") for _, b in steps],
        "loss": later["loss"].tolist(),
        "val_loss": later["val_loss"].tolist(),
    },
    index=[f"epoch {a} → {b}" for a, b in steps],
)
low, high = after.interval()
assert settling["neighbours kept"].is_monotonic_increasing
assert settling["neighbours kept"].iloc[0] < 0.05 < 0.9 < settling["neighbours kept"].iloc[-1]
assert history["category_agreement"][:10].max() > 0.9 * history["category_agreement"].max()
assert abs(at_end["category_agreement"] - at_stop["category_agreement"]) < high - low
settling.round(3)

# %% [markdown] lang="zh"
# ### 从未同句，依然相近？
# “公主”和“王妃”相近，会不会只因为它们常在一句话里出现？去掉所有两个词都有的句子，重新训练。第一列说明，
# 这样的句子本来就没有几句。第三行是另一个种子，句子一句不少：它说明光凭运气，数字会差多少（少了几句，
# 次序和留出的句子也都变了，本身就像换了种子）。名次差一两位不算数：前几名的余弦相差很小。如果去掉那些句子，
# 余弦没有变小，或者变小得不比换种子的差别多，那些句子就不是它们相近的原因。
# 原因是**身边的词相似**：两个词各自都常挨着“宫里”“花园”“漂亮”，不必同句也会相近。

# %% [markdown] lang="en"
# ### Never in one sentence, and still near?
# Are 公主 and 王妃 near only because they often occur in one sentence? Remove every sentence that holds both, and train
# again. The first column shows that there are hardly any. The third line is another seed on the full text: it shows how
# far numbers differ by luck alone (with a few sentences fewer, the order and the held-out sentences change too, which
# is like another seed). A rank or two means nothing: the cosines of the first few are close together. If the cosine
# does not fall without those sentences, or falls by no more than another seed changes it, those sentences are not the
# reason. The reason is **similar contexts**: each of the two often occurs near 宫里, 花园 (garden), 漂亮 (pretty), so
# they become near without sharing a sentence.


# %%
def sentences_with_both(corpus):
    """How many, counted in the ids that are trained on."""
    princess, consort = corpus.vocabulary.encode(["公主", "王妃"])
    sentences = np.split(corpus.ids, np.cumsum(corpus.lengths)[:-1])
    return sum(princess in ids and consort in ids for ids in sentences)


sentences = read_sentences(config)
apart = [sentence for sentence in sentences if not ("公主" in sentence and "王妃" in sentence)]
with tempfile.TemporaryDirectory() as folder:
    config_apart = dataclasses.replace(config, corpus=Path(folder) / "apart.txt")
    config_apart.corpus.write_text("\n".join(apart), encoding="utf-8")
    both = sentences_with_both(encode_corpus(config)), sentences_with_both(encode_corpus(config_apart))
    result_apart = learned(config_apart)
result_other = learned(dataclasses.replace(config, seed=2))

assert both[1] == 0 < both[0] <= len(sentences) - len(apart)
assert both[0] < 0.1 * min(result.vectors.counts[result.vectors.key_to_index[word]] for word in ("公主", "王妃"))
for company in ("宫里", "花园", "漂亮"):
    assert all(any(word in line and company in line for line in apart) for word in ("公主", "王妃"))
pd.DataFrame(
    [
        [count, place(v, "公主", "王妃"), place(v, "公主", "王妃", candidates), v.similarity("公主", "王妃")]
        for count, v in (
            (both[0], result.vectors),
            (both[1], result_apart.vectors),
            (both[0], result_other.vectors),
        )
    ],
    index=["seed 1", "seed 1, never together", "seed 2"],
    columns=["sentences with both", "rank of 王妃", f"of {len(candidates)} candidates", "cosine"],
).round(3)

# %% [markdown] lang="zh"
# ### 故意犯错：比较两个种子的轴
# 种子 1 的第 3 个数，和种子 2 的第 3 个数，说的是一回事吗？把每个词在两次训练里的第 3 个数配成对，
# 算相关系数；32 个轴都和 32 个轴算一遍。同号的轴碰巧有些相关，有正有负，平均是 0；号码不同的轴也是这样：
# 轴没有名字（见第 8 课），号码相同说明不了什么。
#
# 对的比法之一：先做一次正交变换，也就是旋转，有时还加一次镜像。用一半的词求出 R，在另一半词上检验，同号的轴就对上了。

# %% [markdown] lang="en"
# ### Mistake on purpose: comparing the axes of two seeds
# Do number 3 of seed 1 and number 3 of seed 2 mean the same? Pair up every word's two numbers and compute the
# correlation; do so for all 32 axes with all 32. Some equal axes correlate by luck, positively or negatively, and on
# average not at all; so do different axes: axes have no names (lesson 8), and an equal number means nothing.
#
# One right way is an orthogonal transformation first: a rotation, sometimes with a reflection. Find R with one half of
# the words and check it on the other half: equal axes do agree.

# %%
one, other = result.vectors.matrix, result_other.vectors.matrix  # (V, D) each, the same words in the same rows
assert result.vectors.index_to_key == result_other.vectors.index_to_key


def axis_correlations(first, second):
    """Each axis of the one with each of the other: two ``(V, D)`` -> ``(D, D)``."""
    first, second = ((matrix - matrix.mean(axis=0)) / matrix.std(axis=0) for matrix in (first, second))
    return first.T @ second / len(first)  # (D, V) @ (V, D) -> (D, D)


U, _, Vt = np.linalg.svd(one[::2].T @ other[::2])  # every second word; (D, V/2) @ (V/2, D) -> (D, D)
R = U @ Vt  # the orthogonal matrix that brings one nearest to other
transformed = one @ R  # (V, D) @ (D, D) -> (V, D)
as_they_are = axis_correlations(one[1::2], other[1::2])  # of the other half of the words
after_transforming = axis_correlations(transformed[1::2], other[1::2])
different = ~np.eye(32, dtype=bool)

assert np.isclose(as_they_are[2, 2], np.corrcoef(one[1::2, 2], other[1::2, 2])[0, 1], atol=1e-5)
assert abs(np.diag(as_they_are).mean()) < 0.15
assert np.abs(np.diag(as_they_are)).mean() < np.abs(as_they_are[different]).mean() + 0.05  # no more than different axes
assert np.allclose(R @ R.T, np.eye(32), atol=1e-5)
assert np.isclose(abs(np.linalg.det(R)), 1, atol=1e-4)  # 1: a rotation, −1: with a reflection
assert np.diag(after_transforming).mean() > 0.6
pd.DataFrame(
    [
        [values.min(), values.max(), values.mean(), np.abs(values).mean()]
        for correlations in (as_they_are, after_transforming)
        for values in (np.diag(correlations), correlations[different])
    ],
    index=["equal axes", "different axes", "equal axes, transformed", "different axes, transformed"],
    columns=["smallest", "greatest", "mean", "mean size"],
).round(3)

# %% [markdown] lang="zh"
# 对的比法之二更简单：不看轴，比**近邻**。十个近邻里有几成相同？远多于碰巧，却也远不是全部：谁排在谁前面，
# 很大一部分是运气。所以一张近邻表别读得太细；多训练几个种子，看平均的数，再下结论。平均的数很稳：两次的同组率差得很少。

# %% [markdown] lang="en"
# The other right way is simpler: ignore the axes and compare **neighbours**. How many of the ten nearest are the same?
# Far more than by chance, and far from all: the order of neighbours is largely luck. So do not read one list of
# neighbours too closely; train several seeds and look at averages before you conclude. Averages are stable: the
# category agreement of the two hardly differs.

# %%
in_common = neighbours_in_common(result.vectors.unit_matrix, result_other.vectors.unit_matrix)
agreements = [category_agreement(r.vectors, categories, "words").value for r in (result, result_other)]
lists = {
    word: [[near for near, _ in r.vectors.most_similar(word)] for r in (result, result_other)]
    for word in ("公主", "春天", "妈妈")
}

assert 0.8 > in_common > 0.2 > 20 * 10 / len(one)
assert abs(agreements[0] - agreements[1]) < 0.1 < min(agreements) - after.chance  # averages hardly differ
compared = pd.DataFrame(
    [[" ".join(a[:6]), " ".join(b[:6]), len({*a} & {*b})] for a, b in lists.values()],
    index=lists,
    columns=["nearest, seed 1", "nearest, seed 2", "of ten in common"],
    dtype=object,  # the last rows hold numbers of another kind
)
compared.loc[f"mean of {len(one):,} words"] = ["", "", round(10 * in_common, 2)]
compared.loc["by chance"] = ["", "", round(10 * 10 / (len(one) - 1), 2)]
compared

# %% [markdown] lang="zh"
# ### 练习
# 1. `matrix` 每行是一个词的向量，`(V, D)`：按余弦，第 `answer` 行在第 `asked` 行的近邻里排第几（从 1 数起）？
# 2. 依次给出每轮的 `val_loss`。连着 `patience` 轮没有新的最小值就停；返回该留下哪一轮（从 1 数起）。停了以后的轮不算。
# 3. 同组率旁边的那个“随机”：给出每个词的组名，若近邻是随机抽的，同组的平均占几成（0 到 1）？每组至少两个词。

# %% [markdown] lang="en"
# ### Exercises
# 1. `matrix` has a word's vector in each row, `(V, D)`: by cosine, what is the rank of row `answer` among the
#    neighbours of row `asked`, counted from 1?
# 2. The `val_loss` of each epoch is given in turn. Stop after `patience` epochs in a row without a new smallest; return
#    the epoch to keep, counted from 1. Epochs after the stop do not count.
# 3. The chance of category agreement: given every word's group, what is the mean share of neighbours of its group if
#    neighbours are drawn at random? Every group has at least two words.

# %%
import numpy as np

from embedding_tutorial.lessons.exercises import check, hint


def my_neighbour_place(matrix, asked, answer):
    return None


def my_epoch_to_keep(val_losses, patience):
    return None


def my_agreement_by_chance(groups):
    return None


check("neighbour_place", my_neighbour_place)
check("epoch_to_keep", my_epoch_to_keep)
check("agreement_by_chance", my_agreement_by_chance)
