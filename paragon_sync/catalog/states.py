"""Owns how the names in a case's states become ids; knows one integration, and nothing of migrations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from paragon_sync.catalog.levels import Level, Levels
from paragon_sync.catalog.naming import Miss
from paragon_sync.jsonvalue import Json
from paragon_sync.model.catalog import Integration
from paragon_sync.model.declared import Fault, Place
from paragon_sync.model.desired import WorkflowEnabled
from paragon_sync.model.rehearsal import NamedState, StateTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Values by ids; a section that was left out is None. An entry of a workflow has ``enabled`` at least."""

    settings: Mapping[StateTarget, Json] | None
    workflows: Mapping[StateTarget, Json] | None


def resolve_state(state: NamedState, integration: Integration) -> tuple[State, list[Fault]]:
    """The state with ids for names, and each name that leads nowhere; types aren't checked, as they aren't live."""
    faults: list[Fault] = []
    levels = Levels(integration)
    settings = None
    if state.settings is not None:
        settings = dict(_settings(state.settings, levels.level, _below(state.place, "settings"), faults))
    workflows = None
    if state.workflows is not None:
        workflows = dict(_workflows(state.workflows, levels, _below(state.place, "workflows"), faults))
    return State(settings=settings, workflows=workflows), faults


def _settings(
    settings: Mapping[str, Json], level: Level, place: Place, faults: list[Fault]
) -> Iterator[tuple[StateTarget, Json]]:
    for name, value in settings.items():
        id_ = level.names.id_of(name, "setting")
        if isinstance(id_, Miss):
            faults.append(_missed(level.title, id_, _below(place, name)))
        else:
            yield level.target(id_), value


def _workflows(
    workflows: Mapping[str, Json], levels: Levels, place: Place, faults: list[Fault]
) -> Iterator[tuple[StateTarget, Json]]:
    for name, content in workflows.items():
        at = _below(place, name)
        id_ = levels.names.id_of(name, "workflow")
        if isinstance(id_, Miss):
            faults.append(_missed(levels.type, id_, at))
            continue
        entry = content if isinstance(content, dict) else {"enabled": content}
        yield WorkflowEnabled(id_), entry.get("enabled", False)
        settings = entry.get("settings")
        if isinstance(settings, dict):
            yield from _settings(settings, levels.workflow_level(id_), _below(at, "settings"), faults)


def _below(place: Place, name: str) -> Place:
    return replace(place, pointer=(*place.pointer, name))


def _missed(where: str, miss: Miss, place: Place) -> Fault:
    return Fault(message=f"{where} {miss.message}", place=replace(place, of_key=True), hint=miss.hint)
