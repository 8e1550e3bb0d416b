"""Workers that take one user after the other; one that waits for a lagging read-back is replaced for that time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from paragon_sync.run.apply.stopping import Stop

MAX_WAITING_USERS: Final = 1000
"""Users that may wait outside the workers: each holds one configuration in memory, a few kB."""


class Workers:
    """``size`` tasks that call ``work`` until it returns False; an error of one ends all of them."""

    def __init__(self, size: int, work: Callable[[], Awaitable[bool]], stop: Stop) -> None:
        self._size = size
        self._work = work
        self._stop = stop
        self._tasks: list[asyncio.Task[None]] = []
        self._active = 0
        self._waiting = 0
        self._changed = asyncio.Event()
        self._error: BaseException | None = None

    async def run(self, grace: float) -> None:
        """Work until nothing is left. Once the run is to stop, work that has begun gets ``grace`` seconds to end.

        Raises what the first failing task raised, after the others were cancelled.
        """
        for _ in range(self._size):
            self._start()
        stopped = asyncio.create_task(self._until_stopped())
        try:
            async with asyncio.timeout(None) as limit:
                while self._tasks and self._error is None:
                    if self._stop.reason is not None and limit.when() is None:
                        limit.reschedule(asyncio.get_running_loop().time() + grace)
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
        finally:
            for task in (stopped, *self._tasks):
                task.cancel()
            await asyncio.gather(stopped, *self._tasks, return_exceptions=True)
        if self._error is not None:
            raise self._error

    async def wait(self, seconds: float) -> bool:
        """Wait in a task of these workers, replaced by another one; return whether the run is to stop.

        At most :data:`MAX_WAITING_USERS` are replaced: beyond that a worker itself waits.
        """
        replaced = self._waiting < MAX_WAITING_USERS and self._stop.reason is None
        if replaced:
            self._waiting += 1
            self._active -= 1
            self._start()
        try:
            return await self._stop.wait(seconds)
        finally:
            if replaced:
                self._waiting -= 1
                self._active += 1

    def _start(self) -> None:
        task = asyncio.create_task(self._work_on())
        self._active += 1
        self._tasks.append(task)
        task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.remove(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._error = self._error or error
        self._changed.set()

    async def _work_on(self) -> None:
        try:
            while self._active <= self._size and await self._work():
                pass
        finally:
            self._active -= 1  # at once: the others compare it before this task's callback runs

    async def _until_stopped(self) -> None:
        await self._stop.wait()
        self._changed.set()
