"""One request's way through the emulator: who asked, when, and what became of it. A leaf: values alone.

Times are seconds of the machine's monotonic clock, which all its processes share.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from paragon_sync.emulator.state import UserState

Who: TypeAlias = Literal["client", "portal"]
"""A client of the API, or a person in the portal: the emulator's own, or anyone on the vendor's SDK."""

Shown: TypeAlias = Literal["stored", "sent", "none"]
"""What the answer to a write shows: the values as they are stored, as they were sent, or an empty object."""

Target: TypeAlias = tuple[str | None, str | None]
"""The credential that a request is for and its configuration's id; two None for the metadata."""

Alter: TypeAlias = Callable[[UserState, UserState, Target], UserState]
"""From the state before, the intended one and the write's target to the state that is kept."""

PASSAGE: Final = "paragon.passage"
"""The key of a request's scope under which its passage stands."""


@dataclass(slots=True, kw_only=True)
class Passage:
    """A request on its way; filled in as it goes."""

    method: str
    path: str
    received: float
    number: int | None = None
    """Its number among the requests; a portal user's write is none."""
    """When its headers had come."""
    who: Who = "client"
    user: str | None = None
    handled: float | None = None
    """When the state was read, and perhaps written: in one step, that nothing else comes between."""
    answered: float | None = None
    """When the answer was given to the connection; None if it never was."""
    status: int = 0
    wanted: bytes | None = None
    """The faults for which the request asks itself."""
    faults: tuple[str, ...] = ()
    """The names of those that befell it."""
    alter: Alter | None = None
    """What a fault makes of the write."""
    shown: Shown = "sent"
    """What a fault lets the answer to the write show."""
    lag: float = 0
    """How many seconds old the state is that a read answers."""
    meant: str | None = None
    """The path of the one value that a portal user meant to change."""
