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
    """A write that was sent: how the user was before it, what was to come of it, and when it was over.

    ``doubt`` is why nobody knows whether it was done; ``window_ms`` runs from sending the last read to the answer.
    """

    before: LiveUser
    payload: JsonObject
    window_ms: float
    overwritten: tuple[ConflictingPath, ...] = ()
    errors: tuple[str, ...] = ()
    doubt: ApiError | None = None


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
    writing, sent, renewed = user.writing, None, False
    attempt = 1
    while True:
        step = await _attempt(user, number, operation, sent)
        if isinstance(step, _Ended):
            return step
        error, sent = step
        if error.status == HTTPStatus.UNAUTHORIZED and not renewed:
            renewed = True  # the session has dropped its token: once more, with a new one
            continue
        delay = writing.retry.delay(attempt, error, random.random())  # noqa: S311 - spreads waits, no secret
        if delay is None or await writing.stop.wait(delay):
            return await _settle(user, operation, error, sent)
        attempt += 1


async def _attempt(
    user: _User, number: int, operation: Operation, earlier: _Sent | None
) -> _Ended | tuple[ApiError, _Sent | None]:
    """The steps once; an error with what is in doubt where they may be tried again."""
    started = time.monotonic()
    try:
        live = await _read(user.session, operation)
    except ApiError as error:
        if earlier is not None:
            return _unknown(error, earlier)
        return _Ended(outcome=Failed(reason=f"could not be read: {error.message}"))
    enabled_base = (user.after_metadata or live) if user.follows_metadata else None
    on_conflict = "overwrite" if user.writing.on_conflict == "overwrite" else "skip"
    match rebase(operation, live, enabled_base=enabled_base, on_conflict=on_conflict):
        case Satisfied():
            return _found(user, number, operation, live, earlier)
        case Conflicting(paths=paths):
            return _Ended(outcome=Conflict(paths=paths))
        case Unwritable(reason=reason):
            return _Ended(outcome=Blocked(reason=reason))
        case Rewritten() as rewritten:
            await user.writing.journal.sending.put(_sending(number, operation, rewritten, user.writing.journal.now()))
            sent = await _send(user.session, rewritten, live, started)
            if sent.doubt is not None:
                return _refused(sent.doubt, earlier) if not sent.doubt.transient_write else (sent.doubt, sent)
            return await _verify(user, operation, sent)
        case never:
            assert_never(never)


def _refused(error: ApiError, earlier: _Sent | None) -> _Ended | tuple[ApiError, _Sent | None]:
    if error.status == HTTPStatus.UNAUTHORIZED:
        return error, earlier
    return _Ended(outcome=Failed(reason=error.message))
