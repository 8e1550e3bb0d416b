"""Applies a plan: its users side by side, each user's operations in turn, and what stops the run before its end.

Never two writes of one user at once, and metadata first. Knows how requests are sent only through the client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Final

from paragon_sync.errors import EXIT_OUTCOMES, LockLostError, StateError
from paragon_sync.model.outcome import Outcome
from paragon_sync.model.planned import Operation
from paragon_sync.model.project import READ_BACK_SECONDS, Policy
from paragon_sync.paragon.client import Client
from paragon_sync.paragon.controller import MAX_CONCURRENCY
from paragon_sync.run.apply.admission import Applicant, admit
from paragon_sync.run.apply.gate import MAX_READ_AGE_SECONDS, FenceMonitor, RunBlocking
from paragon_sync.run.apply.journal import Batcher
from paragon_sync.run.apply.stopping import Breaker, Limits, Stop
from paragon_sync.run.apply.workers import Workers
from paragon_sync.run.apply.writing import Journal, OnConflict, Writing, apply_user
from paragon_sync.run.progress import Progress
from paragon_sync.store.journal import JournalRecord, Recorded, Sending, Withdrawn, new_run_id
from paragon_sync.store.planfile import PlanReader
from paragon_sync.store.state import StateStore

GRACE: Final = 10.0
"""Seconds that operations under way get to end once the run is to stop."""
_WATCH_SECONDS: Final = 1.0
_WAITING: Final = 48  # users who wait for a record: what more of them have in memory is not at the processor's hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Applying:
    """Everything that a run needs but its plan.

    ``clock`` gives the time in UTC; ``begun`` is called with the run's id. ``canary`` ends the run after so many users.
    ``states`` receives the state of each operation, also where the journal can't be read any more. ``progress``
    receives every outcome. ``read_back`` are the seconds before each repeated read-back of a write that was answered
    well and isn't visible yet. ``max_age`` is the greatest age of a read, in seconds, when a write leaves.
    ``run_blocking`` runs what waits for the state store; ``make_run_id`` makes the id of a new run from the time.
    """

    client: Client
    store: StateStore
    applicant: Applicant
    concurrency: int | None
    clock: Callable[[], datetime]
    begun: Callable[[str], None]
    stop: Stop = field(default_factory=Stop)
    limits: Limits = field(default_factory=Limits)
    policy: Policy = field(default_factory=Policy)
    on_conflict: OnConflict = "skip"
    canary: int | None = None
    states: MutableMapping[int, str] = field(default_factory=dict)
    progress: Progress = field(default_factory=Progress)
    read_back: Sequence[float] = READ_BACK_SECONDS
    max_age: float = MAX_READ_AGE_SECONDS
    run_blocking: RunBlocking = asyncio.to_thread
    make_run_id: Callable[[datetime], str] = new_run_id


async def apply_plan(reader: PlanReader, applying: Applying) -> None:
    """Apply every operation that has no outcome yet; ``applying.begun`` is called before any request is sent.

    Raises as :func:`admit` does, before anything is sent, and :class:`LockLostError` once another process has taken
    the lock. Where ``applying.stop`` was asked, some operations have no outcome, and the record says why.
    """
    store, stop, client = applying.store, applying.stop, applying.client
    admitted = admit(
        reader, store, applying.applicant, applying.clock(), applying.policy, make_run_id=applying.make_run_id
    )
    applying.begun(admitted.run)
    applying.states.update(admitted.states)
    fence = FenceMonitor(store.check_fence, client.clock, applying.run_blocking)

    on_the_wire: set[int] = set()

    def write(batch: Sequence[JournalRecord]) -> None:
        store.keep(admitted.run, batch)
        fence.confirm()
        for record in batch:
            if isinstance(record, Sending):
                on_the_wire.add(record.number)
            elif isinstance(record, Recorded | Withdrawn):
                on_the_wire.discard(record.number)

    records = Batcher[JournalRecord](write, applying.run_blocking)
    journal = Journal(records=records, clock=applying.clock, states=applying.states)
    limits = replace(applying.limits, switched_off=admitted.most_disabled)
    breaker = Breaker(stop, limits, switched_off=admitted.disabled + admitted.switched_off)
    applying.progress.begin_applying(total=reader.count, already=len(admitted.ended))
    to_do = reader.count - len(admitted.ended)
    await client.expect(to_do if applying.canary is None else applying.canary)

    def watch(outcome: Outcome) -> None:
        applying.progress.ended(outcome)
        breaker.watch(outcome)

    writing = Writing(
        journal=journal,
        stop=stop,
        fence=fence,
        read_back=tuple(applying.read_back),
        max_age=applying.max_age,
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
    try:
        records.check()
    except LockLostError as error:
        fence.lose(error)
    if fence.lost is not None:
        raise _lock_lost(fence.lost, len(on_the_wire))
    if _is_finished(store, admitted.run, reader.count):
        store.finish(admitted.run, applying.clock().isoformat(timespec="seconds"))
    elif stop.reason is not None:
        store.stop(admitted.run, stop.reason)
    elif left:
        users = "1 user" if applying.canary == 1 else f"{applying.canary} users"
        store.stop(admitted.run, f"stopped after {users} (--canary); applying the plan again goes on")


def _lock_lost(lost: LockLostError, sent: int) -> LockLostError:
    """Return the error for a run that lost its lock while so many operations were recorded as being sent."""
    wire = f"{sent:,} operations that were on the wire stay" if sent != 1 else "1 operation that was on the wire stays"
    return LockLostError(
        f"{lost.message}; nothing more was sent or recorded" + (f", and {wire} 'sending'" if sent else ""),
        hint=lost.hint,
    )


async def _apply_users(reader: PlanReader, applying: Applying, writing: Writing) -> bool:
    """Apply user by user until the end, the canary or a stop; return whether the canary left any."""
    users = enumerate(_by_user(reader, writing.ended))
    left = False

    async def work() -> bool:
        nonlocal left
        if left or writing.stop.reason is not None or (taken := next(users, None)) is None:
            return False
        number, (user, operations) = taken
        left = applying.canary is not None and number >= applying.canary
        if left:
            return False
        try:
            await apply_user(applying.client.user(user), operations, writing, workers)
        except LockLostError as error:
            writing.fence.lose(error)
            writing.stop.ask(error.message, EXIT_OUTCOMES)
        return True

    workers = Workers(_in_hand(applying.concurrency or MAX_CONCURRENCY), work, writing.stop)
    watch = asyncio.create_task(_watch_lock(writing))
    try:
        await workers.run(GRACE)
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
    return left


async def _watch_lock(writing: Writing) -> None:
    """Stop the run soon after the lock is lost, also while every request waits for its answer."""
    while writing.fence.lost is None:
        await asyncio.sleep(_WATCH_SECONDS)
        with suppress(StateError):  # a store that fails is reported by the next record
            await writing.fence.ensure()
    writing.stop.ask(writing.fence.lost.message, EXIT_OUTCOMES)


def _in_hand(concurrency: int) -> int:
    """How many users are at work: while one has a request under way, another one waits for its record."""
    return concurrency + min(concurrency, _WAITING)


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
