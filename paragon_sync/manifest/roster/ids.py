"""The ids of a roster's rows: each row has one, it is text, and it stands once. Compares them on disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Final

from paragon_sync.errors import StateError
from paragon_sync.jsonvalue import ABSENT, Absent, Json
from paragon_sync.manifest.quoting import list_columns, quote
from paragon_sync.manifest.roster.rows import MOST_TOLD, Found, Item, Row, Trouble, label_of
from paragon_sync.model.declared import Roster, SqlRoster

_BATCH: Final = 1000
_AGAIN: Final = """
    SELECT later.user, first.number, later.number
    FROM (SELECT user, min(number) AS number FROM seen GROUP BY user HAVING count(*) > 1) AS first
    JOIN seen AS later ON later.user = first.user AND later.number > first.number
    ORDER BY later.number LIMIT ?
"""


def rows(roster: Roster, found: Iterable[Found]) -> Iterator[Row | Trouble]:
    """The rows by their ids, everything that is wrong with these, and what was wrong before.

    That an id stands twice is told when all rows have been read. Raises :class:`StateError` when the disk is full.
    """
    seen = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # a file that nobody else sees
    try:
        seen.execute("CREATE TABLE seen (user BLOB NOT NULL, number INTEGER NOT NULL)")
        batch: list[tuple[bytes, int]] = []
        for one in found:
            row = _identified(roster, one) if isinstance(one, Item) else one
            yield row
            if isinstance(row, Row):
                batch.append((row.user.encode(), row.number))
                if len(batch) >= _BATCH:
                    _keep(seen, batch)
        _keep(seen, batch)
        for user, first, number in seen.execute(_AGAIN, (MOST_TOLD,)):
            message = f"user {quote(user.decode())} stands here again; first in {label_of(roster, first)}"
            yield Trouble(message, number, "a user stands once in a roster: keep one of the rows")
    except sqlite3.Error as error:
        raise StateError(
            f"can't compare the users of a roster on disk: {error}",
            hint="TMPDIR names the folder for temporary files; it needs room and must be writable",
        ) from error
    finally:
        seen.close()


def _keep(seen: sqlite3.Connection, batch: list[tuple[bytes, int]]) -> None:
    seen.execute("BEGIN")
    seen.executemany("INSERT INTO seen VALUES (?, ?)", batch)
    seen.execute("COMMIT")
    batch.clear()


def _identified(roster: Roster, item: Item) -> Row | Trouble:
    column = roster.id_column
    user: Json | Absent = item.values.get(column, ABSENT)
    if isinstance(roster, SqlRoster) and type(user) is int:
        user = str(user)
    if isinstance(user, str):
        if not user.strip():
            return Trouble(f'the user\'s id is empty: there is nothing in the column "{column}"', item.number)
        if not user.isascii() and any("\ud800" <= char <= "\udfff" for char in user):
            return Trouble("the user's id holds half a character (a lone surrogate)", item.number)
        return Row(user, item.number, item.values)
    if user is ABSENT:
        hint = f"its columns: {list_columns(item.values)}; id: names the one that holds the user's id"
        return Trouble(f'the row has no column "{column}"', item.number, hint)
    quote = "quote it" if isinstance(user, int | float) and not isinstance(user, bool) else None
    return Trouble(f'the user\'s id in the column "{column}" must be a string', item.number, quote)
