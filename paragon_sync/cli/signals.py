"""The signals that end a command: their meaning, their handlers, and a watchdog that ends the process after two.

The first signal of a process raises an error, or stops the event loop's work; the second one gives the process
:data:`FORCED_EXIT_SECONDS`. A second error is never raised: it would interrupt the code that closes files.
"""

from __future__ import annotations

import _thread
import math
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Final, TypeAlias

from paragon_sync.errors import EXIT_HUNG_UP, EXIT_INTERRUPTED, EXIT_TERMINATED, HungUp, Terminated

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop  # loading it takes longer than a short command

FORCED_EXIT_SECONDS: Final = 2.0
"""Seconds from the second signal to the end of the process, whatever its main thread does."""
_FLUSH_SECONDS: Final = 0.2
_FIRST_OTHER_DESCRIPTOR: Final = 3
_SHOW_CURSOR: Final = b"\x1b[?25h"

Handler: TypeAlias = Callable[[int, FrameType | None], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What a signal means: a word for people, the exit code, and the error that is raised for it."""

    what: str
    exit_code: int
    error: Callable[[], BaseException]


ENDINGS: Final[Mapping[signal.Signals, Ending]] = {
    signal.SIGINT: Ending(what="interrupted", exit_code=EXIT_INTERRUPTED, error=KeyboardInterrupt),
    signal.SIGTERM: Ending(what="terminated", exit_code=EXIT_TERMINATED, error=lambda: Terminated("terminated")),
    signal.SIGHUP: Ending(what="hung up", exit_code=EXIT_HUNG_UP, error=lambda: HungUp("hung up")),
}
"""The signals that end a command, in the order in which their handlers are set."""


@contextmanager
def handling(receive: Handler) -> Iterator[None]:
    """Handle the ending signals with ``receive``; SIGHUP stays ignored where it is ignored, as under ``nohup``.

    Does nothing in another thread than the main one, which never handles signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def count_and_receive(number: int, frame: FrameType | None) -> None:
        if _process is not None:
            _process.count(number)
        receive(number, frame)

    before = [(number, signal.getsignal(number)) for number in _heard()]
    try:
        for number, _ in before:
            signal.signal(number, count_and_receive)
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


@contextmanager
def deferring() -> Iterator[None]:
    """Raise the error of a signal at the end of the block, not within it."""
    received: list[signal.Signals] = []
    with handling(lambda number, _: received.append(signal.Signals(number))):
        yield
    if received:
        raise_once(received[-1])


def raise_once(number: signal.Signals) -> None:
    """Raise the error of a signal, unless one was raised in this process before."""
    if _process is None or not _process.has_raised:
        raise error_of(number)


def exit_code_of_raised() -> int | None:
    """Return the exit code of the signal whose error was raised outside of an event loop; None where none was.

    A library may raise an error of its own for it, such as an :class:`ImportError`.
    """
    return None if _process is None or _process.raised is None else ENDINGS[_process.raised].exit_code


def raise_again() -> None:
    """Raise the error of a signal again where Python ignored it, as in a finalizer or a callback of the import system.

    Does nothing while an error is handled: the command is ending.
    """
    if _process is not None and _process.raised is not None and sys.exc_info()[0] is None:
        raise ENDINGS[_process.raised].error()


def error_of(number: signal.Signals) -> BaseException:
    """Return the error of a signal, which ends the command: no later signal raises another one."""
    if _process is not None:
        _process.has_raised = True
    return ENDINGS[number].error()


@contextmanager
def watching(loop: AbstractEventLoop) -> Iterator[None]:
    """Let the watchdog see the signals that arrive while the block runs this loop; it wakes the loop for each.

    A loop may set a descriptor of its own for the numbers of signals when it starts to run, and puts the former
    one back at the end.
    """
    if _process is None:
        yield
        return
    _process.wake = lambda: loop.call_soon_threadsafe(_do_nothing)
    loop.call_soon(_set_wakeup, _process.descriptor)
    try:
        yield
    finally:
        _process.wake = _do_nothing


def install() -> None:
    """Handle the ending signals of this process and start its watchdog; for the main thread, once."""
    global _process  # noqa: PLW0603 - handlers of signals belong to the process too
    _process = _Process()
    for number in _heard():
        signal.signal(number, _process.receive)
    _set_wakeup(_process.descriptor)
    threading.Thread(target=_process.watch, name="signals", daemon=True).start()


class _Process:
    """The signals of this process: those that were received, and whether one of them has raised its error."""

    def __init__(self) -> None:
        self.has_raised = False
        self.raised: signal.Signals | None = None
        """The signal whose error was raised outside of an event loop."""
        self._handled: list[int] = []
        self.wake: Callable[[], object] = _do_nothing
        reading, writing = os.pipe()
        self._reading, self.descriptor = _beyond_streams(reading), _beyond_streams(writing)
        os.set_blocking(self.descriptor, False)

    def receive(self, number: int, _: FrameType | None) -> None:
        """Handle a signal outside of an event loop."""
        self.count(number)
        if not self.has_raised:
            self.raised = signal.Signals(number)
        raise_once(signal.Signals(number))

    def count(self, number: int) -> None:
        """Count a signal that a handler of Python's has received, and let the watchdog look."""
        self._handled.append(number)
        with suppress(BlockingIOError):  # it is full of others
            os.write(self.descriptor, b"\0")

    def watch(self) -> None:
        """End the process :data:`FORCED_EXIT_SECONDS` after the second signal.

        Reads the numbers that the operating system's handler writes. Python's own handlers run in the main thread
        alone, not while that waits in a library, such as for a locked database, and once for several signals. They are
        counted too, because a loop that starts gets the numbers itself for a moment.
        """
        received: list[int] = []
        deadline = math.inf
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self._reading], [], [], None if left == math.inf else left)[0]:
                break
            received += (number for number in os.read(self._reading, 64) if number in _NUMBERS)
            if max(len(received), len(self._handled)) > 1:
                deadline = min(deadline, time.monotonic() + FORCED_EXIT_SECONDS)
            with suppress(RuntimeError):  # the loop was closed
                self.wake()
        _end_process(ENDINGS[signal.Signals((received or self._handled)[-1])].exit_code)


_NUMBERS: Final = frozenset(map(int, ENDINGS))
_process: _Process | None = None


def _heard() -> list[signal.Signals]:
    return [n for n in ENDINGS if n is not signal.SIGHUP or signal.getsignal(n) is not signal.SIG_IGN]


def _set_wakeup(descriptor: int) -> None:
    """Let the operating system's handler of every signal write its number there."""
    signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)


def _beyond_streams(descriptor: int) -> int:
    """Return another descriptor of the same file that no standard stream has, where this one is one of theirs."""
    import fcntl

    if descriptor >= _FIRST_OTHER_DESCRIPTOR:
        return descriptor
    other = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _FIRST_OTHER_DESCRIPTOR)
    os.close(descriptor)
    return other


def _do_nothing() -> None:
    """Wake an event loop: it handles the signals that have arrived."""


def _end_process(exit_code: int) -> None:
    """End the process after writing what its streams hold, as far as somebody reads them.

    The main thread may hold any lock, that of a stream included: so another thread writes, and isn't waited for long.
    """
    written = _thread.allocate_lock()
    written.acquire()

    def write() -> None:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        with suppress(OSError, ValueError):
            sys.stderr.flush()
            os.write(sys.stderr.fileno(), (_SHOW_CURSOR if os.isatty(sys.stderr.fileno()) else b"") + _FORCED)
        written.release()

    with suppress(RuntimeError):  # no more threads
        _thread.start_new_thread(write, ())
        written.acquire(timeout=_FLUSH_SECONDS)
    os._exit(exit_code)


_FORCED: Final = (
    f"error: the command was still busy {FORCED_EXIT_SECONDS:g} s after the second signal, and was ended\n"
    "    a run keeps what it has recorded: applying its plan again continues from there\n"
).encode()
