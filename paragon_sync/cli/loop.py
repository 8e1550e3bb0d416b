"""Runs the coroutines of a command, and ends them cleanly on Ctrl-C, SIGTERM and SIGHUP. Knows no command."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, Final, Self, TypeVar

from paragon_sync.cli import signals
from paragon_sync.errors import ParagonSyncError

T = TypeVar("T")

_GARBAGE: Final = 50_000
"""So many more objects than have gone again are looked through for circles; Python's own 700 come with every user."""

_TURN: Final = 0.0002
"""Seconds after which another thread gets its turn. Those beside the event loop need Python for some µs, but often: to
hand an answer over, or a row to the database. With Python's own 5 ms each of these would wait for 5 ms."""


class Loop:
    """A context in which coroutines run one after the other; what they have opened stays open between them."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=_fastest_loop())

    def run(self, work: Coroutine[Any, Any, T], ending: Callable[[str, int], None] | None = None) -> T:
        """Run ``work`` to its end; Ctrl-C, SIGTERM and SIGHUP cancel it.

        With ``ending`` the first signal calls that alone, with what happened and the exit code, so that the work can
        end what it has begun; a second one cancels. Raises :class:`KeyboardInterrupt`, :class:`Terminated` or
        :class:`HungUp` where it was cancelled. Of several errors at once, raised by tasks side by side, it raises the
        first one that is no message for users, else the first.
        """
        reception = _Reception(ending)
        try:
            with (
                _seldom_collecting(),
                _short_turns(),
                _without_interruptions(),
                signals.handling(reception.receive),
            ):
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


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """What is made for a user nearly always goes with it; looking for the rest takes a tenth of all the time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(_GARBAGE, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextmanager
def _short_turns() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _without_interruptions() -> Iterator[None]:
    """The threads of a run, and its processes, go on until they wait for something: none takes another one's place.

    Each has a little to do for many answers, and wakes up the next one by it. Where that goes on at once, instead of
    whoever has the processor, a fifth of all CPU goes into taking turns.
    """
    changed = _schedule("SCHED_OTHER", "SCHED_BATCH")
    try:
        yield
    finally:
        if changed:
            _schedule("SCHED_BATCH", "SCHED_OTHER")


def _schedule(usual: str, instead: str) -> bool:
    """Whether this thread, and what it starts, could be given the second policy instead of the first, as on Linux."""
    if sys.platform == "linux":
        with suppress(OSError):  # musl has the functions alone, and a sandbox may not allow them
            if os.sched_getscheduler(0) == getattr(os, usual):  # somebody who has chosen another one knows why
                os.sched_setscheduler(0, getattr(os, instead), os.sched_param(0))
                return True
    return False


def _fastest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Where there is a faster event loop than Python's own; None means that one."""
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return None

    class Watched(uvloop.Loop):
        def run_forever(self) -> None:
            with signals.watching(self):
                super().run_forever()

    return Watched


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
