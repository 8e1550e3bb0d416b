"""Counts the single values of a configuration or of metadata: each setting, each ``enabled``, each other key as one.

Knows shapes and targets; nothing of plans.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from paragon_sync.jsonvalue import Json, Pointer
from paragon_sync.model.desired import ManagedTarget, WorkflowEntry
from paragon_sync.plan.shape import SETTINGS, WORKFLOW_MAPS, Shape

WORKFLOWS = WORKFLOW_MAPS[0]
"""The name under which the workflow map is counted, whichever it has."""


def values_of(shape: Shape) -> dict[Pointer, Json]:
    """Each single value by its pointer, the workflow map under one name; of metadata, each key.

    An empty section holds no value; a section or entry that is no object is one.
    """
    if not shape.maps:
        return {(key,): value for key, value in shape.payload.items()}
    found: dict[Pointer, Json] = {}
    for key, value in shape.payload.items():
        if key == SETTINGS:
            found.update(_keys((key,), value))
        elif key in WORKFLOW_MAPS:
            found.update(_workflow_values(value))
        else:
            found[(key,)] = value
    return found


def kept(shape: Shape, managed: Collection[ManagedTarget]) -> int:
    """How many of the values no target manages."""
    return len(unmanaged(shape, managed))


def unmanaged(shape: Shape, managed: Collection[ManagedTarget]) -> dict[Pointer, Json]:
    """The values that no target manages, as :func:`values_of` names them."""
    found = (shape.pointers(target)[0] for target in managed)
    ours = {(WORKFLOWS, *pointer[1:]) if pointer[0] in shape.maps else pointer for pointer in found}
    entries = {(WORKFLOWS, target.workflow) for target in managed if isinstance(target, WorkflowEntry)}
    return {at: value for at, value in values_of(shape).items() if at not in ours and at[:2] not in entries}


def _keys(at: Pointer, value: Json) -> Iterator[tuple[Pointer, Json]]:
    if isinstance(value, dict):
        yield from (((*at, key), item) for key, item in value.items())
    else:
        yield at, value


def _workflow_values(entries: Json) -> Iterator[tuple[Pointer, Json]]:
    for at, entry in _keys((WORKFLOWS,), entries):
        for inner, value in _keys(at, entry):
            if isinstance(entry, dict) and inner[-1] == "settings":
                yield from _keys(inner, value)
            else:
                yield inner, value
