"""A process that doesn't end on signals, in one of several ways; run as a script with the way's name."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
import threading

from paragon_sync.cli import signals
from paragon_sync.cli.loop import Loop, run_async

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"


def hold_a_lock() -> None:
    """Wait for a lock that is never free."""
    lock = threading.Lock()
    lock.acquire()
    while True:
        with contextlib.suppress(BaseException):
            lock.acquire()


def query_a_database() -> None:
    """Wait in a library that lets no handler of Python run."""
    sqlite3.connect(":memory:").execute(ENDLESS).fetchall()


def compute() -> None:
    """Never wait."""
    while True:
        with contextlib.suppress(BaseException):
            while True:
                pass


async def _swallow() -> None:
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(100)


def swallow_cancellations() -> None:
    """Run work that continues after each cancellation."""
    run_async(_swallow())


def end_work_never() -> None:
    """Run work that continues after each cancellation, and that would rather end by itself."""
    with Loop() as loop:
        loop.run(_swallow(), lambda *_: None)


def close_the_loop_never() -> None:
    """Wait, at the loop's end, for a thread that doesn't end."""
    stuck = threading.Event()

    async def begin() -> None:
        asyncio.get_running_loop().run_in_executor(None, stuck.wait)

    run_async(begin())


def lose_the_numbers() -> None:
    """Handle signals whose numbers the operating system writes elsewhere, as while a loop starts."""
    signal.set_wakeup_fd(-1)
    hold_a_lock()


def fill_a_pipe() -> None:
    """Wait for somebody who reads stdout."""
    while True:
        with contextlib.suppress(BaseException):
            sys.stdout.write("x" * 4096)


if __name__ == "__main__":
    signals.install()
    os.write(2, b"ready\n")
    globals()[sys.argv[1]]()
