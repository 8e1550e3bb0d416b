"""What the simulated world understands of JSON and of configurations: its own, so that it shares no mistake.

A user's state is ``{"meta": {…}, "credentials": [{…}]}``, as the API shows it. It is never changed in place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

Path: TypeAlias = tuple[str, ...]
"""Where a value is: ``("meta", key)``, or credential, configuration (``""`` for the documented shape), and

``"settings", input`` · ``"workflow", id, "enabled"`` · ``"workflow", id, "settings", input`` ·
``"workflow", id, "other", key`` · ``"other", key``.
"""
State: TypeAlias = Mapping[str, Any]
Resource: TypeAlias = tuple[str, ...]
"""What one operation of the tool writes: ``("meta",)``, or credential and configuration."""

GONE: Final = "(absent)"
"""Stands for a value that isn't there. No JSON text looks so."""

WORKFLOW_MAPS: Final = ("configuredWorkflows", "workflowSettings")
_OF_THE_API: Final = frozenset({"id", "externalId", "isDefault"})


def text(value: Any) -> str:
    """Return the JSON of a value; two values are the same if their texts are."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def resource_of(path: Path) -> Resource:
    """Return what a path belongs to."""
    return ("meta",) if path[0] == "meta" else path[:2]


def leaves(state: State) -> dict[Path, str]:
    """Return every value of a user by its path, as JSON."""
    return {path: text(value) for path, value in _walk(state)}


def _walk(state: State) -> Iterator[tuple[Path, Any]]:
    for key, value in state["meta"].items():
        yield ("meta", key), value
    for credential in state["credentials"]:
        for configuration, settings in configurations(credential):
            yield from _inside((credential["id"], configuration), settings)


def configurations(credential: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Return each configuration of a credential with its id; ``""`` for the documented shape."""
    if "configurations" not in credential:
        yield "", credential.get("config", {})
        return
    for entry in credential["configurations"]:
        yield entry["id"], {key: value for key, value in entry.items() if key not in _OF_THE_API}


def _inside(at: Path, configuration: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    for key, value in configuration.items():
        if key == "sharedSettings":
            for name, setting in value.items():
                yield (*at, "settings", name), setting
        elif key in WORKFLOW_MAPS:
            for workflow, entry in value.items():
                yield from _workflow((*at, "workflow", workflow), entry)
        else:
            yield (*at, "other", key), value


def _workflow(at: Path, entry: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    for key, value in entry.items():
        if key == "enabled":
            yield (*at, "enabled"), value
        elif key == "settings":
            for name, setting in value.items():
                yield (*at, "settings", name), setting
        else:
            yield (*at, "other", key), value


def with_leaf(state: State, path: Path, value: Any) -> State:
    """Return the state with another value at a path; :data:`GONE` removes it."""
    if path[0] == "meta":
        return {**state, "meta": _with(state["meta"], path[1:], value)}
    credentials = [_in_credential(one, path, value) if one["id"] == path[0] else one for one in state["credentials"]]
    return {**state, "credentials": credentials}


def _in_credential(credential: Mapping[str, Any], path: Path, value: Any) -> Mapping[str, Any]:
    if not path[1]:
        return {**credential, "config": _with(credential.get("config", {}), _keys(path, "configuredWorkflows"), value)}
    entries = [
        _with(entry, _keys(path, "workflowSettings"), value) if entry["id"] == path[1] else entry
        for entry in credential["configurations"]
    ]
    return {**credential, "configurations": entries}


def _keys(path: Path, workflows: str) -> Path:
    match path[2:]:
        case ("settings", name):
            return ("sharedSettings", name)
        case ("workflow", workflow, "enabled"):
            return (workflows, workflow, "enabled")
        case ("workflow", workflow, "settings", name):
            return (workflows, workflow, "settings", name)
        case ("workflow", workflow, "other", name):
            return (workflows, workflow, name)
        case ("other", name):
            return (name,)
        case _:
            raise AssertionError(path)


def _with(value: Mapping[str, Any], keys: Path, new: Any) -> Mapping[str, Any]:
    first, rest = keys[0], keys[1:]
    if rest:
        return {**value, first: _with(value.get(first, {}), rest, new)}
    if new == GONE:
        return {key: one for key, one in value.items() if key != first}
    return {**value, first: new}


def shown(path: Path) -> str:
    """Return a path for people."""
    return "/".join(part or "config" for part in path)
