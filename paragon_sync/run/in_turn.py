"""Works on many things at once and tells the results in the order of the things. Knows neither users nor requests.

A few workers take one thing after the other: a task for each thing would cost more than most things do.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Final, Generic, TypeVar

_Thing = TypeVar("_Thing")
_Result = TypeVar("_Result")

_WORKERS: Final = 4  # for each thing that may be at work at once: one more is ready when its turn comes
_AHEAD: Final = 4  # things in hand, for each that may be at work at once


class InTurn(Generic[_Thing, _Result]):
    """Results of ``work`` on each of ``things``; at most four times ``concurrency`` of them are in hand at a time."""

    def __init__(
        self, things: Iterable[_Thing], work: Callable[[_Thing], Awaitable[_Result]], concurrency: int
    ) -> None:
        self._things = iter(things)
        self._work = work
        self._workers = concurrency * _WORKERS
        self._room = concurrency * _AHEAD
        self._waiting: deque[asyncio.Future[None]] = deque()  # workers for whom there was no room
        self._taken = 0
        self._told = 0
        self._done: dict[int, tuple[_Thing, _Result]] = {}
        self._ready = asyncio.Event()
        self._error: BaseException | None = None
        self._ended = False

    async def results(self) -> AsyncIterator[tuple[_Thing, _Result]]:
        """Each thing with its result. The first error of any work ends it."""
        workers = [asyncio.create_task(self._worker()) for _ in range(self._workers)]
        try:
            while True:
                while self._told in self._done:
                    found = self._done.pop(self._told)
                    self._told += 1
                    self._leave_room()
                    yield found
                if self._error is not None:
                    raise self._error
                if all(worker.done() for worker in workers):
                    return
                self._ready.clear()
                await self._ready.wait()
        finally:
            self._ended = True
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    async def _worker(self) -> None:
        try:
            while not self._ended:
                if self._room:
                    self._room -= 1
                else:
                    self._waiting.append(room := asyncio.get_running_loop().create_future())
                    await room
                try:
                    thing = next(self._things)
                except StopIteration:
                    return
                number = self._taken
                self._taken += 1
                self._done[number] = thing, await self._work(thing)
                if number == self._told:
                    self._ready.set()
        except BaseException as error:  # noqa: BLE001 - told by whoever waits for the results, also that it was given up
            self._error = self._error or error
        finally:
            self._ready.set()

    def _leave_room(self) -> None:
        """For the worker who has waited longest, or else for whoever needs it next."""
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._room += 1
