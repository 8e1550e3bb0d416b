"""The table of policy thresholds: how much a plan may do before a person has to allow it.

An entry of :data:`THRESHOLDS` is all that a threshold takes. The parser and the JSON Schema of the Project file,
``--allow``, the check of plans, their header and the documentation are made from it. After a change ``make docs``
writes schema and documentation again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from paragon_sync.model.planned import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A number, or a share of a population (0.3 is 30 %); exactly one of the two is set."""

    number: int | None = None
    share: float | None = None

    def __str__(self) -> str:
        return str(self.number) if self.share is None else f"{self.share * 100:g}%"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdRule:
    """One threshold. ``name`` is its key under ``policy`` and what ``--allow`` takes.

    ``count`` is what it limits, ``population`` what a share is of; ``what`` and ``of`` name them in a refusal, after
    their numbers. ``title`` and ``description`` are for the JSON Schema, where ``note`` follows the default. Without a
    ``default`` any number is fine.
    """

    name: str
    title: str
    description: str
    count: Callable[[Counts], int]
    population: Callable[[Counts], int]
    what: str
    of: str
    note: str = ""
    default: Threshold | None = None


def count_lost_values(counts: Counts) -> int:
    """Count the values that are nowhere afterwards: a renamed or moved one counts only where it replaces another."""
    return counts.values_removed - counts.values_moved + counts.values_overwritten


WORKFLOWS_DISABLED: Final = ThresholdRule(
    name="workflowsDisabled",
    title="Workflows disabled",
    description="At most so many workflows, or such a share of those enabled, are disabled.",
    default=Threshold(share=0.05),
    count=lambda counts: counts.workflows_disabled,
    population=lambda counts: counts.workflows_managed,
    what="workflows would be disabled",
    of="enabled now",
)
"""Counted while a run applies a plan, too: changes of metadata disable workflows that no plan can foresee."""

THRESHOLDS: Final = (
    ThresholdRule(
        name="usersChanged",
        title="Users changed",
        description="At most so many users, or such a share of them, are changed.",
        default=Threshold(share=0.3),
        count=lambda counts: counts.changed,
        population=lambda counts: counts.considered,
        what="users would change",
        of="considered",
    ),
    ThresholdRule(
        name="valuesRemoved",
        title="Values removed",
        description="At most so many values are removed.",
        note="A value that a migration renames or moves does not count, one that it overwrites does.",
        default=Threshold(number=10),
        count=count_lost_values,
        population=lambda counts: count_lost_values(counts) + counts.kept,
        what="values would be removed",
        of="unmanaged or removed",
    ),
    WORKFLOWS_DISABLED,
    ThresholdRule(
        name="usersNotConnected",
        title="Users not connected",
        description=(
            "At most so many users, or such a share of them, lack an account for an integration that is declared for"
            " them."
        ),
        count=lambda counts: counts.not_connected,
        population=lambda counts: counts.considered,
        what="users are not connected",
        of="considered",
    ),
)

PROTECTED: Final = "protected"
FINDINGS: Final = "findings"


def knobs_of(rules: tuple[ThresholdRule, ...]) -> tuple[str, ...]:
    """Return every name that ``--allow NAME=N`` takes."""
    return (*(rule.name for rule in rules), PROTECTED, FINDINGS)


KNOBS: Final = knobs_of(THRESHOLDS)
