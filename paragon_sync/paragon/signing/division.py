"""Owns who gets which of two processors: this process one of them, and those who sign the other. Knows no key.

The threads of this process take turns: all of them need Python. On two processors each turn would wake up the other
one, which takes as long as much of the work itself. On one of them they don't interrupt each other either: each ends
what it has before the next one goes on. Where there are more processors, or one, nothing is divided.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

_THREADS: Final = Path("/proc/self/task")
_STANDING: Final = Path("/proc/self/stat")
_PROCESSOR: Final = 36  # the place in it, behind the process's name


def _of_linux(name: str) -> Callable[..., Any] | None:
    found: Callable[..., Any] | None = getattr(os, name, None)
    return found


_usable: Final = _of_linux("sched_getaffinity")
_keep_to: Final = _of_linux("sched_setaffinity")
_policy: Final = _of_linux("sched_getscheduler")
_set_policy: Final = _of_linux("sched_setscheduler")


class Division:
    """Two processors, divided until :meth:`end`."""

    def __init__(self, ours: int, theirs: int) -> None:
        """Use :meth:`of_two`."""
        self.ours, self.theirs = ours, theirs
        self._interrupt = False  # whether its threads do so when nothing is divided

    @classmethod
    def of_two(cls) -> Self | None:
        """The one that we are on now, and the other one; None where there aren't two, or it can't be told."""
        try:
            found: set[int] = set() if _usable is None else _usable(0)
            ours = int(_STANDING.read_text("utf-8", "replace").rpartition(")")[2].split()[_PROCESSOR])
        except (OSError, ValueError, IndexError):
            return None
        others = found - {ours}
        return cls(ours, others.pop()) if len(found) == len(others) + 1 == 2 else None  # noqa: PLR2004 - two

    async def begin(self) -> None:
        """The threads of this process keep to its own processor, and so do those that they start.

        But for the first one in which the event loop has something done, such as writing the journal: that waits for
        the disk more than for Python.
        """
        try:
            self._interrupt = _takes_turns_as_usual()
            for thread in _threads():
                _move(thread, {self.ours})
                if self._interrupt:
                    _schedule(thread, os.SCHED_BATCH)
            await asyncio.to_thread(self._let_go, 0)
        except BaseException:
            self.end()
            raise

    def end(self) -> None:
        """They may go wherever they could before."""
        for thread in _threads():
            self._let_go(thread)

    def _let_go(self, thread: int) -> None:
        _move(thread, {self.ours, self.theirs})
        if self._interrupt:
            _schedule(thread, os.SCHED_OTHER)


def _threads() -> list[int]:
    with suppress(OSError):
        return [int(thread.name) for thread in _THREADS.iterdir()]
    return []


def _takes_turns_as_usual() -> bool:
    """Otherwise somebody has chosen how, and knows why; or it can't be told."""
    with suppress(OSError):
        return _policy is not None and _policy(0) == os.SCHED_OTHER
    return False


def _move(thread: int, processors: set[int]) -> None:
    with suppress(OSError):  # it has ended, or may not be told: then it goes where it likes
        if _keep_to is not None:
            _keep_to(thread, processors)


def _schedule(thread: int, policy: int) -> None:
    with suppress(OSError):
        if _set_policy is not None:
            _set_policy(thread, policy, os.sched_param(0))
