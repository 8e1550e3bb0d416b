"""How the emulator reads what nobody outside Paragon knows. A leaf: values alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Replace: TypeAlias = Literal["section", "whole", "by-header"]
"""What PATCH replaces: each section it names, all of ``config``, or sections only with a configuration header."""

Metadata: TypeAlias = Literal["merge", "replace"]
"""Whether PATCH of a user's metadata keeps the keys that it doesn't name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """One choice between the possible readings of Paragon's API."""

    replace: Replace = "section"
    metadata: Metadata = "merge"
    patch_subscribes: bool = False
    """Whether a PATCH that sets ``enabled`` also subscribes and unsubscribes the workflow's triggers."""
