"""What ordinary documents ask for, read in one pass: the grammar of ``User`` without anything unusual in it.

It may only *accept*. Whatever it doesn't know, or can't vouch for, gives None and goes to ``document`` and the catalog,
whose word is the verdict. A document must have been accepted by its schema. Knows no file, no secret and no template.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeAlias

from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.model.asked import (
    ENABLED,
    UNSET,
    Asked,
    AskedBlock,
    Demand,
    Demands,
    FindIntegration,
    KnownIntegration,
    KnownSettings,
    Way,
)
from paragon_sync.model.declared import Account, AccountBy, Configuration, ConfigurationBy

_DOCUMENT: Final = frozenset({"apiVersion", "kind", "user", "profiles", "metadata", "integrations"})
_LEVEL: Final = frozenset({"settings", "defaults", "unset", "blank"})
_BLOCK: Final = _LEVEL | {"account", "configuration", "workflows"}
_WORKFLOW: Final = _LEVEL | {"enabled"}
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_NOTHING: Final[JsonObject] = {}
_SET: Final = Way.SET
_ON: Final[Demand] = (Way.SET, True, ())
_OFF: Final[Demand] = (Way.SET, False, ())

_Accepted: TypeAlias = Any
"""A part of a document, of which its schema has told how it looks."""


class _Unusual(Exception):
    """Something that only the careful way can tell of."""


def asked(document: _Accepted, find: FindIntegration) -> Asked | None:
    """What the document itself asks for, without its profiles; None where it isn't ordinary through and through."""
    if not document.keys() <= _DOCUMENT:
        return None
    try:
        metadata = document.get("metadata", _NOTHING)
        blocks = document.get("integrations", _NOTHING)
        _check_plain(metadata.values())
        return Asked(metadata, {kind: _block(block, find(kind)) for kind, block in blocks.items()})
    except _Unusual:
        return None


def _block(block: _Accepted, known: KnownIntegration | None) -> AskedBlock:
    if known is None or block.__class__ is not dict or not block.keys() <= _BLOCK:
        raise _Unusual
    workflows: dict[str, Demands] = {}
    for name, workflow in block.get("workflows", _NOTHING).items():
        found = known.workflows.get(name)
        if found is None or found[0] in workflows:
            raise _Unusual
        workflows[found[0]] = _workflow(workflow, found[1])
    return AskedBlock(
        _account(block["account"]) if "account" in block else "only",
        _configuration(block["configuration"]) if "configuration" in block else "default",
        _settings(block, known.settings),
        workflows,
    )


def _workflow(workflow: _Accepted, known: KnownSettings) -> Demands:
    if workflow is True:
        return {ENABLED: _ON}
    if workflow is False:
        return {ENABLED: _OFF}
    if not workflow.keys() <= _WORKFLOW:
        raise _Unusual
    demands: Demands = {}
    demands.update(_settings(workflow, known))
    if "enabled" in workflow:
        demands[ENABLED] = _ON if workflow["enabled"] else _OFF
    return demands


def _settings(level: _Accepted, known: KnownSettings) -> Demands:
    demands: Demands = {}
    if "settings" in level:
        for name, value in level["settings"].items():
            found = known.get(name)
            if found is None or found[0] in demands or not found[1](value):
                raise _Unusual
            if value.__class__ not in _SCALARS:
                _check_plain((value,))
            demands[found[0]] = (_SET, value, ())
    if "defaults" in level or "unset" in level:
        _softer(level, known, demands)
    return demands


def _softer(level: _Accepted, known: KnownSettings, demands: Demands) -> None:
    """``defaults``, which settings win over, and ``unset``, which goes with neither of them."""
    blank = tuple(level.get("blank", ()))
    _check_plain(blank)
    defaults: Demands = {}
    for name, value in level.get("defaults", _NOTHING).items():
        found = known.get(name)
        if found is None or found[0] in defaults or not found[1](value):
            raise _Unusual
        _check_plain((value,))
        defaults[found[0]] = (Way.DEFAULT, value, blank)
    for id_, demand in defaults.items():
        demands.setdefault(id_, demand)
    for name in level.get("unset", ()):
        found = known.get(name)
        if found is None or found[0] in demands:
            raise _Unusual
        demands[found[0]] = UNSET


def _account(account: _Accepted) -> Account:
    ((field, value),) = account.items()
    return "all" if field == "all" else AccountBy(field=field, value=value)


def _configuration(configuration: _Accepted) -> Configuration:
    if configuration == "all":
        return "all"
    if isinstance(configuration, str):
        return ConfigurationBy(field="externalId", value=configuration)
    ((field, value),) = configuration.items()
    return ConfigurationBy(field=field, value=value)


def _check_plain(values: Iterable[Json]) -> None:
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
