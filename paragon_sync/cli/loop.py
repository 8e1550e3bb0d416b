"""Runs the coroutines of a command, and ends them cleanly on Ctrl-C and SIGTERM. Knows no command."""

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

from paragon_sync.errors import EXIT_INTERRUPTED, EXIT_TERMINATED, ParagonSyncError, Terminated

T = TypeVar("T")

_GARBAGE: Final = 50_000
"""So many more objects than have gone again are looked through for circles; Python's own 700 come with every user."""

_TURN: Final = 0.0002
"""Seconds after which another thread gets its turn. Those beside the event loop need Python for some µs, but often: to
hand an answer over, or a row to the database. With Python's own 5 ms each of these would wait for 5 ms."""

_ENDINGS = {
    signal.SIGINT: ("interrupted", EXIT_INTERRUPTED),
    signal.SIGTERM: ("terminated", EXIT_TERMINATED),
}


class Loop:
    """A context in which coroutines run one after the other; what they have opened stays open between them."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner(loop_factory=_fastest_loop())

    def run(self, work: Coroutine[Any, Any, T], ending: Callable[[str, int], None] | None = None) -> T:
        """Run ``work`` to its end; Ctrl-C and SIGTERM cancel it.

        With ``ending`` the first signal calls that alone, with what happened and the exit code, so that the work can
        end what it has begun; a second one cancels. Raises :class:`KeyboardInterrupt` or :class:`Terminated` where it
        was cancelled. Of several errors at once, raised by tasks side by side, it raises the first one that is no
        message for users, else the first.
        """
        try:
            with _seldom_collecting(), _short_turns(), _without_interruptions():
                return self._runner.run(_until_signalled(work, ending))
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
    return uvloop.new_event_loop


def _leaves(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


async def _until_signalled(work: Coroutine[Any, Any, T], ending: Callable[[str, int], None] | None) -> T:
    task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()
    received: list[signal.Signals] = []

    def receive(number: int, _: FrameType | None) -> None:
        received.append(signal.Signals(number))
        if ending is not None and len(received) == 1:
            loop.call_soon_threadsafe(ending, *_ENDINGS[received[0]])
        elif ending is None and asyncio.current_task(loop) is task:
            raise asyncio.CancelledError  # it is reading a long file, say, and may not wait for anything for minutes
        else:
            loop.call_soon_threadsafe(task.cancel)

    try:
        with _handling(receive):
            result = await task
    except asyncio.CancelledError:
        if not received:
            raise
        raise _ended_by(received[-1]) from None
    if received and ending is None:  # it was done already, but more was to follow
        raise _ended_by(received[-1])
    return result


def _ended_by(received: signal.Signals) -> BaseException:
    return KeyboardInterrupt() if received is signal.SIGINT else Terminated("terminated")


@contextmanager
def _handling(receive: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    before = [(number, signal.signal(number, receive)) for number in _ENDINGS]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
