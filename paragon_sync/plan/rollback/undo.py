"""Takes back what a run wrote for one user: an operation for each subject, and what can't be given back.

Knows what was sent and what is live; nothing of documents, and nothing of where either is kept. ``trace`` tells what
the run did to each value, ``restore`` what becomes of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import equal
from paragon_sync.model.catalog import Catalog
from paragon_sync.model.live import LiveUser
from paragon_sync.model.outcome import SideEffect, StoredValue
from paragon_sync.model.planned import (
    ConfigurationSubject,
    Enablement,
    Finding,
    FindingKind,
    Managed,
    MetadataSubject,
    Operation,
    Severity,
    Subject,
)
from paragon_sync.plan.count import kept
from paragon_sync.plan.diff import change_of, value_order
from paragon_sync.plan.merge import merge
from paragon_sync.plan.names import Names
from paragon_sync.plan.rebase import Unwritable, live_shape, writable_shape
from paragon_sync.plan.requests import requests_of
from paragon_sync.plan.rollback.restore import Site, Trail, given_back
from paragon_sync.plan.rollback.trace import Traces, Write, trace
from paragon_sync.plan.select import subject_of, subject_order

Key: TypeAlias = tuple[str, str | None] | None
"""Credential and configuration; None for metadata."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a run did to one subject of a user: every time that it was sent, from the first.

    ``managed`` is what its plan said of the values: their names for people, and which are secret. A value that it
    doesn't name counts as secret. ``verified``: the last write was read back as it was to be. ``side_effects`` are all
    workflows that a change of metadata switched off. ``stored`` are values that the server stored in another form.
    """

    subject: Subject
    writes: tuple[Write, ...]
    managed: tuple[Managed, ...] = ()
    verified: bool = False
    side_effects: tuple[SideEffect, ...] = ()
    stored: tuple[StoredValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """Metadata first among the operations. ``notes`` say what stays as the run, or somebody after it, left it."""

    operations: tuple[Operation, ...] = ()
    notes: tuple[Finding, ...] = ()


def undo_user(
    run: str,
    written: Sequence[Written],
    live: LiveUser,
    catalog: Catalog,
    *,
    done: Collection[Key] = (),
    enablement: Enablement = "config",
) -> Undone:
    """Take back what the run wrote for this user, whose metadata must have been read if the run wrote it.

    The catalog gives names, and says which workflows are on without an entry. It may be empty. ``done`` are the
    subjects that were taken back before.
    """
    operations: list[Operation] = []
    notes: list[Finding] = []
    for trail in _trails(written, live, catalog):
        if key_of(trail.subject) in done:
            continue
        shape = live_shape(trail.subject, live)
        if isinstance(shape, Unwritable):
            notes.append(_note(live.user, trail.subject, f"nothing is given back: {shape.reason}"))
            continue
        names = _names(trail.subject, catalog)
        guarded = any(isinstance(operation.subject, MetadataSubject) for operation in operations)
        site = Site(trail=trail, shape=shape, names=names, source=f"run {run}", guarded=guarded)
        operation, told = _undo(site, live, enablement)
        operations += [] if operation is None else [operation]
        notes += [_note(live.user, trail.subject, message) for message in told]
    return Undone(operations=tuple(operations), notes=tuple(notes))


def touched(written: Iterable[Written]) -> frozenset[Key]:
    """Every subject that has to do with what the run wrote, its side effects included."""
    return frozenset(
        key
        for one in written
        for key in (key_of(one.subject), *((e.credential, e.configuration) for e in one.side_effects))
    )


def key_of(subject: Subject) -> Key:
    """What tells a user's subjects apart."""
    return (subject.credential, subject.configuration) if isinstance(subject, ConfigurationSubject) else None


def _trails(written: Sequence[Written], live: LiveUser, catalog: Catalog) -> list[Trail]:
    """One for each subject, in the order in which they are written: metadata, then the user's configurations."""
    trails: dict[Key, Trail] = {}
    for one in written:
        traces = trace(one.subject, one.writes, verified=one.verified, stored=one.stored)
        trails[key_of(one.subject)] = Trail(subject=one.subject, traces=traces, managed=one.managed)
    for effect in (effect for one in written for effect in one.side_effects):
        key = (effect.credential, effect.configuration)
        trail = trails.get(key) or Trail(subject=_subject(effect, live, catalog), traces=Traces())
        trails[key] = replace(trail, switched_off=trail.switched_off | {effect.workflow})
    return sorted(trails.values(), key=_trail_order)


def _undo(site: Site, live: LiveUser, enablement: Enablement) -> tuple[Operation | None, list[str]]:
    found = list(given_back(site))
    notes = [one for one in found if isinstance(one, str)]
    managed = [one for one in found if isinstance(one, Managed)]
    changing = any(not equal(one.base, one.desired) for one in managed)
    if not changing and not (managed and site.guarded):
        return None, notes
    writable = writable_shape(site.trail.subject, live)
    if isinstance(writable, Unwritable):
        return None, [f"nothing is given back: {writable.reason}"]
    try:
        return _operation(site, live.user, managed, enablement), notes
    except JsonError as error:
        return None, [f"nothing can be given back without destroying what is there: {error.message}"]


def _operation(site: Site, user: str, managed: Iterable[Managed], enablement: Enablement) -> Operation:
    shape, subject, names = site.shape, site.trail.subject, site.names
    ordered = sorted(managed, key=lambda one: value_order(one, names.workflow_of(one.target)))
    payload = merge(shape, ((one.target, one.desired) for one in ordered))
    changing = (one for one in ordered if not equal(one.base, one.desired))
    return Operation(
        user=user,
        subject=subject,
        base=shape.payload,
        requests=requests_of(subject, shape, payload, enablement),
        managed=tuple(ordered),
        changes=tuple(change_of(one, names.workflow_of(one.target), shape) for one in changing),
        kept=kept(shape, [one.target for one in ordered]),
        enablement=enablement,
    )


def _note(user: str, subject: Subject, message: str) -> Finding:
    integration = (subject.integration or None) if isinstance(subject, ConfigurationSubject) else None
    return Finding(
        kind=FindingKind.NOT_RESTORED, user=user, message=message, integration=integration, severity=Severity.WARNING
    )


def _names(subject: Subject, catalog: Catalog) -> Names:
    return Names(catalog.integrations.get(subject.integration) if isinstance(subject, ConfigurationSubject) else None)


def _subject(effect: SideEffect, live: LiveUser, catalog: Catalog) -> ConfigurationSubject:
    """The configuration in which a workflow was switched off; where it is gone, what is known of it."""
    credential = next((one for one in live.credentials if one.id == effect.credential), None)
    if credential is None:
        return ConfigurationSubject(
            integration="", credential=effect.credential, account=effect.credential, configuration=effect.configuration
        )
    integration = catalog.type_of(credential.integration_id) or f"id:{credential.integration_id}"
    entries = (one for one in credential.current if one.get("id") == effect.configuration)
    found = subject_of(integration, credential, next(entries, None))
    return replace(found, configuration=effect.configuration)


def _trail_order(trail: Trail) -> tuple[bool, tuple[str, str, str, bool, str, str]]:
    subject = trail.subject
    if isinstance(subject, ConfigurationSubject):
        return (True, subject_order(subject))
    return (False, ("", "", "", False, "", ""))
