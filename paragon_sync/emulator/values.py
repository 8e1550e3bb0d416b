"""The single values of a user's state, each under its place, and what differs between two states.

Knows nothing of requests. A value is one setting, one part of a workflow's entry, one key of the metadata: what a
person sees as one. An empty map holds none, so that it equals an absent one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace as changed
from typing import Final, NamedTuple

from paragon_sync.emulator import codec
from paragon_sync.emulator.codec import Json, JsonObject
from paragon_sync.emulator.state import WORKFLOW_MAPS, UserState, configurations
from paragon_sync.emulator.writing import IDENTITY

_MAPS: Final = ("sharedSettings", "configMeta")


class Place(NamedTuple):
    """Where a value stands: in a configuration, in ``config`` (no configuration), or in the metadata (neither)."""

    credential: str | None
    configuration: str | None
    keys: tuple[str, ...]

    @property
    def pointer(self) -> str:
        """The keys as a JSON Pointer: ``/sharedSettings/channel``, ``/meta/plan``."""
        return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in self.keys)


class Absent:
    """No value."""


ABSENT: Final = Absent()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value before and after."""

    place: Place
    before: Json | Absent
    after: Json | Absent

    def to_json(self) -> JsonObject:
        """As ``{credential, configuration, path, from, to}``, without ``from`` or ``to`` where there is no value."""
        told: JsonObject = {
            "credential": self.place.credential,
            "configuration": self.place.configuration,
            "path": self.place.pointer,
        }
        if not isinstance(self.before, Absent):
            told["from"] = self.before
        if not isinstance(self.after, Absent):
            told["to"] = self.after
        return told


def values(state: UserState) -> dict[Place, Json]:
    """All values of a state."""
    found = {Place(None, None, ("meta", key)): value for key, value in state.meta.items()}
    for credential in state.credentials:
        found.update(_of_credential(credential))
    return found


def _of_credential(credential: JsonObject) -> Iterator[tuple[Place, Json]]:
    identity = str(credential["id"])
    yield from _of_holder(identity, None, codec.as_object(credential.get("config")) or {})
    for entry in configurations(credential):
        yield from _of_holder(identity, str(entry["id"]), entry)


def _of_holder(credential: str, configuration: str | None, holder: JsonObject) -> Iterator[tuple[Place, Json]]:
    for key, value in holder.items():
        if configuration is not None and key in IDENTITY:
            continue
        depth = 3 if key in WORKFLOW_MAPS else 1 if key in _MAPS else 0
        for keys, one in _leaves((key,), value, depth):
            yield Place(credential, configuration, keys), one


def _leaves(keys: tuple[str, ...], value: Json, depth: int) -> Iterator[tuple[tuple[str, ...], Json]]:
    # Of a workflow's entry only the settings go one deeper: /workflowSettings/<id>/settings/<id>.
    opened = isinstance(value, dict) and depth > 0 and (len(keys) < 3 or keys[2] == "settings")  # noqa: PLR2004
    if not opened or not isinstance(value, dict):
        yield keys, value
        return
    for key, one in value.items():
        yield from _leaves((*keys, key), one, depth - 1)


def changes(before: UserState, after: UserState) -> tuple[Change, ...]:
    """What differs, in a fixed order; credentials that are the same object are not looked into."""
    kept = {id(one) for one in before.credentials} & {id(one) for one in after.credentials}
    old, new = (_but(state, kept, without_meta=before.meta is after.meta) for state in (before, after))
    found = []
    for place in {**old, **new}:
        first, last = old.get(place, ABSENT), new.get(place, ABSENT)
        if not same(first, last):
            found.append(Change(place=place, before=first, after=last))
    return tuple(found)


def _but(state: UserState, kept: set[int], *, without_meta: bool) -> dict[Place, Json]:
    credentials = [one for one in state.credentials if id(one) not in kept]
    return values(changed(state, credentials=credentials, meta={} if without_meta else state.meta))


def same(one: Json | Absent, other: Json | Absent) -> bool:
    """Whether two values are equal as JSON: ``true`` is not ``1``, ``1`` not ``1.0``; the order of keys is nothing."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(value, other[index]) for index, value in enumerate(one))
    if isinstance(one, codec.Pairs) and isinstance(other, codec.Pairs):
        return codec.dumps(one) == codec.dumps(other)
    return one == other


def with_value(state: UserState, place: Place, value: Json | Absent) -> UserState:
    """The state with this value at the place, or without one; a place in a configuration that is gone stays so."""
    if place.credential is None:
        return changed(state, meta=_put(state.meta, place.keys[1:], value))
    credential = state.credential(place.credential)
    if credential is None:
        return state
    if place.configuration is None:
        config = codec.as_object(credential.get("config")) or {}
        written: JsonObject = {**credential, "config": _put(config, place.keys, value)}
    else:
        entries: list[Json] = [
            _put(entry, place.keys, value) if entry["id"] == place.configuration else entry
            for entry in configurations(credential)
        ]
        written = {**credential, "configurations": entries}
    return changed(state, credentials=[written if one is credential else one for one in state.credentials])


def _put(holder: JsonObject, keys: tuple[str, ...], value: Json | Absent) -> JsonObject:
    key, *deeper = keys
    if deeper:
        inner = codec.as_object(holder.get(key)) or {}
        return {**holder, key: _put(inner, tuple(deeper), value)}
    if isinstance(value, Absent):
        return {name: one for name, one in holder.items() if name != key}
    return {**holder, key: value}
