"""Applies a plan: its users side by side, each user's operations in turn, and what stops the run before its end.

Never two writes of one user at once, and metadata first. Knows how requests are sent only through the client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Final

from paragon_sync.model.outcome import Outcome
from paragon_sync.model.planned import Operation
from paragon_sync.model.project import Policy
from paragon_sync.paragon.client import Client
from paragon_sync.run.apply.admission import Applicant, admit
from paragon_sync.run.apply.journal import Batcher
from paragon_sync.run.apply.stopping import Breaker, Limits, Stop
from paragon_sync.run.apply.writing import Journal, OnConflict, Writing, apply_user
from paragon_sync.run.progress import Progress
from paragon_sync.store.journal import Recorded, Sending
from paragon_sync.store.planfile import PlanReader
from paragon_sync.store.state import StateStore

GRACE: Final = 10.0
"""Seconds that operations under way get to end once the run is to stop."""
_WAITING: Final = 48  # users who wait for a record: what more of them have in memory is not at the processor's hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Applying:
    """Everything that a run needs but its plan.

    ``clock`` gives the time in UTC; ``begun`` is told the run's id. ``canary`` ends the run after so many users.
    ``states`` tells how each operation stands, also where the journal can't be read any more. ``progress`` is told of
    every outcome.
    """

    client: Client
    store: StateStore
    applicant: Applicant
    concurrency: int
    clock: Callable[[], datetime]
    begun: Callable[[str], None]
    stop: Stop = field(default_factory=Stop)
    limits: Limits = field(default_factory=Limits)
    policy: Policy = field(default_factory=Policy)
    on_conflict: OnConflict = "skip"
    canary: int | None = None
    states: MutableMapping[int, str] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)


async def apply_plan(reader: PlanReader, applying: Applying) -> None:
    """Apply every operation that has no outcome yet; ``applying.begun`` is told the run's id before any is sent.

    Raises as :func:`admit` does, before anything is sent. Where ``applying.stop`` was asked, some operations have no
    outcome, and the record says why.
    """
    admitted = admit(reader, applying.store, applying.applicant, applying.clock(), applying.policy)
    applying.begun(admitted.run)
    applying.states.update(admitted.states)
    store, stop = applying.store, applying.stop
    records = Batcher[Sending | Recorded](lambda batch: store.keep(admitted.run, batch))
    journal = Journal(records=records, clock=applying.clock, states=applying.states)
    limits = replace(applying.limits, switched_off=admitted.most_disabled)
    breaker = Breaker(stop, limits, switched_off=admitted.disabled + admitted.switched_off)
    applying.progress.begin_applying(total=reader.count, already=len(admitted.ended))
    to_do = reader.count - len(admitted.ended)
    await applying.client.expect(to_do if applying.canary is None else applying.canary)

    def watch(outcome: Outcome) -> None:
        applying.progress.ended(outcome)
        breaker.watch(outcome)

    writing = Writing(
        journal=journal,
        stop=stop,
        retry=applying.client.retrying.policy,
        on_conflict=applying.on_conflict,
        ended=admitted.ended,
        in_doubt=admitted.in_doubt,
        switched=admitted.switched,
        watch=watch,
    )
    try:
        left = await _apply_users(reader, applying, writing)
    finally:
        await records.drain()  # an interrupted run too has its outcomes on disk
    records.check()
    if _is_finished(store, admitted.run, reader.count):
        store.finish(admitted.run, applying.clock().isoformat(timespec="seconds"))
    elif stop.reason is not None:
        store.stop(admitted.run, stop.reason)
    elif left:
        users = "1 user" if applying.canary == 1 else f"{applying.canary} users"
        store.stop(admitted.run, f"stopped after {users} (--canary); applying the plan again goes on")


async def _apply_users(reader: PlanReader, applying: Applying, writing: Writing) -> bool:
    """Apply user by user until the end, the canary or a stop; tells whether the canary left any.

    Each of a few workers takes one user after the other.
    """
    users = enumerate(_by_user(reader, writing.ended))
    left = False

    async def work() -> None:
        nonlocal left
        for number, (user, operations) in users:
            left = left or (applying.canary is not None and number >= applying.canary)
            if left or writing.stop.reason is not None:
                return
            await apply_user(applying.client.user(user), operations, writing)

    running = {asyncio.create_task(work()) for _ in range(_in_hand(applying.concurrency))}
    try:
        await _ending(running, writing.stop)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    return left


def _in_hand(concurrency: int) -> int:
    """How many users are at work: while one has a request under way, another one waits for its record."""
    return concurrency + min(concurrency, _WAITING)


async def _ending(running: set[asyncio.Task[None]], stop: Stop) -> None:
    """Wait for the users under way; raises what the first of them raised. Once the run is to stop, not for long."""
    stopped = asyncio.create_task(stop.wait())
    try:
        while running and not stopped.done():
            await asyncio.wait({*running, stopped}, return_when=asyncio.FIRST_COMPLETED)
            running = _still_running(running)
        if running:
            await asyncio.wait(running, timeout=GRACE)
            _still_running(running)
    finally:
        stopped.cancel()


def _still_running(tasks: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Those that have not ended; raises what one of the others raised."""
    for task in tasks:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise error
    return {task for task in tasks if not task.done()}


def _by_user(reader: PlanReader, ended: Mapping[int, bool]) -> Iterator[tuple[str, list[tuple[int, Operation]]]]:
    """Each user of whom something is left to do, with all operations: what is done may matter to what follows."""
    for user, grouped in groupby(reader.to_run(), key=lambda item: item[1].user):
        operations = list(grouped)
        if any(number not in ended for number, _ in operations):
            yield user, operations


def _is_finished(store: StateStore, run: str, operations: int) -> bool:
    """Whether every operation has an outcome other than ``unknown``."""
    counts = store.counts(run)
    return sum(counts.values()) == operations and not counts.get("unknown") and not counts.get("sending")
