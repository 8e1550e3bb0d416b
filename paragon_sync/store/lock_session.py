"""A lock in PostgreSQL: an advisory lock of one session, and a row that says who holds it. Knows no waiting.

The server lets go when the session ends, so an owner whose process or machine is gone holds nothing. Breaking a lock
ends the session that holds it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, delete, insert, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from paragon_sync.store import location
from paragon_sync.store.location import Location
from paragon_sync.store.lock_owner import Attempt, Busy, Held, Owner, read_owner, write_owner
from paragon_sync.store.tables import locks

_TRY: Final = text("SELECT pg_try_advisory_lock(:high, :low)")
_HOLDERS: Final = text(
    "SELECT pid, pid = pg_backend_pid() FROM pg_locks WHERE locktype = 'advisory' AND granted"
    " AND classid::bigint = :high & 4294967295 AND objid::bigint = :low & 4294967295 AND objsubid = 2"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
_END: Final = text("SELECT pg_terminate_backend(:pid, 10000)")


class SessionLock:
    """The lock of one project and environment, held by a connection of its own."""

    def __init__(self, place: Location, project: str, environment: str) -> None:
        self._place, self._row = place, {"project": project, "environment": environment}
        self._mine = and_(locks.c.project == project, locks.c.environment == environment)
        self._number = _number(project, environment)
        self._connection: Connection | None = None

    def attempt(self, owner: Owner) -> Attempt:
        with self._place.errors():
            connection = self._connection or _connect(self._place)
            self._connection = connection
            taken = bool(connection.scalar(_TRY, self._number))
            before = self._owner(connection)
            if not taken:
                return Busy(owner=before)
            if before is None:
                connection.execute(delete(locks).where(self._mine))
                connection.execute(insert(locks).values(**self._row, owner=write_owner(owner)))
            else:
                self.tell(owner)
            return Held(before=before)

    def tell(self, owner: Owner) -> None:
        if self._connection is not None:
            with self._place.errors():
                self._connection.execute(update(locks).where(self._mine).values(owner=write_owner(owner)))

    def release(self) -> None:
        if self._connection is None:
            return
        with suppress(SQLAlchemyError):
            if any(own for _, own in _holders(self._connection, self._number)):
                self._connection.execute(delete(locks).where(self._mine))
        with suppress(SQLAlchemyError):
            self._connection.close()
        self._connection.engine.dispose()
        self._connection = None

    def _owner(self, connection: Connection) -> Owner | None:
        found = connection.scalar(select(locks.c.owner).where(self._mine))
        return None if found is None else read_owner(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingSession:
    """A lock's row that says who holds it, or who left it behind; ``sessions`` are those that hold it."""

    place: Location
    owner: Owner
    sessions: tuple[int, ...]

    @property
    def is_alive(self) -> bool:
        return bool(self.sessions)

    def break_it(self) -> None:
        with _connected(self.place) as connection:
            for session in self.sessions:
                connection.execute(_END, {"pid": session})
            theirs = and_(locks.c.project == self.owner.project, locks.c.environment == self.owner.environment)
            connection.execute(delete(locks).where(theirs))


def standing_sessions(place: Location, environment: str) -> Iterator[StandingSession]:
    """The locks of an environment that have an owner."""
    with _connected(place) as connection:
        rows = connection.execute(
            select(locks).where(locks.c.environment == environment).order_by(locks.c.project)
        ).all()
        for row in rows:
            owner = read_owner(row.owner)
            if owner is not None:
                holders = _holders(connection, _number(row.project, row.environment))
                yield StandingSession(place=place, owner=owner, sessions=tuple(pid for pid, _ in holders))


def _holders(connection: Connection, number: dict[str, int]) -> list[tuple[int, bool]]:
    """The sessions that hold the lock (there is one at most), each with whether it is our own."""
    return [(pid, own) for pid, own in connection.execute(_HOLDERS, number)]


def _number(project: str, environment: str) -> dict[str, int]:
    """The lock's number, as two of 32 bits with a sign."""
    digest = hashlib.sha256(f"paragon-sync lock\0{project}\0{environment}".encode("utf-8", "surrogatepass")).digest()
    return {
        "high": int.from_bytes(digest[:4], "big", signed=True),
        "low": int.from_bytes(digest[4:8], "big", signed=True),
    }


def _connect(place: Location) -> Connection:
    return location.connect(place).connect().execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def _connected(place: Location) -> Iterator[Connection]:
    with place.errors():
        connection = _connect(place)
        try:
            yield connection
        finally:
            connection.close()
            connection.engine.dispose()
