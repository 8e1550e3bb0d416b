"""Batches what concurrent users record, so that one synced transaction serves many operations.

A caller waits until what it recorded is on disk; nothing is sent before that. Knows nothing of what the records mean.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

Entry_contra = TypeVar("Entry_contra", contravariant=True)

_MANY: Final = 8  # entries in a batch: so many come that it is worth it to wait for more
_PAUSE: Final = 0.01  # seconds from the beginning of such a batch to the next: a transaction costs as much as 20 rows


class Batcher(Generic[Entry_contra]):
    """Collects entries while one batch is being written, and writes all of them as the next one."""

    def __init__(self, write: Callable[[Sequence[Entry_contra]], None]) -> None:
        self._write = write
        self._waiting: list[tuple[Entry_contra, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def put(self, entry: Entry_contra) -> None:
        """Return when the entry is on disk; raise what the writing of its batch raised."""
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await written

    async def drain(self) -> None:
        """Return when everything that was put is on disk, or could not be written: its caller has the error."""
        while self._writing is not None and not self._writing.done():
            await asyncio.wait({self._writing})

    async def _write_all(self) -> None:
        """Write batch after batch until nobody waits. Of those who have stopped waiting the entry is written too."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            began = loop.time()
            batch, self._waiting = self._waiting, []
            try:
                await asyncio.to_thread(self._write, [entry for entry, _ in batch])
            except Exception as error:  # noqa: BLE001 - told to everybody who waits
                _tell(batch, error)
            else:
                _tell(batch, None)
            if len(batch) >= _MANY:
                await asyncio.sleep(began + _PAUSE - loop.time())


def _tell(batch: Sequence[tuple[object, asyncio.Future[None]]], error: Exception | None) -> None:
    for _, written in batch:
        if written.done():
            continue
        if error is None:
            written.set_result(None)
        else:
            written.set_exception(error)
