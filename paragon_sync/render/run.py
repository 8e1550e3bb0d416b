"""What of a run the renderings read, and what they all count. Knows no database: the journal is a protocol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from paragon_sync.model.desired import WorkflowEnabled
from paragon_sync.model.outcome import OutcomeName, RunHeader
from paragon_sync.model.planned import MetadataSubject, Operation, PlanHeader
from paragon_sync.store.journal import Entry


class AppliedPlan(Protocol):
    """The plan that was applied; ``store.planfile.PlanReader`` is one."""

    @property
    def header(self) -> PlanHeader: ...

    @property
    def count(self) -> int: ...

    def numbered(self) -> Iterator[tuple[int, Operation]]: ...


class Journal(Protocol):
    """Where runs are recorded; ``store.state.StateStore`` is one."""

    def run(self, run: str) -> RunHeader: ...

    def message(self, run: str) -> str | None: ...

    def entries(self, run: str, outcome: OutcomeName | None = None) -> Iterable[Entry]: ...

    def counts(self, run: str) -> Mapping[str, int]: ...

    def longest_window(self, run: str) -> float | None: ...


def not_reached(plan: AppliedPlan, counts: Mapping[str, int]) -> int:
    """How many operations of the plan the journal holds nothing of."""
    return plan.count - sum(counts.values())


def enabled_through_config(plan: AppliedPlan, journal: Journal, run: str) -> int:
    """How many workflows the run enabled by writing ``config``, which may not have subscribed their triggers."""
    if not plan.header.counts.workflows_enabled:
        return 0
    applied = (entry.number for entry in journal.entries(run, "applied"))
    wanted, total = next(applied, None), 0
    for number, operation in plan.numbered():
        if number == wanted:
            total += _enables(operation)
            wanted = next(applied, None)
    return total


def _enables(operation: Operation) -> int:
    if isinstance(operation.subject, MetadataSubject) or operation.enablement != "config":
        return 0
    return sum(isinstance(change.target, WorkflowEnabled) and change.after is True for change in operation.changes)
