"""Applies a plan: for each user in turn reads again, compares, records, writes, reads back and records the outcome.

Never two writes of one user at once, and metadata first. Knows how requests are sent only through the client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from paragon_sync.errors import PlanFileError, RefusedByPolicy
from paragon_sync.model.outcome import RunHeader
from paragon_sync.model.planned import Operation, PlanHeader
from paragon_sync.paragon.client import Client
from paragon_sync.run.journal import Batcher
from paragon_sync.run.writing import Journal, apply_user
from paragon_sync.store.journal import Recorded, Sending, new_run_id
from paragon_sync.store.planfile import PlanReader
from paragon_sync.store.state import StateStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Applying:
    """Everything that a run needs but its plan. ``clock`` gives the time in UTC; ``allowed`` are knobs turned now."""

    client: Client
    store: StateStore
    environment: str
    actor: str
    concurrency: int
    clock: Callable[[], datetime]
    allowed: Mapping[str, int] = field(default_factory=dict)


async def apply_plan(reader: PlanReader, applying: Applying) -> str:
    """Apply every operation that has no outcome yet, and return the run's id.

    Raises :class:`PlanFileError` for a plan of another environment, an expired or an already applied one, and
    :class:`RefusedByPolicy` for one that policy refuses. Nothing is sent then.
    """
    header = reader.header
    _check_environment(header, applying)
    check_allowed(header, applying.allowed)
    run, done = _begin(reader, applying)
    store = applying.store
    journal = Journal(
        sending=Batcher[Sending](lambda batch: store.sending(run, batch)),
        outcomes=Batcher[Recorded](lambda batch: store.record(run, batch)),
        clock=applying.clock,
    )
    limit = asyncio.Semaphore(applying.concurrency * 2)

    async def one(user: str, operations: list[tuple[int, Operation]]) -> None:
        try:
            await apply_user(applying.client.user(user), operations, journal)
        finally:
            limit.release()

    async with asyncio.TaskGroup() as users:
        for user, operations in _by_user(reader, done):
            await limit.acquire()
            users.create_task(one(user, operations))
    if _is_finished(store, run, reader.count):
        store.finish(run, _time(applying))
    return run


def check_allowed(header: PlanHeader, allowed: Mapping[str, int]) -> None:
    """Refuse a plan that breaks a rule, unless a knob turned now covers the plan's own number."""
    open_refusals = [
        refusal for refusal in header.refusals if allowed.get(refusal.rule, -1) < int(refusal.knob.rpartition("=")[2])
    ]
    if open_refusals:
        messages = "\n".join(f"  {refusal.message}" for refusal in open_refusals)
        raise RefusedByPolicy(
            f"the plan is refused by policy, and nothing was applied:\n{messages}",
            hint="to go on all the same: " + " ".join(f"--allow {refusal.knob}" for refusal in open_refusals),
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


def _begin(reader: PlanReader, applying: Applying) -> tuple[str, frozenset[int]]:
    """The run to record in, and the operations that have their outcome already."""
    now, store = applying.clock(), applying.store
    earlier = store.runs_of(reader.digest)
    for run in earlier:
        if run.finished is not None:
            raise PlanFileError(
                f"this plan was applied already: run {run.run}, by {run.actor}, finished {run.finished}",
                hint="a plan is applied once; make a new one to see what is left",
            )
    if earlier:
        return earlier[0].run, frozenset(e.number for e in store.entries(earlier[0].run) if not e.is_open)
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
        allowed={name: str(number) for name, number in applying.allowed.items()},
    )
    store.begin(header)
    return header.run, frozenset()


def _by_user(reader: PlanReader, done: frozenset[int]) -> Iterator[tuple[str, list[tuple[int, Operation]]]]:
    numbered = (item for item in reader.numbered() if item[0] not in done)
    for user, operations in groupby(numbered, key=lambda item: item[1].user):
        yield user, list(operations)


def _is_finished(store: StateStore, run: str, operations: int) -> bool:
    """Whether every operation has an outcome other than ``unknown``."""
    counts = store.counts(run)
    return sum(counts.values()) == operations and not counts.get("unknown") and not counts.get("sending")


def _time(applying: Applying) -> str:
    return applying.clock().isoformat(timespec="seconds")
