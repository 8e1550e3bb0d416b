"""Writes one user's operations, each by the same five steps: read, record, send, verify, record.

Knows no plan file and no other user.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Final, assert_never

from paragon_sync.errors import AnswerError, ApiError, HostError, RefusedError
from paragon_sync.jsonvalue import equal
from paragon_sync.model.desired import WorkflowEnabled
from paragon_sync.model.live import LiveUser
from paragon_sync.model.outcome import Applied, Blocked, Conflict, Failed, Outcome, Unchanged, Unknown
from paragon_sync.model.planned import MetadataSubject, Operation, Request
from paragon_sync.paragon.client import UserSession
from paragon_sync.plan.rebase import Conflicting, Rewritten, Satisfied, Unwritable, live_shape, rebase
from paragon_sync.plan.shape import Shape
from paragon_sync.plan.verify import ChangedAfter, Kept, NotKept, Vanished, Verified, compare_after, switched_off
from paragon_sync.run.fetching import operation_configurations, read_user
from paragon_sync.run.journal import Batcher
from paragon_sync.store.journal import Recorded, Sending


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


_BLOCKED: Final = _Ended(outcome=Blocked(reason="the user's metadata did not end well"))


async def apply_user(
    session: UserSession, operations: Sequence[tuple[int, Operation]], journal: Journal, ended: Mapping[int, bool]
) -> None:
    """Apply one user's operations in their order; what follows metadata that did not end well is blocked.

    ``ended`` has the operations that were ended when the run was started before, each with whether it ended well.
    """
    work = _Work(session=session, journal=journal)
    blocked = False
    for number, operation in operations:
        if number in ended:
            well = ended[number]
        else:
            result = _BLOCKED if blocked else await _apply(work, number, operation)
            await journal.outcomes.put(_recorded(number, operation, result, journal.now()))
            well = isinstance(result.outcome, Applied | Unchanged)
            work = replace(work, after_metadata=result.after or work.after_metadata)
        if isinstance(operation.subject, MetadataSubject):
            blocked = not well
            work = replace(work, follows_metadata=well)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What all operations of one user share.

    ``follows_metadata``: the user's metadata was written by this run, and may have switched workflows;
    ``after_metadata`` is how the user was read back then, where that wasn't before an interruption.
    """

    session: UserSession
    journal: Journal
    follows_metadata: bool = False
    after_metadata: LiveUser | None = None


async def _apply(work: _Work, number: int, operation: Operation) -> _Ended:
    try:
        return await _attempt(work, number, operation)
    except RefusedError:  # the token was not accepted: once more from the first step, with a new one
        pass
    try:
        return await _attempt(work, number, operation)
    except RefusedError as error:
        return _Ended(outcome=Failed(reason=error.message))


async def _attempt(work: _Work, number: int, operation: Operation) -> _Ended:
    """The five steps once; raises :class:`RefusedError` where the write's token was not accepted."""
    started = time.monotonic()
    try:
        live = await _read(work.session, operation)
    except ApiError as error:
        return _Ended(outcome=Failed(reason=f"could not be read: {error.message}"))
    enabled_base = (work.after_metadata or live) if work.follows_metadata else None
    match rebase(operation, live, enabled_base=enabled_base):
        case Satisfied():
            return _Ended(outcome=Unchanged())
        case Conflicting(paths=paths):
            return _Ended(outcome=Conflict(paths=paths))
        case Unwritable(reason=reason):
            return _Ended(outcome=Blocked(reason=reason))
        case Rewritten(requests=requests, pre_image=pre_image):
            sending = Sending(
                number=number, operation=operation, preimage=pre_image, requests=requests, at=work.journal.now()
            )
            await work.journal.sending.put(sending)
            ended = await _write(work.session, operation, requests[0], live, started)
            return _noted(ended, _asserted_again(operation, live)) if work.follows_metadata else ended
        case never:
            assert_never(never)


def _asserted_again(operation: Operation, live: LiveUser) -> Iterator[str]:
    """Managed enablements that were as planned until the metadata was changed."""
    shape = live_shape(operation.subject, live)
    if not isinstance(shape, Shape):
        return
    for managed in operation.managed:
        was_so = isinstance(managed.target, WorkflowEnabled) and equal(managed.base, managed.desired)
        if was_so and not equal(shape.read(managed.target), managed.desired):
            yield f"set again after the change of metadata: {managed.label}"


def _noted(ended: _Ended, notes: Iterable[str]) -> _Ended:
    outcome = ended.outcome
    if not isinstance(outcome, Applied):
        return ended
    return replace(ended, outcome=replace(outcome, notes=(*outcome.notes, *notes)))


def _recorded(number: int, operation: Operation, ended: _Ended, at: str) -> Recorded:
    return Recorded(number=number, operation=operation, outcome=ended.outcome, at=at, window_ms=ended.window_ms)


async def _write(
    session: UserSession, operation: Operation, request: Request, live: LiveUser, started: float
) -> _Ended:
    """Send and read back; ``started`` is when the last read was sent, by the monotonic clock.

    Raises :class:`RefusedError` where the token was not accepted: nothing was written then.
    """
    doubt: ApiError | None = None
    errors: tuple[str, ...] = ()
    try:
        sent = await session.send(request)
        answered, errors = sent.answered.monotonic, sent.errors
    except ApiError as error:
        if error.status == HTTPStatus.UNAUTHORIZED:
            raise
        if not _may_have_been_done(error):
            return _Ended(outcome=Failed(reason=error.message))
        answered, doubt = time.monotonic(), error
    window_ms = (answered - started) * 1000
    try:
        after = await _read(session, operation)
    except ApiError as error:
        return _Ended(outcome=Unknown(reason=f"sent, but not read back: {error.message}"), window_ms=window_ms)
    outcome = _judge(compare_after(operation, request, live, after), doubt, errors)
    ended = _Ended(outcome=outcome, window_ms=window_ms, after=after)
    return _noted(ended, [*_reported(errors), *_side_effects(operation, live, after)])


def _judge(verdict: Verified, doubt: ApiError | None, errors: Sequence[str]) -> Outcome:
    match verdict:
        case Kept(notes=notes, alarms=alarms):
            return Applied(notes=notes, alarms=alarms, resolved=doubt is not None)
        case NotKept() if doubt is not None:
            return Failed(reason=doubt.message)
        case NotKept(labels=labels):
            return Failed(reason="; ".join([f"not kept by the server: {', '.join(labels)}", *_reported(errors)]))
        case ChangedAfter(paths=paths):
            return Conflict(paths=paths, after_write=True)
        case Vanished(reason=reason):
            return Unknown(reason=reason)
        case never:
            assert_never(never)


def _reported(errors: Iterable[str]) -> Iterator[str]:
    return (f"the API reported: {error}" for error in errors)


def _may_have_been_done(error: ApiError) -> bool:
    """No answer, an unreadable one and a server's own failure leave it open whether the write happened."""
    return isinstance(error, HostError | AnswerError) or (error.status or 0) >= HTTPStatus.INTERNAL_SERVER_ERROR


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
