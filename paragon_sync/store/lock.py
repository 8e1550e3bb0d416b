"""One run at a time for each project and environment: who holds the lock, waiting for it, breaking it. Knows no run.

How a lock is held is another module's: a file that the operating system locks, beside a state on disk, or a session of
PostgreSQL. Both let go by themselves when their process ends, however it ends; what then is left is its owner's record,
and whoever takes over says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from paragon_sync.errors import StateError
from paragon_sync.store.location import Location
from paragon_sync.store.lock_file import FileLock, standing_files
from paragon_sync.store.lock_owner import Busy, Doubtful, Held, Lock, Owner, Standing

_POLL_SECONDS: Final = 0.5
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE


class RunLock:
    """The lock of one project and environment. Use it as a context manager once it is acquired."""

    def __init__(self, place: Location, owner: Owner) -> None:
        self._lock, self._owner = _lock(place, owner.project, owner.environment), owner

    def acquire(self, timeout_seconds: float = 0, waiting: Callable[[str], None] | None = None) -> str | None:
        """Take the lock; ``waiting`` is told once for whom it waits. Returns what people should know, if anything.

        Raises :class:`StateError` when somebody else holds it and doesn't let go in time, or may hold it elsewhere.
        """
        try:
            before = self._wait(time.monotonic() + timeout_seconds, waiting)
        except BaseException:
            self.release()
            raise
        if before is None:
            return None
        return f"the lock of {before.environment} was taken over from {describe(before)}: its process is gone"

    def _wait(self, until: float, waiting: Callable[[str], None] | None) -> Owner | None:
        while True:
            match self._lock.attempt(self._owner):
                case Held(before=before):
                    return before
                case Doubtful(owner=owner):
                    raise _in_doubt(owner)
                case Busy(owner=owner):
                    left = until - time.monotonic()
                    if left <= 0:
                        raise _busy(self._owner.environment, owner)
                    if waiting is not None and owner is not None:
                        waiting(f"waiting for the lock of {owner.environment}, held by {describe(owner)}")
                        waiting = None
                    time.sleep(min(_POLL_SECONDS, left))

    def tell_run(self, run: str) -> None:
        """Says by which run the lock is held."""
        self._owner = replace(self._owner, run=run)
        self._lock.tell(self._owner)

    def release(self) -> None:
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def standing(place: Location, environment: str) -> list[Standing]:
    """The locks of an environment that have an owner; of more than one only if it has been of several projects."""
    if place.file is not None:
        return list(standing_files(place.file, environment))
    from paragon_sync.store.lock_session import standing_sessions

    return list(standing_sessions(place, environment))


def describe(owner: Owner, now: datetime | None = None) -> str:
    """The owner for people: who, where and since when."""
    run = f", run {owner.run}" if owner.run else ""
    age = _age(owner.since, now or datetime.now(UTC))
    return f"{owner.actor} on {owner.host} (process {owner.pid}{run}), for {age}"


def _lock(place: Location, project: str, environment: str) -> Lock:
    if place.file is not None:
        return FileLock(place.file, project, environment)
    from paragon_sync.store.lock_session import SessionLock

    return SessionLock(place, project, environment)


def _busy(environment: str, owner: Owner | None) -> StateError:
    by = "another command" if owner is None else describe(owner)
    return StateError(
        f"{environment} is locked by {by}",
        hint="--lock-timeout 5m waits that long for it\n"
        f"if that process hangs: paragon-sync runs unlock -e {environment}",
    )


def _in_doubt(owner: Owner) -> StateError:
    return StateError(
        f"{owner.environment} may be locked by {describe(owner)}: it did not let go, and a lock on disk can't be seen "
        "from another machine",
        hint=f"if that process is gone: paragon-sync runs unlock -e {owner.environment}\n"
        "a state in PostgreSQL guards all machines, one in a folder guards one",
    )


def _age(since: str, now: datetime) -> str:
    seconds = max(0, int((now - datetime.fromisoformat(since)).total_seconds()))
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    return f"{seconds // _HOUR} h {seconds % _HOUR // _MINUTE} min"
