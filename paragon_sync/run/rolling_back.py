"""Makes the plan that takes a run back, from its journal and from what is live now. Writes nothing to the API.

The plan is reviewed and applied like any other. Policy's thresholds don't count in it: it changes what its run changed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from paragon_sync import __version__
from paragon_sync.errors import ApiError, HostError, PlanFileError
from paragon_sync.model.catalog import Catalog
from paragon_sync.model.outcome import Applied, RunHeader, effects_of
from paragon_sync.model.planned import (
    ConfigurationSubject,
    Enablement,
    Finding,
    FindingKind,
    MetadataSubject,
    PlanHeader,
)
from paragon_sync.model.project import Policy
from paragon_sync.paragon.client import Client
from paragon_sync.plan.policy import FINDINGS, check
from paragon_sync.plan.tally import Tally
from paragon_sync.plan.trace import Write
from paragon_sync.plan.undo import Written, undo_user
from paragon_sync.plan.user import UserPlan
from paragon_sync.run.fetching import read_user
from paragon_sync.run.planning import LIFETIME
from paragon_sync.store.journal import Entry
from paragon_sync.store.planfile import PlanWriter
from paragon_sync.store.state import StateStore


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingBack:
    """What the plan is made from. The ``catalog`` gives names, and may be empty."""

    store: StateStore
    run: RunHeader
    client: Client
    catalog: Catalog
    policy: Policy
    concurrency: int
    now: datetime
    enablement: Enablement = "config"


async def plan_rollback(rolling: RollingBack, writer: PlanWriter) -> str:
    """Write the plan and return its digest; a user who can't be fetched is a finding.

    Raises :class:`PlanFileError` for a run of another project, or one that was taken back already.
    """
    _check(rolling)
    tally = Tally()
    async for plan in _users(rolling):
        tally.add(plan)
        for operation in plan.operations:
            writer.add(operation)
        for finding in plan.findings:
            writer.add_finding(finding)
    return writer.finish(_header(rolling, tally))


def _check(rolling: RollingBack) -> None:
    run = rolling.run
    if run.project != rolling.client.project:
        raise PlanFileError(
            f"run {run.run} was in {run.environment}, project {run.project}, and not in {rolling.client.project}",
            hint=f"paragon-sync rollback {run.run} -e {run.environment}",
        )
    if run.rolled_back_by is not None:
        raise PlanFileError(
            f"run {run.run} was taken back already, by run {run.rolled_back_by}",
            hint=f"paragon-sync runs show {run.rolled_back_by} tells what came of it",
        )


async def _users(rolling: RollingBack) -> AsyncIterator[UserPlan]:
    """The plan of each user to whom the run sent something, in the order of its plan."""
    pending: deque[asyncio.Task[UserPlan]] = deque()
    grouped = groupby(rolling.store.entries(rolling.run.run), key=lambda entry: entry.user)
    try:
        for user, entries in grouped:
            sent = [entry for entry in entries if entry.attempts]
            if sent:
                pending.append(asyncio.create_task(_user(rolling, user, sent)))
            while len(pending) >= rolling.concurrency * 4:
                yield await pending.popleft()
        while pending:
            yield await pending.popleft()
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


async def _user(rolling: RollingBack, user: str, entries: Sequence[Entry]) -> UserPlan:
    try:
        live = await read_user(
            rolling.client.user(user),
            metadata=any(isinstance(entry.subject, MetadataSubject) for entry in entries),
            configurations=_configurations(entries),
        )
    except HostError:
        raise
    except ApiError as error:
        finding = Finding(kind=FindingKind.NOT_FETCHED, user=user, message=error.message, hint=error.hint)
        return UserPlan(user=user, findings=(finding,))
    undone = undo_user(rolling.run.run, _written(entries), live, rolling.catalog, enablement=rolling.enablement)
    return UserPlan(user=user, operations=undone.operations, findings=undone.notes)


def _written(entries: Iterable[Entry]) -> list[Written]:
    return [
        Written(
            subject=entry.subject,
            writes=tuple(Write(pre_image=a.preimage, requests=a.requests) for a in entry.attempts),
            managed=entry.managed,
            verified=isinstance(entry.outcome, Applied),
            side_effects=effects_of(entry.outcome)
            + (entry.outcome.switched_off if isinstance(entry.outcome, Applied) else ()),
        )
        for entry in entries
    ]


def _configurations(entries: Iterable[Entry]) -> set[str]:
    subjects = (entry.subject for entry in entries)
    return {s.configuration for s in subjects if isinstance(s, ConfigurationSubject) and s.configuration is not None}


def _header(rolling: RollingBack, tally: Tally) -> PlanHeader:
    run = rolling.run
    return PlanHeader(
        environment=run.environment,
        project=run.project,
        host=rolling.client.base,
        created=rolling.now.isoformat(timespec="seconds"),
        expires=(rolling.now + LIFETIME).isoformat(timespec="seconds"),
        tool=__version__,
        manifest_digest=run.plan_digest,
        counts=tally.counts,
        refusals=tuple(r for r in check(tally.counts, rolling.policy, {}) if r.rule == FINDINGS),
        incomplete=tally.errors > 0,
        notes=(f"takes back run {run.run}; the manifests would propose its changes again: revert them too",),
        rolls_back=run.run,
    )
