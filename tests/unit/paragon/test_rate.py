"""How many requests at once, how many a second, and who goes first."""

from __future__ import annotations

import asyncio

import pytest

from paragon_sync.paragon.rate import Limiter, Pace
from tests.virtual_time import run_virtual


def limiter(**options) -> Limiter:
    return Limiter(clock=asyncio.get_running_loop().time, **options)


@pytest.mark.parametrize(
    ("rate", "pause", "moments"),
    [(10, 0, [0, 0.1, 0.2, 0.3]), (10, 5, [0, 5, 10, 15]), (None, 0, [0] * 4), (2000, 0, [0, 0.0005, 0.001, 0.0015])],
)
def test_requests_are_spaced_evenly(rate, pause, moments):
    async def run():
        shared, seen = limiter(rate=rate), []
        for _ in range(4):
            async with shared.slot():
                seen.append(asyncio.get_running_loop().time())
            await asyncio.sleep(pause)
        return seen

    assert run_virtual(run()) == pytest.approx(moments)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_no_more_than_so_many_at_once(concurrency):
    async def run():
        shared, inside, most = limiter(concurrency=concurrency), 0, 0

        async def one():
            nonlocal inside, most
            async with shared.slot():
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(1)
                inside -= 1

        await asyncio.gather(*(one() for _ in range(10)))
        return most

    assert run_virtual(run()) == concurrency


def test_a_slot_is_given_back_when_its_request_fails():
    async def run():
        shared = limiter(concurrency=1)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                async with shared.slot():
                    raise ZeroDivisionError
        async with shared.slot():
            return True

    assert run_virtual(run())


def test_a_write_goes_before_the_reads_that_wait():
    async def run():
        shared, order = limiter(concurrency=1), []

        async def one(name, urgent):
            async with shared.slot(urgent=urgent):
                order.append(name)
                await asyncio.sleep(1)

        await asyncio.gather(*(one(name, name.startswith("write")) for name in ("a", "b", "c", "write 1", "write 2")))
        return order

    assert run_virtual(run()) == ["a", "write 1", "write 2", "b", "c"]


def test_who_gives_up_waiting_takes_no_slot():
    async def run():
        shared = limiter(concurrency=1)

        async def one():
            async with shared.slot():
                await asyncio.sleep(10)

        tasks = [asyncio.create_task(one()) for _ in range(3)]
        await asyncio.sleep(1)
        tasks[1].cancel()
        await asyncio.sleep(9)  # now the third one's turn has come, and it has not begun yet
        tasks[2].cancel()
        await asyncio.wait(tasks)
        async with shared.slot():
            return asyncio.get_running_loop().time()

    assert run_virtual(run()) == 10


def test_without_a_refusal_nothing_slows_down():
    async def run():
        shared = limiter()
        for _ in range(100):
            async with shared.slot() as began:
                shared.served(began)
        return asyncio.get_running_loop().time(), shared.pace

    assert run_virtual(run()) == (0, Pace(rate=None, refusals=0, paused=0, ended=100))


def test_what_requests_take_is_added_up():
    async def one(shared, seconds):
        async with shared.slot():
            await asyncio.sleep(seconds)

    async def run():
        shared = limiter(concurrency=2)
        await asyncio.gather(one(shared, 1), one(shared, 2), one(shared, 3))
        return shared.pace.ended, shared.pace.busy

    assert run_virtual(run()) == (3, 6)


def test_retry_after_holds_everybody():
    async def run():
        shared, seen = limiter(concurrency=4, rate=2), []

        async def one(number):
            async with shared.slot() as began:
                seen.append(asyncio.get_running_loop().time())
                if number == 0:
                    shared.refused(began, 30)
                else:
                    shared.served(began)

        await asyncio.gather(*(one(number) for number in range(3)))
        return seen, shared.pace

    seen, pace = run_virtual(run())
    assert seen == [0, 30, 30.5]
    assert (pace.refusals, pace.paused) == (1, 30)


async def ask_for_a_while(shared: Limiter, tasks: int, requests: int) -> Pace:
    async def one() -> None:
        for _ in range(requests):
            async with shared.slot() as began:
                await asyncio.sleep(0.04)
                shared.served(began)

    await asyncio.gather(*(one() for _ in range(tasks)))
    return shared.pace


@pytest.mark.parametrize(
    ("options", "tasks", "limit"),
    [
        ({"concurrency": 16}, 64, 16),
        ({"concurrency": 64}, 16, None),
        ({"concurrency": 16, "rate": 100}, 64, None),
        ({}, 512, None),
    ],
    ids=["the limit", "not reached", "the rate is the limit", "adaptive"],
)
def test_a_configured_concurrency_is_reported_where_it_is_the_limit(options, tasks, limit):
    async def run():
        return await ask_for_a_while(limiter(**options), tasks, 20)

    assert run_virtual(run()).concurrency_limit == limit


def test_requests_at_once_grow_to_the_bound_while_answers_are_as_fast():
    async def run():
        return await ask_for_a_while(limiter(), 512, 20)

    assert run_virtual(run()).concurrency == 128
