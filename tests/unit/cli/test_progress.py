"""Progress on stderr: drawn on a terminal, logged elsewhere, and never for what is short or for ``--quiet``."""

from __future__ import annotations

import io
import sys
import threading

import pytest

from paragon_sync.cli.beside import say
from paragon_sync.cli.progress import shown
from paragon_sync.model.outcome import Applied, Failed, Outcome
from paragon_sync.paragon.rate import Pace
from paragon_sync.run.progress import Progress, Stage


class Stream(io.StringIO):
    """Tells when something that is waited for has been written."""

    def __init__(self, wanted: str, *, terminal: bool = False) -> None:
        super().__init__()
        self._wanted = wanted
        self._terminal = terminal
        self.came = threading.Event()

    def isatty(self) -> bool:
        return self._terminal

    def write(self, text: str) -> int:
        written = super().write(text)
        if self._wanted in self.getvalue():
            self.came.set()
        return written


OUTCOMES: list[Outcome] = [Applied(), Applied(), Failed(reason="no")]


def applying() -> Progress:
    progress = Progress(pace=lambda: Pace(rate=None, refusals=2, paused=5.0))
    progress.begin_applying(total=10, already=4)
    for outcome in OUTCOMES:
        progress.ended(outcome)
    return progress


def test_a_log_gets_a_line_from_time_to_time() -> None:
    stream = Stream("held up 2 times, 5 s\n")
    with shown(applying(), quiet=False, stream=stream, every=0.001):
        assert stream.came.wait(30)
    line = stream.getvalue().splitlines()[0]
    assert line.startswith("applying: 7 of 10 operations (70 %), ")
    assert line.endswith("; 2 applied, 1 failed; held up 2 times, 5 s")


def test_a_terminal_is_drawn_on_and_left_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Stream("of 10 operations", terminal=True)
    with shown(applying(), quiet=False, stream=stream, every=0.001):
        assert stream.came.wait(30)
    assert "\x1b[?25l" in stream.getvalue()
    assert stream.getvalue().endswith("\x1b[2K") or "\x1b[?25h" in stream.getvalue()


def test_what_is_said_meanwhile_has_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Stream("of 10 operations", terminal=True)
    monkeypatch.setattr(sys, "stderr", stream)
    with shown(applying(), quiet=False, every=0.001):
        assert stream.came.wait(30)
        say("Interrupted.")
    assert "\x1b[1A\x1b[2KInterrupted.\n\x1b[1mApplying" in stream.getvalue()


def test_a_terminal_that_can_not_be_drawn_on_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Stream("applying: 7 of 10 operations", terminal=True)
    with shown(applying(), quiet=False, stream=stream, every=0.001):
        assert stream.came.wait(30)
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_what_is_short_shows_nothing(*, terminal: bool) -> None:
    stream = Stream("", terminal=terminal)
    with shown(applying(), quiet=False, stream=stream):
        pass
    assert stream.getvalue() == ""


def test_quiet_shows_nothing() -> None:
    stream = Stream("")
    with shown(applying(), quiet=True, stream=stream, every=0.0):
        assert "progress" not in {thread.name for thread in threading.enumerate()}
    assert stream.getvalue() == ""


def test_nothing_is_shown_before_something_has_begun() -> None:
    progress, stream = Progress(), Stream("loading: 3 users")
    looks = threading.Event()

    def done() -> int:
        looks.set()
        return 3

    with shown(progress, quiet=False, stream=stream, every=0.001):
        progress.begin(Stage.LOADING, done)
        assert looks.wait(30)
        assert stream.came.wait(30)
    assert {line.partition(",")[0] for line in stream.getvalue().splitlines()} == {"loading: 3 users"}


def test_each_stage_counts_anew() -> None:
    progress = Progress(clock=lambda: 7.0)
    assert progress.standing() is None
    progress.begin(Stage.CATALOG)
    standing = progress.standing()
    assert standing is not None
    assert (standing.stage, standing.began, standing.done, standing.total) == (Stage.CATALOG, 7.0, 0, None)
    progress.begin_loading(lambda: {"user": 2, "row": 5})
    standing = progress.standing()
    assert standing is not None
    assert (standing.done, standing.parts) == (7, {"user": 2, "row": 5})
    progress.begin(Stage.PLANNING, lambda: 12, total=20)
    standing = progress.standing()
    assert standing is not None
    assert (standing.stage.noun, standing.done, standing.total, standing.outcomes) == ("user", 12, 20, {})
    assert standing.parts == {}
