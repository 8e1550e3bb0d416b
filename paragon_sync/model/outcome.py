"""How operations end, and what a run records. Knows no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from paragon_sync.jsonvalue import Pointer
from paragon_sync.model.desired import ManagedTarget
from paragon_sync.model.planned import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictingPath:
    """One managed path on which live has moved away from the plan."""

    pointer: Pointer
    label: str
    base: Value
    live: Value
    planned: Value
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredValue:
    """One managed value that the server stored in another form than it was sent."""

    target: ManagedTarget
    label: str
    sent: Value
    stored: Value
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SideEffect:
    """A workflow that a change of metadata switched off; ``configuration`` is its id, None in the documented shape."""

    credential: str
    configuration: str | None
    workflow: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """Read back as planned. ``alarms`` tell of unmanaged paths gone (*lost?*), ``notes`` of ones that moved.

    ``side_effects`` are those of a change of metadata on workflows that no operation of the plan manages,
    ``switched_off`` those on the others, which the same run is to set again. ``overwritten`` is what was written over
    although it had moved. ``enabled`` counts the workflows that came on by writing ``config``, which may not have
    subscribed their triggers.
    """

    notes: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()
    resolved: bool = False
    side_effects: tuple[SideEffect, ...] = ()
    overwritten: tuple[ConflictingPath, ...] = ()
    switched_off: tuple[SideEffect, ...] = ()
    enabled: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """Live already was as planned; nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Live moved on a managed path; nothing was sent, or (``after_write``) it changed after our write.

    ``after_write`` also after one of which nobody knows whether it was done. ``alarms`` as in :class:`Applied`;
    ``side_effects`` are all that the write had. ``stored`` as in :class:`Failed`: values that are not in conflict.
    """

    paths: tuple[ConflictingPath, ...]
    after_write: bool = False
    alarms: tuple[str, ...] = ()
    side_effects: tuple[SideEffect, ...] = ()
    stored: tuple[StoredValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """Nothing was sent, because something before it did not end well or forbids it."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The write did not happen or was not kept by the server, or not as a whole.

    ``alarms`` as in :class:`Applied`; ``side_effects`` are all that the write had. ``stored`` are the values that the
    server's own answer holds in another form than they were sent.
    """

    reason: str
    alarms: tuple[str, ...] = ()
    side_effects: tuple[SideEffect, ...] = ()
    stored: tuple[StoredValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Sent, and nothing tells whether it was done."""

    reason: str


Outcome: TypeAlias = Applied | Unchanged | Conflict | Blocked | Failed | Unknown
OutcomeName: TypeAlias = Literal["applied", "unchanged", "conflict", "blocked", "failed", "unknown"]


_WELL: Final = (Applied, Unchanged)
_WRITTEN: Final = (Applied, Conflict, Failed)


def ended_well(outcome: Outcome | None) -> bool:
    """Whether all is as planned."""
    return isinstance(outcome, _WELL)


def alarms_of(outcome: Outcome | None) -> tuple[str, ...]:
    """Unmanaged values that are gone after our write, for people."""
    return outcome.alarms if isinstance(outcome, _WRITTEN) else ()


def effects_of(outcome: Outcome | None) -> tuple[SideEffect, ...]:
    """Workflows that a change of metadata switched off, and that nothing of the plan sets again."""
    return outcome.side_effects if isinstance(outcome, _WRITTEN) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """One time that a run went on after it had stopped; as in its header, of whoever resumed it."""

    actor: str
    at: str
    allowed: Mapping[str, str] = field(default_factory=dict)
    message: str | None = None
    ci_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHeader:
    """One application of a plan. Times are ISO 8601 in UTC; ``allowed`` are the knobs that its actor turned.

    ``message`` is what the actor had to say, ``ci_url`` the page of the CI job. ``stopped`` says why it ended early.
    ``operations`` is how many its plan has. ``rolls_back`` is the run that this one takes back, ``rolled_back_by`` the
    one that took this one back. ``host`` is the environment's host, normalised; None in an older record.
    """

    run: str
    plan_digest: str
    environment: str
    project: str
    actor: str
    started: str
    allowed: Mapping[str, str] = field(default_factory=dict)
    finished: str | None = None
    message: str | None = None
    ci_url: str | None = None
    stopped: str | None = None
    rolls_back: str | None = None
    rolled_back_by: str | None = None
    operations: int | None = None
    resumed: tuple[Resumption, ...] = ()
    host: str | None = None
