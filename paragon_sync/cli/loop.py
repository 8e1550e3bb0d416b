"""Runs the coroutines of a command, and ends them cleanly on Ctrl-C, SIGTERM and SIGHUP. Knows no command."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

from paragon_sync.cli import signals
from paragon_sync.errors import ParagonSyncError

T = TypeVar("T")


class _WatchedLoop(asyncio.SelectorEventLoop):
    def run_forever(self) -> None:
        with signals.watching(self):
            super().run_forever()


class Loop:
    """A context in which coroutines run one after the other; what they have opened stays open between them."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=_WatchedLoop)

    def run(self, work: Coroutine[Any, Any, T], ending: Callable[[str, int], None] | None = None) -> T:
        """Run ``work`` to its end; Ctrl-C, SIGTERM and SIGHUP cancel it.

        With ``ending`` the first signal calls that alone, with what happened and the exit code, so that the work can
        end what it has begun; a second one cancels. Raises :class:`KeyboardInterrupt`, :class:`Terminated` or
        :class:`HungUp` where it was cancelled. Of several errors at once, raised by tasks side by side, it raises the
        first one that is no message for users, else the first.
        """
        try:
            signals.raise_again()
        except BaseException:
            work.close()
            raise
        reception = _Reception(ending)
        try:
            with signals.handling(reception.receive):
                return reception.conclude(self._runner.run(reception.run(work)))
        except asyncio.CancelledError:
            if not reception.received:
                raise
            raise signals.error_of(reception.received[-1]) from None
        except ExceptionGroup as several:
            errors = list(_leaves(several))
            unforeseen = [error for error in errors if not isinstance(error, ParagonSyncError)]
            raise (unforeseen or errors)[0] from None

    def __enter__(self) -> Self:
        self._runner.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with signals.deferring():  # an error within the loop's own code would leave its threads and processes open
            self._runner.close()


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run ``work`` alone, as :meth:`Loop.run` does."""
    with Loop() as loop:
        return loop.run(work)


def _leaves(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


class _Reception:
    """What signals do to one work: they call ``ending`` first, where there is one, and then cancel the work."""

    def __init__(self, ending: Callable[[str, int], None] | None) -> None:
        self.received: list[signal.Signals] = []
        self._ending = ending
        self._is_ending = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the work; raise :class:`asyncio.CancelledError` if signals have cancelled it."""
        task = asyncio.ensure_future(work)
        self._loop, self._task = asyncio.get_running_loop(), task
        if self.received:
            task.cancel()
        return await task

    def receive(self, number: int, _: FrameType | None) -> None:
        """Handle a signal, in the main thread and wherever that is."""
        self.received.append(signal.Signals(number))
        if self._loop is None or self._task is None:
            return  # the work has not begun
        if self._ending is not None and len(self.received) == 1:
            self._loop.call_soon_threadsafe(self._end)
        elif self._ending is None and len(self.received) == 1 and asyncio.current_task(self._loop) is self._task:
            raise asyncio.CancelledError  # it is reading a long file, say, and may not wait for anything for minutes
        else:
            self._loop.call_soon_threadsafe(self._task.cancel)

    def conclude(self, result: T) -> T:
        """Return the result, unless a signal arrived as the work ended: then nothing that follows may begin."""
        if self.received and self._ending is not None and not self._is_ending:
            self._end()
        if len(self.received) > (self._ending is not None):
            raise asyncio.CancelledError
        return result

    def _end(self) -> None:
        if self._ending is not None and not self._is_ending:
            self._is_ending = True
            ending = signals.ENDINGS[self.received[0]]
            self._ending(ending.what, ending.exit_code)
