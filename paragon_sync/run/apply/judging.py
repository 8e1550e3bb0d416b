"""What reading back says of one operation's writes: its outcome, and what else there is to tell.

Knows users as they were read, and nothing of how they are read or written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from paragon_sync.jsonvalue import equal
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
    StoredValue,
    Unchanged,
    Unknown,
)
from paragon_sync.model.planned import ConfigurationSubject, MetadataSubject, Operation
from paragon_sync.plan.rebase import Enabled, Switched, ToSend, Unwritable, live_shape
from paragon_sync.plan.requests import newly_enabled
from paragon_sync.plan.shape import shape_like
from paragon_sync.plan.verify import (
    ChangedAfter,
    Kept,
    NotKept,
    Vanished,
    compare_after,
    enabled_workflows,
    lost,
    still_off,
)
from paragon_sync.run.apply.answer import AnswerVerdict, read_answers

INTERRUPTED: Final = "sent before an interruption, and no answer was recorded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A write that was done, or that may have been.

    ``first`` is the first such write of the operation, mostly the same; ``enabled`` are the workflows that were on
    before it. ``doubt`` says why nobody knows whether it was done, or whether as a whole; None where it was answered
    well. ``told`` is what the API said of it, ``overwritten`` what was in conflict. ``answers`` are the bodies of the
    answers to its requests, in their order.
    """

    sent: ToSend
    first: ToSend
    enabled: tuple[SideEffect, ...] = ()
    doubt: str | None = None
    told: tuple[str, ...] = ()
    overwritten: tuple[ConflictingPath, ...] = ()
    answers: tuple[bytes, ...] = ()

    @property
    def is_answered(self) -> bool:
        """Whether every request was answered well."""
        return self.doubt is None


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubt:
    """What an interrupted run left: the last write, and how many times the operation was sent."""

    written: Written
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known beside the operation itself.

    ``managed`` are the enablements that any operation on the user manages. ``follows_metadata``: this run has changed
    the user's metadata before.
    """

    managed: frozenset[Enabled] = frozenset()
    follows_metadata: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgment:
    """The outcome of a write by one read-back. ``may_lag``: a later read-back may show another one."""

    outcome: Outcome
    may_lag: bool = False


def verified(operation: Operation, written: Written, after: LiveUser, context: Context) -> Judgment:
    """Judge a write by the state that was read back after it.

    The answer to the write is parsed only where that state isn't as planned.
    """
    verdict = compare_after(operation, written.sent, after)
    match verdict:
        case Kept(alarms=alarms):
            lags = bool(alarms) and written.is_answered and _answer(operation, written).as_planned
            return Judgment(outcome=_applied(operation, written, after, context, verdict), may_lag=lags)
        case NotKept(labels=labels):
            return _not_kept_judgment(operation, labels, written, after)
        case ChangedAfter(paths=paths):
            answer = _answer(operation, written)
            outcome = _with_harm(_third_values(answer, paths), operation, written, after)
            lags = written.is_answered and answer.as_planned
            return Judgment(outcome=outcome, may_lag=lags)
        case Vanished(reason=reason):
            return Judgment(outcome=Unknown(reason=f"sent, but not read back: {reason}"))
        case never:
            assert_never(never)


def _not_kept_judgment(operation: Operation, labels: Sequence[str], written: Written, after: LiveUser) -> Judgment:
    """Judge a write whose managed values are read back as before it."""
    failed = Failed(reason=_not_kept(operation, labels, written))
    if not written.is_answered:
        return Judgment(outcome=_with_harm(failed, operation, written, after))
    answer = _answer(operation, written)
    if stored := answer.stored():
        return Judgment(outcome=_with_harm(_stored_differently(stored), operation, written, after))
    harmed = _with_harm(failed, operation, written, after)
    # a state without values that the last write carried is no older state; the first one may have carried others
    is_older = not lost(operation, written.sent.pre_image, after) and not harmed.side_effects
    if answer.as_planned and is_older:
        unknown = Unknown(reason=f"answered as written, read back as before: {', '.join(labels)}")
        return Judgment(outcome=unknown, may_lag=True)
    return Judgment(outcome=harmed, may_lag=True)


def _answer(operation: Operation, written: Written) -> AnswerVerdict:
    return read_answers(operation, written.sent, written.answers)


def _third_values(answer: AnswerVerdict, paths: tuple[ConflictingPath, ...]) -> Failed | Conflict:
    """Return the outcome for values that are neither as before nor as sent.

    A value that the write's own answer held already was stored so by the server; any other was saved by another client.
    """
    stored, others = answer.split(paths)
    return Conflict(paths=others, after_write=True, stored=stored) if others else _stored_differently(stored)


def _stored_differently(stored: tuple[StoredValue, ...]) -> Failed:
    labels = ", ".join(one.label for one in stored)
    return Failed(reason=f"stored differently by the server: {labels}", stored=stored)


def satisfied(operation: Operation, written: Written | None, live: LiveUser, context: Context) -> Outcome:
    """Nothing is left to write: because it was so, or because a write of which nobody knew had been done."""
    if written is None:
        return Unchanged()
    verdict = compare_after(operation, written.sent, live)
    return _applied(operation, written, live, context, verdict if isinstance(verdict, Kept) else None)


def conflicting(
    operation: Operation, paths: tuple[ConflictingPath, ...], written: Written | None, live: LiveUser
) -> Outcome:
    """Live has moved on managed values; perhaps after a write of which nobody knows whether it was done."""
    if written is None:
        return Conflict(paths=paths)
    return _with_harm(_third_values(_answer(operation, written), paths), operation, written, live)


def unwritable(operation: Operation, reason: str, written: Written | None, live: LiveUser, context: Context) -> Outcome:
    """Nothing may be written any more; what can be read tells of a write that may have been done before."""
    if written is None:
        return Blocked(reason=reason)
    return verified(operation, replace(written, doubt=f"{written.doubt}; then {reason}"), live, context).outcome


def enabled(effect: SideEffect) -> Enabled:
    """Which workflow it is about."""
    return (effect.credential, effect.configuration, effect.workflow)


def switched(written: Written, after: LiveUser) -> Switched:
    """Return the workflows that a change of metadata has switched, each with whether it is enabled now."""
    before, now = set(map(enabled, written.enabled)), set(map(enabled, enabled_workflows(after)))
    return dict.fromkeys(sorted(before - now, key=str), False) | dict.fromkeys(sorted(now - before, key=str), True)


def is_older(operation: Operation, switched_by_metadata: Switched, live: LiveUser) -> bool:
    """Return whether a read shows a workflow of the operation as it was before a change of metadata switched it.

    A replica that lags shows it so, and so does the save of another client.
    """
    subject = operation.subject
    if not switched_by_metadata or not isinstance(subject, ConfigurationSubject):
        return False
    now = set(map(enabled, enabled_workflows(live)))
    place = (subject.credential, subject.configuration)
    return any((one in now) is not left for one, left in switched_by_metadata.items() if one[:2] == place)


def managed_enablements(operations: Iterable[Operation]) -> frozenset[Enabled]:
    """What a change of metadata may switch off and the same run sets again."""
    return frozenset(
        (operation.subject.credential, operation.subject.configuration, managed.target.workflow)
        for operation in operations
        if isinstance(operation.subject, ConfigurationSubject)
        for managed in operation.managed
        if isinstance(managed.target, WorkflowEnabled)
    )


def _applied(operation: Operation, written: Written, after: LiveUser, context: Context, kept: Kept | None) -> Applied:
    effects = _effects(operation, written, after)
    ours = {effect for effect in effects if enabled(effect) in context.managed}
    known = () if kept is None or written.doubt == INTERRUPTED else kept.notes
    told = () if written.doubt == INTERRUPTED else written.told
    return Applied(
        notes=(*known, *told, *_asserted_again(operation, written, after, context)),
        alarms=_alarms(operation, written, after, kept),
        resolved=written.doubt is not None,
        side_effects=tuple(effect for effect in effects if effect not in ours),
        switched_off=tuple(effect for effect in effects if effect in ours),
        overwritten=written.overwritten,
        enabled=_enabled_through_config(operation, written),
    )


def _enabled_through_config(operation: Operation, written: Written) -> int:
    if operation.enablement != "config" or isinstance(operation.subject, MetadataSubject):
        return 0
    return newly_enabled(written.first.pre_image, written.sent.payload)


def _alarms(operation: Operation, written: Written, after: LiveUser, kept: Kept | None) -> tuple[str, ...]:
    """Unmanaged values that are gone since before the first write that may have been done."""
    if kept is not None and written.first is written.sent:
        return kept.alarms
    return lost(operation, written.first.pre_image, after)


def _not_kept(operation: Operation, labels: Sequence[str], written: Written) -> str:
    """Why values are as before; where the answer was an error, which they are if others were written all the same."""
    names = ", ".join(labels)
    if written.doubt is None:
        return "; ".join([f"not kept by the server: {names}", *written.told])
    in_part = len(labels) < sum(not equal(one.base, one.desired) for one in operation.managed)
    return f"{written.doubt}; all was written but {names}" if in_part else written.doubt


def _with_harm(
    outcome: Failed | Conflict, operation: Operation, written: Written, after: LiveUser
) -> Failed | Conflict:
    """The outcome with what the write did all the same."""
    alarms = lost(operation, written.first.pre_image, after)
    return replace(outcome, alarms=alarms, side_effects=_effects(operation, written, after))


def _effects(operation: Operation, written: Written, after: LiveUser) -> tuple[SideEffect, ...]:
    """The workflows that a change of metadata has switched off."""
    if not isinstance(operation.subject, MetadataSubject):
        return ()
    return tuple(still_off(written.enabled, after))


def _asserted_again(operation: Operation, written: Written, after: LiveUser, context: Context) -> Iterator[str]:
    """Managed enablements that were as planned until the metadata was changed."""
    if not context.follows_metadata:
        return
    now = live_shape(operation.subject, after)
    if isinstance(now, Unwritable):
        return
    shape = shape_like(now, written.sent.pre_image)
    for managed in operation.managed:
        was_so = isinstance(managed.target, WorkflowEnabled) and equal(managed.base, managed.desired)
        if was_so and not equal(shape.read(managed.target), managed.desired):
            yield f"set again after the change of metadata: {managed.label}"
