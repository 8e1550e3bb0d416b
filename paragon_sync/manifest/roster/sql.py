"""A query → rows, streamed from the server in a transaction that may only read. Owns SQLAlchemy for rosters."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote as percent_encoded

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from paragon_sync.manifest.quoting import list_columns, quote
from paragon_sync.manifest.roster.rows import Found, Item, Trouble
from paragon_sync.manifest.roster.sql_values import NotJson, json_value
from paragon_sync.model.database_url import mask_driver_text
from paragon_sync.model.declared import SqlRoster
from paragon_sync.model.similar_names import did_you_mean

_BATCH: Final = 1000
_CONNECT_SECONDS: Final = 10
_STEPS: Final = 200_000  # of SQLite, some ms, between two looks at whether a signal came
_POSTGRESQL: Final = "postgresql+psycopg"
_DRIVERS: Final = {"postgresql": _POSTGRESQL, "postgres": _POSTGRESQL}


class _Refused(Exception):
    """Why there is no database to ask: a message and a hint."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.trouble = Trouble(message, None, hint)


def items(roster: SqlRoster) -> Iterator[Found]:
    """The rows as the query orders them, their values as JSON holds them."""
    number, raised = 0, list[BaseException]()
    try:
        with _connected(roster, raised) as connection, connection.exec_driver_sql(roster.query) as result:
            columns = list(result.keys()) if result.returns_rows else []
            wrong = list(_column_troubles(roster, columns))
            yield from wrong
            for batch in [] if wrong else result.partitions(_BATCH):
                for row in batch:
                    number += 1
                    yield _item(number, columns, row)
    except _Refused as refused:
        yield refused.trouble
    except DBAPIError as error:
        if raised:
            raise raised[0] from None
        if isinstance(error.orig, sqlite3.Error) and str(error.orig) in _NOT_AUTHORIZED:
            yield Trouble("the query of a roster may only read", None, "write a single SELECT")
            return
        first = str(error.orig).strip().partition("\n")[0]  # what follows may name values
        reason = mask_driver_text(first, str(roster.url.value))
        shown = "its columns hold secrets, so the reason isn't shown" if roster.secret and number else reason
        yield Trouble(f"the query can't be answered{f' after row {number}' if number else ''}: {shown}")
    except (SQLAlchemyError, ValueError):  # what it says may hold a password
        yield Trouble("the query can't be answered: the database's driver doesn't understand the URL or the answer")


def _item(number: int, columns: list[str], row: Sequence[Any]) -> Found:
    try:
        return Item(number, dict(zip(columns, map(json_value, row), strict=True)))
    except NotJson as refused:
        at = next(name for name, value in zip(columns, row, strict=True) if value is refused.value)
        return Trouble(f"the column {quote(at)} holds {refused.what}", number, f"cast it to text: CAST({at} AS text)")


def _column_troubles(roster: SqlRoster, columns: list[str]) -> Iterator[Trouble]:
    if not columns:
        yield Trouble("the query gives no rows: it isn't a SELECT")
        return
    for name in dict.fromkeys(name for name in columns if columns.count(name) > 1):
        yield Trouble(f"the query gives two columns {quote(name)}", None, "give one of them another name with AS")
    for name in (roster.id_column, *sorted(roster.secret)):
        if name not in columns:
            hint = did_you_mean(name, columns) or f"its columns: {list_columns(columns)}"
            yield Trouble(f'the query gives no column "{name}"', None, hint)


@contextmanager
def _connected(roster: SqlRoster, raised: list[BaseException]) -> Iterator[Connection]:
    """A connection whose transaction is rolled back in the end; it holds no more than a batch of rows.

    A query is ended by what the handler of a signal raises, which is ``raised`` then: SQLite forgets it.
    """
    engine = _engine(roster, raised)
    try:
        options: dict[str, Any] = {"stream_results": True, "yield_per": _BATCH, "no_parameters": True}
        if engine.dialect.name == "postgresql":
            options["postgresql_readonly"] = True
        with engine.connect().execution_options(**options) as connection:
            yield connection
            connection.rollback()
    finally:
        engine.dispose()


def _engine(roster: SqlRoster, raised: list[BaseException]) -> Engine:
    url = _url(str(roster.url.value))
    if url.get_backend_name() == "sqlite":
        return create_engine("sqlite://", creator=lambda: _open_file(url, roster.folder, raised))
    usual = {"connect_timeout": _CONNECT_SECONDS, "application_name": "paragon-sync"}
    arguments = {key: value for key, value in usual.items() if key not in url.query}
    try:
        return create_engine(url, hide_parameters=True, connect_args=arguments if url.drivername == _POSTGRESQL else {})
    except NoSuchModuleError:
        raise _Refused(f"{url.drivername}:// is no database that is known", _FORMS) from None
    except ImportError:
        hint = "install it beside paragon-sync: pip install 'paragon-sync[postgresql]'"
        other = f"install the driver of {url.drivername} beside paragon-sync"
        message = f"{url.get_backend_name()}:// needs a database driver that isn't installed"
        raise _Refused(message, hint if url.drivername == _POSTGRESQL else other) from None


_FORMS: Final = "write sqlite:///FILE, postgresql://USER@HOST/NAME, or another URL as SQLAlchemy takes it"


def _url(text: str) -> URL:
    try:
        url = make_url(text)
    except (SQLAlchemyError, ValueError):  # what it says may hold the password
        raise _Refused("the URL of the database can't be understood", _FORMS) from None
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))


def _open_file(url: URL, folder: str, raised: list[BaseException]) -> sqlite3.Connection:
    """The file, to be read alone: SQLite would make one that isn't there."""
    file = Path(folder) / (url.database or "")
    if not url.database or not file.is_file():
        raise _Refused(f"there is no SQLite file {url.database or ''}".rstrip(), "it is relative to the Project file")
    connection = sqlite3.connect(
        f"file:{percent_encoded(str(file.absolute()))}?mode=ro", uri=True, check_same_thread=False
    )
    connection.set_progress_handler(_going_on(raised).__next__, _STEPS)
    connection.set_authorizer(_authorize)
    return connection


_NOT_AUTHORIZED: Final = {"not authorized", "authorization denied"}
"""SQLite's words for what the authorizer denied; its error code is that of any error for some statements."""

_READING: Final = {
    sqlite3.SQLITE_SELECT,
    sqlite3.SQLITE_READ,
    sqlite3.SQLITE_FUNCTION,
    sqlite3.SQLITE_RECURSIVE,
    sqlite3.SQLITE_TRANSACTION,
}


def _authorize(action: int, first: str | None, *_: str | None) -> int:
    """Allow SQLite to read and nothing else: ``ATTACH`` and ``VACUUM INTO`` make files although it opened one to read.

    SQLAlchemy asks for the isolation level when it connects.
    """
    is_asked = action == sqlite3.SQLITE_PRAGMA and first == "read_uncommitted"
    return sqlite3.SQLITE_OK if action in _READING or is_asked else sqlite3.SQLITE_DENY


def _going_on(raised: list[BaseException]) -> Iterator[bool]:
    """Tells SQLite again and again not to stop, until a signal's handler raises: it may wherever Python has its turn.

    A function would be left by that before its first line; a generator goes on inside its ``try``.
    """
    while not raised:
        try:
            yield False
        except GeneratorExit:
            raise
        except BaseException as error:  # noqa: BLE001 - raised again once SQLite has ended the query
            raised.append(error)
    while True:
        yield True
