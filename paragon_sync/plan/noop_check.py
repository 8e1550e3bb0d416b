"""The planner's first step: compare the compact form of a user's documents with live.

The answer is "nothing changes, and so many managed workflows are enabled", or None for everything else: a change, a
finding, or a case that only the rules of ``select``, ``shape`` and ``decide`` can judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from paragon_sync.jsonvalue import Json, JsonObject, Repeated, equal
from paragon_sync.model.catalog import Catalog
from paragon_sync.model.compact import (
    CompactBlock,
    CompactDocument,
    CompactLevel,
    CompactRule,
    CompactWorkflow,
    Selector,
)
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.plan.compact_merge import is_same_rule
from paragon_sync.plan.names import integration_id
from paragon_sync.plan.own import among
from paragon_sync.plan.select import VALID
from paragon_sync.plan.shape import SETTINGS, WORKFLOW_MAPS, is_default_among, shape_of

_DOCUMENTED, _CURRENT = WORKFLOW_MAPS
_SIMPLE: Final = frozenset({str, bool, int, type(None)})
"""Types of which two values are equal in JSON where they are in Python, if both have the same type."""


class _NeedsFullPlan(Exception):
    """Raised where there may be a change or a finding."""


class NoopChecker:
    """Compares users with their documents, by one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._ids: dict[str, str] = {}
        self._on: dict[str, frozenset[str]] = {}

    def check(self, documents: Sequence[CompactDocument], live: LiveUser) -> int | None:
        """Return how many managed workflows are enabled where nothing changes and nothing is found, else None.

        Each of ``documents`` has its layers merged.
        """
        accounts = [one.raw for one in live.credentials if one.raw.get("dateDeleted") is None]
        if not accounts:
            return None
        enabled: set[tuple[_Where, str]] = set()
        reached: list[tuple[_Where, CompactBlock, _Live]] = []
        try:
            for metadata, blocks, released in documents:
                if metadata or released:
                    _check_metadata(metadata, live.meta)
                for block in blocks:
                    kind, account, configuration, owned, rules, workflows, _ = block
                    for where, settings, entries in self._reached(kind, account, configuration, accounts):
                        _check_owned(owned, settings)
                        if rules:
                            _check_rules(rules, settings)
                        if workflows:
                            enabled.update(self._check_workflows(kind, workflows, entries, where))
                        reached.append((where, block, (settings, entries)))
            _check_together(reached)
        except _NeedsFullPlan:
            return None
        return len(enabled)

    def _reached(
        self, kind: str, selector: Selector, configuration: Selector, accounts: Sequence[JsonObject]
    ) -> Sequence[_Reached]:
        """Each configuration that the block reaches."""
        wanted = self._ids.get(kind)
        if wanted is None:
            wanted = self._ids[kind] = integration_id(self._catalog, kind)
        found = [raw for raw in accounts if raw.get("integrationId") == wanted]
        if selector != "only":
            found = _selected(selector, found)
        elif len(found) != 1:
            raise _NeedsFullPlan
        if len(found) == 1:
            return _configurations(found[0], configuration)
        return [reached for raw in found for reached in _configurations(raw, configuration)]

    def _check_workflows(
        self, kind: str, workflows: dict[str, CompactWorkflow], live: JsonObject, where: _Where
    ) -> Iterable[tuple[_Where, str]]:
        """Return those that are enabled, of the workflows whose enablement is managed."""
        found = []
        for id_, workflow in workflows.items():
            entry = live.get(id_, _ABSENT)
            if entry is _ABSENT:
                self._check_missing(kind, id_, workflow)
                continue
            if not isinstance(entry, dict):
                raise _NeedsFullPlan
            enabled, owned, rules = workflow
            if enabled is not None:
                if entry.get("enabled") is not enabled:  # nor is it where the enablement is released
                    raise _NeedsFullPlan
                if enabled:
                    found.append((where, id_))
            if owned or rules:
                settings = _object(entry.get("settings", _EMPTY))
                _check_owned(owned, settings)
                _check_rules(rules, settings)
        return found

    def _check_missing(self, kind: str, id_: str, workflow: CompactWorkflow) -> None:
        """A workflow without an entry is off, and is left so where nothing asks for more."""
        enabled, owned, rules = workflow
        on = enabled is True or (enabled is False and id_ in self._enabled_by_catalog(kind))
        if on or owned or any(rule != "unset" for rule in rules.values()) or enabled == "release":
            raise _NeedsFullPlan

    def _enabled_by_catalog(self, kind: str) -> frozenset[str]:
        if kind not in self._on:
            known = self._catalog.integrations.get(kind)
            workflows = () if known is None else known.workflows
            self._on[kind] = frozenset(workflow.id for workflow in workflows if workflow.default_enabled)
        return self._on[kind]


_Where: TypeAlias = tuple[Json, Json]
"""A configuration: its credential's id, and its own, None in the documented shape."""
_Live: TypeAlias = tuple[JsonObject, JsonObject]
"""The settings of a configuration, and its map of workflows."""
_Reached: TypeAlias = tuple[_Where, JsonObject, JsonObject]
"""A configuration, its settings, and its map of workflows."""
_ABSENT: Final = Repeated(())
"""Stands for "there is no such key": equal to nothing that anybody asks for."""
_EMPTY: Final[JsonObject] = {}


def _check_together(reached: Sequence[tuple[_Where, CompactBlock, _Live]]) -> None:
    """Check what several blocks say of one configuration, and that those that are ``exact`` leave nothing unnamed."""
    several = len({where for where, _, _ in reached}) < len(reached)
    if not several and all(block[6] is None for _, block, _ in reached):  # nearly always
        return
    by_configuration: dict[_Where, list[CompactBlock]] = {}
    for where, block, _ in reached:
        by_configuration.setdefault(where, []).append(block)
    lives = {where: live for where, _, live in reached}
    for where, blocks in by_configuration.items():
        levels = _levels(blocks)
        if len(blocks) > 1:
            for parts in levels.values():
                _check_rules_agree(rules for _, rules in parts)
        _check_unnamed(blocks, levels, *lives[where])


_Levels: TypeAlias = dict[str | None, list[CompactLevel]]
"""What blocks say of each level: a workflow's id, or None."""


def _levels(blocks: Iterable[CompactBlock]) -> _Levels:
    found: _Levels = {}
    for _, _, _, owned, rules, workflows, _ in blocks:
        found.setdefault(None, []).append((owned, rules))
        for id_, workflow in workflows.items():
            found.setdefault(id_, []).append(workflow[1:])
    return found


def _check_rules_agree(rules: Iterable[dict[str, CompactRule]]) -> None:
    """Two defaults that differ contradict each other, even where the user's own value makes them idle."""
    seen: dict[str, CompactRule] = {}
    for level in rules:
        for id_, rule in level.items():
            if not is_same_rule(rule, seen.setdefault(id_, rule)):
                raise _NeedsFullPlan


def _check_unnamed(blocks: Iterable[CompactBlock], levels: _Levels, settings: JsonObject, entries: JsonObject) -> None:
    kept = {named for block in blocks if block[6] is not None for named in block[6]}
    pruned = [level for level, id_ in kept if id_ is None]
    for level in pruned:
        named = {id_ for part in levels[level] for ids in part for id_ in ids}
        entry = settings if level is None else _object(entries.get(level, _EMPTY)).get("settings", _EMPTY)
        if any(id_ not in named and (level, id_) not in kept for id_ in _object(entry)):
            raise _NeedsFullPlan
    if None in pruned:
        others = (entry for id_, entry in entries.items() if id_ not in levels)
        if any(_object(entry).get("enabled") is True for entry in others):
            raise _NeedsFullPlan


def _check_metadata(asked: dict[str, Json], live: JsonObject | None) -> None:
    if live is None:
        raise _NeedsFullPlan
    _check_owned(asked, live)


def _check_owned(asked: dict[str, Json], live: JsonObject) -> None:
    for id_, value in asked.items():
        found = live.get(id_, _ABSENT)
        kind = value.__class__
        # where Python tells two values apart, so does JSON; not the other way round
        if found.__class__ is not kind or found != value or (kind not in _SIMPLE and not equal(found, value)):
            raise _NeedsFullPlan


def _check_rules(asked: dict[str, CompactRule], live: JsonObject) -> None:
    for id_, rule in asked.items():
        found = live.get(id_, _ABSENT)
        if isinstance(rule, str):
            if rule == "release" or found is not _ABSENT:  # another block may manage what is released
                raise _NeedsFullPlan
            continue
        value, blank = rule
        if found.__class__ is Repeated or (blank and among(found, blank) and not equal(found, value)):
            raise _NeedsFullPlan


def _selected(selector: Selector, found: Sequence[JsonObject]) -> list[JsonObject]:
    """Whom a selector means, where there is nothing to be said about the others."""
    if isinstance(selector, tuple):
        field, value = selector
        key = "id" if field == "credentialId" else field
        chosen = [raw for raw in found if raw.get(key) == value]
        if len(chosen) != 1:
            raise _NeedsFullPlan
        return chosen
    valid = [raw for raw in found if Credential(raw).status == VALID]
    if not valid:
        raise _NeedsFullPlan
    return valid


def _configurations(raw: JsonObject, wanted: Selector) -> Sequence[_Reached]:
    id_, status, listed, config = raw.get("id"), raw.get("status"), raw.get("configurations"), raw.get("config")
    if (status != VALID and status is not None) or id_.__class__ is not str:
        raise _NeedsFullPlan
    if listed is None or listed == []:
        if wanted not in {"default", "all"}:
            raise _NeedsFullPlan
        return (((id_, None), *_sections(_EMPTY if config is None else config)),)
    if listed.__class__ is not list:
        raise _NeedsFullPlan
    entries: list[JsonObject] = []
    for entry in listed:
        if entry.__class__ is not dict or entry.get("id").__class__ is not str:
            raise _NeedsFullPlan
        if entry.get("dateDeleted") is None:
            entries.append(entry)
    chosen = [entry for entry in entries if _is_chosen(wanted, entries, entry)]
    if not chosen or (len(chosen) > 1 and wanted != "all"):
        raise _NeedsFullPlan
    if config is None or config == {}:
        return [((id_, entry["id"]), *_sections(entry)) for entry in chosen]
    return [((id_, entry["id"]), *_parts(raw, entries, entry)) for entry in chosen]


def _parts(raw: JsonObject, entries: Sequence[JsonObject], entry: JsonObject) -> tuple[JsonObject, JsonObject]:
    """The settings and the map of workflows of an entry, beside which the default one's ``config`` stands too."""
    if not is_default_among(entries, entry):
        return _sections(entry)
    shape = shape_of(Credential(raw), str(entry["id"]))
    if shape.ambiguous:
        raise _NeedsFullPlan
    return _object(shape.payload.get(SETTINGS, _EMPTY)), shape.workflows()


def _is_chosen(wanted: Selector, entries: Sequence[JsonObject], entry: JsonObject) -> bool:
    if isinstance(wanted, tuple):
        field, value = wanted
        return entry.get(field) == value
    return wanted == "all" or is_default_among(entries, entry)


def _sections(found: Json) -> tuple[JsonObject, JsonObject]:
    if not isinstance(found, dict):
        raise _NeedsFullPlan
    if _DOCUMENTED in found:
        if _CURRENT in found:  # they may differ
            raise _NeedsFullPlan
        workflows = found[_DOCUMENTED]
    else:
        workflows = found.get(_CURRENT, _EMPTY)
    settings = found.get(SETTINGS, _EMPTY)
    if not isinstance(settings, dict) or not isinstance(workflows, dict):
        raise _NeedsFullPlan
    return settings, workflows


def _object(value: Json) -> JsonObject:
    if not isinstance(value, dict):
        raise _NeedsFullPlan
    return value
