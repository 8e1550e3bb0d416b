"""What reading back says of one operation's writes: its outcome, and what else there is to tell.

Knows users as they were read, and nothing of how they are read or written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import assert_never

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
from paragon_sync.plan.rebase import Enabled, Unwritable, live_shape
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """How it was before the first write that may have been done; ``enabled`` are the workflows that were on."""

    pre_image: JsonObject
    enabled: tuple[SideEffect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A write that was done, or that may have been: how the user was before it and what was to come of it.

    ``error`` is what it ended with, if not well; then it may have been done all the same, or in part. ``told`` is what
    the API said of it, ``before`` how it was before the first such write.
    """

    before: Before
    user: LiveUser
    payload: JsonObject
    told: tuple[str, ...] = ()
    error: ApiError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known beside the operation itself.

    ``managed`` are the enablements that any operation on the user manages. ``follows_metadata``: this run has changed
    the user's metadata before. ``overwritten`` are the conflicts that were written over.
    """

    managed: frozenset[Enabled] = frozenset()
    follows_metadata: bool = False
    overwritten: tuple[ConflictingPath, ...] = ()


def verified(operation: Operation, written: Written, after: LiveUser, context: Context) -> Outcome:
    """What came of a write, by how the user was read back."""
    verdict = compare_after(operation, written.payload, written.user, after)
    alarms = lost(operation, written.before.pre_image, after)
    match verdict:
        case Kept(notes=notes):
            notes = (*notes, *written.told, *_asserted_again(operation, written, context))
            applied = Applied(notes=notes, alarms=alarms, resolved=written.error is not None)
            return _with_effects(applied, operation, written.before, after, context)
        case NotKept() if written.error is not None:
            return Failed(reason=written.error.message, alarms=alarms)
        case NotKept(labels=labels):
            reason = "; ".join([f"not kept by the server: {', '.join(labels)}", *written.told])
            return Failed(reason=reason, alarms=alarms)
        case ChangedAfter(paths=paths):
            return Conflict(paths=paths, after_write=True, alarms=alarms)
        case Vanished(reason=reason):
            return Unknown(reason=reason)
        case never:
            assert_never(never)


def satisfied(
    operation: Operation, written: Written | None, before: Before | None, live: LiveUser, context: Context
) -> Outcome:
    """Nothing is left to write: because it was so, or because a write of which nobody knew had been done."""
    if before is None:
        return Unchanged()
    notes: tuple[str, ...] = ()
    if written is not None:
        verdict = compare_after(operation, written.payload, written.user, live)
        moved = verdict.notes if isinstance(verdict, Kept) else ()
        notes = (*moved, *written.told, *_asserted_again(operation, written, context))
    applied = Applied(notes=notes, alarms=lost(operation, before.pre_image, live), resolved=True)
    return _with_effects(applied, operation, before, live, context)


def conflicting(
    operation: Operation, paths: tuple[ConflictingPath, ...], before: Before | None, live: LiveUser
) -> Conflict:
    """Live has moved on managed values; perhaps after a write of which nobody knows whether it was done."""
    alarms = () if before is None else lost(operation, before.pre_image, live)
    return Conflict(paths=paths, after_write=before is not None, alarms=alarms)


def unwritable(reason: str, before: Before | None) -> Outcome:
    """Nothing may be written; of a write that may have been done before, nothing can be told."""
    return Blocked(reason=reason) if before is None else Unknown(reason=f"sent, but not read back: {reason}")


def enabled(effect: SideEffect) -> Enabled:
    """Which workflow it is about."""
    return (effect.credential, effect.configuration, effect.workflow)


def switched(before: Before, after: LiveUser) -> frozenset[Enabled]:
    """The workflows that a change of metadata has switched, on or off."""
    return frozenset(map(enabled, {*before.enabled} ^ {*enabled_workflows(after)}))


def managed_enablements(operations: Iterable[Operation]) -> frozenset[Enabled]:
    """What a change of metadata may switch off and the same run sets again."""
    return frozenset(
        (operation.subject.credential, operation.subject.configuration, managed.target.workflow)
        for operation in operations
        if isinstance(operation.subject, ConfigurationSubject)
        for managed in operation.managed
        if isinstance(managed.target, WorkflowEnabled)
    )


def _with_effects(applied: Applied, operation: Operation, before: Before, after: LiveUser, context: Context) -> Applied:
    """The outcome with what was written over, and with the workflows that a change of metadata switched off."""
    applied = replace(applied, overwritten=context.overwritten)
    if not isinstance(operation.subject, MetadataSubject):
        return applied
    effects = list(still_off(before.enabled, after))
    ours = {effect for effect in effects if enabled(effect) in context.managed}
    return replace(
        applied,
        side_effects=tuple(effect for effect in effects if effect not in ours),
        switched_off=tuple(effect for effect in effects if effect in ours),
    )


def _asserted_again(operation: Operation, written: Written, context: Context) -> Iterator[str]:
    """Managed enablements that were as planned until the metadata was changed."""
    shape = live_shape(operation.subject, written.user)
    if isinstance(shape, Unwritable) or not context.follows_metadata:
        return
    for managed in operation.managed:
        was_so = isinstance(managed.target, WorkflowEnabled) and equal(managed.base, managed.desired)
        if was_so and not equal(shape.read(managed.target), managed.desired):
            yield f"set again after the change of metadata: {managed.label}"
