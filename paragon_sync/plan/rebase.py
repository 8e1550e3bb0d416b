"""Brings an operation onto what is live now: value by value as planned, to be written, or in conflict.

The payload is rebuilt with the code that planned it. Knows no catalog, no documents and nothing of sending.

    live = desired                                          satisfied
    live = base                                             to be written
    a default (or ``enabled`` of an entry to be created),
    and live has a value                                    satisfied: the user chose
    a workflow to be enabled by the endpoint had no entry,
    and has one that is off with the settings planned       to be written: an attempt ended halfway
    what a migration changes is partly as planned, and
    partly as it was                                        conflict: somebody else has begun to change it
    otherwise                                               conflict: nothing of the operation is written, unless
                                                            conflicts are to be overwritten
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, assert_never

from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import ABSENT, JsonObject, equal, format_pointer
from paragon_sync.model.desired import ManagedTarget, Setting, WorkflowEnabled, WorkflowEntry, WorkflowSetting
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.outcome import ConflictingPath
from paragon_sync.model.planned import (
    ConfigurationSubject,
    Managed,
    MetadataSubject,
    Operation,
    Origin,
    Request,
    Subject,
    Value,
)
from paragon_sync.plan.merge import merge
from paragon_sync.plan.own import among
from paragon_sync.plan.requests import final_payload, requests_of
from paragon_sync.plan.select import VALID
from paragon_sync.plan.shape import WORKFLOW_MAPS, Shape, copies_of, shape_of, shape_of_metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Satisfied:
    """Every managed value is as planned, or chosen by the user; nothing needs to be sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSend:
    """The requests to send now, in their order.

    ``pre_image`` is how what they write is live before them. ``overwritten`` are the managed values that have moved and
    are written all the same.
    """

    requests: tuple[Request, ...]
    pre_image: JsonObject
    overwritten: tuple[ConflictingPath, ...] = ()

    @property
    def payload(self) -> JsonObject:
        """How what they write shall be in the end."""
        return final_payload(self.pre_image, self.requests)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflicting:
    """Live has moved on managed values."""

    paths: tuple[ConflictingPath, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwritable:
    """What was planned isn't there any more, or can't be written without loss; ``reason`` is for people."""

    reason: str


Rebased: TypeAlias = Satisfied | ToSend | Conflicting | Unwritable


Enabled: TypeAlias = tuple[str, str | None, str]
"""The enablement of a workflow: credential, configuration, workflow."""
Switched: TypeAlias = Mapping[Enabled, bool]
"""The workflows that a change of metadata switched, each with whether it left it enabled."""
NOT_SWITCHED: Final[Switched] = MappingProxyType({})

_FILLED_IN: Final = frozenset({Origin.DEFAULTS, Origin.CREATED})
_MIGRATED: Final = frozenset({Origin.MIGRATION, Origin.MOVED, Origin.OVERWRITTEN})


class _Standing(enum.Enum):
    SATISFIED = enum.auto()
    WRITE = enum.auto()
    CONFLICT = enum.auto()


def rebase(
    operation: Operation,
    live: LiveUser,
    *,
    switched: Switched = NOT_SWITCHED,
    on_conflict: Literal["skip", "overwrite"] = "skip",
) -> Rebased:
    """Compare each managed value's base, live and planned value, and rebuild the payload from what is live now.

    ``switched`` are the workflows that a change of the user's metadata has switched since the plan was made: how it
    left them is their base, so that managed enablements are asserted again. ``overwrite`` writes values in conflict all
    the same, but for defaults: those the user chose.
    """
    shape = _carriable(_accepting_shape(operation.subject, live))
    if isinstance(shape, Unwritable):
        return shape
    return _value_by_value(operation, shape, switched, on_conflict)


def _value_by_value(
    operation: Operation, shape: Shape, switched: Switched, on_conflict: Literal["skip", "overwrite"]
) -> Rebased:
    writes: list[tuple[ManagedTarget, Value]] = []
    conflicts: list[ConflictingPath] = []
    torn = _torn(operation, shape)
    for managed in operation.managed:
        now = shape.read(managed.target)
        left = _left_enabled(switched, operation.subject, managed)
        base = managed.base if left is None else _switched_base(managed, now, enabled=left)
        wanted = _wanted(managed, now)
        if operation.enablement == "endpoint" and is_halfway(managed, operation, shape):
            base = now
        match _standing(managed, base, now, wanted):
            case _Standing.SATISFIED if torn and _is_migrated(managed):
                conflicts.append(conflicting_path(managed, shape, now))
            case _Standing.SATISFIED:
                pass
            case _Standing.WRITE:
                writes.append((managed.target, wanted))
            case _Standing.CONFLICT if on_conflict == "overwrite" and _is_filled_in(managed):
                pass
            case _Standing.CONFLICT:
                conflicts.append(conflicting_path(managed, shape, now))
                writes.append((managed.target, wanted))
    if conflicts and on_conflict == "skip":
        return Conflicting(paths=tuple(conflicts))
    return _rewritten(operation, shape, writes, conflicts) if writes else Satisfied()


def conflicting_path(managed: Managed, shape: Shape, now: Value) -> ConflictingPath:
    return ConflictingPath(
        pointer=shape.pointers(managed.target)[0],
        label=managed.label,
        base=managed.base,
        live=now,
        planned=managed.desired,
        secret=managed.secret,
    )


def live_shape(subject: Subject, live: LiveUser) -> Shape | Unwritable:
    """The subject as it is live, whether it may be written or not; or why it can't be found any more."""
    match subject:
        case MetadataSubject():
            if live.meta is None:
                return Unwritable(reason="the user's metadata could not be read")
            return shape_of_metadata(live.meta)
        case ConfigurationSubject():
            return _shape_in(_credential_of(subject, live), subject)
        case _:
            assert_never(subject)


def _shape_in(credential: Credential | None, subject: ConfigurationSubject) -> Shape | Unwritable:
    account, configuration = subject.account, subject.configuration
    if credential is None:
        return Unwritable(reason=f"account {account} is not connected any more")
    ids = [entry.get("id") for entry in credential.current]
    if configuration not in ids and not (configuration is None and not ids):
        return Unwritable(reason=f"account {account} has other configurations than when the plan was made")
    return shape_of(credential, configuration)


def live_copies(subject: Subject, live: LiveUser, shape: Shape) -> tuple[Shape, ...]:
    """What :func:`live_shape` found, or each of its places by itself where they differ."""
    if shape.ambiguous is None or not isinstance(subject, ConfigurationSubject):
        return (shape,)
    credential = _credential_of(subject, live)
    return (shape,) if credential is None else copies_of(credential, subject.configuration)


def writable_shape(subject: Subject, live: LiveUser) -> Shape | Unwritable:
    """The subject as it is live, or why nothing may be written there."""
    return _carriable(_accepting_shape(subject, live))


def _accepting_shape(subject: Subject, live: LiveUser) -> Shape | Unwritable:
    """The subject as it is live; or that it isn't, or that its account, which isn't ``VALID``, takes no settings."""
    if not isinstance(subject, ConfigurationSubject):
        return live_shape(subject, live)
    credential = _credential_of(subject, live)
    shape = _shape_in(credential, subject)
    if credential is None or credential.status == VALID or isinstance(shape, Unwritable):
        return shape
    return Unwritable(reason=f"account {subject.account} is {credential.status}, not VALID")


def _carriable(shape: Shape | Unwritable) -> Shape | Unwritable:
    """The shape, if what it holds can be sent back."""
    if isinstance(shape, Unwritable):
        return shape
    if (repeated := shape.repeated()) is not None:
        return Unwritable(reason=f"an object names the key {format_pointer(repeated)} twice: it can't be sent back")
    if shape.ambiguous:
        return Unwritable(reason=f"ambiguous shape: {shape.ambiguous}")
    return shape


def _credential_of(subject: ConfigurationSubject, live: LiveUser) -> Credential | None:
    for credential in live.credentials:
        if credential.id == subject.credential and not credential.deleted:
            return credential
    return None


def _left_enabled(switched: Switched, subject: Subject, managed: Managed) -> bool | None:
    """Return whether a change of metadata left the managed workflow enabled; None if it didn't switch it."""
    if not isinstance(subject, ConfigurationSubject) or not isinstance(managed.target, WorkflowEnabled | WorkflowEntry):
        return None
    return switched.get((subject.credential, subject.configuration, managed.target.workflow))


def _switched_base(managed: Managed, now: Value, *, enabled: bool) -> Value:
    """Return the value as a change of metadata left it; the workflow of an entry that isn't there is off."""
    if isinstance(managed.target, WorkflowEntry):
        entry = managed.base
        switched = entry | {"enabled": enabled} if isinstance(entry, dict) else entry
        return switched if equal(now, switched) else entry
    return True if enabled else ABSENT if now is ABSENT else False


def _wanted(managed: Managed, now: Value) -> Value:
    """What the value is to be. A disabled workflow needs no entry, but where it has got one it must say so."""
    gone = managed.desired is ABSENT and managed.origin is not Origin.ROLLBACK
    if isinstance(managed.target, WorkflowEnabled) and gone and now is not ABSENT:
        return False
    return managed.desired


def is_halfway(managed: Managed, operation: Operation, shape: Shape) -> bool:
    """Whether an attempt by way of the endpoint has ended before its last request, and left the value like this.

    A new entry has its settings and isn't enabled yet; what is to be removed has been switched off.
    """
    now = shape.read(managed.target)
    match managed.target:
        case WorkflowEnabled(workflow=workflow) if managed.desired is True and now is False:
            own = [one for one in operation.managed if _belongs_to(workflow, one.target)]
            return not _had_entry(operation, workflow) and all(equal(shape.read(o.target), o.desired) for o in own)
        case WorkflowEnabled():
            return managed.desired is ABSENT and managed.base is True and now is False
        case WorkflowEntry():
            base = managed.base
            return isinstance(base, dict) and base.get("enabled") is True and equal(now, base | {"enabled": False})
        case _:
            return False


def _had_entry(operation: Operation, workflow: str) -> bool:
    """Whether the workflow had an entry when the plan was made."""
    return Shape(payload=operation.base, maps=WORKFLOW_MAPS).has_entry(workflow)


def _belongs_to(workflow: str, target: ManagedTarget) -> bool:
    return isinstance(target, WorkflowSetting) and target.workflow == workflow


def _standing(managed: Managed, base: Value, now: Value, wanted: Value) -> _Standing:
    if equal(now, wanted):
        return _Standing.SATISFIED
    if equal(now, base):
        return _Standing.WRITE
    if _is_filled_in(managed) and now is not ABSENT and not among(now, managed.blank):
        return _Standing.SATISFIED
    return _Standing.CONFLICT


def _is_filled_in(managed: Managed) -> bool:
    """Whether the user's own value comes first, because nothing was made to depend on there being none."""
    return managed.origin in _FILLED_IN and not managed.read


def _is_migrated(managed: Managed) -> bool:
    """Whether a migration changes a setting. Workflows may be switched by requests of their own, before or after."""
    settings = isinstance(managed.target, Setting | WorkflowSetting)
    return settings and managed.origin in _MIGRATED and not equal(managed.base, managed.desired)


def _torn(operation: Operation, shape: Shape) -> bool:
    """Whether some of what migrations change is as planned already, and some as it was.

    One write does all of it, so somebody else was at it: of a setting to be renamed, they may have removed the value
    that would now be put back under its new name.
    """
    ours = [managed for managed in operation.managed if _is_migrated(managed)]
    done = [equal(shape.read(managed.target), managed.desired) for managed in ours]
    return any(done) and not all(done)


def _rewritten(
    operation: Operation, shape: Shape, writes: list[tuple[ManagedTarget, Value]], conflicts: list[ConflictingPath]
) -> ToSend | Unwritable:
    targets = {target for target, _ in writes}
    for target, value in writes:
        if not isinstance(target, WorkflowSetting) or value is ABSENT or shape.has_entry(target.workflow):
            continue
        # the entry was there when the plan was made, so nothing says whether a new one is enabled
        if WorkflowEnabled(target.workflow) not in targets:
            return Unwritable(reason=f"the entry of workflow {target.workflow} is gone since the plan was made")
    try:
        payload = merge(shape, writes)
    except JsonError as error:
        return Unwritable(reason=f"nothing can be written without destroying what is there: {error.message}")
    return ToSend(
        requests=requests_of(operation.subject, shape, payload, operation.enablement),
        pre_image=shape.payload,
        overwritten=tuple(conflicts),
    )
