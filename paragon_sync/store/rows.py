"""Puts many rows into a table with few statements. Knows no table, and what the rows mean.

The driver lets other threads run while it executes a statement, and must wait until it may go on: with a statement for
each row it would wait longer than it works.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import chain
from typing import Final, Literal, TypeAlias

from sqlalchemy import Connection, Table

Values: TypeAlias = "tuple[str | int | float | None, ...]"
"""One row: a value for each column of its table, in their order."""

MOST: Final = 64
"""Rows in a statement: of nine columns, no driver takes offence at so many values."""

Known = Literal["error", "keep", "replace"]
"""What becomes of a row whose key is there already; ``error`` raises, as the driver does."""


def put(connection: Connection, table: Table, rows: Sequence[Values], *, known: Known = "error") -> None:
    """Add the rows; with ``replace`` no two of them may have the same key."""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    for done in range(0, len(rows), MOST):
        part = rows[done : done + MOST]
        statement = _statement(table, len(part), mark, known)
        connection.exec_driver_sql(statement, tuple(chain.from_iterable(part)))


@functools.cache
def _statement(table: Table, rows: int, mark: str, known: Known) -> str:
    """In SQL that SQLite and PostgreSQL both know."""
    names = [column.name for column in table.columns]
    keys = [column.name for column in table.primary_key]
    row = f"({', '.join([mark] * len(names))})"
    text = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES {', '.join([row] * rows)}"  # noqa: S608 - our names
    match known:
        case "error":
            return text
        case "keep":
            return f"{text} ON CONFLICT ({', '.join(keys)}) DO NOTHING"
        case "replace":
            changed = ", ".join(f"{name} = excluded.{name}" for name in names if name not in keys)
            return f"{text} ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changed}"
