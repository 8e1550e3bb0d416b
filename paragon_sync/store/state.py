"""The state store: runs and their journal, in a folder's SQLite file or in a database. Knows no plan file and no API.

One writer at a time for each run. Loading this module loads SQLAlchemy: import it where a store is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, func, insert, select, text, true, update

from paragon_sync.errors import StateError
from paragon_sync.model.outcome import OutcomeName, Resumption, RunHeader
from paragon_sync.store import encoding, location
from paragon_sync.store.creation import opened
from paragon_sync.store.journal import SENDING, Attempt, Entry, Recorded, Sending
from paragon_sync.store.location import Location
from paragon_sync.store.records import Records
from paragon_sync.store.sealing import Unavailable
from paragon_sync.store.tables import attempts, entries, runs

_BATCH: Final = 500
_PUT: Final = text(
    f"INSERT INTO {entries.name} (run, number, user_id, subject, managed, state, outcome)"  # noqa: S608 - our own name
    " VALUES (:run, :number, :user_id, :subject, :managed, :state, :outcome)"
    " ON CONFLICT (run, number) DO UPDATE SET state = excluded.state, outcome = excluded.outcome"
)
"""Adds entries that are new and changes those that are there, in SQL that every database here knows."""
_END: Final = (
    update(entries)
    .where(entries.c.run == bindparam("at_run"), entries.c.number == bindparam("at_number"))
    .values(state=bindparam("to_state"), outcome=bindparam("to_outcome"))
)
_ANSWER: Final = (
    update(attempts)
    .where(
        attempts.c.run == bindparam("at_run"),
        attempts.c.number == bindparam("at_number"),
        attempts.c.opened_monotonic == bindparam("at_opened"),
        attempts.c.closed.is_(None),
    )
    .values(closed=bindparam("when"), closed_monotonic=bindparam("when_monotonic"))
)


class StateStore:
    """Runs and their journal. Use it as a context manager, or call :meth:`close`; raises :class:`StateError`."""

    def __init__(self, location: Location, engine: Engine, key: str | None) -> None:
        """Use :meth:`open`."""
        self._engine, self.place = engine, location
        self._still_held: Callable[[], None] = _nothing
        with self._errors():
            self._sealing = opened(engine, location.shown, key)
        self._records = Records(self._sealing)

    @classmethod
    def open(cls, where: str | Path, *, key: str | None = None, base: Path | None = None, create: bool = True) -> Self:
        """Opens the store in a folder (made if missing, for its owner alone) or at a database URL.

        Files and folders are relative to ``base``. Unless ``create``, a missing one counts as empty, and is not made;
        nothing can be recorded in it. With a ``key``, values are encrypted from now on. Raises
        :class:`PlanKeyError` for another key than before; without it, as soon as values are read or written.
        """
        place = location.locate(where, base, create=create)
        engine = location.connect(place)
        try:
            return cls(place, engine, key)
        except BaseException:
            engine.dispose()
            raise

    @property
    def location(self) -> str:
        """Where it is, for messages: without a password."""
        return self.place.shown

    def guard(self, still_held: Callable[[], None]) -> None:
        """From now on nothing is recorded as ``sending`` where this raises: the lock is somebody else's now."""
        self._still_held = still_held

    def begin(self, header: RunHeader) -> None:
        """Starts a run, and says so of the one that it takes back, if any. Its id must be new."""
        if isinstance(self._sealing, Unavailable):
            self._sealing.refuse()
        row = {
            "run": header.run,
            "plan_digest": header.plan_digest,
            "header": encoding.write(header),
            "started": header.started,
            "finished": header.finished,
            "stopped": header.stopped,
            "rolled_back_by": header.rolled_back_by,
        }
        with self._transaction() as connection:
            connection.execute(insert(runs).values(row))
            if header.rolls_back is not None:
                taken_back = update(runs).where(runs.c.run == header.rolls_back)
                connection.execute(taken_back.values(rolled_back_by=header.run))

    def keep(self, run: str, batch: Sequence[Sending | Recorded]) -> None:
        """Both of :meth:`sending` and :meth:`record` in one transaction, for those who have either or both.

        What has ended is on disk too where nothing may be sent any more, and this raises.
        """
        sending = [about for about in batch if isinstance(about, Sending)]
        recorded = [about for about in batch if isinstance(about, Recorded)]
        if sending:
            try:
                self._still_held()
            except StateError:
                self.record(run, recorded)
                raise
        if batch:
            with self._transaction() as connection:
                self._put_ends(connection, run, recorded)
                self._put_sending(connection, run, sending)

    def sending(self, run: str, batch: Sequence[Sending]) -> None:
        """Records, in one transaction that is on disk when this returns, that these operations are about to be sent.

        An operation that was sent before gets one more attempt, and has no outcome until the next :meth:`record`.
        """
        self.keep(run, batch)

    def record(self, run: str, batch: Sequence[Recorded]) -> None:
        """Records how operations ended, in one transaction, and when their attempts were answered."""
        self.keep(run, batch)

    def finish(self, run: str, when: str) -> None:
        """Ends a run: every operation of its plan has its outcome."""
        self._change_run(run, finished=when, stopped=None)

    def stop(self, run: str, why: str) -> None:
        """Says why a run stopped before its end; it can be resumed."""
        self._change_run(run, finished=None, stopped=why)

    def resume(self, run: str, by: Resumption) -> None:
        """Takes back that a run was stopped: it goes on."""
        resumed = encoding.write_resumed((*self.run(run).resumed, by))
        self._change_run(run, finished=None, stopped=None, resumed=resumed)

    def runs(self) -> list[RunHeader]:
        """All runs, the latest first."""
        return self._runs(true())

    def run(self, run: str) -> RunHeader:
        """One run by its id."""
        found = self._runs(runs.c.run == run)
        if not found:
            raise StateError(f"there is no run {run} in {self.location}")
        return found[0]

    def rollbacks_of(self, run: str) -> list[RunHeader]:
        """The runs that took this one back, or a part of it, the latest first."""
        return [header for header in self.runs() if header.rolls_back == run]

    def runs_of(self, plan_digest: str) -> list[RunHeader]:
        """The runs of one plan, the latest first."""
        return self._runs(runs.c.plan_digest == plan_digest)

    def entries(
        self,
        run: str,
        outcome: OutcomeName | None = None,
        *,
        sending: bool = False,
        attempts: bool = True,
        values: bool = True,
    ) -> Iterator[Entry]:
        """The journal of one run in the order of the plan; of one outcome alone, or of what is still ``sending``.

        Without ``attempts``, which hold whole configurations, it is read much faster; and so it is without ``values``:
        those, and what is managed, are then read when somebody looks.
        """
        state = SENDING if sending else outcome
        after = -1
        while page := self._page(run, state, after, attempts=attempts, values=values):
            yield from page
            after = page[-1].number

    def counts(self, run: str) -> Mapping[str, int]:
        """How many operations have which outcome, ``sending`` among them; only what occurs."""
        query = select(entries.c.state, func.count()).where(entries.c.run == run).group_by(entries.c.state)
        with self._transaction() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def longest_window(self, run: str) -> float | None:
        """The longest time between reading and writing in one run, in milliseconds."""
        query = select(func.max(attempts.c.closed_monotonic - attempts.c.opened_monotonic)).where(attempts.c.run == run)
        with self._transaction() as connection:
            longest: float | None = connection.scalar(query)
            return None if longest is None else longest * 1000

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _runs(self, which: ColumnElement[bool]) -> list[RunHeader]:
        query = select(runs).where(which).order_by(runs.c.started.desc(), runs.c.run.desc())
        with self._transaction() as connection:
            return [
                replace(
                    encoding.read(RunHeader, row.header),
                    finished=row.finished,
                    stopped=row.stopped,
                    rolled_back_by=row.rolled_back_by,
                    resumed=() if row.resumed is None else encoding.read_resumed(row.resumed),
                )
                for row in connection.execute(query)
            ]

    def _change_run(self, run: str, **values: str | None) -> None:
        with self._transaction() as connection:
            connection.execute(update(runs).where(runs.c.run == run).values(values))

    def _page(self, run: str, state: str | None, after: int, *, attempts: bool, values: bool) -> list[Entry]:
        query = select(entries).where(entries.c.run == run, entries.c.number > after)
        if state is not None:
            query = query.where(entries.c.state == state)
        with self._transaction() as connection:
            page = connection.execute(query.order_by(entries.c.number).limit(_BATCH)).all()
            tries = (
                self._attempts(connection, run, [row.number for row in page], values=values)
                if attempts and page
                else {}
            )
            return [self._records.entry(row, tries.get(row.number, ()), values=values) for row in page]

    def _attempts(
        self, connection: Connection, run: str, numbers: Sequence[int], *, values: bool
    ) -> dict[int, tuple[Attempt, ...]]:
        query = (
            select(attempts)
            .where(attempts.c.run == run, attempts.c.number.in_(numbers))
            .order_by(attempts.c.number, attempts.c.attempt)
        )
        rows = groupby(connection.execute(query), lambda row: row.number)
        return {number: tuple(self._records.attempt(row, values=values) for row in tried) for number, tried in rows}

    def _put_sending(self, connection: Connection, run: str, batch: Sequence[Sending]) -> None:
        if not batch:
            return
        connection.execute(_PUT, [self._records.sending(run, sending) for sending in batch])
        made = self._attempts_made(connection, run, [sending.number for sending in batch])
        rows = []
        for sending in batch:
            made[sending.number] = made.get(sending.number, 0) + 1
            rows.append(self._records.attempt_row(run, made[sending.number], sending))
        connection.execute(insert(attempts), rows)

    def _put_ends(self, connection: Connection, run: str, batch: Sequence[Recorded]) -> None:
        ends = [self._records.end(run, recorded) for recorded in batch if recorded.windows]
        if ends:  # they were sent, so they have their entry
            connection.execute(_END, ends)
        rows = [self._records.ended(run, recorded) for recorded in batch if not recorded.windows]
        if rows:
            connection.execute(_PUT, rows)
        answers = [
            {
                "at_run": run,
                "at_number": recorded.number,
                "at_opened": window.opened.monotonic,
                "when": window.closed.wall,
                "when_monotonic": window.closed.monotonic,
            }
            for recorded in batch
            for window in recorded.windows
            if window.closed is not None
        ]
        if answers:
            connection.execute(_ANSWER, answers)

    def _attempts_made(self, connection: Connection, run: str, numbers: Sequence[int]) -> dict[int, int]:
        query = (
            select(attempts.c.number, func.max(attempts.c.attempt))
            .where(attempts.c.run == run, attempts.c.number.in_(numbers))
            .group_by(attempts.c.number)
        )
        return {row[0]: row[1] for row in connection.execute(query)}

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._errors(), self._engine.begin() as connection:
            yield connection

    def _errors(self) -> AbstractContextManager[None]:
        return location.errors(self.place.shown, self.place.hint)


def _nothing() -> None:
    """Nobody holds a lock: a store that is read, or a test's."""
