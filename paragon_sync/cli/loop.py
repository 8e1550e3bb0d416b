"""Runs the one coroutine of a command, and stops it cleanly on SIGTERM. Knows no command."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from typing import Any, TypeVar

from paragon_sync.errors import ParagonSyncError, Terminated

T = TypeVar("T")


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` to its end; Ctrl-C and SIGTERM cancel it first, so that it can count what it did.

    Raises :class:`KeyboardInterrupt` for the one and :class:`Terminated` for the other. Of several errors at once,
    raised by tasks side by side, it raises the first one that is no message for users, else the first.
    """
    try:
        return asyncio.run(_until_terminated(work))
    except ExceptionGroup as several:
        errors = list(_leaves(several))
        unforeseen = [error for error in errors if not isinstance(error, ParagonSyncError)]
        raise (unforeseen or errors)[0] from None


def _leaves(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


async def _until_terminated(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(work)
    terminated = False

    def terminate() -> None:
        nonlocal terminated
        terminated = True
        task.cancel()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, terminate)
    try:
        return await task
    except asyncio.CancelledError:
        if not terminated:
            raise
        raise Terminated("terminated") from None
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
