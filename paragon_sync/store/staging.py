"""Documents of one command, staged by user, on disk where they are many: nothing ever holds all users. Knows no plan.

Documents are appended as they come, sorted once, and then read from one end to the other: in memory as long as they
take a few megabytes, else in a file, by an external sort. Rows are marshalled or pickled: the file is this process's
own, stands in a folder that only its user may enter, is read by the process that wrote it and is gone when the command
ends. Nothing that came from elsewhere is ever unpickled.
"""

from __future__ import annotations

import marshal
import pickle
import shutil
import sqlite3
import tempfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

from paragon_sync.errors import StateError
from paragon_sync.model.asked import Ordinary
from paragon_sync.model.desired import DesiredDocument, Enlisted, Filled

_BATCH: Final = 500
_IN_MEMORY: Final = 16_000_000
_SETTINGS: Final = (
    "PRAGMA {schema}.page_size = 16384; PRAGMA {schema}.journal_mode = OFF; PRAGMA {schema}.synchronous = OFF;"
    "PRAGMA {schema}.cache_size = -4000; PRAGMA temp_store = FILE;"
    "CREATE TABLE {schema}.documents (user BLOB NOT NULL, alone INTEGER NOT NULL, document BLOB NOT NULL);"
)

Staged: TypeAlias = DesiredDocument | Ordinary | Filled | Enlisted
Row: TypeAlias = tuple[int, bytes]
"""One document as it is kept: whether nothing in it can contradict itself, and its bytes."""


class Staging:
    """A temporary store of documents; use it as a context manager, or call :meth:`close`.

    ``folder`` is where its own folder is made, None for the system's place for temporary files; ``in_memory`` is how
    many bytes of documents stay out of it. Calls may come from different threads, one at a time. Raises
    :class:`StateError` when the disk can't take it.
    """

    def __init__(self, folder: Path | None = None, *, in_memory: int = _IN_MEMORY) -> None:
        self.count = 0
        self.user_count: int | None = None
        """How many users there are, once all :meth:`groups` have been gone through."""
        self._batch: list[tuple[bytes, int, bytes]] = []
        self._files: dict[str, int] = {}
        self._names: list[str] = []
        self._last = b""
        self._in_order = True
        self._place = folder
        self._room = in_memory
        self._disk: _Disk | None = None

    def add(self, document: DesiredDocument) -> None:
        self._add(_key(document.user), 0, pickle.dumps(document, pickle.HIGHEST_PROTOCOL))

    def add_ordinary(self, document: Ordinary) -> None:
        """Adds what a document asks for, and its text, which takes a small part of what a resolved one does."""
        file = self._files.get(document.file)
        if file is None:
            file = self._files[document.file] = len(self._names)
            self._names.append(document.file)
        user, _, number, profiles, asked, text = document
        self._add(_key(user), not profiles, marshal.dumps((user, file, number, profiles, asked, text)))

    def add_filled(self, row: Filled) -> None:
        """Adds what a row decides; what all rows of its rollout share isn't kept here."""
        values: tuple[Any, ...] = row.values
        try:
            held = marshal.dumps((row.user, row.rollout, row.number, values))
        except ValueError:  # a number that keeps its text
            held = pickle.dumps(row, pickle.HIGHEST_PROTOCOL)
        self._add(_key(row.user), 1, held)

    def add_enlisted(self, row: Enlisted) -> None:
        """Adds what a migration has to know of a row."""
        self._add(_key(row.user), 1, pickle.dumps(row, pickle.HIGHEST_PROTOCOL))

    def users(self) -> Iterator[str]:
        """Each user once, in the order of their ids."""
        return (user for user, _ in self.groups())

    def groups(self) -> Iterator[tuple[str, list[Row]]]:
        """The documents by user, both in their order; :meth:`read` tells what a row holds."""
        self._sort()
        user, rows, users = b"", list[Row](), 0
        for found, alone, document in self._rows():
            if found != user:
                if rows:
                    yield _name(user), rows
                user, rows = found, []
                users += 1
            rows.append((alone, document))
        if rows:
            yield _name(user), rows
        self.user_count = users

    def documents(self, user: str) -> tuple[Staged, ...]:
        """The documents about one user, in the order in which they were added. For many users: :meth:`groups`."""
        self._sort()
        key = _key(user)
        if self._disk is not None:
            return tuple(self.read(self._disk.rows_of(key)))
        first, end = (side(self._batch, key, key=_KEY) for side in (bisect_left, bisect_right))
        return tuple(self.read((alone, document) for _, alone, document in self._batch[first:end]))

    def read(self, rows: Iterable[Row]) -> list[Staged]:
        """The documents that these rows hold."""
        return [self._document(document) for _, document in rows]

    def close(self) -> None:
        """Removes everything; safe to call twice."""
        self._batch.clear()
        if self._disk is not None:
            self._disk.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _add(self, key: bytes, alone: int, document: bytes) -> None:
        if key < self._last:
            self._in_order = False
        self._last = key
        self._batch.append((key, alone, document))
        self.count += 1
        self._room -= len(document)
        if self._room < 0 and len(self._batch) >= _BATCH:
            self._flush()

    def _document(self, document: bytes) -> Staged:
        if document.startswith(_PICKLED):
            found: DesiredDocument | Filled | Enlisted = pickle.loads(document)  # noqa: S301 - our own, see above
            return found
        user, where, number, *held = marshal.loads(document)  # noqa: S302 - our own, see above
        return (
            Ordinary(user, self._names[where], number, *held) if len(held) > 1 else Filled(user, where, number, *held)
        )

    def _rows(self) -> Iterator[tuple[bytes, int, bytes]]:
        return iter(self._batch) if self._disk is None else self._disk.rows()

    def _flush(self) -> None:
        if self._disk is None:
            self._disk = _Disk(self._place)
        self._disk.append(self._batch)
        self._batch.clear()

    def _sort(self) -> None:
        """Brings what was added since the last time into its order."""
        if self._disk is not None and self._batch:
            self._flush()
        if self._in_order:
            return
        if self._disk is not None:
            self._last = self._disk.sort()
        else:
            self._batch.sort(key=_KEY)
            self._last = self._batch[-1][0]
        self._in_order = True


class _Disk:
    """Rows in a file of a folder that is made for it."""

    def __init__(self, folder: Path | None) -> None:
        self._sorts = 0
        with _disk_errors():
            self._folder = Path(tempfile.mkdtemp(prefix="paragon-sync-", dir=folder))
            self._file = self._folder / "staged-0.sqlite"
            self._database = _connect(self._file)
            self._database.executescript(_SETTINGS.format(schema="main"))

    def append(self, rows: Iterable[tuple[bytes, int, bytes]]) -> None:
        with _disk_errors():
            self._database.execute("BEGIN")
            self._database.executemany("INSERT INTO documents VALUES (?, ?, ?)", rows)
            self._database.execute("COMMIT")

    def rows(self) -> Iterator[tuple[bytes, int, bytes]]:
        """All rows in their order. No statement stays open between two batches: the table may be indexed meanwhile."""
        last = 0
        select = "SELECT user, alone, document, rowid FROM documents WHERE rowid > ? ORDER BY rowid LIMIT ?"
        while True:
            with _disk_errors():
                batch = self._database.execute(select, (last, _BATCH)).fetchall()
            for user, alone, document, _ in batch:
                yield user, alone, document
            if len(batch) < _BATCH:
                return
            last = batch[-1][3]

    def rows_of(self, user: bytes) -> list[Row]:
        with _disk_errors():
            self._database.execute("CREATE INDEX IF NOT EXISTS by_user ON documents (user)")
            select = "SELECT alone, document FROM documents WHERE user = ? ORDER BY rowid"
            return self._database.execute(select, (user,)).fetchall()

    def sort(self) -> bytes:
        """Sorts into a new file, which is written at one go; the last user."""
        self._sorts += 1
        file = self._folder / f"staged-{self._sorts}.sqlite"
        with _disk_errors():
            self._database.execute("ATTACH ? AS sorted", (str(file),))
            self._database.executescript(_SETTINGS.format(schema="sorted"))
            self._database.execute(
                "INSERT INTO sorted.documents SELECT user, alone, document FROM main.documents ORDER BY user, rowid"
            )
            last: tuple[bytes] = self._database.execute(
                "SELECT user FROM sorted.documents ORDER BY rowid DESC LIMIT 1"
            ).fetchone()
            self._database.close()
            self._file.unlink()
            self._file, self._database = file, _connect(file)
            self._database.execute("PRAGMA cache_size = -4000")
        return last[0]

    def close(self) -> None:
        self._database.close()
        shutil.rmtree(self._folder, ignore_errors=True)


_KEY: Final = itemgetter(0)
_PICKLED: Final = pickle.dumps(None, pickle.HIGHEST_PROTOCOL)[:1]
"""How a pickled row begins, and no marshalled one does."""


def _connect(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, isolation_level=None, check_same_thread=False)


def _key(user: str) -> bytes:
    return user.encode("utf-8", "surrogatepass")


def _name(key: bytes) -> str:
    return key.decode("utf-8", "surrogatepass")


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise StateError(
            f"can't stage documents on disk: {error}",
            hint="TMPDIR names the folder for temporary files; it needs room and must be writable",
        ) from error
