"""Long work prints its progress, and short work prints nothing."""

import pytest
from conftest import in_a_terminal

from embedding_tutorial import progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that advances by four seconds at each call."""
    now = iter(range(0, 10_000, 4))
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(now))


def test_the_log_tells_how_much_is_left(clock, caplog):
    caplog.set_level("INFO")
    assert list(progress.watched("abcdefghij", 10, "reading")) == list("abcdefghij")
    # The clock says 4, 8, 12 seconds …: at 12, more than ten have passed since the start.
    assert caplog.messages == [
        "reading: 30 %, 28 s left",
        "reading: 60 %, 16 s left",
        "reading: 90 %, 4 s left",
    ]


def test_short_work_prints_nothing(capsys, caplog):
    caplog.set_level("INFO")
    assert list(progress.watched("ab", 2, "reading")) == ["a", "b"]
    assert capsys.readouterr().out == "" and not caplog.messages


def test_a_terminal_shows_a_bar_that_goes_again():
    code = (
        "import time\nfrom embedding_tutorial.progress import watched\n"
        "for _ in watched(range(4), 4, 'reading a[/b].\\x1b[31mtxt'): time.sleep(0.2)\nprint('done')"
    )
    text = in_a_terminal("-c", code)
    assert text.index("\x1b[?25h") < text.index("75%")  # Ctrl-C would leave a hidden cursor hidden
    assert r"reading a[/b].\u001b[31mtxt" in text  # a name steers neither the terminal nor the bar
    assert "75%" in text and "0:00:0" in text
    assert text.rstrip().endswith("done")
