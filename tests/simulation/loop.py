"""A virtual-time event loop, and processes on it that can be suspended, woken and killed.

Time passes only when nothing is left to do. There are no sockets, no threads and no waiting, so a run comes out the
same each time.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")

_MOST_CALLBACKS: Final = 200_000
"""Callbacks of one run after which it counts as endless."""


_LEAST_WAIT: Final = 1e-6


class Endless(AssertionError):
    """The simulation waits for what never happens, or never stops."""


class Process:
    """One simulated process: its tasks and callbacks run only while it does.

    Everything that it calls later belongs to it, because callbacks carry the context in which they were made.
    """

    def __init__(self, name: str, machine: str) -> None:
        self.name = name
        self.machine = machine
        self.is_frozen = False
        self.is_dead = False
        self.is_buried = False
        self.held: deque[asyncio.Handle] = deque()
        """The callbacks that came while it was suspended."""
        self.tasks: list[asyncio.Task[Any]] = []
        self.asleep = 0.0
        """Seconds that its machine was asleep, by which its monotonic clock is behind."""
        self.steps = 0
        """Callbacks that were its turn; :meth:`before_step` says what happens at some of them."""
        self._appointments: list[tuple[int, int, Callable[[], None]]] = []

    def before_step(self, step: int, act: Callable[[], None]) -> None:
        """Let something happen right before the callback of this number, from now on, would run."""
        heapq.heappush(self._appointments, (self.steps + step, len(self._appointments), act))

    def take_step(self) -> None:
        """Count a callback that is about to run."""
        self.steps += 1
        while self._appointments and self._appointments[0][0] <= self.steps:
            heapq.heappop(self._appointments)[2]()

    def __repr__(self) -> str:
        return self.name


CURRENT: contextvars.ContextVar[Process | None] = contextvars.ContextVar("simulated process", default=None)
"""The process that runs now; None for the world around them: servers, users, operators."""


class _NoSelector:
    """Stands where an event loop has its selector; nothing ever waits here."""

    def close(self) -> None:
        """Close nothing."""


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs callbacks in the order of their times and, at one time, in the order in which they were scheduled."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _NoSelector()
        self._clock_resolution = 1e-9
        self.now = 0.0
        self.callbacks = 0
        self.world = contextvars.copy_context()
        """The context of what belongs to no process."""
        self.world.run(CURRENT.set, None)

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any, context: Any = None) -> Any:
        """Wait for a microsecond at least: less may be lost when it is added, and the time would stay the same."""
        return super().call_later(max(delay, _LEAST_WAIT) if delay > 0 else delay, callback, *args, context=context)

    def spawn(self, process: Process, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a task in a process."""
        context = contextvars.copy_context()
        context.run(CURRENT.set, process)
        task = self.create_task(work, context=context)
        process.tasks.append(task)
        return task

    def at(self, when: float, callback: Callable[..., None], *args: Any) -> asyncio.TimerHandle:
        """Call back in the world outside all processes."""
        return self.call_at(when, callback, *args, context=self.world)

    def freeze(self, process: Process) -> None:
        """Suspend a process: nothing in it runs until :meth:`thaw`."""
        process.is_frozen = not process.is_buried

    def thaw(self, process: Process) -> None:
        """Wake a process: what it missed runs now, in the order in which it would have run."""
        if not process.is_dead:
            process.is_frozen = False
            self._release(process)

    def kill(self, process: Process) -> None:
        """End a process without a trace: none of its callbacks, ``finally`` blocks included, ever runs again."""
        process.is_dead = process.is_frozen = not process.is_buried

    def bury(self, process: Process) -> None:
        """Let the tasks of a dead process end by cancellation, once nothing that they do counts any more.

        Python would otherwise run their ``finally`` blocks at a moment of its own choice.
        """
        process.is_frozen, process.is_buried = False, True
        for task in process.tasks:
            task.cancel()
        self._release(process)

    def run_in_executor(self, *_: Any) -> Any:
        """Refuse: threads would run in real time."""
        raise AssertionError("a thread was asked for in simulated time")

    def _release(self, process: Process) -> None:
        self._ready.extend(process.held)
        process.held.clear()

    def _run_once(self) -> None:
        """Run what is ready; if nothing is, let time pass until the next timer."""
        scheduled, ready = self._scheduled, self._ready
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)._scheduled = False
        if not ready and not self._stopping:
            if not scheduled:
                raise Endless(f"everything waits for ever, at {self.now:.3f} s")
            self.now = max(self.now, scheduled[0]._when)
        while scheduled and scheduled[0]._when <= self.now:
            handle = heapq.heappop(scheduled)
            handle._scheduled = False
            ready.append(handle)
        self.callbacks += len(ready)
        if self.callbacks > _MOST_CALLBACKS:
            raise Endless(f"{self.callbacks} callbacks, and no end, at {self.now:.3f} s")
        for _ in range(len(ready)):
            handle = ready.popleft()
            if handle._cancelled:
                continue
            process = handle._context.get(CURRENT)
            if process is not None:
                if not process.is_frozen:
                    process.take_step()
                if process.is_frozen:
                    process.held.append(handle)
                    continue
            handle._run()

    def _process_events(self, event_list: Any) -> None:
        """Have no events."""

    def _write_to_self(self) -> None:
        """Wake no selector."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run ``main`` in simulated time from 0 on and return its result."""
    loop = SimulatedLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
