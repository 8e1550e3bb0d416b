"""Writes one user's operations, each by the same five steps: read, record, send, verify, record.

A write that failed in a way that may pass is tried again from the first step, never blindly. Knows no plan file and no
other user.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Literal, TypeAlias, assert_never

from paragon_sync.errors import ApiError
from paragon_sync.model.live import LiveUser
from paragon_sync.model.moment import Moment, Window
from paragon_sync.model.outcome import Blocked, Failed, Outcome, SideEffect, Unknown, ended_well
from paragon_sync.model.planned import ConfigurationSubject, MetadataSubject, Operation
from paragon_sync.paragon.client import UserSession
from paragon_sync.paragon.retry import RetryPolicy
from paragon_sync.plan.rebase import AsPlanned, Conflicting, Enabled, Rewritten, Satisfied, ToSend, Unwritable, rebase
from paragon_sync.plan.verify import enabled_workflows
from paragon_sync.run.apply import judging
from paragon_sync.run.apply.journal import Batcher
from paragon_sync.run.apply.judging import Context, InDoubt, Written
from paragon_sync.run.apply.stopping import Stop
from paragon_sync.run.fetching import read_user
from paragon_sync.store.journal import SENDING, Recorded, Sending, name_of

OnConflict: TypeAlias = Literal["skip", "fail", "overwrite"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Where a run records what it is about to send, and how that ended.

    ``states`` is how each operation stands by what this process knows, recorded or not: its outcome, or ``sending``.
    """

    records: Batcher[Sending | Recorded]
    clock: Callable[[], datetime]
    states: MutableMapping[int, str] = field(default_factory=dict)

    def now(self) -> str:
        return self.clock().isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What all users of a run share. ``ended`` has the operations that had ended before, each with whether it did well.

    ``switched`` are the workflows that a change of metadata had switched before, by its operation.
    ``in_doubt`` are those that were sent before, and nobody knows how that ended.
    """

    journal: Journal
    stop: Stop
    retry: RetryPolicy
    on_conflict: OnConflict = "skip"
    ended: Mapping[int, bool] = field(default_factory=dict)
    switched: Mapping[int, frozenset[Enabled]] = field(default_factory=dict)
    in_doubt: Mapping[int, InDoubt] = field(default_factory=dict)
    watch: Callable[[Outcome], None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class _User:
    """What the operations of one user share.

    ``follows_metadata``: the user's metadata was written by this run; ``switched`` are the workflows that it switched.
    """

    session: UserSession
    writing: Writing
    managed: frozenset[Enabled]
    follows_metadata: bool = False
    switched: frozenset[Enabled] = frozenset()


@dataclass(slots=True, kw_only=True)
class _Course:
    """How one operation has gone until now.

    ``written`` is the last write that may have been done; ``attempts`` is how many times it was about to be sent.
    """

    number: int
    operation: Operation
    written: Written | None = None
    attempts: int = 0
    windows: list[Window] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """How one operation ended. ``switched`` are the workflows that a change of metadata has switched."""

    outcome: Outcome
    switched: frozenset[Enabled] = frozenset()


async def apply_user(session: UserSession, operations: Sequence[tuple[int, Operation]], writing: Writing) -> None:
    """Apply one user's operations in their order; what follows metadata that did not end well is blocked.

    Begins no further operation once the run is to stop: such have no outcome.
    """
    has_metadata = any(isinstance(operation.subject, MetadataSubject) for _, operation in operations)
    managed = judging.managed_enablements(one for _, one in operations) if has_metadata else frozenset[Enabled]()
    user = _User(session=session, writing=writing, managed=managed)
    blocked = False
    for number, operation in operations:
        switched = writing.switched.get(number, frozenset())
        if number in writing.ended:
            well = writing.ended[number]
        elif writing.stop.reason is not None:
            return
        else:
            course = _course(number, operation, writing.in_doubt.get(number))
            result = _BLOCKED if blocked else await _apply(user, course)
            if result is None:
                return
            writing.journal.states[number] = name_of(result.outcome)
            writing.journal.records.add(_recorded(course, result.outcome))
            writing.watch(result.outcome)
            well = ended_well(result.outcome)
            switched = result.switched
        if isinstance(operation.subject, MetadataSubject):
            blocked = not well
            user = replace(user, follows_metadata=well, switched=switched)


def _course(number: int, operation: Operation, left: InDoubt | None) -> _Course:
    if left is None:
        return _Course(number=number, operation=operation)
    return _Course(number=number, operation=operation, written=left.written, attempts=left.attempts)


_BLOCKED = _Ended(outcome=Blocked(reason="the user's metadata did not end well"))


async def _apply(user: _User, course: _Course) -> _Ended | None:
    """Try until it has ended, or the patience has; None where the run stopped before anything was known."""
    writing, began = user.writing, time.monotonic()
    attempt, renewed = 1, False
    while True:
        step = await _attempt(user, course)
        if step is None or isinstance(step, _Ended):
            return step
        if step.status == HTTPStatus.UNAUTHORIZED and not renewed:
            renewed = True  # the session has dropped its token: once more, with a new one
            continue
        spent = time.monotonic() - began
        delay = writing.retry.delay(attempt, step, random.random(), spent)  # noqa: S311 - spreads waits, hides nothing
        if delay is None:
            return await _settle(user, course, step)
        if await writing.stop.wait(delay):
            return None
        attempt += 1


async def _attempt(user: _User, course: _Course) -> _Ended | ApiError | None:
    """The five steps once; the error of a write that did not end well, which may be tried again.

    None where the run is to stop: what was read is not written any more.
    """
    operation = course.operation
    try:
        live = await _read(user.session, operation)
    except ApiError as error:
        if course.written is not None:
            return _Ended(outcome=Unknown(reason=f"sent, but not read back: {error.message}"))
        return _Ended(outcome=Failed(reason=f"could not be read: {error.message}"))
    overwrite = user.writing.on_conflict == "overwrite"
    match rebase(operation, live, switched=user.switched, on_conflict="overwrite" if overwrite else "skip"):
        case Satisfied():
            outcome = judging.satisfied(operation, course.written, live, _context(user))
            return _Ended(outcome=outcome, switched=_switched(course, live))
        case Conflicting(paths=paths):
            return _Ended(outcome=judging.conflicting(operation, paths, course.written, live))
        case Unwritable(reason=reason):
            return _Ended(outcome=judging.unwritable(operation, reason, course.written, live, _context(user)))
        case AsPlanned() | Rewritten() if user.writing.stop.reason is not None:
            return None
        case AsPlanned() | Rewritten() as to_send:
            asked, on = live.asked or user.session.now, _enabled(operation, live)
            del live  # it need not be there until the answers come
            sent = await _send(user, course, to_send, asked, on)
            return await _verify(user, course, sent) if isinstance(sent, Written) else sent
        case never:
            assert_never(never)


async def _send(
    user: _User, course: _Course, to_send: ToSend, opened: Moment, enabled: tuple[SideEffect, ...]
) -> Written | ApiError:
    """Record, and send every request in turn; the error at which that ended, if it did."""
    session, operation = user.session, course.operation
    closed = opened
    course.attempts += 1
    await user.writing.journal.records.put(
        Sending(
            number=course.number,
            attempt=course.attempts,
            operation=operation,
            own=None if isinstance(to_send, AsPlanned) else (to_send.pre_image, to_send.requests),
            at=user.writing.journal.now(),
            opened=opened,
            enabled=enabled,
        )
    )
    user.writing.journal.states[course.number] = SENDING
    told: list[str] = []
    failure, done = None, False
    for request in to_send.requests:
        try:
            answer = await session.send(request)
        except ApiError as error:
            failure, closed = error, session.now
            break
        done, closed = True, answer.answered
        told += (f"the API reported: {error}" for error in answer.errors)
    course.windows.append(Window(opened=opened, closed=closed))
    if failure is not None and not (done or failure.maybe_done):
        return failure
    earlier = course.written
    course.written = Written(
        sent=to_send,
        first=to_send if earlier is None else earlier.first,
        enabled=enabled if earlier is None else earlier.enabled,
        doubt=None if failure is None else failure.message,
        told=tuple(told),
        overwritten=(*(() if earlier is None else earlier.overwritten), *to_send.overwritten),
    )
    return failure or course.written


async def _settle(user: _User, course: _Course, error: ApiError) -> _Ended:
    """The end of all attempts: reading back tells what is so, if a write may have been done."""
    if course.written is None:
        return _Ended(outcome=Failed(reason=error.message))
    return await _verify(user, course, replace(course.written, doubt=error.message))


async def _verify(user: _User, course: _Course, written: Written) -> _Ended:
    user.session.hurried = isinstance(course.operation.subject, MetadataSubject)  # its window is still open
    try:
        after = await _read(user.session, course.operation)
    except ApiError as error:
        return _Ended(outcome=Unknown(reason=f"sent, but not read back: {error.message}"))
    finally:
        user.session.hurried = False
    if user.managed and course.windows and isinstance(course.operation.subject, MetadataSubject):
        # until here a workflow that a person switched can't be told from one that the metadata switched
        course.windows[-1] = replace(course.windows[-1], closed=user.session.now)
    outcome = judging.verified(course.operation, written, after, _context(user))
    return _Ended(outcome=outcome, switched=_switched(course, after))


def _enabled(operation: Operation, live: LiveUser) -> tuple[SideEffect, ...]:
    """The workflows that the operation may switch off although it doesn't say so."""
    return tuple(enabled_workflows(live)) if isinstance(operation.subject, MetadataSubject) else ()


def _switched(course: _Course, after: LiveUser) -> frozenset[Enabled]:
    if course.written is None or not isinstance(course.operation.subject, MetadataSubject):
        return frozenset()
    return judging.switched(course.written, after)


def _context(user: _User) -> Context:
    return Context(managed=user.managed, follows_metadata=user.follows_metadata)


def _recorded(course: _Course, outcome: Outcome) -> Recorded:
    return Recorded(number=course.number, operation=course.operation, outcome=outcome, windows=tuple(course.windows))


def _read(session: UserSession, operation: Operation) -> Awaitable[LiveUser]:
    match operation.subject:
        case MetadataSubject():
            return read_user(session, metadata=True, configurations=())
        case ConfigurationSubject(configuration=configuration):
            named = () if configuration is None else (configuration,)
            return read_user(session, metadata=False, configurations=named)
        case never:
            assert_never(never)
