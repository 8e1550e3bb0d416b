"""Gathers what decides each value of one user. Knows no rule itself: the planner tells, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from paragon_sync.errors import ParagonSyncError
from paragon_sync.manifest.source import locate_all
from paragon_sync.model.decision import Contender, Decision
from paragon_sync.model.declared import Place, Position
from paragon_sync.model.planned import Finding
from paragon_sync.run.desired.loading import Desired
from paragon_sync.run.desired.whose import Whose
from paragon_sync.run.planning import Planning, plan_one


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The decisions about one user, the findings, and where every place that they name is."""

    user: str
    decisions: tuple[Decision, ...]
    findings: tuple[Finding, ...]
    positions: dict[Place, Position]


async def explain_user(desired: Desired, planning: Planning, user: str) -> Explained:
    """Fetch and plan this one user.

    Raises :class:`ParagonSyncError` where no document is about the user, :class:`ApiError` where it can't be fetched.
    """
    if not desired.staging.documents(user):
        raise ParagonSyncError(f"no document is about user {user}", hint="the id counts to the letter")
    plan = await plan_one(desired, planning, user)
    contenders = (contender for decision in plan.decisions for contender in (decision.winner, *decision.losers))
    whose = Whose(desired.documents_of(user))
    positions = _positions([*_places(contenders), *(f.place for f in plan.findings if f.place is not None)], whose)
    findings = tuple(replace(f, position=positions[f.place]) if f.place else f for f in plan.findings)
    return Explained(user=user, decisions=plan.decisions, findings=findings, positions=positions)


def _places(contenders: Iterable[Contender]) -> list[Place]:
    return [contender.place for contender in contenders if contender.place is not None]


def _positions(places: Iterable[Place], whose: Whose) -> dict[Place, Position]:
    unique = list(dict.fromkeys(places))
    return dict(zip(unique, locate_all(map(whose.place, unique)), strict=True))
