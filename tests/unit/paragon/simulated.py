"""An event loop whose time passes only by waiting, so that minutes are over at once and come out the same each time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


class _Waiting(selectors.DefaultSelector):
    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everybody waits for ever"
        self.now += timeout
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """No sockets, no threads; everything that waits, waits in simulated time."""

    def __init__(self) -> None:
        self._waiting = _Waiting()
        super().__init__(self._waiting)
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._waiting.now


def simulate(main: Coroutine[None, None, T]) -> T:
    """What ``main`` gives, run in simulated time from 0 on."""
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main)
