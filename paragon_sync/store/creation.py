"""Makes the state's tables where they are missing, and finds out how they are kept. Knows no runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Engine, insert, select, text, update

from paragon_sync.errors import StateError
from paragon_sync.store.sealing import Plain, Sealed, Sealing, Unavailable
from paragon_sync.store.tables import FORMAT_VERSION, format_, metadata

_CREATION: Final = 0x7061726167  # the advisory lock under which tables are made: two first commands at once are one

_FIRST: Final = "1"
_SECOND: Final = "2"
_FROM_SECOND: Final = ("ALTER TABLE paragon_sync_attempts ADD COLUMN refused BOOLEAN",)
"""The second format has no fences, and its attempts don't say whether they were refused."""
_FROM_FIRST: Final = (
    """INSERT INTO paragon_sync_states (run, number, state, outcome)
        SELECT run, number, state, outcome FROM paragon_sync_entries""",
    """INSERT INTO paragon_sync_answers (run, number, opened_monotonic, closed, closed_monotonic)
        SELECT run, number, opened_monotonic, closed, closed_monotonic FROM paragon_sync_attempts
        WHERE closed IS NOT NULL ON CONFLICT DO NOTHING""",
    "DROP INDEX paragon_sync_entries_by_state",
    "ALTER TABLE paragon_sync_entries DROP COLUMN state",
    "ALTER TABLE paragon_sync_entries DROP COLUMN outcome",
    "ALTER TABLE paragon_sync_attempts DROP COLUMN closed",
    "ALTER TABLE paragon_sync_attempts DROP COLUMN closed_monotonic",
)
"""The first format kept what becomes of operations and attempts in the rows of these."""


def opened(engine: Engine, shown: str, key: str | None) -> Sealing:
    """How values are kept in this database, whose tables are there now; those of the first format become today's.

    Raises :class:`StateError` for tables of another version, :class:`PlanKeyError` for another key.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _CREATION})
        metadata.create_all(connection)
        found = connection.execute(select(format_)).first()
        if found is None:
            connection.execute(insert(format_).values(version=FORMAT_VERSION))
        elif found.version == _FIRST:
            _upgrade(connection, (*_FROM_FIRST, *_FROM_SECOND))
        elif found.version == _SECOND:
            _upgrade(connection, _FROM_SECOND)
        elif found.version != FORMAT_VERSION:
            raise StateError(
                f"the state in {shown} has format {found.version}, and this paragon-sync knows format {FORMAT_VERSION}",
                hint="use the version that wrote it",
            )
        return _sealing(connection, found.sealing if found else None, f"the state in {shown}", key)


def _upgrade(connection: Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)
    connection.execute(update(format_).values(version=FORMAT_VERSION))


def _sealing(connection: Connection, described: str | None, name: str, key: str | None) -> Sealing:
    if described is not None:
        try:
            return Unavailable(name) if key is None else Sealed.known(key, described, name)
        except ValueError as error:
            raise StateError(f"{name} holds a record that can't be read: how it is encrypted") from error
    if key is None:
        return Plain()
    sealed = Sealed.new(key)
    connection.execute(update(format_).values(sealing=sealed.describe()))
    return sealed
