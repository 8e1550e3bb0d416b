"""What must hold in the moment in which a write leaves: its read is fresh, and the lock is still held."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from paragon_sync.errors import LockLostError, StaleReadError
from paragon_sync.model.moment import Moment, age_seconds

MAX_READ_AGE_SECONDS: Final = 2.0
"""A request that replaces leaves at most so long after the answer to the read that its payload was built from."""
MAX_REPEATED_READS: Final = 5
"""Reads that are repeated because they became too old; one more is a failed attempt under the retry policy."""
_PAUSE_SHARE: Final = 0.05
"""A longer pause than this share of the greatest age repeats the read: the pause must be waited out anyway."""
FENCE_TOLERANCE_SECONDS: Final = 0.1
"""For so long one successful check of the fencing token serves every request that leaves."""

RunBlocking: TypeAlias = Callable[[Callable[[], None]], Awaitable[None]]
"""Runs a function that waits for a disk or a database without holding up the event loop."""


class FenceMonitor:
    """The last successful check of the fencing token that this process holds.

    ``check`` raises :class:`LockLostError` once another process holds the lock; ``now`` gives the time.
    """

    def __init__(self, check: Callable[[], None], now: Callable[[], Moment], run_blocking: RunBlocking) -> None:
        self.lost: LockLostError | None = None
        """Why the lock isn't held any more; None while it is."""
        self._check = check
        self._now = now
        self._run_blocking = run_blocking
        self._confirmed: Moment | None = None
        self._checking = asyncio.Lock()

    def is_confirmed(self, now: Moment) -> bool:
        """Return whether the last successful check is recent enough for a request to leave ``now``."""
        if self.lost is not None or self._confirmed is None:
            return False
        return age_seconds(self._confirmed, now) <= FENCE_TOLERANCE_SECONDS

    def confirm(self) -> None:
        """Note that the token was valid just now. Call it where the check was made, in the same thread.

        A process that is suspended between the check and a later call would take an old check for a new one.
        """
        self._confirmed = self._now()

    def lose(self, error: LockLostError) -> None:
        """Note that the lock is lost."""
        self.lost = self.lost or error

    async def ensure(self) -> None:
        """Check the token unless that was done just now; raise :class:`LockLostError` if the lock is lost."""
        async with self._checking:
            if self.lost is not None:
                raise self.lost
            if not self.is_confirmed(self._now()):
                try:
                    await self._run_blocking(self._check_now)
                except LockLostError as error:
                    self.lose(error)
                    raise

    def _check_now(self) -> None:
        self._check()
        self.confirm()


class WriteGate:
    """The :class:`~paragon_sync.paragon.client.Gate` of one operation's writes.

    ``answered`` is when the read was answered that they rest on. A request that doesn't ``replace`` needs no fresh
    read. ``too_old`` makes the error for a read of that age in seconds.
    """

    __slots__ = ("_answered", "_fence", "_max_age", "_now", "_too_old", "opened", "replaces")

    def __init__(
        self,
        fence: FenceMonitor,
        now: Callable[[], Moment],
        answered: Moment,
        max_age: float,
        too_old: Callable[[float], StaleReadError],
    ) -> None:
        self._fence = fence
        self._now = now
        self._answered = answered
        self._max_age = max_age
        self._too_old = too_old
        self.replaces = True
        self.opened = False
        """Whether a write has left through it."""

    def passes(self, pause_seconds: float) -> bool:
        """Return whether the write may leave now; raise :class:`StaleReadError` if its read is or will be too old."""
        now = self._now()
        if self.replaces:
            age = age_seconds(self._answered, now) + pause_seconds
            if age > self._max_age or pause_seconds > self._max_age * _PAUSE_SHARE:
                raise self._too_old(age)
        passes = not pause_seconds and self._fence.is_confirmed(now)
        self.opened = self.opened or passes
        return passes

    async def prepare(self) -> None:
        """Check the fencing token; raise :class:`LockLostError` if the lock is lost."""
        await self._fence.ensure()
