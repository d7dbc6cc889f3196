"""Two hints for each exercise, in Chinese and English: an idea, then nearly the code."""

HINTS: dict[str, list[tuple[str, str]]] = {
    # 1 one-hot
    "one_hot_row": [
        ("先造一行 0，再把一个位置改成 1。", "Make a row of zeros, then change one place to 1."),
        ("`[0] * size`；列从 0 数起，所以第 id 列就是 row[id]。", "`[0] * size`; columns start at 0: row[id] = 1."),
    ],
    "dot": [
        ("同一个位置上的两个数相乘，再全部相加。", "Multiply the two numbers of each place, then add all up."),
        ("用 `zip(a, b)` 一次取两个数。", "`zip(a, b)` gives the two numbers of each place."),
    ],
    # 2 index
    "encode_by_appearance": [
        ("用字典记住每个词的编号。", "Keep each word's id in a dictionary."),
        (
            "新词的编号是 `len(ids) + 1`；已有的词不要再编号。",
            "A new word gets `len(ids) + 1`; a known one keeps its id.",
        ),
    ],
    "encode_by_count": [
        ("先把不同的词排好次序，名次就是编号。", "Sort the distinct words; a word's rank is its id."),
        (
            "`key=lambda word: (-words.count(word), words.index(word))`",
            "`key=lambda word: (-words.count(word), words.index(word))`",
        ),
    ],
    "pad_rows": [
        ("先求出最长的一句有多长。", "First find the length of the longest sentence."),
        ("`ids + [0] * (longest - len(ids))`", "`ids + [0] * (longest - len(ids))`"),
    ],
    # 3 lookup
    "lookup_rows": [
        ("一个编号取一行，次序不变，重复的也要取。", "One row for each id, in their order, repeated ids too."),
        (
            "循环里 `rows.append(matrix[id])`，最后 `np.array(rows)`。",
            "In a loop `rows.append(matrix[id])`, then `np.array(rows)`.",
        ),
    ],
    "one_hot_to_ids": [
        ("每一行里，哪一列的数最大？", "In each row, which column has the greatest number?"),
        ("`argmax`，沿着列：`axis=1`。", "`argmax`, along the columns: `axis=1`."),
    ],
    "lookup_exported": [
        ("编号 id 在第 id - 1 行，但编号 0 没有行。", "Id i is in row i - 1, but id 0 has no row."),
        ("也可以先在上面加一行 0，编号就不用减 1 了。", "Or put a row of zeros on top: then no id needs a - 1."),
    ],
    # 4 sparse to dense
    "matrix_product": [
        (
            "结果的第 i 行第 j 列：a 的第 i 行与 b 的第 j 列的点积。",
            "At (i, j): the dot product of row i of a and column j of b.",
        ),
        (
            "三重循环；结果先用 `np.zeros((len(a), b.shape[1]))`。",
            "Three loops; start from `np.zeros((len(a), b.shape[1]))`.",
        ),
    ],
    "share_of_zeros": [
        (
            "0 的个数除以所有数的个数（不是行数）。",
            "The number of zeros, divided by the number of all numbers (not rows).",
        ),
        (
            "`matrix == 0` 是 True 和 False 的矩阵，可以求平均。",
            "`matrix == 0` is a matrix of True and False; take its mean.",
        ),
    ],
    "table_from_rows": [
        ("先造一张全 0 的表，再按编号把行放进去。", "Make a table of zeros, then put the rows in at their ids."),
        (
            "第 k 行特征放在第 ids[k] 行，编号不一定从小到大。",
            "Row k of the features goes to row ids[k]; ids need not ascend.",
        ),
    ],
    # 5 features by hand
    "cosine_by_hand": [
        ("长度是各数平方和的平方根。", "A length is the root of the sum of the squares."),
        ("`(a * b).sum()` 除以两个 `np.sqrt((a**2).sum())`。", "`(a * b).sum()` over both `np.sqrt((a**2).sum())`."),
    ],
    "weighted_sum": [
        ("每个分数乘以它那一行坐标轴，再相加。", "Each mark times its row of axes, then add up."),
        ("`marks @ axes`，次序不能反。", "`marks @ axes`, in this order."),
    ],
    "has_factors": [
        ("0 乘以什么都是 0。", "0 times anything is 0."),
        ("只有一种情况没有倍数：a 是 0 而 b 不是。", "Only one case has no factor: a is 0 and b is not."),
    ],
    # 6 lookup is a linear layer
    "hidden_table": [
        ("输入一行独热，得到表的哪一行？", "Which row of the table does a one-hot row return?"),
        ("所有的独热行排在一起，就是 `np.eye(size)`。", "All one-hot rows together are `np.eye(size)`."),
    ],
    "multiplications_by_zero": [
        ("一行独热里有几个 0？", "How many zeros has a one-hot row?"),
        ("每个 0 都要和一行的 dim 个数相乘。", "Each zero is multiplied by the dim numbers of a row."),
    ],
    "ids_without_a_row": [
        ("行从 0 数到 input_dim - 1；两头都可能越界。", "Rows go from 0 to input_dim - 1; ids can miss at both ends."),
        (
            "留下 `not 0 <= id < input_dim` 的，重复的也留。",
            "Keep those with `not 0 <= id < input_dim`, repeated ones too.",
        ),
    ],
    # 7 count it yourself
    "near_count": [
        ("数的是位置的对，不是词：两边都要看。", "Count pairs of places, not words: look to both sides."),
        ("两重循环，`abs(i - j) <= window`。", "Two loops and `abs(i - j) <= window`."),
    ],
    "ppmi": [
        ("期望的次数 = 行和 × 列和 / 总数。", "The expected count = row sum × column sum / total."),
        (
            "`np.log(np.maximum(counts / expected, 1))`：小于 1 的改成 1，对数就是 0。",
            "`np.log(np.maximum(counts / expected, 1))`: where the ratio is below 1, the result is 0.",
        ),
    ],
    # 8 one prediction by hand
    "prediction_loss": [
        (
            "softplus(−s) + softplus(s′)，s 属于上下文词，s′ 属于噪声词。",
            "softplus(−s) + softplus(s′): s of the context, s′ of the noise.",
        ),
        (
            "`np.log(1 + np.exp(-center @ context))`，噪声词的没有负号。",
            "`np.log(1 + np.exp(-center @ context))`; for the noise without the minus.",
        ),
    ],
    "center_gradient": [
        (
            "误差 = 概率 − 答案；答案是 1（上下文词）和 0（噪声词）。",
            "Error = probability − answer; the answers are 1 (context) and 0 (noise).",
        ),
        ("每个误差乘以**另一个**向量，再相加。", "Each error times the **other** vector, then add up."),
    ],
    "descent_step": [
        ("先算好三个梯度，再一起改。", "Compute all three gradients first, then change the vectors."),
        (
            "上下文词的梯度 = 它的误差 × 中心词；噪声词也一样。",
            "The context's gradient is its error times the center; so for the noise.",
        ),
    ],
    # 9 what backpropagation touches
    "rows_that_move": [
        ("去掉重复的，去掉 0，再排序。", "Drop the repeated ones, drop 0, then sort."),
        ("`sorted(set(ids) - {0})`", "`sorted(set(ids) - {0})`"),
    ],
    "table_gradient": [
        ("从全 0 的表开始，一个位置一个位置地加。", "Start with a table of zeros and add place by place."),
        (
            "`table[ids] += values` 遇到重复的编号只加一次；要用循环。",
            "`table[ids] += values` adds a repeated id only once; use a loop.",
        ),
    ],
    "momentum_travel": [
        (
            "照规则循环：只有第 1 步的 gradient 是 g，以后是 0。",
            "Loop by the rule: the gradient is g in step 1, and 0 later.",
        ),
        (
            "每步走的是前一步的 momentum 倍；走了多少要全部加起来。",
            "Each step is momentum times the one before; add all of them up.",
        ),
    ],
    # 10 the window as a matrix
    "band": [
        (
            "看距离 abs(i - j)：0 和大于 window 的都是 0。",
            "Look at the distance abs(i - j): where 0 or above window, it is 0.",
        ),
        ("其余是 `(window + 1 - distance) / window`。", "Elsewhere `(window + 1 - distance) / window`."),
    ],
    "pair_count": [
        (
            "距离为 d 的位置有几对？句子比窗口短时呢？",
            "How many places are d apart? And if the sentence is shorter than the window?",
        ),
        ("每个 d 有 `2 * max(0, length - d)` 对。", "Each d has `2 * max(0, length - d)` pairs."),
    ],
    "context_means": [
        ("先写出带状矩阵，再让每行的和为 1。", "Write the band matrix first, then make each row's sum 1."),
        (
            "除以 `weights.sum(axis=1, keepdims=True)`，再 `@ embedded`。",
            "Divide by `weights.sum(axis=1, keepdims=True)`, then `@ embedded`.",
        ),
    ],
    # 11 training
    "neighbour_place": [
        (
            "名次 = 1 + 比它更近的行数；asked 自己不算。",
            "Rank = 1 + the number of nearer rows; asked itself does not count.",
        ),
        ("先把每行除以长度，点积才是余弦。", "Divide each row by its length first: then dot products are cosines."),
    ],
    "epoch_to_keep": [
        ("记住目前最小的损失在哪一轮。", "Remember the epoch of the smallest loss so far."),
        (
            "现在的轮数减去最好的那一轮，等于 patience 就停；一样小不算更小。",
            "Stop when this epoch minus the best one is patience; equal is not smaller.",
        ),
    ],
    "agreement_by_chance": [
        ("对一个词：同组的其他词，除以所有的其他词。", "For one word: the others of its group, divided by all others."),
        (
            "对每个词算 `(count - 1) / (len(groups) - 1)`，再对所有词求平均。",
            "`(count - 1) / (len(groups) - 1)` for each word, then the mean over words.",
        ),
    ],
    # 12 words and sentences from characters
    "sentence_mean": [
        ("先去掉编号里的 0。", "First drop the zeros among the ids."),
        (
            "`table[ids[ids != 0]]`，再沿着行求平均：`axis=0`。",
            "`table[ids[ids != 0]]`, then the mean over rows: `axis=0`.",
        ),
    ],
    "same_sum": [
        ("加法不看次序，但看次数。", "A sum ignores the order, but not how often."),
        ("把两个词的字各自排序，再比较。", "Sort the characters of each word and compare."),
    ],
    "nearest_sentence": [
        ("点积会偏向长的行；除以行的长度。", "Dot products favour long rows; divide by each row's length."),
        (
            "`np.linalg.norm(means, axis=1)` 是各行的长度，最后 `argmax`。",
            "`np.linalg.norm(means, axis=1)` gives the lengths; then `argmax`.",
        ),
    ],
    # 13 seeing
    "label_of_row": [
        ("第一行是表头，所以差一行。", "The first line is the header, so there is a shift by one."),
        ('一行里用制表符 `"\\t"` 分开，取第一项。', 'A line is split by the tab `"\\t"`; take the first part.'),
    ],
    "spherized": [
        ("先减平均行，再量长度：次序不能反。", "Subtract the mean row first, then measure lengths."),
        (
            "平均行用 `axis=0`，长度用 `axis=1, keepdims=True`。",
            "The mean row has `axis=0`, the lengths `axis=1, keepdims=True`.",
        ),
    ],
    "share_of_axes": [
        ("`np.linalg.svd` 的奇异值要平方才是方差。", "Singular values of `np.linalg.svd` give variances when squared."),
        (
            "先减 `matrix.mean(axis=0)`；前 axes 个平方的和除以全部的和。",
            "Subtract `matrix.mean(axis=0)`; the first squares' sum over the sum of all.",
        ),
    ],
    # 14 using
    "with_padding_row": [
        ("第 0 行留给填充，放在最上面。", "Row 0 is for padding: on top."),
        (
            "`np.vstack` 一行 0（`matrix.shape[1]` 个）和 matrix。",
            "`np.vstack` a row of `matrix.shape[1]` zeros and the matrix.",
        ),
    ],
    "court_probability": [
        (
            "句子的平均（填充不算），乘权重，加偏置，再求 σ。",
            "The sentence's mean (no padding), times weights, plus bias, then σ.",
        ),
        ("σ(x) 是 `1 / (1 + np.exp(-x))`。", "σ(x) is `1 / (1 + np.exp(-x))`."),
    ],
    "share_right": [
        ("先把概率变成 1 或 0，再和标签比。", "Turn probabilities into 1 or 0, then compare with the labels."),
        ("`(probabilities > 0.5) == labels`，求平均。", "`(probabilities > 0.5) == labels`, then the mean."),
    ],
    # 15 twelve lines
    "neighbour_row": [
        (
            "从 `size` 个 0 开始；除了 `place` 自己，每个位置都往它的词上加一份权重。",
            "Begin with `size` zeros; each place but `place` itself adds a weight to its word.",
        ),
        (
            "权重是 `max(window + 1 - 距离, 0) / window`，加到第 `编号 - 1` 个数上。",
            "The weight is `max(window + 1 - distance, 0) / window`; add it to number `id - 1`.",
        ),
    ],
    "weighted_loss": [
        (
            "先求每行的 log softmax：`scores` 减去该行 `np.exp(scores)` 之和的对数。",
            "First the log softmax of each row: `scores` minus the log of the row's sum of `np.exp(scores)`.",
        ),
        (
            "负的加权和，除以权重之和，不是除以行数。",
            "Minus the weighted sum, over the sum of the weights, not over the number of rows.",
        ),
    ],
    # 16 the next token
    "shifted_rows": [
        (
            "题目是 `[0, *ids]`，答案是 `[*ids, 0]`，都比 `ids` 长一个。",
            "The inputs are `[0, *ids]`, the targets `[*ids, 0]`: both are one longer than `ids`.",
        ),
        (
            "还差 `length - len(ids) - 1` 个：题目补 0，答案补 −1。",
            "`length - len(ids) - 1` are missing: pad inputs with 0, targets with −1.",
        ),
    ],
    "with_temperature": [
        (
            "先把分数除以温度，再求 softmax。",
            "Divide the scores by the temperature, then softmax.",
        ),
        (
            "softmax 是 `np.exp(x) / np.exp(x).sum()`。",
            "Softmax is `np.exp(x) / np.exp(x).sum()`.",
        ),
    ],
}
