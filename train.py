"""Learn vectors from a text and write a run directory for TensorBoard's projector.

python train.py                                   the shipped corpus, characters
python train.py --tokens words                    the same, words
python train.py --corpus my.txt --min-count 3     your own text
"""

import shlex
import sys
from pathlib import Path

from embedding_tutorial.config import InputError, TrainingConfig


def main(arguments: list[str] | None = None) -> None:
    """Parse flags, check everything that can be checked, then train, export and say what came out."""
    config = TrainingConfig.from_command_line(arguments)

    from embedding_tutorial.encoded_corpus import encode_corpus
    from embedding_tutorial.projector import claim
    from embedding_tutorial.sprites import HOW_TO_GET_A_FONT, find_font
    from embedding_tutorial.vectors import starting_vectors

    corpus = encode_corpus(config)
    initial = starting_vectors(config, corpus.vocabulary)
    font = find_font(config.font)
    directory = config.run_directory
    replaces = claim(directory)
    kept = int(corpus.lengths.sum())
    print(
        f"{shown(config.corpus)}: {len(corpus.lengths):,} sentences, {kept + corpus.tokens_left_out:,} {config.tokens}"
    )
    print(
        f"vocabulary: {len(corpus.vocabulary):,} {config.tokens} seen {config.min_count} times or more; "
        f"{corpus.tokens_left_out:,} of the text left out",
        flush=True,
    )
    if font is None:
        print(HOW_TO_GET_A_FONT)
    if replaces:
        print(f"{directory} holds an earlier run; this one replaces it")

    from embedding_tutorial.quiet import import_keras_quietly

    import_keras_quietly()

    from embedding_tutorial.evaluation import telling_tokens
    from embedding_tutorial.training import train_and_export

    result = train_and_export(config, corpus, directory, initial=initial, font=font)

    print(f"\nNearest {config.tokens} by cosine, before and after {config.epochs} epochs ({result.seconds:.1f} s):\n")
    for token in telling_tokens(result.vectors.index_to_key, config.tokens):
        for name, vectors in (("before", result.untrained), ("after", result.vectors)):
            names = " ".join(near for near, _ in vectors.most_similar(token, topn=8))
            print(f"  {token if name == 'before' else '　' * len(token)}  {name:6}  {names}")

    print(f"\nWritten to {directory}: vectors.tsv (the learned weights), vectors.txt (for gensim), model.keras")
    print("To see them:")
    print(f"  {shlex.join([shown(Path(sys.executable).with_name('tensorboard')), '--logdir', str(directory)])}")
    print("  http://localhost:6006/#projector")


def shown(path: Path) -> str:
    """The path as seen from here, where that is shorter."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


if __name__ == "__main__":
    try:
        main()
    except InputError as error:
        sys.exit(f"train.py: error: {error}")
