"""What is left to do, on work that takes long: a bar on a terminal, else a line every ten seconds.

Short work shows nothing, so what a script prints stays the same from run to run.
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
    """Shows how far some work is. Use it in a ``with``.

    Args:
        what: what is being done, for example ``reading``.
        total: how much there is to do, in any unit.
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
        """Tell how much is done by now, in the unit of ``total``."""
        now = time.monotonic()
        if sys.stdout.isatty():
            if self.bar is None and now - self.started >= PATIENCE:
                from rich.markup import escape  # comes with Keras
                from rich.progress import Progress

                self.bar = Progress(transient=True)  # it goes when the work is done
                self.task = self.bar.add_task(escape(self.what), total=self.total)
                self.bar.start()
                self.bar.console.show_cursor()  # a process that is stopped leaves it as it is
            if self.bar:
                self.bar.update(self.task, completed=done)
        elif now - self.shown >= EVERY and 0 < done < self.total:
            self.shown = now
            left = (now - self.started) * (self.total - done) / done
            print(f"{self.what}: {100 * done / self.total:.0f} %, {left:.0f} s left", flush=True)


def watched(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    """The items, with a meter that counts them."""
    with Meter(what, total) as meter:
        for done, item in enumerate(items, start=1):
            yield item
            meter.at(done)
