"""An event loop whose time passes only by waiting, so that minutes are over at once and every run is the same.

Work for an executor runs at once, in the loop's own thread, and takes no time. There are no sockets.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Waiting:
    """The loop's selector: advances the time by what the loop would wait for."""

    def __init__(self) -> None:
        self.now = 0.0

    def select(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("every task waits, and no timer is set: nothing can happen any more")
        self.now += timeout
        return []


class VirtualTimeLoop(asyncio.BaseEventLoop):
    """Run tasks in virtual time, which begins at 0."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Waiting()
        self._clock_resolution = 1e-9

    def time(self) -> float:
        """Return the seconds of virtual time since the loop was made."""
        return self._selector.now

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # noqa: ARG002
        """Run a function now, and return a future that is done."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - an executor hands over every exception
            future.set_exception(error)
        return future

    def _process_events(self, event_list: Any) -> None:
        """Do nothing: there are no events but timers."""

    def _write_to_self(self) -> None:
        """Do nothing: no other thread has to wake the loop."""


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine gives, run in virtual time.

    Raises :class:`RuntimeError` where every task waits for something that can't happen any more.
    """
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
