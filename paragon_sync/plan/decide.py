"""From rulings and what is live to what each value is to be, and why. Knows no documents and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, assert_never

from paragon_sync.jsonvalue import ABSENT, equal
from paragon_sync.model.decision import Contender
from paragon_sync.model.desired import (
    Default,
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
from paragon_sync.model.planned import Managed, Origin, Value
from paragon_sync.plan.diff import value_order
from paragon_sync.plan.exact import Unnamed
from paragon_sync.plan.names import Names
from paragon_sync.plan.own import Ruling, Word, among
from paragon_sync.plan.shape import Shape

SAME: Final = "no change: already so"
LEFT: Final = "left: a default, and the user has a value"
NOTHING: Final = "no change: nothing to unset"
OFF: Final = "no change: a workflow without an entry is off"
ADDED: Final = "added"
CHANGED: Final = "changed"
REMOVED: Final = "removed"
DISABLED: Final = "disabled"
RELEASED: Final = "no change: released"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One value that is managed, with the words that led to it; ``workflow`` is the workflow's name for people.

    One that is ``released`` is not managed; it is here only to be told of.
    """

    managed: Managed
    workflow: str | None
    winner: Contender
    losers: tuple[Contender, ...]
    verdict: str

    @property
    def released(self) -> bool:
        return isinstance(self.winner.intent, Release)

    @property
    def changes(self) -> bool:
        return not equal(self.managed.base, self.managed.desired)


def decide(rulings: Iterable[Ruling], unnamed: Iterable[Unnamed], shape: Shape, names: Names) -> list[Decided]:
    """Every managed value of one configuration (or of the metadata), in the order in which people see them."""
    decided = [_declared(ruling, shape, names) for ruling in rulings]
    written = _written(decided)
    decided = [_with_entry(one, written, shape, names) for one in decided]
    decided += _created(decided, written, shape, names)
    decided += [_exact(one, shape, names) for one in unnamed]
    return in_order(decided)


def in_order(decided: Iterable[Decided]) -> list[Decided]:
    """As people see them: settings by name, then workflow by workflow."""
    return sorted(decided, key=_order)


def _declared(ruling: Ruling, shape: Shape, names: Names) -> Decided:
    claim = ruling.winner.claim
    live = shape.read(claim.target)
    desired, verdict = _value(claim.intent, live)
    managed = Managed(
        target=claim.target,
        label=claim.label,
        desired=desired,
        base=live,
        origin=_origin(claim.target, claim.intent),
        source=ruling.winner.source,
        secret=ruling.secret or names.secret(claim.target, claim.label),
        blank=claim.intent.blank if isinstance(claim.intent, Default) else (),
    )
    return Decided(
        managed=managed,
        workflow=names.workflow_of(claim.target),
        winner=_contender(ruling.winner, explain_rank(verdict, released=ruling.released)),
        losers=tuple(_contender(word, why) for word, why in ruling.losers),
        verdict=verdict,
    )


def explain_rank(verdict: str, *, released: bool) -> str:
    """Return why a document's word is first: it decides only where the live value doesn't."""
    if released:
        return "the value is the user's own"
    return "gives way: the live value decides" if verdict == LEFT else "decides"


def _value(intent: Intent, live: Value) -> tuple[Value, str]:
    match intent:
        case Set(value=value) if equal(live, value):
            return live, SAME
        case Set(value=value):
            return value, ADDED if live is ABSENT else CHANGED
        case Default(value=value) if equal(live, value):
            return live, SAME
        case Default(value=value) if live is ABSENT:
            return value, ADDED
        case Default(value=value, blank=blank) if live is not ABSENT and among(live, blank):
            return value, CHANGED
        case Default():
            return live, LEFT
        case Unset():
            return ABSENT, NOTHING if live is ABSENT else REMOVED
        case Release():
            return live, RELEASED
        case _:
            assert_never(intent)


def _with_entry(one: Decided, written: Mapping[str, Decided], shape: Shape, names: Names) -> Decided:
    """``false`` for a workflow that has no entry and needs none is no change, unless the catalog would enable it."""
    target, managed = one.managed.target, one.managed
    if not isinstance(target, WorkflowEnabled) or managed.desired is not False or shape.has_entry(target.workflow):
        return one
    if names.default_enabled(target.workflow) or target.workflow in written:
        return one
    return replace(one, managed=replace(managed, desired=ABSENT), verdict=OFF)


def _created(
    decided: Sequence[Decided], written: Mapping[str, Decided], shape: Shape, names: Names
) -> Iterator[Decided]:
    """``enabled`` of entries that have to be created for their settings, and that nobody declares."""
    declared = {one.managed.target for one in decided if not one.released}
    for workflow, cause in written.items():
        target = WorkflowEnabled(workflow)
        if target in declared or shape.has_entry(workflow):
            continue
        value = names.default_enabled(workflow)
        managed = Managed(
            target=target,
            label=names.workflow(workflow),
            desired=value,
            base=ABSENT,
            origin=Origin.CREATED,
            source=cause.managed.source,
        )
        why = "the entry has to be created, and no document declares it"
        winner = Contender(intent=Set(value), source=cause.managed.source, place=None, why=why)
        yield Decided(managed=managed, workflow=managed.label, winner=winner, losers=(), verdict=ADDED)


def _written(decided: Iterable[Decided]) -> dict[str, Decided]:
    """The workflows into whose settings something will be written; the value is one cause, the same in any order."""
    causes: dict[str, Decided] = {}
    for one in sorted(decided, key=_order):
        target = one.managed.target
        if isinstance(target, WorkflowSetting) and one.managed.desired is not ABSENT and one.changes:
            causes.setdefault(target.workflow, one)
    return causes


def _exact(one: Unnamed, shape: Shape, names: Names) -> Decided:
    off = isinstance(one.target, WorkflowEnabled)
    label = names.label(one.target)
    intent: Intent = Set(value=False) if off else Unset()
    managed = Managed(
        target=one.target,
        label=label,
        desired=False if off else ABSENT,
        base=shape.read(one.target),
        origin=Origin.EXACT,
        source=one.source,
        secret=names.secret(one.target, label),
    )
    return Decided(
        managed=managed,
        workflow=names.workflow_of(one.target),
        winner=Contender(
            intent=intent, source=one.source, place=one.scope.place, why="exact, and no document names it"
        ),
        losers=(),
        verdict=DISABLED if off else REMOVED,
    )


def _origin(target: Target, intent: Intent) -> Origin:
    match intent:
        case Default():
            return Origin.DEFAULTS
        case Unset():
            return Origin.UNSET
        case Set() | Release():
            pass
        case _:
            assert_never(intent)
    match target:
        case MetadataKey():
            return Origin.METADATA
        case WorkflowEnabled():
            return Origin.WORKFLOWS
        case Setting() | WorkflowSetting():
            return Origin.SETTINGS
        case _:
            assert_never(target)


def _contender(word: Word, why: str) -> Contender:
    claim = word.claim
    return Contender(intent=claim.intent, source=word.source, place=claim.place, why=why, secret=claim.secret)


def _order(one: Decided) -> tuple[int, str, str, int, str, str]:
    return value_order(one.managed, one.workflow)
