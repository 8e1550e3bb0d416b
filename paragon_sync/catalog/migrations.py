"""Owns how a migration's names become ids and what can be told of its types; knows one catalog, and nothing live.

With ``workflow: all`` a step becomes one action for each workflow that has such a setting.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar, assert_never

from paragon_sync.catalog.levels import Level, Levels
from paragon_sync.catalog.naming import ESCAPE, Miss, Names, suggestion
from paragon_sync.catalog.types import check_value
from paragon_sync.jsonvalue import Json
from paragon_sync.model.catalog import Catalog, Input
from paragon_sync.model.declared import Declared, Fault, Place
from paragon_sync.model.desired import DesiredBlock, Setting
from paragon_sync.model.migration import (
    Action,
    DeclaredStep,
    DesiredMigration,
    FillValue,
    MapValues,
    Migration,
    Move,
    RemoveValue,
    SettingName,
    SettingPath,
    SetValue,
    Step,
    Switch,
    SwitchNamed,
    Vocabulary,
    Where,
    WorkflowName,
)

A = TypeVar("A")
_SETTINGS, _WORKFLOWS = "settings", "workflows"


def resolve_migration(
    migration: Migration, catalog: Catalog, described: str
) -> tuple[DesiredMigration | None, list[Fault]]:
    """The migration with ids for names, and everything that is wrong in it; what is wrong is left out.

    ``described`` tells people which catalog it is. None where the catalog doesn't have the integration.
    """
    found = catalog.integrations.get(migration.integration)
    if found is None:
        types = list(catalog.integrations)
        hint = f"{suggestion(migration.integration, types, types)} ({described})"
        place = replace(migration.place, pointer=("integration",))
        return None, [Fault(message=f'no integration "{migration.integration}"', place=place, hint=hint)]
    levels = Levels(found)
    steps = _Steps(levels, described)
    resolved = DesiredMigration(
        name=migration.name,
        place=migration.place,
        block=DesiredBlock(
            integration=migration.integration,
            place=replace(migration.place, pointer=("integration",)),
            account=migration.account,
            configuration=migration.configuration,
        ),
        steps=tuple(steps.step(number, step) for number, step in enumerate(migration.steps, 1)),
        where=migration.where,
        vocabulary=_vocabulary(levels),
    )
    where = itertools.islice(_where_faults(migration.where, levels, described), 1)  # one at each place
    faults = [*where, *steps.faults, *_misfits(resolved, levels, described)]
    return resolved, list(dict.fromkeys(faults))


def fits(definition: Input, value: Json, secret: bool) -> str | None:  # noqa: FBT001  # the planner's way to ask
    """Whether the value fits the input: None, or the end of a sentence why not."""
    wrong = check_value(definition, value, secret=secret)
    return None if wrong is None else wrong.message


class _Steps:
    """Resolves steps one after the other."""

    def __init__(self, levels: Levels, described: str) -> None:
        self.faults: list[Fault] = []
        self._levels = levels
        self._described = described

    def step(self, number: int, step: DeclaredStep) -> Step:
        actions = tuple(self._actions(step))
        action = step.action
        existing = False if isinstance(action, SwitchNamed) else _names_in(action)[0].every
        return Step(number=number, verb=step.verb, place=step.place, actions=actions, existing=existing)

    def _actions(self, step: DeclaredStep) -> Iterator[Action]:
        match step.action:
            case SwitchNamed(workflow=name, enabled=enabled):
                yield from (Switch(workflow=id_, enabled=enabled) for id_ in self._workflow_ids(name))
            case Move(source=source, destination=destination, overwrite=overwrite):
                for one, other in self._paths(source, destination):
                    if one == other:
                        self._fault(destination.place, "it leads to where the value is already", "remove the step")
                    yield Move(source=one, destination=other, overwrite=overwrite)
            case MapValues(setting=name, table=table, otherwise=otherwise):
                for (path,) in self._paths(name):
                    yield MapValues(setting=path, table=table, otherwise=otherwise)
            case SetValue(setting=name, value=value):
                for (path,) in self._paths(name):
                    yield SetValue(setting=path, value=value)
            case FillValue(setting=name, value=value, blank=blank):
                for (path,) in self._paths(name):
                    yield FillValue(setting=path, value=value, blank=blank)
            case RemoveValue(setting=name):
                for (path,) in self._paths(name):
                    yield RemoveValue(setting=path)
            case _:
                assert_never(step.action)

    def _paths(self, *names: SettingName) -> Iterator[tuple[SettingPath, ...]]:
        """The settings that the names stand for, together: once, or for each workflow that has them all."""
        if names[0].every:
            yield from self._everywhere(names)
            return
        found = [self._path(name) for name in names]
        paths = tuple(path for path in found if path is not None)
        if len(paths) == len(names):
            yield paths

    def _path(self, name: SettingName) -> SettingPath | None:
        level = self._level(name)
        return None if level is None else self._path_on(level, name)

    def _path_on(self, level: Level, name: SettingName) -> SettingPath | None:
        id_ = level.names.id_of(name.name, "setting")
        if isinstance(id_, Miss):
            hint = id_.hint
            if not level.known:
                hint = f"the catalog doesn't know this workflow: write {ESCAPE} before the setting's exact id"
            self._fault(name.place, f"{level.title} {id_.message}", hint)
            return None
        return SettingPath(level.target(id_), name.inside, checked=not name.name.startswith(ESCAPE))

    def _level(self, name: SettingName) -> Level | None:
        if name.workflow is None:
            return self._levels.level
        place = name.workflow_place or name.place
        ids = self._workflow_ids(WorkflowName(name=name.workflow, place=place))
        return self._levels.workflow_level(ids[0]) if ids else None

    def _workflow_ids(self, name: WorkflowName) -> list[str]:
        if name.every:
            return list(self._levels.workflows)
        id_ = self._levels.names.id_of(name.name, "workflow")
        if isinstance(id_, Miss):
            self._fault(name.place, f"{self._levels.type} {id_.message}", id_.hint)
            return []
        return [id_]

    def _everywhere(self, names: tuple[SettingName, ...]) -> Iterator[tuple[SettingPath, ...]]:
        levels = [self._levels.workflow_level(id_) for id_ in self._levels.workflows]
        having = [level for level in levels if all(_has(level, name) for name in names)]
        for level in having:
            paths = tuple(path for name in names if (path := self._path_on(level, name)) is not None)
            if len(paths) == len(names):
                yield paths
        if not having:
            titles = [i.title for level in levels for i in level.inputs.values()]
            named = " and ".join(f'"{name.name}"' for name in names)
            missing = next((name for name in names if not any(_has(level, name) for level in levels)), names[0])
            hint = suggestion(missing.name, titles, sorted(set(titles)))
            self._fault(missing.place, f"no workflow of {self._levels.type} has a setting {named}", hint)

    def _fault(self, place: Place, message: str, hint: str) -> None:
        self.faults.append(Fault(message=message, place=place, hint=f"{hint} ({self._described})"))


def _names_in(action: Move[A] | MapValues[A] | SetValue[A] | FillValue[A] | RemoveValue[A]) -> list[A]:
    if isinstance(action, Move):
        return [action.source, action.destination]
    return [action.setting]


def _has(level: Level, name: SettingName) -> bool:
    """Whether the level knows the name, were it for several settings."""
    titles = (i.title for i in level.inputs.values())
    return name.name.startswith(ESCAPE) or name.name in level.inputs or name.name in titles


def _vocabulary(levels: Levels) -> Vocabulary:
    titles = {id_: workflow.description for id_, workflow in levels.workflows.items()}
    return Vocabulary(
        settings=_ids(levels.level),
        workflows=_table(levels.names, [*titles, *titles.values()]),
        workflow_settings={id_: _ids(levels.workflow_level(id_)) for id_ in levels.workflows},
    )


def _ids(level: Level) -> Mapping[str, str]:
    return _table(level.names, [*level.inputs, *(i.title for i in level.inputs.values())])


def _table(names: Names, spelled: Iterable[str]) -> Mapping[str, str]:
    found = {name: names.id_of(name, "") for name in spelled}
    return {name: id_ for name, id_ in found.items() if isinstance(id_, str)}


def _where_faults(where: Where | None, levels: Levels, described: str) -> Iterator[Fault]:
    """Names in the expression that lead nowhere: else it would be false for everybody, and nobody would be told."""
    if where is None:
        return

    def miss(title: str, found: str | Miss) -> Iterator[Fault]:
        if isinstance(found, Miss):
            yield Fault(message=f"{title} {found.message}", place=where.place, hint=f"{found.hint} ({described})")

    for _, *path in where.paths:
        match path:
            case [section, name, *_] if section == _SETTINGS:
                yield from miss(levels.type, levels.level.names.id_of(name, "setting"))
            case [section, name, *inner] if section == _WORKFLOWS:
                workflow = levels.names.id_of(name, "workflow")
                yield from miss(levels.type, workflow)
                if isinstance(workflow, str) and inner[:1] == [_SETTINGS] and len(inner) > 1:
                    level = levels.workflow_level(workflow)
                    yield from miss(level.title, level.names.id_of(inner[1], "setting"))


def _misfits(migration: DesiredMigration, levels: Levels, described: str) -> Iterator[Fault]:
    """Values of the wrong type that a step leaves in a setting, and no later one touches."""
    actions = [action for step in migration.steps for action in step.actions]
    for number, action in enumerate(actions):
        path, values = _results(action)
        if path is None or path.inside or not path.checked or _touches_again(actions[number + 1 :], path):
            continue
        target = path.target
        level = levels.level if isinstance(target, Setting) else levels.workflow_level(target.workflow)
        yield from _wrong(level, target.input, values, described)


def _results(action: Action) -> tuple[SettingPath | None, list[Declared]]:
    match action:
        case MapValues(setting=path, table=table):
            return path, [entry.result for entry in table]
        case SetValue(setting=path, value=value) | FillValue(setting=path, value=value):
            return path, [value]
        case Move() | RemoveValue() | Switch():
            return None, []
        case _:
            assert_never(action)


def _touches_again(later: Iterable[Action], path: SettingPath) -> bool:
    settings = (action for action in later if not isinstance(action, Switch))
    return any(found.target == path.target for action in settings for found in _names_in(action))


def _wrong(level: Level, id_: str, values: Iterable[Declared], described: str) -> Iterator[Fault]:
    definition = level.inputs.get(id_)
    if definition is None:
        return
    for one in values:
        found = check_value(definition, one.value, secret=one.secret)
        if found is not None:
            message = f'setting "{level.names.label(id_)}" of {level.title} {found.message}'
            hint = None if found.hint is None else f"{found.hint} ({described})"
            yield Fault(message=message, place=one.place, hint=hint)
