"""What of a stored plan the renderings read, as a protocol. Knows no file format."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from paragon_sync.model.planned import Finding, Operation, PlanHeader


class Plan(Protocol):
    """A plan that can be read again and again; ``store.planfile.PlanReader`` is one."""

    @property
    def header(self) -> PlanHeader: ...

    @property
    def digest(self) -> str: ...

    def operations(self) -> Iterable[Operation]: ...

    def findings(self) -> Iterable[Finding]: ...
