"""How well a model predicts the next token of held-out sentences, beside models that count."""

from collections.abc import Iterator

import numpy as np
from keras import ops

from embedding_tutorial.config import TrainingConfig
from embedding_tutorial.model.sequential import EmbeddingModel
from embedding_tutorial.text.batches import Batches, default_batch_size, places_predicted
from embedding_tutorial.text.encoded_corpus import EncodedCorpus
from embedding_tutorial.text.ngrams import NgramModel, perplexity

# Tokens before, at the least, that a place of a long sentence's later rows sees.
MEMORY = 16


def next_token_batches(part: EncodedCorpus, batch_size: int, **options: object) -> Batches:
    """Rows of sentences in which the end of each sentence is predicted, too."""
    return Batches(part, MEMORY, batch_size, ends=True, **options)


def held_out_perplexities(config: TrainingConfig, corpus: EncodedCorpus, model: EmbeddingModel) -> dict[str, float]:
    """The perplexity of a model on the held-out sentences, and those of two models that count the other sentences.

    A perplexity of 50 means: the next token is as hard to predict as one of 50 tokens that are equally likely. The
    sentences' ends are predicted, too; tokens that are not in the vocabulary are left out.

    Args:
        config: the settings that the model was trained with.
        corpus: the whole text.
        model: a trained next-token model.

    Returns:
        ``predictions``, their number, and the perplexities ``model``, ``unigram`` (the frequency of each token) and
        ``trigram`` (Kneser-Ney smoothing, ``text/ngrams.py``). Empty if no sentence is held out.
    """
    training, held_out = corpus.split(config.validation_split, config.seed)
    if not corpus.held_out_sentences(config.validation_split):
        return {}
    batches = next_token_batches(held_out, config.batch_size or default_batch_size(len(corpus.ids)))
    output = model.layers[-1]
    # The bias makes up for the noise that a model with negatives learns from; here there is none.
    without_noise = (output.log_shares() - ops.convert_to_numpy(output.bias)).astype(np.float32)  # (V + 1,)
    log_p = np.concatenate([_log_probabilities(model.predict_on_batch(x) + without_noise, x, y) for x, y, _ in batches])
    found = {"predictions": len(log_p), "model": perplexity(log_p)}
    for name, order in (("unigram", 1), ("trigram", 3)):
        counted = NgramModel.fit(_sentences(training), len(corpus.vocabulary), order)
        log_p = [counted.log_probabilities(*block) for block in _sentences(held_out)]
        found[name] = perplexity(np.concatenate(log_p))
    return found


def _log_probabilities(scores: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The logarithm of the probability of each token, and of each end of a sentence, that a batch predicts.

    Args:
        scores: ``(B, T, V + 1)``, of what each place predicts.
        x, y: ``(B, T)``, see ``text/batches.py``.

    Returns:
        ``(n,)``.
    """
    log_p = ops.log_softmax(scores)  # (B, T, V + 1)
    log_p = ops.convert_to_numpy(ops.take_along_axis(log_p, x[..., None], axis=-1))[..., 0]  # (B, T)
    return log_p[places_predicted(x, y, ends=True)]


def _sentences(part: EncodedCorpus) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The blocks of a part, without sentences that have no token."""
    for block in part.blocks():
        ids, lengths = block()
        yield ids, lengths[lengths > 0]
