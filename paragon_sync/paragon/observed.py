"""Owns what was seen of a server's answers: how many of late, and how long they took. Draws no conclusion for the rate.

Times are in seconds by a clock that only runs forward.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Final

WINDOW: Final = 1.0
"""Seconds that count as "of late"."""

_TENTHS: Final = 10
_PLACES: Final = _TENTHS + 1
_SAMPLE: Final = 31  # answers whose median is looked at
_TIMES: Final = 10.0  # so many times the run's first median is too long, …
_SHORT: Final = 0.2  # … but never a median below this
_QUEUED: Final = 4.0  # with fewer requests at once, how long they take is not of our making


class Recent:
    """How many were served and refused in the last second, counted by tenths, of which the present one comes on top."""

    def __init__(self) -> None:
        self._served = [0] * _PLACES
        self._total = [0] * _PLACES
        self._tenth = 0
        self.answers = 0
        """All of them so far."""
        self._first: float | None = None

    def add(self, now: float, *, refused: bool) -> None:
        """Count one answer."""
        if self._first is None:
            self._first = now
        place = self._move(now)
        self.answers += 1
        self._total[place] += 1
        self._served[place] += not refused

    def age(self, now: float) -> float:
        """Seconds since the first answer."""
        return 0.0 if self._first is None else now - self._first

    def served(self, now: float) -> int:
        self._move(now)
        return sum(self._served)

    def total(self, now: float) -> int:
        """Served and refused together."""
        self._move(now)
        return sum(self._total)

    def rate(self, now: float) -> float:
        """Served a second."""
        served = self.served(now)
        return served / WINDOW * _TENTHS / (_TENTHS + now / WINDOW * _TENTHS - self._tenth)

    def _move(self, now: float) -> int:
        """Forget what is older than a second; the place of the present tenth."""
        tenth = int(now / WINDOW * _TENTHS)
        if tenth == self._tenth:
            return tenth % _PLACES
        for past in range(max(self._tenth, tenth - _PLACES) + 1, tenth + 1):
            self._served[past % _PLACES] = self._total[past % _PLACES] = 0
        self._tenth = max(self._tenth, tenth)
        return self._tenth % _PLACES


class Latency:
    """Whether answers take much longer than at the beginning of the run, and go on to.

    Whoever waits for a server that stands still for a moment is answered late. So whoever asks later is looked at too,
    before that counts.
    """

    def __init__(self) -> None:
        self._first: float | None = None
        self._sample: list[float] = []
        self._doubted: float | None = None  # when a sample had taken too long

    def forget(self) -> None:
        """Look at what comes from now on only."""
        self._sample.clear()
        self._doubted = None

    def is_too_long(self, began: float, now: float, rate: Callable[[], float]) -> bool:
        """Take one answer into account; ``rate`` tells how many come a second."""
        if self._doubted is not None and began < self._doubted:
            return False
        self._sample.append(now - began)
        if len(self._sample) < _SAMPLE:
            return False
        usual = median(self._sample)
        self._sample.clear()
        if self._first is None:
            self._first = usual
        too_long = usual >= max(_TIMES * self._first, _SHORT) and rate() * usual >= _QUEUED
        again = self._doubted is not None
        self._doubted = now if too_long else None
        return too_long and again
