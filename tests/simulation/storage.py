"""The state store that all machines share: the real one, on SQLite in memory, with a lock and disks that can fail.

A transaction happens in one moment. Before and after it a process can be suspended or killed, and a disk can be slow
or break.
"""

from __future__ import annotations

import functools
import random
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

from paragon_sync.errors import StateError
from paragon_sync.model.planned import Operation
from paragon_sync.store.journal import Recorded, Sending
from paragon_sync.store.location import Location
from paragon_sync.store.lock_owner import Attempt, Busy, Held, Owner
from paragon_sync.store.state import StateStore
from tests.simulation.loop import CURRENT, Process, SimulatedLoop
from tests.simulation.weather import Weather

T = TypeVar("T")

_PLACE: Final = Location(URL.create("sqlite"), "the simulated store", None)


@functools.cache
def _database() -> tuple[Engine, sqlite3.Connection, bytes]:
    """Return one database for all schedules of this Python process, and what an empty one looks like."""
    raw = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False, cached_statements=512)
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool, hide_parameters=True)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    StateStore(_PLACE, engine, None)
    return engine, raw, raw.serialize()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One outcome in the moment in which it was recorded."""

    at: float
    process: Process
    run: str
    recorded: Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """One attempt in the moment in which it was recorded as about to be sent."""

    at: float
    process: Process
    operation: Operation


class WatchedStore(StateStore):
    """The real store; it notes for the judge when something was recorded."""

    storage: Storage
    process: Process

    def keep(self, run: str, batch: Sequence[Any]) -> None:
        self.storage.check(self.process)
        super().keep(run, batch)
        at = self.storage.loop.now
        self.storage.notes += [
            Note(at=at, process=self.process, run=run, recorded=one) for one in batch if isinstance(one, Recorded)
        ]
        self.storage.announced += [
            Announced(at=at, process=self.process, operation=one.operation) for one in batch if isinstance(one, Sending)
        ]


class Storage:
    """One store, one lock, and each machine's way to them. ``weather`` may change at any time."""

    def __init__(self, loop: SimulatedLoop, weather: Weather, chance: random.Random) -> None:
        self.loop = loop
        self.weather = weather
        self.chance = chance
        self.notes: list[Note] = []
        self.announced: list[Announced] = []
        self.lock: SimulatedLock | None = None
        """The lock that is held."""
        self.superseded: dict[Process, float] = {}
        """When each former holder's lock was broken, or taken by another process."""
        self.without_session: Process | None = None
        """Who has lost the lock with its database session, and doesn't know."""
        self.broken: set[Process] = set()
        """Those whose disk is gone."""
        engine, raw, empty = _database()
        raw.deserialize(empty)
        self._engine = engine

    def open(self, process: Process) -> WatchedStore:
        """Open the store in a process."""
        store = WatchedStore(_PLACE, self._engine, None)
        store.storage, store.process = self, process
        return store

    def check(self, process: Process) -> None:
        """Raise :class:`StateError` if the disk of a process is gone."""
        if process in self.broken:
            raise StateError("the state in the simulated store can't be read or written: disk I/O error")

    async def run_blocking(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run one transaction as another thread would: it takes time before and after, whoever waits for it."""
        process = CURRENT.get()
        assert process is not None
        done: Any = self.loop.create_future()
        before, after = self._seconds(), self._seconds()
        fails = self.chance.random() < self.weather.fail_disk
        too_late = self.chance.random() < 0.3

        def act() -> None:
            result: T | None = None
            error: Exception | None = None
            if fails and not too_late:
                error = StateError("the state in the simulated store can't be read or written: disk I/O error")
            else:
                try:
                    result = function(*arguments)
                except Exception as raised:  # noqa: BLE001 - whoever waits gets it
                    error = raised
            if fails and error is None:
                error = StateError("the state in the simulated store can't be read or written: connection lost")
            self.loop.call_later(after, give, result, error)

        def give(result: T | None, error: Exception | None) -> None:
            if done.done():
                return
            if error is None:
                done.set_result(result)
            else:
                done.set_exception(error)

        self.loop.call_later(before, act)
        found: T = await done
        return found

    def _seconds(self) -> float:
        weather, chance = self.weather, self.chance
        usual = weather.disk * chance.expovariate(1.0)
        if weather.slow_disk and chance.random() < weather.slow_disk:
            usual += weather.slow_disk_seconds * chance.random()
        return usual

    def break_lock(self, operator: Process) -> None:
        """Break the lock, as ``runs unlock`` does."""
        if self.lock is not None:
            owner = self.lock.owner
            assert owner is not None
            self.open(operator).break_fence(replace(owner, actor=operator.name))
            self.supersede(self.lock.process)
            self.lock = None

    def lose_session(self) -> None:
        """Let the lock go without a word to its holder, as a database does that lost the session."""
        if self.lock is not None:
            self.without_session, self.lock = self.lock.process, None

    def note_successor(self, process: Process) -> None:
        """Note that a process has taken the lock."""
        if self.without_session not in {None, process}:
            self.supersede(self.without_session)
        self.without_session = None

    def supersede(self, process: Process | None) -> None:
        """Note that a process holds the lock no more, if it doesn't end by itself."""
        if process is not None and not process.is_dead:
            self.superseded.setdefault(process, self.loop.now)


class SimulatedLock:
    """The lock of the one environment, as a process holds it: it is let go when its process ends."""

    def __init__(self, storage: Storage, process: Process) -> None:
        self.process = process
        self.owner: Owner | None = None
        self._storage = storage

    def attempt(self, owner: Owner) -> Attempt:
        """Take the lock unless a living process holds it."""
        held = self._storage.lock
        if held is not None and not held.process.is_dead:
            return Busy(owner=held.owner)
        self._storage.lock, self.owner = self, owner
        self._storage.note_successor(self.process)
        return Held(before=None if held is None else held.owner)

    def tell(self, owner: Owner) -> None:
        self.owner = owner

    def release(self) -> None:
        if self._storage.lock is self:
            self._storage.lock = None
