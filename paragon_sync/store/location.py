"""Where the state store is: a folder that is made for it, or a database URL. Knows no tables."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from paragon_sync.errors import JsonError, StateError
from paragon_sync.model.database_url import AT_SIGN_HINT, has_stray_at_sign, mask_driver_text, show_database
from paragon_sync.store import rows

STATE_FILE: Final = "state.sqlite"
READ_ONLY: Final = "paragon_sync_read_only"
"""Name of the execution option of a transaction that doesn't wait for a writer."""
_STATEMENTS: Final = 4 * rows.MOST  # to be remembered: for each table that a run writes, one for each number of rows
_BUSY_SECONDS: Final = 30
_BUSY_PAUSE: Final = 0.01
_CONNECT_SECONDS: Final = 10
_KEEPALIVE_SECONDS: Final = 60
_IDLE_TRANSACTION_SECONDS: Final = 10
_DRIVERS: Final = {
    "sqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
_URL: Final = re.compile(r"[a-z][a-z0-9+]*://|(sqlite|postgres|postgresql|mysql|mariadb)(\+[a-z0-9]+)?:")
_GO_ON: Final = "what was recorded until then stays: applying the same plan again goes on from there"


@dataclass(frozen=True, slots=True)
class Location:
    """Where the state is. ``shown`` is its name for messages, without a password; ``file`` is None for a server.

    ``missing``: there is no such file, and none is to be made. It counts as empty.
    """

    url: URL
    shown: str
    file: Path | None
    missing: bool = False

    @property
    def hint(self) -> str:
        """What to do when it can't be read or written."""
        if self.file is None:
            return f"the database must be reachable and writable\n{_GO_ON}"
        return f"{self.file.absolute().parent} must be writable and have room\n{_GO_ON}"

    def errors(self, hint: str | None = None) -> AbstractContextManager[None]:
        """Turn what the database library raises into :class:`StateError`; ``hint`` is :attr:`hint` by default."""
        return errors(self.shown, hint or self.hint, self.url.render_as_string(hide_password=False))


def locate(where: str | Path, base: Path | None = None, *, create: bool = True) -> Location:
    """The place of a folder or of a database URL; files are relative to ``base``, and made if they are missing.

    Unless ``create``: then what is missing stays so.
    """
    base = base or Path()
    if not (isinstance(where, str) and _URL.match(where)):
        folder = base / where
        file = _prepared(folder) if create else folder / STATE_FILE
        return Location(
            URL.create("sqlite", database=str(file)), str(folder), file, missing=_is_missing(file, create=create)
        )
    scheme = where.partition(":")[0]
    if scheme not in _DRIVERS:
        raise StateError(
            f"the state can't be in {scheme}://…: a folder, sqlite:///FILE and postgresql://HOST/NAME are known",
            hint="state: in the Project file says where it is",
        )
    if has_stray_at_sign(where):
        raise StateError(f"the state can't be in {show_database(where)}: the URL has one @ too many", hint=AT_SIGN_HINT)
    try:
        url = make_url(where).set(drivername=_DRIVERS[scheme])
    except (SQLAlchemyError, ValueError):  # what it says may hold the password
        raise StateError(
            f"the state can't be in {scheme}://…: that is no URL", hint="write postgresql://USER@HOST:PORT/NAME"
        ) from None
    shown = show_database(where)
    if scheme != "sqlite":
        return Location(url, shown, None)
    if url.database in {None, "", ":memory:"} or url.query:
        raise StateError(f"the state can't be in {shown}", hint="write sqlite:///FILE")
    file = base / str(url.database)
    if create:
        with errors(shown):
            os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    return Location(url.set(database=str(file)), shown, file, missing=_is_missing(file, create=create))


def connect(location: Location) -> Engine:
    """An engine; nothing is opened before its first use."""
    with location.errors():
        return _engine(location)


@contextmanager
def errors(shown: str, hint: str | None = None, url: str = "") -> Iterator[None]:
    """Turn what the database library raises into :class:`StateError`, without values that were sent to it.

    User, password and query of the ``url`` are replaced in its messages.
    """
    try:
        yield
    except ImportError as error:
        raise StateError(
            f"the state in {shown} needs a database driver that isn't installed",
            hint="install it beside paragon-sync: pip install 'paragon-sync[postgresql]'",
        ) from error
    except DBAPIError as error:
        reason = mask_driver_text(str(error.orig).partition("\n")[0], url)  # what follows may name values
        raise StateError(f"the state in {shown} can't be read or written: {reason}", hint=hint) from error
    except (SQLAlchemyError, OSError) as error:
        raise StateError(
            f"the state in {shown} can't be opened: {error}",
            hint="state: in the Project file names a folder that can be written, or a database URL",
        ) from error
    except JsonError as error:
        raise StateError(f"the state in {shown} holds a record that can't be read: {error}") from error


def _is_missing(file: Path, *, create: bool) -> bool:
    with errors(str(file.parent)):
        return not create and not file.exists()


def _prepared(folder: Path) -> Path:
    """The state's file in its folder: both for their owner alone, and out of version control, where they are new."""
    file = folder / STATE_FILE
    with errors(str(folder)):
        new = not folder.exists()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if new or not any(folder.iterdir()):
            (folder / ".gitignore").write_text("*\n")
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    return file


def _engine(location: Location) -> Engine:
    """``hide_parameters`` keeps customers' values out of messages."""
    if location.file is None:
        return _server_engine(location)
    url = URL.create("sqlite") if location.missing else location.url
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": _BUSY_SECONDS, "cached_statements": _STATEMENTS}
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions are begun below, and not when the driver thinks so
        connection.execute("PRAGMA page_size = 8192")  # of a file that is new: a record takes 3 kB or more
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get(READ_ONLY, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _server_engine(location: Location) -> Engine:
    engine = create_engine(
        location.url, hide_parameters=True, pool_pre_ping=True, connect_args=_server_arguments(location.url)
    )

    @event.listens_for(engine, "connect")
    def _limit_idle_transactions(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        # a suspended process must not keep the next holder of the lock from raising its fence
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"SET idle_in_transaction_session_timeout = '{_IDLE_TRANSACTION_SECONDS}s'")
        connection.commit()

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let nobody who reads wait for who writes. SQLite doesn't wait where others do so with a new file."""
    last = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > last:
                raise
            time.sleep(_BUSY_PAUSE)
        else:
            return


def _server_arguments(url: URL) -> dict[str, Any]:
    """How to connect where the URL doesn't say."""
    usual = {
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": "paragon-sync",
        "keepalives_idle": _KEEPALIVE_SECONDS,  # a lock's session says nothing for as long as a run takes
    }
    return {name: value for name, value in usual.items() if name not in url.query}
