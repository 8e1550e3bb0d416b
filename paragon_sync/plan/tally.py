"""Adds up users' plans into the counts that policy and summary go by. Knows no thresholds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from paragon_sync.jsonvalue import ABSENT, equal
from paragon_sync.model.desired import WorkflowEnabled, WorkflowEntry
from paragon_sync.model.planned import Change, Counts, Effect, FindingKind, Origin, Severity
from paragon_sync.plan.policy import Hit
from paragon_sync.plan.user import UserPlan

_NOT_CONNECTED = frozenset({FindingKind.NOT_CONNECTED, FindingKind.UNKNOWN_USER})


class Tally:
    """A running sum: :meth:`add` each user's plan, then read :attr:`counts`."""

    def __init__(self) -> None:
        self._sums: Counter[str] = Counter()
        self._hits: dict[str, Hit] = {}

    def add(self, plan: UserPlan) -> None:
        self._sums["considered"] += 1
        self._sums["workflows_managed"] += plan.enabled_live
        if not (plan.operations or plan.findings or plan.ignored):  # nearly always
            self._sums["unchanged"] += 1
            return
        self._sums[_fate(plan)] += 1
        self._sums["operations"] += len(plan.operations)
        self._sums["findings"] += sum(finding.severity is Severity.ERROR for finding in plan.findings)
        kinds = {finding.kind for finding in (*plan.findings, *plan.ignored)}
        self._sums["not_connected"] += not kinds.isdisjoint(_NOT_CONNECTED)
        self._sums["protected"] += len(plan.protected)
        for protection, changes in Counter(plan.protected).items():
            self._hits[protection] = self._hits.get(protection, Hit()).more(plan.user, changes)
        for operation in plan.operations:
            self._sums["kept"] += operation.kept if operation.changes else 0
            self._sums.update(_counted(operation.changes))
        self._sums["values_overwritten"] += _lost_inside([c for one in plan.operations for c in one.changes])

    @property
    def counts(self) -> Counts:
        return Counts(**self._sums)

    @property
    def considered(self) -> int:
        """Users so far; may be asked from another thread."""
        return self._sums["considered"]

    @property
    def hits(self) -> Mapping[str, Hit]:
        """By what of the policy protects it, what would be changed all the same."""
        return self._hits

    @property
    def errors(self) -> int:
        """Findings that are errors: with any, the plan is incomplete."""
        return self._sums["findings"]


def _fate(plan: UserPlan) -> str:
    if plan.operations:
        return "changed"
    return "left_out" if plan.left_out else "unchanged"


def _counted(changes: Iterable[Change]) -> Iterable[str]:
    names = {Effect.ADD: "values_added", Effect.CHANGE: "values_changed", Effect.REMOVE: "values_removed"}
    for change in changes:
        yield names[change.effect]
        if change.origin is Origin.MOVED:
            yield "values_moved"
        elif change.origin is Origin.OVERWRITTEN:
            yield "values_overwritten"
        if enables(change):
            yield "workflows_enabled"
        elif disables(change):
            yield "workflows_disabled"


def _lost_inside(changes: Sequence[Change]) -> int:
    """What a migration takes out of values, and puts nowhere else."""
    migrated = [detail for change in changes if change.origin is Origin.MIGRATION for detail in change.details]
    gone = [detail.before for detail in migrated if detail.after is ABSENT]
    if not gone:
        return 0
    details = [detail.after for change in changes for detail in change.details]
    there = [*details, *(change.after for change in changes)]
    return sum(not any(equal(value, other) for other in there) for value in gone)


def enables(change: Change) -> bool:
    """Whether a workflow is switched on."""
    return isinstance(change.target, WorkflowEnabled) and change.after is True


def disables(change: Change) -> bool:
    """Whether an enabled workflow is switched off; one without an entry counts where the catalog would enable it."""
    match change.target:
        case WorkflowEntry():
            return isinstance(change.before, dict) and change.before.get("enabled") is True and change.after is ABSENT
        case WorkflowEnabled():
            absent_and_on = change.before is ABSENT and change.origin is not Origin.CREATED and change.after is False
            return absent_and_on or (change.before is True and change.after is not True)
        case _:
            return False
