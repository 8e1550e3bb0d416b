"""The sections that User, Profile and Rollout documents share: where values are in them, and what these refer to.

Parts that the schema has refused are stepped over, so that one pass finds everything that is wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final, Literal, TypeAlias

from paragon_sync.jsonvalue import Json, JsonObject, Pointer
from paragon_sync.manifest import schema, secrets
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.model.declared import Content, Fault, Place, SlotMarker

_METADATA: Final = "metadata"
_INTEGRATIONS: Final = "integrations"
_VALUES: Final = ("settings", "defaults")

_SWITCHES: Final = (bool, SlotMarker)
_TYPES: Final[Mapping[str, type | tuple[type, ...]]] = {
    **dict.fromkeys((_METADATA, _INTEGRATIONS, *_VALUES, "workflows", "account"), dict),
    **dict.fromkeys(("unset", "keep", "release", "blank"), list),
    "configuration": (str, dict),
    "enabled": _SWITCHES,
}
"""Of what types the sections of a document, block or workflow are."""

_EXCLUSIVE: Final[Mapping[str, tuple[str, ...]]] = {"unset": _VALUES, "release": (*_VALUES, "unset")}
"""Sections of a block or workflow, and those in which their names must not be."""

Kind: TypeAlias = Literal["value", "text", "switch"]
"""Of a part that a template may fill: a value, a text that selects, or whether a workflow is enabled."""


def content_of(
    document: JsonObject, place: Place, scope: SecretScope, secret: Iterable[Pointer] = ()
) -> tuple[Content, list[Fault]]:
    """Return the sections with references to secrets followed in their values, which are replaced in ``document``.

    ``secret`` are places that templates have made from secrets.
    """
    found, faults = set(secret), list[Fault]()
    for at, values in _sections_of_values(document):
        for name, value in values.items():
            if not isinstance(value, dict | list):
                continue
            resolved = secrets.resolve(value, scope)
            values[name] = resolved.value
            if resolved.secret:
                found.add((*at, name))
            faults += (
                Fault(message=refused.message, place=_at(place, (*at, name, *refused.pointer)), hint=refused.hint)
                for refused in resolved.refused
            )
    marked = frozenset(part[0] for at in found if (part := part_at(document, at)) is not None)
    sections: JsonObject = {name: document[name] for name in (_METADATA, "release", _INTEGRATIONS) if name in document}
    return Content(place.file, place.document, sections, marked), faults


def exclusion_faults(document: JsonObject, place: Place) -> list[Fault]:
    """Return a fault for each name that stands in two sections of a document, block or workflow that exclude it."""
    levels: list[tuple[Pointer, JsonObject, Mapping[str, tuple[str, ...]]]] = [
        ((), document, {"release": (_METADATA,)})
    ]
    levels += [(at, level, _EXCLUSIVE) for at, level in _levels(document)]
    return [
        Fault(
            message=f'"{name}" is under {section} and under {other}',
            place=_at(place, (*at, section, index)),
            hint="keep one of them",
        )
        for at, level, exclusive in levels
        for section, others in exclusive.items()
        for index, name in _listed(level, section)
        for other in others
        if name in _named(level.get(other))
    ]


def _listed(level: JsonObject, section: str) -> list[tuple[str, str]]:
    """Return the names in a section that is a list, each after its place in it."""
    names = level.get(section)
    items = names if isinstance(names, list) else ()
    return [(str(index), name) for index, name in enumerate(items) if isinstance(name, str)]


def _named(section: Json) -> Collection[Json]:
    return section if isinstance(section, dict | list) else ()


def well_typed(content: Content) -> Content:
    """Return the content without parts of a type that the schema refuses, so that the others can be resolved."""
    sections = _fitting(content.sections)
    for kind, blocks in _object(sections.get(_INTEGRATIONS)).items():
        listed = [_block(block) for block in blocks] if isinstance(blocks, list) else _block(blocks)
        sections[_INTEGRATIONS] = _object(sections[_INTEGRATIONS]) | {kind: listed}
    return content._replace(sections=sections)


def _block(block: Json) -> Json:
    found = _fitting(block)
    for name, workflow in _object(found.get("workflows")).items():
        fitting = workflow if isinstance(workflow, _SWITCHES) else _fitting(workflow)
        found["workflows"] = _object(found["workflows"]) | {name: fitting}
    return found


def _fitting(level: Json) -> JsonObject:
    return {name: part for name, part in _object(level).items() if isinstance(part, _TYPES.get(name, object))}


def check_releases(document: JsonObject, place: Place) -> list[Fault]:
    """Return a fault for each block or workflow of a profile that releases something."""
    return [
        Fault(
            message=schema.NOTHING_TO_RELEASE,
            place=_at(place, (*at, "release"), of_key=True),
            hint=schema.WHERE_TO_RELEASE,
        )
        for at, level in _levels(document)
        if "release" in level
    ]


def names_in(document: JsonObject, section: str) -> tuple[str, ...]:
    """Return the names that a section lists, such as ``profiles``."""
    return tuple(name for _, name in _listed(document, section)) if section in document else ()


def part_at(document: JsonObject, pointer: Pointer) -> tuple[Pointer, Kind] | None:
    """Return the part that a template at ``pointer`` fills, or fills in part; None where it decides more, as a name.

    Only a value may have templates deeper down.
    """
    match pointer:
        case ("metadata", name, *_):
            return (_METADATA, name), "value"
        case ("integrations", kind, *inside):
            blocks = _object(document.get(_INTEGRATIONS)).get(kind)
            depth = 3 if isinstance(blocks, list) else 2
            return _part_of_block(pointer[:depth], tuple(inside[depth - 2 :]))
        case _:
            return None


def _part_of_block(at: Pointer, inside: Pointer) -> tuple[Pointer, Kind] | None:
    match inside:
        case ("settings" | "defaults", _, *_):
            return (*at, *inside[:2]), "value"
        case ("account" | "configuration", _) | ("configuration",):
            return (*at, *inside), "text"
        case ("workflows", _) | ("workflows", _, "enabled"):
            return (*at, *inside), "switch"
        case ("workflows", _, "settings" | "defaults", _, *_):
            return (*at, *inside[:4]), "value"
        case _:
            return None


def _sections_of_values(document: JsonObject) -> Iterator[tuple[Pointer, JsonObject]]:
    """Yield each mapping of values, with its pointer."""
    yield (_METADATA,), _object(document.get(_METADATA))
    for at, level in _levels(document):
        for section in _VALUES:
            yield (*at, section), _object(level.get(section))


def _levels(document: JsonObject) -> Iterator[tuple[Pointer, JsonObject]]:
    """Yield each block and each workflow that is written out, with its pointer."""
    for kind, content in _object(document.get(_INTEGRATIONS)).items():
        blocks: Mapping[Pointer, Json] = {(): content}
        if isinstance(content, list):
            blocks = {(str(index),): item for index, item in enumerate(content)}
        for index, block in blocks.items():
            at = (_INTEGRATIONS, kind, *index)
            yield at, _object(block)
            for name, workflow in _object(_object(block).get("workflows")).items():
                yield (*at, "workflows", name), _object(workflow)


def _at(place: Place, pointer: Pointer, *, of_key: bool = False) -> Place:
    return Place(file=place.file, document=place.document, pointer=pointer, of_key=of_key)


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}
