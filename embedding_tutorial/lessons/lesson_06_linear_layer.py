# %% [markdown]
# # 6 查表就是线性层 · Lookup is a linear layer
#
# > 它把我们的稀疏矩阵,通过一些线性变换(在CNN中用全连接层进行转换,也称为查表操作),变成了一个密集矩阵

# %% [markdown] lang="zh"
# 这句话把三样东西说成一样：线性变换、全连接层、查表。它们真的一样吗？同一张表 W，用三种办法：
# 嵌入层 `keras.layers.Embedding` 取出第 id 行；独热行乘以 W；没有偏置的全连接层 `keras.layers.Dense`，权重也是 W。
# 句子是文章的 `deep learning is very deep`，W 里的数是我们编的：5 行（第 0 行留给填充），3 列。
#
# **先猜后跑**：三种办法的结果差多少？两种层的参数，哪种多？

# %% [markdown] lang="en"
# The sentence says that three things are the same: a linear map, a fully connected layer, a lookup. Are they? One table
# W is used in three ways: `keras.layers.Embedding` takes row id; a one-hot row is multiplied by W; and
# `keras.layers.Dense` without bias has W as its weights. The words are the article's `deep learning is very deep`; the
# numbers in W are ours: 5 rows (row 0 is padding), 3 columns.
#
# **Guess first**: by how much do the three results differ? Which layer has more parameters?

# %%
from embedding_tutorial.quiet import import_keras_quietly

import_keras_quietly()

import time

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from embedding_tutorial.lessons.drawing import draw_matrix, side_by_side
from embedding_tutorial.lessons.encoding import lookup, one_hot
from embedding_tutorial.text.vocabulary import Vocabulary

sentence = "deep learning is very deep"
words = sentence.split()
vocabulary = Vocabulary.count([words])
ids = vocabulary.encode(words)
assert ids == [1, 2, 3, 4, 1]  # the article's

W = np.array(
    [
        [0, 0, 0],  # padding
        [0.5, -1, 0.25],  # deep
        [0.75, -0.5, 1],  # learning
        [-0.25, 0.5, -0.5],  # is
        [0.25, -0.75, 0],  # very
    ],
    dtype=np.float32,
)


def with_weights(layer, input_shape, weights):
    """Build the layer and set its weight matrix."""
    layer.build(input_shape)
    layer.set_weights([weights])
    return layer


embedding = with_weights(keras.layers.Embedding(5, 3), (None,), W)
dense = with_weights(keras.layers.Dense(3, use_bias=False), (None, 5), W)

rows = one_hot(ids, 5)  # (5,) -> (5, 5)
three_ways = {
    "Embedding": np.array(embedding(np.array(ids))),  # (5,) -> (5, 3)
    "one_hot @ W": rows @ W,  # (5, 5) @ (5, 3) -> (5, 3)
    "Dense": np.array(dense(rows)),  # (5, 5) -> (5, 3)
}

written_out = np.zeros((5, 3), dtype=np.float32)
multiplications = 0
for t in range(5):
    for d in range(3):
        for v in range(5):
            written_out[t, d] += rows[t, v] * W[v, d]
            multiplications += 1

for result in three_ways.values():
    assert (result == written_out).all()  # exactly, not approximately
assert written_out[0].tolist() == written_out[4].tolist() == [0.5, -1, 0.25]  # deep
assert embedding.count_params() == dense.count_params() == 15
pd.concat({way: pd.DataFrame(result, index=words) for way, result in three_ways.items()}, axis=1)

# %%
side_by_side(
    side_by_side(
        draw_matrix(rows, rows=words, title="one-hot (5 × 5)"),
        draw_matrix(W, rows=["0", "1", "2", "3", "4"], highlight=[1], title="W (5 × 3)"),
        between="@",
    ),
    draw_matrix(written_out, highlight=[0, 4], title="(5 × 3)"),
    between="=",
)

# %% [markdown] lang="zh"
# 三个结果逐位相同：乘以 0 再相加，等于没加；乘以 1，就是把那一行抄下来。所以查表不是“近似”，它**就是**那个线性变换，
# 只是跳过了乘 0。嵌入层的第 id 行，就是全连接层里第 id 个输入到各个输出的权重。
#
# 跳过乘 0 能省多少？上面的三重循环做了 5 × 5 × 3 = 75 次乘法，查表一次也不做。再算一页书：1,000 个字，词表 3,000 个字，
# 每个字 32 个数。乘法和字节是数出来的；时间是在这台机器上量的，每次都会变，只看比例。

# %% [markdown] lang="en"
# The three results are identical: a product with 0 adds nothing, and a product with 1 copies the row. So a lookup is no
# approximation; it **is** that linear map, without the multiplications by 0. Row id of the embedding holds the weights
# from input id of the fully connected layer to its outputs.
#
# How much does this save? The triple loop above multiplies 5 × 5 × 3 = 75 times, the lookup not once. Now take a page:
# 1,000 characters, a vocabulary of 3,000, 32 numbers each. Multiplications and bytes are counted; the time is measured
# on this machine and changes with every run, so look at the ratio alone.

# %%
T, V, D = 1_000, 3_000, 32
draw = np.random.default_rng(6)
page = draw.integers(V, size=T).astype(np.int32)  # (T,)
table = draw.normal(size=(V, D)).astype(np.float32)  # (V, D)
page_rows = one_hot(page, V)  # (T, V), made before the clock starts


def fastest(function, times=5):
    """Seconds that the fastest of several calls takes."""
    seconds = []
    for _ in range(times):
        started = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


product_time, lookup_time = fastest(lambda: page_rows @ table), fastest(lambda: lookup(table, page))
costs = pd.DataFrame(
    {
        "multiplications": [T * V * D, 0],
        "of these by 1": [T * D, 0],
        "input, bytes": [page_rows.nbytes, page.nbytes],
        "time, lookup = 1": [round(product_time / lookup_time), 1],
    },
    index=["one_hot @ W", "lookup"],
)
assert multiplications == 5 * 5 * 3 == 75
assert costs["multiplications"].tolist() == [96_000_000, 0]
assert costs["input, bytes"].tolist() == [12_000_000, 4_000]  # 4 bytes a number, 3,000 numbers a character or one
assert np.count_nonzero(page_rows) * D == costs.loc["one_hot @ W", "of these by 1"] == 32_000
assert np.allclose(page_rows @ table, lookup(table, page))
costs

# %% [markdown] lang="zh"
# 文章写“在 CNN 中用全连接层”，更准确的说法是：查表不属于哪一种网络。CNN 的特点是卷积，全连接层哪里都有；
# 嵌入层只把编号变成向量，后面接什么都行。验证：后面接平均、卷积（CNN）、循环（RNN），
# 把前面的 `Embedding` 换成“独热 → `Dense`”，输出都不变。

# %% [markdown] lang="en"
# The article says “in a CNN, with a fully connected layer”. More precisely, the lookup belongs to no kind of network. A
# CNN is defined by convolution, and fully connected layers are everywhere; an embedding only turns ids into vectors,
# and anything may follow. To verify, put a mean, a convolution (CNN) or a recurrence (RNN) after it: with “one-hot →
# `Dense`” in place of `Embedding`, no output changes.

# %%
keras.utils.set_random_seed(6)
networks = {
    "mean": keras.layers.GlobalAveragePooling1D(),
    "CNN": keras.layers.Conv1D(filters=2, kernel_size=3),
    "RNN": keras.layers.SimpleRNN(2),
}
id_rows = np.array([ids])  # (1, 5)
compared = []
for network in networks.values():
    by_lookup = np.array(network(embedding(id_rows)))  # (1, 5) -> (1, 5, 3) -> …
    by_product = np.array(network(dense(rows[None])))  # (1, 5, 5) -> (1, 5, 3) -> …
    assert np.allclose(by_lookup, by_product, atol=1e-5)
    assert np.abs(by_lookup).max() > 0.01  # not merely all zeros
    compared.append({"output shape": by_lookup.shape, "greatest difference": np.abs(by_lookup - by_product).max()})
assert [row["output shape"] for row in compared] == [(1, 3), (1, 3, 2), (1, 2)]
pd.DataFrame(compared, index=[*networks])

# %% [markdown] lang="zh"
# ### 故意犯错一：编号等于 `input_dim`
# “四个不同的词，那就 `Embedding(4, 3)`。”可是编号从 1 数到 4，表的行从 0 数到 3：`very` 的 4 号行不存在。
# 在 CPU 上，TensorFlow 会报错，这是好事。编译以后（XLA，`jit_compile=True`）就不报错了：
# 它用最后一行代替，`very` 得到了 `is` 的向量。Keras 在 GPU 上训练和预测时默认就这样编译；不编译的话，
# 按 TensorFlow 的文档，GPU 给出一行 0（这一种我们没有跑）。所以在 GPU 上不能指望报错。**对的写法**：`input_dim` = 词数
# + 1。

# %% [markdown] lang="en"
# ### Mistake on purpose, 1: an id equal to `input_dim`
# “Four different words, so `Embedding(4, 3)`.” But the ids go from 1 to 4 and the rows from 0 to 3: there is no row for
# `very`. On a CPU, TensorFlow raises an error, which helps. When compiled (XLA, `jit_compile=True`), it raises none: it
# silently takes the last row, and `very` gets the vector of `is`. On a GPU, Keras compiles like this by default when it
# fits and predicts; without compilation, TensorFlow's documentation says, a GPU returns a row of zeros (we have not run
# that case). So do not rely on an error on a GPU. **Right**: `input_dim` = number of words + 1.

# %%
too_small = with_weights(keras.layers.Embedding(len(vocabulary), 3), (None,), W[:-1])  # rows 0 to 3
very = np.array([4])

with keras.device("cpu:0"):
    try:
        too_small(very)
        symptom = "none"
    except tf.errors.InvalidArgumentError as error:
        symptom = str(error)
    compiled = np.array(tf.function(too_small, jit_compile=True)(very))[0]  # (3,)

right = with_weights(keras.layers.Embedding(len(vocabulary) + 1, 3), (None,), W)
assert "4 is not in [0, 4)" in symptom
assert compiled.tolist() == W[3].tolist() != W[4].tolist()  # the row of “is”, without an error
assert np.array(right(very))[0].tolist() == W[4].tolist()
pd.DataFrame(
    {
        "Embedding(4, 3), CPU": "error: 4 is not in [0, 4)",
        "Embedding(4, 3), compiled": str(compiled.tolist()),
        "Embedding(5, 3)": str(W[4].tolist()),
    },
    index=["very (id 4)"],
).T

# %% [markdown] lang="zh"
# ### 故意犯错二：把编号直接输入 `Dense`
# 既然 `Dense` 等于查表，省掉独热、直接输入编号行不行？不行：那样编号被当成了**数量**。权重只有一行，
# 每个词只是它的若干倍：4 号 `very` 恰好是 2 号 `learning` 的两倍，所有的词方向都相同，余弦全是 1。
# 编号就像门牌，4 号房并不比 2 号房大一倍。**对的写法**：`Embedding`，或者先独热再 `Dense`。

# %% [markdown] lang="en"
# ### Mistake on purpose, 2: ids straight into `Dense`
# If `Dense` equals a lookup, why not skip the one-hot rows and feed it the ids? Because then an id is taken as a
# **quantity**. There is one row of weights, and each word is a multiple of it: `very`, id 4, is exactly twice
# `learning`, id 2; all words have the same direction, and every cosine is 1. An id is like a house number: house 4 is
# not twice house 2. **Right**: `Embedding`, or one-hot and then `Dense`.

# %%
wrong = with_weights(keras.layers.Dense(3, use_bias=False), (None, 1), W[1:2])
four_ids = np.array([1, 2, 3, 4])
multiples = np.array(wrong(four_ids[:, None].astype(np.float32)))  # (4, 1) @ (1, 3) -> (4, 3)


def cosine(a, b):
    return a @ b / (np.linalg.norm(a) * np.linalg.norm(b))


assert wrong.count_params() == 3  # one row of weights; the table has five
assert (multiples[3] == 2 * multiples[1]).all()  # very = 2 × learning
assert all(np.isclose(cosine(a, b), 1) for a in multiples for b in multiples)
assert cosine(W[2], W[4]) < 0.9  # in the table, learning and very differ
pd.concat(
    {
        "ids into Dense": pd.DataFrame(multiples, index=vocabulary.tokens),
        "Embedding": pd.DataFrame(np.array(embedding(four_ids)), index=vocabulary.tokens),
    },
    axis=1,
)

# %% [markdown] lang="zh"
# ### 练习
# 1. `linear_layer` 是一个没有偏置的线性层，像 `Dense`，但看不见它的权重，只能输入 `(N, size)` 的数组。输入什么，
#    才能得到整张表 `(size, D)`？
# 2. `tokens` 个词元、`vocabulary_size` 行、`dim` 列：独热乘矩阵的所有乘法里，有多少次是乘以 0？返回一个整数。
# 3. 输入 `Embedding(input_dim, …)` 之前先检查：返回 `ids` 里没有对应行的编号（列表，保持顺序）。

# %% [markdown] lang="en"
# ### Exercises
# 1. `linear_layer` is a linear layer without bias, like `Dense`, but its weights are hidden: you can only give it
#    `(N, size)` arrays. Which input returns the whole table `(size, D)`?
# 2. `tokens` tokens, `vocabulary_size` rows, `dim` columns: of all multiplications in one-hot times matrix, how many
#    are by 0? Return an integer.
# 3. Check before you call `Embedding(input_dim, …)`: return those of `ids` that have no row (a list, in their order).

# %%
import numpy as np

from embedding_tutorial.lessons.exercises import check, hint


def my_hidden_table(linear_layer, size):
    return None


def my_multiplications_by_zero(tokens, vocabulary_size, dim):
    return None


def my_ids_without_a_row(ids, input_dim):
    return None


check("hidden_table", my_hidden_table)
check("multiplications_by_zero", my_multiplications_by_zero)
check("ids_without_a_row", my_ids_without_a_row)
