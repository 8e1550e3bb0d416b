"""The state store: runs and their journal, in a folder's SQLite file or in a database. Knows no plan file and no API.

One writer at a time for each run. Loading this module loads SQLAlchemy: import it where a store is opened.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from sqlalchemy import ColumnElement, Connection, Engine, Select, case, delete, func, insert, select, true, update

from paragon_sync.errors import StateError
from paragon_sync.model.outcome import Outcome, OutcomeName, Resumption, RunHeader
from paragon_sync.store import encoding, location
from paragon_sync.store.creation import opened
from paragon_sync.store.fences import Fence, check_fence, raise_fence
from paragon_sync.store.journal import (
    SENDING,
    Attempt,
    Ending,
    Entry,
    JournalRecord,
    Recorded,
    Refused,
    Reread,
    Sending,
    Windows,
    Withdrawn,
)
from paragon_sync.store.location import Location
from paragon_sync.store.lock_owner import Owner
from paragon_sync.store.records import Records, user_of
from paragon_sync.store.rows import put
from paragon_sync.store.sealing import Unavailable
from paragon_sync.store.selection import is_meant
from paragon_sync.store.tables import answers, attempts, entries, runs, states

_BATCH: Final = 500
_MANY: Final = 5000  # rows of which only how many are alike is read
_GOOD: Final = ("applied", "unchanged")
_ENTRIES: Final = select(entries, states.c.state, states.c.outcome).join(
    states, (states.c.run == entries.c.run) & (states.c.number == entries.c.number)
)
_ATTEMPTS: Final = select(attempts, answers.c.closed, answers.c.closed_monotonic).outerjoin(
    answers,
    (answers.c.run == attempts.c.run)
    & (answers.c.number == attempts.c.number)
    & (answers.c.opened_monotonic == attempts.c.opened_monotonic),
)
_ENDINGS: Final = select(entries.c.number, entries.c.user_id, entries.c.subject, states.c.outcome).join(
    states, (states.c.run == entries.c.run) & (states.c.number == entries.c.number)
)


class StateStore:
    """Runs and their journal. Use it as a context manager, or call :meth:`close`; raises :class:`StateError`."""

    def __init__(self, location: Location, engine: Engine, key: str | None) -> None:
        """Use :meth:`open`."""
        self._engine, self.place = engine, location
        self._fence: Fence | None = None
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

    def hold_fence(self, owner: Owner, *, at: str | None = None) -> None:
        """Raise the fencing token of the owner's environment, and write nothing from now on under another one.

        Every write then raises :class:`LockLostError` once another holder has raised it. Call it with the lock held.
        ``at`` is the time, ISO 8601 in UTC; now by default.
        """
        with self._transaction() as connection:
            self._fence = raise_fence(connection, owner, at or _now())

    def break_fence(self, owner: Owner, *, at: str | None = None) -> None:
        """Raise the fencing token of the owner's environment and record that the owner broke its lock."""
        with self._transaction() as connection:
            raise_fence(connection, owner, at or _now(), broken=True)

    def check_fence(self) -> None:
        """Raise :class:`LockLostError` if another holder has raised the token that this store holds."""
        if self._fence is not None:
            reading = self._engine.execution_options(**{location.READ_ONLY: True})
            with self._errors(), reading.begin() as connection:
                check_fence(connection, self._fence, until_commit=False)

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
        with self._writing() as connection:
            connection.execute(insert(runs).values(row))
            if header.rolls_back is not None:
                taken_back = update(runs).where(runs.c.run == header.rolls_back)
                connection.execute(taken_back.values(rolled_back_by=header.run))

    def keep(self, run: str, batch: Sequence[JournalRecord]) -> None:
        """Write records of any kind in one transaction, which is on disk when this returns.

        Raises :class:`LockLostError`, and writes nothing, if another holder has taken the lock.
        """
        if batch:
            with self._writing() as connection:
                self._put(connection, run, batch)

    def sending(self, run: str, batch: Sequence[Sending]) -> None:
        """Records, in one transaction that is on disk when this returns, that these operations are about to be sent.

        An operation that was sent before has no outcome until the next :meth:`record`.
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
        users: Sequence[str] = (),
        attempts: bool = True,
    ) -> Iterator[Entry]:
        """The journal of one run in the order of the plan; of one outcome alone, or of what is still ``sending``.

        ``users`` are globs; without any, everybody is meant. Without ``attempts``, which hold whole configurations, it
        is read much faster.
        """
        query = _ENTRIES.where(entries.c.run == run)
        if sending or outcome is not None:
            query = query.where(states.c.state == (SENDING if sending else outcome))
        query = query.order_by(entries.c.number).limit(_BATCH)
        after: int | None = -1
        while after is not None:
            page, after = self._page(query.where(entries.c.number > after), users, attempts=attempts)
            yield from page

    def endings(self, run: str, states: Collection[str]) -> Iterator[Ending]:
        """What there is to tell of each operation with one of the ``states``, in the order of the plan, without values.

        A state is an outcome's name, or ``sending``.
        """
        after = -1
        while page := self._ending_page(run, states, after):
            yield from page
            after = page[-1].number

    def outcomes(self, run: str) -> Iterator[tuple[str, Outcome | None, int]]:
        """The states of one run's operations, with the outcome where it is a good one, and how many there are of each.

        What is alike comes together, though not all of it at once: this is much faster than reading them one by one.
        """
        after: int | None = -1
        while after is not None:
            page, after = self._outcome_page(run, after)
            yield from page

    def counts(self, run: str) -> Mapping[str, int]:
        """How many operations have which outcome, ``sending`` among them; only what occurs."""
        query = select(states.c.state, func.count()).where(states.c.run == run).group_by(states.c.state)
        with self._transaction() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def sent_again(self, run: str) -> int:
        """How many operations of one run were sent more than once."""
        again = select(attempts.c.number).where(attempts.c.run == run)
        again = again.group_by(attempts.c.number).having(func.count() > 1)
        with self._transaction() as connection:
            return connection.scalar(select(func.count()).select_from(again.subquery())) or 0

    def windows(self, run: str) -> Windows | None:
        """The times between reading and the answer of a write in one run; None where none was answered."""
        longest = func.max(answers.c.closed_monotonic - answers.c.opened_monotonic).label("longest")
        each = select(longest).where(answers.c.run == run).group_by(answers.c.number).subquery()
        with self._transaction() as connection:
            number, most = connection.execute(select(func.count(), func.max(each.c.longest)).select_from(each)).one()
            if not number:
                return None
            usual = select(each.c.longest).order_by(each.c.longest).offset((number - 1) // 2).limit(1)
            return Windows(number=number, longest=most * 1000, usual=connection.execute(usual).scalar_one() * 1000)

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
        with self._writing() as connection:
            connection.execute(update(runs).where(runs.c.run == run).values(values))

    def _outcome_page(self, run: str, after: int) -> tuple[list[tuple[str, Outcome | None, int]], int | None]:
        """Of the next operations those that are alike, and the last one's number; None after the end."""
        good = case((states.c.state.in_(_GOOD), states.c.outcome)).label("outcome")
        few = select(states.c.number, states.c.state, good).where(states.c.run == run, states.c.number > after)
        part = few.order_by(states.c.number).limit(_MANY).subquery()
        first, last = func.min(part.c.number), func.max(part.c.number)
        alike = part.c.state, part.c.outcome
        query = select(first, last, *alike, func.count()).group_by(*alike)
        with self._transaction() as connection:
            found = connection.execute(query).all()
            page = [(state, self._records.ended(run, number, kept), times) for number, _, state, kept, times in found]
            return page, max((row[1] for row in found), default=None)

    def _ending_page(self, run: str, of: Collection[str], after: int) -> list[Ending]:
        query = _ENDINGS.where(entries.c.run == run, entries.c.number > after, states.c.state.in_(of))
        with self._transaction() as connection:
            found = connection.execute(query.order_by(entries.c.number).limit(_BATCH))
            return [self._records.ending(run, row) for row in found]

    def _page(
        self, query: Select[*tuple[Any, ...]], users: Sequence[str], *, attempts: bool
    ) -> tuple[list[Entry], int | None]:
        """Those of the rows that are about the users, and the last row's number; None after the end."""
        with self._transaction() as connection:
            rows = connection.execute(query).all()
            page = [row for row in rows if not users or _is_about(user_of(row.user_id), users)]
            tries = self._attempts(connection, page[0].run, [row.number for row in page]) if attempts and page else {}
            found = [self._records.entry(row, tries.get(row.number, ())) for row in page]
            return found, rows[-1].number if rows else None

    def _attempts(self, connection: Connection, run: str, numbers: Sequence[int]) -> dict[int, tuple[Attempt, ...]]:
        query = _ATTEMPTS.where(attempts.c.run == run, attempts.c.number.in_(numbers))
        query = query.order_by(attempts.c.number, attempts.c.attempt)
        rows = groupby(connection.execute(query), lambda row: row.number)
        return {number: tuple(self._records.attempt(row) for row in tried) for number, tried in rows}

    def _put(self, connection: Connection, run: str, batch: Sequence[JournalRecord]) -> None:
        records = self._records
        sending = [about for about in batch if isinstance(about, Sending)]
        recorded = [about for about in batch if isinstance(about, Recorded)]
        first = [records.entry_row(run, about) for about in sending]
        first += [records.entry_row(run, about) for about in recorded if not about.windows]  # the others were sent
        put(connection, entries, first, known="keep")
        changed: list[Sending | Recorded] = [*sending, *recorded]
        put(connection, states, [records.state_row(run, about) for about in changed], known="replace")
        put(connection, attempts, [records.attempt_row(run, about) for about in sending], known="replace")
        put(connection, answers, [row for about in recorded for row in records.answer_rows(run, about)], known="keep")
        for about in batch:
            if isinstance(about, Reread):
                self._reread(connection, run, about)
            elif isinstance(about, Refused):
                self._refuse(connection, run, about)
            elif isinstance(about, Withdrawn):
                self._withdraw(connection, run, about)

    def _refuse(self, connection: Connection, run: str, about: Refused) -> None:
        """Keep of an attempt what it did: the requests before the refused one, or that it wrote nothing."""
        row = update(attempts).where(_attempt(run, about))
        if about.done:
            connection.execute(
                row.values(requests=self._records.requests_text(run, about.number, about.attempt, about.done))
            )
        else:
            connection.execute(row.values(refused=True))

    def _reread(self, connection: Connection, run: str, about: Reread) -> None:
        """Give an attempt that was not sent yet the time of a newer read."""
        row = _attempt(run, about)
        times = {"opened": about.opened.wall, "opened_monotonic": about.opened.monotonic, "sent": about.at}
        connection.execute(update(attempts).where(row).values(**times))

    def _withdraw(self, connection: Connection, run: str, about: Withdrawn) -> None:
        """Remove an attempt that was never sent; an operation of which nothing was sent has no entry then."""
        connection.execute(delete(attempts).where(_attempt(run, about)))
        if about.attempt == 1:
            unsent = (states.c.run == run) & (states.c.number == about.number) & (states.c.state == SENDING)
            if connection.execute(delete(states).where(unsent)).rowcount:
                connection.execute(delete(entries).where((entries.c.run == run) & (entries.c.number == about.number)))

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        with self._errors(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Begin a transaction that writes under the fencing token that this store holds, if it holds one."""
        with self._transaction() as connection:
            if self._fence is not None:
                check_fence(connection, self._fence)
            yield connection

    def _errors(self) -> AbstractContextManager[None]:
        return self.place.errors()


def _is_about(user: str, globs: Sequence[str]) -> bool:
    return any(is_meant(glob, user) for glob in globs)


def _attempt(run: str, about: Reread | Refused | Withdrawn) -> ColumnElement[bool]:
    return (attempts.c.run == run) & (attempts.c.number == about.number) & (attempts.c.attempt == about.attempt)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
