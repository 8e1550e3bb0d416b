"""The state store: runs and their journal, in a folder's SQLite file or in a database. Knows no plan file and no API.

One writer at a time for each run. Loading this module loads SQLAlchemy: import it where a store is opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from sqlalchemy import ColumnElement, Connection, Engine, Row, bindparam, func, insert, select, true, update

from paragon_sync import jsonvalue
from paragon_sync.errors import JsonError, StateError
from paragon_sync.model.outcome import OutcomeName, RunHeader
from paragon_sync.model.planned import Operation
from paragon_sync.store import encoding, location
from paragon_sync.store.journal import SENDING, Attempt, Entry, Recorded, Sending, name_of
from paragon_sync.store.tables import FORMAT_VERSION, attempts, entries, format_, metadata, runs

_BATCH: Final = 500
_CHANGE: Final = (
    update(entries)
    .where(entries.c.run == bindparam("at_run"), entries.c.number == bindparam("at_number"))
    .values(state=bindparam("to_state"), outcome=bindparam("to_outcome"))
)
_ANSWER: Final = (
    update(attempts)
    .where(
        attempts.c.run == bindparam("at_run"),
        attempts.c.number == bindparam("at_number"),
        attempts.c.attempt == bindparam("at_attempt"),
        attempts.c.answered.is_(None),
    )
    .values(answered=bindparam("when"), window_ms=bindparam("window"))
)


class StateStore:
    """Runs and their journal. Use it as a context manager, or call :meth:`close`; raises :class:`StateError`."""

    def __init__(self, engine: Engine, shown: str) -> None:
        """Use :meth:`open`; ``shown`` is for messages and holds no password."""
        self._engine = engine
        self.location = shown
        with self._errors():
            metadata.create_all(engine)
            with engine.begin() as connection:
                found = connection.scalar(select(format_.c.version))
                if found is None:
                    connection.execute(insert(format_).values(version=FORMAT_VERSION))
        if found not in {None, FORMAT_VERSION}:
            self.close()
            raise StateError(
                f"the state in {shown} has format {found}, and this paragon-sync knows format {FORMAT_VERSION}",
                hint="use the version that wrote it",
            )

    @classmethod
    def open(cls, where: str | Path) -> Self:
        """Opens the store in a folder (made if missing, for its owner alone) or at a database URL."""
        return cls(*location.connect(where))

    def begin(self, header: RunHeader) -> None:
        """Starts a run. Its id must be new."""
        row = {
            "run": header.run,
            "plan_digest": header.plan_digest,
            "header": encoding.write(header),
            "started": header.started,
            "finished": header.finished,
        }
        with self._transaction() as connection:
            connection.execute(insert(runs).values(row))

    def sending(self, run: str, batch: Sequence[Sending]) -> None:
        """Records, in one transaction that is on disk when this returns, that these operations are about to be sent.

        An operation that was sent before gets one more attempt, and has no outcome until the next :meth:`record`.
        """
        if not batch:
            return
        numbers = [sending.number for sending in batch]
        with self._transaction() as connection:
            self._put_entries(connection, run, [(s.number, s.operation, SENDING, None) for s in batch])
            made = self._attempts_made(connection, run, numbers)
            rows = []
            for sending in batch:
                made[sending.number] = made.get(sending.number, 0) + 1
                rows.append(
                    {
                        "run": run,
                        "number": sending.number,
                        "attempt": made[sending.number],
                        "preimage": jsonvalue.dumps(sending.preimage),
                        "requests": encoding.write_requests(sending.requests),
                        "sent": sending.at,
                    }
                )
            connection.execute(insert(attempts), rows)

    def record(self, run: str, batch: Sequence[Recorded]) -> None:
        """Records how operations ended, in one transaction; the last attempt of each that was sent is answered."""
        if not batch:
            return
        with self._transaction() as connection:
            ended = [(r.number, r.operation, name_of(r.outcome), encoding.write_outcome(r.outcome)) for r in batch]
            self._put_entries(connection, run, ended)
            made = self._attempts_made(connection, run, [r.number for r in batch])
            answers = [
                {
                    "at_run": run,
                    "at_number": r.number,
                    "at_attempt": made[r.number],
                    "when": r.at,
                    "window": r.window_ms,
                }
                for r in batch
                if r.number in made
            ]
            if answers:
                connection.execute(_ANSWER, answers)

    def finish(self, run: str, when: str, message: str | None = None) -> None:
        """Ends a run; ``message`` says why where it was stopped before its end."""
        with self._transaction() as connection:
            connection.execute(update(runs).where(runs.c.run == run).values(finished=when, message=message))

    def reopen(self, run: str) -> None:
        """Takes back that a run has ended: it is resumed."""
        with self._transaction() as connection:
            connection.execute(update(runs).where(runs.c.run == run).values(finished=None, message=None))

    def runs(self) -> list[RunHeader]:
        """All runs, the latest first."""
        return self._runs(true())

    def run(self, run: str) -> RunHeader:
        """One run by its id."""
        found = self._runs(runs.c.run == run)
        if not found:
            raise StateError(f"there is no run {run} in {self.location}")
        return found[0]

    def runs_of(self, plan_digest: str) -> list[RunHeader]:
        """The runs of one plan, the latest first."""
        return self._runs(runs.c.plan_digest == plan_digest)

    def message(self, run: str) -> str | None:
        """Why a run was stopped before its end, None where it wasn't."""
        with self._transaction() as connection:
            return connection.scalar(select(runs.c.message).where(runs.c.run == run))

    def entries(self, run: str, outcome: OutcomeName | None = None, *, sending: bool = False) -> Iterator[Entry]:
        """The journal of one run in the order of the plan; of one outcome alone, or of what is still ``sending``."""
        state = SENDING if sending else outcome
        after = -1
        while page := self._page(run, state, after):
            yield from page
            after = page[-1].number

    def counts(self, run: str) -> Mapping[str, int]:
        """How many operations have which outcome, ``sending`` among them; only what occurs."""
        query = select(entries.c.state, func.count()).where(entries.c.run == run).group_by(entries.c.state)
        with self._transaction() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def longest_window(self, run: str) -> float | None:
        """The longest time between reading and writing in one run, in milliseconds."""
        query = select(func.max(attempts.c.window_ms)).where(attempts.c.run == run)
        with self._transaction() as connection:
            longest: float | None = connection.scalar(query)
            return longest

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _runs(self, which: ColumnElement[bool]) -> list[RunHeader]:
        query = select(runs.c.header, runs.c.finished).where(which).order_by(runs.c.started.desc(), runs.c.run.desc())
        with self._transaction() as connection:
            found = connection.execute(query).all()
            return [replace(encoding.read(RunHeader, text), finished=finished) for text, finished in found]

    def _page(self, run: str, state: str | None, after: int) -> list[Entry]:
        query = select(entries).where(entries.c.run == run, entries.c.number > after)
        if state is not None:
            query = query.where(entries.c.state == state)
        with self._transaction() as connection:
            page = connection.execute(query.order_by(entries.c.number).limit(_BATCH)).all()
            if not page:
                return []
            between = (attempts.c.number >= page[0].number, attempts.c.number <= page[-1].number)
            sent = (
                select(attempts).where(attempts.c.run == run, *between).order_by(attempts.c.number, attempts.c.attempt)
            )
            tries = {n: tuple(map(_attempt, rows)) for n, rows in groupby(connection.execute(sent), lambda r: r.number)}
            return [_entry(row, tries.get(row.number, ())) for row in page]

    def _put_entries(
        self, connection: Connection, run: str, put: Sequence[tuple[int, Operation, str, str | None]]
    ) -> None:
        """Adds entries that are new and changes those that are there, in SQL that every database knows."""
        numbers = [number for number, *_ in put]
        query = select(entries.c.number).where(entries.c.run == run, entries.c.number.in_(numbers))
        known = set(connection.scalars(query))
        new = [
            {
                "run": run,
                "number": number,
                "user_id": jsonvalue.dumps(operation.user),
                "subject": encoding.write_subject(operation.subject),
                "state": state,
                "outcome": outcome,
            }
            for number, operation, state, outcome in put
            if number not in known
        ]
        changed = [
            {"at_run": run, "at_number": number, "to_state": state, "to_outcome": outcome}
            for number, _, state, outcome in put
            if number in known
        ]
        if new:
            connection.execute(insert(entries), new)
        if changed:
            connection.execute(_CHANGE, changed)

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

    @contextmanager
    def _errors(self) -> Iterator[None]:
        with location.errors(self.location):
            yield


def _entry(row: Row[Any], tries: tuple[Attempt, ...]) -> Entry:
    return Entry(
        number=row.number,
        user=str(jsonvalue.loads(row.user_id)),
        subject=encoding.read_subject(row.subject),
        outcome=None if row.outcome is None else encoding.read_outcome(row.outcome),
        attempts=tries,
    )


def _attempt(row: Row[Any]) -> Attempt:
    preimage = jsonvalue.loads(row.preimage)
    if not isinstance(preimage, dict):
        raise JsonError("a pre-image is an object")
    return Attempt(
        preimage=preimage,
        requests=encoding.read_requests(row.requests),
        sent=row.sent,
        answered=row.answered,
        window_ms=row.window_ms,
    )
