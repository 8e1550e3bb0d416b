"""Where the state store is: a folder that is made for it, or a database URL. Knows no tables."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from paragon_sync.errors import JsonError, StateError

STATE_FILE: Final = "state.sqlite"
_BUSY_SECONDS: Final = 30


def connect(where: str | Path) -> tuple[Engine, str]:
    """An engine for a folder or a database URL, and its name for messages, without a password."""
    if isinstance(where, str) and "://" in where:
        with errors(where.partition("://")[0]):
            url = make_url(where)
        shown = url.render_as_string(hide_password=True)
    else:
        folder = Path(where)
        url, shown = URL.create("sqlite", database=str(_prepared(folder))), str(folder)
    with errors(shown):
        return _engine(url), shown


@contextmanager
def errors(shown: str) -> Iterator[None]:
    """Turns what the database library raises into :class:`StateError`, without values that were sent to it."""
    try:
        yield
    except ImportError as error:
        raise StateError(
            f"the state in {shown} needs a database driver that isn't installed: {error.name}",
            hint=f"install it beside paragon-sync: pip install {error.name}",
        ) from error
    except DBAPIError as error:
        raise StateError(
            f"the state in {shown} can't be read or written: {error.orig}",
            hint="state: in the Project file names a folder or a database URL; it must be writable and have room",
        ) from error
    except (SQLAlchemyError, OSError) as error:
        raise StateError(
            f"the state in {shown} can't be opened: {error}",
            hint="state: in the Project file names a folder or a database URL, such as postgresql://host/name",
        ) from error
    except JsonError as error:
        raise StateError(f"the state in {shown} holds a record that can't be read: {error}") from error


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


def _engine(url: URL) -> Engine:
    """``hide_parameters`` keeps customers' values out of messages."""
    if url.get_backend_name() != "sqlite":
        return create_engine(url, hide_parameters=True)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # transactions are begun below, and not when the driver thinks so
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine
