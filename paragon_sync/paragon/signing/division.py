"""Owns who gets which of two processors: this process one of them, and those who sign the other. Knows no key.

The threads of this process take turns: all of them need Python. On two processors each turn would wake up the other
one, which takes as long as much of the work itself. Where there are more processors, or one, nothing is divided.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

_THREADS: Final = Path("/proc/self/task")
_STANDING: Final = Path("/proc/self/stat")
_PROCESSOR: Final = 36  # the place in it, behind the process's name

_usable: Final[Callable[[int], set[int]] | None] = getattr(os, "sched_getaffinity", None)
_keep_to: Final[Callable[[int, Iterable[int]], None] | None] = getattr(os, "sched_setaffinity", None)


class Division:
    """Two processors, divided until :meth:`end`."""

    def __init__(self, ours: int, theirs: int) -> None:
        """Use :meth:`of_two`."""
        self.ours, self.theirs = ours, theirs

    @classmethod
    def of_two(cls) -> Self | None:
        """The one that we are on now, and the other one; None where there aren't two, or it can't be told."""
        try:
            found = set() if _usable is None else _usable(0)
            ours = int(_STANDING.read_text("utf-8", "replace").rpartition(")")[2].split()[_PROCESSOR])
        except (OSError, ValueError, IndexError):
            return None
        others = found - {ours}
        return cls(ours, others.pop()) if len(found) == len(others) + 1 == 2 else None  # noqa: PLR2004 - two

    async def begin(self) -> None:
        """The threads of this process keep to its own processor, and so do those that they start.

        But for the one in which the event loop has files written: that waits for the disk more than for Python.
        """
        _move_threads({self.ours})
        await asyncio.to_thread(_move, 0, {self.ours, self.theirs})

    def end(self) -> None:
        """They may go wherever they could before."""
        _move_threads({self.ours, self.theirs})


def keep_to(processor: int) -> None:
    """The one thread of this process keeps to that processor."""
    _move(0, {processor})


def _move_threads(processors: set[int]) -> None:
    for thread in _THREADS.iterdir():
        _move(int(thread.name), processors)


def _move(thread: int, processors: set[int]) -> None:
    with suppress(OSError):  # it has ended, or may not be told: then it goes where it likes
        if _keep_to is not None:
            _keep_to(thread, processors)
