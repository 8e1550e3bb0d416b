"""What a plan may do without being asked again: thresholds on its counts, and how bad each finding is.

Knows numbers and their names; nothing of single users.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from paragon_sync.model.planned import Counts, FindingKind, Refusal, Severity
from paragon_sync.model.project import Policy, Threshold

_DEFAULTS: Final = {
    FindingKind.NOT_CONNECTED: Severity.WARNING,
    FindingKind.NOT_RESTORED: Severity.WARNING,
    FindingKind.PENDING_ACCOUNT: Severity.INFO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """One threshold: its ``name`` is both the key under ``policy`` and the knob of ``--allow``."""

    name: str
    threshold: Callable[[Policy], Threshold]
    count: Callable[[Counts], int]
    population: Callable[[Counts], int]
    what: str
    of: str


_RULES: Final = (
    _Rule(
        name="usersChanged",
        threshold=lambda policy: policy.users_changed,
        count=lambda counts: counts.changed,
        population=lambda counts: counts.considered,
        what="users would change",
        of="considered",
    ),
    _Rule(
        name="valuesRemoved",
        threshold=lambda policy: policy.values_removed,
        count=lambda counts: counts.values_removed,
        population=lambda counts: counts.values_removed + counts.kept,
        what="values would be removed",
        of="unmanaged or removed",
    ),
    _Rule(
        name="workflowsDisabled",
        threshold=lambda policy: policy.workflows_disabled,
        count=lambda counts: counts.workflows_disabled,
        population=lambda counts: counts.workflows_managed,
        what="workflows would be disabled",
        of="enabled now",
    ),
)
FINDINGS: Final = "findings"
KNOBS: Final = (*(rule.name for rule in _RULES), FINDINGS)
"""Every name that ``--allow NAME=N`` takes."""


def severity(kind: FindingKind, policy: Policy) -> Severity:
    """How bad a finding is: what the policy says, else a warning for ``notConnected`` and ``notRestored``, information
    for ``pendingAccount``, and an error for every other.
    """
    return policy.findings.get(kind, _DEFAULTS.get(kind, Severity.ERROR))


def check(counts: Counts, policy: Policy, allowed: Mapping[str, int]) -> tuple[Refusal, ...]:
    """Every rule that the counts break and that no knob allows; shares count from the minimum population on.

    ``allowed`` are the numbers given with ``--allow``: a rule is content with a count up to its number.
    """
    refusals = [refusal for rule in _RULES if (refusal := _break(rule, counts, policy, allowed)) is not None]
    if counts.findings > allowed.get(FINDINGS, 0):
        refusals.append(_findings(counts))
    return tuple(refusals)


def disabled_limit(counts: Counts, policy: Policy, allowed: Mapping[str, int]) -> int | None:
    """How many workflows may be disabled, whatever disables them; None where no limit applies."""
    threshold = policy.workflows_disabled
    if threshold.share is None:
        most: int | None = threshold.number or 0
    elif counts.considered < policy.minimum_population:
        most = None
    else:
        most = int(Fraction(str(threshold.share)) * counts.workflows_managed)
    return None if most is None else max(most, allowed.get("workflowsDisabled", 0))


def _break(rule: _Rule, counts: Counts, policy: Policy, allowed: Mapping[str, int]) -> Refusal | None:
    threshold, count = rule.threshold(policy), rule.count(counts)
    if count <= allowed.get(rule.name, 0):
        return None
    if threshold.share is None:
        if count <= (threshold.number or 0):
            return None
        limit = str(threshold)
        found = f"{count} {rule.what}"
    else:
        population = rule.population(counts)
        # by the share's decimal text: 0.29 * 100 is less than 29
        if counts.considered < policy.minimum_population or count <= Fraction(str(threshold.share)) * population:
            return None
        limit = f"{threshold} of those {rule.of}"
        found = f"{count} of {population} {rule.what}"
    knob = f"{rule.name}={count}"
    message = f"{found}; policy {rule.name} allows {limit}. To go on all the same: --allow {knob}"
    return Refusal(rule=rule.name, message=message, knob=knob)


def _findings(counts: Counts) -> Refusal:
    knob = f"{FINDINGS}={counts.findings}"
    errors = "1 finding is an error" if counts.findings == 1 else f"{counts.findings} findings are errors"
    users = f"{counts.left_out} user{'' if counts.left_out == 1 else 's'}"
    message = f"{errors}, and {users} left out. To go on without them: --allow {knob}"
    return Refusal(rule=FINDINGS, message=message, knob=knob)
