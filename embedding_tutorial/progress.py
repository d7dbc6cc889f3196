"""Show the progress of long work: a bar in a terminal or a notebook, else a line of the log every ten seconds.

Short work shows nothing, so the output of a script is the same in every run. Programs print the log to standard
error (``terminal.take_over``); where the package is imported, it prints nothing.
"""

import html
import logging
import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from embedding_tutorial.labels import printable

Item = TypeVar("Item")

EVERY = 10  # seconds between lines where there is no bar
PATIENCE = 0.5  # seconds of work before a bar is shown
REDRAW = 0.1  # seconds between two updates of a bar


class NotebookBar:
    """A progress bar below the cell of a notebook (Jupyter, Colab, VS Code), with the interface of rich's."""

    def __init__(self, what: str, total: float) -> None:
        from IPython.display import HTML, display

        self.html = HTML
        self.what, self.total = html.escape(what), total
        self.place = display(HTML(""), display_id=True)

    def update(self, done: float) -> None:
        """Draw how much is done."""
        self.place.update(self.html(f"{self.what} <progress value={done} max={self.total}></progress>"))

    def stop(self) -> None:
        """Remove the bar."""
        self.place.update(self.html(""))


class TerminalBar:
    """A progress bar in a terminal."""

    def __init__(self, what: str, total: float) -> None:
        from rich.markup import escape  # comes with Keras
        from rich.progress import Progress

        self.bar = Progress(transient=True)  # removed when the work is done
        self.task = self.bar.add_task(escape(what), total=total)
        self.bar.start()
        self.bar.console.show_cursor()  # a process that is stopped would leave it hidden

    def update(self, done: float) -> None:
        """Draw how much is done."""
        self.bar.update(self.task, completed=done)

    def stop(self) -> None:
        """Remove the bar."""
        self.bar.stop()


def kind_of_bar() -> type[NotebookBar | TerminalBar] | None:
    """The bar that can be drawn where the output goes, or ``None``."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if hasattr(shell, "kernel"):
        return NotebookBar
    return TerminalBar if sys.stdout.isatty() else None


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
        self.started = self.shown = self.drawn = time.monotonic()
        self.kind = kind_of_bar()
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()

    def at(self, done: float) -> None:
        """Show how much is done, in the unit of ``total``."""
        now = time.monotonic()
        if self.kind:
            if self.bar is None and now - self.started >= PATIENCE:
                self.bar = self.kind(self.what, self.total)
            if self.bar and now - self.drawn >= REDRAW:
                self.drawn = now
                self.bar.update(done)
        elif now - self.shown >= EVERY and 0 < done < self.total:
            self.shown = now
            left = (now - self.started) * (self.total - done) / done
            logging.getLogger(__name__).info(f"{self.what}: {100 * done / self.total:.0f} %, {left:.0f} s left")


def watched(items: Iterable[Item], total: int, what: str) -> Iterator[Item]:
    """Yield the items, and show how many of them are done."""
    with Meter(what, total) as meter:
        for done, item in enumerate(items, start=1):
            yield item
            meter.at(done)
