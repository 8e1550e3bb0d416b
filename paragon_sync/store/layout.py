"""What a plan file looks like inside: its tables, its digest, and where a row's text stands. Knows no nouns.

A plan's digest covers its header and every row as they are kept, encrypted or not, in the order in which they were
written. The file carries it, and opening the file computes it again, so a damaged or edited file is noticed; an editor
who also corrects the digest is caught by whoever reviewed the plan and passes the digest that they saw.

Users' ids, integrations' types and findings' kinds stand in columns of their own, by which rows are found, and are
never encrypted. The digest covers these columns as it covers the rest of a row; the indexes over them are SQLite's own,
made from the rows and held against them before they are used.

What people review of an operation and what a run needs of it are two JSON texts: a command that shows a plan reads a
fraction of it, and so does a run.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from paragon_sync.errors import PlanFileError

APPLICATION_ID: Final = 0x50535031
FORMAT_VERSION: Final = 5

Table = Literal["operations", "findings"]
Row = tuple[int, *tuple[bytes | None, ...]]
"""Number (from 0), then its table's columns in their order: ids, and texts as kept."""

TABLES: Final = {
    "meta": "CREATE TABLE meta (name TEXT NOT NULL, value BLOB NOT NULL)",
    "operations": (
        "CREATE TABLE operations (number INTEGER PRIMARY KEY, user BLOB NOT NULL, integration BLOB,"
        " review BLOB NOT NULL, run BLOB NOT NULL)"
    ),
    "findings": (
        "CREATE TABLE findings (number INTEGER PRIMARY KEY, user BLOB NOT NULL, integration BLOB,"
        " kind BLOB NOT NULL, row BLOB NOT NULL)"
    ),
}
INDEXES: Final = {
    "operations_by_user": "CREATE INDEX operations_by_user ON operations (user, integration)",
    "operations_by_integration": "CREATE INDEX operations_by_integration ON operations (integration)",
    "findings_by_user": "CREATE INDEX findings_by_user ON findings (user, integration, kind)",
    "findings_by_integration": "CREATE INDEX findings_by_integration ON findings (integration, kind)",
    "findings_by_kind": "CREATE INDEX findings_by_kind ON findings (kind)",
}
INSERT: Final[dict[Table, str]] = {
    "operations": "INSERT INTO operations VALUES (?, ?, ?, ?, ?)",
    "findings": "INSERT INTO findings VALUES (?, ?, ?, ?, ?)",
}
SELECT: Final[dict[Table, str]] = {
    "operations": "SELECT number, user, integration, review, run FROM operations ORDER BY number",
    "findings": "SELECT number, user, integration, kind, row FROM findings ORDER BY number",
}

_TYPES: Final = frozenset({bytes, type(None)})
_MAGIC: Final = b"SQLite format 3\x00"
_VERSION_AT: Final = 60
_APPLICATION_AT: Final = 68


class Section:
    """The running digest of one table's rows."""

    def __init__(self) -> None:
        self.count = 0
        self._hash = hashlib.sha256()

    def take(self, rows: Sequence[Row]) -> None:
        """The next rows. Raises :class:`ValueError` for one that no writer wrote."""
        parts: list[bytes] = []
        for number, *columns in rows:
            if type(number) is not int or not {*map(type, columns)} <= _TYPES:
                raise ValueError("a column has another type")
            lengths = " ".join(["-" if column is None else str(len(column)) for column in columns])
            parts += [b"%d %s\n" % (number, lengths.encode()), *filter(None, columns)]
        self._hash.update(b"".join(parts))
        self.count += len(rows)

    def __str__(self) -> str:
        return f"{self.count} {self._hash.hexdigest()}"


def digest(header: bytes, sealing: bytes, sections: dict[Table, Section]) -> str:
    """The digest of a whole plan, 64 hexadecimal characters; ``sealing`` is empty where nothing is encrypted."""
    parts = [f"paragon-sync plan {FORMAT_VERSION}", *(f"{name} {section}" for name, section in sections.items())]
    if sealing:
        parts.append(f"sealing {sealing.hex()}")
    return hashlib.sha256("\n".join(parts).encode() + b"\n" + header).hexdigest()


def schema() -> set[tuple[str, str, str, str]]:
    """What ``sqlite_schema`` says of a plan file: type, name, table and statement of everything in it."""
    tables = {("table", name, name, statement) for name, statement in TABLES.items()}
    return tables | {("index", name, name.partition("_")[0], statement) for name, statement in INDEXES.items()}


def place(what: Literal["header", "review", "run", "findings"], number: int = 0) -> str:
    """Where a text stands: encryption binds it to this place."""
    return f"{what} {number}"


def key(name: str) -> bytes:
    """An id as a column: lone surrogates and NUL included."""
    return name.encode("utf-8", "surrogatepass")


def name_of(column: bytes) -> str:
    """The id that :func:`key` was given."""
    return column.decode("utf-8", "surrogatepass")


def check_readable(path: Path) -> None:
    """Raises :class:`PlanFileError` for a file that isn't a plan of a version that is understood."""
    found = version_of(path)
    if found is None:
        raise PlanFileError(f"{path} is not a plan file", hint="plan files are made by: paragon-sync plan --out FILE")
    if found != FORMAT_VERSION:
        raise PlanFileError(
            f"{path} has plan format {found}, and this paragon-sync reads format {FORMAT_VERSION}",
            hint="make the plan again: paragon-sync plan"
            if found < FORMAT_VERSION
            else "use the version that made it, or make the plan again",
        )


def check_replaceable(path: Path) -> None:
    """Raises :class:`PlanFileError` where a new plan would take the place of something that is no plan."""
    if path.is_dir():
        raise PlanFileError(f"{path} is a folder", hint="name a file in it")
    if (path.exists() or path.is_symlink()) and (not path.is_file() or version_of(path) is None):
        raise PlanFileError(f"{path} exists and is not a plan file: it stays as it is", hint="choose another name")


def sync(path: Path) -> None:
    """Makes what was written to a file or folder survive a loss of power."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def version_of(path: Path) -> int | None:
    """The format version of a plan file, None for any other file."""
    with path.open("rb") as file:
        start = file.read(_APPLICATION_AT + 4)
    application = int.from_bytes(start[_APPLICATION_AT:], "big")
    if not start.startswith(_MAGIC) or application != APPLICATION_ID:
        return None
    return int.from_bytes(start[_VERSION_AT : _VERSION_AT + 4], "big")
