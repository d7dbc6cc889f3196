# %% [markdown]
# # 8 亲手算一次预测 · One prediction by hand
#
# > 他们之间的关系,用的是嵌入层学习来的参数进行表征。

# %% [markdown] lang="zh"
# “学习来的”：做什么题学来的？文章没有说；没有题目就没有损失，也就没有梯度。我们的题目叫**负采样**：给出一个**中心词**，
# 猜另一个词是不是它身边真有的。真邻居（**上下文词**）应当得高分，随便抽来的**噪声词**应当得低分。
#
# 分数是两个向量的点积：中心词的向量来自嵌入层，被猜的词的向量来自输出层的另一张表。分数 s 换成概率
# σ(s) = 1 / (1 + e⁻ˢ)；损失是 softplus(−s) 加 softplus(s′)，s 属于上下文词，s′ 属于噪声词，softplus(x) = ln(1 + eˣ)。
# 下面的数是我们编的，小得可以手算。
#
# **先猜后跑**：“公主”和“宫里”的点积是 0，模型认为它们有几成可能是邻居？走一步以后，三个向量里谁挪得最远？

# %% [markdown] lang="en"
# “Learned”: at what task? The article does not say; and without a task there is no loss, and no gradient. Ours is
# called **negative sampling**: given a **center** word, tell whether another word really stands near it. A true
# neighbour (the **context** word) should score high, a **noise** word, drawn at random, low.
#
# A score is the dot product of two vectors: the center's comes from the embedding layer, the other word's from a
# second table, in the output layer. A score s becomes a probability σ(s) = 1 / (1 + e⁻ˢ); the loss is softplus(−s)
# plus softplus(s′), s for the context word and s′ for the noise word, with softplus(x) = ln(1 + eˣ). The numbers are
# ours, small enough for pencil and paper.
#
# **Guess first**: 公主 and 宫里 have dot product 0: how likely does the model hold them to be neighbours? And in one
# step, which of the three vectors moves farthest?

# %%
from embedding_tutorial.quiet import import_keras_quietly

import_keras_quietly()

from itertools import permutations

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.lessons.drawing import draw_curves, draw_matrix, side_by_side
from embedding_tutorial.lessons.exercises import check
from embedding_tutorial.model.sequential import build_model
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.word_vectors import unit_rows

center = np.array([0.5, 1.0])  # 公主, a row of the embedding
context = np.array([1.0, -0.5])  # 宫里, a row of the output table
noise = np.array([-1.0, 2.0])  # 芝麻 (sesame), a row of the output table


def sigmoid(score):
    return 1 / (1 + np.exp(-score))


def softplus(score):
    return np.log1p(np.exp(score))


def loss_of(center, context, noise):
    return softplus(-center @ context) + softplus(center @ noise)


scores = np.array([center @ context, center @ noise])  # (2,)
answers = np.array([1, 0])  # a neighbour, none
probabilities = sigmoid(scores)
losses = softplus(np.array([-1, 1]) * scores)
errors = probabilities - answers

assert scores.tolist() == [0, 1.5]
assert probabilities[0] == 0.5  # score 0: no idea
assert np.isclose(losses[0], np.log(2))
assert np.allclose(losses, -np.log([probabilities[0], 1 - probabilities[1]]))  # = -log(probability of the right answer)
assert np.isclose(losses.sum(), 2.3946, atol=1e-4)
pd.DataFrame(
    {"score": scores, "probability": probabilities, "answer": answers, "loss": losses, "error": errors},
    index=["公主 · 宫里 (context)", "公主 · 芝麻 (noise)"],
).round(4)

# %% [markdown] lang="zh"
# 损失对分数求导，得到的正是最后一列：**误差 = 概率 − 答案**。分数又是点积，所以一个向量的梯度 = 误差 × **另一个**向量。
# “公主”两次都在场，两份相加，在这里也就挪得最远。检验：每个数挪动一点点，看损失变化多少（不用任何公式）。

# %% [markdown] lang="en"
# The derivative of the loss by a score is just the last column: **error = probability − answer**. And as a score is a
# dot product, a vector's gradient is the error × the **other** vector. 公主 takes part twice, so its two shares are
# added, and here it moves farthest. The check: nudge each number a little and watch the loss (which needs no formula).

# %%
vectors = np.array([center, context, noise])  # (3, 2)
gradient = np.array([
    errors[0] * context + errors[1] * noise,  # center
    errors[0] * center,  # context
    errors[1] * center,  # noise
])  # (3, 2)
assert gradient[1].tolist() == [-0.25, -0.5]  # by hand: -0.5 × [0.5, 1]
assert np.linalg.norm(gradient, axis=1).argmax() == 0  # the center moves farthest

nudged = np.zeros((3, 2))
for place in np.ndindex(3, 2):
    nudge = np.zeros((3, 2))
    nudge[place] = 1e-5
    nudged[place] = (loss_of(*(vectors + nudge)) - loss_of(*(vectors - nudge))) / 2e-5
assert np.allclose(gradient, nudged, atol=1e-8)

names = ["公主 (center)", "宫里 (context)", "芝麻 (noise)"]
pd.concat(
    {
        "vector": pd.DataFrame(vectors, index=names),
        "gradient": pd.DataFrame(gradient, index=names),
        "by nudging": pd.DataFrame(nudged, index=names),
    },
    axis=1,
).round(4)

# %% [markdown] lang="zh"
# 现在请真正训练的那个模型来算：本项目的 `build_model`，三个词，窗口 1，一个噪声词；我们把三个向量放进它的两张表，
# 并且让它只抽得到“芝麻”。它的 `compute_loss` 和 TensorFlow 的自动求导应当给出同样的数。
# （模型的分数是点积加一个**偏置**，由词数算出；这里三个词一样多，偏置恰好都是 0。第 11 课再讲它。）

# %% [markdown] lang="en"
# Now the model that really trains: the project's own `build_model`, with three words, a window of 1 and one noise
# word. Our vectors go into its two tables, and it is made to draw nothing but 芝麻. Its `compute_loss` and
# TensorFlow's automatic differentiation should give the same numbers. (The model's score is the dot product plus a
# **bias**, computed from the words' counts; these three words are equally common, which makes it exactly 0. Lesson 11
# explains it.)

# %%
vocabulary = Vocabulary(["公主", "宫里", "芝麻"], [1, 1, 1])  # ids 1, 2, 3
model = build_model(TrainingConfig(model="skipgram", dim=2, window=1, negatives=1), vocabulary)
embedding, output = model.get_layer("embedding"), model.get_layer("output")
zeros = np.zeros(2)
embedding.embeddings.assign([zeros, center, zeros, zeros])  # (4, 2), row 0 is padding
output.table.assign([zeros, zeros, context, noise])  # (4, 2)
assert not keras.ops.convert_to_numpy(output.bias).any()

x = np.array([[1, 2]])  # (1, 2): the sentence 公主 宫里
y = np.array([[0, 2]])  # (1, 2): only 宫里 is to be predicted
drawn = np.array([[3]])  # (1, 1): the noise word is 芝麻
with tf.GradientTape() as tape:
    model_loss = model.compute_loss(x, (y, drawn))
by_keras = [tf.convert_to_tensor(g).numpy() for g in tape.gradient(model_loss, [embedding.embeddings, output.table])]

assert np.isclose(float(model_loss), losses.sum(), atol=1e-5)
assert np.allclose([by_keras[0][1], by_keras[1][2], by_keras[1][3]], gradient, atol=1e-5)
assert not by_keras[0][[0, 2, 3]].any() and not by_keras[1][:2].any()  # all other rows: 0
pd.DataFrame(
    {
        "by hand": [losses.sum(), *gradient.ravel()],
        "Keras": [float(model_loss), *by_keras[0][1], *by_keras[1][2:].ravel()],
    },
    index=["loss", *(f"{name}, {axis}" for name in names for axis in (1, 2))],
).round(4)

# %% [markdown] lang="zh"
# 梯度指着损失变大的方向，所以**逆着**它走一小步：新向量 = 旧向量 − 学习率 × 梯度。这就是一步梯度下降。
# 走完再算：和“宫里”的分数升了，和“芝麻”的分数降了，损失变小。同一步也让 Keras 的 `SGD` 走一遍。

# %% [markdown] lang="en"
# A gradient points to where the loss grows, so take a small step **against** it: new vector = old vector − learning
# rate × gradient. That is one step of gradient descent. Afterwards the score with 宫里 is higher, the score with 芝麻
# lower, and the loss smaller. Keras's `SGD` takes the same step.

# %%
learning_rate = 0.1
stepped = vectors - learning_rate * gradient  # (3, 2)

model.compile(keras.optimizers.SGD(learning_rate))
model.train_on_batch(x, (y, drawn))
in_keras = [keras.ops.convert_to_numpy(embedding.embeddings)[1], *keras.ops.convert_to_numpy(output.table)[2:]]

steps = pd.DataFrame(
    {
        "score 公主 · 宫里": [center @ context, stepped[0] @ stepped[1]],
        "score 公主 · 芝麻": [center @ noise, stepped[0] @ stepped[2]],
        "loss": [loss_of(*vectors), loss_of(*stepped)],
    },
    index=["before", "after one step"],
)
assert np.allclose(stepped, in_keras, atol=1e-5)
assert np.allclose(stepped[1], [1.025, -0.45])  # by hand: [1, -0.5] + 0.1 × [0.25, 0.5]
assert steps["score 公主 · 宫里"].is_monotonic_increasing and steps["score 公主 · 芝麻"].is_monotonic_decreasing
assert loss_of(*stepped) < 2 < loss_of(*vectors)
steps.round(4)

# %%
side_by_side(
    draw_matrix(vectors, rows=["公主", "宫里", "芝麻"], title="before", digits=3),
    draw_matrix(-learning_rate * gradient, title="− 0.1 × gradient", digits=3),
    draw_matrix(stepped, title="after", digits=3),
    between="",
)

# %% [markdown] lang="zh"
# ### 故意犯错：只有正例
# 噪声词看着像捣乱，不要它行不行？四个小句子，同句的词互为邻居，同样的起点，走 80 步：
# 一次只用真邻居；一次给每对真邻居再配一个噪声词（不抽签，按抽中的概率加权）。
#
# 只有正例时，最省事的办法是让**所有**分数都变大：全体向量挤到一个方向，余弦都走向 1，“公主”和“芝麻”也成了知己。
# 损失却几乎是 0，比另一个漂亮得多：题目太容易，什么也没学到。有了噪声词，“公主”和“芝麻”分开了，
# “公主”和“王妃”从未同句，却因为邻居相同而走到一起。

# %% [markdown] lang="en"
# ### Mistake on purpose: positives only
# Noise words look like mischief; can we do without? Four little sentences, the words of a sentence are each other's
# neighbours, the same start, 80 steps: once with true neighbours alone, once with a noise word for each of them (not
# drawn, but weighted by the chance to be drawn).
#
# With positives only, the cheapest way is to make **all** scores large: all vectors crowd into one direction, all
# cosines go towards 1, and 公主 and 芝麻 are soul mates. Yet the loss is almost 0, far prettier than the other one:
# the task was so easy that nothing was learned. With noise words 公主 and 芝麻 part, while 公主 and 王妃, never in one
# sentence, come together because their neighbours are the same.

# %%
sentences = [
    line.split() for line in ("公主 住 在 宫里 。", "王妃 住 在 宫里 。", "芝麻 撒 在 饼上 。", "白糖 撒 在 饼上 。")
]
small = Vocabulary.count(sentences)
row_of = {token: row for row, token in enumerate(small.tokens)}
V, D, STEPS = len(small), 3, 80
pairs = np.zeros((V, V))  # how often each word stands in a sentence with each other
for sentence in sentences:
    for one, other in permutations(sentence, 2):
        pairs[row_of[one], row_of[other]] += 1
noise_share = small.counts**0.75 / (small.counts**0.75).sum()  # (V,) as the model draws it
noise_pairs = pairs.sum(axis=1, keepdims=True) * noise_share  # (V, 1) * (V,) -> (V, V): one for each true pair


def cosines_of(table):
    return unit_rows(table) @ unit_rows(table).T  # (V, D) @ (D, V) -> (V, V)


def train(centers, contexts, noise_pairs):
    """Some steps of gradient descent on all pairs at once; returns both tables, the loss and the mean cosine a step."""
    others = ~np.eye(V, dtype=bool)
    mean_cosines = [cosines_of(centers)[others].mean()]
    for _ in range(STEPS):
        scores = centers @ contexts.T  # (V, D) @ (D, V) -> (V, V)
        errors = pairs * (sigmoid(scores) - 1) + noise_pairs * sigmoid(scores)  # (V, V)
        centers, contexts = centers - 0.1 * errors @ contexts, contexts - 0.1 * errors.T @ centers
        mean_cosines.append(cosines_of(centers)[others].mean())
    scores = centers @ contexts.T
    loss = (pairs * softplus(-scores) + noise_pairs * softplus(scores)).sum() / pairs.sum()
    return centers, contexts, loss, mean_cosines


draw = np.random.default_rng(8)
start = 0.01 * draw.normal(size=(2, V, D))  # both tables
alike, _, alike_loss, alike_means = train(*start, np.zeros((V, V)))
centers, contexts, loss, means = train(*start, noise_pairs)


def summary(table, loss):
    cosines = cosines_of(table)  # (V, V)
    princess = cosines[row_of["公主"]]  # (V,)
    return [princess[row_of["王妃"]], princess[row_of["芝麻"]], cosines.min(), loss]


compared = pd.DataFrame(
    {"positives only": summary(alike, alike_loss), "with noise": summary(centers, loss)},
    index=["公主–王妃", "公主–芝麻", "smallest cosine of all", "loss of a pair"],
)
assert compared.loc["smallest cosine of all", "positives only"] > 0.95  # everything is like everything
assert alike_loss < 0.01 < 1 < loss  # and looks better
assert compared.loc["公主–王妃", "with noise"] > 0.95 and compared.loc["公主–芝麻", "with noise"] < 0.3
compared.round(3)

# %%
draw_curves(
    {"positives only": alike_means, "with noise": means},
    x=range(STEPS + 1),
    title="mean cosine of two different words",
    x_label="step",
)

# %% [markdown] lang="zh"
# ### 学来的轴没有名字
# > 我们把皇帝叫做特征(1),宫里叫做特征(2),女叫做特征(3)
#
# 文章的三列有名字，因为是人起的。学来的列有没有？看损失：它只见过两张表的**点积**。把两张表一起转一个角度
# （乘同一个正交矩阵 R），每个分数都不变，余弦也不变，而每一列的数全变了。从转过的起点重新训练，得到的正是转过的结果。
# 梯度下降分不出这些轴，所以“第 1 列是皇帝”无从说起；两次不同种子的训练，也不能一列一列地比。
# 转不走的是长度、距离和夹角，要看就看它们。

# %% [markdown] lang="en"
# ### Learned axes have no names
# > 我们把皇帝叫做特征(1),宫里叫做特征(2),女叫做特征(3)
#
# The article's three columns have names because a person named them. Do learned ones? Look at the loss: all it ever
# sees is **products** of the two tables. Rotate both (by the same orthogonal matrix R), and every score stays, and
# every cosine, while the numbers in every column change. Train again from the rotated start, and out comes the rotated
# result. Gradient descent cannot tell these axes apart, so nothing makes column 1 皇帝, and the columns of two seeds
# cannot be compared one by one. What no rotation changes are lengths, distances and angles: read those.

# %%
R, _ = np.linalg.qr(draw.normal(size=(D, D)))  # (3, 3)
assert np.allclose(R @ R.T, np.eye(D))
turned_centers, turned_contexts = centers @ R, contexts @ R  # (V, D) @ (D, D) -> (V, D)

assert np.allclose(turned_centers @ turned_contexts.T, centers @ contexts.T)  # every score
assert np.allclose(cosines_of(turned_centers), cosines_of(centers))  # every cosine
assert np.abs(turned_centers - centers).max(axis=0).min() > 0.5  # in every column, numbers changed much
retrained, _, retrained_loss, _ = train(*(start @ R), noise_pairs)
assert np.allclose(retrained, turned_centers, atol=1e-6) and np.isclose(retrained_loss, loss)

princess = row_of["公主"]
pd.DataFrame(
    [
        [*table[princess], *(table @ other.T)[princess, [row_of["宫里"], row_of["饼上"]]]]
        for table, other in ((centers, contexts), (turned_centers, turned_contexts))
    ],
    index=["公主", "公主, turned"],
    columns=["axis 1", "axis 2", "axis 3", "score 宫里", "score 饼上"],
).round(3)

# %%
side_by_side(
    draw_matrix(centers, rows=small.tokens, title="learned"),
    draw_matrix(turned_centers, title="turned"),
    between="@ R",
)

# %% [markdown] lang="zh"
# ### 练习
# 三个向量：中心词、上下文词、噪声词，都是 `(D,)`。
# 1. 写出这一次预测的损失。
# 2. 写出损失对**中心词**的梯度，`(D,)`。
# 3. 走一步梯度下降，按中心词、上下文词、噪声词的次序返回三个新向量，`(3, D)`。
#    （当心：三个梯度都要用**旧**向量算。）

# %% [markdown] lang="en"
# ### Exercises
# Three vectors: center, context, noise, each `(D,)`.
# 1. The loss of this one prediction.
# 2. The gradient of the loss by the **center**, `(D,)`.
# 3. Take one step of gradient descent and return the new center, context and noise in this order, `(3, D)`. (Beware:
#    all three gradients are made of the **old** vectors.)


# %%
def my_prediction_loss(center, context, noise):
    return None


def my_center_gradient(center, context, noise):
    return None


def my_descent_step(center, context, noise, learning_rate):
    return None


check("prediction_loss", my_prediction_loss)
check("center_gradient", my_center_gradient)
check("descent_step", my_descent_step)
