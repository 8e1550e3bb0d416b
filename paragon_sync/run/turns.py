"""Lets the event loop have its turn within work that never waits: so that what others sign is taken meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final

_TURN: Final = 0.005  # seconds


class Turns:
    """One work's turns; each lasts ``turn`` seconds by the clock."""

    def __init__(self, turn: float = _TURN, clock: Callable[[], float] = time.monotonic) -> None:
        self._turn = turn
        self._clock = clock
        self._ends = clock() + turn

    @property
    def over(self) -> bool:
        """Whether it is time for :meth:`pause`."""
        return self._clock() >= self._ends

    async def pause(self) -> None:
        """Let all others do what they can do now."""
        await asyncio.sleep(0)
        self._ends = self._clock() + self._turn
