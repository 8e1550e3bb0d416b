"""Documents → the compact form of what they ask for, by one catalog: names become ids, and values are type-checked.

The same pass makes claims with places, labels and secrecy where these are needed. What several documents, or
``settings`` and ``defaults``, say of one value is not weighed here. Only one list that names one value twice, by id and
by title, and one name in two lists that exclude each other, are judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from paragon_sync import jsonvalue
from paragon_sync.catalog.claims import ClaimCollector, is_secret
from paragon_sync.catalog.levels import Level, Levels
from paragon_sync.catalog.migrations import resolve_migration
from paragon_sync.catalog.naming import ESCAPE, Names, described, suggestion
from paragon_sync.catalog.types import check_value
from paragon_sync.jsonvalue import Json, JsonObject, Pointer
from paragon_sync.model.catalog import Catalog, Input
from paragon_sync.model.compact import (
    CompactBlock,
    CompactDocument,
    CompactLevel,
    CompactRule,
    CompactWorkflow,
    Selector,
    compact_selector,
)
from paragon_sync.model.declared import (
    Content,
    Fault,
    Place,
    SlotMarker,
    account_of,
    configuration_of,
)
from paragon_sync.model.desired import (
    Default,
    DesiredFragment,
    Release,
    Set,
    Setting,
    Target,
    Unset,
    WorkflowEnabled,
    WorkflowSetting,
)
from paragon_sync.model.migration import DesiredMigration, Migration

_RULES: Final = frozenset({"defaults", "unset", "keep", "exact"})
"""Sections of a level that say more of its settings than what is owned."""
_NOTHING: Final[JsonObject] = {}


Resolved: TypeAlias = tuple[CompactDocument, list[Fault], bool]
"""A document in compact form, everything that is wrong in it (and left out), and whether it is settled.

It is where no part of it can contradict another one, and it releases nothing.
"""
_Part: TypeAlias = Any
"""A part of a document, whose type the schema has seen to."""


class Resolver:
    """Resolves documents by one catalog; ``used`` collects the types of the integrations that they name."""

    def __init__(self, catalog: Catalog, *, now: datetime | None = None) -> None:
        self.used: set[str] = set()
        self.catalog = catalog
        self.source = described(catalog, now or datetime.now(UTC))
        """Which catalog hints speak of."""
        self.known: dict[str, Levels] = {}
        """The names of the integrations so far."""

    def compact(self, content: Content) -> Resolved:
        """Resolve a document into its compact form."""
        walk = _Walk(self, content)
        return walk.document(), walk.faults(), walk.settled

    def fragment(self, content: Content, source: str) -> tuple[DesiredFragment, list[Fault]]:
        """Resolve a document into claims, with everything that is wrong in it; what is wrong is left out.

        ``source`` names the document for people (``users/acme.yaml``, ``profile standard``).
        """
        claims = ClaimCollector(content)
        walk = _Walk(self, content, claims)
        walk.document()
        found = DesiredFragment(source=source, metadata=tuple(claims.metadata), blocks=tuple(claims.blocks))
        return found, walk.faults()

    def migration(self, migration: Migration) -> tuple[DesiredMigration | None, list[Fault]]:
        """The migration with ids for names, and everything that is wrong in it."""
        self.used.add(migration.integration)
        return resolve_migration(migration, self.catalog, self.source)

    def definition(self, integration: str, target: Target) -> Input | None:
        """What the catalog says of a setting, if it knows it."""
        known = self.known.get(integration)
        match target:
            case Setting(input=id_) if known is not None:
                return known.level.inputs.get(id_)
            case WorkflowSetting(workflow=workflow, input=id_) if known is not None:
                return known.workflow_level(workflow).inputs.get(id_)
            case _:
                return None

    def integration(self, kind: str) -> Levels | None:
        """Return the names of an integration that a document names; None where the catalog doesn't have it."""
        self.used.add(kind)
        found = self.catalog.integrations.get(kind)
        if found is None:
            return None
        known = self.known[kind] = Levels(found)
        return known


class _Walk:
    """One pass over a document. What is wrong is collected on the way, and stepped over."""

    __slots__ = ("_claims", "_content", "_faults", "_pruning", "_resolver", "settled")

    def __init__(self, resolver: Resolver, content: Content, claims: ClaimCollector | None = None) -> None:
        self.settled = True
        self._resolver = resolver
        self._content = content
        self._claims = claims
        self._faults: list[Fault] = []
        self._pruning: list[tuple[str | None, str | None]] = []

    def faults(self) -> list[Fault]:
        """Return what is wrong, each once."""
        return list(dict.fromkeys(self._faults)) if self._faults else self._faults

    def document(self) -> CompactDocument:
        sections, released = self._content.sections, tuple[str, ...]()
        metadata: _Part = sections.get("metadata", _NOTHING)
        if self._claims is not None:
            for key, value in metadata.items():
                self._claims.add_metadata(key, Set(value), ("metadata", key))
        if "release" in sections:
            released = self._release_metadata(sections)
        blocks: list[CompactBlock] = []
        integrations: _Part = sections.get("integrations", _NOTHING)
        for kind, content in integrations.items():
            if content.__class__ is not list:
                self._block(kind, content, ("integrations", kind), blocks)
                continue
            self.settled = self.settled and len(content) == 1
            for index, block in enumerate(content):
                self._block(kind, block, ("integrations", kind, str(index)), blocks)
        return metadata, tuple(blocks), released

    def _release_metadata(self, sections: JsonObject) -> tuple[str, ...]:
        self.settled = False
        names = _names(sections, "release")
        if self._claims is not None:
            for index, key in names:
                self._claims.add_metadata(key, Release(), ("release", index))
        return tuple(name for _, name in names)

    def _block(self, kind: str, block: _Part, at: Pointer, blocks: list[CompactBlock]) -> None:
        known = self._resolver.known.get(kind) or self._resolver.integration(kind)
        if known is None:
            types = list(self._resolver.catalog.integrations)
            self._miss(f'no integration "{kind}"', at[:2], suggestion(kind, types, types), of_key=True)
            return
        owned, rules = self._level(known.level, block, at)
        workflows: dict[str, CompactWorkflow] = {}
        if "release" in block:
            self._release(known, block, at, (owned, rules), workflows)
        if "workflows" in block:
            self._workflows(known, block["workflows"], (*at, "workflows"), workflows)
        account: Selector = "only"
        configuration: Selector = "default"
        if "account" in block:
            account = compact_selector(account_of(block["account"]))
        if "configuration" in block:
            configuration = compact_selector(configuration_of(block["configuration"]))
        if self._claims is not None:
            self._claims.end_block(kind, block, at)
        pruning = None
        if self._pruning:
            pruning, self._pruning = tuple(self._pruning), []
        blocks.append((kind, account, configuration, owned, rules, workflows, pruning))

    def _workflows(self, known: Levels, workflows: _Part, at: Pointer, found: dict[str, CompactWorkflow]) -> None:
        levels = known.workflow_levels
        for name, content in workflows.items():
            named = levels.get(name) or self._unlisted_workflow(known, name, at)
            if named is None:
                continue
            id_, level = named
            if content.__class__ is dict:
                workflow = self._workflow(level, id_, content, (*at, name))
            else:
                workflow = content, {}, {}
                if self._claims is not None:
                    self._claims.add(level, WorkflowEnabled(id_), Set(content), (*at, name))
            if id_ in found:
                first = next((other for other in workflows if _id_of(known.names, other) == id_), name)
                if first != name:
                    self._compare(level, id_, (first, workflows[first]), (name, content), (*at, name))
                workflow = self._merged(found[id_], workflow)
            found[id_] = workflow

    def _merged(self, one: CompactWorkflow, other: CompactWorkflow) -> CompactWorkflow:
        self.settled = False
        owned, rules = other[1] | one[1], dict(one[2])
        for id_, rule in other[2].items():
            _add_rule(owned, rules, id_, rule)
        return other[0] if one[0] is None else one[0], owned, rules

    def _unlisted_workflow(self, known: Levels, name: str, at: Pointer) -> tuple[str, Level] | None:
        id_ = self._id(known.names, known.type, name, (*at, name), what=("workflow", "workflows"), of_key=True)
        return None if id_ is None else (id_, known.workflow_level(id_))

    def _workflow(self, level: Level, id_: str, workflow: _Part, at: Pointer) -> CompactWorkflow:
        enabled = workflow.get("enabled")
        if self._claims is not None:
            if enabled is None:
                self._claims.named.add(WorkflowEnabled(id_))
            else:
                self._claims.add(level, WorkflowEnabled(id_), Set(enabled), (*at, "enabled"))
        owned, rules = self._level(level, workflow, at)
        if "release" in workflow:
            self._release_settings(level, workflow, at, (owned, rules))
        return enabled, owned, rules

    def _level(self, level: Level, sections: _Part, at: Pointer) -> CompactLevel:
        owned = self._values(level, sections["settings"], at, None) if "settings" in sections else {}
        rules: dict[str, CompactRule] = {}
        if _RULES.isdisjoint(sections):
            return owned, rules
        if "defaults" in sections:
            blank = tuple(sections["blank"]) if "blank" in sections else ()
            for id_, value in self._values(level, sections["defaults"], at, blank).items():
                if id_ not in owned:
                    rules[id_] = (value, blank)
        if "unset" in sections:
            for spot, id_ in self._settings(level, sections, "unset", at):
                self.settled = self.settled and id_ not in owned and id_ not in rules
                _add_rule(owned, rules, id_, "unset")
                if self._claims is not None:
                    self._claims.add(level, level.target(id_), Unset(), spot)
        if "keep" in sections:
            for _, id_ in self._settings(level, sections, "keep", at):
                self._pruning.append((level.workflow, id_))
                if self._claims is not None:
                    self._claims.named.add(level.target(id_))
        if sections.get("exact") is True:
            self._pruning.append((level.workflow, None))
            if self._claims is not None:
                self._claims.add_exact(level.workflow, at)
        return owned, rules

    def _values(
        self, level: Level, declared: dict[str, _Part], at: Pointer, blank: tuple[Json, ...] | None
    ) -> dict[str, Json]:
        """Return values by ids; ``blank`` is None of those that are owned."""
        entries, found = level.entries, dict[str, Json]()
        for name, value in declared.items():
            entry = entries.get(name)
            if entry is None:
                return self._values_one_by_one(level, declared, at, blank)
            id_, types, definition = entry
            if value.__class__ not in types and definition is not None and check_value(definition, value) is not None:
                return self._values_one_by_one(level, declared, at, blank)
            found[id_] = value
        if self._claims is not None or len(found) < len(declared):
            return self._values_one_by_one(level, declared, at, blank)
        return found

    def _values_one_by_one(
        self, level: Level, declared: dict[str, _Part], at: Pointer, blank: tuple[Json, ...] | None
    ) -> dict[str, Json]:
        """Do the same where something is wrong or claims are made: say what, and of which value."""
        found: dict[str, Json] = {}
        names: dict[str, str] = {}
        for name, value in declared.items():
            spot = (*at, "settings" if blank is None else "defaults", name)
            id_ = self._setting(level, name, spot, of_key=True)
            if id_ is None:
                continue
            definition = level.entry(name, id_).definition
            if definition is not None and value.__class__ is not SlotMarker:
                self._check(level, definition, value, spot)
            if id_ in found:
                self._same(level.title, id_, (names[id_], found[id_]), (name, value), spot)
                continue
            found[id_], names[id_] = value, name
            if self._claims is not None:
                self._claims.add(level, level.target(id_), Set(value) if blank is None else Default(value, blank), spot)
        return found

    def _check(self, level: Level, definition: Input, value: Json, at: Pointer) -> None:
        if check_value(definition, value) is None:
            return
        secret = at in self._content.secret or is_secret(level, definition.id)
        wrong = check_value(definition, value, secret=secret)
        if wrong is not None:
            label = level.names.label(definition.id)
            self._miss(f'setting "{label}" of {level.title} {wrong.message}', at, wrong.hint)

    def _release(
        self,
        known: Levels,
        block: JsonObject,
        at: Pointer,
        level: CompactLevel,
        workflows: dict[str, CompactWorkflow],
    ) -> None:
        """Release what a block names; an id that the catalog doesn't know may be either a setting or a workflow."""
        self.settled = False
        for index, name in _names(block, "release"):
            spot = (*at, "release", index)
            id_ = self._id(known.either, known.type, name, spot, what=("setting or workflow", "settings and workflows"))
            if id_ is None:
                continue
            unknown = id_ not in known.level.inputs and id_ not in known.workflows
            if unknown or id_ in known.level.inputs:
                _add_rule(*level, id_, "release")
                if self._claims is not None:
                    self._claims.add(known.level, Setting(id_), Release(), spot)
            if unknown or id_ in known.workflows:
                workflows[id_] = ("release", {}, {})
                if self._claims is not None:
                    self._claims.add(known.workflow_level(id_), WorkflowEnabled(id_), Release(), spot)

    def _release_settings(self, level: Level, workflow: JsonObject, at: Pointer, found: CompactLevel) -> None:
        self.settled = False
        for spot, id_ in self._settings(level, workflow, "release", at):
            _add_rule(*found, id_, "release")
            if self._claims is not None:
                self._claims.add(level, level.target(id_), Release(), spot)

    def _compare(
        self, level: Level, id_: str, first: tuple[str, _Part], second: tuple[str, _Part], at: Pointer
    ) -> None:
        """Report what two blocks of one workflow, under two of its names, say differently."""
        (name, one), (other_name, other) = first, second
        spot = (*at, "enabled") if other.__class__ is dict else at
        one, other = (part if part.__class__ is dict else {"enabled": part} for part in (one, other))
        if "enabled" in one and "enabled" in other:
            self._same(level.title, id_, (name, one["enabled"]), (other_name, other["enabled"]), spot)
        for section in ("settings", "defaults"):
            declared = one.get(section, _NOTHING)
            names = {_id_of(level.names, setting): setting for setting in declared}
            for setting, value in other.get(section, _NOTHING).items():
                found = _id_of(level.names, setting)
                if found is not None and found in names:
                    before = names[found], declared[names[found]]
                    self._same(level.title, found, before, (setting, value), (*at, section, setting))

    def _same(self, where: str, id_: str, first: tuple[str, Json], second: tuple[str, Json], at: Pointer) -> None:
        """Report two names of one value, unless they say the same."""
        if not jsonvalue.equal(first[1], second[1]):
            message = f'"{first[0]}" and "{second[0]}" name one and the same value of {where}, and differ'
            self._faults.append(_fault(self._content.place(at), message, f"keep one of the two; its id is {id_}"))

    def _settings(self, level: Level, sections: JsonObject, section: str, at: Pointer) -> Iterator[tuple[Pointer, str]]:
        """Yield the place and the id of each setting that a section names."""
        for index, name in _names(sections, section):
            spot = (*at, section, index)
            if (id_ := self._setting(level, name, spot)) is not None:
                yield spot, id_

    def _setting(self, level: Level, name: str, at: Pointer, *, of_key: bool = False) -> str | None:
        hint = None if level.known else _UNKNOWN_WORKFLOW
        return self._id(level.names, level.title, name, at, what=("setting", "settings"), hint=hint, of_key=of_key)

    def _id(
        self,
        names: Names,
        where: str,
        name: str,
        at: Pointer,
        *,
        what: tuple[str, str],
        hint: str | None = None,
        of_key: bool = False,
    ) -> str | None:
        """Return the id that a name leads to; ``what`` is what people call one and several.

        ``hint`` is for a miss that the names themselves can't explain.
        """
        id_ = names.id_of(name, *what)
        if isinstance(id_, str):
            return id_
        self._miss(f"{where} {id_.message}", at, hint or id_.hint, of_key=of_key)
        return None

    def _miss(self, message: str, at: Pointer, hint: str | None, *, of_key: bool = False) -> None:
        hint = None if hint is None else f"{hint} ({self._resolver.source})"
        self._faults.append(_fault(self._content.place(at, of_key=of_key), message, hint))


_Names: TypeAlias = list[tuple[str, str]]
"""Indexes in a list, and the names that it has there."""
_UNKNOWN_WORKFLOW: Final = f"the catalog doesn't know this workflow: write {ESCAPE} before the setting's exact id"


def _fault(place: Place, message: str, hint: str | None) -> Fault:
    return Fault(message=message, place=place, hint=hint)


def _add_rule(owned: dict[str, Json], rules: dict[str, CompactRule], id_: str, rule: CompactRule) -> None:
    """Add a rule; a default that is unset or released as well becomes owned and unset, which nothing can meet."""
    before = rules.get(id_, rule)
    if isinstance(before, str) is not isinstance(rule, str):
        owned.setdefault(id_, None)
        rule = "unset"
    rules[id_] = rule


def _id_of(names: Names, name: str) -> str | None:
    id_ = names.id_of(name, "")
    return id_ if isinstance(id_, str) else None


def _names(sections: JsonObject, section: str) -> _Names:
    listed = sections.get(section)
    items: Iterable[Json] = listed if isinstance(listed, list) else ()
    return [(str(index), name) for index, name in enumerate(items) if isinstance(name, str)]
