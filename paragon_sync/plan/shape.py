"""How a configuration, or metadata, looks on the wire: what is sent of it and where each target stands in it.

Knows both shapes of a credential and which is at hand; nothing of documents, changes and who owns what.

    live has                                   payload                                      header G
    ``config`` alone, or neither               ``config`` as read                           –
    ``configurations``                         the entry without what the API keeps in it   the entry's id
    both, agreeing with the default entry      that, and what only ``config`` has           the entry's id
    both, and they differ                      none: *ambiguous shape*
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, assert_never

from paragon_sync.jsonvalue import (
    ABSENT,
    Json,
    JsonObject,
    Pointer,
    Repeated,
    equal,
    find_repeated,
    format_pointer,
    lookup,
)
from paragon_sync.model.desired import (
    ManagedTarget,
    MetadataKey,
    Setting,
    WorkflowEnabled,
    WorkflowEntry,
    WorkflowSetting,
)
from paragon_sync.model.live import Credential
from paragon_sync.model.planned import Value

SETTINGS: Final = "sharedSettings"
_DOCUMENTED_MAP: Final = "configuredWorkflows"
_CURRENT_MAP: Final = "workflowSettings"
WORKFLOW_MAPS: Final = (_DOCUMENTED_MAP, _CURRENT_MAP)
_NOT_SENT: Final = frozenset(
    {"id", "externalId", "isDefault", "connectCredentialId", "dateCreated", "dateUpdated", "dateDeleted"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One configuration (or the metadata) as read.

    ``payload`` is what would be sent if nothing changed. ``maps`` are the names under which the workflow map stands, or
    would be created; the first is the one that people see. ``ambiguous`` says why nothing may be written, if so.
    """

    payload: JsonObject
    maps: tuple[str, ...] = ()
    ambiguous: str | None = None

    def pointers(self, target: ManagedTarget) -> tuple[Pointer, ...]:
        """Where the target stands, or would stand: in each workflow map, if there are two."""
        match target:
            case MetadataKey(key=key):
                return ((key,),)
            case Setting(input=setting):
                return ((SETTINGS, setting),)
            case WorkflowEnabled(workflow=workflow):
                return tuple((name, workflow, "enabled") for name in self.maps)
            case WorkflowSetting(workflow=workflow, input=setting):
                return tuple((name, workflow, "settings", setting) for name in self.maps)
            case WorkflowEntry(workflow=workflow):
                return tuple((name, workflow) for name in self.maps)
            case _:
                assert_never(target)

    def read(self, target: ManagedTarget) -> Value:
        """The target's value; :data:`ABSENT` also where what stands on the way is no object."""
        for pointer in self.pointers(target):
            value = lookup(self.payload, pointer)
            if value is not ABSENT:
                return value
        return ABSENT

    def has_entry(self, workflow: str) -> bool:
        return any(isinstance(lookup(self.payload, (name, workflow)), dict) for name in self.maps)

    def settings(self) -> JsonObject:
        """The integration-level settings by id; empty where there are none."""
        return _object(self.payload.get(SETTINGS))

    def workflows(self) -> JsonObject:
        """The workflow map; where two agree, either."""
        for name in self.maps:
            if found := _object(self.payload.get(name)):
                return found
        return {}

    def workflow_settings(self, workflow: str) -> JsonObject:
        return _object(_object(self.workflows().get(workflow)).get("settings"))

    def repeated(self) -> Pointer | None:
        """Where an object names one key twice, which can't be carried."""
        return find_repeated(self.payload)

    def hides(self, target: ManagedTarget) -> bool:
        """Whether something that names a key twice stands on the way to the target."""
        return any(
            isinstance(lookup(self.payload, pointer[:length]), Repeated)
            for pointer in self.pointers(target)
            for length in range(1, len(pointer) + 1)
        )


def shape_of_metadata(meta: JsonObject) -> Shape:
    return Shape(payload=meta)


def shape_of(credential: Credential, configuration: str | None) -> Shape:
    """The shape of one configuration of the credential: of ``config`` when ``configuration`` is None.

    ``configuration`` must be the id of one of the credential's entries.
    """
    config = credential.raw.get("config")
    if configuration is None:
        return _documented(config)
    entry = next(e for e in credential.current if e.get("id") == configuration)
    own = {key: value for key, value in entry.items() if key not in _NOT_SENT}
    names = tuple(reversed(_maps_in(own)))
    shape = Shape(payload=own, maps=names or (_CURRENT_MAP,), ambiguous=_maps_differ(own, names))
    if not is_default(credential, entry) or config is None or config == {}:
        return shape
    if not isinstance(config, dict):
        return Shape(payload={**own, "config": config}, maps=shape.maps, ambiguous="its config is no object")
    return _both(entry, shape, config)


def shape_like(now: Shape, payload: JsonObject) -> Shape:
    """The same place with another payload: as it was, or as it shall be; with the workflow maps that are in that."""
    if not now.maps:
        return Shape(payload=payload)
    names = sorted(_maps_in(payload), key=(*now.maps, *WORKFLOW_MAPS).index)
    return Shape(payload=payload, maps=tuple(names) or now.maps)


def copies_of(credential: Credential, configuration: str | None) -> tuple[Shape, ...]:
    """Each place by itself where the configuration's values stand, where they differ; else the one shape.

    Places are ``config`` and the default entry, and each workflow map.
    """
    shape = shape_of(credential, configuration)
    if shape.ambiguous is None:
        return (shape,)
    found: list[Shape] = []
    for part in _parts_of(credential, configuration):
        names = _maps_in(part)
        rest = {key: value for key, value in part.items() if key not in names}
        found += (Shape(payload={**rest, name: part[name]}, maps=(name,)) for name in names)
        found += () if names else (Shape(payload=rest, maps=(_CURRENT_MAP,)),)
    return tuple(found)


def _parts_of(credential: Credential, configuration: str | None) -> Iterator[JsonObject]:
    """``config`` and the entry, each with the keys that only the other has, but for workflow maps."""
    config = _object(credential.raw.get("config"))
    if configuration is None:
        yield config
        return
    entry = next(e for e in credential.current if e.get("id") == configuration)
    own = {key: value for key, value in entry.items() if key not in _NOT_SENT}
    if not is_default(credential, entry) or not config:
        yield own
        return
    for part, other in ((own, config), (config, own)):
        yield {**{key: value for key, value in other.items() if key not in WORKFLOW_MAPS}, **part}


def is_default(credential: Credential, entry: JsonObject) -> bool:
    """Whether the entry is the default configuration: the one so marked, or the only one where none is marked."""
    return is_default_among(credential.current, entry)


def is_default_among(entries: Sequence[JsonObject], entry: JsonObject) -> bool:
    """The same, of all entries of a credential that aren't deleted."""
    return entry.get("isDefault") is True or ("isDefault" not in entry and len(entries) == 1)


def _documented(config: Json) -> Shape:
    if config is None:
        return Shape(payload={}, maps=(_DOCUMENTED_MAP,))
    if not isinstance(config, dict):
        return Shape(payload={"config": config}, maps=(_DOCUMENTED_MAP,), ambiguous="its config is no object")
    names = _maps_in(config)
    return Shape(payload=config, maps=names or (_DOCUMENTED_MAP,), ambiguous=_maps_differ(config, names))


def _both(entry: JsonObject, shape: Shape, config: JsonObject) -> Shape:
    """The default entry, with what only ``config`` has, if the two agree."""
    own = shape.payload
    payload = {**own, **{key: value for key, value in config.items() if key not in entry}}
    maps = (*shape.maps, *(name for name in _maps_in(config) or (_DOCUMENTED_MAP,) if name not in shape.maps))
    return Shape(payload=payload, maps=maps, ambiguous=shape.ambiguous or _disagreement(entry, config))


def _disagreement(entry: JsonObject, config: JsonObject) -> str | None:
    sections: list[tuple[str, Value, Value]] = [(SETTINGS, entry.get(SETTINGS, {}), config.get(SETTINGS, {}))]
    ours, theirs = _maps_in(entry), _maps_in(config)
    sections += [
        (name, entry.get(mine, {}), config.get(name, {}))
        for mine in ours or (_CURRENT_MAP,)
        for name in theirs or (_DOCUMENTED_MAP,)
    ]
    sections += [(key, entry[key], value) for key, value in config.items() if key in entry]
    for name, mine, other in sections:
        if not equal(mine, other):
            return f"its config and its default configuration differ in {format_pointer((name,))}"
    return None


def _maps_in(section: JsonObject) -> tuple[str, ...]:
    return tuple(name for name in WORKFLOW_MAPS if name in section)


def _maps_differ(section: JsonObject, names: Sequence[str]) -> str | None:
    if len(names) == len(WORKFLOW_MAPS) and not equal(*(section[name] for name in names)):
        return f"{' and '.join(WORKFLOW_MAPS)} are both there and differ"
    return None


def _object(value: object) -> JsonObject:
    return value if isinstance(value, dict) else {}
