"""Show the progress of long work: a bar on a terminal, else a line every ten seconds.

Short work prints nothing, so the output of a script is the same in every run.
"""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from embedding_tutorial.labels import printable

Item = TypeVar("Item")

EVERY = 10  # seconds between lines where the output is no terminal
PATIENCE = 0.5  # seconds of work before a bar is shown


class Meter:
    """A context manager that shows how much of some work is done.

    Args:
        what: the name of the work, for example ``reading``.
        total: the amount of work, in any unit.
    """

    def __init__(self, what: str, total: float) -> None:
        self.what, self.total = printable(what), total
        self.bar = None

    def __enter__(self) -> "Meter":
        self.started = self.shown = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()

    def at(self, done: float) -> None:
        """Show how much is done, in the unit of ``total``."""
        now = time.monotonic()
        if sys.stdout.isatty():
            if self.bar is None and now - self.started >= PATIENCE:
                from rich.markup import escape  # comes with Keras
                from rich.progress import Progress

                self.bar = Progress(transient=True)  # removed when the work is done
                self.task = self.bar.add_task(escape(self.what), total=self.total)
                self.bar.start()
                self.bar.console.show_cursor()  # a process that is stopped would leave it hidden
            if self.bar:
                self.bar.update(self.task, completed=done)
        elif now - self.shown >= EVERY and 0 < done < self.total:
            self.shown = now
            left = (now - self.started) * (self.total - done) / done
            print(f"{self.what}: {100 * done / self.total:.0f} %, {left:.0f} s left", flush=True)


def watched(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    """Yield the items, and show how many of them are done."""
    with Meter(what, total) as meter:
        for done, item in enumerate(items, start=1):
            yield item
            meter.at(done)
