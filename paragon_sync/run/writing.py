"""Writes one user's operations, each by the same five steps: read, record, send, verify, record.

Knows no plan file and no other user.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from paragon_sync.errors import AnswerError, ApiError, HostError
from paragon_sync.model.live import LiveUser
from paragon_sync.model.outcome import Applied, Blocked, Conflict, Failed, Outcome, Unchanged, Unknown
from paragon_sync.model.planned import MetadataSubject, Operation, Request
from paragon_sync.paragon.client import UserSession
from paragon_sync.plan.rebase import Conflicting, Rewritten, Satisfied, Unwritable, rebase
from paragon_sync.plan.verify import ChangedAfter, Kept, NotKept, Vanished, compare_after, switched_off
from paragon_sync.run.fetching import operation_configurations, read_user
from paragon_sync.run.journal import Batcher
from paragon_sync.store.journal import Recorded, Sending

_SERVER_ERROR = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Where a run records; both return when the record is on disk."""

    sending: Batcher[Sending]
    outcomes: Batcher[Recorded]
    clock: Callable[[], datetime]

    def now(self) -> str:
        return self.clock().isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """How one operation ended. ``after`` is the user as read back, where something was written."""

    outcome: Outcome
    window_ms: float | None = None
    after: LiveUser | None = None


async def apply_user(session: UserSession, operations: Sequence[tuple[int, Operation]], journal: Journal) -> None:
    """Apply one user's operations in their order; what follows metadata that did not end well is blocked."""
    after_metadata: LiveUser | None = None
    blocked = False
    for number, operation in operations:
        if blocked:
            ended = _Ended(outcome=Blocked(reason="the user's metadata did not end well"))
        else:
            ended = await _apply(session, number, operation, journal, after_metadata)
        await journal.outcomes.put(
            Recorded(
                number=number,
                operation=operation,
                outcome=ended.outcome,
                at=journal.now(),
                window_ms=ended.window_ms,
            )
        )
        if isinstance(operation.subject, MetadataSubject):
            after_metadata = ended.after
            blocked = not isinstance(ended.outcome, Applied | Unchanged)


async def _apply(
    session: UserSession, number: int, operation: Operation, journal: Journal, after_metadata: LiveUser | None
) -> _Ended:
    started = time.monotonic()
    try:
        live = await _read(session, operation)
    except ApiError as error:
        return _Ended(outcome=Failed(reason=f"could not be read: {error.message}"))
    match rebase(operation, live, enabled_base=after_metadata):
        case Satisfied():
            return _Ended(outcome=Unchanged())
        case Conflicting(paths=paths):
            return _Ended(outcome=Conflict(paths=paths))
        case Unwritable(reason=reason):
            return _Ended(outcome=Blocked(reason=reason))
        case Rewritten(requests=requests, pre_image=pre_image):
            await journal.sending.put(
                Sending(number=number, operation=operation, preimage=pre_image, requests=requests, at=journal.now())
            )
            return await _write(session, operation, requests[0], live, started)
        case never:
            assert_never(never)


async def _write(
    session: UserSession, operation: Operation, request: Request, live: LiveUser, started: float
) -> _Ended:
    """Send and read back; ``started`` is when the last read was sent, by the monotonic clock."""
    doubt: ApiError | None = None
    errors: tuple[str, ...] = ()
    try:
        sent = await session.send(request)
        answered, errors = sent.answered.monotonic, sent.errors
    except ApiError as error:
        if not _may_have_been_done(error):
            return _Ended(outcome=Failed(reason=error.message))
        answered, doubt = time.monotonic(), error
    window_ms = (answered - started) * 1000
    try:
        after = await _read(session, operation)
    except ApiError as error:
        return _Ended(outcome=Unknown(reason=f"sent, but not read back: {error.message}"), window_ms=window_ms)
    outcome = _judge(operation, request, live, after, doubt)
    if isinstance(outcome, Applied):
        told = (f"the API reported: {error}" for error in errors)
        outcome = replace(outcome, notes=(*outcome.notes, *told, *_side_effects(operation, live, after)))
    return _Ended(outcome=outcome, window_ms=window_ms, after=after)


def _judge(
    operation: Operation, request: Request, before: LiveUser, after: LiveUser, doubt: ApiError | None
) -> Outcome:
    verdict = compare_after(operation, request, before, after)
    match verdict:
        case Kept(notes=notes, alarms=alarms):
            return Applied(notes=notes, alarms=alarms, resolved=doubt is not None)
        case NotKept() if doubt is not None:
            return Failed(reason=doubt.message)
        case NotKept(labels=labels):
            return Failed(reason=f"not kept by the server: {', '.join(labels)}")
        case ChangedAfter(paths=paths):
            return Conflict(paths=paths, after_write=True)
        case Vanished(reason=reason):
            return Unknown(reason=reason)
        case never:
            assert_never(never)


def _may_have_been_done(error: ApiError) -> bool:
    """No answer, an unreadable one and a server's own failure leave it open whether the write happened."""
    return isinstance(error, HostError | AnswerError) or (error.status or 0) >= _SERVER_ERROR


def _side_effects(operation: Operation, before: LiveUser, after: LiveUser) -> tuple[str, ...]:
    """Workflows that a change of metadata switched off, by the project's Workflow Permissions."""
    if not isinstance(operation.subject, MetadataSubject):
        return ()
    return tuple(f"switched off by the change of metadata: {where}" for where in switched_off(before, after))


async def _read(session: UserSession, operation: Operation) -> LiveUser:
    return await read_user(
        session,
        metadata=isinstance(operation.subject, MetadataSubject),
        configurations=operation_configurations([operation]),
    )
