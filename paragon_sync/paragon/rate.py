"""Owns how fast a run may ask: requests at once and requests a second, shared by everything in it. Knows no HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


class Limiter:
    """``concurrency`` requests at once and, where ``rate`` is given, at most so many a second, evenly spaced.

    Every request of a run passes :meth:`slot`; waiting between two attempts happens outside of it.
    """

    def __init__(
        self,
        *,
        concurrency: int = 16,
        rate: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._slots = asyncio.Semaphore(concurrency)
        self._interval = 1 / rate if rate else 0.0
        self._clock = clock
        self._sleep = sleep
        self._next = 0.0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for one's turn; the request is sent and answered inside."""
        async with self._slots:
            if self._interval:
                await self._sleep(self._reserve())
            yield

    def _reserve(self) -> float:
        """Take the next free moment; the seconds until then."""
        now = self._clock()
        moment = max(self._next, now)
        self._next = moment + self._interval
        return moment - now
