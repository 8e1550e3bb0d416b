"""Writes one user's operations, each by the same five steps: read, record, send, verify, record.

A write that failed in a way that may pass is tried again from the first step, never blindly. Knows no plan file and no
other user.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Final, Literal, TypeAlias, assert_never

from paragon_sync.errors import ApiError
from paragon_sync.jsonvalue import JsonObject, equal
from paragon_sync.model.desired import WorkflowEnabled
from paragon_sync.model.live import LiveUser
from paragon_sync.model.outcome import (
    Applied,
    Blocked,
    Conflict,
    ConflictingPath,
    Failed,
    Outcome,
    SideEffect,
    Unchanged,
    Unknown,
)
from paragon_sync.model.planned import ConfigurationSubject, MetadataSubject, Operation
from paragon_sync.paragon.client import UserSession
from paragon_sync.paragon.retry import RetryPolicy
from paragon_sync.plan.rebase import Conflicting, Rewritten, Satisfied, Unwritable, live_shape, rebase
from paragon_sync.plan.shape import Shape
from paragon_sync.plan.verify import ChangedAfter, Kept, NotKept, Vanished, Verified, compare_after, side_effects
from paragon_sync.run.fetching import operation_configurations, read_user
from paragon_sync.run.journal import Batcher
from paragon_sync.run.stopping import Stop
from paragon_sync.store.journal import Recorded, Sending

OnConflict: TypeAlias = Literal["skip", "fail", "overwrite"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Where a run records; both return when the record is on disk."""

    sending: Batcher[Sending]
    outcomes: Batcher[Recorded]
    clock: Callable[[], datetime]

    def now(self) -> str:
        return self.clock().isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What all users of a run share. ``ended`` has the operations that had ended before, each with whether it did well.

    ``in_doubt`` are those that were sent before, and nobody knows how that ended.
    """

    journal: Journal
    stop: Stop
    retry: RetryPolicy
    on_conflict: OnConflict = "skip"
    ended: Mapping[int, bool] = field(default_factory=dict)
    in_doubt: Collection[int] = ()
    watch: Callable[[Outcome], None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class _User:
    """What the operations of one user share.

    ``follows_metadata``: the user's metadata was written by this run, and may have switched workflows;
    ``after_metadata`` is how the user was read back then, where that wasn't before an interruption.
    """

    session: UserSession
    writing: Writing
    managed: frozenset[tuple[str, str | None, str]]
    follows_metadata: bool = False
    after_metadata: LiveUser | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """A write that was sent: how the user was before it, what was to come of it, and how long it took.

    ``window_ms`` runs from sending the last read to the answer. ``error`` is what it ended with; it may have been done
    all the same, or in part.
    """

    before: LiveUser
    payload: JsonObject
    window_ms: float
    overwritten: tuple[ConflictingPath, ...] = ()
    told: tuple[str, ...] = ()
    error: ApiError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Again:
    """The steps may be gone through again. ``sent`` is the last write of which nobody knows whether it was done."""

    error: ApiError
    sent: _Sent | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """How one operation ended. ``after`` is the user as read back, where something was written."""

    outcome: Outcome
    window_ms: float | None = None
    after: LiveUser | None = None


_BLOCKED: Final = _Ended(outcome=Blocked(reason="the user's metadata did not end well"))


async def apply_user(session: UserSession, operations: Sequence[tuple[int, Operation]], writing: Writing) -> None:
    """Apply one user's operations in their order; what follows metadata that did not end well is blocked.

    Begins no further operation once the run is to stop: such have no outcome.
    """
    user = _User(session=session, writing=writing, managed=_managed_enablements(operations))
    blocked = False
    for number, operation in operations:
        if number in writing.ended:
            well = writing.ended[number]
        elif writing.stop.reason is not None:
            return
        else:
            result = _BLOCKED if blocked else await _apply(user, number, operation)
            if result is None:
                return
            await writing.journal.outcomes.put(_recorded(number, operation, result, writing.journal.now()))
            writing.watch(result.outcome)
            well = isinstance(result.outcome, Applied | Unchanged)
            user = replace(user, after_metadata=result.after or user.after_metadata)
        if isinstance(operation.subject, MetadataSubject):
            blocked = not well
            user = replace(user, follows_metadata=well)


async def _apply(user: _User, number: int, operation: Operation) -> _Ended | None:
    """Try until it has ended, or the patience has; None where the run stopped before anything was known."""
    writing = user.writing
    sent: _Sent | None = None
    attempt, renewed = 1, False
    while True:
        step = await _attempt(user, number, operation, sent)
        if isinstance(step, _Ended):
            return step
        sent = step.sent
        if step.error.status == HTTPStatus.UNAUTHORIZED and not renewed:
            renewed = True  # the session has dropped its token: once more, with a new one
            continue
        delay = writing.retry.delay(attempt, step.error, random.random())  # noqa: S311 - spreads waits, hides nothing
        if delay is None:
            return await _settle(user, operation, step)
        if await writing.stop.wait(delay):
            return None
        attempt += 1


async def _attempt(user: _User, number: int, operation: Operation, earlier: _Sent | None) -> _Ended | _Again:
    """The five steps once. ``earlier`` is the last write of which nobody knows whether it was done."""
    started = time.monotonic()
    try:
        live = await _read(user.session, operation)
    except ApiError as error:
        if earlier is not None or number in user.writing.in_doubt:
            return _Ended(outcome=Unknown(reason=f"sent, but not read back: {error.message}"))
        return _Ended(outcome=Failed(reason=f"could not be read: {error.message}"))
    enabled_base = (user.after_metadata or live) if user.follows_metadata else None
    overwrite = user.writing.on_conflict == "overwrite"
    match rebase(operation, live, enabled_base=enabled_base, on_conflict="overwrite" if overwrite else "skip"):
        case Satisfied():
            return _satisfied(user, number, operation, live, earlier)
        case Conflicting(paths=paths):
            return _Ended(outcome=Conflict(paths=paths))
        case Unwritable(reason=reason):
            return _Ended(outcome=Blocked(reason=reason))
        case Rewritten() as rewritten:
            await user.writing.journal.sending.put(_sending(number, operation, rewritten, user.writing.journal.now()))
            sent = await _send(user.session, rewritten, live, started)
            return await _after(user, operation, sent, earlier)
        case never:
            assert_never(never)


async def _send(session: UserSession, rewritten: Rewritten, live: LiveUser, started: float) -> _Sent | ApiError:
    """Send every request in turn; an error alone where surely nothing was done."""
    told: list[str] = []
    answered, failure, done = started, None, False
    for request in rewritten.requests:
        try:
            answer = await session.send(request)
        except ApiError as error:
            if not (done or error.maybe_done):
                return error
            answered, failure = time.monotonic(), error
            break
        done = True
        answered = answer.answered.monotonic
        told += (f"the API reported: {error}" for error in answer.errors)
    return _Sent(
        before=live,
        payload=rewritten.payload,
        window_ms=(answered - started) * 1000,
        overwritten=rewritten.overwritten,
        told=tuple(told),
        error=failure,
    )


async def _after(user: _User, operation: Operation, sent: _Sent | ApiError, earlier: _Sent | None) -> _Ended | _Again:
    """What follows a write: reading back, or another attempt, or the end."""
    if isinstance(sent, _Sent):
        if sent.error is None:
            return await _verify(user, operation, sent)
        again = _Again(error=sent.error, sent=sent)
    else:
        again = _Again(error=sent, sent=earlier)
    if again.error.transient or again.error.status == HTTPStatus.UNAUTHORIZED:
        return again
    return await _settle(user, operation, again)


async def _settle(user: _User, operation: Operation, last: _Again) -> _Ended:
    """The end of all attempts: reading back tells what is so, if a write may have been done."""
    if last.sent is None:
        return _Ended(outcome=Failed(reason=last.error.message))
    return await _verify(user, operation, last.sent)


async def _verify(user: _User, operation: Operation, sent: _Sent) -> _Ended:
    try:
        after = await _read(user.session, operation)
    except ApiError as error:
        reason = f"sent, but not read back: {error.message}"
        return _Ended(outcome=Unknown(reason=reason), window_ms=sent.window_ms)
    verdict = compare_after(operation, sent.payload, sent.before, after)
    return _Ended(
        outcome=_noted(_judge(verdict, sent), user, operation, sent, after), window_ms=sent.window_ms, after=after
    )


def _satisfied(user: _User, number: int, operation: Operation, live: LiveUser, earlier: _Sent | None) -> _Ended:
    """Nothing is left to write: because it was so, or because an attempt of which nobody knew had been done."""
    if earlier is None:
        resolved = number in user.writing.in_doubt
        return _Ended(outcome=Applied(resolved=True) if resolved else Unchanged(), after=live if resolved else None)
    verdict = compare_after(operation, earlier.payload, earlier.before, live)
    found = verdict if isinstance(verdict, Kept) else Kept()
    outcome = _noted(_judge(found, earlier), user, operation, earlier, live)
    return _Ended(outcome=outcome, window_ms=earlier.window_ms, after=live)


def _judge(verdict: Verified, sent: _Sent) -> Outcome:
    match verdict:
        case Kept(notes=notes, alarms=alarms):
            return Applied(notes=notes, alarms=alarms, resolved=sent.error is not None, overwritten=sent.overwritten)
        case NotKept() if sent.error is not None:
            return Failed(reason=sent.error.message)
        case NotKept(labels=labels):
            return Failed(reason="; ".join([f"not kept by the server: {', '.join(labels)}", *sent.told]))
        case ChangedAfter(paths=paths):
            return Conflict(paths=paths, after_write=True)
        case Vanished(reason=reason):
            return Unknown(reason=reason)
        case never:
            assert_never(never)


def _noted(outcome: Outcome, user: _User, operation: Operation, sent: _Sent, after: LiveUser) -> Outcome:
    """The outcome with what else there is to tell, where it was applied."""
    if not isinstance(outcome, Applied):
        return outcome
    effects: tuple[SideEffect, ...] = ()
    asserted: tuple[str, ...] = ()
    if isinstance(operation.subject, MetadataSubject):
        found = side_effects(sent.before, after)
        effects = tuple(e for e in found if (e.credential, e.configuration, e.workflow) not in user.managed)
    elif user.follows_metadata:
        asserted = tuple(_asserted_again(operation, sent.before))
    return replace(outcome, notes=(*outcome.notes, *sent.told, *asserted), side_effects=effects)


def _asserted_again(operation: Operation, live: LiveUser) -> Iterator[str]:
    """Managed enablements that were as planned until the metadata was changed."""
    shape = live_shape(operation.subject, live)
    if not isinstance(shape, Shape):
        return
    for managed in operation.managed:
        was_so = isinstance(managed.target, WorkflowEnabled) and equal(managed.base, managed.desired)
        if was_so and not equal(shape.read(managed.target), managed.desired):
            yield f"set again after the change of metadata: {managed.label}"


def _managed_enablements(operations: Iterable[tuple[int, Operation]]) -> frozenset[tuple[str, str | None, str]]:
    """What a change of metadata may switch off and the same run sets again: credential, configuration, workflow."""
    return frozenset(
        (operation.subject.credential, operation.subject.configuration, managed.target.workflow)
        for _, operation in operations
        if isinstance(operation.subject, ConfigurationSubject)
        for managed in operation.managed
        if isinstance(managed.target, WorkflowEnabled)
    )


def _sending(number: int, operation: Operation, rewritten: Rewritten, at: str) -> Sending:
    return Sending(number=number, operation=operation, preimage=rewritten.pre_image, requests=rewritten.requests, at=at)


def _recorded(number: int, operation: Operation, ended: _Ended, at: str) -> Recorded:
    return Recorded(number=number, operation=operation, outcome=ended.outcome, at=at, window_ms=ended.window_ms)


async def _read(session: UserSession, operation: Operation) -> LiveUser:
    return await read_user(
        session,
        metadata=isinstance(operation.subject, MetadataSubject),
        configurations=operation_configurations([operation]),
    )
