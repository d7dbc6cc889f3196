# %% [markdown]
# # 5 手写的特征 · Features by hand
#
# > 这样,我们就把一些词甚至一个字,用三个特征给表征出来了。

# %% [markdown] lang="zh"
# > 公主是皇帝的女儿,王妃是皇帝的妃子,可以从“皇帝”这个词进行关联上;公主住在宫里,王妃住在宫里,
# > 可以从“宫里”这个词关联上;公主是女的,王妃也是女的,可以从“女”这个字关联上。
#
# 三个特征从哪里来？文章把说公主的话和说王妃的话放在一起，找两边都有的词。照样用程序找：把话切成词，
# 一个人的词是一个**集合**，两边都有的词是两个集合的**交集**。为了比较，我们也给农夫编了三句。
#
# **先猜后跑**：公主和王妃的交集里有哪些词？去掉农夫也有的，还剩几个？

# %% [markdown] lang="en"
# > 公主是皇帝的女儿,王妃是皇帝的妃子,可以从“皇帝”这个词进行关联上;公主住在宫里,王妃住在宫里,
# > 可以从“宫里”这个词关联上;公主是女的,王妃也是女的,可以从“女”这个字关联上。
#
# Where do the three features come from? The article puts what is said of 公主 (princess) beside what is said of 王妃
# (consort), and looks for words that both have. A program can do the same: cut the sentences into words; the words of a
# person are a **set**, and the words that both have are the **intersection** of two sets. For comparison, we made up
# three sentences about 农夫 (peasant) as well.
#
# **Guess first**: which words are in the intersection of 公主 and 王妃? How many are left without those of 农夫?

# %%
import numpy as np
import pandas as pd

from embedding_tutorial.lessons.drawing import draw_matrix, side_by_side
from embedding_tutorial.lessons.encoding import one_hot
from embedding_tutorial.vectors.word_vectors import WordVectors, unit_rows

said = {
    "公主": "公主 是 皇帝 的 女儿 公主 住 在 宫里 公主 是 女 的",
    "王妃": "王妃 是 皇帝 的 妃子 王妃 住 在 宫里 王妃 是 女 的",
    "农夫": "农夫 是 村长 的 儿子 农夫 住 在 村里 农夫 是 男 的",
}
words_of = {name: set(text.split()) - {name} for name, text in said.items()}
in_both = words_of["公主"] & words_of["王妃"]  # the intersection
telling = in_both - words_of["农夫"]
assert in_both == {"皇帝", "宫里", "女", "是", "的", "住", "在"}
assert telling == {"皇帝", "宫里", "女"}  # the article's three words
assert not set("公主") & set("王妃")  # the names have no character in common: in one-hot there is no relation
columns = ["皇帝", "宫里", "女", "是", "的", "住", "在", "女儿", "妃子"]
pd.DataFrame([[int(word in words) for word in columns] for words in words_of.values()], index=[*said], columns=columns)

# %% [markdown] lang="zh"
# 剩下的正是文章的三个词。“是、的、住、在”谁都有，说明不了什么。名字里看不出的关系，在**关于她们的话**里；
# 第 7 课会去数更多的话。
#
# > 既然,通过刚才的假设关联,我们关联出了“皇帝”、“宫里”和“女”三个词,那我们尝试这么去定义公主和王妃
#
# 集合只说有没有，现在说有多强。先不训练，用手来写：以这三个词为**特征**，给每个词打三个分，
# 分数表示它和特征的关系有多强。公主 20 岁前住在宫里，活了 80 岁，所以“宫里”是 20/80；王妃 20 岁起住在宫里，
# 所以是 60/80。这三个数就是这个词的向量，N = 3。
#
# **先猜后跑**：公主和王妃的余弦相似度，独热编码是 0，现在会是多少？公主的“皇帝”是 1.0，公主和“皇帝”的余弦也是 1.0 吗？

# %% [markdown] lang="en"
# What is left are the article's three words. Everybody has 是, 的, 住 and 在, so they tell nothing. The relation is not
# in the names but in **what is said of them**; lesson 7 will count in more sentences.
#
# > 既然,通过刚才的假设关联,我们关联出了“皇帝”、“宫里”和“女”三个词,那我们尝试这么去定义公主和王妃
#
# A set says yes or no; now say how much. No training yet; we write by hand. Take the three words as **features** (皇帝
# emperor, 宫里 in the palace, 女 female) and give each word three marks: how strongly it is associated with each
# feature. The princess lives in the palace until she is 20, and lives 80 years, so 宫里 is 20/80; the consort lives
# there from 20 on: 60/80. These three numbers are the word's vector, N = 3.
#
# **Guess first**: the cosine similarity of 公主 and 王妃 is 0 in one-hot; what is it now? The mark of 公主 for 皇帝 is
# 1.0; is the cosine of 公主 and 皇帝 1.0 as well?

# %%
FEATURES = ["皇帝", "宫里", "女"]
words = pd.DataFrame(
    [[1.0, 20 / 80, 1.0], [0.6, (80 - 20) / 80, 1.0]],  # daughter, 20 of 80 years; consort, 60 of 80 years
    index=["公主", "王妃"],
    columns=FEATURES,
)
princess, consort = words.to_numpy()  # (3,) each
assert princess.tolist() == [1.0, 0.25, 1.0]  # the article's two rows
assert consort.tolist() == [0.6, 0.75, 1.0]
words

# %% [markdown] lang="zh"
# > 这样我们就把公主和王妃两个词,跟皇帝、宫里、女这几个字(特征)关联起来了,我们可以认为:
#
# `公主=1.0 *皇帝 +0.25*宫里 +1.0*女`。这个等式就照字面成立：让皇帝、宫里、女各是一个单位向量（三条坐标轴），加权相加，
# 得到的正是公主的那一行。

# %% [markdown] lang="en"
# > 这样我们就把公主和王妃两个词,跟皇帝、宫里、女这几个字(特征)关联起来了,我们可以认为:
#
# `公主=1.0 *皇帝 +0.25*宫里 +1.0*女`. This equation holds literally: let 皇帝, 宫里 and 女 be unit vectors (the three
# axes); their weighted sum is the row of 公主.

# %%
emperor, palace, woman = np.eye(3)  # [1, 0, 0], [0, 1, 0], [0, 0, 1]
terms = np.array([1.0 * emperor, 0.25 * palace, 1.0 * woman])  # (3, 3)
assert (terms.sum(axis=0) == princess).all()
assert (0.6 * emperor + 0.75 * palace + 1.0 * woman == consort).all()
pd.DataFrame([*terms, terms.sum(axis=0)], index=["1.0 皇帝", "+ .25 宫里", "+ 1.0 女", "= 公主"], columns=FEATURES)

# %% [markdown] lang="zh"
# > 公主一定是皇帝的女儿,我们假设她跟皇帝的关系相似度为1.0;
#
# 文章说的“相似度”是**关联的强弱**，不是余弦。余弦为 1 表示方向完全相同，而公主和皇帝的余弦是 0.696，
# 因为公主还有另外两个特征。公主和王妃的余弦是 0.8977，在这张表里互为最近；在独热编码里是 0。

# %% [markdown] lang="en"
# > 公主一定是皇帝的女儿,我们假设她跟皇帝的关系相似度为1.0;
#
# What the article calls 相似度 (similarity) is a **strength of association**, not a cosine. A cosine of 1 means exactly
# the same direction; the cosine of 公主 and 皇帝 is 0.696, because 公主 has two other features. The cosine of 公主 and
# 王妃 is 0.8977, and each is the other's nearest neighbour in this table; in one-hot it is 0.

# %%
tokens = ["公主", "王妃", *FEATURES]
matrix = np.array([princess, consort, emperor, palace, woman])  # (5, 3)
vectors = WordVectors(tokens, [1] * 5, matrix)  # the counts do not matter here
cosines = pd.DataFrame(vectors.unit_matrix @ vectors.unit_matrix.T, index=tokens, columns=tokens)  # (5, 5)

# By hand: dot product / (length * length).
dot = 1.0 * 0.6 + 0.25 * 0.75 + 1.0 * 1.0
lengths = (1.0**2 + 0.25**2 + 1.0**2) ** 0.5, (0.6**2 + 0.75**2 + 1.0**2) ** 0.5
assert abs(dot / (lengths[0] * lengths[1]) - 0.8977) < 5e-5
assert abs(cosines.loc["公主", "王妃"] - 0.8977) < 5e-5
assert abs(cosines.loc["公主", "皇帝"] - 0.696) < 5e-4
assert vectors.most_similar("公主")[0][0] == "王妃" and vectors.most_similar("王妃")[0][0] == "公主"

# One-hot, in the article's columns: 公 4, 主 3, 王 9, 妃 8. A word is the sum of its characters.
sums = one_hot([4, 3, 9, 8], 10).reshape(2, 2, 10).sum(axis=1)  # (4, 10) -> (2 words, 2 characters, 10) -> (2, 10)
assert unit_rows(sums)[0] @ unit_rows(sums)[1] == 0
cosines.round(4)

# %% [markdown] lang="zh"
# > 或者这样,我们假设每个词的每个字都是对等(注意:只是假设,为了方便解释):
#
# 每个字分一半，两半相加又是原来的词：公 + 主 = 公主。文章自己提醒这只是假设；代价是“公”和“主”成了同一个向量，
# 再也分不开：公公（太监）、主公（君主）和公主也就一模一样了。学来的字向量各不相同，公公和公主就分开了；
# 可是只要词还是各字之和，主公就仍然等于公主，因为相加不问次序（第 12 课）。

# %% [markdown] lang="en"
# > 或者这样,我们假设每个词的每个字都是对等(注意:只是假设,为了方便解释):
#
# Each character gets half, and the two halves add up to the word: 公 + 主 = 公主. The article itself warns that this is
# only an assumption. The price: 公 and 主 become the same vector, so 公公 (a eunuch) and 主公 (a lord) equal 公主 (a
# princess). Learned vectors of characters differ, which separates 公公 from 公主; but as long as a word is the sum of
# its characters, 主公 still equals 公主, since a sum has no order (lesson 12).

# %%
halves = words.loc[["公主", "公主", "王妃", "王妃"]].set_axis(list("公主王妃")) / 2
assert halves.to_numpy().tolist() == [[0.5, 0.125, 0.5], [0.5, 0.125, 0.5], [0.3, 0.375, 0.5], [0.3, 0.375, 0.5]]
composed = pd.DataFrame({word: halves.loc[list(word)].sum() for word in ["公主", "王妃", "公公", "主公"]}).T
assert composed.loc[["公主", "王妃"]].equals(words)
assert (halves.loc["公"] == halves.loc["主"]).all()  # the price: two characters are one vector ...
assert (composed.loc[["公公", "主公"]] == princess).all(axis=None)  # ... and three words are one vector
gong, zhu = np.random.default_rng(0).normal(size=(2, 3))  # two different vectors, as learned ones are
assert not np.isclose(gong + gong, gong + zhu).any()  # 公公 is no longer 公主 ...
assert (zhu + gong == gong + zhu).all()  # ... and 主公 still is
composed

# %%
side_by_side(
    draw_matrix(halves, rows=list("公主王妃"), columns=FEATURES, highlight=[0, 1], title="公 = 主", digits=3),
    draw_matrix(composed, rows=list(composed.index), columns=FEATURES, highlight=[0, 2, 3], title="公主 = 公公 = 主公"),
    between="→",
)

# %% [markdown] lang="zh"
# > 我们把皇帝叫做特征(1),宫里叫做特征(2),女叫做特征(3),于是乎,我们就得出了公主和王妃的隐含特征关系:
# > 王妃=公主的特征(1) * 0.6 +公主的特征(2) * 3 +公主的特征(3) * 1
#
# 括号里的号码就是表里的第几列。
#
# 照字面相加，得到的是一个数 2.35，不是一个词。文章的意思是**逐元素**相乘：[1, .25, 1] × [0.6, 3, 1] = 王妃，
# 三个积各占一位，加号只是把它们排在一起（给每一项乘上它的单位向量，加号就严格成立了）。

# %% [markdown] lang="en"
# > 我们把皇帝叫做特征(1),宫里叫做特征(2),女叫做特征(3),于是乎,我们就得出了公主和王妃的隐含特征关系:
# > 王妃=公主的特征(1) * 0.6 +公主的特征(2) * 3 +公主的特征(3) * 1
#
# The number in brackets is that of the column. Read literally, this sum is one number, 2.35, and not a word. The
# article means a product **element by element**: [1, .25, 1] × [0.6, 3, 1] = 王妃. Each of the three products keeps its
# own place, and the plus only puts them side by side (multiply each term by its unit vector, and the plus is exact).

# %%
assert dict(enumerate(FEATURES, start=1)) == {1: "皇帝", 2: "宫里", 3: "女"}
factors = np.array([0.6, 3, 1])
product = princess * factors  # (3,) * (3,) -> (3,)
assert np.allclose(product, consort)
assert np.isclose(princess @ factors, 2.35)  # the literal sum: a number, not a vector
with_axes = product[0] * emperor + product[1] * palace + product[2] * woman
assert np.allclose(with_axes, consort)
pd.DataFrame([princess, factors, product], index=["公主", "×", "= 王妃"], columns=FEATURES)

# %%
side_by_side(
    side_by_side(
        draw_matrix(princess[None], columns=FEATURES, title="公主"),
        draw_matrix(factors[None], columns=FEATURES, title="倍数 factors"),
        between="×",
    ),
    draw_matrix(product[None], columns=FEATURES, title="王妃"),
    between="=",
)

# %% [markdown] lang="zh"
# 有了倍数 (0.6, 3, 1)，就证明两个词有关系吗？还没有。只要前一个向量没有 0，除一除总能得到这样的倍数：
# 和公主垂直的 [1, -8, 1] 有，随机抽的两个向量也有。倍数总是有的，分得出远近的是余弦：王妃是 0.8977，垂直的是 0，
# 随机的有正有负。

# %% [markdown] lang="en"
# Do the factors (0.6, 3, 1) prove that the two words are related? No. As long as the first vector has no zero, division
# always yields such factors: for [1, -8, 1], which is perpendicular to 公主, and for two random vectors. Any two
# vectors have factors; the cosine distinguishes near from far: 0.8977 for 王妃, 0 for the perpendicular one, sometimes
# above 0 and sometimes below for random ones.

# %%
stranger = np.array([1.0, -8.0, 1.0])
random = np.random.default_rng(5).normal(size=(1000, 2, 3))  # 1,000 pairs of unrelated vectors
firsts = np.array([princess, princess, *random[:, 0]])  # (1002, 3)
seconds = np.array([consort, stranger, *random[:, 1]])  # (1002, 3)
found = seconds / firsts  # (1002, 3)
assert np.allclose(firsts * found, seconds)  # every pair has its factors
assert np.allclose(found[:2], [[0.6, 3, 1], [1, -32, 1]])

pair_cosines = (unit_rows(firsts) * unit_rows(seconds)).sum(axis=1)  # (1002, 3) -> (1002,)
assert abs(pair_cosines[0] - 0.8977) < 5e-5 and abs(pair_cosines[1]) < 1e-12
assert 400 < (pair_cosines[2:] < 0).sum() < 600  # random pairs: about half are below 0
table = pd.DataFrame(found, columns=["factor 1", "factor 2", "factor 3"]).assign(cosine=pair_cosines)
table.head(5).set_axis(["公主 → 王妃", "公主 → [1, -8, 1]", "random", "random", "random"]).round(4)

# %% [markdown] lang="zh"
# > 没有亲缘关系,但是有存在着某种关系,我们就假设她跟皇帝的关系相似度为0.6吧
#
# 最后别忘了：0.8977 来自编出来的分数。宫里的 0.25 和 0.75 还算得出来，皇帝的 0.6 却没有来历，是作者估的。换一个数，
# 余弦就变：从 0 换到 1，余弦从 0.66 升到 0.95；要是 0，离公主最近的就不是王妃了，皇帝和女（0.696）都比她近。
# 第 7 课不再估，去数文本；再往后，特征由训练得来，那时它们就没有名字了。

# %% [markdown] lang="en"
# > 没有亲缘关系,但是有存在着某种关系,我们就假设她跟皇帝的关系相似度为0.6吧
#
# Remember that 0.8977 comes from marks that were made up. 0.25 and 0.75 can at least be computed; the 0.6 for 皇帝 has
# no source, it is the author's guess. Another guess changes the cosine: from 0 to 1 it takes the cosine from 0.66 to
# 0.95; with 0, 王妃 would no longer be the nearest to 公主, since 皇帝 and 女 (0.696) are nearer. Lesson 7 counts text
# instead of guessing; later, features come from training, and then they have no names.

# %%
guesses = [0, 0.3, 0.6, 0.9, 1]
guessed = unit_rows(np.array([[guess, 0.75, 1.0] for guess in guesses])) @ vectors.unit_matrix[0]  # (5, 3) @ (3,)
assert np.allclose(guessed[[0, 2, 4]], [0.6615, 0.8977, 0.9515], atol=5e-5)
assert guessed[0] < cosines.loc["公主", "皇帝"] < guessed[1]
pd.DataFrame([guessed], index=["公主 · 王妃"], columns=[f"{guess} 皇帝" for guess in guesses]).round(4)

# %% [markdown] lang="zh"
# ### 练习
# 1. 不用 `unit_rows`，写出两个向量的余弦：点积除以两个长度的积。
# 2. 给出分数 (D,) 和坐标轴 (D × M)，写出加权和，就像“公主 = 1.0·皇帝 + …”。坐标轴不一定是单位向量。
# 3. 从 a 到 b 有没有逐元素的倍数？回答 `True` 或 `False`。这次向量里可以有 0。再想一想：两行不同的独热之间有吗？

# %% [markdown] lang="en"
# ### Exercises
# 1. Without `unit_rows`: the cosine of two vectors, their dot product divided by the product of their lengths.
# 2. Given marks (D,) and axes (D × M): the weighted sum, as in 公主 = 1.0·皇帝 + … The axes need not be unit vectors.
# 3. Are there factors, element by element, that lead from a to b? Answer `True` or `False`. This time there may be
#    zeros. Then think: are there any between two different one-hot rows?

# %%
import numpy as np

from embedding_tutorial.lessons.exercises import check, hint


def my_cosine_by_hand(a, b):
    return None


def my_weighted_sum(marks, axes):
    return None


def my_has_factors(a, b):
    return None


check("cosine_by_hand", my_cosine_by_hand)
check("weighted_sum", my_weighted_sum)
check("has_factors", my_has_factors)
