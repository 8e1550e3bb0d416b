"""A virtual copy of one configuration, on which the steps of migrations are carried out: it knows what became of what.

Knows values and who touched them; nothing of steps, expressions and documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from paragon_sync.jsonvalue import ABSENT, Json, equal
from paragon_sync.model.declared import Place
from paragon_sync.model.desired import Default, Intent, Read, Set, Setting, Unset, WorkflowEnabled, WorkflowSetting
from paragon_sync.model.planned import Origin, Value
from paragon_sync.plan.names import Names
from paragon_sync.plan.own import among
from paragon_sync.plan.shape import Shape

Touchable: TypeAlias = Setting | WorkflowEnabled | WorkflowSetting


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Which step of which migration, and in words for people what it does with the value."""

    source: str
    place: Place
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """What migrations came to on one value: ``value`` is how they leave it, ``base`` what is live.

    ``by`` is the step that had the last word on it, else the first that went by it. ``read``: some step went by it.
    """

    target: Touchable
    base: Value
    value: Value
    intent: Intent | Read
    by: Said
    origin: Origin
    secret: bool
    read: bool
    blank: tuple[Json, ...] = ()

    @property
    def decided(self) -> bool:
        """Whether a step had a word on it, with which documents have to agree."""
        return self.origin is not Origin.CREATED and not (
            isinstance(self.intent, Read) or (isinstance(self.intent, Default) and not self.changes)
        )

    @property
    def changes(self) -> bool:
        return not equal(self.base, self.value)


@dataclass(slots=True)
class _Cell:
    """``carries`` are the live values that have come to stand here, each by its place of origin.

    ``only_filled``: no step but defaults has touched it.
    """

    value: Value
    by: Said
    secret: bool
    carries: frozenset[Touchable] = frozenset()
    intent: Intent | Read = field(default_factory=Read)
    read: bool = False
    only_filled: bool = True


class Copy:
    """One configuration; nothing live is changed."""

    def __init__(self, shape: Shape, names: Names) -> None:
        self._shape = shape
        self._names = names
        self._cells: dict[Touchable, _Cell] = {}
        self._covered: set[Touchable] = set()

    def peek(self, target: Touchable) -> Value:
        """The value as it is by now, for somebody who doesn't go by it."""
        cell = self._cells.get(target)
        return self._shape.read(target) if cell is None else cell.value

    def read(self, target: Touchable, by: Said) -> Value:
        """The value as it is by now, for a step that goes by it."""
        cell = self._cell(target, by)
        cell.read, cell.only_filled = True, False
        return cell.value

    def is_secret(self, target: Touchable) -> bool:
        """Whether the value is a secret by its names, or came from one."""
        cell = self._cells.get(target)
        return self._names.secret(target, self._names.label(target)) if cell is None else cell.secret

    def set(self, target: Touchable, value: Value, by: Said, *, secret: bool = False) -> None:
        """Give it a value; whatever stood there is gone, unless it stands elsewhere too."""
        cell = self._cell(target, by)
        if not equal(cell.value, value):
            cell.carries = frozenset()
        self._write(cell, value, by, secret=secret)

    def convert(self, target: Touchable, value: Value, by: Said, *, secret: bool = False) -> None:
        """Give it a value that is made from the one that stands there."""
        self._write(self._cell(target, by), value, by, secret=secret)

    def fill(self, target: Touchable, default: Default, by: Said, *, secret: bool = False) -> None:
        """Give it a value if there is none."""
        cell = self._cell(target, by)
        if cell.value is ABSENT or among(cell.value, default.blank):
            only_filled = cell.only_filled
            self._write(cell, default.value, by, secret=secret)
            cell.intent, cell.only_filled, cell.carries = default, only_filled, frozenset()
        elif isinstance(cell.intent, Read):
            cell.intent = default

    def hand_over(self, source: Touchable, destination: Touchable) -> None:
        """What stands at the source stands at the destination now, too, and is a secret there if it was one here."""
        self._cells[destination].carries |= self._cells[source].carries
        self._cells[destination].secret |= self._cells[source].secret

    def mark_secret(self, target: Touchable) -> None:
        """What stands there is a secret, whatever its name says."""
        self._cells[target].secret = True

    def cover(self, target: Touchable, *, inside: bool = False) -> None:
        """What stands there, or something inside it, is about to be written over by what stands elsewhere."""
        self._covered |= {target} if inside else self._cells[target].carries

    def has_entry(self, workflow: str) -> bool:
        """Whether the workflow has an entry, live or by now."""
        return self._shape.has_entry(workflow) or workflow in self._entries()

    def touched(self) -> Iterator[Touched]:
        """Everything that steps had a word on or went by, and what entries need that have to be created for it."""
        carried: frozenset[Touchable] = frozenset().union(*(cell.carries for cell in self._cells.values()))
        created = {w: by for w, by in self._entries().items() if not self._shape.has_entry(w)}
        for target, cell in self._cells.items():
            if not (isinstance(target, WorkflowEnabled) and target.workflow in created and cell.value is ABSENT):
                yield self._touched(target, cell, self._origin(target, cell, carried))
        for workflow, by in created.items():
            if self.peek(WorkflowEnabled(workflow)) is ABSENT:
                yield self._created(WorkflowEnabled(workflow), by)

    def _created(self, target: WorkflowEnabled, by: Said) -> Touched:
        """``enabled`` of an entry that has to be created: off where a step says so, else as the catalog says."""
        known = self._cells.get(target)
        off = known is not None and isinstance(known.intent, Unset)
        value = self._names.default_enabled(target.workflow) and not off
        cell = _Cell(value=value, by=known.by if known and off else by, secret=False, intent=Set(value=value))
        cell.read = known is not None and known.read
        return self._touched(target, cell, Origin.MIGRATION if off else Origin.CREATED)

    def _touched(self, target: Touchable, cell: _Cell, origin: Origin) -> Touched:
        return Touched(
            target=target,
            base=self._shape.read(target),
            value=cell.value,
            intent=cell.intent,
            by=cell.by,
            origin=origin,
            secret=cell.secret,
            read=cell.read,
            blank=cell.intent.blank if origin is Origin.DEFAULTS and isinstance(cell.intent, Default) else (),
        )

    def _origin(self, target: Touchable, cell: _Cell, carried: frozenset[Touchable]) -> Origin:
        base = self._shape.read(target)
        if isinstance(cell.intent, Default) and cell.only_filled:
            return Origin.DEFAULTS
        if base is ABSENT or equal(base, cell.value):
            return Origin.MIGRATION
        lives_on = target in carried
        if cell.value is ABSENT:
            return Origin.MOVED if lives_on else Origin.MIGRATION
        covered = target in self._covered and (target in cell.carries or not lives_on)
        return Origin.OVERWRITTEN if covered else Origin.MIGRATION

    def _entries(self) -> dict[str, Said]:
        """The workflows of which steps have left something, and by which step."""
        found: dict[str, Said] = {}
        for target, cell in self._cells.items():
            if not isinstance(target, Setting) and cell.value is not ABSENT:
                found.setdefault(target.workflow, cell.by)
        return found

    def _write(self, cell: _Cell, value: Value, by: Said, *, secret: bool) -> None:
        cell.value, cell.by, cell.secret = value, by, cell.secret or secret
        cell.intent = Unset() if value is ABSENT else Set(value)
        cell.only_filled = False

    def _cell(self, target: Touchable, by: Said) -> _Cell:
        if target not in self._cells:
            value = self._shape.read(target)
            carries: frozenset[Touchable] = frozenset() if value is ABSENT else frozenset({target})
            secret = self._names.secret(target, self._names.label(target))
            self._cells[target] = _Cell(value=value, by=by, carries=carries, secret=secret)
        return self._cells[target]
