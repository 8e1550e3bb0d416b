"""Batches what concurrent users record, so that one synced transaction serves many operations.

Who is about to send waits until the record is on disk; who tells how it ended doesn't: until then it counts as sent,
and resuming looks. Knows nothing of what the records mean.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Generic, TypeVar

from paragon_sync.run.apply.gate import RunBlocking

Entry_contra = TypeVar("Entry_contra", contravariant=True)

_MANY: Final = 8  # entries in a batch: so many come that it is worth it to wait for more
_PAUSE: Final = 0.01  # seconds from the beginning of such a batch to the next: a transaction costs as much as 20 rows


class Batcher(Generic[Entry_contra]):
    """Collects entries while one batch is being written, and writes all of them as the next one."""

    def __init__(
        self, write: Callable[[Sequence[Entry_contra]], None], run_blocking: RunBlocking = asyncio.to_thread
    ) -> None:
        self._write = write
        self._run_blocking = run_blocking
        self._waiting: list[tuple[Entry_contra, asyncio.Future[None] | None]] = []
        self._writing: asyncio.Task[None] | None = None
        self._untold: Exception | None = None

    async def put(self, entry: Entry_contra) -> None:
        """Return when the entry is on disk; raise what the writing of its batch, or of an :meth:`add`, raised."""
        self.check()
        written = asyncio.get_running_loop().create_future()
        self._take(entry, written)
        await written

    def add(self, entry: Entry_contra) -> None:
        """Have the entry written with the next batch, and don't wait: where that fails, the next caller is told.

        Raises as :meth:`check` does; the entry is taken all the same.
        """
        self._take(entry, None)
        self.check()

    async def drain(self) -> None:
        """Return when everything is on disk, or could not be written. Whoever is cancelled meanwhile is so after that.

        Nothing may be on its way any more once others may write.
        """
        cancelled: asyncio.CancelledError | None = None
        while self._writing is not None and not self._writing.done():
            try:
                await asyncio.wait({self._writing})
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    def check(self) -> None:
        """Raise what the writing of an :meth:`add` raised, if nobody who waited for the same batch has heard of it."""
        if self._untold is not None:
            raise self._untold

    def _take(self, entry: Entry_contra, written: asyncio.Future[None] | None) -> None:
        self._waiting.append((entry, written))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())

    async def _write_all(self) -> None:
        """Write batch after batch until nobody waits. Of those who have stopped waiting the entry is written too."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            began = loop.time()
            batch, self._waiting = self._waiting, []
            try:
                await self._run_blocking(partial(self._write, [entry for entry, _ in batch]))
            except Exception as error:  # noqa: BLE001 - told to everybody who waits
                if not _tell(batch, error):
                    self._untold = error
            else:
                _tell(batch, None)
            if len(batch) >= _MANY:
                await asyncio.sleep(began + _PAUSE - loop.time())


def _tell(batch: Sequence[tuple[object, asyncio.Future[None] | None]], error: Exception | None) -> int:
    """Tell everybody who waits; how many that were."""
    told = 0
    for _, written in batch:
        if written is None or written.done():
            continue
        told += 1
        if error is None:
            written.set_result(None)
        else:
            written.set_exception(error)
    return told
