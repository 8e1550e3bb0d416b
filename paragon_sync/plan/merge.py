"""Builds the payload: what was read, with the managed values put in and everything else as it was.

The one place that does so, for planning and for applying alike. Knows nothing of why a value is managed.
"""

from __future__ import annotations

from collections.abc import Iterable

from paragon_sync.jsonvalue import ABSENT, JsonObject, assign, equal, lookup
from paragon_sync.model.desired import ManagedTarget, WorkflowEnabled, WorkflowSetting
from paragon_sync.model.planned import Value
from paragon_sync.plan.shape import Shape


def merge(shape: Shape, values: Iterable[tuple[ManagedTarget, Value]]) -> JsonObject:
    """The payload with each target at its value (:data:`ABSENT` removes it); a workflow entry that has to be created
    gets both keys, ``enabled`` and ``settings``.

    Raises :class:`JsonError` where something that is no object stands on the way: it would be destroyed.
    """
    payload = shape.payload
    for target, value in values:
        if equal(shape.read(target), value):
            continue
        for pointer in shape.pointers(target):
            payload = assign(payload, pointer, value)
            if isinstance(target, WorkflowEnabled | WorkflowSetting):
                settings = (*pointer[:2], "settings")
                if lookup(shape.payload, pointer[:2]) is ABSENT and lookup(payload, settings) is ABSENT:
                    payload = assign(payload, settings, {})
    return payload
