"""Batches what concurrent users record, so that one synced transaction serves many operations.

A caller waits until what it recorded is on disk; nothing is sent before that. Knows nothing of what the records mean.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Entry_contra = TypeVar("Entry_contra", contravariant=True)


class Batcher(Generic[Entry_contra]):
    """Collects entries while one batch is being written, and writes all of them as the next one."""

    def __init__(self, write: Callable[[Sequence[Entry_contra]], None]) -> None:
        self._write = write
        self._waiting: list[Entry_contra] = []
        self._current: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def put(self, entry: Entry_contra) -> None:
        """Return when the entry is on disk; raise what the writing of its batch raised."""
        self._waiting.append(entry)
        if self._next is None:
            self._next = asyncio.create_task(self._flush(self._current))
        await asyncio.shield(self._next)

    async def drain(self) -> None:
        """Return when everything that was put is on disk, or could not be written: its caller has the error."""
        while pending := {task for task in (self._current, self._next) if task is not None and not task.done()}:
            await asyncio.wait(pending)

    async def _flush(self, previous: asyncio.Task[None] | None) -> None:
        if previous is not None:
            await asyncio.wait({previous})
        batch, self._waiting = self._waiting, []
        self._current, self._next = self._next, None
        await asyncio.to_thread(self._write, batch)
