"""Servers that allow only so many requests a second, each in its own way, and a run against one in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from paragon_sync.errors import RefusedError
from paragon_sync.paragon.rate import Limiter, Pace
from paragon_sync.paragon.retry import RetryPolicy
from tests.virtual_time import run_virtual


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Served after ``delay`` seconds, or refused, for ``retry_after`` seconds if it says so."""

    refused: bool = False
    retry_after: float | None = None
    delay: float = 0.0


SERVED = Answer()


Latency = Callable[[random.Random], float]
"""Draws the seconds to a server and back."""


class Server(Protocol):
    """Tells what becomes of a request that arrives now."""

    def ask(self, now: float, /) -> Answer: ...


@dataclass
class Windows:
    """Allows ``limit`` requests in each second of its own clock, which ticks at another moment than ours."""

    limit: float
    retry_after: float | None = None
    tick: int = -1
    count: int = 0

    def ask(self, now: float) -> Answer:
        if int(now + 0.37) != self.tick:
            self.tick, self.count = int(now + 0.37), 0
        if self.count >= self.limit:
            return Answer(refused=True, retry_after=self.retry_after)
        self.count += 1
        return SERVED


class SlidingWindow:
    """Allows ``limit`` requests in any second."""

    def __init__(self, limit: float, retry_after: float | None = None) -> None:
        self.limit, self.retry_after = limit, retry_after
        self.past: deque[float] = deque()

    def ask(self, now: float) -> Answer:
        while self.past and self.past[0] <= now - 1:
            self.past.popleft()
        if len(self.past) >= self.limit:
            return Answer(refused=True, retry_after=self.retry_after)
        self.past.append(now)
        return SERVED


class TokenBucket:
    """Allows ``limit`` requests a second, and what was left over for up to ``burst`` seconds."""

    def __init__(self, limit: float, burst: float, retry_after: float | None = None) -> None:
        self.limit, self.size, self.retry_after = limit, limit * burst, retry_after
        self.tokens, self.filled = self.size, 0.0

    def ask(self, now: float) -> Answer:
        self.tokens = min(self.size, self.tokens + (now - self.filled) * self.limit)
        self.filled = now
        if self.tokens < 1:
            return Answer(refused=True, retry_after=self.retry_after)
        self.tokens -= 1
        return SERVED


class LeakyBucket:
    """Serves ``limit`` requests a second, one after the other; refuses who would wait for more than ``longest``."""

    def __init__(self, limit: float, longest: float, retry_after: float | None = None) -> None:
        self.limit, self.longest, self.retry_after = limit, longest, retry_after
        self.free = 0.0

    def ask(self, now: float) -> Answer:
        if self.free - now > self.longest:
            return Answer(refused=True, retry_after=self.retry_after)
        self.free = max(self.free, now) + 1 / self.limit
        return Answer(delay=self.free - now)


class Unreliable:
    """Refuses a share of the requests at random, whatever the rate; the rest is ``inner``'s."""

    def __init__(self, share: float, inner: Server | None = None, retry_after: float | None = None) -> None:
        self.share, self.inner, self.retry_after = share, inner, retry_after
        self.chance = random.Random(1)

    def ask(self, now: float) -> Answer:
        if self.chance.random() < self.share:
            return Answer(refused=True, retry_after=self.retry_after)
        return SERVED if self.inner is None else self.inner.ask(now)


class Down:
    """Refuses everything."""

    def __init__(self, retry_after: float | None = None) -> None:
        self.retry_after = retry_after

    def ask(self, _now: float) -> Answer:
        return Answer(refused=True, retry_after=self.retry_after)


class Changing:
    """Another server from each moment on: ``Changing((0, a), (20, b))``."""

    def __init__(self, *steps: tuple[float, Server]) -> None:
        self.steps = steps

    def ask(self, now: float) -> Answer:
        return [server for since, server in self.steps if since <= now][-1].ask(now)


@dataclass(frozen=True, kw_only=True)
class Course:
    """What came of a run: the moments of each answer, and the pace at its end."""

    served: list[float]
    refused: list[float]
    pace: Pace

    def rate(self, since: float, until: float) -> float:
        """Served a second between two moments."""
        return sum(since <= moment < until for moment in self.served) / (until - since)

    def refused_share(self, since: float, until: float) -> float:
        served, refused = (sum(since <= m < until for m in moments) for moments in (self.served, self.refused))
        return refused / max(1, served + refused)


def against(
    server: Server,
    *,
    seconds: float,
    concurrency: int | None = 16,
    latency: float | Latency = 0.02,
    rate: float | None = None,
    tasks: int = 64,
) -> Course:
    """Run tasks that ask one thing after the other, and try again what was refused as a run does."""
    draw = latency if callable(latency) else partial(varying, latency)

    async def run() -> Course:
        clock = asyncio.get_running_loop().time
        limiter = Limiter(concurrency=concurrency, rate=rate, clock=clock)
        return await _ask(server, limiter, clock, seconds, draw, tasks=tasks)

    return run_virtual(run())


def varying(seconds: float, chance: random.Random) -> float:
    """Return a latency of about so many seconds."""
    return seconds * chance.lognormvariate(0, 0.3)


def long_tail(chance: random.Random) -> float:
    """Return a latency of 20 to 400 ms, 80 ms on average."""
    return min(0.4, 0.02 + chance.expovariate(1 / 0.06))


async def _ask(
    server: Server, limiter: Limiter, clock: Callable[[], float], seconds: float, draw: Latency, *, tasks: int
) -> Course:
    chance = random.Random(1)
    policy = RetryPolicy(attempts=1_000_000, patience=1e9)
    served: list[float] = []
    refused: list[float] = []

    async def attempt() -> Answer:
        async with limiter.slot() as began:
            way = draw(chance) / 2
            await asyncio.sleep(way)
            answer = server.ask(clock())
            await asyncio.sleep(answer.delay + way)
            if answer.refused:
                limiter.refused(began, answer.retry_after)
            else:
                limiter.served(began)
        (refused if answer.refused else served).append(clock())
        return answer

    async def task() -> None:
        tried = 0
        while clock() < seconds:
            answer = await attempt()
            tried = tried + 1 if answer.refused else 0
            if answer.refused:
                error = RefusedError("no", method="GET", path="/", transient=True, retry_after=answer.retry_after)
                await asyncio.sleep(policy.delay(tried, error, chance.random()) or 0)

    await asyncio.gather(*(task() for _ in range(tasks)))
    return Course(served=served, refused=refused, pace=limiter.pace)
