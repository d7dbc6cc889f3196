# %% [markdown]
# # 9 反向传播碰到谁 · What backpropagation touches
#
# > 训练神经网络的过程中,每个嵌入的向量都会得到更新

# %% [markdown] lang="zh"
# 这句话说的是整个训练，不是每一步。一步只看一个小批量：嵌入矩阵里只有**查到的行**才有梯度；没查到的行，梯度是 0，
# 一个数也不变。一轮走完，训练句子里的每个字都查过了，这句话才成立。
#
# **先猜后跑**：词表有 16 个字，小批量里只有一句“农夫天天种田”。这一步会更新嵌入矩阵的几行？
# 输出表（给每个字打分的那张表）呢？

# %% [markdown] lang="en"
# The sentence is true of the whole training, not of each step. A step sees one batch: only the rows of the embedding
# matrix that are **looked up** have a gradient; all others have gradient 0 and do not change. After an epoch every
# character of the training sentences has been looked up, and then the sentence is true.
#
# **Guess first**: the vocabulary has 16 characters, the batch is the one sentence 农夫天天种田. How many rows of the
# embedding matrix does this step change? And of the output table, which scores every character?

# %%
from embedding_tutorial.quiet import import_keras_quietly

import_keras_quietly()

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.lessons.drawing import draw_curves, draw_matrix, side_by_side
from embedding_tutorial.lessons.encoding import one_hot
from embedding_tutorial.model.sequential import build_model, compile_model
from embedding_tutorial.model.sparse import RowwiseAdagrad
from embedding_tutorial.text.batches import Batches
from embedding_tutorial.text.encoded_corpus import EncodedCorpus
from embedding_tutorial.text.sampling import draw_noise, noise_distribution
from embedding_tutorial.text.vocabulary import Vocabulary

# Text and sizes are ours; the article gives none here.
sentences = ["农夫天天种田", "公主住在宫里", "王妃也在宫里", "王妃天天看花"]
vocabulary = Vocabulary.count(sentences)
encoded = [vocabulary.encode(sentence) for sentence in sentences]
corpus = EncodedCorpus(vocabulary, np.concatenate(encoded), np.array([len(ids) for ids in encoded]), 0, "")
config = TrainingConfig(dim=4, window=2)
batches = list(Batches(corpus, config.window, batch_size=8))  # a sentence a step, padded: (1, 8) ids each
ROWS = ["0", *vocabulary.tokens]  # row 0 is padding
assert len(vocabulary) == 16 and len(ROWS) == 17
assert [x.tolist() for x, y, noise in batches] == [[[*ids, 0, 0]] for ids in encoded]
assert all(set(noise[0].tolist()) == set(range(1, 17)) for x, y, noise in batches)
pd.DataFrame([x[0] for x, y, noise in batches], index=sentences, columns=range(1, 9))


# %% [markdown] lang="zh"
# 用第一句走两步，比较每一步前后的两张表，看哪些行变了。负采样平时抽 128 个噪声词，我们只有 16 个字，
# 那样每个字都会抽到；所以这里只抽 4 个。

# %% [markdown] lang="en"
# Take two steps with the first sentence, and compare both tables before and after each: which rows changed? Negative
# sampling usually draws 128 noise words, which would include every one of our 16 characters; here it draws 4.


# %%
def tiny_model(negatives=5):
    return build_model(TrainingConfig(dim=4, window=2, negatives=negatives), vocabulary)


def tables(model):
    """Copies of the embedding matrix and the output table, both (17, 4)."""
    layers = model.get_layer("embedding").embeddings, model.get_layer("output").table
    return [keras.ops.convert_to_numpy(layer).copy() for layer in layers]


def moved(before, after):
    """The rows in which any number changed."""
    return set(np.flatnonzero((before != after).any(axis=1)).tolist())


def characters(rows):
    return " ".join(ROWS[row] for row in sorted(rows)) or "-"


model = tiny_model()
compile_model(model, config, steps=100)
x, y, _ = batches[0]
draws = draw_noise(np.cumsum(noise_distribution(vocabulary.counts)), 2, np.random.default_rng(1), 4)  # (2, 4)
looked_up = set(encoded[0])  # 天 occurs twice, but is one row
steps = []
for step in (1, 2):
    noise = set(draws[step - 1].tolist())
    before = tables(model)
    model.train_on_batch(x, (y, draws[step - 1 : step]))
    after = tables(model)
    in_embedding, in_output = (moved(b, a) for b, a in zip(before, after, strict=True))
    assert in_embedding == (looked_up if step == 2 else set())
    assert in_output == looked_up | noise  # predicted, or drawn as noise
    steps.append([characters(in_embedding), characters(noise), characters(in_output)])

assert len(looked_up) == 5
change, output_change = (a - b for b, a in zip(before, after, strict=True))  # of the second step, (17, 4)
pd.DataFrame(steps, index=["step 1", "step 2"], columns=["embedding: moved", "noise drawn", "output: moved"])

# %% [markdown] lang="zh"
# 第二步正好更新了五行：农、夫、天、种、田（“天”出现两次，仍是一行）。填充的第 0 行也查了，可是填充不和任何字配对，
# 梯度是 0，所以不变。输出表里变的是要预测的字，加上抽到的噪声词。
#
# 第一步却一行也没变！输出表从全 0 开始，而嵌入矩阵一行的梯度是输出表几行的加权和，也是 0。所以，
# 只要优化器只用这一步的梯度，准确的说法是：**没查到的行一定不变；查到的行，梯度不为 0 才变**。

# %% [markdown] lang="en"
# The second step changed exactly five rows: 农 夫 天 种 田 (天 occurs twice and is still one row). Row 0, padding, was
# looked up too, but padding belongs to no pair: its gradient is 0, and it stays. In the output table, the rows of the
# characters to be predicted changed, and those of the noise words.
#
# The first step changed none! The output table starts as zeros, and the gradient of an embedding row is a weighted sum
# of output rows, hence 0 as well. So, if the optimizer uses only this step's gradient: **a row that is not looked up
# never changes; a row that is looked up changes if its gradient is not 0**.

# %%
side_by_side(
    draw_matrix(change, rows=ROWS, highlight=sorted(looked_up), title="嵌入矩阵的变化 Δ embedding"),
    draw_matrix(output_change, rows=ROWS, highlight=sorted(looked_up | noise), title="输出表的变化 Δ output"),
    between="",
)

# %% [markdown] lang="zh"
# 为什么？第 6 课说过，查表就是 `one_hot @ W`，那么 `W` 的梯度就是 `one_hot.T @ G`，`G` 是传回到每个位置的梯度。
# 没查到的字，它在 `one_hot` 里的那一列全是 0，乘出来那一行也全是 0；查了两次的字，
# 两份梯度相加。TensorFlow 不造这张大表，只给出行号和对应的数（`IndexedSlices`）。先看查表这一步，`G` 由我们随便给；
# 再看整个模型：重复的字它只查一次，所以“天”只有一行。

# %% [markdown] lang="en"
# Why? A lookup is `one_hot @ W` (lesson 6), so the gradient of `W` is `one_hot.T @ G`, where `G` is the gradient at
# each place. A character that was not looked up has a column of zeros in `one_hot`, which gives a row of zeros; one
# that was looked up twice gets the sum of two gradients. TensorFlow does not build the large table: it returns row
# numbers and values (`IndexedSlices`). First the lookup alone, with an arbitrary `G`; then the whole model, which looks
# up a repeated character once, so 天 has one row.

# %%
embedding = model.get_layer("embedding")
G = np.random.default_rng(9).normal(size=(8, 4)).astype("float32")
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(embedding(x)[0] * G)  # (8, 4) * (8, 4): its gradient at each place is G
gradient = tape.gradient(loss, embedding.embeddings.value)
of_table = one_hot(x[0], 17).T @ G  # (17, 8) @ (8, 4) -> (17, 4)

assert gradient.indices.numpy().tolist() == [*encoded[0], 0, 0]  # row numbers, 天 twice
assert (gradient.values.numpy() == G).all()
np.testing.assert_allclose(tf.convert_to_tensor(gradient), of_table, atol=1e-6)
np.testing.assert_allclose(of_table[vocabulary.encode("天")[0]], G[2] + G[3], atol=1e-6)  # it is at places 2 and 3

with tf.GradientTape() as tape:
    loss = model.compute_loss(x, (y, draws[:1]))
gradient = tape.gradient(loss, embedding.embeddings.value)
rows, numbers = gradient.indices.numpy(), gradient.values.numpy()  # (6,) ids, padding too; (6, 4)
assert sorted(rows.tolist()) == sorted(looked_up | {0})  # each occurs once
assert {*rows[numbers.any(axis=1)].tolist()} == looked_up  # padding's gradient is 0

pd.DataFrame(numbers, index=[ROWS[id] for id in rows], columns=range(1, 5)).round(3)

# %% [markdown] lang="zh"
# 再走完一整轮：四句，四步。一个字在几句话里出现，它的行就更新几次。现在每个字的向量都更新过了，文章那句话成立了，
# 只有填充行例外。（还有一种例外：只在留出集里出现的字，训练时从来不查，多少轮也不变。）

# %% [markdown] lang="en"
# Now take a whole epoch: four sentences, four steps. A row changes as many times as there are sentences with its
# character. Every character's vector has been updated, so the article's sentence is true of all rows but padding. (One
# more exception: a character that occurs only in held-out sentences is never looked up in training.)

# %%
times_moved = np.zeros(17, int)
for x, y, _ in batches:
    before = tables(model)[0]
    model.train_on_batch(x, (y, draws[:1]))
    times_moved[sorted(moved(before, tables(model)[0]))] += 1

sentences_with = [sum(token in sentence for sentence in sentences) for token in vocabulary.tokens]
assert times_moved[1:].tolist() == sentences_with
assert times_moved[1:].min() >= 1 and times_moved[0] == 0
pd.DataFrame(
    {"count": vocabulary.counts, "sentences with it": sentences_with, "steps that moved it": times_moved[1:]},
    index=vocabulary.tokens,
).T

# %% [markdown] lang="zh"
# 上面用的是本项目的 `RowwiseAdagrad`，它只改查到的行。别的优化器会改更多的行。第 1 步输入“公主住在宫里”，
# 后面 9 步只输入“农夫天天种田”，两句没有一个相同的字。下表数的是第 2 步：
# 动量 (momentum) 和 Adam 记得旧的梯度，“公”这时没有出现，也继续变化；AdamW 每步还把所有的行缩小一点，连填充行也变。
# 表的最后一行换成完整的 softmax：不抽噪声词，每个字都打分。输出表里每个字的行都变了，嵌入矩阵仍然只变查到的行。

# %% [markdown] lang="en"
# So far the optimizer was the project's `RowwiseAdagrad`, which writes only the rows that were looked up. Other
# optimizers write more. Step 1 is 公主住在宫里, the nine steps after it are 农夫天天种田: no character in common. The
# table counts step 2: momentum and Adam remember old gradients, so 公, which is not in this sentence, continues to
# change; AdamW also shrinks all rows a little in each step, padding as well. The table's last line uses the full
# softmax, which scores every character: every character's output row changed, but in the embedding only the looked-up
# rows.

# %%
trained = model.get_weights()
first, then = set(encoded[1]), set(encoded[0])
assert not first & then


def travel(optimizer, negatives=5):
    """The embedding after 0, 1, ..., 10 steps (11, 17, 4), and the output rows that changed in step 2."""
    model = tiny_model(negatives)
    model.set_weights(trained)
    model.compile(optimizer, run_eagerly=True)
    kept = [tables(model)]
    for x, y, _ in [batches[1]] + 9 * [batches[0]]:
        model.train_on_batch(x, (y, draws[:1]))
        kept.append(tables(model))
    return np.array([table for table, _ in kept]), moved(kept[1][1], kept[2][1])


paths, output_rows = {}, {}
for name, optimizer, negatives in [
    ("RowwiseAdagrad", RowwiseAdagrad(0.2), 5),
    ("SGD", keras.optimizers.SGD(0.1), 5),
    ("SGD, momentum 0.9", keras.optimizers.SGD(0.1, momentum=0.9), 5),
    ("Adam", keras.optimizers.Adam(0.01), 5),
    ("AdamW", keras.optimizers.AdamW(0.01, weight_decay=0.01), 5),
    ("RowwiseAdagrad, full softmax", RowwiseAdagrad(0.2), 0),
]:
    paths[name], output_rows[name] = travel(optimizer, negatives)

second = {name: moved(path[1], path[2]) for name, path in paths.items()}  # this step looks up 农夫天种田 only
assert second["RowwiseAdagrad"] == second["SGD"] == second["RowwiseAdagrad, full softmax"] == then
assert second["SGD, momentum 0.9"] == second["Adam"] == then | first
assert second["AdamW"] == set(range(17))
assert output_rows["RowwiseAdagrad, full softmax"] == set(range(1, 17))
pd.DataFrame({
    "looked up now, of 5": {name: len(rows & then) for name, rows in second.items()},
    "looked up before, of 6": {name: len(rows & first) for name, rows in second.items()},
    "others, of 6": {name: len(rows - then - first) for name, rows in second.items()},
    "output rows, of 17": {name: len(rows) for name, rows in output_rows.items()},
})

# %% [markdown] lang="zh"
# “公”只在第 1 步查过。下图以它第 1 步走的距离为 1：用动量，第 n 步还要走 0.9 的 n − 1 次方；用 Adam，第 2 步还走 0.67。
# 这样变的就不再只是查到的行：少见的字被旧梯度推着走，词表越大，每步要改写的、其实没查到的行也越多。

# %% [markdown] lang="en"
# 公 was looked up in step 1 only. The picture takes its distance in that step as 1: momentum still moves it by 0.9 to
# the power of n − 1 in step n, Adam by 0.67 in step 2. So more changes than what was looked up: old gradients keep
# moving rare characters, and the larger the vocabulary, the more rows are written that were not looked up.

# %%
princess = vocabulary.encode("公")[0]
shown = ["Adam", "SGD, momentum 0.9", "RowwiseAdagrad"]
distance = {name: np.linalg.norm(np.diff(paths[name][:, princess], axis=0), axis=1) for name in shown}  # (10,) each
share = {name: lengths / lengths[0] for name, lengths in distance.items()}
n = np.arange(1, 11)
np.testing.assert_allclose(share["SGD, momentum 0.9"], 0.9 ** (n - 1), rtol=1e-3)
assert abs(share["Adam"][1] - 0.67) < 0.01
assert share["RowwiseAdagrad"].tolist() == [1] + 9 * [0]
draw_curves(share, n, title="“公”每步走多远 · how far 公 moves", x_label="step 步")

# %% [markdown] lang="zh"
# ### 练习
# 1. 给一个小批量的编号（0 是填充），写出会变的行：不重复，从小到大，一个列表。
# 2. 不用 `one_hot`，把每个位置的梯度 `values` `(T, D)` 加成整张表的梯度 `(size, D)`。
# 3. 一行只在第 1 步有梯度 `g`，用动量 `momentum`、学习率 `rate` 走 `steps` 步。它一共走了多少（一个向量）？
#    规则：`v = momentum * v - rate * gradient`，再 `row += v`。

# %% [markdown] lang="en"
# ### Exercises
# 1. Given the ids of a batch (0 is padding): the rows that change, each once, in ascending order, as a list.
# 2. Without `one_hot`: add the gradients of the places, `values` `(T, D)`, up to the gradient of the table `(size, D)`.
# 3. A row has a gradient `g` in step 1 only. With `momentum` and learning rate `rate`, how far has it moved after
#    `steps` steps (a vector)? The rule: `v = momentum * v - rate * gradient`, then `row += v`.

# %%
import numpy as np

from embedding_tutorial.lessons.exercises import check, hint


def my_rows_that_move(ids):
    return None


def my_table_gradient(ids, values, size):
    return None


def my_momentum_travel(g, momentum, rate, steps):
    return None


check("rows_that_move", my_rows_that_move)
check("table_gradient", my_table_gradient)
check("momentum_travel", my_momentum_travel)
