"""Owns when a failed read is tried again, and after how long. Knows errors, and no HTTP.

Only what is safe to repeat as it is goes through here: reads. Before a write is tried again, live is read again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from paragon_sync.errors import ApiError

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how patiently; times in seconds. ``longest_asked`` caps what a server asks for by Retry-After."""

    attempts: int = 5
    base: float = 0.5
    longest: float = 30.0
    longest_asked: float = 120.0

    def delay(self, attempt: int, error: ApiError, chance: float) -> float | None:
        """Seconds to wait after the failed ``attempt`` (from 1), or None: don't try again.

        ``chance`` in [0, 1) spreads the waits of many over the whole span (full jitter).
        """
        if not error.transient or attempt >= self.attempts:
            return None
        span = min(self.longest, self.base * 2.0 ** (attempt - 1))
        asked = min(error.retry_after or 0.0, self.longest_asked)
        return asked + span * chance if asked else span * chance


class Retrying:
    """A policy at work; ``sleep`` and ``chance`` are given so that a test need not wait."""

    def __init__(
        self,
        policy: RetryPolicy | None = None,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.policy = policy or RetryPolicy()
        self._sleep = sleep
        self._chance = chance

    async def call(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """What ``attempt`` gives, tried again while it fails with a transient error; the last error otherwise."""
        tried = 0
        while True:
            tried += 1
            try:
                return await attempt()
            except ApiError as error:
                delay = self.policy.delay(tried, error, self._chance())
                if delay is None:
                    raise
            await self._sleep(delay)
