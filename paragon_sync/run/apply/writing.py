"""Write one user's operations, each by the same five steps: read, record, send, verify, record.

A write that failed in a way that may pass is repeated from the first step, never blindly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from typing import Literal, NamedTuple, TypeAlias, assert_never

from paragon_sync.errors import ApiError, StaleReadError
from paragon_sync.jsonvalue import equal
from paragon_sync.model.live import LiveUser
from paragon_sync.model.moment import Moment, Window
from paragon_sync.model.outcome import Blocked, Failed, Outcome, SideEffect, Unknown, ended_well
from paragon_sync.model.planned import (
    ConfigurationSubject,
    MetadataSubject,
    Operation,
    PatchConfig,
    PatchMeta,
    Request,
)
from paragon_sync.model.project import READ_BACK_SECONDS
from paragon_sync.model.secrecy import names_secret
from paragon_sync.model.secret_texts import secrets_under_names, strings_of
from paragon_sync.paragon.client import Sent, UserSession
from paragon_sync.plan.rebase import (
    NOT_SWITCHED,
    Conflicting,
    Enabled,
    Satisfied,
    Switched,
    ToSend,
    Unwritable,
    rebase,
)
from paragon_sync.plan.verify import enabled_workflows
from paragon_sync.run.apply import judging
from paragon_sync.run.apply.gate import MAX_READ_AGE_SECONDS, MAX_REPEATED_READS, FenceMonitor, WriteGate
from paragon_sync.run.apply.journal import Batcher
from paragon_sync.run.apply.judging import Context, InDoubt, Written
from paragon_sync.run.apply.stopping import Stop
from paragon_sync.run.apply.workers import Workers
from paragon_sync.run.fetching import read_user
from paragon_sync.store.journal import SENDING, JournalRecord, Recorded, Refused, Reread, Sending, Withdrawn, name_of

OnConflict: TypeAlias = Literal["skip", "fail", "overwrite"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Where a run records what it is about to send, and how that ended.

    ``states`` is the state of each operation by what this process knows, recorded or not: its outcome, or ``sending``.
    """

    records: Batcher[JournalRecord]
    clock: Callable[[], datetime]
    states: MutableMapping[int, str] = field(default_factory=dict)

    def now(self) -> str:
        return self.clock().isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What all users of a run share.

    ``ended`` has the operations that had ended before, each with whether it ended well. ``switched`` are the workflows
    that a change of metadata had switched before, by its operation. ``in_doubt`` are those that were sent before and
    have no outcome. ``read_back`` and ``max_age`` are as in :class:`~paragon_sync.run.apply.applying.Applying`.
    """

    journal: Journal
    stop: Stop
    fence: FenceMonitor
    read_back: tuple[float, ...] = READ_BACK_SECONDS
    max_age: float = MAX_READ_AGE_SECONDS
    on_conflict: OnConflict = "skip"
    ended: Mapping[int, bool] = field(default_factory=dict)
    switched: Mapping[int, Switched] = field(default_factory=dict)
    in_doubt: Mapping[int, InDoubt] = field(default_factory=dict)
    watch: Callable[[Outcome], None] = lambda _: None


@dataclass(frozen=True, slots=True, kw_only=True)
class _User:
    """What the operations of one user share.

    ``follows_metadata``: the user's metadata was written by this run; ``switched`` are the workflows that it switched.
    """

    session: UserSession
    writing: Writing
    workers: Workers
    managed: frozenset[Enabled]
    follows_metadata: bool = False
    switched: Switched = field(default_factory=dict)


class _Unsent(NamedTuple):
    """An attempt that is recorded and was not sent until now."""

    number: int
    to_send: ToSend
    enabled: tuple[SideEffect, ...]


class _OlderRead(NamedTuple):
    """A read from before a change of metadata, to be repeated after so many ``seconds``."""

    seconds: float


@dataclass(slots=True, kw_only=True)
class _Course:
    """How one operation has gone until now.

    ``delays`` are the seconds before each repetition of a read that is older than the user's metadata.
    ``written`` is the last write that may have been done; ``attempts`` is how many times requests of it were sent.
    ``gate`` is that of the requests that are being sent.
    """

    number: int
    operation: Operation
    delays: Iterator[float]
    written: Written | None = None
    unsent: _Unsent | None = None
    gate: WriteGate | None = None
    attempts: int = 0
    windows: list[Window] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    """How one operation ended. ``switched`` are the workflows that a change of metadata has switched."""

    outcome: Outcome
    switched: Switched = field(default_factory=dict)


async def apply_user(
    session: UserSession, operations: Sequence[tuple[int, Operation]], writing: Writing, workers: Workers
) -> None:
    """Apply one user's operations in their order; block those that follow metadata that did not end well.

    Begins no further operation once the run is to stop: such operations have no outcome.
    """
    has_metadata = any(isinstance(operation.subject, MetadataSubject) for _, operation in operations)
    managed = judging.managed_enablements(one for _, one in operations) if has_metadata else frozenset[Enabled]()
    user = _User(session=session, writing=writing, workers=workers, managed=managed)
    blocked = False
    for number, operation in operations:
        switched = writing.switched.get(number, NOT_SWITCHED)
        if number in writing.ended:
            well = writing.ended[number]
        elif writing.stop.reason is not None:
            return
        else:
            course = _course(number, operation, writing)
            try:
                result = _BLOCKED if blocked else await _apply(user, course)
            except asyncio.CancelledError:
                _record_end(writing, course, None)
                raise
            _record_end(writing, course, result)
            if result is None:
                return
            writing.watch(result.outcome)
            well = ended_well(result.outcome)
            switched = result.switched
        if isinstance(operation.subject, MetadataSubject):
            blocked = not well
            user = replace(user, follows_metadata=well, switched=switched)


def _course(number: int, operation: Operation, writing: Writing) -> _Course:
    course = _Course(number=number, operation=operation, delays=iter(writing.read_back))
    left = writing.in_doubt.get(number)
    if left is not None:
        course.written, course.attempts = left.written, left.attempts
    return course


_BLOCKED = _Ended(outcome=Blocked(reason="the user's metadata did not end well"))


def _record_end(writing: Writing, course: _Course, result: _Ended | None) -> None:
    """Record the outcome, and remove an attempt that was recorded and never sent."""
    journal = writing.journal
    if result is not None:
        journal.states[course.number] = name_of(result.outcome)
        journal.records.add(_recorded(course, result.outcome))
    has_left = course.gate is not None and course.gate.opened
    if course.unsent is not None and not has_left and writing.fence.lost is None:
        if result is None and not course.attempts:
            journal.states.pop(course.number, None)
        journal.records.add(Withdrawn(number=course.number, attempt=course.unsent.number))


async def _apply(user: _User, course: _Course) -> _Ended | None:
    """Try until it has ended, or the policy allows no more; None where the run stopped before anything was known."""
    writing, session = user.writing, user.session
    began = session.now.monotonic
    attempt, renewed = 1, False
    while True:
        step = await _attempt(user, course)
        if step is None or isinstance(step, _Ended):
            return step
        if step.status == HTTPStatus.UNAUTHORIZED and not renewed:
            renewed = True  # the session has dropped its token: once more, with a new one
            continue
        delay = session.retrying.delay(attempt, step, session.now.monotonic - began)
        if delay is None:
            return await _settle(user, course, step)
        if await writing.stop.wait(delay):
            return None
        attempt += 1


async def _attempt(user: _User, course: _Course) -> _Ended | ApiError | None:
    """Read, compare, record, send and verify once; the error of a write that did not end well and may be repeated.

    None where the run is to stop: what was read is not written any more.
    """
    repeated = 0
    while True:
        step = await _retry_reads(user, course)
        if isinstance(step, _OlderRead):
            if await user.workers.wait(step.seconds):
                return None
        elif isinstance(step, StaleReadError) and repeated < MAX_REPEATED_READS:
            repeated += 1
        else:
            break
    return await _verify(user, course, step) if isinstance(step, Written) else step


async def _retry_reads(user: _User, course: _Course) -> _Ended | Written | _OlderRead | ApiError | None:
    """Read and send once a read is answered well; it is repeated by the retry policy, until the run is to stop."""
    session = user.session
    began, tried = session.clock().monotonic, 0
    while True:
        tried += 1
        try:
            return await _read_and_send(user, course)
        except ApiError as error:
            delay = session.retrying.delay(tried, error, session.clock().monotonic - began)
            if delay is None and course.written is None:
                return _Ended(outcome=Failed(reason=f"could not be read: {error.message}"))
            if delay is None:
                return _Ended(outcome=Unknown(reason=f"sent, but not read back: {error.message}"))
        if await user.writing.stop.wait(delay):
            return None


async def _read_and_send(user: _User, course: _Course) -> _Ended | Written | _OlderRead | ApiError | None:
    """Read, compare, record and send in one reservation; return the error of a write, raise the one of a read."""
    operation = course.operation
    try:
        await user.session.reserve(_requests_in_a_row(operation))
        live = await _read(user.session, operation)
        if judging.is_older(operation, user.switched, live) and (delay := next(course.delays, None)) is not None:
            return _OlderRead(seconds=delay)
        overwrite = user.writing.on_conflict == "overwrite"
        match rebase(operation, live, switched=user.switched, on_conflict="overwrite" if overwrite else "skip"):
            case Satisfied():
                outcome = judging.satisfied(operation, course.written, live, _context(user))
                return _Ended(outcome=outcome, switched=_switched(course, live))
            case Conflicting(paths=paths):
                return _Ended(outcome=judging.conflicting(operation, paths, course.written, live))
            case Unwritable(reason=reason):
                outcome = judging.unwritable(operation, reason, course.written, live, _context(user))
                return _Ended(outcome=outcome)
            case ToSend() if user.writing.stop.reason is not None:
                return None
            case ToSend() as to_send:
                opened, answered = live.asked or user.session.now, live.answered or user.session.now
                unsent = _Unsent(number=course.attempts + 1, to_send=to_send, enabled=_enabled(operation, live))
                del live  # it need not be in memory until the answers come
                await _record_unsent(user, course, unsent, opened)
                return await _send(user, course, unsent, opened, answered)
            case never:
                assert_never(never)
    finally:
        user.session.release()


def _requests_in_a_row(operation: Operation) -> int:
    """Return how many requests a write and its reads usually are: they follow each other at any rate."""
    match operation.subject:
        case MetadataSubject():
            return 3
        case ConfigurationSubject():
            return 2
        case never:
            assert_never(never)


async def _record_unsent(user: _User, course: _Course, unsent: _Unsent, opened: Moment) -> None:
    """Record an attempt before it is sent, unless the same one was recorded after an earlier read."""
    journal, recorded = user.writing.journal, course.unsent
    course.unsent = unsent
    if recorded is not None and _is_same(recorded, unsent):
        # the disk need not be waited for again: what it holds is right but for the time
        journal.records.add(Reread(number=course.number, attempt=unsent.number, at=journal.now(), opened=opened))
        return
    await journal.records.put(
        Sending(
            number=course.number,
            attempt=unsent.number,
            operation=course.operation,
            preimage=unsent.to_send.pre_image,
            requests=unsent.to_send.requests,
            at=journal.now(),
            opened=opened,
            enabled=unsent.enabled,
        )
    )
    journal.states[course.number] = SENDING


def _is_same(recorded: _Unsent, unsent: _Unsent) -> bool:
    """Whether two attempts have the same number, pre-image and payload, and may have the same side effects."""
    return (
        (recorded.number, recorded.enabled) == (unsent.number, unsent.enabled)
        and equal(recorded.to_send.pre_image, unsent.to_send.pre_image)
        and equal(recorded.to_send.payload, unsent.to_send.payload)
    )


async def _send(user: _User, course: _Course, unsent: _Unsent, opened: Moment, answered: Moment) -> Written | ApiError:
    """Send every request in turn; the error at which that ended, if it did."""
    to_send = unsent.to_send
    sent: list[Sent] = []
    failure: ApiError | None = None
    course.gate = gate = _gate(user, answered)
    for request in to_send.requests:
        gate.replaces = isinstance(request, PatchConfig | PatchMeta)
        try:
            sent.append(await user.session.send(request, gate, _secrets(course.operation, request)))
        except ApiError as error:
            failure = error
            break
    course.gate = None
    if not sent and failure is not None and failure.unsent:
        return failure
    course.unsent, course.attempts = None, unsent.number
    closed = sent[-1].answered if failure is None else user.session.now
    course.windows.append(Window(opened=opened, closed=closed))
    if failure is not None and not failure.maybe_done:
        done = to_send.requests[: len(sent)]
        user.writing.journal.records.add(Refused(number=course.number, attempt=unsent.number, done=done))
        if not sent:
            return failure
    earlier = course.written
    course.written = Written(
        sent=to_send,
        first=to_send if earlier is None else earlier.first,
        enabled=unsent.enabled if earlier is None else earlier.enabled,
        doubt=None if failure is None else failure.message,
        told=tuple(f"the API reported: {error}" for one in sent for error in one.errors),
        overwritten=(*(() if earlier is None else earlier.overwritten), *to_send.overwritten),
        answers=tuple(one.body for one in sent),
    )
    return failure or course.written


def _secrets(operation: Operation, request: Request) -> frozenset[str]:
    """Return the secret strings that a request carries: values of secret settings, and what is under secret names."""
    declared = (managed.desired for managed in operation.managed if managed.secret or names_secret(managed.label))
    found = {text for value in declared for text in strings_of(value)}
    match request:
        case PatchConfig(config=carried) | PatchMeta(meta=carried):
            return frozenset(found.union(secrets_under_names(carried)))
        case _:
            return frozenset(found)


def _gate(user: _User, answered: Moment) -> WriteGate:
    """Return the gate of an operation's writes, which rest on a read that was answered then."""
    writing, session = user.writing, user.session

    def too_old(age: float) -> StaleReadError:
        return StaleReadError(
            f"not sent: the read that it rests on would be {age:,.1f} s old, and {writing.max_age:g} s are allowed",
            method="PATCH",
            path="/sdk",
            user=session.user,
            hint="the API or the state store is slow: lower limits.concurrency, or apply the same plan again later",
            transient=True,
            unsent=True,
        )

    return WriteGate(writing.fence, session.clock, answered, writing.max_age, too_old)


async def _settle(user: _User, course: _Course, error: ApiError) -> _Ended | None:
    """End after the last attempt: reading back shows what is so, if a write may have been done."""
    if course.written is None:
        return _Ended(outcome=Failed(reason=error.message))
    return await _verify(user, course, replace(course.written, doubt=error.message))


async def _verify(user: _User, course: _Course, written: Written) -> _Ended | None:
    """Read back until the write is visible, the delays are used up or the run is to stop, and judge it.

    None where the lock was lost: the outcome is for the process that resumes.
    """
    metadata = isinstance(course.operation.subject, MetadataSubject)
    delays = iter(user.writing.read_back)
    while user.writing.fence.lost is None:
        user.session.hurried = metadata  # its window is still open
        try:
            after = await _read(user.session, course.operation)
        except ApiError as error:
            return _Ended(outcome=Unknown(reason=f"sent, but not read back: {error.message}"))
        finally:
            user.session.hurried = False
        if user.managed and course.windows and metadata:
            # until here a workflow that a person switched looks like one that the metadata switched
            course.windows[-1] = replace(course.windows[-1], closed=user.session.now)
        judgment = judging.verified(course.operation, written, after, _context(user))
        delay = next(delays, None) if judgment.may_lag else None
        if delay is None:
            return _Ended(outcome=judgment.outcome, switched=_switched(course, after))
        if await user.workers.wait(delay):
            delays = iter(())  # the run is to stop: one last read
    return None


def _enabled(operation: Operation, live: LiveUser) -> tuple[SideEffect, ...]:
    """The workflows that the operation may switch off although it doesn't say so."""
    return tuple(enabled_workflows(live)) if isinstance(operation.subject, MetadataSubject) else ()


def _switched(course: _Course, after: LiveUser) -> Switched:
    if course.written is None or not isinstance(course.operation.subject, MetadataSubject):
        return NOT_SWITCHED
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
