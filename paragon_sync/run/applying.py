"""Applies a plan: for each user in turn reads again, compares, records, writes, reads back and records the outcome.

Never two writes of one user at once, and metadata first. Knows how requests are sent only through the client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from paragon_sync.errors import PlanFileError, RefusedByPolicy
from paragon_sync.model.outcome import Applied, Resumption, RunHeader, Unchanged
from paragon_sync.model.planned import Operation, PlanHeader
from paragon_sync.paragon.client import Client
from paragon_sync.run.journal import Batcher
from paragon_sync.run.writing import Journal, apply_user
from paragon_sync.store.journal import Recorded, Sending, new_run_id
from paragon_sync.store.planfile import PlanReader
from paragon_sync.store.state import StateStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Applying:
    """Everything that a run needs but its plan.

    ``clock`` gives the time in UTC; ``begun`` is told the run's id; ``allowed`` are knobs turned now. ``message`` and
    ``ci_url`` are for the record.
    """

    client: Client
    store: StateStore
    environment: str
    actor: str
    concurrency: int
    clock: Callable[[], datetime]
    begun: Callable[[str], None]
    allowed: Mapping[str, int] = field(default_factory=dict)
    message: str | None = None
    ci_url: str | None = None


async def apply_plan(reader: PlanReader, applying: Applying) -> None:
    """Apply every operation that has no outcome yet; ``applying.begun`` is told the run's id before any is sent.

    Raises :class:`PlanFileError` for a plan of another environment, an expired or an already applied one, and
    :class:`RefusedByPolicy` for one that policy refuses. Nothing is sent then, and no run has begun.
    """
    _check_environment(reader.header, applying)
    check_allowed(reader.header, applying.allowed)
    run, ended = _begin(reader, applying)
    applying.begun(run)
    store = applying.store
    journal = Journal(
        sending=Batcher[Sending](lambda batch: store.sending(run, batch)),
        outcomes=Batcher[Recorded](lambda batch: store.record(run, batch)),
        clock=applying.clock,
    )
    try:
        await _apply_users(reader, applying, journal, ended)
    finally:
        await journal.outcomes.drain()  # an interrupted run too has its outcomes on disk
    if _is_finished(store, run, reader.count):
        store.finish(run, _time(applying))


async def _apply_users(reader: PlanReader, applying: Applying, journal: Journal, ended: Mapping[int, bool]) -> None:
    limit = asyncio.Semaphore(applying.concurrency * 2)

    async def one(user: str, operations: Sequence[tuple[int, Operation]]) -> None:
        try:
            await apply_user(applying.client.user(user), operations, journal, ended)
        finally:
            limit.release()

    async with asyncio.TaskGroup() as users:
        for user, operations in _by_user(reader, ended):
            await limit.acquire()
            users.create_task(one(user, operations))


def check_allowed(header: PlanHeader, allowed: Mapping[str, int]) -> None:
    """Refuse a plan that breaks a rule, unless a knob turned now covers the plan's own number."""
    open_refusals = [
        refusal for refusal in header.refusals if allowed.get(refusal.rule, -1) < int(refusal.knob.rpartition("=")[2])
    ]
    if open_refusals:
        messages = "\n".join(f"  {refusal.message}" for refusal in open_refusals)
        knobs = " ".join(f"--allow {refusal.knob}" for refusal in open_refusals)
        raise RefusedByPolicy(
            f"the plan is refused by policy, and nothing was applied:\n{messages}",
            hint=f"to go on all the same: {knobs}" if len(open_refusals) > 1 else None,
        )


def _check_environment(header: PlanHeader, applying: Applying) -> None:
    if header.environment != applying.environment:
        raise PlanFileError(
            f"the plan is for {header.environment}, not for {applying.environment}",
            hint=f"paragon-sync apply FILE -e {header.environment}",
        )
    if header.project != applying.client.project:
        raise PlanFileError(
            f"the plan is for project {header.project}; {header.environment} is now {applying.client.project}",
            hint="make the plan again",
        )


def _begin(reader: PlanReader, applying: Applying) -> tuple[str, Mapping[int, bool]]:
    """The run to record in, and the operations that have their outcome already, with whether they ended well."""
    now, store = applying.clock(), applying.store
    earlier = store.runs_of(reader.digest)
    for run in earlier:
        if run.finished is not None:
            raise PlanFileError(
                f"this plan was applied already: run {run.run}, by {run.actor}, finished {run.finished}",
                hint="a plan is applied once; make a new one to see what is left",
            )
    allowed = {name: str(number) for name, number in applying.allowed.items()}
    if earlier:
        resumption = Resumption(
            actor=applying.actor, at=_time(applying), allowed=allowed, message=applying.message, ci_url=applying.ci_url
        )
        store.resume(earlier[0].run, resumption)
        entries = (entry for entry in store.entries(earlier[0].run) if not entry.is_open)
        return earlier[0].run, {e.number: isinstance(e.outcome, Applied | Unchanged) for e in entries}
    if datetime.fromisoformat(reader.header.expires) <= now:
        raise PlanFileError(
            f"the plan expired at {reader.header.expires}",
            hint="live state may have moved on since; make the plan again",
        )
    header = RunHeader(
        run=new_run_id(now),
        plan_digest=reader.digest,
        environment=reader.header.environment,
        project=reader.header.project,
        actor=applying.actor,
        started=_time(applying),
        allowed=allowed,
        message=applying.message,
        ci_url=applying.ci_url,
        operations=reader.count,
    )
    store.begin(header)
    return header.run, {}


def _by_user(reader: PlanReader, ended: Mapping[int, bool]) -> Iterator[tuple[str, list[tuple[int, Operation]]]]:
    """Each user of whom something is left to do, with all operations: what is done may matter to what follows."""
    for user, grouped in groupby(reader.numbered(), key=lambda item: item[1].user):
        operations = list(grouped)
        if any(number not in ended for number, _ in operations):
            yield user, operations


def _is_finished(store: StateStore, run: str, operations: int) -> bool:
    """Whether every operation has an outcome other than ``unknown``."""
    counts = store.counts(run)
    return sum(counts.values()) == operations and not counts.get("unknown") and not counts.get("sending")


def _time(applying: Applying) -> str:
    return applying.clock().isoformat(timespec="seconds")
