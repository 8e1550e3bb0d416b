"""The simulated server's own history: every request with its times, and every state that a user ever had."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any

from tests.simulation.loop import Process
from tests.simulation.values import Path, Resource, State, leaves


@dataclass(slots=True, eq=False, kw_only=True)
class Exchange:
    """One request, and what became of it; times are None for what did not happen.

    ``resource`` is what a write changes. ``seen`` is the number of the version that answered a read, ``made`` that of
    the version that a write made.
    """

    number: int
    process: Process
    user: str
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: Any
    resource: Resource | None
    left: float
    arrived: float | None = None
    acted: float | None = None
    """When the server read or wrote."""
    answered: float | None = None
    """When the answer, or the news that there is none, reached the machine that had asked."""
    delivered: float | None = None
    """When the process took it: later if the process was suspended."""
    status: int | None = None
    trouble: str = ""
    lag: float = 0.0
    """How far behind the replica was that answered a read."""
    shown: frozenset[str] = frozenset()
    """The credentials in the answer to a read."""
    seen: int | None = None
    made: int | None = None

    @property
    def is_write(self) -> bool:
        return self.method != "GET"

    @property
    def shown_at(self) -> float:
        """The moment whose state a read shows."""
        assert self.acted is not None
        return self.acted - self.lag

    def __str__(self) -> str:
        resource = "" if self.resource is None else f" [{'/'.join(part or 'config' for part in self.resource)}]"
        return f"#{self.number} {self.method} {self.path}{resource} as {self.user} by {self.process}"


@dataclass(slots=True)
class Version:
    """A user's state from a moment on; ``by`` is ``start``, ``portal``, or the request that made it."""

    at: float
    by: str | Exchange
    state: State
    _leaves: dict[Path, str] | None = None

    @property
    def leaves(self) -> dict[Path, str]:
        """Every value by its path."""
        if self._leaves is None:
            self._leaves = leaves(self.state)
        return self._leaves


@dataclass(slots=True)
class UserHistory:
    """One user's states, the oldest first."""

    versions: list[Version] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    def add(self, version: Version) -> int:
        """Append a version and return its number."""
        self.versions.append(version)
        self.times.append(version.at)
        return len(self.versions) - 1

    def at(self, moment: float) -> int:
        """Return the number of the version that was there at a moment."""
        return max(0, bisect_right(self.times, moment) - 1)

    @property
    def now(self) -> Version:
        return self.versions[-1]
