"""What of a run the renderings read, and what they all count. Knows no plan and no database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from paragon_sync.model.outcome import Outcome, OutcomeName, RunHeader
from paragon_sync.store.journal import Ending, Entry, Windows


@dataclass(frozen=True, slots=True)
class Part:
    """Some of a run's operations; ``by`` is what was asked for, by the names of the options."""

    entries: Iterable[Entry]
    by: Mapping[str, tuple[str, ...]]


class Journal(Protocol):
    """Where runs are recorded; ``store.state.StateStore`` is one."""

    def run(self, run: str) -> RunHeader: ...

    def entries(
        self,
        run: str,
        outcome: OutcomeName | None = None,
        *,
        sending: bool = False,
        attempts: bool = True,
    ) -> Iterable[Entry]: ...

    def endings(self, run: str, states: Collection[str]) -> Iterable[Ending]: ...

    def outcomes(self, run: str) -> Iterable[tuple[str, Outcome | None, int]]: ...

    def counts(self, run: str) -> Mapping[str, int]: ...

    def sent_again(self, run: str) -> int: ...

    def windows(self, run: str) -> Windows | None: ...


def operations_of(header: RunHeader, counts: Mapping[str, int]) -> int:
    """How many operations the run's plan has."""
    return sum(counts.values()) if header.operations is None else header.operations


def not_reached(header: RunHeader, counts: Mapping[str, int]) -> int:
    """How many operations of the plan the journal holds nothing of."""
    return operations_of(header, counts) - sum(counts.values())
