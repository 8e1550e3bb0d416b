"""The plan file: one SQLite file, written once and never changed. Knows no planner and no API."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self

from paragon_sync.errors import JsonError, PlanFileError, PlanKeyError
from paragon_sync.model.planned import ConfigurationSubject, Finding, Operation, Outline, PlanHeader
from paragon_sync.part_file import PartFile, remove_leftovers
from paragon_sync.store import encoding, layout
from paragon_sync.store.layout import Row, Section, Table
from paragon_sync.store.sealing import Plain, Sealed, Sealing, Unavailable
from paragon_sync.store.selection import EVERYTHING, MATCHES, Selection, condition, matches

_BATCH: Final = 500
_PAGE: Final = 50


def short_digest(digest: str) -> str:
    """As people see it: the first eight characters."""
    return digest[:8]


def is_plan(path: Path) -> bool:
    """Whether the file calls itself a plan, of whatever version; False also for what can't be read."""
    try:
        return path.is_file() and layout.version_of(path) is not None
    except OSError:
        return False


def likely_operations(path: Path) -> int:
    """About how many operations the file holds, told at once: nothing of it is verified. 0 where that can't be told."""
    with suppress(OSError, sqlite3.Error), closing(_opened(path)) as database:
        if _has_our_tables(database):
            last = database.execute("SELECT max(number) FROM operations").fetchone()[0]
            return last + 1 if isinstance(last, int) else 0
    return 0


class PlanWriter:
    """Writes one plan file: under a temporary name beside it until :meth:`finish`, for its owner's eyes alone.

    Use it as a context manager: what isn't finished is removed. Calls may come from different threads, one at a time.
    With a ``key``, everything but the columns of ids is encrypted. Raises :class:`PlanFileError` when the file can't be
    written, or would replace a file that is no plan, and :class:`PlanKeyError` for a key that is too short.
    """

    def __init__(self, path: Path, key: str | None = None) -> None:
        self.path = path
        self._sealing: Plain | Sealed = Plain() if key is None else Sealed.new(key)
        self._batches: dict[Table, list[Row]] = {"operations": [], "findings": []}
        self._sections: dict[Table, Section] = {"operations": Section(), "findings": Section()}
        with _write_errors(path):
            layout.check_replaceable(path)
            remove_leftovers(path.parent)
            self._part = PartFile(path)
            self._database = _private(self._part)
        try:
            with _write_errors(path):
                self._begin()
        except PlanFileError:
            self.abandon()
            raise

    @property
    def count(self) -> int:
        """Operations added so far; the next one gets this number."""
        return self._count("operations")

    def add(self, operation: Operation) -> int:
        """Adds one operation and returns its number, by which the journal refers to it."""
        subject, number = operation.subject, self.count
        integration = subject.integration if isinstance(subject, ConfigurationSubject) else None
        review, run = encoding.write_operation(operation)
        texts = (
            self._sealing.seal(review, layout.place("review", number)),
            self._sealing.seal(run, layout.place("run", number)),
        )
        self._add("operations", (number, layout.key(operation.user), _key(integration), *texts))
        return number

    def add_finding(self, finding: Finding) -> None:
        number = self._count("findings")
        kept = self._sealing.seal(encoding.write(finding), layout.place("findings", number))
        kind = layout.key(finding.kind)
        self._add("findings", (number, layout.key(finding.user), _key(finding.integration), kind, kept))

    def finish(self, header: PlanHeader) -> str:
        """Completes the file, gives it its name and returns the plan's digest (64 hexadecimal characters)."""
        text = self._sealing.seal(encoding.write(header), layout.place("header"))
        sealing = b"" if isinstance(self._sealing, Plain) else self._sealing.describe().encode()
        with _write_errors(self.path):
            for table in self._batches:
                self._flush(table)
            digest = layout.digest(text, sealing, self._sections)
            for statement in layout.INDEXES.values():
                self._database.execute(statement)
            self._database.executemany(
                "INSERT INTO meta VALUES (?, ?)",
                [("header", text), ("digest", digest.encode()), *([("sealing", sealing)] if sealing else [])],
            )
            self._database.execute("COMMIT")
            self._database.close()
            layout.sync(self._part.path)
            layout.check_replaceable(self.path)
            self._part.publish()
            layout.sync(self.path.parent)
        return digest

    def abandon(self) -> None:
        """Removes what was written; does nothing after :meth:`finish`."""
        self._database.close()
        self._part.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abandon()

    def _begin(self) -> None:
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute(f"PRAGMA application_id = {layout.APPLICATION_ID}")
        self._database.execute(f"PRAGMA user_version = {layout.FORMAT_VERSION}")
        for statement in layout.TABLES.values():
            self._database.execute(statement)
        self._database.execute("BEGIN")

    def _add(self, table: Table, row: Row) -> None:
        batch = self._batches[table]
        batch.append(row)
        if len(batch) >= _BATCH:
            with _write_errors(self.path):
                self._flush(table)

    def _count(self, table: Table) -> int:
        return self._sections[table].count + len(self._batches[table])

    def _flush(self, table: Table) -> None:
        self._sections[table].take(self._batches[table])
        self._database.executemany(layout.INSERT[table], self._batches[table])
        self._batches[table].clear()


class PlanReader:
    """Reads one plan file; opening verifies format and digest, and raises :class:`PlanFileError`.

    An encrypted one needs its ``key``: without it, or with another one, opening raises :class:`PlanKeyError`.
    Use it as a context manager, or call :meth:`close`. Calls may come from different threads, one at a time.
    """

    def __init__(self, path: Path, key: str | None = None) -> None:
        self.path = path
        self._checked: set[Table] = set()
        with _read_errors(path):
            layout.check_readable(path)
            self._database = _opened(path)
            self._database.create_function(MATCHES, 2, matches, deterministic=True)
        try:
            with _read_errors(path):
                self._verify(key)
        except (PlanFileError, PlanKeyError):
            self.close()
            raise

    @property
    def header(self) -> PlanHeader:
        return self._header

    @property
    def digest(self) -> str:
        return self._digest

    @property
    def count(self) -> int:
        """The number of operations."""
        return self._sections["operations"].count

    @property
    def is_encrypted(self) -> bool:
        """Whether the file is encrypted with the plan key."""
        return not isinstance(self._sealing, Plain)

    @property
    def finding_count(self) -> int:
        return self._sections["findings"].count

    def operations(self) -> Iterator[Operation]:
        """The operations in their order."""
        return (operation for _, operation in self.numbered())

    def numbered(self) -> Iterator[tuple[int, Operation]]:
        """The operations, each with its number (from 0), by which the journal refers to it."""
        for page in self._pages("operations", "number, review, run"):
            with _read_errors(self.path):
                operations = [
                    (
                        number,
                        encoding.read_operation(self._text("review", number, review), self._text("run", number, run)),
                    )
                    for number, review, run in page
                ]
            yield from operations

    def to_run(self) -> Iterator[tuple[int, Operation]]:
        """Return what a run needs of each operation, as :meth:`numbered`: without the changes that people review."""
        for page in self._pages("operations", "number, run"):
            with _read_errors(self.path):
                operations = [(number, encoding.read_run(self._text("run", number, run))) for number, run in page]
            yield from operations

    def outlines(self, selection: Selection = EVERYTHING) -> Iterator[Outline]:
        """What of the operations people review, in their order; read much faster than the whole."""
        for page in self._pages("operations", "number, review", selection):
            with _read_errors(self.path):
                outlines = [encoding.read_outline(self._text("review", number, text)) for number, text in page]
            yield from outlines

    def findings(self, selection: Selection = EVERYTHING) -> Iterator[Finding]:
        """The findings in their order."""
        for page in self._pages("findings", "number, row", selection):
            with _read_errors(self.path):
                findings = [encoding.read(Finding, self._text("findings", number, row)) for number, row in page]
            yield from findings

    def users(self, selection: Selection = EVERYTHING) -> int:
        """How many users the operations are about."""
        where, parameters = condition("operations", selection) or ("1", ())
        with _read_errors(self.path):
            self._check_indexes("operations")
            query = f"SELECT count(DISTINCT user) FROM operations WHERE {where}"  # noqa: S608 - no text of anybody's
            return int(self._database.execute(query, parameters).fetchone()[0])

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _operation(self, number: int, review: bytes, run: bytes) -> Operation:
        return encoding.read_operation(self._text("review", number, review), self._text("run", number, run))

    def _pages(self, table: Table, columns: str, selection: Selection = EVERYTHING) -> Iterator[list[tuple[Any, ...]]]:
        """Columns of the rows that are asked for, in their order, a few rows at a time."""
        where, parameters = condition(table, selection) or ("1", ())
        with _read_errors(self.path):
            if not selection.is_everything:
                self._check_indexes(table)
            query = f"SELECT {columns} FROM {table} WHERE {where} ORDER BY number"  # noqa: S608 - no text of anybody's
            rows = self._database.execute(query, parameters)
        while True:
            with _read_errors(self.path):
                page = rows.fetchmany(_PAGE)
            if not page:
                return
            yield page

    def _check_indexes(self, table: Table) -> None:
        """Hold a table's indexes against its rows, which the digest covers, before one of them is believed."""
        if table not in self._checked:
            if self._database.execute(f"PRAGMA integrity_check({table})").fetchall() != [("ok",)]:
                raise ValueError("an index says something else than the rows")
            self._checked.add(table)

    def _text(self, what: Literal["review", "run", "findings"], number: int, kept: bytes) -> str:
        return self._sealing.unseal(kept, layout.place(what, number))

    def _verify(self, key: str | None) -> None:
        if not _has_our_tables(self._database):
            raise ValueError("other tables")
        meta = dict(self._database.execute("SELECT name, value FROM meta"))
        if {type(value) for value in meta.values()} != {bytes}:
            raise ValueError("a column has another type")
        self._sections: dict[Table, Section] = {"operations": Section(), "findings": Section()}
        for table, section in self._sections.items():
            rows = self._database.execute(layout.SELECT[table])
            while page := rows.fetchmany(_PAGE):
                section.take(page)
        header, sealing = meta.pop("header", b""), meta.pop("sealing", b"")
        self._digest = layout.digest(header, sealing, self._sections)
        if meta != {"digest": self._digest.encode()}:
            raise ValueError("another digest")
        self._sealing = self._opened(key, sealing.decode())
        self._header = encoding.read(PlanHeader, self._sealing.unseal(header, layout.place("header")))

    def _opened(self, key: str | None, sealing: str) -> Sealing:
        if not sealing:
            return Plain()
        if key is None:
            Unavailable(str(self.path)).refuse()
        return Sealed.known(key, sealing, str(self.path))


def _has_our_tables(database: sqlite3.Connection) -> bool:
    """And no others: what is asked of anything else might take for ever."""
    return set(database.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema")) == layout.schema()


def _private(part: PartFile) -> sqlite3.Connection:
    """Open a file of this process alone, without SQLite's locks: on NFS the part file's own would be in their way."""
    uri = f"{part.path.absolute().as_uri()}?nolock=1"
    try:
        return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    except sqlite3.Error:
        part.discard()
        raise


def _opened(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)


def _key(integration: str | None) -> bytes | None:
    return None if integration is None else layout.key(integration)


@contextmanager
def _write_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise PlanFileError(f"can't write {path}: there is no folder {path.parent}", hint="make it first") from error
    except (OSError, sqlite3.Error) as error:
        raise PlanFileError(
            f"can't write {path}: {_reason(error)}", hint=f"{path.parent} must be writable and have room"
        ) from error


@contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise PlanFileError(f"there is no plan file {path}", hint="make one: paragon-sync plan --out FILE") from error
    except OSError as error:
        raise PlanFileError(f"can't read {path}: {_reason(error)}") from error
    except (sqlite3.Error, ValueError, TypeError, JsonError) as error:
        raise PlanFileError(
            f"{path} was changed or damaged after it was written", hint="make the plan again: paragon-sync plan"
        ) from error


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
