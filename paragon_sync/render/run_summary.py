"""What a whole run did, counted in one pass over its journal and in bounded memory. Knows no output format."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Final, TypeVar

from paragon_sync.model.outcome import Applied, RunHeader
from paragon_sync.model.planned import ConfigurationSubject
from paragon_sync.render.alike import TextTally
from paragon_sync.render.plan import MOST_IN_FULL
from paragon_sync.render.run import operations_of
from paragon_sync.store.journal import Ending, Entry

_E = TypeVar("_E", Entry, Ending)

_STEPS: Final = 20  # of a logarithm to e: windows are told apart by 5 %
_LONG: Final = 10.0  # seconds from which on a run has a rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How a server held a run up: how often it refused, and for how many seconds it asked not to be asked."""

    refusals: int
    paused: float


class Told:
    """One thing that is told of a run's operations, with the first of those of which there is something to tell."""

    def __init__(self, texts: Callable[[Entry | Ending], Iterable[str]], title: str = "") -> None:
        self.texts = texts
        self.title = title
        self.number = 0
        self.first: list[Entry | Ending] = []
        self.tally = TextTally[str]()
        """By integration, ``metadata`` for metadata."""

    def add(self, entry: Entry | Ending) -> None:
        texts = list(self.texts(entry))
        if not texts:
            return
        self.number += 1
        if len(self.first) < MOST_IN_FULL:
            self.first.append(entry)
        subject = entry.subject
        about = subject.integration if isinstance(subject, ConfigurationSubject) else "metadata"
        self.tally.add(about, entry.user, "\n".join(texts))


class RunSummary:
    """Takes a run's entries, with their attempts, or endings, and counts; ``told`` are the things to tell of each."""

    def __init__(self, *told: Told) -> None:
        self.enabled = 0
        """Workflows that were enabled by writing ``config``."""
        self.sent_again = 0
        """Operations that were sent more than once."""
        self._told = told
        self._windows: Counter[int] = Counter()

    def taking(self, entries: Iterable[_E]) -> Iterator[_E]:
        """The same entries, which are taken on their way; everything is complete once all have been."""
        for entry in entries:
            self.enabled += entry.outcome.enabled if isinstance(entry.outcome, Applied) else 0
            self.sent_again += entry.tries > 1
            window = entry.window
            if window is not None:
                self._windows[round(_STEPS * math.log(max(window, 0.1)))] += 1
            for told in self._told:
                told.add(entry)
            yield entry

    @property
    def usual_window(self) -> float | None:
        """What half of the windows are no longer than, in milliseconds; None where there are few."""
        number = self._windows.total()
        if number <= MOST_IN_FULL:
            return None
        steps = sorted(self._windows)
        passed = accumulate(self._windows[step] for step in steps)
        half = next(step for step, so_far in zip(steps, passed, strict=True) if 2 * so_far >= number)
        return math.exp(half / _STEPS)


def rate_of(header: RunHeader, counts: Mapping[str, int]) -> tuple[float, float] | None:
    """Seconds that the run took, and operations a second; None for one that is short, unfinished or was resumed."""
    if header.finished is None or header.resumed:
        return None
    seconds = (datetime.fromisoformat(header.finished) - datetime.fromisoformat(header.started)).total_seconds()
    return (seconds, operations_of(header, counts) / seconds) if seconds >= _LONG else None
