"""Where the values of one parsed document stand in its text. Knows no syntax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from paragon_sync.jsonvalue import Pointer

Report: TypeAlias = "Callable[[int, int, str, str | None], None]"
"""Takes line and column (both from 1), what is wrong, and a hint."""

DEEPEST = 100
"""Levels of nesting that a document may have; what is deeper is a mistake or an attack."""


@dataclass(slots=True)
class Spot:
    """Where one value starts, and its key where it has one; lines and columns count from 1.

    ``items`` are what stands inside: of an object by key, of an array by index ("0", "1" …).
    """

    line: int
    column: int
    key: tuple[int, int] | None = None
    items: dict[str, Spot] = field(default_factory=dict)

    def find(self, pointer: Pointer, *, of_key: bool = False) -> tuple[int, int]:
        """Line and column of what the pointer names; where that isn't there, of the innermost thing that is."""
        spot = self
        for part in pointer:
            if part not in spot.items:
                return spot.line, spot.column
            spot = spot.items[part]
        return spot.key if of_key and spot.key else (spot.line, spot.column)
