"""Write sentences with a model that predicts the next token, and tell what in them is copied from the text.

Needs NumPy only; ``write`` is handed the function that reads the model. Short sentences are rarely copied: of the
5-grams in held-out sentences of the shipped text, 96% are new, too. At temperature 0.8 a GRU writes as many new
3-grams as held-out sentences have (64% and 66%).
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embedding_tutorial.config import InputError, TrainingConfig, noun
from embedding_tutorial.run_directory import MODEL, checked, read_run
from embedding_tutorial.text.encoded_corpus import encode_again
from embedding_tutorial.text.ngrams import END
from embedding_tutorial.text.novelty import Novelty, novelty
from embedding_tutorial.text.tokenizers import Tokenizer, join
from embedding_tutorial.text.vocabulary import Vocabulary
from embedding_tutorial.vectors.answers import why_unknown
from embedding_tutorial.vectors.word_vectors import WordVectors

N = 5  # tokens in an n-gram that is looked for in the text

# Takes rows of ids, (B, T), and a place; returns the scores of the tokens that follow it, (B, V + 1).
NextScores = Callable[[np.ndarray, int], np.ndarray]


def write(
    run: Path,
    beginning: str,
    lines: int,
    temperature: float,
    top_k: int | None,
    seed: int,
    longest: int,
    read_model: Callable[[Path], NextScores],
) -> dict[str, Any]:
    """Sentences that a model writes, token by token, and what in them is copied from the text.

    Args:
        run: directory of a run with ``--model gru``.
        beginning: what each sentence begins with; it is cut into tokens as the text was.
        lines: how many sentences.
        temperature, top_k: see ``draw``.
        seed: same seed, same lines.
        longest: tokens in a sentence, with those of the beginning, after which it is cut off.
        read_model: reads ``model.keras``; called when all else is checked.

    Returns:
        An answer for ``tables.show``: of each line whether its sentence ended, and whether it is memorized. For
        programs also ``ngrams``, the number of 5-grams in all lines, those of the beginning counted too, and ``new``,
        how many of them occur nowhere in the text. If the text cannot be read again, what cannot be known is ``None``,
        and a note says why.

    Raises:
        InputError: the run is of another model or damaged, a token of the beginning is unknown, or the beginning
            is too long.
    """
    about = read_run(run)
    config = TrainingConfig.from_json(about["config"], run)
    if config.model != "gru":
        raise InputError(
            f"{run}: a {config.model} cannot write; train a model that can, python train.py --model gru, "
            "and name its directory with --run"
        )
    vectors = WordVectors.load(run)
    begun = _begun(run, config, vectors, beginning)
    if len(begun) >= longest:
        raise InputError(f"--longest {longest}: the beginning has {len(begun)} {noun(config.tokens)} already")
    random = np.random.default_rng(seed)
    next_scores = read_model(checked(run, about, MODEL))
    written, ended = go_on(next_scores, begun, lines, longest, lambda scores: draw(scores, temperature, top_k, random))
    try:
        found = _compared(written, config, vectors.vocabulary, about["corpus_sha256"])
        note = f"{found.new} of {found.ngrams} {N}-grams are new: they occur nowhere in the text"
    except InputError as error:
        found = Novelty([None] * lines, None, None)
        note = f"how much of it is new is not known: {error}"
    texts = [join(vectors.vocabulary.decode(ids), config.tokens) for ids in written]
    rows = [
        [end, memorized, text if end else f"{text}…"]
        for text, end, memorized in zip(texts, ended, found.memorized, strict=True)
    ]
    columns = ["ended", "memorized", "written"]
    return {"notes": [note], "columns": columns, "rows": rows, "new": found.new, "ngrams": found.ngrams}


def _begun(run: Path, config: TrainingConfig, vectors: WordVectors, beginning: str) -> list[int]:
    """The ids of a beginning.

    Raises:
        InputError: a token is unknown.
    """
    tokens = Tokenizer.of(config).cut(beginning) if beginning else []
    for token in tokens:
        if token not in vectors:
            raise InputError(f"{token!r} has no vector{why_unknown(vectors, token, run)}")
    return vectors.vocabulary.encode(tokens)


def _compared(written: list[list[int]], config: TrainingConfig, vocabulary: Vocabulary, sha256: str) -> Novelty:
    """Compare written sentences with the text of the run. Tokens that have no id are left out of it, as in training.

    Raises:
        InputError: the text cannot be read again, or has changed.
    """
    digest = hashlib.sha256()
    text = ((ids, lengths) for _, ids, lengths in encode_again(config, vocabulary, digest))
    found = novelty(written, text, N)
    if digest.hexdigest() != sha256:
        raise InputError(f"{config.corpus}: has changed since the run")
    return found


def go_on(
    next_scores: NextScores,
    beginning: Sequence[int],
    lines: int,
    longest: int,
    choose: Callable[[np.ndarray], np.ndarray],
) -> tuple[list[list[int]], list[bool]]:
    """Go on from a beginning until each sentence ends. All sentences grow by one token a step.

    Args:
        next_scores: computes the scores of the next token.
        beginning: ids, fewer than ``longest``.
        lines: ``B``, how many sentences.
        longest: tokens in a sentence at most.
        choose: takes scores, ``(B, V + 1)``, and returns a token of each row, ``(B,)``.

    Returns:
        The ids of each sentence, 1 at least, without ``END``; and whether it ended before it was cut off.
    """
    rows = np.full((lines, 1 + longest), END, np.int32)  # (B, T): END also begins a sentence
    rows[:, 1 : 1 + len(beginning)] = beginning
    lengths = np.full(lines, len(beginning))  # (B,)
    going = np.ones(lines, bool)  # (B,) which sentences have not ended
    for place in range(len(beginning), longest):
        scores = next_scores(rows, place)  # (B, V + 1)
        if place == 0:
            scores[:, END] = -np.inf  # no sentence is empty
        rows[:, place + 1] = choose(scores)  # also of sentences that have ended; what follows END is not returned
        going &= rows[:, place + 1] != END
        lengths += going
        if not going.any():
            break
    return [row[1 : 1 + length].tolist() for row, length in zip(rows, lengths, strict=True)], (~going).tolist()


def draw(scores: np.ndarray, temperature: float, top_k: int | None, random: np.random.Generator) -> np.ndarray:
    """Draw a token for each row with the probabilities ``softmax(scores / temperature)``.

    The largest of the scores with Gumbel noise added has this distribution; no sum over the vocabulary is needed.

    Args:
        scores: ``(B, V + 1)``; minus infinity is never drawn.
        temperature: positive; below 1 likely tokens become likelier, near 0 the likeliest is always drawn.
        top_k: draw among this many tokens with the best scores, and those that tie with the last of them;
            ``None``: among all.
        random: is advanced.

    Returns:
        ``(B,)`` ids.

    Sources: Gumbel noise: Maddison et al. 2014, https://arxiv.org/abs/1411.0030; top-k: Fan et al. 2018,
    https://arxiv.org/abs/1805.04833.
    """
    scores = scores.astype(np.float64)
    if top_k is not None and top_k < scores.shape[1]:
        least = np.partition(scores, -top_k, axis=1)[:, -top_k, None]  # (B, 1)
        scores[scores < least] = -np.inf
    scores = (scores - scores.max(axis=1, keepdims=True)) / temperature  # the best score is 0 at any temperature
    return np.argmax(scores + random.gumbel(size=scores.shape), axis=1)
