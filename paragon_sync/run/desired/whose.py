"""For which row of a roster a place was said: a rollout says the same for many users. Knows no roster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from paragon_sync.model.declared import Fault, Place
from paragon_sync.model.desired import DesiredDocument
from paragon_sync.plan.user import UserPlan

_USER: Final = "user"
_USERS: Final = "users"
"""Where a rollout names its users, as a User document names its user."""


class Whose:
    """The rows that one user's documents were made for."""

    def __init__(self, documents: Iterable[DesiredDocument]) -> None:
        rows = ((document.place, document.row) for document in documents if document.row)
        self._rows: Mapping[tuple[str, int], str] = {(place.file, place.document): row for place, row in rows}

    def place(self, place: Place) -> Place:
        """The place, with its row if it has one."""
        row = self._rows.get((place.file, place.document), "")
        if not row:
            return place
        pointer = (_USERS,) if place.pointer == (_USER,) else place.pointer
        return replace(place, row=row, pointer=pointer)

    def fault(self, fault: Fault) -> Fault:
        """The fault with its places so."""
        other = None if fault.other is None else self.place(fault.other)
        return replace(fault, place=self.place(fault.place), other=other)

    def plan(self, plan: UserPlan) -> UserPlan:
        """The plan with the places of its findings so."""
        if not (self._rows and plan.findings):
            return plan
        findings = tuple(
            replace(
                finding,
                place=None if finding.place is None else self.place(finding.place),
                other=None if finding.other is None else self.place(finding.other),
            )
            for finding in plan.findings
        )
        return replace(plan, findings=findings)
