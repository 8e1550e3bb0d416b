"""The event loop in virtual time that other tests run on."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from tests.virtual_time import run_virtual


def test_an_hour_takes_no_time_and_ends_at_its_moment():
    async def main():
        loop, order = asyncio.get_running_loop(), []

        async def wait(seconds):
            await asyncio.sleep(seconds)
            order.append((seconds, loop.time()))

        await asyncio.gather(wait(3600), wait(0.001), wait(60))
        return order

    began = time.monotonic()
    assert run_virtual(main()) == [(0.001, 0.001), (60, 60), (3600, 3600)]
    assert time.monotonic() - began < 60


def test_time_outs_and_cancelled_timers_work():
    async def main():
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 5)
        asyncio.get_running_loop().call_later(100, print).cancel()
        await asyncio.sleep(1)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) == 6


def test_executor_work_runs_in_the_same_thread():
    async def main():
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 / 0)
        return await asyncio.to_thread(threading.current_thread), asyncio.get_running_loop().time()

    assert run_virtual(main()) == (threading.main_thread(), 0)


def test_tasks_that_can_never_go_on_are_an_error():
    with pytest.raises(RuntimeError, match="nothing can happen any more"):
        run_virtual(asyncio.Event().wait())
