"""Shows progress on stderr: drawn on a terminal, a line every 30 seconds elsewhere, nothing for what is short.

A thread of its own looks at the numbers, so the work neither waits for it nor knows of it. Knows no command. Rich is
loaded once there is something to show.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, TextIO

from paragon_sync.run.progress import Progress, Stage, Standing

if TYPE_CHECKING:
    from paragon_sync.render.progress import Reached

_SHORT: Final = 1.0  # seconds; what takes no longer shows nothing
_REDRAWN: Final = 0.2  # seconds between two looks on a terminal
_LOGGED: Final = 30.0  # seconds between two lines of a log


@contextmanager
def shown(
    progress: Progress, *, quiet: bool, stream: TextIO | None = None, every: float | None = None
) -> Iterator[None]:
    """Show progress on ``stream`` (stderr) as long as the context lasts; ``every`` is the time between two looks."""
    if quiet:
        yield
        return
    out, ended = stream or sys.stderr, threading.Event()
    draws = out.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}
    show, looks = (_draw, every or _REDRAWN) if draws else (_log, every or _LOGGED)
    thread = threading.Thread(target=show, args=(progress, out, ended, looks), name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class _Look:
    """Looks at the numbers from time to time, and knows by that how fast they grow."""

    def __init__(self, progress: Progress) -> None:
        from paragon_sync.render.progress import Meter

        self._progress = progress
        self._meter = Meter()
        self._stage: tuple[Stage, float] | None = None

    def __call__(self) -> Reached | None:
        standing = self._progress.standing()
        if standing is None:
            return None
        if self._stage != (standing.stage, standing.began):
            self._stage = standing.stage, standing.began
            self._meter.restart(standing.began, standing.already)
        return _reached(standing, self._meter.rate(self._progress.clock(), standing.done))


def _reached(standing: Standing, rate: float | None) -> Reached:
    from paragon_sync.render.progress import Reached

    pace = standing.pace
    return Reached(
        title=standing.stage.title,
        noun=standing.stage.noun,
        done=standing.done,
        parts=standing.parts,
        total=standing.total,
        rate=rate if standing.stage.noun else None,
        outcomes=standing.outcomes,
        refusals=0 if pace is None else pace.refusals,
        paused=0.0 if pace is None else pace.paused,
    )


def _draw(progress: Progress, out: TextIO, ended: threading.Event, every: float) -> None:
    if ended.wait(min(_SHORT, 5 * every)):
        return
    from rich.console import Console
    from rich.live import Live

    from paragon_sync.render.progress import progress_block

    look, console = _Look(progress), Console(file=out, highlight=False, markup=False, emoji=False)
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            reached = look()
            if reached is not None:
                live.update(progress_block(reached), refresh=True)
            if ended.wait(every):
                return


def _log(progress: Progress, out: TextIO, ended: threading.Event, every: float) -> None:
    look: _Look | None = None
    while not ended.wait(every):
        from paragon_sync.render.progress import progress_line

        look = look or _Look(progress)
        reached = look()
        if reached is not None:
            out.write(progress_line(reached) + "\n")
            out.flush()
