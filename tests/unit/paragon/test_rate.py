"""How many requests at once, and how many a second."""

from __future__ import annotations

import asyncio

import pytest

from paragon_sync.paragon.rate import Limiter


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.mark.parametrize(
    ("rate", "pause", "moments"),
    [(10, 0, [100.0, 100.1, 100.2, 100.3]), (10, 5, [100.0, 105.0, 110.0, 115.0]), (None, 0, [100.0] * 4)],
)
def test_requests_are_spaced_evenly(rate, pause, moments):
    clock = Clock()

    async def run():
        limiter = Limiter(rate=rate, clock=clock, sleep=clock.sleep)
        seen = []
        for _ in range(4):
            async with limiter.slot():
                seen.append(clock.now)
            clock.now += pause
        return seen

    assert asyncio.run(run()) == pytest.approx(moments)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_than_so_many_at_once(concurrency):
    async def run():
        limiter, inside, most = Limiter(concurrency=concurrency), 0, 0

        async def one():
            nonlocal inside, most
            async with limiter.slot():
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1

        await asyncio.gather(*(one() for _ in range(10)))
        return most

    assert asyncio.run(run()) == concurrency


def test_a_slot_is_given_back_when_its_request_fails():
    async def run():
        limiter = Limiter(concurrency=1)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                async with limiter.slot():
                    raise ZeroDivisionError
        async with limiter.slot():
            return True

    assert asyncio.run(run())
