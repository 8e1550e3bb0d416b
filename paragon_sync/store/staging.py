"""Documents of one command, staged on disk by user, so that nothing ever holds all users. Knows no plan.

Rows are pickled: the file is this process's own, stands in a folder that only its user may enter, is read by the
process that wrote it and is gone when the command ends. Nothing that came from elsewhere is ever unpickled.
"""

from __future__ import annotations

import pickle
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from paragon_sync.errors import StateError
from paragon_sync.model.desired import DesiredDocument

_BATCH: Final = 500


class Staging:
    """A temporary store of documents; use it as a context manager, or call :meth:`close`.

    ``folder`` is where its own folder is made, None for the system's place for temporary files. Calls may come from
    different threads, one at a time. Raises :class:`StateError` when the disk can't take it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.count = 0
        self._batch: list[tuple[bytes, bytes]] = []
        with _disk_errors():
            self._folder = Path(tempfile.mkdtemp(prefix="paragon-sync-", dir=folder))
            self._database = sqlite3.connect(
                self._folder / "staging.sqlite", isolation_level=None, check_same_thread=False
            )
            self._database.executescript(
                "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                "CREATE TABLE documents (number INTEGER PRIMARY KEY, user BLOB NOT NULL, document BLOB NOT NULL);"
            )

    def add(self, document: DesiredDocument) -> None:
        self._batch.append((_key(document.user), pickle.dumps(document, pickle.HIGHEST_PROTOCOL)))
        self.count += 1
        if len(self._batch) >= _BATCH:
            self._flush()

    def users(self) -> Iterator[str]:
        """Each user once, in the order of their ids."""
        self._index()
        with _disk_errors():
            for (user,) in self._database.execute("SELECT DISTINCT user FROM documents ORDER BY user"):
                yield user.decode("utf-8", "surrogatepass")

    def documents(self, user: str) -> tuple[DesiredDocument, ...]:
        """The documents about one user, in the order in which they were added."""
        self._index()
        with _disk_errors():
            rows = self._database.execute(
                "SELECT document FROM documents WHERE user = ? ORDER BY number", (_key(user),)
            )
            return tuple(pickle.loads(document) for (document,) in rows)  # noqa: S301 - our own, see above

    def close(self) -> None:
        """Removes everything; safe to call twice."""
        self._database.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _flush(self) -> None:
        with _disk_errors():
            self._database.execute("BEGIN")
            self._database.executemany("INSERT INTO documents (user, document) VALUES (?, ?)", self._batch)
            self._database.execute("COMMIT")
        self._batch.clear()

    def _index(self) -> None:
        if self._batch:
            self._flush()
        with _disk_errors():
            self._database.execute("CREATE INDEX IF NOT EXISTS by_user ON documents (user, number)")


def _key(user: str) -> bytes:
    return user.encode("utf-8", "surrogatepass")


@contextmanager
def _disk_errors() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise StateError(
            f"can't stage documents on disk: {error}",
            hint="TMPDIR names the folder for temporary files; it needs room and must be writable",
        ) from error
