"""Owns how a document's names become ids and its values are checked; knows one catalog, and nothing of live state.

What several documents, or ``settings`` and ``defaults``, say of one value is not weighed here: every word is handed on
as a claim of its own. Only one list that names one value twice, by id and by title, is judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import assert_never

from paragon_sync import jsonvalue
from paragon_sync.catalog.known import Known
from paragon_sync.catalog.levels import Level, Levels
from paragon_sync.catalog.migrations import resolve_migration
from paragon_sync.catalog.naming import ESCAPE, Miss, described, suggestion
from paragon_sync.catalog.types import check_value, kind_of
from paragon_sync.model.catalog import Catalog, Input
from paragon_sync.model.declared import Block, Declared, Fault, Fragment, Place, Settings, WorkflowBlock
from paragon_sync.model.desired import (
    Claim,
    Default,
    DesiredBlock,
    DesiredFragment,
    ExactScope,
    Intent,
    MetadataKey,
    Release,
    Set,
    Setting,
    Target,
    Unset,
    WorkflowEnabled,
    WorkflowSetting,
)
from paragon_sync.model.migration import DesiredMigration, Migration
from paragon_sync.model.secrecy import names_secret


class Resolver:
    """Resolves fragments against one catalog. ``used`` collects the types of the integrations that they name."""

    def __init__(self, catalog: Catalog, *, now: datetime | None = None) -> None:
        self.used: set[str] = set()
        self.known = Known(catalog)
        """The same names as tables, for ordinary documents; who uses them adds to ``used``."""
        self._catalog = catalog
        self._source = described(catalog, now or datetime.now(UTC))
        self._known: dict[str, Levels] = {}

    def fragment(self, fragment: Fragment, source: str) -> tuple[DesiredFragment, list[Fault]]:
        """The fragment with ids for names, and everything that is wrong in it; what is wrong is left out.

        ``source`` tells people where the fragment stands (``users/acme.yaml``, ``profile standard``).
        """
        faults: list[Fault] = []
        blocks = [resolved for block in fragment.blocks if (resolved := self._block(block, faults)) is not None]
        desired = DesiredFragment(source=source, metadata=_metadata(fragment), blocks=tuple(blocks))
        return desired, list(dict.fromkeys(faults))

    def migration(self, migration: Migration) -> tuple[DesiredMigration | None, list[Fault]]:
        """The migration with ids for names, and everything that is wrong in it."""
        self.used.add(migration.integration)
        return resolve_migration(migration, self._catalog, self._source)

    def definition(self, integration: str, target: Target) -> Input | None:
        """What the catalog says of a setting, if it knows it."""
        known = self._integration(integration)
        match target:
            case Setting(input=id_) if known is not None:
                return known.level.inputs.get(id_)
            case WorkflowSetting(workflow=workflow, input=id_) if known is not None:
                return known.workflow_level(workflow).inputs.get(id_)
            case _:
                return None

    def _block(self, block: Block, faults: list[Fault]) -> DesiredBlock | None:
        self.used.add(block.integration)
        known = self._integration(block.integration)
        if known is None:
            types = list(self._catalog.integrations)
            hint = f"{suggestion(block.integration, types, types)} ({self._source})"
            faults.append(Fault(message=f'no integration "{block.integration}"', place=_type_place(block), hint=hint))
            return None
        words = _Words(faults, self._source)
        words.settings(known.level, block.settings, block.place)
        words.release(known, block.settings.release)
        for name, workflow in block.workflows.items():
            words.workflow(known, name, workflow)
        return DesiredBlock(
            integration=block.integration,
            place=block.place,
            account=block.account,
            configuration=block.configuration,
            claims=tuple(words.claims.values()),
            exact=tuple(words.exact),
            named=frozenset(words.named),
        )

    def _integration(self, kind: str) -> Levels | None:
        if kind not in self._known and kind in self._catalog.integrations:
            self._known[kind] = Levels(self._catalog.integrations[kind])
        return self._known.get(kind)


class _Words:
    """What one block says, gathered: one claim for each value and kind of intent."""

    def __init__(self, faults: list[Fault], source: str) -> None:
        self.claims: dict[tuple[Target, type[Intent]], Claim] = {}
        self.exact: list[ExactScope] = []
        self.named: set[Target] = set()
        self._faults = faults
        self._source = source
        self._written: dict[tuple[Target, type[Intent]], str] = {}

    def workflow(self, known: Levels, name: str, block: WorkflowBlock) -> None:
        id_ = known.names.id_of(name, "workflow")
        if isinstance(id_, Miss):
            self._missed(known.type, id_, replace(block.place, of_key=True))
            return
        level, target = known.workflow_level(id_), WorkflowEnabled(id_)
        if block.enabled is None:
            self.named.add(target)
        elif block.enabled.template or isinstance(block.enabled.value, bool):
            label = known.names.label(id_)
            self._claim(
                name,
                level.title,
                Claim(target=target, intent=Set(block.enabled.value), label=label, place=block.enabled.place),
            )
        else:
            message = f"{level.title} is enabled by true or false, not by {kind_of(block.enabled.value)}"
            self._faults.append(Fault(message=message, place=block.enabled.place))
        self.settings(level, block.settings, block.place)
        for spelt, spot in block.settings.release.items():
            if (setting := self._id(level, spelt, spot)) is not None:
                self._claim(spelt, level.title, self._claimed(level, setting, Release(), spot))

    def release(self, known: Levels, release: Mapping[str, Place]) -> None:
        """What a block gives back; an id that the catalog doesn't know may be either a setting or a workflow."""
        for name, spot in release.items():
            id_ = known.either.id_of(name, "setting or workflow", "settings and workflows")
            if isinstance(id_, Miss):
                self._missed(known.type, id_, spot)
                continue
            unknown = id_ not in known.level.inputs and id_ not in known.workflows
            if unknown or id_ in known.level.inputs:
                self._claim(name, known.type, self._claimed(known.level, id_, Release(), spot))
            if unknown or id_ in known.workflows:
                label = known.names.label(id_)
                given = Claim(target=WorkflowEnabled(id_), intent=Release(), label=label, place=spot)
                self._claim(name, known.type, given)

    def settings(self, level: Level, settings: Settings, place: Place) -> None:
        for name, declared in settings.settings.items():
            self._value(level, name, declared, Set(declared.value))
        for name, declared in settings.defaults.items():
            self._value(level, name, declared, Default(declared.value, settings.blank))
        for name, spot in settings.unset.items():
            if (id_ := self._id(level, name, spot)) is not None:
                self._claim(name, level.title, self._claimed(level, id_, Unset(), spot))
        for name, spot in settings.keep.items():
            if (id_ := self._id(level, name, spot)) is not None:
                self.named.add(level.target(id_))
        if settings.exact:
            self.exact.append(ExactScope(workflow=level.workflow, place=place))

    def _value(self, level: Level, name: str, declared: Declared, intent: Intent) -> None:
        id_ = self._id(level, name, declared.place, of_key=True)
        if id_ is None:
            return
        claim = self._claimed(level, id_, intent, declared.place, secret=declared.secret)
        unchecked = declared.template or name.startswith(ESCAPE)  # the value of a template is checked row by row
        definition = None if unchecked else level.inputs.get(id_)
        wrong = None if definition is None else check_value(definition, declared.value, secret=claim.secret)
        if wrong is not None:
            message = f'setting "{claim.label}" of {level.title} {wrong.message}'
            self._faults.append(Fault(message=message, place=declared.place, hint=self._hint(wrong.hint)))
        self._claim(name, level.title, claim)

    def _claimed(self, level: Level, id_: str, intent: Intent, place: Place, *, secret: bool = False) -> Claim:
        definition, label = level.inputs.get(id_), level.names.label(id_)
        password = definition is not None and definition.type == "PASSWORD"
        secret = secret or password or names_secret(label) or names_secret(id_)
        return Claim(target=level.target(id_), intent=intent, label=label, place=place, secret=secret)

    def _claim(self, name: str, where: str, claim: Claim) -> None:
        """Take a claim; a second name for the same value must say the same."""
        key = (claim.target, type(claim.intent))
        first = self.claims.setdefault(key, claim)
        written = self._written.setdefault(key, name)
        if first is not claim and not _same(first.intent, claim.intent):
            message = f'"{written}" and "{name}" name one and the same value of {where}, and differ'
            hint = f"keep one of the two; its id is {_id_of(claim.target)}"
            self._faults.append(Fault(message=message, place=claim.place, hint=hint))

    def _id(self, level: Level, name: str, place: Place, *, of_key: bool = False) -> str | None:
        id_ = level.names.id_of(name, "setting")
        if isinstance(id_, str):
            return id_
        if not level.known:
            id_ = Miss(
                id_.message, f"the catalog doesn't know this workflow: write {ESCAPE} before the setting's exact id"
            )
        self._missed(level.title, id_, replace(place, of_key=True) if of_key else place)
        return None

    def _missed(self, where: str, miss: Miss, place: Place) -> None:
        self._faults.append(Fault(message=f"{where} {miss.message}", place=place, hint=self._hint(miss.hint)))

    def _hint(self, hint: str | None) -> str | None:
        return None if hint is None else f"{hint} ({self._source})"


def _metadata(fragment: Fragment) -> tuple[Claim, ...]:
    def claim(key: str, intent: Intent, place: Place, *, secret: bool = False) -> Claim:
        return Claim(target=MetadataKey(key), intent=intent, label=key, place=place, secret=secret or names_secret(key))

    return (
        *(claim(key, Set(one.value), one.place, secret=one.secret) for key, one in fragment.metadata.items()),
        *(claim(key, Release(), place) for key, place in fragment.release.items()),
    )


def _type_place(block: Block) -> Place:
    """The integration's name in the document: the block's own key, or the key of the list that it stands in."""
    pointer = block.place.pointer
    in_list = bool(pointer) and pointer[-1] != block.integration
    return replace(block.place, pointer=pointer[:-1] if in_list else pointer, of_key=True)


def _same(first: Intent, second: Intent) -> bool:
    """Whether two intents of one kind say the same; ``blank`` is the block's, so it can't differ."""
    if isinstance(first, Unset | Release) or isinstance(second, Unset | Release):
        return True
    return jsonvalue.equal(first.value, second.value)


def _id_of(target: Target) -> str:
    match target:
        case WorkflowEnabled(workflow=id_):
            return id_
        case Setting(input=id_) | WorkflowSetting(input=id_) | MetadataKey(key=id_):
            return id_
        case _:
            assert_never(target)
