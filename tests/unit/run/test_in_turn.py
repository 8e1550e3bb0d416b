from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from functools import wraps

import pytest

from paragon_sync.run.in_turn import InTurn


def run(test: Callable[[], Coroutine[None, None, None]]) -> Callable[[], None]:
    @wraps(test)
    def within_a_loop() -> None:
        asyncio.run(test())

    return within_a_loop


@run
async def test_results_come_in_the_order_of_the_things_whatever_is_done_first() -> None:
    async def work(number: int) -> str:
        for _ in range(7 - number % 7):
            await asyncio.sleep(0)
        return str(number)

    found = [one async for one in InTurn(range(100), work, 3).results()]
    assert [(number, str(number)) for number in range(100)] == found


@run
async def test_no_more_things_are_in_hand_than_four_times_what_may_be_at_work() -> None:
    taken = told = most = 0

    def things() -> Iterator[int]:
        nonlocal taken, most
        for number in range(50):
            taken += 1
            most = max(most, taken - told)
            yield number

    async def work(number: int) -> int:
        if number == 0:  # everybody waits for the first one to be told
            await asyncio.sleep(0.01)
        return number

    async for _ in InTurn(things(), work, 2).results():
        told += 1
    assert (50, 8) == (told, most)


@run
async def test_the_first_error_ends_it_once_what_was_before_it_is_told() -> None:
    stopped = []

    async def work(number: int) -> int:
        if number == 3:
            raise ValueError(number)
        if number > 3:
            try:
                await asyncio.Event().wait()
            finally:
                stopped.append(number)
        return number

    told = []

    async def tell() -> None:
        async for one, _ in InTurn(range(9), work, 3).results():
            told.append(one)

    with pytest.raises(ValueError, match="3"):
        await tell()
    assert ([0, 1, 2], [4, 5, 6, 7, 8]) == (told, sorted(stopped))


@run
async def test_whoever_needs_no_more_stops_the_work() -> None:
    stopped = []

    async def work(number: int) -> int:
        if number:
            try:
                await asyncio.Event().wait()
            finally:
                stopped.append(number)
        return number

    results = InTurn(range(9), work, 1).results()
    assert (0, 0) == await anext(results)
    await asyncio.sleep(0)
    await results.aclose()
    assert stopped


@run
async def test_of_nothing_there_are_no_results() -> None:
    async def work(number: int) -> int:
        return number

    assert [] == [one async for one in InTurn(list[int](), work, 2).results()]


@run
async def test_work_that_does_not_hear_that_it_is_stopped_is_the_last_of_its_worker() -> None:
    begun = []

    async def work(number: int) -> int:
        begun.append(number)
        if number:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
        return number

    results = InTurn(range(100), work, 1).results()
    assert (0, 0) == await anext(results)
    await asyncio.sleep(0)
    before = list(begun)
    await results.aclose()
    assert before == begun


@run
async def test_a_thing_whose_work_somebody_else_gave_up_is_not_left_out() -> None:
    async def work(number: int) -> int:
        if number == 3:
            raise asyncio.CancelledError
        return number

    results = InTurn(range(9), work, 1).results()
    assert [await anext(results) for _ in range(3)] == [(0, 0), (1, 1), (2, 2)]
    with pytest.raises(asyncio.CancelledError):
        await anext(results)
