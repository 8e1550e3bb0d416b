"""What of a stored plan the renderings read, as a protocol, and how much of it is to be shown. Knows no file format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Protocol

from paragon_sync.model.planned import Finding, Outline, PlanHeader
from paragon_sync.store.selection import EVERYTHING, Selection

MOST_IN_FULL: Final = 20
"""So many users, findings or outcomes are shown one by one; what is more is grouped by what it says."""


class Plan(Protocol):
    """A plan that can be read again and again; ``store.planfile.PlanReader`` is one."""

    @property
    def header(self) -> PlanHeader: ...

    @property
    def digest(self) -> str: ...

    def outlines(self, selection: Selection = EVERYTHING) -> Iterable[Outline]: ...

    def findings(self, selection: Selection = EVERYTHING) -> Iterable[Finding]: ...

    def users(self, selection: Selection = EVERYTHING) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What of a plan is shown. ``full``: one by one, or (False) grouped; None: as many as there are decides."""

    selection: Selection = EVERYTHING
    full: bool | None = None

    def is_full(self, number: int) -> bool:
        """Whether so many users, findings or outcomes are shown one by one."""
        return number <= MOST_IN_FULL if self.full is None else self.full


WHOLE: Final = View()
