# %% [markdown]
# # 15 十二行的模型 · The model in twelve lines
#
# > 他们之间的关系,用的是嵌入层学习来的参数进行表征。

# %% [markdown] lang="zh"
# 前面的课把模型拆开来看，这一课从头到尾搭一遍：只用 Keras 自带的层，建模型、编译、训练、看近邻，一共十二行。
# 要自己写的只有**损失**：邻居猜得准不准，用一个数来说。先拿一句四个词的话把它算清楚，每个数都能用笔验算。
#
# **先猜后跑**：词表里有 1,221 个词，没训练过的模型给每个词的分数都差不多。它的损失大约是几？
# （每个词的概率都是 1/1221，损失是概率的对数取相反数。）

# %% [markdown] lang="en"
# The earlier lessons take the model apart; this one builds it once, from beginning to end: stock layers of Keras,
# compiled, trained, and asked for neighbours, in twelve lines. Only the **loss** is ours: one number that says how well
# the scores predict the neighbours of each word. Compute it first for a sentence of four words, where every number can
# be checked with a pencil.
#
# **Guess first**: the vocabulary has 1,221 words, and an untrained model gives all of them nearly the same score. What
# is its loss, roughly? (Each word has probability 1/1221, and the loss is minus the logarithm of it.)

# %%
from embedding_tutorial.quiet import import_keras_quietly

import_keras_quietly()

from collections import Counter

import keras
import numpy as np
import pandas as pd
from keras import ops

from embedding_tutorial.config import DATASETS
from embedding_tutorial.lessons.drawing import draw_curves
from embedding_tutorial.text.sentences import split_sentences
from embedding_tutorial.text.tokenizers import tokenize

WINDOW = 5
words = ["大", "鱼", "小", "鱼"]  # big fish, small fish


def window_weights(length):
    place = np.arange(length)
    distance = np.abs(place[:, None] - place)  # (T, 1) - (T,) -> (T, T)
    weights = np.maximum(WINDOW + 1 - distance, 0) / WINDOW  # 1, 0.8, 0.6, 0.4, 0.2, then 0
    return np.where(distance == 0, 0, weights).astype("float32")  # no place is its own neighbour


W = window_weights(4)  # (4, 4)
assert np.allclose(W[0], [0, 1, 0.8, 0.6])
pd.DataFrame(W, index=words, columns=words).round(1)

# %% [markdown] lang="zh"
# **第一步，谁是邻居。** 第 10 课的带状矩阵：紧挨着的算 1，隔一个词算 0.8，再远就再少，自己不算。
#
# **第二步，邻居是哪个词。** 上表的列是位置，要换成词：“鱼”出现两次，两个位置的权重应当加在一起。
# 每个位置写成一行独热（第 1 课），带状矩阵乘以这张独热的表，就加好了。

# %% [markdown] lang="en"
# **Step one: who is a neighbour.** The band matrix of lesson 10: the next word counts 1, the one after it 0.8, words
# further away less, and a word is not its own neighbour.
#
# **Step two: which word is it.** The columns above are places, and we need words: 鱼 occurs twice, so the weights of
# its two places must be added. Write each place as a one-hot row (lesson 1); the band matrix times these rows adds
# them up.

# %%
vocabulary = ["鱼", "大", "小"]  # ids 1, 2, 3: the most frequent first; 0 is padding
ids = np.array([2, 1, 3, 1])
one_hot = np.eye(3)[ids - 1]  # (T, V) = (4, 3)
neighbours = W @ one_hot  # (4, 4) @ (4, 3) -> (4, 3)
assert np.allclose(neighbours[0], [1 + 0.6, 0, 0.8])  # of 大: two 鱼, no 大, one 小
pd.DataFrame(neighbours, index=words, columns=vocabulary).round(1)

# %% [markdown] lang="zh"
# **第三步，猜得准不准。** 分数经过 softmax 变成概率，损失就是 −ln 概率：真邻居的概率越小，损失越大；
# 再按上表的权重求平均。三个词的分数一样，概率各是 1/3，损失是 ln 3。只要知道“鱼”常见，把它的概率提到 1/2，
# 另外两个各 1/4，损失就变小：总权重 10.4 里“鱼”正好占一半，所以是 (ln 2 + ln 4) / 2。

# %% [markdown] lang="en"
# **Step three: how good is the prediction.** Softmax makes probabilities of the scores, and −ln of a probability is
# the loss: the less likely the true neighbour, the greater. Take the mean, weighted by the table above. If the three
# scores are equal, each probability is 1/3, and the loss is ln 3. It is smaller as soon as the model knows that 鱼 is
# frequent: with probabilities of 1/2 for 鱼 and 1/4 for each of the others it is (ln 2 + ln 4) / 2, since 鱼 has
# exactly half of the total weight of 10.4.


# %%
def neighbour_loss(ids, scores):
    ids = ops.cast(ids, "int32")  # (B, T)
    one_hot = ops.one_hot(ids - 1, scores.shape[-1])  # (B, T, V), all 0 for padding: it is nobody's neighbour
    neighbours = ops.matmul(window_weights(ids.shape[1]), one_hot)  # (T, T) @ (B, T, V) -> (B, T, V)
    neighbours *= ops.cast(ids > 0, "float32")[:, :, None]  # padding has no neighbours
    return -ops.sum(neighbours * ops.log_softmax(scores)) / ops.sum(neighbours)


losses = {}
for name, scores in {"all equal": [0, 0, 0], "鱼 is frequent": np.log([1 / 2, 1 / 4, 1 / 4])}.items():
    scores = np.tile(np.array(scores, "float32"), (1, 6, 1))  # (B, T, V) = (1, 6, 3): the same at each place
    losses[name] = float(neighbour_loss(ids[None], scores[:, :4]))
    assert np.isclose(losses[name], float(neighbour_loss([[2, 1, 3, 1, 0, 0]], scores)))  # padding changes nothing
assert np.allclose(list(losses.values()), [np.log(3), (np.log(2) + np.log(4)) / 2])
pd.Series(losses, name="loss").round(4).to_frame()

# %% [markdown] lang="zh"
# 损失函数就是这五行。现在换成真的文本：`palace.txt` 切成句子，句子切成词，出现不到 5 次的词不要，词换成编号。
# 每句一行，短的用 0 填充。

# %% [markdown] lang="en"
# These five lines are the loss. Now take a real text: cut `palace.txt` into sentences and these into words, leave out
# words that occur fewer than 5 times, and replace words by ids. A sentence is a row; short ones are padded with 0.

# %%
text = (DATASETS / "palace.txt").read_text(encoding="utf-8")
sentences = [tokenize(sentence, "words") for sentence in split_sentences(text)]
counts = Counter(word for sentence in sentences for word in sentence)
tokens = [word for word, count in counts.most_common() if count >= 5]
id_of = {word: id for id, word in enumerate(tokens, start=1)}
x = keras.utils.pad_sequences([[id_of[word] for word in s if word in id_of] for s in sentences], padding="post")
assert x.max() == len(tokens) == 1221
print(f"{x.shape[0]:,} sentences, at most {x.shape[1]} words in one, {len(tokens):,} words in the vocabulary")
print(*sentences[0])
print(*x[0])

# %% [markdown] lang="zh"
# 这就是整个模型。`Embedding` 查表，编号换成 32 个数；`Dense` 用这 32 个数给词表里的每个词打分。
# `fit(x, x)` 里 `x` 写了两次：题目是这些句子，答案也是这些句子，邻居由损失函数去找。

# %% [markdown] lang="en"
# This is the whole model. `Embedding` looks up 32 numbers for an id; `Dense` makes a score for each word of the
# vocabulary from them. `fit(x, x)` has `x` twice: the sentences are both the input and the answer, and the loss finds
# the neighbours in them.

# %%
keras.utils.set_random_seed(1)
model = keras.Sequential([
    keras.Input((None,), dtype="int32"),  # (B, T)
    keras.layers.Embedding(len(tokens) + 1, 32),  # (B, T) -> (B, T, 32)
    keras.layers.Dense(len(tokens)),  # (B, T, 32) -> (B, T, V)
])
model.summary()
model.compile(keras.optimizers.Adagrad(0.4, initial_accumulator_value=1e-7), loss=neighbour_loss)
before = model.get_weights()  # (V + 1, 32), (32, V), (V,)
untrained_loss = model.evaluate(x, x, verbose=0)
history = model.fit(x, x, batch_size=32, epochs=5, verbose=2).history
after = model.get_weights()

# %% [markdown] lang="zh"
# 没训练过的损失是 ln 1221，约 7.1。五轮以后降到 5.2。近邻呢？先把向量的长度变成 1，点积就是余弦，取最大的五个。

# %% [markdown] lang="en"
# The untrained loss is ln 1221, about 7.1; after five epochs it is 5.2. And the neighbours? Scale the vectors to length
# 1, so that a dot product is a cosine, and take the five greatest.


# %%
def nearest(weights, word):
    vectors = weights[0][1:]  # (V, 32), without row 0, padding
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)  # (V, 32) / (V, 1) -> (V, 32)
    cosines = unit @ unit[tokens.index(word)]  # (V, 32) @ (32,) -> (V,)
    return [tokens[k] for k in np.argsort(-cosines)[1:6]]  # the very nearest is the word itself


def table(**models):
    asked = ["公主", "王妃", "皇帝", "春天", "哥哥"]
    return pd.DataFrame({name: [" ".join(nearest(w, word)) for word in asked] for name, w in models.items()}, asked)


assert np.isclose(untrained_loss, np.log(len(tokens)), atol=0.01)
assert history["loss"][-1] < 5.4
seasons, children = {"夏天", "秋天", "冬天"}, {"弟弟", "妹妹"}
assert not seasons & {*nearest(before, "春天")} and not children & {*nearest(before, "哥哥")}
assert len(seasons & {*nearest(after, "春天")}) >= 2 and children & {*nearest(after, "哥哥")}
table(before=before, after=after)

# %% [markdown] lang="zh"
# ### 故意犯错：照用默认值
# Adagrad 把以往的梯度平方加起来，每一步除以这个和的平方根：少见的词和小，步子就大。这个和要有个起点，Keras 默认是 0.1。
# 听起来很小，可是损失是两千多对邻居的平均，每一对的梯度只有两千分之一左右，平方以后比 0.1 小得多：
# 每一步都被它压住了。只改这一个数，从同样的起点再训练一次。平线是只知道词频的损失：像第三步那样，
# 每个位置都给同样的分数，不看中心词。

# %% [markdown] lang="en"
# ### Mistake on purpose: keeping the default
# Adagrad adds up the squares of the earlier gradients and divides each step by the root of the sum: rare words have a
# small sum, so they take larger steps. The sum must start somewhere, and Keras starts it at 0.1. That sounds small; but
# the loss is a mean over some two thousand pairs, so a pair's gradient is about 1/2000, and its square far below 0.1,
# which holds back every step. Change this one number and train again from the same start. The flat line is the loss of
# the frequencies alone: the same scores at every place, as in step three, without a look at the center word.

# %%
model.set_weights(before)
model.compile(keras.optimizers.Adagrad(0.4, initial_accumulator_value=0.1), loss=neighbour_loss)  # Keras's default
wrong_history = model.fit(x, x, batch_size=32, epochs=5, verbose=0).history
held_back = model.get_weights()

weights = (x > 0) @ window_weights(x.shape[1])  # (N, T) @ (T, T) -> (N, T), each place's weight as a neighbour
share = np.bincount(x.ravel(), weights.ravel())[1:] / weights[x > 0].sum()  # (V,) each word's share of all neighbours
frequencies_alone = -(share * np.log(share)).sum()  # the loss of the scores ln(share)
assert history["loss"][-1] < frequencies_alone < wrong_history["loss"][-1] < wrong_history["loss"][0]
draw_curves(
    {
        "0.1 (default)": wrong_history["loss"],
        "1e-7": history["loss"],
        "frequencies alone": [frequencies_alone] * 5,
    },
    x=range(1, 6),
    title="loss, by initial_accumulator_value",
    x_label="epoch",
)

# %%
assert not seasons & {*nearest(held_back, "春天")} and not children & {*nearest(held_back, "哥哥")}
table(right=after, wrong=held_back)

# %% [markdown] lang="zh"
# 没有一句报错，损失每轮都在降，可是五轮以后还在平线上面：看了中心词，反而不如不看。**损失在降，不等于向量有用。**
#
# ### 和 `train.py` 是什么关系
# 这个损失和 `python train.py --negatives 0` 的是同一个：同样的句子，同样的权重，算出来前六七位数字相同，
# 项目里有测试。它有两件事做不到：它给**词表里的每个词**打分，词表一大，一个小批量的分数就要几百 MB，
# 梯度还要另算；它把**全部文本**放在内存里。`train.py` 只给邻居和几个噪声词打分（第 8 课），文本一块一块地读，
# 所以才长得多。

# %% [markdown] lang="en"
# There is no error message, and the loss falls in every epoch; but after five it is still above the flat line: worse
# than without a look at the center word. **A falling loss does not mean useful vectors.**
#
# ### How it relates to `train.py`
# This is the loss of `python train.py --negatives 0`: for the same sentences and weights, the two numbers agree to six
# or seven digits (a test of the project checks it). Two things it cannot do. It scores **every word of the
# vocabulary**: with a large vocabulary, the scores of one batch take hundreds of MB, and their gradients come on top;
# and it holds **the whole text** in memory. `train.py` scores the neighbours and a few noise words only (lesson 8) and
# reads the text block by block, which is why it is so much longer.

# %%
sizes = {V: 32 * x.shape[1] * V * 4 / 1e6 for V in (len(tokens), 100_000)}  # a score is 4 bytes
assert np.allclose(list(sizes.values()), [3.1, 256], rtol=0.02)
pd.DataFrame({"words in the vocabulary": sizes.keys(), "scores of one batch, MB": sizes.values()}).round(1)

# %% [markdown] lang="zh"
# ### 练习
# 1. 不用独热：一句话的编号 `ids`（从 1 起，没有填充）、位置 `place`（从 0 数）、窗口 `window`、词表大小 `size`，
#    返回第二步那张表的一行，`(size,)`：第 k 个数是编号 k + 1 的词作为邻居的总权重。
# 2. 只用 NumPy：给第二步的表 `neighbours` 和分数 `scores`，都是 `(T, V)`，求损失。

# %% [markdown] lang="en"
# ### Exercises
# 1. Without one-hot rows: given a sentence's `ids` (from 1, no padding), a `place` (counted from 0), the `window` and
#    the `size` of the vocabulary, return that row of step two's table, `(size,)`: number k is the total weight of the
#    word of id k + 1 as a neighbour.
# 2. With NumPy only: given step two's table `neighbours` and the `scores`, both `(T, V)`, return the loss.

# %%
import numpy as np

from embedding_tutorial.lessons.exercises import check, hint


def my_neighbour_row(ids, place, window, size):
    return None


def my_weighted_loss(neighbours, scores):
    return None


check("neighbour_row", my_neighbour_row)
check("weighted_loss", my_weighted_loss)
