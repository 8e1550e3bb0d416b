"""What ordinary documents ask for, read in one pass: the grammar of ``User`` without anything unusual in it.

It may only *accept*. Whatever it doesn't know, or can't vouch for, gives None and goes to ``document`` and the catalog,
whose word is the verdict. A document must have been accepted by its schema. Knows no file, no secret and no template.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.model.compact import (
    CompactBlock,
    CompactDefault,
    CompactDocument,
    CompactWorkflow,
    FindIntegration,
    KnownIntegration,
    KnownSettings,
    Selector,
    Structure,
)

_DOCUMENT: Final = frozenset({"apiVersion", "kind", "user", "profiles", "metadata", "integrations"})
_LEVEL: Final = frozenset({"settings", "defaults", "unset", "blank"})
_BLOCK: Final = _LEVEL | {"account", "configuration", "workflows"}
_WORKFLOW: Final = _LEVEL | {"enabled"}
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_NOTHING: Final[JsonObject] = {}
_MOST_STRUCTURES: Final = 2000  # of one level; in documents that all differ, remembering them would not end

_Accepted: TypeAlias = Any
"""A part of a document, of which its schema has told how it looks."""


class _Unusual(Exception):
    """Something that only the careful way can tell of."""


def asked(document: _Accepted, find: FindIntegration) -> CompactDocument | None:
    """What the document itself asks for, without its profiles; None where it isn't ordinary through and through."""
    if not document.keys() <= _DOCUMENT:
        return None
    try:
        metadata = document.get("metadata", _NOTHING)
        if metadata:
            _check_plain(metadata.values())
        blocks = document.get("integrations", _NOTHING).items()
        return metadata, {kind: _block(block, find(kind)) for kind, block in blocks}
    except _Unusual:
        return None


def _block(block: _Accepted, known: KnownIntegration | None) -> CompactBlock:
    if known is None or block.__class__ is not dict or not block.keys() <= _BLOCK:
        raise _Unusual
    settings, known_workflows = known
    workflows: dict[str, CompactWorkflow] = {}
    for name, workflow in block.get("workflows", _NOTHING).items():
        found = known_workflows.get(name)
        if found is None or found[0] in workflows:
            raise _Unusual
        workflows[found[0]] = (workflow, {}, {}) if workflow.__class__ is bool else _workflow(workflow, found[1])
    account = _account(block["account"]) if "account" in block else "only"
    configuration = _configuration(block["configuration"]) if "configuration" in block else "default"
    return account, configuration, *_level(block, settings), workflows


def _workflow(workflow: _Accepted, known: KnownSettings) -> CompactWorkflow:
    if not workflow.keys() <= _WORKFLOW:
        raise _Unusual
    return workflow.get("enabled"), *_level(workflow, known)


def _level(level: _Accepted, known: KnownSettings) -> tuple[dict[str, Json], dict[str, CompactDefault]]:
    """What is owned, and ``defaults`` and ``unset``: settings win over defaults, and unset goes with neither."""
    owned = _values(level["settings"], known) if "settings" in level else {}
    if "defaults" not in level and "unset" not in level:
        return owned, {}
    blank: tuple[Json, ...] = ()
    if "blank" in level:
        blank = tuple(level["blank"])
        _check_plain(blank)
    defaults = _values(level["defaults"], known) if "defaults" in level else {}
    soft: dict[str, CompactDefault] = {id_: (value, blank) for id_, value in defaults.items() if id_ not in owned}
    for name in level.get("unset", ()):
        found = known.names.get(name)
        if found is None or found.id in owned or found.id in soft:
            raise _Unusual
        soft[found.id] = None
    return owned, soft


def _values(declared: JsonObject, known: KnownSettings) -> dict[str, Json]:
    values = declared.values()
    key = (*declared, *map(type, values))
    structure = known.structures.get(key)
    if structure is None:
        structure = _structure(declared, known)
        if len(known.structures) >= _MOST_STRUCTURES:
            known.structures.clear()
        known.structures[key] = structure
    ids, looked_at = structure
    for name in looked_at:
        value = declared[name]
        if not known.names[name].fits(value):
            raise _Unusual
        _check_plain((value,))
    return dict(zip(ids, values, strict=True))


def _structure(declared: JsonObject, known: KnownSettings) -> Structure:
    """The ids of these names, each of which must lead to another one, and whose values tell more than their types."""
    ids: dict[str, str] = {}
    looked_at = []
    for name, value in declared.items():
        found = known.names.get(name)
        if found is None or found.id in ids:
            raise _Unusual
        ids[found.id] = name
        if not found.by_type or value.__class__ not in _SCALARS:
            looked_at.append(name)
        elif not found.fits(value):
            raise _Unusual
    return tuple(ids), tuple(looked_at)


def _account(account: _Accepted) -> Selector:
    ((field, value),) = account.items()
    return "all" if field == "all" else (field, value)


def _configuration(configuration: _Accepted) -> Selector:
    if configuration == "all":
        return "all"
    if isinstance(configuration, str):
        return "externalId", configuration
    ((field, value),) = configuration.items()
    return field, value


def _check_plain(values: Iterable[_Accepted]) -> None:
    """Nothing that is, or looks like, a reference; nothing but what plain JSON has."""
    for value in values:
        if value.__class__ is dict:
            if any(key.startswith("$") for key in value):
                raise _Unusual
            _check_plain(value.values())
        elif value.__class__ is list:
            _check_plain(value)
        elif value.__class__ not in _SCALARS:
            raise _Unusual
