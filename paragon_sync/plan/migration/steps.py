"""What each step of a migration does, on a virtual copy. Knows one configuration's values; nothing of who is meant.

A step that has nothing to do does nothing: so a migration can be run twice. What a step can't do is a problem, and
the copy is as it was then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, assert_never

from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import ABSENT, Json, dumps, equal, format_pointer
from paragon_sync.model.declared import Place
from paragon_sync.model.desired import Default, Setting, WorkflowEnabled
from paragon_sync.model.migration import (
    Action,
    FillValue,
    MapValues,
    Move,
    RemoveValue,
    SettingPath,
    SetValue,
    Step,
    Switch,
)
from paragon_sync.model.planned import FindingKind, Value
from paragon_sync.model.secrecy import holds_secret, names_secret
from paragon_sync.plan.migration import inside
from paragon_sync.plan.migration.virtual import Copy, Said
from paragon_sync.plan.names import Names
from paragon_sync.plan.own import among

_LONGEST_SHOWN: Final = 60
_HIDDEN: Final = "(secret)"
_OVERWRITE: Final = "overwrite: true in the step puts the one over the other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What a step can't do for this configuration."""

    kind: FindingKind
    message: str
    place: Place
    hint: str | None = None


class Performer:
    """Carries out the steps of one migration, called ``source``, on a copy."""

    def __init__(self, copy: Copy, names: Names, source: str) -> None:
        self._copy = copy
        self._names = names
        self._source = source

    def perform(self, step: Step) -> Iterator[Trouble]:
        for action in step.actions:
            if not (step.existing and _workflow_of(action) is not None and not self._has_entry(action)):
                yield from self._act(step, action)

    def _has_entry(self, action: Action) -> bool:
        workflow = _workflow_of(action)
        return workflow is not None and self._copy.has_entry(workflow)

    def _act(self, step: Step, action: Action) -> Iterator[Trouble]:
        match action:
            case Move():
                yield from self._move(step, action)
            case MapValues():
                yield from self._map(step, action)
            case SetValue(setting=setting, value=value):
                by = self._said(step, "sets it")
                yield from self._assign(step, setting, value.value, by, secret=value.secret)
            case FillValue():
                yield from self._fill(step, action)
            case RemoveValue(setting=setting):
                yield from self._assign(step, setting, ABSENT, self._said(step, "removes it"))
            case Switch():
                self._switch(step, action)
            case _:
                assert_never(action)

    def _move(self, step: Step, action: Move[SettingPath]) -> Iterator[Trouble]:
        source, destination = action.source, action.destination
        for path in inside.paths(self._copy.peek(source.target), source.inside):
            other = inside.matched(source.inside, path, destination.inside)
            one, two = SettingPath(source.target, path), SettingPath(destination.target, other)
            trouble = self._move_one(step, one, two, overwrite=action.overwrite)
            yield from () if trouble is None else (trouble,)

    def _move_one(
        self, step: Step, source: SettingPath, destination: SettingPath, *, overwrite: bool
    ) -> Trouble | None:
        copy, verb = self._copy, "renames" if step.verb == "rename" else "moves"
        by = self._said(step, f"{verb} it to {self._called(destination)}")
        value = inside.read(copy.read(source.target, by), source.inside)
        if value is ABSENT:
            if not source.inside:  # to be gone is what the step wants of it
                copy.set(source.target, ABSENT, by)
            return None
        taken = inside.read(copy.read(destination.target, by), destination.inside)
        covers = taken is not ABSENT and not equal(taken, value)
        if taken is not ABSENT and covers and not overwrite:
            return self._in_the_way(step, source, destination, taken)
        arrived = self._said(step, f"{verb} {self._called(source)} to it")
        try:
            after = inside.put(copy.read(destination.target, by), destination.inside, value)
            left = after if source.target == destination.target else copy.peek(source.target)
            left = inside.put(left, source.inside, ABSENT)
        except JsonError as error:
            return self._impossible(step, destination, error)
        if covers:
            copy.cover(destination.target, inside=bool(destination.inside))
        if destination.inside:
            copy.convert(destination.target, after, arrived)
        else:
            copy.set(destination.target, after, arrived)
        if not source.inside:
            copy.hand_over(source.target, destination.target)
            copy.set(source.target, ABSENT, by)
        else:
            copy.convert(source.target, left, arrived if source.target == destination.target else by)
        if copy.is_secret(source.target) or any(map(names_secret, (*source.inside, *destination.inside))):
            copy.mark_secret(destination.target)
            copy.mark_secret(source.target)
        return None

    def _map(self, step: Step, action: MapValues[SettingPath]) -> Iterator[Trouble]:
        copy, target = self._copy, action.setting.target
        by = self._said(step, "maps it")
        for path in inside.paths(copy.peek(target), action.setting.inside):
            value = inside.read(copy.read(target, by), path)
            if value is ABSENT:
                continue
            entry = next((entry for entry in action.table if equal(entry.value, value)), None)
            if entry is not None:
                after = inside.put(copy.peek(target), path, entry.result.value)
                copy.convert(target, after, by, secret=entry.result.secret)
            elif action.otherwise == "fail" and not among(value, (entry.result.value for entry in action.table)):
                yield self._not_mapped(step, SettingPath(target, path), value)

    def _assign(
        self, step: Step, setting: SettingPath, value: Value, by: Said, *, secret: bool = False
    ) -> Iterator[Trouble]:
        """Set, or (:data:`ABSENT`) remove; inside a value that isn't there nothing can be removed."""
        copy, target = self._copy, setting.target
        if not setting.inside:
            copy.set(target, value, by, secret=secret)
            return
        for path in inside.paths(copy.peek(target), setting.inside):
            before = copy.read(target, by)
            if value is ABSENT and inside.read(before, path) is ABSENT:
                continue
            try:
                after = inside.put(before, path, value)
            except JsonError as error:
                yield self._impossible(step, SettingPath(target, path), error)
                continue
            copy.convert(target, after, by, secret=secret)

    def _fill(self, step: Step, action: FillValue[SettingPath]) -> Iterator[Trouble]:
        copy, target, value = self._copy, action.setting.target, action.value
        by = self._said(step, "gives it a default")
        if not action.setting.inside:
            copy.fill(target, Default(value.value, action.blank), by, secret=value.secret)
            return
        for path in inside.paths(copy.peek(target), action.setting.inside):
            found = inside.read(copy.peek(target), path)
            if found is ABSENT or among(found, action.blank):
                yield from self._assign(step, SettingPath(target, path), value.value, by, secret=value.secret)

    def _switch(self, step: Step, action: Switch) -> None:
        target = WorkflowEnabled(action.workflow)
        needless = not action.enabled and not (
            self._copy.has_entry(action.workflow) or self._names.default_enabled(action.workflow)
        )
        value: Value = ABSENT if needless else action.enabled
        self._copy.set(target, value, self._said(step, f"{step.verb}s it"))

    def _said(self, step: Step, why: str) -> Said:
        return Said(source=f"{self._source}, step {step.number}", place=step.place, why=why)

    def _in_the_way(self, step: Step, source: SettingPath, destination: SettingPath, taken: Json) -> Trouble:
        shown = self._shown(destination, taken)
        message = f"{self._called(source)} can't become {self._called(destination)}, which has another value: {shown}"
        return Trouble(kind=FindingKind.WOULD_OVERWRITE, message=message, place=step.place, hint=_OVERWRITE)

    def _not_mapped(self, step: Step, setting: SettingPath, value: Json) -> Trouble:
        message = f"{self._called(setting)} is {self._shown(setting, value)}, which the table doesn't have"
        hint = "add it to values, or leave such values as they are with else: keep"
        return Trouble(kind=FindingKind.NOT_MAPPED, message=message, place=step.place, hint=hint)

    def _impossible(self, step: Step, setting: SettingPath, error: JsonError) -> Trouble:
        message = f"{self._called(setting)} can't be written: {error.message}"
        return Trouble(kind=FindingKind.NOT_MIGRATED, message=message, place=step.place)

    def _called(self, setting: SettingPath) -> str:
        """Its name for people: the title, with its workflow's, and the path inside its value."""
        label, workflow = self._names.label(setting.target), self._names.workflow_of(setting.target)
        name = f'"{label}"' if workflow is None else f'"{label}" of "{workflow}"'
        return f"{format_pointer(setting.inside)} of {name}" if setting.inside else name

    def _shown(self, setting: SettingPath, value: Json) -> str:
        named = any(map(names_secret, setting.inside))
        if named or self._copy.is_secret(setting.target) or holds_secret(value):
            return _HIDDEN
        try:
            text = f'"{value}"' if isinstance(value, str) and value.isprintable() else dumps(value)
        except JsonError:
            return "what can't be shown"
        return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def paths_of(action: Action) -> tuple[SettingPath, ...]:
    """The settings that an action is about."""
    match action:
        case Move(source=source, destination=destination):
            return source, destination
        case MapValues(setting=path) | SetValue(setting=path) | FillValue(setting=path) | RemoveValue(setting=path):
            return (path,)
        case Switch():
            return ()
        case _:
            assert_never(action)


def _workflow_of(action: Action) -> str | None:
    if isinstance(action, Switch):
        return action.workflow
    target = paths_of(action)[0].target
    return None if isinstance(target, Setting) else target.workflow
