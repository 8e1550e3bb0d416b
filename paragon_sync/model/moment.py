"""Moments and the time between two of them. Knows no clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Moment(NamedTuple):
    """When something happened: seconds by a clock that only runs forward, and seconds since the epoch."""

    monotonic: float
    wall: float


def earlier(moment: Moment, seconds: float) -> Moment:
    """Return the moment so many seconds before."""
    return Moment(monotonic=moment.monotonic - seconds, wall=moment.wall - seconds)


def age_seconds(past: Moment, now: Moment) -> float:
    """Return the seconds since ``past``: by the clock that shows more, as one of them stops in a suspended machine.

    A wall clock that was set forward makes it too much, never too little.
    """
    by_monotonic, by_wall = now.monotonic - past.monotonic, now.wall - past.wall
    return max(by_monotonic, by_wall)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From sending the last read to the answer of the write: what others wrote meanwhile may be destroyed, unseen.

    ``closed`` is None where nobody knows when, or whether, the write was done.
    """

    opened: Moment
    closed: Moment | None = None

    @property
    def ms(self) -> float | None:
        """How long it was open, in milliseconds."""
        return None if self.closed is None else (self.closed.monotonic - self.opened.monotonic) * 1000
