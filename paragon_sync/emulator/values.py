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
from paragon_sync.emulator.state import UserState, configurations
from paragon_sync.emulator.writing import IDENTITY


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
    for configuration, held in _holders(credential).items():
        for key, value in held.items():
            if configuration is None or key not in IDENTITY:
                for keys, one in _leaves((key,), value):
                    yield Place(identity, configuration, keys), one


def _holders(credential: JsonObject) -> dict[str | None, JsonObject]:
    found: dict[str | None, JsonObject] = {str(entry["id"]): entry for entry in configurations(credential)}
    config = codec.as_object(credential.get("config"))
    return {None: config, **found} if config else found


def _leaves(keys: tuple[str, ...], value: Json | Absent) -> Iterator[tuple[tuple[str, ...], Json]]:
    if isinstance(value, dict) and _opens(keys):
        for key, one in value.items():
            yield from _leaves((*keys, key), one)
    elif not isinstance(value, Absent):
        yield keys, value


def _opens(keys: tuple[str, ...]) -> bool:
    """Whether an object here is a map of values: the sections, a workflow's entry, and the settings in it."""
    match keys:
        case ("meta" | "sharedSettings" | "configMeta",):
            return True
        case ("workflowSettings" | "configuredWorkflows", *deeper):
            return len(deeper) < 2 or deeper[1:] == ["settings"]  # noqa: PLR2004
        case _:
            return False


def changes(before: UserState, after: UserState) -> tuple[Change, ...]:
    """What differs, in a fixed order. What is the same object in both isn't looked into: most of a state is."""
    found: list[Change] = []
    if before.meta is not after.meta:
        _differ(Place(None, None, ("meta",)), before.meta, after.meta, found)
    old = {str(one["id"]): one for one in before.credentials}
    new = {str(one["id"]): one for one in after.credentials}
    for identity in old | new:
        if old.get(identity) is not new.get(identity):
            _of_two(identity, old.get(identity, {}), new.get(identity, {}), found)
    return tuple(found)


def _of_two(identity: str, old: JsonObject, new: JsonObject, found: list[Change]) -> None:
    first, last = _holders(old), _holders(new)
    for configuration in first | last:
        before, after = first.get(configuration, {}), last.get(configuration, {})
        if before is not after:
            for key in before | after:
                if configuration is None or key not in IDENTITY:
                    place = Place(identity, configuration, (key,))
                    _differ(place, before.get(key, ABSENT), after.get(key, ABSENT), found)


def _differ(place: Place, old: Json | Absent, new: Json | Absent, found: list[Change]) -> None:
    opens = _opens(place.keys)
    if opens and isinstance(old, dict) and isinstance(new, dict):
        for key in old if old.keys() == new.keys() else old | new:
            at = Place(place.credential, place.configuration, (*place.keys, key))
            _differ(at, old.get(key, ABSENT), new.get(key, ABSENT), found)
    elif not same(old, new):
        gone, come = dict(_leaves(place.keys, old)), dict(_leaves(place.keys, new))
        for keys in gone | come:
            at = Place(place.credential, place.configuration, keys)
            found += [Change(place=at, before=gone.get(keys, ABSENT), after=come.get(keys, ABSENT))]


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


def holder(state: UserState, place: Place) -> JsonObject:
    """What a place's keys are looked up in: the configuration, or ``config``; empty where there is none."""
    credential = state.credential(place.credential or "") or {}
    if place.configuration is None:
        return codec.as_object(credential.get("config")) or {}
    return next((entry for entry in configurations(credential) if entry["id"] == place.configuration), {})


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
