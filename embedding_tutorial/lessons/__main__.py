"""The lessons on the command line: list them, run one, check its exercises, or write them all as a book."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from embedding_tutorial import terminal

if __name__ == "__main__":
    terminal.take_over("lessons")

from embedding_tutorial.lessons.exercises import HINTS_SHOWN
from embedding_tutorial.lessons.language import LANGUAGE
from embedding_tutorial.lessons.runner import LESSONS, QUICK, check_exercises, lesson_path, run_lesson, title


def main(arguments: list[str] | None = None) -> None:
    """Run what the flags ask for; without flags, list the lessons."""
    parser = argparse.ArgumentParser(prog="python -m embedding_tutorial.lessons", description=__doc__)
    parser.add_argument("lesson", nargs="?", type=int, help="run this lesson (without a number: list them)")
    parser.add_argument("--quick", action="store_true", help=f"run the ten-minute path: {', '.join(map(str, QUICK))}")
    parser.add_argument("--check", action="store_true", help="only check the exercises of this lesson, or of all")
    parser.add_argument("--hint", action="count", default=0, help="check, with a hint; twice: with two")
    parser.add_argument("--no-pause", action="store_true", help="do not wait for Enter after a question")
    parser.add_argument("--lang", choices=("zh", "en", "both"), default="both", help="language of the text")
    parser.add_argument("--pictures", type=Path, default=Path("runs/lessons"), help="where pictures are written")
    parser.add_argument("--book", type=Path, metavar="DIR", help="write all lessons, executed, as notebooks and HTML")
    parser.add_argument("--zip", type=Path, metavar="FILE", help="write the book, slides and a worksheet into a zip")
    options = parser.parse_args(arguments)

    if options.lang != "both":
        os.environ[LANGUAGE] = options.lang
    os.environ[HINTS_SHOWN] = str(min(options.hint, 2))
    checking = options.check or options.hint > 0
    if options.zip is not None:
        from embedding_tutorial.lessons.book import write_book
        from embedding_tutorial.lessons.handout import check_zip, write_zip

        check_zip(options.zip)
        with tempfile.TemporaryDirectory() as place:
            book = options.book or Path(place, "book")
            write_book(book, options.lang)
            write_zip(options.zip, book, options.lang)
    elif options.book is not None:
        from embedding_tutorial.lessons.book import write_book

        write_book(options.book, options.lang)
    elif options.quick or options.lesson is not None or checking:
        every = range(1, len(LESSONS) + 1)
        numbers = QUICK if options.quick else every if options.lesson is None else (options.lesson,)
        try:
            for number in numbers:
                lesson_path(number)
        except KeyError as error:
            sys.exit(f"lessons: error: {error.args[0]}")
        for number in numbers:
            if checking:
                check_exercises(number, options.lang)
            else:
                run_lesson(number, options.lang, options.pictures, pause=not options.no_pause)
    else:
        for path in LESSONS:
            print(title(path, options.lang))


if __name__ == "__main__":
    main()
