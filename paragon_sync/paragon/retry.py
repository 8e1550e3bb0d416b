"""Owns when what failed is tried again, and after how long. Knows errors, and no HTTP.

:meth:`Retrying.call` is for what is safe to repeat as it is: reads. Whoever writes waits with :meth:`Retrying.pause`,
and reads again before the next attempt.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from paragon_sync.errors import ApiError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how patiently; times in seconds. Both bounds hold: the one that is reached first ends it.

    ``attempts`` counts the first one too. ``patience`` is how long after the first attempt began another one may begin.
    ``longest_asked`` caps what a server asks for by Retry-After.
    """

    attempts: int = 5
    patience: float = 600.0
    base: float = 0.5
    longest: float = 30.0
    longest_asked: float = 120.0

    def delay(self, attempt: int, error: ApiError, chance: float, spent: float = 0.0) -> float | None:
        """Seconds to wait after the failed ``attempt`` (from 1), or None: don't try again.

        ``chance`` in [0, 1) spreads the waits of many over the whole span (full jitter). ``spent`` is the time since
        the first attempt began.
        """
        if not error.transient or attempt >= self.attempts:
            return None
        span = min(self.longest, self.base * 2.0 ** min(attempt - 1, 30))
        asked = min(error.retry_after or 0.0, self.longest_asked)
        wait = asked + span * chance
        return wait if spent + wait <= self.patience else None


class Retrying:
    """A policy at work; ``sleep``, ``chance`` and ``clock`` are given so that a test need not wait."""

    def __init__(
        self,
        policy: RetryPolicy | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.policy = policy or RetryPolicy()
        self._sleep = sleep
        self._chance = chance
        self._clock = clock

    async def call(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What ``attempt`` gives, tried again while it fails with a transient error; the last error otherwise."""
        began, tried = self._clock(), 0
        while True:
            tried += 1
            try:
                return await attempt()
            except ApiError as error:
                if not await self.pause(tried, error, self._clock() - began):
                    raise

    def delay(self, attempt: int, error: ApiError, spent: float) -> float | None:
        """Return the seconds until the next attempt, or None if there is to be none; arguments as in :meth:`pause`."""
        return self.policy.delay(attempt, error, self._chance(), spent)

    async def pause(self, attempt: int, error: ApiError, spent: float = 0.0) -> bool:
        """Wait until the next attempt may begin; False, at once, if there is to be none.

        ``attempt`` is the number of the one that failed, from 1; ``spent`` the seconds since the first one began.
        """
        delay = self.delay(attempt, error, spent)
        if delay is None:
            return False
        await self._sleep(delay)
        return True
