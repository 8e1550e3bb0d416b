"""Owns when a request may go: requests at once and requests a second, shared by everything in a run. Knows no HTTP."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from paragon_sync.paragon.controller import INITIAL_CONCURRENCY, Controller

_LONGEST_PAUSE: Final = 120.0  # seconds; no single answer can stop a run for longer
MIN_TURNS_PER_SLOT: Final = 8  # before concurrency is reported as a limit: no limit matters to a short run
_CATCH_UP: Final = 0.01  # seconds that a late timer may make up for


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a run goes. ``rate`` in requests a second (None: as fast as the answers come), ``paused`` in seconds.

    ``busy`` are the seconds that the ``ended`` requests have taken from their turn on, all added up.
    ``concurrency`` are the requests at once that are allowed now. ``concurrency_limit`` is the same where it is fixed
    and most turns had to wait for nothing else.
    """

    rate: float | None
    refusals: int
    paused: float
    ended: int = 0
    busy: float = 0.0
    concurrency: int = INITIAL_CONCURRENCY
    concurrency_limit: int | None = None


class Limiter:
    """``concurrency`` requests at once, evenly spaced at ``rate`` a second (None: no cap) or at less, once refused.

    A request waits for its turn in :meth:`slot`; a write takes the turns of its read and of its own at once, in
    :meth:`reserve`, so that the two follow each other at any rate. :meth:`served`, :meth:`refused` and :meth:`silent`
    report how a request ended. Back-off between two attempts happens outside.
    """

    def __init__(
        self, *, concurrency: int | None = None, rate: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._in_use = 0
        self._cap = rate
        self.clock = clock
        self._controller = Controller(concurrency)
        self._is_fixed = concurrency is not None
        self._turns = self._slot_waits = 0
        self._is_full = False
        self._queues: tuple[deque[_Waiter], ...] = (deque(), deque())
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
        now = self.clock()
        return Pace(
            rate=self._rate(),
            refusals=self._refusals,
            paused=self._paused - max(0.0, self._resumes - now),
            ended=self._ended,
            busy=self._busy,
            concurrency=self._controller.concurrency,
            concurrency_limit=self._controller.concurrency if self._is_limited() else None,
        )

    def slot(self, *, urgent: bool = False) -> Slot:
        """Wait for one's turn, and give the moment when it began; the request is sent and answered inside."""
        return Slot(self, urgent=urgent)

    def reserve(self, turns: int) -> Reservation:
        """Return a reservation of this many turns, to be entered before the first of their requests."""
        return Reservation(self, turns)

    def served(self, began: float) -> None:
        """The request was answered; even with an error, as long as it is not about how much is asked."""
        self._controller.record_success(began, self.clock())

    def silent(self, began: float) -> None:
        """The request timed out."""
        self._controller.record_timeout(began, self.clock())

    def refused(self, began: float, retry_after: float | None = None) -> None:
        """The server refused because of how much is asked of it; ``retry_after`` seconds nothing is sent by anybody."""
        now = self.clock()
        asked = min(retry_after or 0.0, _LONGEST_PAUSE)
        self._refusals += 1
        self._controller.record_rejection(began, now, asked)
        if now + asked > max(self._resumes, now):
            self._paused += now + asked - max(self._resumes, now)
            self._resumes = now + asked

    def _is_limited(self) -> bool:
        enough = self._turns >= MIN_TURNS_PER_SLOT * self._controller.concurrency
        return self._is_fixed and enough and 2 * self._slot_waits > self._turns

    def _rate(self) -> float | None:
        adaptive = self._controller.rate
        if self._cap is None or adaptive is None:
            return adaptive or self._cap
        return min(adaptive, self._cap)

    def _wait(self, now: float) -> float:
        return max(self._next, self._resumes) - now

    @property
    def pause_seconds(self) -> float:
        """Return the seconds for which a server's ``Retry-After`` still forbids every request."""
        return max(0.0, self._resumes - self.clock()) if self._resumes else 0.0

    async def enter(self, turns: int = 1, *, urgent: bool = False) -> float:
        """Wait until a slot is free and its moment has come: the moment. See :meth:`slot` and :meth:`reserve`."""
        free = self._in_use < self._controller.concurrency
        if free and not any(self._queues) and self._wait(now := self.clock()) <= 0:
            self._take(now, turns)
            return now
        waiter = _Waiter(asyncio.get_running_loop().create_future(), turns)
        self._queues[not urgent].append(waiter)
        self._admit()
        try:
            await waiter.admitted
        except asyncio.CancelledError:
            if waiter.admitted.done() and not waiter.admitted.cancelled():
                self.leave()
            raise
        return self.clock()

    def begin(self, now: float) -> None:
        """Record that a request is sent."""
        self._controller.record_sent(now)

    def count(self, began: float) -> None:
        """Count a request that has ended, for :attr:`pace`."""
        self._ended += 1
        self._busy += self.clock() - began

    def leave(self) -> None:
        """Give the slot to the next waiter."""
        self._in_use -= 1
        self._admit()

    def shift(self, turns: int) -> None:
        """Delay the next turn by so many more turns; a negative number brings it forward."""
        now = self.clock()
        if turns and (rate := self._rate()):
            self._next = max(self._next, now if turns > 0 else 0.0) + turns / rate
            if turns < 0:
                self._admit()

    def _admit(self) -> None:
        """Admit each waiter whose turn it is, and set a timer for the next one."""
        while queue := self._first_queue():
            now = self.clock()
            if self._in_use >= self._controller.concurrency:
                if self._wait(now) <= 0:
                    self._controller.saturated = self._is_full = True
                return
            if (wait := self._wait(now)) > 0:
                if self._timer is None:
                    self._timer = asyncio.get_running_loop().call_later(wait, self._ring)
                return
            waiter = queue.popleft()
            self._slot_waits += self._is_full
            self._is_full = False
            self._take(max(self._next, self._resumes, now - _CATCH_UP), waiter.turns)
            waiter.admitted.set_result(None)

    def _ring(self) -> None:
        self._timer = None
        self._admit()

    def _take(self, due: float, turns: int) -> None:
        self._in_use += 1
        self._turns += 1
        if rate := self._rate():
            self._next = due + turns / rate

    def _first_queue(self) -> deque[_Waiter] | None:
        for queue in self._queues:
            while queue and queue[0].admitted.done():
                queue.popleft()
            if queue:
                return queue
        return None


class _Waiter(NamedTuple):
    """A future that is resolved when the slot is free, and how many turns are then taken."""

    admitted: asyncio.Future[None]
    turns: int


class Slot:
    """One request's turn, to be used with ``async with``: a generator would take as long as the turn's other work."""

    __slots__ = ("_began", "_limiter", "_urgent")

    def __init__(self, limiter: Limiter, *, urgent: bool) -> None:
        self._limiter = limiter
        self._urgent = urgent
        self._began = 0.0

    async def __aenter__(self) -> float:
        self._began = await self._limiter.enter(urgent=self._urgent)
        self._limiter.begin(self._began)
        return self._began

    async def __aexit__(self, *_: object) -> None:
        self._limiter.count(self._began)
        self._limiter.leave()


class Reservation:
    """One slot for several requests in a row, with their turns taken at once.

    The requests follow each other without a wait for the rate; the wait comes after them. A request beyond the
    reserved turns takes one more turn. Turns that were not used are returned by :meth:`release`.
    """

    __slots__ = ("_limiter", "_turns", "_used")

    def __init__(self, limiter: Limiter, turns: int) -> None:
        self._limiter = limiter
        self._turns = turns
        self._used = 0

    async def enter(self) -> None:
        """Wait until the slot is free and its moment has come."""
        await self._limiter.enter(self._turns)

    def begin(self) -> float:
        """Begin the next request and return the moment, for :meth:`Limiter.served` and its like."""
        self._used += 1
        if self._used > self._turns:
            self._limiter.shift(1)
        began = self._limiter.clock()
        self._limiter.begin(began)
        return began

    def end(self, began: float) -> None:
        """End the request that began at this moment."""
        self._limiter.count(began)

    def release(self) -> None:
        """Give the slot to the next waiter."""
        if self._used < self._turns:
            self._limiter.shift(self._used - self._turns)
        self._limiter.leave()
