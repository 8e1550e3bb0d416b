"""One synced transaction serves many operations, and nobody goes on before what he recorded is on disk."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import pytest

from paragon_sync.errors import StateError
from paragon_sync.run.apply.journal import Batcher


def in_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """The test in an event loop of its own."""
    return lambda: asyncio.run(test())


class Disk:
    """Writes batches, each only when it is let."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.let = threading.Semaphore(0)

    def write(self, batch: Sequence[int]) -> None:
        assert self.let.acquire(timeout=30)
        if 13 in batch:
            raise StateError("the disk is full")
        self.batches.append(list(batch))


async def put_all(batcher: Batcher[int], entries: Sequence[int]) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(batcher.put(entry)) for entry in entries]
    await asyncio.sleep(0)
    return tasks


@in_loop
async def test_while_one_batch_is_written_the_next_one_collects() -> None:
    disk = Disk()
    batcher = Batcher(disk.write)
    first = await put_all(batcher, [1])
    await asyncio.sleep(0)  # the first batch is on its way
    others = await put_all(batcher, [2, 3])
    assert [task.done() for task in (*first, *others)] == [False, False, False]

    disk.let.release(2)
    await asyncio.gather(*first, *others)

    assert disk.batches == [[1], [2, 3]]


@in_loop
async def test_what_could_not_be_written_is_told_to_those_who_wait_for_it_alone() -> None:
    disk = Disk()
    batcher = Batcher(disk.write)
    (good,) = await put_all(batcher, [1])
    await asyncio.sleep(0)
    bad = await put_all(batcher, [13, 14])
    disk.let.release(2)

    await good
    for task in bad:
        with pytest.raises(StateError, match="the disk is full"):
            await task
    disk.let.release()
    await batcher.put(2)
    assert disk.batches == [[1], [2]]


@in_loop
async def test_one_who_stops_waiting_takes_nothing_from_the_others() -> None:
    disk = Disk()
    batcher = Batcher(disk.write)
    gone, staying = await put_all(batcher, [1, 2])
    gone.cancel()

    disk.let.release()
    await staying

    assert disk.batches == [[1, 2]]


@in_loop
async def test_draining_waits_for_everything_that_was_put() -> None:
    disk = Disk()
    batcher = Batcher(disk.write)
    tasks = await put_all(batcher, [1])
    await asyncio.sleep(0)
    tasks += await put_all(batcher, [2])
    for task in tasks:
        task.cancel()
    draining = asyncio.create_task(batcher.drain())
    await asyncio.sleep(0)
    assert not draining.done()

    disk.let.release(2)
    await draining

    assert disk.batches == [[1], [2]]


@in_loop
async def test_with_nothing_put_there_is_nothing_to_drain() -> None:
    await Batcher(Disk().write).drain()


@in_loop
async def test_nobody_waits_for_what_is_added_and_draining_does() -> None:
    disk = Disk()
    batcher = Batcher(disk.write)
    batcher.add(1)
    await asyncio.sleep(0)  # it is on its way
    batcher.add(2)
    (waiting,) = await put_all(batcher, [3])
    draining = asyncio.create_task(batcher.drain())
    await asyncio.sleep(0)
    assert (waiting.done(), draining.done()) == (False, False)

    disk.let.release(2)
    await asyncio.gather(waiting, draining)

    assert disk.batches == [[1], [2, 3]]


@in_loop
async def test_the_next_caller_is_told_that_what_was_added_is_not_on_disk() -> None:
    disk = Disk()
    batcher = Batcher(disk.write)
    batcher.add(13)
    disk.let.release(2)
    await batcher.drain()

    with pytest.raises(StateError, match="the disk is full"):
        batcher.check()
    with pytest.raises(StateError, match="the disk is full"):
        await batcher.put(1)
    with pytest.raises(StateError, match="the disk is full"):
        batcher.add(2)
    await batcher.drain()
    assert disk.batches == [[2]]


@in_loop
async def test_whoever_drains_and_is_cancelled_is_so_once_nothing_is_on_its_way() -> None:
    disk = Disk()
    batcher = Batcher(disk.write)
    batcher.add(1)
    await asyncio.sleep(0)  # it is on its way
    batcher.add(2)
    draining = asyncio.create_task(batcher.drain())
    for _ in range(2):
        await asyncio.sleep(0)
        draining.cancel()
    await asyncio.sleep(0.01)
    assert not draining.done()

    disk.let.release(2)
    with pytest.raises(asyncio.CancelledError):
        await draining

    assert disk.batches == [[1], [2]]


@in_loop
async def test_one_who_waited_for_the_same_batch_has_told_it_already() -> None:
    disk = Disk()
    batcher = Batcher(disk.write)
    (waiting,) = await put_all(batcher, [1])
    batcher.add(13)

    disk.let.release()
    with pytest.raises(StateError, match="the disk is full"):
        await waiting

    batcher.check()
