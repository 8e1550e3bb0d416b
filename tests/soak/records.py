"""What the judges read of our own records, by the target of each operation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paragon_sync.emulator.codec import Json
from paragon_sync.emulator.values import ABSENT, Absent, Place
from paragon_sync.jsonvalue import JsonObject
from paragon_sync.model.planned import ConfigurationSubject
from paragon_sync.store.journal import Entry
from paragon_sync.store.state import StateStore
from tests.soak.population import Target


def entries_of(state: Path, run: str) -> dict[Target, Entry]:
    """The journal of a run."""
    found: dict[Target, Entry] = {}
    with StateStore.open(state) as store:
        for entry in store.entries(run):
            subject = entry.subject
            target: Target = (entry.user, None, None)
            if isinstance(subject, ConfigurationSubject):
                target = (entry.user, subject.credential, subject.configuration)
            found[target] = entry
    return found


def in_pre_image(pre_image: JsonObject, place: Place) -> Json | Absent:
    """What a place held in the pre-image of the operation that wrote it."""
    held: Any = pre_image
    for key in place.keys[1:] if place.credential is None else place.keys:
        held = held.get(key, ABSENT) if isinstance(held, dict) else ABSENT
    return held


def target_of(operation: Mapping[str, Any]) -> Target:
    """What an operation of a run's JSON was to write."""
    return operation["user"], operation.get("credential"), operation.get("configuration")
