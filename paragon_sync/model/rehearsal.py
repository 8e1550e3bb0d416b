"""Cases of migrations: what is live, what is to come of it, and what did. Knows no file and no way to try them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.model.declared import Place, Position
from paragon_sync.model.desired import Setting, WorkflowEnabled, WorkflowSetting
from paragon_sync.model.planned import Value

StateTarget: TypeAlias = Setting | WorkflowEnabled | WorkflowSetting


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedState:
    """Settings and workflows of one configuration, names as written; a section that is None was left out.

    ``place`` is that of the mapping; names stand below it as in a document.
    """

    place: Place
    settings: Mapping[str, Json] | None = None
    workflows: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case as written. ``migration`` is None where it names none; ``finding`` is part of a message."""

    name: str
    place: Place
    live: NamedState
    expected: NamedState | Literal["unchanged"] | None = None
    finding: str | None = None
    migration: str | None = None
    user: str = "user"
    row: JsonObject = field(default_factory=dict)
    account: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One value that isn't as expected; names are for people."""

    label: str
    workflow: str | None
    expected: Value
    actual: Value
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What one case came to; it passed where there are neither ``deviations`` nor a ``problem``."""

    migration: str
    case: str
    position: Position
    deviations: tuple[Deviation, ...] = ()
    problem: str | None = None

    @property
    def passed(self) -> bool:
        return not self.deviations and self.problem is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Untested:
    """A migration that no case is about."""

    migration: str
    position: Position
