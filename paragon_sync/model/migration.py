"""Migrations: ordered steps on live values, first as declared, then with ids for names. Knows no live state.

``rename`` and ``move`` are one noun, :class:`Move`; ``enable`` and ``disable`` are another, :class:`Switch`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, Literal, TypeAlias, TypeVar

from paragon_sync.jsonvalue import Json, Pointer
from paragon_sync.model.catalog import Input
from paragon_sync.model.declared import Account, Configuration, Declared, Place, Roster
from paragon_sync.model.desired import DesiredBlock, Setting, WorkflowSetting

EACH: Final = "*"
"""In a path inside a value: every member of the object, or item of the array, that stands there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingName:
    """A setting as written, or what ``inside`` leads to in its value; ``workflow`` is None on the integration level.

    ``place`` is that of the name. ``every``: on each workflow that has an entry (``workflow: all``).
    """

    name: str
    place: Place
    workflow: str | None = None
    workflow_place: Place | None = None
    every: bool = False
    inside: Pointer = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowName:
    """A workflow as written; ``every``: all of the integration's."""

    name: str
    place: Place
    every: bool = False


@dataclass(frozen=True, slots=True)
class SettingPath:
    """A setting by ids, or what ``inside`` leads to in its value; ``checked``: whether its value has to fit its input.

    It hasn't where it was named as ``id:…``.
    """

    target: Setting | WorkflowSetting
    inside: Pointer = ()
    checked: bool = field(default=True, compare=False)


S = TypeVar("S")
"""How steps name a setting: :class:`SettingName`, then :class:`SettingPath`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move(Generic[S]):
    """The value goes from one place to another; over another value only with ``overwrite``."""

    source: S
    destination: S
    overwrite: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a table: ``value`` becomes ``result``. ``place`` is that of the value."""

    value: Json
    result: Declared
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class MapValues(Generic[S]):
    """The value becomes what the table says; one that it doesn't have is kept, or a finding."""

    setting: S
    table: tuple[Entry, ...]
    otherwise: Literal["keep", "fail"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetValue(Generic[S]):
    """The value becomes this one."""

    setting: S
    value: Declared


@dataclass(frozen=True, slots=True, kw_only=True)
class FillValue(Generic[S]):
    """The value becomes this one where there is none; a live value equal to one in ``blank`` counts as none."""

    setting: S
    value: Declared
    blank: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveValue(Generic[S]):
    """The key goes."""

    setting: S


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """The workflow, by its id, goes on or off."""

    workflow: str
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchNamed:
    """The same, as declared."""

    workflow: WorkflowName
    enabled: bool


SettingAction: TypeAlias = Move[S] | MapValues[S] | SetValue[S] | FillValue[S] | RemoveValue[S]

DeclaredAction: TypeAlias = SettingAction[SettingName] | SwitchNamed
Action: TypeAlias = SettingAction[SettingPath] | Switch

Verb: TypeAlias = Literal["rename", "move", "map", "set", "default", "remove", "enable", "disable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredStep:
    """One step as written."""

    verb: Verb
    action: DeclaredAction
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """An expression that says for whom the steps are meant, and what it refers to: ``("live", "settings", "Channel")``.

    A path ends before the first part that is only known once the expression is evaluated.
    """

    text: str
    place: Place
    paths: tuple[Pointer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One Migration document."""

    name: str
    place: Place
    roster: Roster
    integration: str
    account: Account = "all"
    configuration: Configuration = "default"
    where: Where | None = None
    steps: tuple[DeclaredStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step with ids: one action, or with ``workflow: all`` one for each workflow that it is meant for.

    ``number`` counts from 1. ``existing``: an action is skipped where its workflow has no entry.
    """

    number: int
    verb: Verb
    place: Place
    actions: tuple[Action, ...]
    existing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What the names in ``where`` lead to: ids of settings, and of workflows with their settings', by title and id."""

    settings: Mapping[str, str] = field(default_factory=dict)
    workflows: Mapping[str, str] = field(default_factory=dict)
    workflow_settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By the workflow's id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredMigration:
    """A migration, resolved. ``block`` selects the accounts and configurations, and claims nothing."""

    name: str
    place: Place
    block: DesiredBlock
    steps: tuple[Step, ...]
    where: Where | None = None
    vocabulary: Vocabulary = field(default_factory=Vocabulary)

    @property
    def source(self) -> str:
        """What people call it."""
        return f"migration {self.name}"


@dataclass(frozen=True, slots=True)
class Undecided:
    """Why an expression is neither true nor false, for people."""

    message: str
    hint: str | None = None


Condition: TypeAlias = Callable[[Mapping[str, object]], "bool | Undecided"]
"""``where``, for one user and row: asked with what is live of one configuration (``live.…``)."""

Fits: TypeAlias = Callable[[Input, Json, bool], "str | None"]
"""Whether a value fits an input: None, or the end of a sentence why not. The flag: the value is secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """One user's part in a migration. ``where`` is None where the migration is meant for everybody in its roster."""

    migration: DesiredMigration
    where: Condition | None = None
    fits: Fits | None = None
