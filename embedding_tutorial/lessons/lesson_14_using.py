# %% [markdown]
# # 14 用起来 · Using it
#
# > 他们之间的关系,用的是嵌入层学习来的参数进行表征。

# %% [markdown] lang="zh"
# 学好的嵌入层可以装进别的模型。这里装进一个小分类器：一句话，说的是宫廷，还是乡村和自然？嵌入层放在最前面，
# 有三种装法：**随机**（不用学好的，从头学）、**冻结**（用学好的，训练时不变）、**微调**（用学好的，先冻结着学，
# 再解冻接着学，学习率缩到十分之一）。
#
# **先猜后跑**：只有 20 句带标签，三种里哪种最好？有 200 句呢？

# %% [markdown] lang="en"
# A trained embedding layer can be used in other models. Here, in a small classifier: is a sentence about the court, or
# about village and nature? The embedding comes first, in one of three ways: **random** (no learned vectors, all from
# scratch), **frozen** (the learned vectors, kept fixed), **fine-tuned** (the learned vectors, frozen at first, then
# unfrozen and trained further with a learning rate ten times smaller).
#
# **Guess first**: with only 20 labelled sentences, which of the three is best? With 200?

# %%
from embedding_tutorial.quiet import import_keras_quietly

import_keras_quietly()

import re
import tempfile
from pathlib import Path

import keras
import numpy as np
import pandas as pd

from embedding_tutorial.config import DATASETS, TrainingConfig
from embedding_tutorial.lessons.drawing import draw_points, side_by_side
from embedding_tutorial.model.training import train, vectors_of
from embedding_tutorial.text.encoded_corpus import encode_corpus
from embedding_tutorial.vectors.evaluation import category_agreement, neighbour_agreement
from embedding_tutorial.vectors.groups import read_categories
from embedding_tutorial.vectors.word_vectors import unit_rows

# The corpus is a sequence of themes; datasets/README.md says which lines belong to which.
lines = (DATASETS / "palace.txt").read_text(encoding="utf-8").splitlines()
readme = (DATASETS / "README.md").read_text(encoding="utf-8")
themes = re.findall(r"^\| (\d+)–(\d+) \| (.+?) \|", readme, re.MULTILINE)  # (first line, last line, theme)
theme = np.concatenate([[name] * (int(last) - int(first) + 1) for first, last, name in themes])  # (lines,)
assert len(theme) == len(lines)

is_court = np.char.startswith(theme, "court life")  # label 1
is_village = np.isin([name.split()[0] for name in theme], ["animals", "plants,", "farmyard"])  # label 0
held_out = np.isin(np.arange(len(lines)), np.random.default_rng(0).permutation(len(lines))[: len(lines) * 3 // 10])

tested = np.flatnonzero((is_court | is_village) & held_out)
to_label = np.flatnonzero((is_court | is_village) & ~held_out)
assert not {*tested} & {*to_label}
lots = {"to label": to_label, "held out": tested}
counts = pd.DataFrame({name: [is_court[lot].sum(), is_village[lot].sum()] for name, lot in lots.items()})
counts.index = ["court (1)", "village and nature (0)"]
telling = np.array(["皇" in line or "宫" in line for line in lines])  # do the labels fit their names?
counts["with 皇 or 宫"] = [telling[is_court].mean(), telling[is_village].mean()]
assert counts.loc["court (1)", "with 皇 or 宫"] > 2 * counts.loc["village and nature (0)", "with 皇 or 宫"]
counts.round(2)

# %% [markdown] lang="zh"
# 标签是按**行号**定的：整块“宫廷”主题算 1，动物、植物与食物、农家三块算 0，其余不用。这样的标签是粗的：公主也会下厨，
# 村里也会来大臣，所以哪种装法也到不了 100%。
#
# 字的向量先在语料库上学好，不看标签，也**不看留出的句子**：先把它们去掉，
# 再训练。`WordVectors` 能直接变成 Keras 的嵌入层：第 0 行是零，留给填充；`mask_zero` 让求平均时跳过填充。

# %% [markdown] lang="en"
# The labels come from **line numbers**: the whole theme of court life is 1; animals, plants and food, and the farmyard
# are 0; the rest is not used. Such labels are rough: princesses cook, and ministers come to villages, so none of the
# three will reach 100 %.
#
# The characters' vectors are learned first, without labels and **without the held-out sentences**, which are removed
# before training. `WordVectors` makes a Keras embedding layer of itself: row 0 is zeros, for padding, and `mask_zero`
# lets the mean skip padding.

# %%
with tempfile.TemporaryDirectory() as place:
    rest = Path(place) / "rest.txt"
    rest.write_text("\n".join(line for line, held in zip(lines, held_out, strict=True) if not held), encoding="utf-8")
    config = TrainingConfig(corpus=rest)
    corpus = encode_corpus(config)
    vectors = train(config, corpus).vectors

encoded = [corpus.vocabulary.encode(line, skip_unknown=True) for line in lines]
x = keras.utils.pad_sequences(encoded, padding="post")  # (lines, T), 0 where a line has ended
y = is_court.astype("float32")  # (lines,)

layer = vectors.embedding_layer(trainable=False)
rows = keras.ops.convert_to_numpy(layer.embeddings)  # (V + 1, D)
assert (rows[0] == 0).all() and (rows[1:] == vectors.matrix).all()
assert not layer.trainable_weights and layer.count_params() == (len(vectors) + 1) * config.dim

mean = keras.Sequential([layer, keras.layers.GlobalAveragePooling1D()])  # (B, T) -> (B, T, D) -> (B, D)
some = tested[:50]
by_hand = np.array([np.mean([vectors[token] for token in corpus.vocabulary.decode(x[row])], axis=0) for row in some])
np.testing.assert_allclose(mean(x[some]), by_hand, atol=1e-5)
diluted = rows[x[some]].mean(axis=1)  # padding counted as a character
assert (np.linalg.norm(diluted, axis=1) < np.linalg.norm(by_hand, axis=1)).all()
pd.DataFrame(rows[:4], ["0 (padding)", *vectors.index_to_key[:3]]).iloc[:, :8].round(2)

# %% [markdown] lang="zh"
# **故意犯错**：自己造嵌入层，忘了给填充留第 0 行。`WordVectors` 的第 k 行（从 0 数）是编号 k + 1，于是查每个字，
# 得到的都是下一个字的向量；填充成了最常见的词元；最大的编号根本没有行。

# %% [markdown] lang="en"
# **Mistake on purpose**: a layer of your own, without row 0 for padding. Row k of `WordVectors`, counted from 0, is id
# k + 1: so each character looks up the vector of the next one, padding becomes the most frequent token, and the
# greatest id has no row at all.

# %%
wrong = keras.layers.Embedding(*vectors.matrix.shape)
wrong.build()
wrong.set_weights([vectors.matrix])  # should be vectors.embedding_layer()
gets = {}
for token in ("马", "后", "雪"):
    (id,) = corpus.vocabulary.encode(token)
    found = keras.ops.convert_to_numpy(wrong(np.array([id])))[0]  # (D,)
    (gets[token],) = np.flatnonzero((vectors.matrix == found).all(axis=1))  # whose vector is it?
    assert gets[token] == vectors.key_to_index[token] + 1
    assert (keras.ops.convert_to_numpy(layer(np.array([id])))[0] == vectors[token]).all()
pd.DataFrame({"gets the vector of": [vectors.index_to_key[row] for row in gets.values()]}, [*gets])

# %% [markdown] lang="zh"
# 分类器只有三层：查表，求平均，一个全连接层打分。三种装法用同样的句子，都走 100 步，微调解冻后再走 100 小步。
# 各跑 3 个种子（种子决定哪些句子带标签，以及随机的起点），都用同一批留出的句子检验。

# %% [markdown] lang="en"
# The classifier has three layers: lookup, mean, and a fully connected layer for the score. All three ways get the same
# sentences and 100 steps, fine-tuning another 100 small ones after unfreezing. Each is run with 3 seeds (a seed
# determines the labelled sentences and the random start), and all are tested on the same held-out sentences.

# %%
STEPS, RATE = 100, 0.02


def fit(model, labelled, rate):
    """Use all labelled sentences in each step. One epoch of 100 steps is much faster than 100 epochs of one."""
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy", steps_per_execution=5, jit_compile=False)
    steps = np.tile(labelled, STEPS)
    model.fit(x[steps], y[steps], batch_size=len(labelled), shuffle=False, verbose=0)


def classifier(way, labelled, seed):
    keras.utils.set_random_seed(seed)
    embedding = vectors.embedding_layer(name="embedding")  # frozen
    if way == "random":
        embedding = keras.layers.Embedding(*rows.shape, mask_zero=True, name="embedding")
    score = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Sequential([embedding, keras.layers.GlobalAveragePooling1D(), score])  # (B, T) -> (B, D) -> (B, 1)
    fit(model, labelled, RATE)
    if way == "fine-tuned":
        embedding.trainable = True
        fit(model, labelled, RATE / 10)
    return model


def accuracy(model, some):
    answers = keras.ops.convert_to_numpy(model(x[some]))[:, 0] > 0.5  # (B,)
    return float(np.mean(answers == is_court[some]))


ways = ("random", "frozen", "fine-tuned")
results = pd.DataFrame(index=pd.MultiIndex.from_product([[20, 200], ways], names=["labels", "way"]), dtype=float)
models = {}
for seed in (1, 2, 3):
    drawn = np.random.default_rng(seed).permutation(to_label)
    for labels, way in results.index:
        models[way] = classifier(way, drawn[:labels], seed)
        results.loc[(labels, way), f"seed {seed}"] = accuracy(models[way], tested)
        after = keras.ops.convert_to_numpy(models[way].get_layer("embedding").embeddings)  # (V + 1, D)
        assert (after == rows).all() == (way == "frozen")  # frozen: no number has changed

results["mean"] = results.mean(axis=1)
guessing = max(np.mean(is_court[tested]), np.mean(is_village[tested]))  # always the more frequent answer
assert results["mean"].min() > guessing
assert results.loc[(20, "frozen"), "mean"] > results.loc[(20, "random"), "mean"]
assert results.loc[(200, "fine-tuned"), "mean"] > results.loc[(200, "frozen"), "mean"]
assert results.loc[(200, "random"), "mean"] > results.loc[(20, "random"), "mean"] + 0.05
assert sum(np.prod(weight.shape) for weight in models["frozen"].trainable_weights) == config.dim + 1  # 32 and a bias
results.loc[(0, "guessing"), :] = guessing
results.round(3)

# %% [markdown] lang="zh"
# 我们跑出来的结果是这样：20 句时，冻结的比随机的好。随机的只学到这 20 句里的字；
# 学好的向量还知道别的字和谁相近。200 句时，随机的反而超过冻结的，因为冻结的只能调 33 个数（32 个权重，1 个偏置），
# 随机的整张表都能调；微调的最好，可是只比随机的好一个百分点左右，3 个种子定不了这么小的差别。
# 我们又换了三次种子和留出的句子：20 句时，冻结的每次都比随机的好；200 句时，微调的每次都最好，
# 随机的超过冻结的只有两次。
#
# 那么关系还是原来的关系吗？
#
# > 更重要的是,这种关系在反向传播的过程中,是一直在更新的,因此能在多次epoch后,使得这个关系变成相对成熟,即:
# > 正确的表达整个语义以及各个语句之间的关系。
#
# 这里要补一句：反向传播不认得语义，只认得**任务**。换一个任务，就得到另一张图。

# %% [markdown] lang="en"
# These are our results: with 20 sentences, frozen is better than random. Random only learns the characters of those 20;
# the learned vectors also know which other characters are similar. With 200, random overtakes frozen, which can adjust
# only 33 numbers (32 weights and a bias), while random can adjust the whole table. Fine-tuned is best, but only about
# one point above random, and 3 seeds cannot decide so small a difference. We tried three more times, with other seeds
# and other sentences held out: with 20, frozen beat random each time; with 200, fine-tuned was best each time, while
# random overtook frozen only twice.
#
# But are the relations still the same?
#
# > 更重要的是,这种关系在反向传播的过程中,是一直在更新的,因此能在多次epoch后,使得这个关系变成相对成熟,即:
# > 正确的表达整个语义以及各个语句之间的关系。
#
# One thing must be added: backpropagation knows no meaning, only a **task**. Another task gives another map.

# %%
maps = {"before (neighbours)": vectors}
for name, way in (("fine-tuned (court?)", "fine-tuned"), ("random start (court?)", "random")):
    maps[name] = vectors_of(models[way], corpus.vocabulary)  # of seed 3, 200 labels

# A character's side: the kind of sentences that may be labelled in which it occurs more than twice as often.
occurs = np.array([np.bincount(np.unique(ids), minlength=len(rows)) > 0 for ids in x])[:, 1:]  # (lines, V)
court, village = (1 + occurs[to_label[is_court[to_label] == kind]].sum(axis=0) for kind in (True, False))  # (V,)
side = np.where(court > 2 * village, "court", np.where(village > 2 * court, "village", "neither"))
trained = occurs[drawn[:200]].any(axis=0)  # characters of the labelled sentences: only their vectors changed
asked = np.flatnonzero(trained & (side != "neither"))

table = {}
for name, each in maps.items():
    sides = neighbour_agreement(each.matrix[asked], side[asked])
    groups = category_agreement(each, read_categories(), "characters")
    near = ["".join(token for token, _ in each.most_similar(token, topn=6)) for token in "后臣桃牛"]
    table[name] = [*near, round(sides.value, 3), round(groups.value, 3)]
table["chance"] = ["", "", "", "", round(sides.chance, 3), round(groups.chance, 3)]
table = pd.DataFrame(table, [*"后臣桃牛", "same side", "same group"]).T

never = ~trained
assert (maps["fine-tuned (court?)"].matrix[never] == vectors.matrix[never]).all()  # in no labelled sentence: unchanged
assert table.loc["fine-tuned (court?)", "same side"] > table.loc["before (neighbours)", "same side"] + 0.05
assert table.loc["random start (court?)", "same side"] > table.loc["before (neighbours)", "same side"] + 0.05
assert table.loc["before (neighbours)", "same group"] > 2 * table.loc["random start (court?)", "same group"]
table

# %%
shown = asked[:60]  # the most frequent
clouds = []
for name, each in maps.items():
    unit = unit_rows(each.matrix[asked])
    axes = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)[2]  # (D, D)
    flat = (unit_rows(each.matrix[shown]) - unit.mean(axis=0)) @ axes[:2].T  # (N, D) @ (D, 2) -> (N, 2)
    clouds.append(draw_points(flat, [vectors.index_to_key[row] for row in shown], side[shown], name))
side_by_side(*clouds, between="")

# %% [markdown] lang="zh"
# 从头学的那张图只回答一个问题：宫里的，还是村里的？桃的近邻不必是果子，和它同一边就行，同组的比例只比随机水平高一点。
# 微调的两样都有：两边分得更开，原来的组大多还在。没有哪张图是“正确的”，只有对某个任务合用的。
#
# 自己试试：把 `RATE / 10` 改成 `RATE`，看微调还剩多少原来的组；或者换一个任务，比如动物还是植物。

# %% [markdown] lang="en"
# The map learned from scratch answers one question only: court or village? The neighbours of 桃 need not be fruit, as
# long as they are on its side, and the share of the same group is little above chance. The fine-tuned map has both: the
# sides are further apart, and most of the old groups are still there. No map is "the correct one"; each serves a task.
#
# Try it: make `RATE / 10` into `RATE`, and see how much fine-tuning leaves of the groups; or take another task, such as
# animals or plants.

# %% [markdown] lang="zh"
# ### 练习
# 1. 给向量表 `(V, D)`，返回嵌入层要用的表 `(V + 1, D)`。
# 2. 不用 Keras：给这张表、一句话的编号（后面有填充）、全连接层的权重 `(D,)` 和偏置，求“宫廷”的概率。
# 3. 给概率和标签（0 或 1），求正确率；大于 0.5 就算 1。

# %% [markdown] lang="en"
# ### Exercises
# 1. Given a table of vectors `(V, D)`: the table `(V + 1, D)` that the embedding layer needs.
# 2. Without Keras: given that table, a sentence's ids (padding at the end), the weights `(D,)` and the bias of the
#    fully connected layer, the probability of "court".
# 3. Given probabilities and labels (0 or 1): the share that is right; above 0.5 means 1.

# %%
import numpy as np

from embedding_tutorial.lessons.exercises import check, hint


def my_with_padding_row(matrix):
    return None


def my_court_probability(table, ids, weights, bias):
    return None


def my_share_right(probabilities, labels):
    return None


check("with_padding_row", my_with_padding_row)
check("court_probability", my_court_probability)
check("share_right", my_share_right)
