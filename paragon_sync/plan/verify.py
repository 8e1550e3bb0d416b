"""After a write: was it kept, and what happened to what was not ours.

Knows values before, sent and now; sends nothing and reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from paragon_sync.jsonvalue import ABSENT, Json, JsonObject, Pointer, equal, format_pointer
from paragon_sync.model.desired import ManagedTarget
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.outcome import ConflictingPath, SideEffect
from paragon_sync.model.planned import Operation, Value
from paragon_sync.plan.count import WORKFLOWS, unmanaged, values_of
from paragon_sync.plan.rebase import ToSend, Unwritable, conflicting_path, is_halfway, live_copies, live_shape
from paragon_sync.plan.shape import SETTINGS, Shape, shape_like, shape_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Managed values are as sent. ``alarms``: unmanaged values that are gone; ``notes``: ones that moved meanwhile."""

    notes: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotKept:
    """Some managed values are as before the write, or as a part of its requests leaves them; none has a third value.

    ``labels`` name them for people.
    """

    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedAfter:
    """Managed values with a third value, neither as before the write nor as sent, and their targets."""

    paths: tuple[ConflictingPath, ...]
    targets: tuple[ManagedTarget, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Vanished:
    """What was written to can't be found any more."""

    reason: str


Verified: TypeAlias = Kept | NotKept | ChangedAfter | Vanished


def compare_after(operation: Operation, sent: ToSend, after: LiveUser) -> Verified:
    """Judge one write by reading back."""
    now = live_shape(operation.subject, after)
    if isinstance(now, Unwritable):
        return Vanished(reason=now.reason)
    if now.ambiguous is None and equal(now.payload, sent.payload):
        return Kept()  # what isn't ours was sent as it had been read
    return _value_by_value(operation, sent.payload, sent.pre_image, after, now)


def _value_by_value(
    operation: Operation, payload: JsonObject, pre_image: JsonObject, after: LiveUser, now: Shape
) -> Verified:
    was, planned = shape_like(now, pre_image), shape_like(now, payload)
    copies = live_copies(operation.subject, after, now)
    not_kept: list[str] = []
    third: list[tuple[ConflictingPath, ManagedTarget]] = []
    for managed in operation.managed:
        wanted = planned.read(managed.target)
        found = (copy.read(managed.target) for copy in copies)
        value = next((one for one in found if not equal(one, wanted)), wanted)
        if equal(value, wanted):
            continue
        halfway = operation.enablement == "endpoint" and is_halfway(managed, operation, now)
        if halfway or equal(value, was.read(managed.target)):
            not_kept.append(managed.label)
        else:
            third.append((conflicting_path(managed, now, value), managed.target))
    if third:
        return ChangedAfter(paths=tuple(path for path, _ in third), targets=tuple(target for _, target in third))
    if not_kept:
        return NotKept(labels=tuple(not_kept))
    return Kept(
        notes=tuple(f"moved during write: {_shown(at, was)}" for at in _moved(operation, was, now)),
        alarms=tuple(f"lost? {_shown(at, was)}" for at in _lost(operation, was, copies)),
    )


def lost(operation: Operation, pre_image: JsonObject, after: LiveUser) -> tuple[str, ...]:
    """Which unmanaged values of a pre-image are gone, for people; none where what was written can't be found."""
    now = live_shape(operation.subject, after)
    if isinstance(now, Unwritable):
        return ()
    was = shape_like(now, pre_image)
    copies = live_copies(operation.subject, after, now)
    return tuple(f"lost? {_shown(at, was)}" for at in _lost(operation, was, copies))


def switched_off(before: LiveUser, after: LiveUser) -> Iterator[str]:
    """Workflows that were enabled before and aren't after: account and workflow id, for people."""
    labels = {credential.id: credential.label for credential in before.credentials}
    yield from (f"{labels[effect.credential]} {effect.workflow}" for effect in side_effects(before, after))


def side_effects(before: LiveUser, after: LiveUser) -> Iterator[SideEffect]:
    """The same, by ids; which of them no operation manages is the caller's to know."""
    return still_off(enabled_workflows(before), after)


def enabled_workflows(user: LiveUser) -> Iterator[SideEffect]:
    """The workflows that are on: what a change of metadata may switch off."""
    for credential in user.credentials:
        for configuration in _configurations(credential):
            for workflow in sorted(_enabled(credential, configuration)):
                yield SideEffect(credential=credential.id, configuration=configuration, workflow=workflow)


def still_off(enabled: Iterable[SideEffect], after: LiveUser) -> Iterator[SideEffect]:
    """Those of the workflows, which were on, that are off now; accounts that are gone have none."""
    now = frozenset(enabled_workflows(after))
    accounts = {credential.id for credential in after.credentials}
    yield from (effect for effect in enabled if effect not in now and effect.credential in accounts)


def _configurations(credential: Credential) -> list[str | None]:
    ids = [entry.get("id") for entry in credential.current] or [None]
    return [id_ for id_ in ids if isinstance(id_, str | None)]


def _enabled(credential: Credential, configuration: str | None) -> set[str]:
    if configuration not in _configurations(credential):
        return set()
    workflows = shape_of(credential, configuration).workflows()
    return {id_ for id_, entry in workflows.items() if isinstance(entry, dict) and entry.get("enabled") is True}


def _moved(operation: Operation, was: Shape, now: Shape) -> Iterator[Pointer]:
    """Unmanaged values that have changed or come since they were read; they were sent as they had been read."""
    before = values_of(was)
    for at, value in _unmanaged(operation, now):
        if at not in before or not equal(value, before[at]):
            yield at


def _lost(operation: Operation, was: Shape, copies: Iterable[Shape]) -> Iterator[Pointer]:
    """Unmanaged values that are gone, be it from one of the places where they stood.

    The keys of an object that isn't a setting count each for itself.
    """
    after = [values_of(copy) for copy in copies]
    for at, value in _unmanaged(operation, was):
        deep = was.maps and at[0] != SETTINGS and "settings" not in at[2:3]
        found = [_gone(at, value, values.get(at, ABSENT), deep=bool(deep)) for values in after]
        yield from dict.fromkeys(chain.from_iterable(found))


def _gone(at: Pointer, before: Value, after: Value, *, deep: bool) -> Iterator[Pointer]:
    if after is ABSENT:
        yield at
    elif deep and isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from _gone((*at, key), value, after.get(key, ABSENT), deep=True)


def _shown(at: Pointer, shape: Shape) -> str:
    """The pointer with the workflow map under the name that it has here."""
    return format_pointer((shape.maps[0], *at[1:]) if shape.maps and at[0] == WORKFLOWS else at)


def _unmanaged(operation: Operation, shape: Shape) -> Iterator[tuple[Pointer, Json]]:
    yield from unmanaged(shape, [one.target for one in operation.managed]).items()
