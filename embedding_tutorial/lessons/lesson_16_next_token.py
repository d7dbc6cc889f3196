# %% [markdown]
# # 16 下一个词元 · The next token
#
# > 实际上还蕴含了大量的字与字之间,词与词之间甚至句子与句子之间的内在关系

# %% [markdown] lang="zh"
# 前面的模型问：一个字**周围**有谁？这一课换一个问法：读到这里，**下一个**是谁？会答这道题，就能一个字一个字地写下去，
# 聊天机器人也是这样写的。向量跟着题目走，题目换了，向量也就换了。
#
# 题目不用人出，文本自己就是。把一句话的编号往后挪一位：左边是题目，右边是答案。0 不是词元，正好拿来当开头和结尾。
#
# **先猜后跑**：词表有 1,142 个字，加上“到此为止”，瞎猜就是 1,143 选一。训练以后，没见过的句子猜起来像几选一？
# 还有：要是忘了挪这一位，损失会变大还是变小？向量呢？

# %% [markdown] lang="en"
# The earlier models ask: who is **around** a character? This lesson asks another question: having read this far, who is
# **next**? A model that can answer writes on, character by character; chatbots write in this way. Vectors follow the
# task: another task gives other vectors.
#
# Nobody has to write the questions: the text has them. Shift a sentence's ids by one place, and the question is on the
# left, its answer on the right. 0 is no token, so it can mark the beginning and the end.
#
# **Guess first**: the vocabulary has 1,142 characters, and with "the end" a blind guess is one of 1,143. After
# training, the next token of a sentence that it has never seen is as hard as a choice among how many? And if we forget
# to shift, does the loss rise or fall? And the vectors?

# %%
from embedding_tutorial.quiet import import_keras_quietly

import_keras_quietly()

from itertools import pairwise, takewhile

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import ops

from embedding_tutorial.config import InputError, TrainingConfig
from embedding_tutorial.lessons.drawing import draw_curves
from embedding_tutorial.model.contract import check_layers
from embedding_tutorial.model.layers import Shift
from embedding_tutorial.model.training import train, vectors_of
from embedding_tutorial.text.encoded_corpus import encode_corpus
from embedding_tutorial.text.ngrams import NgramModel, perplexity
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.evaluation import category_agreement
from embedding_tutorial.vectors.groups import read_categories

sentence = "王妃很漂亮。"
ids = Vocabulary.count([sentence]).encode(sentence)
inputs, targets = [0, *ids], [*ids, 0]  # the same row, shifted by one
assert inputs == [0, 1, 2, 3, 4, 5, 6] and targets == [1, 2, 3, 4, 5, 6, 0]
pd.DataFrame({
    "input": inputs,
    "has read": ["▷" + sentence[:place] for place in range(len(inputs))],  # ▷ beginning, ■ end
    "target": targets,
    "predicts": [*sentence, "■"],
})

# %% [markdown] lang="zh"
# 一句话六个字，出了七道题：最后一题的答案是“到此为止”。每一行只看得见左边读过的，看不见右边要猜的。
#
# 模型三层，都是 Keras 自带的。`Embedding` 查表。`GRU` 从左往右读，每读一个字，就更新自己的记忆（64 个数），
# 所以每个位置的记忆里只有读过的字。`Dense` 根据记忆给每个字打分，也给“到此为止”打分。损失和第 15 课一样，
# 是 −ln 概率，Keras 也自带。短句后面没有题，答案写 −1，损失会跳过。

# %% [markdown] lang="en"
# A sentence of six characters makes seven questions: the answer to the last is "the end". Each row sees what was read,
# on the left, and not what is to be guessed, on the right.
#
# The model has three layers, all of them stock Keras. `Embedding` looks up. `GRU` reads from left to right and updates
# a memory of 64 numbers with each character, so the memory at a place holds only what was read. `Dense` makes a score
# of it for each character and for the end. The loss is −ln of a probability, as in lesson 15; Keras has it. After the
# end of a short sentence there is no question: the answer is −1, which the loss skips.

# %%
SEED = 1
config = TrainingConfig(seed=SEED)  # palace.txt, characters
corpus = encode_corpus(config)
vocabulary, V = corpus.vocabulary, len(corpus.vocabulary)
training, held_out = (part.blocks()[0]() for part in corpus.split(0.05, SEED))  # ids and lengths of the sentences


def shifted(ids, lengths):
    sentences = np.split(ids, np.cumsum(lengths)[:-1])
    inputs = keras.utils.pad_sequences([[0, *s] for s in sentences], padding="post")
    return inputs, keras.utils.pad_sequences([[*s, 0] for s in sentences], padding="post", value=-1)


def build():
    keras.utils.set_random_seed(SEED)
    model = keras.Sequential([
        keras.Input((None,), dtype="int32"),  # (B, T)
        keras.layers.Embedding(V + 1, 32, name="embedding"),  # (B, T) -> (B, T, 32)
        keras.layers.GRU(64, return_sequences=True),  # (B, T, 32) -> (B, T, 64), a memory for each place
        keras.layers.Dense(V + 1),  # (B, T, 64) -> (B, T, V + 1)
    ])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    model.compile(keras.optimizers.Adam(0.01), loss, jit_compile=True)  # compiled once, a step takes half the time
    return model


x, y = shifted(*training)  # (N, T) each
held_x, held_y = shifted(*held_out)
model = build()
log_p = ops.convert_to_numpy(ops.log_softmax(model(held_x)))  # (N, T, V + 1)
log_p = np.take_along_axis(log_p, np.maximum(held_y, 0)[..., None], axis=-1)[held_y >= 0]  # of the right answers
untrained = model.evaluate(held_x, held_y, batch_size=len(held_x), verbose=0)
assert np.isclose(untrained, -log_p.mean(), rtol=1e-4)
assert np.isclose(np.exp(untrained), V + 1, rtol=0.02) and V + 1 == 1143
print(f"loss {untrained:.2f}, perplexity exp({untrained:.2f}) = {np.exp(untrained):,.0f}")

# %% [markdown] lang="zh"
# 损失不好懂，取 exp 就好懂了：这叫**困惑度**。困惑度是 N，意思是：猜下一个字，和在 N 个同样可能的字里选一个一样难。
# 没训练过的模型是 1,143 选一，等于瞎猜。
#
# 现在训练 20 轮，在第 1、5、20 轮停下来，把权重留着。旁边放两个只会数数的模型：一个只数每个字出现几次；
# 另一个看前面两个字，数后面跟过什么（三元模型）。

# %% [markdown] lang="en"
# A loss is hard to grasp; its exp is not, and is called **perplexity**. A perplexity of N means: the next character is
# as hard to guess as one of N equally likely ones. Untrained, it is one of 1,143: a blind guess.
#
# Now train 20 epochs, stop after 1, 5 and 20 and keep the weights. Beside it stand two models that only count: one
# counts how often each character occurs; the other looks at the two characters before and counts what has followed
# them (a 3-gram model).

# %%
STOPS, BATCH = (1, 5, 20), 29  # 3,886 sentences are 134 full batches: one shape, compiled once
assert len(x) == 134 * BATCH


def batches(x, y):
    """What ``fit(x, y)`` makes of them, without the tuning of threads that keeps each epoch waiting for a second."""
    options = tf.data.Options()
    options.autotune.enabled = False
    data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(len(x), seed=SEED).batch(BATCH)
    return data.prefetch(8).with_options(options)


weights, histories = {}, []
for start, stop in pairwise([0, *STOPS]):
    fitted = model.fit(
        batches(x, y),
        shuffle=False,  # it is done above
        initial_epoch=start,
        epochs=stop,
        validation_data=(held_x, held_y),
        validation_batch_size=len(held_x),
        verbose=0,
    )
    weights[stop] = model.get_weights()
    histories.append(pd.DataFrame(fitted.history))
history = pd.concat(histories, ignore_index=True)
history.index += 1  # the epoch

counted = {
    name: perplexity(NgramModel.fit([training], V, order).log_probabilities(*held_out))
    for name, order in (("each character's frequency", 1), ("3-gram", 3))
}
hard = {"blind guess": V + 1.0, **counted}
hard |= {f"GRU, epoch {epoch}": np.exp(history["val_loss"][epoch]) for epoch in STOPS}
assert hard["GRU, epoch 1"] < 0.6 * hard["each character's frequency"]
assert hard["GRU, epoch 5"] < 1.1 * hard["3-gram"]
assert hard["GRU, epoch 20"] > 1.3 * hard["GRU, epoch 5"]
pd.DataFrame({"loss": np.log([*hard.values()]), "perplexity": hard.values()}, hard).round(2)

# %%
draw_curves(
    {"loss": [*history["loss"]], "val_loss": [*history["val_loss"]], "3-gram": [np.log(counted["3-gram"])] * 20},
    x=[*history.index],
    title="loss, val_loss",
    x_label="epoch",
)

# %% [markdown] lang="zh"
# 五轮以后是五六十选一，和数数的三元模型不相上下：文本这么小，数数就很厉害。再往后就是**过拟合**（第 11 课）：
# 训练的句子越猜越准，没见过的句子越猜越糟。

# %% [markdown] lang="en"
# After five epochs it is one of fifty or sixty, about as good as the 3-gram model: on so small a text, counting is hard
# to beat. What follows is **overfitting** (lesson 11): the training sentences are guessed better and better, those
# never seen worse and worse.

# %% [markdown] lang="zh"
# ### 故意犯错：忘了挪一位
# 答案忘了挪，和题目一样：读到“王”，就猜“王”。别的一概不变，只训练两轮。

# %% [markdown] lang="en"
# ### Mistake on purpose: forgetting the shift
# The answers are not shifted and equal the questions: having read 王, guess 王. Nothing else changes; train two epochs.

# %%
categories = read_categories()
leak = build()
leak.fit(batches(x, np.where(y >= 0, x, -1)), shuffle=False, epochs=2, verbose=0)
leak_loss = leak.evaluate(held_x, np.where(held_y >= 0, held_x, -1), batch_size=len(held_x), verbose=0)

model.set_weights(weights[5])
vectors = {
    "skip-gram": train(config, corpus).vectors,
    "next token, 5 epochs": vectors_of(model, vocabulary),
    "not shifted": vectors_of(leak, vocabulary),
}
agreement = {name: category_agreement(each, categories, "characters") for name, each in vectors.items()}
value, chance = {name: each.value for name, each in agreement.items()}, agreement["skip-gram"].chance
assert np.exp(leak_loss) < 1.2
assert value["skip-gram"] > value["next token, 5 epochs"] > 6 * chance
assert value["not shifted"] < 2.5 * chance and value["not shifted"] < value["next token, 5 epochs"] / 3
results = pd.DataFrame({"perplexity": [np.nan, hard["GRU, epoch 5"], np.exp(leak_loss)]}, vectors)
results["groups"], results["chance"] = value, chance
results.round(3)

# %% [markdown] lang="zh"
# 困惑度几乎是 1：没见过的句子，它也“全对”。要是只看损失，这是世上最好的模型。可是答案就写在题目里，它只学会了照抄；
# 照抄只要认得出每个字，用不着知道谁和谁相近，所以同组率（第 11 课）接近随机水平。**损失好得不像真的，
# 先查答案有没有漏进题目。**
#
# 跳元模型没有困惑度，它做的是另一道题。三行里它的同组率最高：要找意思相近的字，还是用它。
#
# 项目的 `train()` 不让人犯这个错：自己加的层，先换掉一个词元试一试，看它自己那一格会不会变。

# %% [markdown] lang="en"
# A perplexity of almost 1: even sentences never seen are "all right". By its loss, this is the best model in the world.
# But the answer is in the question, and it has only learned to copy. To copy, it must tell characters apart, and need
# not know which are alike: so the share of neighbours in the same group (lesson 11) is near chance. **If a loss is
# too good to be true, see whether the answer leaks into the question.**
#
# Skip-gram has no perplexity, since its task is another. Its groups are the best of the three: to find characters of
# similar meaning, use it.
#
# The project's `train()` does not allow this mistake: it tries a layer of your own by changing one token, and looks
# whether that token's own place changes.

# %%
try:
    check_layers([keras.layers.GRU(32, return_sequences=True, name="my_gru")], 32, causal=True)
    refused = ""
except InputError as error:
    refused = str(error)
check_layers([Shift(), keras.layers.GRU(32, return_sequences=True)], 32, causal=True)  # shifted: not refused
assert "sees the token that it is to predict" in refused and "put Shift() before it" in refused
print(refused)

# %% [markdown] lang="zh"
# ### 它写了什么
# 读，打分，抽一个字，接在后面，再读。分数先除以**温度**，再用 softmax 变成概率：温度低，总写最稳妥的字；温度高，
# 什么字都敢写。抽到 0，这一句就完了。

# %% [markdown] lang="en"
# ### What it writes
# Read, score, draw a character, append it, read again. Divide the scores by a **temperature**, then softmax makes
# probabilities: at a low one it writes the safest characters, at a high one almost anything. Drawing 0 ends a sentence.


# %%
def write(model, begin="", lines=1, temperature=0.7):
    draw = np.random.default_rng(1)
    rows = np.tile([0, *vocabulary.encode(begin)], (lines, 1))  # (lines, T)
    for _ in range(25):
        scores = model(rows)[:, -1]  # (lines, V + 1), after the last character
        p = ops.convert_to_numpy(ops.softmax(scores / temperature))
        rows = np.column_stack([rows, [draw.choice(V + 1, p=each) for each in p]])  # (lines, T + 1)
    return ["".join(vocabulary.decode(takewhile(bool, row[1:]))) for row in rows]


text = "\n".join("".join(vocabulary.decode(row[row > 0])) for row in x)  # the training sentences
written = {}
for epoch in STOPS:
    model.set_weights(weights[epoch])
    written[epoch] = write(model, lines=200)
    print(f"epoch {epoch}", *written[epoch][:5], sep="\n    ")
(copied,) = write(leak, "公主")
print("not shifted", copied, sep="\n    ")
assert copied == "公" + 26 * "主"


def closed(sentences):
    """The share of the sentences that open a quotation and close it, too."""
    return np.mean(["”" in s for s in sentences if "“" in s])


marks = pd.DataFrame(
    {
        "ends with 。？！”": [np.mean([s[-1:] in "。？！”" for s in sentences]) for sentences in written.values()],
        "“ is closed by ”": [closed(sentences) for sentences in written.values()],
    },
    index=pd.Index(STOPS, name="epoch"),
)
assert marks.iloc[:, 0].min() > 0.8
assert marks.iloc[0, 1] < 0.4 and marks.iloc[1:, 1].min() > 0.5
marks.round(2)

# %% [markdown] lang="zh"
# 一轮以后，只学会了哪些字常见，句号写在最后。五轮以后有了词，也有了句子的样子，前引号大多有后引号来配：
# 隔着好几个字，它还记得引号没有关。二十轮以后，写的也还是东拉西扯：记忆只有 64 个数，书只读过四千句。
# 没有挪位的那个，只会把最后一个字抄到底。
#
# 写得顺，是学会了，还是背下来了？看它写的每五个字，有几成在训练的句子里原样出现过；最长照抄了几个字。

# %% [markdown] lang="en"
# After one epoch it knows which characters are common and that a full stop comes last. After five there are words and
# the shape of sentences, and most quotation marks that open are closed: several characters later it remembers that one
# is open. After twenty it still rambles: its memory is 64 numbers, and it has read four thousand sentences. The one
# that was not shifted copies its last character to the end.
#
# Is fluent writing learned, or learned by heart? See how many of its stretches of five characters stand in the training
# sentences word for word, and how long the longest copied stretch is.


# %%
def stretches(sentences, length):
    return [s[k : k + length] for s in sentences for k in range(len(s) - length + 1)]


def longest_copied(sentences):
    lengths = range(25, 0, -1)
    return next(stretch for length in lengths for stretch in stretches(sentences, length) if stretch in text)


copies = pd.DataFrame(
    {
        "val_loss": history["val_loss"][[*STOPS]],
        "five in the text": [np.mean([s in text for s in stretches(written[e], 5)]) for e in STOPS],
        "longest copied": [longest_copied(written[e]) for e in STOPS],
        "whole sentences of 200": [sum(len(s) > 4 and s in text for s in written[e]) for e in STOPS],
    },
    index=pd.Index(STOPS, name="epoch"),
)
assert copies["five in the text"][1] < 0.01 < copies["five in the text"][20] < 0.1
assert copies["whole sentences of 200"].max() < 3
assert len(copies["longest copied"][20]) >= 6
copies.round(3)

# %% [markdown] lang="zh"
# 整句照抄的，我们一句也没遇到，最长的也就抄了几个字。五个字的小段，一轮以后几乎没有照抄的，
# 二十轮以后一百段里有三段左右。所以它多半是在拼，不是在背整句；过拟合先出现在留出集的损失里，光看写的东西看不出来。
#
# ### 两种向量
# 跳元模型的向量说的是**周围有谁**，左右不分；这里的向量说的是**后面会来谁**，方向要紧。
# “皇”和“帝”总在一起，跳元模型就把它们放在一起。这里不同：“皇”后面来的是“帝”，“帝”后面来的却是别的字，
# 两个向量不必相近。那么谁和“春”相近？后面也常跟着“天”的：夏、秋、冬。

# %% [markdown] lang="en"
# In our runs no sentence was copied as a whole, and the longest copied stretch has a few characters. Of stretches of
# five, hardly one is copied after one epoch, and some three in a hundred after twenty. So it mostly puts pieces
# together and does not recite; overfitting shows in the held-out loss first, and reading what it writes does not tell.
#
# ### Two kinds of vectors
# A vector of skip-gram says **who is around**, left and right alike; a vector here says **who may follow**, and
# direction matters. 帝 often follows 皇: they are always together, so skip-gram puts them together. Here 皇 is followed
# by 帝, and 帝 by something else, so their vectors need not be similar. And who is near 春? Those that 天 often
# follows, too: 夏, 秋, 冬.

# %%
two = [*vectors][:2]  # skip-gram; next token, 5 epochs
nearest = {name: {c: [t for t, _ in vectors[name].most_similar(c, topn=8)] for c in "王妃皇春红"} for name in two}
assert nearest[two[0]]["皇"][0] == "帝" and "帝" not in nearest[two[1]]["皇"]
assert all({*"夏秋冬"} <= {*nearest[name]["春"]} for name in two)
assert "天" in nearest[two[0]]["春"] and "天" not in nearest[two[1]]["春"]
pd.DataFrame(nearest).map(" ".join)

# %% [markdown] lang="zh"
# 一张近邻表里运气不少（第 11 课），所以再把常见的**搭档**都数一遍：“帝”是“皇”的搭档，因为“皇”后面十次有三次以上是它。
# 搭档在前一个字的近邻里排第几？（取中位数。）再看每个字的十个近邻：它们**后面**跟的字，和这个字后面跟的有多像？
# **前面**来的字呢？（用第 7 课的 PPMI，比余弦。）

# %% [markdown] lang="en"
# A list of neighbours is partly luck (lesson 11), so count over all frequent **partners**: 帝 is the partner of 皇,
# since 皇 is followed by it more than three times in ten. What is the partner's rank among the neighbours of the first
# (the median)? And take the ten neighbours of each character: how similar is what **follows** them to what follows it,
# and what **precedes** them to what precedes it (cosines of lesson 7's PPMI)?

# %%
follows = np.zeros((V, V))  # row: a character, column: the next one
here = (x > 0) & (y > 0)
np.add.at(follows, (x[here] - 1, y[here] - 1), 1)
expected = follows.sum(axis=1, keepdims=True) * follows.sum(axis=0) / follows.sum()
ppmi = np.log(np.maximum(follows / np.maximum(expected, 1e-9), 1))  # (V, V), as in lesson 7


def cosines(matrix):
    unit = matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)
    return unit @ unit.T  # (V, D) @ (D, V) -> (V, V)


often = follows.sum(axis=1) >= 20
partners = np.argwhere((follows >= 15) & (follows > 0.3 * follows.sum(axis=1, keepdims=True)))
partners = [(first, second) for first, second in partners if first != second]
alike = {"what follows": cosines(ppmi), "what precedes": cosines(ppmi.T)}
table = {}
for name in two:
    near = cosines(vectors[name].matrix)
    np.fill_diagonal(near, -1)
    ten = np.argsort(-near)[:, :10]  # (V, 10)
    table[name] = {"rank of the partner": np.median([1 + (near[a] > near[a, b]).sum() for a, b in partners])}
    table[name] |= {side: np.take_along_axis(each, ten, axis=1)[often].mean() for side, each in alike.items()}
table = pd.DataFrame(table).T
assert table["rank of the partner"].iloc[0] < 100 and table["rank of the partner"].iloc[1] > 300
assert table["what follows"].iloc[1] > 1.3 * table["what precedes"].iloc[1]
assert 0.85 < table["what follows"].iloc[0] / table["what precedes"].iloc[0] < 1.15
table.round(3)

# %% [markdown] lang="zh"
# 跳元模型：搭档排在前面，左右一样像。下一个词元：搭档远远的，近邻像在**后面**，不像在前面。两张图都没有错，
# 只是答的题不同；题目里要用到的，向量才会学。
#
# 同样的模型，项目里一条命令就能训练，再一条就能写：`python train.py --model gru`，
# `python -m embedding_tutorial write 公主 --run runs/palace-characters-gru`。
#
# ### 练习
# 1. 给一句话的编号 `ids`，返回挪好的两行 `(inputs, targets)`，都是列表，长度都是 `length`：
#    `inputs` 以 0 开头，用 0 补齐；`targets` 以 0 结尾，用 −1 补齐。
# 2. 给分数 `scores`，`(V,)`，和温度 `temperature`，返回抽每个词元的概率，`(V,)`。想一想：温度接近 0，会怎么写？

# %% [markdown] lang="en"
# Skip-gram: partners are near, and left and right are equally alike. Next token: partners are far away, and neighbours
# are alike in what **follows**, not in what precedes. Neither map is wrong; they answer different questions, and
# vectors learn only what the question needs.
#
# One command of the project trains the same model, and another one writes: `python train.py --model gru` and
# `python -m embedding_tutorial write 公主 --run runs/palace-characters-gru`.
#
# ### Exercises
# 1. Given a sentence's `ids`, return the two shifted rows `(inputs, targets)`, lists of `length` numbers: `inputs`
#    begins with 0 and is padded with 0; `targets` ends with 0 and is padded with −1.
# 2. Given `scores`, `(V,)`, and a `temperature`, return the probability of drawing each token, `(V,)`. Think: what is
#    written at a temperature near 0?

# %%
import numpy as np

from embedding_tutorial.lessons.exercises import check, hint


def my_shifted_rows(ids, length):
    return None


def my_with_temperature(scores, temperature):
    return None


check("shifted_rows", my_shifted_rows)
check("with_temperature", my_with_temperature)
