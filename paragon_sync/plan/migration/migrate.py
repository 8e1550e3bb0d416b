"""Migrations on one configuration: whom they are meant for, their steps in order, and what they came to. Pure.

Knows what is live and what the steps want; nothing of documents, and not how an expression is evaluated: ``where`` and
the check of types are handed in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from paragon_sync.jsonvalue import ABSENT
from paragon_sync.model.desired import WorkflowEnabled
from paragon_sync.model.live import Credential
from paragon_sync.model.migration import DesiredMigration, Enrolment, Fits, Undecided
from paragon_sync.model.planned import ConfigurationSubject, FindingKind, Value
from paragon_sync.plan.merge import merge
from paragon_sync.plan.migration.steps import Performer, Trouble, paths_of
from paragon_sync.plan.migration.view import live_view
from paragon_sync.plan.migration.virtual import Copy, Said, Touchable, Touched
from paragon_sync.plan.names import Names
from paragon_sync.plan.select import place_order
from paragon_sync.plan.shape import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """The configuration on which migrations are carried out, and where it stands."""

    subject: ConfigurationSubject
    credential: Credential
    shape: Shape
    names: Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrated:
    """What all migrations of one configuration came to; with ``troubles`` nothing of it may be written."""

    touched: tuple[Touched, ...] = ()
    troubles: tuple[Trouble, ...] = ()

    @property
    def changed(self) -> list[Touched]:
        return [one for one in self.touched if one.changes]


def in_order(enrolments: Iterable[Enrolment]) -> list[Enrolment]:
    """Migrations in the order in which they are carried out: by file, and as they stand in it."""
    return sorted(enrolments, key=lambda one: place_order(one.migration.place))


def migrate(enrolments: Sequence[Enrolment], ground: Ground) -> Migrated:
    """Carry out every migration in its order, each on what the one before it has left."""
    if not enrolments:
        return Migrated()
    copy = Copy(ground.shape, ground.names)
    troubles: list[Trouble] = []
    for enrolment in enrolments:
        troubles += _carry_out(enrolment, ground, copy)
    touched = tuple(copy.touched())
    troubles += _misfits(touched, enrolments, ground.names)
    return Migrated(touched=touched, troubles=tuple(troubles))


def repeated(enrolments: Sequence[Enrolment], ground: Ground, after: Shape) -> Iterator[Trouble]:
    """What a second run would do to a configuration that is ``after`` once the first is applied: it must be nothing."""
    again = migrate(enrolments, replace(ground, shape=after))
    for trouble in again.troubles:
        message = f"a second run would not be possible: {trouble.message}"
        yield replace(trouble, kind=FindingKind.NOT_MIGRATED, message=message, hint=None)
    for one in again.changed:
        message = f'a second run would change "{ground.names.label(one.target)}" again ({one.by.source} {one.by.why})'
        hint = "a migration must come to the same when it is run twice: see to it that its steps don't undo each other"
        yield Trouble(kind=FindingKind.NOT_MIGRATED, message=message, place=one.by.place, hint=hint)


def shape_after(shape: Shape, migrated: Migrated) -> Shape:
    """The configuration as the migrations leave it; raises :class:`JsonError` where that would destroy something."""
    changed = migrated.changed
    if not changed:
        return shape
    return replace(shape, payload=merge(shape, ((one.target, one.value) for one in changed)))


def _carry_out(enrolment: Enrolment, ground: Ground, copy: Copy) -> Iterator[Trouble]:
    migration = enrolment.migration
    if enrolment.where is not None and migration.where is not None:
        read: list[Touchable] = []

        def note(target: Touchable) -> Value:
            read.append(target)
            if isinstance(target, WorkflowEnabled) and not copy.has_entry(target.workflow):
                return ground.names.default_enabled(target.workflow)
            return copy.peek(target)

        meant = enrolment.where(live_view(ground.credential, ground.subject, migration.vocabulary, note))
        if isinstance(meant, Undecided):
            secret = any(copy.is_secret(target) for target in read)
            why = "it fails on a secret, whose value isn't shown" if secret else meant.message
            yield Trouble(
                kind=FindingKind.NOT_MIGRATED,
                message=f"where of {migration.source} can't tell: {why}",
                place=migration.where.place,
                hint=None if secret else meant.hint,
            )
            return
        if not meant:
            return
        by = Said(source=migration.source, place=migration.where.place, why="its where goes by it")
        for target in read:
            copy.read(target, by)
    yield from _steps(migration, ground, copy)


def _steps(migration: DesiredMigration, ground: Ground, copy: Copy) -> Iterator[Trouble]:
    performer = Performer(copy, ground.names, migration.source)
    for step in migration.steps:
        yield from performer.perform(step)


def _misfits(touched: Iterable[Touched], enrolments: Iterable[Enrolment], names: Names) -> Iterator[Trouble]:
    """Values that don't fit their inputs, where it could not be told before what they would be."""
    fits: Fits | None = next((one.fits for one in enrolments if one.fits is not None), None)
    for one in touched:
        if not one.changes or one.value is ABSENT or isinstance(one.target, WorkflowEnabled):
            continue
        definition = names.input(one.target)
        wrong = None if definition is None or fits is None else fits(definition, one.value, one.secret)
        if wrong is not None and not _is_unchecked(one.target, enrolments):
            message = f'"{names.label(one.target)}" {wrong}'
            yield Trouble(kind=FindingKind.NOT_MIGRATED, message=message, place=one.by.place)


def _is_unchecked(target: Touchable, enrolments: Iterable[Enrolment]) -> bool:
    """Whether a step names it such that its type doesn't count."""
    actions = (action for one in enrolments for step in one.migration.steps for action in step.actions)
    return any(path.target == target and not path.checked for action in actions for path in paths_of(action))
