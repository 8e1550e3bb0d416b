"""Makes the plan that takes a run back, from its journal and from what is live now. Writes nothing to the API.

The plan is reviewed and applied like any other. Policy's thresholds don't count in it: it changes what its run changed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import TypeAlias

from paragon_sync import __version__
from paragon_sync.errors import ApiError, PlanFileError
from paragon_sync.model.catalog import Catalog
from paragon_sync.model.outcome import Applied, Conflict, Failed, RunHeader, effects_of, ended_well
from paragon_sync.model.planned import (
    ConfigurationSubject,
    Enablement,
    Finding,
    FindingKind,
    MetadataSubject,
    PlanHeader,
)
from paragon_sync.model.project import Policy
from paragon_sync.model.thresholds import FINDINGS
from paragon_sync.paragon.client import Client
from paragon_sync.paragon.controller import MAX_CONCURRENCY
from paragon_sync.paragon.host import normalize_host
from paragon_sync.plan.policy import check
from paragon_sync.plan.rollback.trace import Write
from paragon_sync.plan.rollback.undo import Key, Written, key_of, touched, undo_user
from paragon_sync.plan.tally import Tally
from paragon_sync.plan.user import UserPlan
from paragon_sync.run.estimate import Workload
from paragon_sync.run.failures import Failures
from paragon_sync.run.fetching import read_user
from paragon_sync.run.in_turn import InTurn
from paragon_sync.run.planning import LIFETIME
from paragon_sync.run.progress import Progress, Stage
from paragon_sync.store.journal import Entry
from paragon_sync.store.planfile import PlanWriter
from paragon_sync.store.state import StateStore

Done: TypeAlias = Mapping[str, AbstractSet[Key]]
"""What was taken back before, by user."""
Left: TypeAlias = tuple[str, Sequence[Written], AbstractSet[Key]]
"""A user, what the run wrote, and what of it was taken back before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RollingBack:
    """What the plan is made from. The ``catalog`` gives names, and may be empty; ``host`` is the environment's own."""

    store: StateStore
    run: RunHeader
    client: Client
    host: str
    catalog: Catalog
    policy: Policy
    concurrency: int | None
    now: datetime
    enablement: Enablement = "config"
    progress: Progress = field(default_factory=Progress)


async def plan_rollback(rolling: RollingBack, writer: PlanWriter) -> str:
    """Write the plan and return its digest; a user who can't be fetched is a finding.

    Where a part of the run was taken back before, the plan is about the rest. Raises :class:`PlanFileError` for a run
    of another project or host, or one that was taken back as a whole.
    """
    _check(rolling)
    earlier = rolling.store.rollbacks_of(rolling.run.run)
    tally, work, left = Tally(), Workload(), False
    rolling.progress.begin(Stage.PLANNING, lambda: tally.considered)
    async for plan in _users(rolling, _taken_back(rolling.store, earlier)):
        left = True
        tally.add(plan)
        work.add(plan)
        for operation in plan.operations:
            writer.add(operation)
        for finding in plan.findings:
            writer.add_finding(finding)
    if earlier and not left:
        raise _nothing_left(rolling.run, earlier[0])
    header = _header(rolling, tally, earlier)
    return writer.finish(replace(header, seconds_to_apply=work.seconds(rolling.client.pace)))


def _check(rolling: RollingBack) -> None:
    run = rolling.run
    if run.project != rolling.client.project:
        raise PlanFileError(
            f"run {run.run} was in {run.environment}, project {run.project}, and not in {rolling.client.project}",
            hint=f"paragon-sync rollback {run.run} -e {run.environment}",
        )
    host = normalize_host(rolling.host)
    if run.host is not None and normalize_host(run.host) != host:
        raise PlanFileError(
            f"run {run.run} was applied at host {run.host}; {run.environment} is now {host}",
            hint=f"name the host of the run in the Project file, and then: paragon-sync rollback {run.run}"
            f" -e {run.environment}",
        )


def _nothing_left(run: RunHeader, by: RunHeader) -> PlanFileError:
    hint = f"paragon-sync runs show {by.run} tells what came of it"
    if by.rolled_back_by is not None:
        hint = f"run {by.rolled_back_by} took that back in turn: paragon-sync rollback {by.rolled_back_by}"
    return PlanFileError(f"run {run.run} was taken back already, by run {by.run}", hint=hint)


def _taken_back(store: StateStore, earlier: Iterable[RunHeader]) -> Done:
    """What the earlier rollbacks of the run have given back, by user."""
    done: dict[str, set[Key]] = {}
    for rollback in earlier:
        for entry in store.entries(rollback.run, attempts=False):
            if ended_well(entry.outcome):
                done.setdefault(entry.user, set()).add(key_of(entry.subject))
    return done


async def _users(rolling: RollingBack, done: Done) -> AsyncIterator[UserPlan]:
    """The plan of each user of whom something that the run sent is left, in the order of its plan.

    Raises the :class:`ApiError` of a user where it isn't that user's alone.
    """
    failures = Failures()
    turns = InTurn(_left(rolling, done), partial(_try_one, rolling), rolling.concurrency or MAX_CONCURRENCY)
    async for (user, _, _), result in turns.results():
        if isinstance(result, ApiError):
            failures.add(result)
            finding = Finding(kind=FindingKind.NOT_FETCHED, user=user, message=result.message, hint=result.hint)
            yield UserPlan(user=user, findings=(finding,))
        else:
            failures.interrupt()
            yield result
    failures.end()


def _left(rolling: RollingBack, done: Done) -> Iterator[Left]:
    """Each user with what the run wrote, and what of it was taken back before: where that isn't all."""
    for user, entries in groupby(rolling.store.entries(rolling.run.run), key=lambda entry: entry.user):
        written = _written(entry for entry in entries if not all(attempt.refused for attempt in entry.attempts))
        taken_back: AbstractSet[Key] = done.get(user, frozenset())
        if not touched(written) <= taken_back:
            yield user, written, taken_back


async def _try_one(rolling: RollingBack, left: Left) -> UserPlan | ApiError:
    user, written, taken_back = left
    try:
        live = await read_user(
            rolling.client.user(user),
            metadata=any(isinstance(one.subject, MetadataSubject) for one in written),
            configurations=_configurations(written),
        )
    except ApiError as error:
        return error
    undone = undo_user(rolling.run.run, written, live, rolling.catalog, done=taken_back, enablement=rolling.enablement)
    return UserPlan(user=user, operations=undone.operations, findings=undone.notes)


def _written(entries: Iterable[Entry]) -> list[Written]:
    return [
        Written(
            subject=entry.subject,
            writes=tuple(Write(pre_image=a.preimage, requests=a.requests) for a in entry.attempts if not a.refused),
            managed=entry.managed,
            verified=isinstance(entry.outcome, Applied),
            side_effects=effects_of(entry.outcome)
            + (entry.outcome.switched_off if isinstance(entry.outcome, Applied) else ()),
            stored=entry.outcome.stored if isinstance(entry.outcome, Failed | Conflict) else (),
        )
        for entry in entries
    ]


def _configurations(written: Iterable[Written]) -> set[str]:
    subjects = (one.subject for one in written)
    return {s.configuration for s in subjects if isinstance(s, ConfigurationSubject) and s.configuration is not None}


def _header(rolling: RollingBack, tally: Tally, earlier: Sequence[RunHeader]) -> PlanHeader:
    run = rolling.run
    what = f"run {run.run}" if not earlier else f"what run {earlier[0].run} left of run {run.run}"
    return PlanHeader(
        environment=run.environment,
        project=run.project,
        host=normalize_host(rolling.host),
        created=rolling.now.isoformat(timespec="milliseconds"),  # two plans of one second are two
        expires=(rolling.now + LIFETIME).isoformat(timespec="seconds"),
        tool=__version__,
        manifest_digest=run.plan_digest,
        counts=tally.counts,
        refusals=tuple(r for r in check(tally.counts, rolling.policy, {}) if r.rule == FINDINGS),
        incomplete=tally.errors > 0,
        notes=(f"takes back {what}; the manifests would propose its changes again: revert them too",),
        rolls_back=run.run,
        rolls_back_after=earlier[0].run if earlier else None,
    )
