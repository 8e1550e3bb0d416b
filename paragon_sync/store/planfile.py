"""The plan file: one SQLite file, written once and never changed. Knows no planner and no API."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from paragon_sync.errors import JsonError, PlanFileError, PlanKeyError
from paragon_sync.model.planned import ConfigurationSubject, Finding, Operation, PlanHeader
from paragon_sync.store import encoding, layout
from paragon_sync.store.layout import Row, Section, Table
from paragon_sync.store.sealing import Plain, Sealed, Sealing, Unavailable

_BATCH: Final = 500


def short_digest(digest: str) -> str:
    """As people see it: the first eight characters."""
    return digest[:8]


def is_plan(path: Path) -> bool:
    """Whether the file calls itself a plan, of whatever version; False also for what can't be read."""
    try:
        return path.is_file() and layout.version_of(path) is not None
    except OSError:
        return False


class PlanWriter:
    """Writes one plan file: under a temporary name beside it until :meth:`finish`, for its owner's eyes alone.

    Use it as a context manager: what isn't finished is removed. Calls may come from different threads, one at a time.
    With a ``key``, everything but the columns of ids is encrypted. Raises :class:`PlanFileError` when the file can't be
    written, or would replace a file that is no plan, and :class:`PlanKeyError` for a key that is too short.
    """

    def __init__(self, path: Path, key: str | None = None) -> None:
        self.path = path
        self._done = False
        self._sealing: Plain | Sealed = Plain() if key is None else Sealed.new(key)
        self._batches: dict[Table, list[Row]] = {"operations": [], "findings": []}
        self._sections: dict[Table, Section] = {"operations": Section(), "findings": Section()}
        with _write_errors(path):
            layout.check_replaceable(path)
            handle, part = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
            os.close(handle)
            self._part = Path(part)
            self._database = sqlite3.connect(part, isolation_level=None, check_same_thread=False)
        try:
            with _write_errors(path):
                self._begin()
        except PlanFileError:
            self.abandon()
            raise

    @property
    def count(self) -> int:
        """Operations added so far; the next one gets this number."""
        return self._sections["operations"].count

    def add(self, operation: Operation) -> int:
        """Adds one operation and returns its number, by which the journal refers to it."""
        subject = operation.subject
        integration = subject.integration if isinstance(subject, ConfigurationSubject) else None
        return self._add("operations", operation.user, integration, encoding.write(operation))

    def add_finding(self, finding: Finding) -> None:
        self._add("findings", finding.user, finding.integration, encoding.write(finding))

    def finish(self, header: PlanHeader) -> str:
        """Completes the file, gives it its name and returns the plan's digest (64 hexadecimal characters)."""
        text = self._sealing.seal(encoding.write(header), layout.place("header"))
        sealing = b"" if isinstance(self._sealing, Plain) else self._sealing.describe().encode()
        digest = layout.digest(text, sealing, self._sections)
        with _write_errors(self.path):
            for table in self._batches:
                self._flush(table)
            self._database.executemany(
                "INSERT INTO meta VALUES (?, ?)",
                [("header", text), ("digest", digest.encode()), *([("sealing", sealing)] if sealing else [])],
            )
            self._database.execute("COMMIT")
            self._database.close()
            layout.sync(self._part)
            layout.check_replaceable(self.path)
            self._part.replace(self.path)
            self._done = True
            layout.sync(self.path.parent)
        return digest

    def abandon(self) -> None:
        """Removes what was written; does nothing after :meth:`finish`."""
        self._database.close()
        if not self._done:
            with suppress(OSError):
                self._part.unlink(missing_ok=True)

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
        for statement in layout.SCHEMA.values():
            self._database.execute(statement)
        self._database.execute("BEGIN")

    def _add(self, table: Table, user: str, integration: str | None, text: str) -> int:
        section, batch = self._sections[table], self._batches[table]
        number = section.count
        kept = self._sealing.seal(text, layout.place(table, number))
        row = (number, layout.key(user), None if integration is None else layout.key(integration), kept)
        section.take(row)
        batch.append(row)
        if len(batch) >= _BATCH:
            with _write_errors(self.path):
                self._flush(table)
        return number

    def _flush(self, table: Table) -> None:
        self._database.executemany(layout.INSERT[table], self._batches[table])
        self._batches[table].clear()


class PlanReader:
    """Reads one plan file; opening verifies format and digest, and raises :class:`PlanFileError`.

    An encrypted one needs its ``key``: without it, or with another one, opening raises :class:`PlanKeyError`.
    Use it as a context manager, or call :meth:`close`. Calls may come from different threads, one at a time.
    """

    def __init__(self, path: Path, key: str | None = None) -> None:
        self.path = path
        with _read_errors(path):
            layout.check_readable(path)
            uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
            self._database = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
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
    def finding_count(self) -> int:
        return self._sections["findings"].count

    def operations(self, user_glob: str | None = None, integration: str | None = None) -> Iterator[Operation]:
        """The operations in their order; only of users whose id matches the pattern, only of one integration."""
        return (operation for _, operation in self.numbered(user_glob, integration))

    def numbered(self, user_glob: str | None = None, integration: str | None = None) -> Iterator[tuple[int, Operation]]:
        """As :meth:`operations`, each with its number (from 0), by which the journal refers to it."""
        for number, text in self._rows("operations", user_glob, integration):
            yield number, encoding.read(Operation, text)

    def findings(self, user_glob: str | None = None, integration: str | None = None) -> Iterator[Finding]:
        """The findings in their order, filtered as :meth:`operations` are."""
        for _, text in self._rows("findings", user_glob, integration):
            yield encoding.read(Finding, text)

    def close(self) -> None:
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _rows(self, table: Table, user_glob: str | None, integration: str | None) -> Iterator[tuple[int, str]]:
        wanted = None if integration is None else layout.key(integration)
        rows = self._database.execute(layout.SELECT[table])
        while True:
            with _read_errors(self.path):
                row = rows.fetchone()
            if row is None:
                return
            number, user, found, text = row
            if (wanted is None or found == wanted) and (
                user_glob is None or fnmatchcase(layout.name_of(user), user_glob)
            ):
                with _read_errors(self.path):
                    unsealed = self._sealing.unseal(text, layout.place(table, number))
                yield number, unsealed

    def _verify(self, key: str | None) -> None:
        schema = set(self._database.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema"))
        if schema != {("table", name, name, statement) for name, statement in layout.SCHEMA.items()}:
            raise ValueError("other tables")
        meta = dict(self._database.execute("SELECT name, value FROM meta"))
        if {type(value) for value in meta.values()} != {bytes}:
            raise ValueError("a column has another type")
        self._sections: dict[Table, Section] = {"operations": Section(), "findings": Section()}
        for table, section in self._sections.items():
            for row in self._database.execute(layout.SELECT[table]):
                section.take(row)
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
