"""What a plan may do without being asked again: thresholds on its counts, and how bad each finding is.

Knows numbers and their names; of users only those that a message names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from paragon_sync.model.planned import Counts, FindingKind, Refusal, Severity
from paragon_sync.model.project import Policy
from paragon_sync.model.thresholds import FINDINGS, PROTECTED, THRESHOLDS, WORKFLOWS_DISABLED, ThresholdRule

_DEFAULTS: Final = {
    FindingKind.NOT_CONNECTED: Severity.WARNING,
    FindingKind.NOT_RESTORED: Severity.WARNING,
    FindingKind.PENDING_ACCOUNT: Severity.INFO,
}

_TOLD: Final = 3  # users, as examples


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """How many changes one protection meets, and the first users of whom."""

    changes: int = 0
    users: tuple[str, ...] = ()

    def more(self, user: str, changes: int) -> Hit:
        """The same with another user's changes."""
        return Hit(changes=self.changes + changes, users=(*self.users, user)[: _TOLD + 1])


def severity(kind: FindingKind, policy: Policy) -> Severity:
    """How bad a finding is: what the policy says, else a warning for ``notConnected`` and ``notRestored``, information
    for ``pendingAccount``, and an error for every other.
    """
    return policy.findings.get(kind, _DEFAULTS.get(kind, Severity.ERROR))


def check(
    counts: Counts,
    policy: Policy,
    allowed: Mapping[str, int],
    hits: Mapping[str, Hit] | None = None,
    *,
    rules: Iterable[ThresholdRule] = THRESHOLDS,
) -> tuple[Refusal, ...]:
    """Every rule that the counts break and that no knob allows; shares count from the minimum population on.

    ``allowed`` are the numbers given with ``--allow``: a rule is content with a count up to its number. ``hits`` say
    what the ``protected`` among the counts are.
    """
    refusals = [refusal for rule in rules if (refusal := _break(rule, counts, policy, allowed)) is not None]
    if counts.protected > allowed.get(PROTECTED, 0):
        refusals.append(_protected(counts, hits or {}))
    if counts.findings > allowed.get(FINDINGS, 0):
        refusals.append(_findings(counts))
    return tuple(refusals)


def disabled_limit(counts: Counts, policy: Policy, allowed: Mapping[str, int]) -> int | None:
    """How many workflows may be disabled, whatever disables them; None where no limit applies."""
    threshold = policy.threshold(WORKFLOWS_DISABLED)
    if threshold is None:
        return None
    if threshold.share is None:
        most: int | None = threshold.number or 0
    elif counts.considered < policy.minimum_population:
        most = None
    else:
        most = int(Fraction(str(threshold.share)) * WORKFLOWS_DISABLED.population(counts))
    return None if most is None else max(most, allowed.get(WORKFLOWS_DISABLED.name, 0))


def _break(rule: ThresholdRule, counts: Counts, policy: Policy, allowed: Mapping[str, int]) -> Refusal | None:
    threshold, count = policy.threshold(rule), rule.count(counts)
    if threshold is None or count <= allowed.get(rule.name, 0):
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


def _protected(counts: Counts, hits: Mapping[str, Hit]) -> Refusal:
    knob = f"{PROTECTED}={counts.protected}"
    values = "1 protected value" if counts.protected == 1 else f"{counts.protected} protected values"
    told = ", ".join(_named(protection, hit) for protection, hit in sorted(hits.items()))
    message = f"{values} would change: {told}. To go on all the same: --allow {knob}"
    return Refusal(rule=PROTECTED, message=message, knob=knob)


def _named(protection: str, hit: Hit) -> str:
    users = ", ".join(hit.users[:_TOLD]) + (", …" if len(hit.users) > _TOLD else "")
    return f"{hit.changes} by {protection} ({users})"


def _findings(counts: Counts) -> Refusal:
    knob = f"{FINDINGS}={counts.findings}"
    errors = "1 finding is an error" if counts.findings == 1 else f"{counts.findings} findings are errors"
    users = f"{counts.left_out} user{'' if counts.left_out == 1 else 's'}"
    message = f"{errors}, and {users} left out. To go on without them: --allow {knob}"
    return Refusal(rule=FINDINGS, message=message, knob=knob)
