"""What a whole run did, counted from its journal in bounded memory. Knows no output format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

from paragon_sync.model.outcome import Applied, RunHeader, alarms_of
from paragon_sync.model.planned import ConfigurationSubject
from paragon_sync.render.alike import TextTally
from paragon_sync.render.plan import MOST_IN_FULL
from paragon_sync.render.reasons import remarks
from paragon_sync.render.run import Journal, operations_of
from paragon_sync.store.journal import Ending, Entry, Windows

_E = TypeVar("_E", Entry, Ending)

_LONG: Final = 10.0  # seconds from which on a run has a rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How a server held a run up: how often it refused, and for how many seconds it asked not to be asked.

    ``concurrency_limit`` is the configured number of requests at once where it was what limited the run.
    """

    refusals: int
    paused: float
    concurrency_limit: int | None = None


class Told(Generic[_E]):
    """One thing that is told of a run's operations, with the first of those of which there is something to tell."""

    def __init__(self, texts: Callable[[_E], Iterable[str]], title: str = "") -> None:
        self.texts: Callable[[_E], Iterable[str]] = texts
        self.title = title
        self.number = 0
        self.first: list[_E] = []
        self.tally = TextTally[str]()
        """By integration, ``metadata`` for metadata."""

    def add(self, entry: _E) -> None:
        texts = list(self.texts(entry))
        if not texts:
            return
        self.number += 1
        if len(self.first) < MOST_IN_FULL:
            self.first.append(entry)
        subject = entry.subject
        about = subject.integration if isinstance(subject, ConfigurationSubject) else "metadata"
        self.tally.add(about, entry.user, "\n".join(texts))


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """What is counted of a whole run.

    ``enabled`` are the workflows that were enabled by writing ``config``, ``sent_again`` the operations that were sent
    more than once. ``telling`` are the states of operations of which there is more to tell than that they ended so.
    """

    enabled: int
    sent_again: int
    windows: Windows | None
    telling: frozenset[str]


def summary_of(journal: Journal, run: str) -> RunSummary:
    """Counts what is alike: nothing is read of each operation by itself."""
    enabled, telling = 0, set[str]()
    for state, outcome, times in journal.outcomes(run):
        enabled += times * outcome.enabled if isinstance(outcome, Applied) else 0
        if outcome is None or alarms_of(outcome) or remarks(outcome):
            telling.add(state)
    return RunSummary(
        enabled=enabled,
        sent_again=journal.sent_again(run),
        windows=journal.windows(run),
        telling=frozenset(telling),
    )


def taking(entries: Iterable[_E], *told: Told[_E]) -> Iterator[_E]:
    """The same entries, or endings; what is told of them is complete once all have been taken."""
    for entry in entries:
        for one in told:
            one.add(entry)
        yield entry


def rate_of(header: RunHeader, counts: Mapping[str, int]) -> tuple[float, float] | None:
    """Seconds that the run took, and operations a second; None for one that is short, unfinished or was resumed."""
    if header.finished is None or header.resumed:
        return None
    seconds = (datetime.fromisoformat(header.finished) - datetime.fromisoformat(header.started)).total_seconds()
    return (seconds, operations_of(header, counts) / seconds) if seconds >= _LONG else None
