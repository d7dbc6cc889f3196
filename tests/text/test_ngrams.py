"""Kneser-Ney smoothing against its formula, written out with counters and loops."""

from collections import Counter

import numpy as np
import pytest

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.text.encoded_corpus import encode_corpus
from embedding_tutorial.text.ngrams import END, NgramModel, perplexity, with_ends

V = 9  # no token of TRAINING is 9
draw = np.random.default_rng(0)
TRAINING = [draw.choice(np.arange(1, V), size, p=np.arange(1, V) / 36).tolist() for size in draw.integers(0, 9, 60)]
HELD_OUT = [[], [3], [V], [7, 8, V, 8, 7, 7], [1, 1, 1, 1, 1, 1], *TRAINING[:5]]


def block(sentences) -> tuple[np.ndarray, np.ndarray]:
    ids = np.array([token for sentence in sentences for token in sentence], np.int32)
    return ids, np.array([len(sentence) for sentence in sentences], np.int64)


def fitted(order, sentences=TRAINING) -> NgramModel:
    return NgramModel.fit([block(sentences[:20]), block([]), block(sentences[20:])], V, order)


def each_prediction(sentence):
    """What is before each token and before the end, and the token or "end"."""
    whole = ["begin", *sentence, "end"]
    return [(tuple(whole[:place]), whole[place]) for place in range(1, len(whole))]


class WrittenOut:
    """The formula of Chen and Goodman with one discount for each length."""

    def __init__(self, sentences, order):
        self.order = order
        text = Counter(
            (*before, token)[-n:]
            for sentence in sentences
            for before, token in each_prediction(sentence)
            for n in range(1, min(order, len(before) + 1) + 1)
        )
        self.counts = {
            gram: times
            if len(gram) == order or gram[0] == "begin"
            else len({longer[0] for longer in text if len(longer) == len(gram) + 1 and longer[1:] == gram})
            for gram, times in text.items()
        }

    def probability(self, before, token) -> float:
        return self.smoothed(before[max(0, len(before) - self.order + 1) :], token)

    def smoothed(self, context, token) -> float:
        n = len(context) + 1
        shorter = self.smoothed(context[1:], token) if context else 1 / (V + 1)
        of_context = {gram[-1]: times for gram, times in self.counts.items() if gram[:-1] == context}
        if not of_context:
            return shorter
        of_counts = Counter(times for gram, times in self.counts.items() if len(gram) == n)
        discount = (of_counts[1] + 1) / (of_counts[1] + 2 * of_counts[2] + 2)
        left_over = discount * len(of_context)
        return (max(0, of_context.get(token, 0) - discount) + left_over * shorter) / sum(of_context.values())


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_are_those_of_the_formula(order):
    expected = WrittenOut(TRAINING, order)
    found = fitted(order).log_probabilities(*block(HELD_OUT))
    cases = [case for sentence in HELD_OUT for case in each_prediction(sentence)]
    np.testing.assert_allclose(np.exp(found), [expected.probability(*case) for case in cases], rtol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_the_probabilities_of_all_tokens_and_the_end_sum_to_one(order):
    model = fitted(order)
    for context in ([], [V], [2, 5], [V, 1], [7, 8], [8, 8, 8], [1, 2, 3, 4, 5]):
        place = len(context)
        tokens = [model.log_probabilities(*block([[*context, token]]))[place] for token in range(1, V + 1)]
        end = model.log_probabilities(*block([context]))[place]
        assert np.exp([*tokens, end]).sum() == pytest.approx(1, abs=1e-12)


def test_an_order_of_one_gives_the_frequencies():
    counts = np.bincount(with_ends(*block(TRAINING)), minlength=V + 1)  # (V + 1,) the first is that of END
    found = np.exp(fitted(1).log_probabilities(*block([range(1, V + 1)])))  # (V + 1,) the last is that of END
    np.testing.assert_allclose(found, np.roll(counts, -1) / counts.sum(), atol=0.005)
    assert found.min() > 0 == counts[V]


def test_a_longer_context_helps_where_the_text_depends_on_it():
    ring = [[(start + place) % V + 1 for place in range(12)] for start in range(V)]  # each token has one successor
    unigram, bigram = (perplexity(fitted(order, ring).log_probabilities(*block(ring))) for order in (1, 2))
    assert unigram == pytest.approx(10, rel=0.01)
    assert bigram < 2


def test_sentences_do_not_depend_on_those_before_them():
    model = fitted(4)
    apart = [model.log_probabilities(*block([sentence])) for sentence in HELD_OUT]
    np.testing.assert_array_equal(model.log_probabilities(*block(HELD_OUT)), np.concatenate(apart))


def test_a_text_too_short_for_the_order_is_no_error():
    short = NgramModel.fit([block([[], []])], V, order=5)
    assert np.isfinite(short.log_probabilities(*block(HELD_OUT))).all()


def test_ngrams_that_do_not_fit_a_number_are_refused():
    with pytest.raises(ValueError, match="order 4 is too large for a vocabulary of 60000 tokens"):
        NgramModel.fit([block(TRAINING)], 60_000, order=4)


def test_the_example_of_the_docstring():
    abba = block([[1, 2, 2, 1]])
    model = NgramModel.fit([abba], vocabulary_size=2, order=2)
    assert np.exp(model.log_probabilities(*abba)).round(2).tolist() == [0.49, 0.41, 0.41, 0.41, 0.24]


def test_an_end_follows_each_sentence():
    assert with_ends(*block([[1, 2], [], [3]])).tolist() == [1, 2, END, END, 3, END]


def test_perplexity_is_the_number_of_equally_likely_tokens():
    assert perplexity(np.log([0.25, 0.25])) == pytest.approx(4)
    assert perplexity(np.log([0.5, 0.125])) == pytest.approx(4)


@pytest.mark.shipped
@pytest.mark.parametrize(("tokens", "unigram", "trigram"), [("characters", 293, 57), ("words", 199, 80)])
def test_the_perplexities_of_the_shipped_text_are_those_of_the_docstring(tokens, unigram, trigram):
    corpus, found = encode_corpus(TrainingConfig(tokens=tokens)), []
    for training, held_out in (corpus.split(0.05, seed) for seed in (1, 2, 3)):
        (read_training,), (read_held_out,) = training.blocks(), held_out.blocks()
        models = (NgramModel.fit([read_training()], len(corpus.vocabulary), order) for order in (1, 3))
        found.append([perplexity(model.log_probabilities(*read_held_out())) for model in models])
    assert np.mean(found, axis=0).round().tolist() == [unigram, trigram]
