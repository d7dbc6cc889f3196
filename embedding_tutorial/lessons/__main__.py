"""The lessons on the command line: list them, run one, or write them all as a book."""

import argparse
import sys
from pathlib import Path

from embedding_tutorial import terminal

if __name__ == "__main__":
    terminal.take_over("lessons")

from embedding_tutorial.lessons.runner import LESSONS, QUICK, lesson_path, run_lesson, title


def main(arguments: list[str] | None = None) -> None:
    """Run what the flags ask for; without flags, list the lessons."""
    parser = argparse.ArgumentParser(prog="python -m embedding_tutorial.lessons", description=__doc__)
    parser.add_argument("lesson", nargs="?", type=int, help="run this lesson (without a number: list them)")
    parser.add_argument("--quick", action="store_true", help=f"run the ten-minute path: {', '.join(map(str, QUICK))}")
    parser.add_argument("--lang", choices=("zh", "en", "both"), default="both", help="language of the text")
    parser.add_argument("--pictures", type=Path, default=Path("runs/lessons"), help="where pictures are written")
    parser.add_argument("--book", type=Path, metavar="DIR", help="write all lessons, executed, as notebooks and HTML")
    options = parser.parse_args(arguments)

    if options.book is not None:
        from embedding_tutorial.lessons.book import write_book

        write_book(options.book, options.lang)
    elif options.quick or options.lesson is not None:
        numbers = QUICK if options.quick else (options.lesson,)
        try:
            for number in numbers:
                lesson_path(number)
        except KeyError as error:
            sys.exit(f"lessons: error: {error.args[0]}")
        for number in numbers:
            run_lesson(number, options.lang, options.pictures)
    else:
        for path in LESSONS:
            print(title(path))


if __name__ == "__main__":
    main()
