"""What of a run the renderings read, and what they all count. Knows no plan and no database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Protocol

from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.model.outcome import Applied, OutcomeName, RunHeader
from paragon_sync.model.planned import PatchConfig
from paragon_sync.store.journal import Entry

_WORKFLOW_MAPS: Final = ("configuredWorkflows", "workflowSettings")


class Journal(Protocol):
    """Where runs are recorded; ``store.state.StateStore`` is one."""

    def run(self, run: str) -> RunHeader: ...

    def entries(
        self, run: str, outcome: OutcomeName | None = None, *, sending: bool = False, attempts: bool = True
    ) -> Iterable[Entry]: ...

    def counts(self, run: str) -> Mapping[str, int]: ...

    def longest_window(self, run: str) -> float | None: ...


def operations_of(header: RunHeader, counts: Mapping[str, int]) -> int:
    """How many operations the run's plan has."""
    return sum(counts.values()) if header.operations is None else header.operations


def not_reached(header: RunHeader, counts: Mapping[str, int]) -> int:
    """How many operations of the plan the journal holds nothing of."""
    return operations_of(header, counts) - sum(counts.values())


def window_of(entry: Entry) -> float | None:
    """The longest time between reading and the answer of a write, in milliseconds; None where nothing was sent."""
    return max((ms for attempt in entry.attempts if (ms := attempt.window.ms) is not None), default=None)


class EnabledThroughConfig:
    """Counts the workflows that were enabled by writing ``config``, which may not have subscribed their triggers."""

    def __init__(self) -> None:
        self.total = 0

    def counting(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """The same entries, with their attempts; ``total`` is complete when all have been taken."""
        for entry in entries:
            self.total += _newly_enabled(entry)
            yield entry


def _newly_enabled(entry: Entry) -> int:
    if not (isinstance(entry.outcome, Applied) and entry.attempts):
        return 0
    before = _enabled(entry.attempts[0].preimage)
    after: set[str] = set()
    for request in entry.attempts[-1].requests:
        if isinstance(request, PatchConfig):
            after |= _enabled(request.config)
    return len(after - before)


def _enabled(config: JsonObject) -> set[str]:
    """The ids of the workflows that a configuration enables, under whichever name it keeps them."""
    maps: list[Json] = [config.get(name) for name in _WORKFLOW_MAPS]
    return {
        workflow
        for entries in maps
        if isinstance(entries, dict)
        for workflow, entry in entries.items()
        if isinstance(entry, dict) and entry.get("enabled") is True
    }
