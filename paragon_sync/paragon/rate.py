"""Owns when a request may go: requests at once and requests a second, shared by everything in a run. Knows no HTTP."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from paragon_sync.paragon.adaptive import Adaptive

_LONGEST_PAUSE: Final = 120.0  # seconds; no single answer can stop a run for longer
_CATCH_UP: Final = 0.01  # seconds that a late timer may make up for


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a run goes. ``rate`` in requests a second (None: as fast as the answers come), ``paused`` in seconds.

    ``busy`` are the seconds that the ``ended`` requests have taken from their turn on, all added up.
    """

    rate: float | None
    refusals: int
    paused: float
    ended: int = 0
    busy: float = 0.0


class Limiter:
    """``concurrency`` requests at once, evenly spaced at ``rate`` a second (None: no cap) or at less, once refused.

    Every request of a run takes its turn in :meth:`slot`, and how it ended is told by :meth:`served`, :meth:`refused`
    or :meth:`silent`; waiting between two attempts happens outside. Writes go before reads: what they are based on
    ages while they wait.
    """

    def __init__(
        self, *, concurrency: int = 16, rate: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._free = concurrency
        self._cap = rate
        self._clock = clock
        self._adaptive = Adaptive()
        self._queues: tuple[deque[asyncio.Future[None]], ...] = (deque(), deque())
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0
        self._resumes = 0.0
        self._refusals = 0
        self._paused = 0.0
        self._ended = 0
        self._busy = 0.0

    @property
    def pace(self) -> Pace:
        """How fast it goes now."""
        now = self._clock()
        return Pace(
            rate=self._rate(now),
            refusals=self._refusals,
            paused=self._paused - max(0.0, self._resumes - now),
            ended=self._ended,
            busy=self._busy,
        )

    def slot(self, *, urgent: bool = False) -> Slot:
        """Wait for one's turn, and give the moment when it began; the request is sent and answered inside."""
        return Slot(self, urgent=urgent)

    def served(self, began: float) -> None:
        """The request was answered; even with an error, as long as it is not about how much is asked."""
        self._adaptive.served(began, self._clock())

    def silent(self, began: float) -> None:
        """The request timed out."""
        self._adaptive.silent(began, self._clock())

    def refused(self, began: float, retry_after: float | None = None) -> None:
        """The server refused because of how much is asked of it; ``retry_after`` seconds nothing is sent by anybody."""
        now = self._clock()
        asked = min(retry_after or 0.0, _LONGEST_PAUSE)
        self._refusals += 1
        self._adaptive.refused(began, now, asked)
        if now + asked > max(self._resumes, now):
            self._paused += now + asked - max(self._resumes, now)
            self._resumes = now + asked

    def _rate(self, now: float) -> float | None:
        adaptive = self._adaptive.rate(now)
        if self._cap is None or adaptive is None:
            return adaptive or self._cap
        return min(adaptive, self._cap)

    def _wait(self, now: float) -> float:
        return max(self._next, self._resumes) - now

    async def enter(self, *, urgent: bool) -> float:
        """Wait until a slot is free and its moment has come: the moment. See :meth:`slot`."""
        if self._free and not any(self._queues) and self._wait(now := self._clock()) <= 0:
            self._take(now, now)
            return now
        waiter = asyncio.get_running_loop().create_future()
        self._queues[not urgent].append(waiter)
        self._admit()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._leave()
            raise
        return self._clock()

    def leave(self, began: float) -> None:
        """Give the turn to somebody else."""
        self._ended += 1
        self._busy += self._clock() - began
        self._leave()

    def _leave(self) -> None:
        self._free += 1
        self._admit()

    def _admit(self) -> None:
        """Let in everybody whose turn it is, and see to it that the next one is let in when it is time."""
        while self._free and (queue := self._first_queue()):
            now = self._clock()
            if (wait := self._wait(now)) > 0:
                if self._timer is None:
                    self._timer = asyncio.get_running_loop().call_later(wait, self._ring)
                return
            self._take(now, max(self._next, self._resumes, now - _CATCH_UP))
            queue.popleft().set_result(None)

    def _ring(self) -> None:
        self._timer = None
        self._admit()

    def _take(self, now: float, due: float) -> None:
        self._free -= 1
        if rate := self._rate(now):
            self._next = due + 1 / rate

    def _first_queue(self) -> deque[asyncio.Future[None]] | None:
        for queue in self._queues:
            while queue and queue[0].done():
                queue.popleft()
            if queue:
                return queue
        return None


class Slot:
    """One request's turn, to be used with ``async with``: a generator would take as long as the turn's other work."""

    __slots__ = ("_began", "_limiter", "_urgent")

    def __init__(self, limiter: Limiter, *, urgent: bool) -> None:
        self._limiter = limiter
        self._urgent = urgent
        self._began = 0.0

    async def __aenter__(self) -> float:
        self._began = await self._limiter.enter(urgent=self._urgent)
        return self._began

    async def __aexit__(self, *_: object) -> None:
        self._limiter.leave(self._began)
