# %% [markdown]
# # 8 亲手算一次预测 · One prediction by hand
#
# > 他们之间的关系,用的是嵌入层学习来的参数进行表征。

# %% [markdown] lang="zh"
# “学习来的”：做什么任务学来的？文章没有说；没有任务就没有损失，也就没有梯度。我们的任务叫**负采样**：
# 给出一个**中心词**，判断另一个词是不是真的在它身边。真邻居（**上下文词**）应当得高分，随机抽来的**噪声词**应当得低分。
#
# 分数是两个向量的点积：中心词的向量来自嵌入层，另一个词的向量来自输出层的表。分数 s 换成概率 σ(s) = 1 / (1 + e⁻ˢ)；
# 损失是 softplus(−s) + softplus(s′)，s 属于上下文词，s′ 属于噪声词，softplus(x) = ln(1 + eˣ)。下面的数是我们编的，
# 可以手算。
#
# **先猜后跑**：“公主”和“宫里”的点积是 0，模型认为它们是邻居的概率有多大？走一步以后，三个向量里哪个变得最多？

# %% [markdown] lang="en"
# “Learned” (学习来的): at what task? The article does not say; without a task there is no loss and no gradient. Our
# task is called **negative sampling**: given a **center** word, decide whether another word really occurs near it. A
# true neighbour (the **context** word) should score high, a **noise** word, drawn at random, low.
#
# A score is the dot product of two vectors: the center's comes from the embedding layer, the other word's from a table
# in the output layer. A score s becomes a probability σ(s) = 1 / (1 + e⁻ˢ); the loss is softplus(−s) + softplus(s′), s
# for the context word, s′ for the noise word, with softplus(x) = ln(1 + eˣ). The numbers are ours, small enough to
# calculate by hand.
#
# **Guess first**: 公主 and 宫里 have dot product 0: how probable is it, for the model, that they are neighbours? And
# which of the three vectors changes most in one step?

# %%
from embedding_tutorial.quiet import import_keras_quietly

import_keras_quietly()

from itertools import permutations

import keras
import numpy as np
import pandas as pd
import tensorflow as tf

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.lessons.all_pairs import cosines_of, descend, sigmoid, softplus
from embedding_tutorial.lessons.drawing import draw_curves, draw_matrix, side_by_side
from embedding_tutorial.model.sequential import build_model
from embedding_tutorial.text.vocabulary import Vocabulary

center = np.array([0.5, 1.0])  # 公主, a row of the embedding
context = np.array([1.0, -0.5])  # 宫里, a row of the output table
noise = np.array([-1.0, 2.0])  # 芝麻 (sesame), a row of the output table


def loss_of(center, context, noise):
    return softplus(-center @ context) + softplus(center @ noise)


scores = np.array([center @ context, center @ noise])  # (2,)
answers = np.array([1, 0])  # a neighbour, not a neighbour
probabilities = sigmoid(scores)
losses = softplus(np.array([-1, 1]) * scores)
errors = probabilities - answers

assert scores.tolist() == [0, 1.5]
assert probabilities[0] == 0.5  # score 0: undecided
assert np.isclose(losses[0], np.log(2))
assert np.allclose(losses, -np.log([probabilities[0], 1 - probabilities[1]]))  # = -log(probability of the right answer)
assert np.isclose(losses.sum(), 2.3946, atol=1e-4)
pd.DataFrame(
    {"score": scores, "probability": probabilities, "answer": answers, "loss": losses, "error": errors},
    index=["公主 · 宫里 (context)", "公主 · 芝麻 (noise)"],
).round(4)

# %% [markdown] lang="zh"
# 损失对分数的导数，正是最后一列：**误差 = 概率 − 答案**。分数又是点积，
# 所以一个向量的梯度 = 误差 × **另一个**向量。“公主”参与了两个分数，两份梯度相加，所以在这里变得最多。检验：
# 每个数改变一点点，看损失变化多少（不用任何公式）。

# %% [markdown] lang="en"
# The derivative of the loss with respect to a score is the last column: **error = probability − answer**. A score is a
# dot product, so a vector's gradient is the error × the **other** vector. 公主 takes part in both scores, so its two
# gradients are added, and here it changes most. To check, change each number a little and watch the loss, without any
# formula.

# %%
vectors = np.array([center, context, noise])  # (3, 2)
gradient = np.array([
    errors[0] * context + errors[1] * noise,  # center
    errors[0] * center,  # context
    errors[1] * center,  # noise
])  # (3, 2)
assert gradient[1].tolist() == [-0.25, -0.5]  # by hand: -0.5 × [0.5, 1]
assert np.linalg.norm(gradient, axis=1).argmax() == 0  # the center changes most

nudged = np.zeros((3, 2))
for place in np.ndindex(3, 2):
    nudge = np.zeros((3, 2))
    nudge[place] = 1e-5
    nudged[place] = (loss_of(*(vectors + nudge)) - loss_of(*(vectors - nudge))) / 2e-5
assert np.allclose(gradient, nudged, atol=1e-8)

names = ["公主 (center)", "宫里 (context)", "芝麻 (noise)"]
columns = [f"{kind} {axis}" for kind in ("vector", "gradient", "by nudging") for axis in (1, 2)]
pd.DataFrame(np.hstack([vectors, gradient, nudged]), index=names, columns=columns).round(4)

# %% [markdown] lang="zh"
# 现在用真正训练的那个模型来算：本项目的 `build_model`，三个词，窗口 1，一个噪声词；把三个向量放进它的两张表，
# 并且让它只抽得到“芝麻”。它的 `compute_loss` 和 TensorFlow 的自动求导应当给出同样的数。（模型给点积再加一个由词数算出
# 的**偏置**，这里是 0；第 11 课再讲。）

# %% [markdown] lang="en"
# Now use the model that is really trained: the project's own `build_model`, with three words, a window of 1 and one
# noise word. Our vectors go into its two tables, and it can only draw 芝麻. Its `compute_loss` and TensorFlow's
# automatic differentiation should give the same numbers. (The model adds a **bias**, computed from the words' counts,
# to the dot product; here it is 0. Lesson 11 explains it.)

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
# 梯度指向损失增大的方向，所以**逆着**它走一小步：新向量 = 旧向量 − 学习率 × 梯度。这就是一步梯度下降。走完再算：
# 和“宫里”的分数升了，和“芝麻”的分数降了，损失变小。Keras 的 `SGD` 走同样的一步。

# %% [markdown] lang="en"
# The gradient points in the direction in which the loss grows, so take a small step **against** it: new vector = old
# vector − learning rate × gradient. This is one step of gradient descent. After it, the score with 宫里 is higher, the
# score with 芝麻 lower, and the loss smaller. Keras's `SGD` takes the same step.

# %%
learning_rate = 0.1
stepped = vectors - learning_rate * gradient  # (3, 2)

model.compile(keras.optimizers.SGD(learning_rate))
model.train_on_batch(x, (y, drawn))
in_keras = [keras.ops.convert_to_numpy(embedding.embeddings)[1], *keras.ops.convert_to_numpy(output.table)[2:]]

steps = pd.DataFrame(
    [[one[0] @ one[1], one[0] @ one[2], loss_of(*one)] for one in (vectors, stepped)],
    index=["before", "after one step"],
    columns=["score 公主 · 宫里", "score 公主 · 芝麻", "loss"],
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
# 不要噪声词行不行？四个短句，同句的词互为邻居，从同样的起点走 80 步：一次只用真邻居；
# 一次给每对真邻居再配一个噪声词（不抽签，按抽中的概率加权）。
#
# 只有正例时，最省事的办法是让**所有**分数都变大：向量全都挤到一个方向，余弦趋向 1，连“公主”和“芝麻”也相近。
# 损失却几乎是 0，看上去好得多：任务太容易，什么也没学到。有了噪声词，“公主”和“芝麻”分开了，“公主”和“王妃”从未同句，
# 却因为邻居相同而相近。

# %% [markdown] lang="en"
# ### Mistake on purpose: positives only
# Can we do without noise words? Take four short sentences, in which the words of a sentence are each other's
# neighbours, and 80 steps from the same start: once with true neighbours alone, once with a noise word for each of them
# (not drawn, but weighted by the probability of being drawn).
#
# With positives only, the easiest way is to make **all** scores large: all vectors move towards one direction, all
# cosines towards 1, and even 公主 and 芝麻 are similar. Yet the loss is almost 0 and looks much better: the task was
# too easy to teach anything. With noise words, 公主 and 芝麻 separate, while 公主 and 王妃, never in one sentence,
# become similar because their neighbours are the same.

# %%
sentences = [
    line.split() for line in ("公主 住 在 宫里 。", "王妃 住 在 宫里 。", "芝麻 撒 在 饼上 。", "白糖 撒 在 饼上 。")
]
small = Vocabulary.count(sentences)
row_of = {token: row for row, token in enumerate(small.tokens)}
V, D, STEPS = len(small), 3, 80
pairs = np.zeros((V, V))  # how often two words occur in one sentence
for sentence in sentences:
    for one, other in permutations(sentence, 2):
        pairs[row_of[one], row_of[other]] += 1
noise_share = small.counts**0.75 / (small.counts**0.75).sum()  # (V,) as the model draws it
noise_pairs = pairs.sum(axis=1, keepdims=True) * noise_share  # (V, 1) * (V,) -> (V, V): one for each true pair
draw = np.random.default_rng(8)
start = 0.01 * draw.normal(size=(2, V, D))  # both tables
# Each step is the one above, for all pairs at once: see all_pairs.py.
alike, _, alike_loss, alike_means = descend(*start, pairs, np.zeros((V, V)), STEPS)
centers, contexts, loss, means = descend(*start, pairs, noise_pairs, STEPS)

princess, consort, sesame = (row_of[word] for word in ("公主", "王妃", "芝麻"))
compared = {}
for name, table, its_loss in (("positives only", alike, alike_loss), ("with noise", centers, loss)):
    cosines = cosines_of(table)  # (V, V)
    compared[name] = [cosines[princess, consort], cosines[princess, sesame], cosines.min(), its_loss]
compared = pd.DataFrame(compared, index=["公主–王妃", "公主–芝麻", "smallest cosine of all", "loss of a pair"])
assert compared.loc["smallest cosine of all", "positives only"] > 0.95  # all words are similar
assert alike_loss < 0.01 < 1 < loss  # and the loss is smaller
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
# 文章的三列有名字，因为是人起的。学来的列有没有？损失只用到两张表的**点积**。
# 给两张表同样的正交变换（都乘以正交矩阵 R），每个分数都不变，余弦也不变，而每一列的数全变了；从变换过的起点重新训练，
# 得到的正是变换过的结果。梯度下降分不出这些轴，所以“第 1 列是皇帝”无从说起，两次不同种子的训练也不能逐列比较。
# 不变的是长度、距离和夹角，要看就看它们。

# %% [markdown] lang="en"
# ### Learned axes have no names
# > 我们把皇帝叫做特征(1),宫里叫做特征(2),女叫做特征(3)
#
# The article's three columns have names because a person named them. Do learned columns have any? The loss uses only
# **products** of the two tables. Multiply both by the same orthogonal matrix R, and every score and every cosine stays
# the same, while the numbers in every column change; training from the transformed start gives the transformed result.
# Gradient descent cannot tell these axes apart, so nothing makes column 1 皇帝, and the columns of two seeds cannot be
# compared one by one. Lengths, distances and angles do not change: compare those.

# %%
R, _ = np.linalg.qr(draw.normal(size=(D, D)))  # (3, 3)
assert np.allclose(R @ R.T, np.eye(D))
turned_centers, turned_contexts = centers @ R, contexts @ R  # (V, D) @ (D, D) -> (V, D)

assert np.allclose(turned_centers @ turned_contexts.T, centers @ contexts.T)  # every score
assert np.allclose(cosines_of(turned_centers), cosines_of(centers))  # every cosine
assert np.abs(turned_centers - centers).max(axis=0).min() > 0.5  # every column has changed
retrained, _, retrained_loss, _ = descend(*(start @ R), pairs, noise_pairs, STEPS)
assert np.allclose(retrained, turned_centers, atol=1e-6) and np.isclose(retrained_loss, loss)
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
# 3. 走一步梯度下降，按中心词、上下文词、噪声词的次序返回三个新向量，`(3, D)`。（注意：三个梯度都用**旧**向量算。）

# %% [markdown] lang="en"
# ### Exercises
# Three vectors are given: center, context, noise, each `(D,)`.
# 1. The loss of this one prediction.
# 2. The gradient of the loss with respect to the **center**, `(D,)`.
# 3. Take one step of gradient descent and return the new center, context and noise in this order, `(3, D)`. (All three
#    gradients are computed from the **old** vectors.)

# %%
import numpy as np

from embedding_tutorial.lessons.exercises import check, hint


def my_prediction_loss(center, context, noise):
    return None


def my_center_gradient(center, context, noise):
    return None


def my_descent_step(center, context, noise, learning_rate):
    return None


check("prediction_loss", my_prediction_loss)
check("center_gradient", my_center_gradient)
check("descent_step", my_descent_step)
