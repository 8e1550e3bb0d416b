"""Rosters → rows, as a stream: who the users of a document about many are. Knows no document, template or catalog.

One module for each format, in ``formats``. Every problem of a roster comes with the place of its row and never stops
the reading, but there is a bound to how many are told. Ids are compared on disk.
"""

from __future__ import annotations

from collections.abc import Iterator

from paragon_sync.errors import Problem
from paragon_sync.manifest.roster import ids, inline
from paragon_sync.manifest.roster.format import RosterFormats
from paragon_sync.manifest.roster.formats import FORMATS
from paragon_sync.manifest.roster.rows import MOST_TOLD, STANDARD_INPUT, Found, Row, Trouble, label_of, place_of
from paragon_sync.manifest.roster.written import roster_of
from paragon_sync.manifest.source import locate_all
from paragon_sync.model.declared import FileRoster, InlineRoster, Roster, SqlRoster

__all__ = ["MOST_TOLD", "STANDARD_INPUT", "Row", "columns_are_fixed", "label_of", "place_of", "read", "roster_of"]


def read(roster: Roster, formats: RosterFormats = FORMATS) -> Iterator[Row | Problem]:
    """The rows in their order and every problem, of which no more than :data:`MOST_TOLD` are told.

    Rows can come before a problem that makes them worthless: nothing may be done with them until all are read.
    """
    told, users = 0, 0
    for item in ids.rows(roster, _found(roster, formats)):
        if isinstance(item, Row):
            users += 1
            yield item
            continue
        told += 1
        yield problem(roster, item)
        if told == MOST_TOLD:
            message = f"reading ended after {told} problems: there may be more"
            yield problem(roster, Trouble(message, item.number))
            return
    if not (users or told):
        hint = "a roster without users never means “nothing”: remove the document, or correct the roster"
        yield problem(roster, Trouble(f"{_name(roster)} gives no users", None, hint))


def problem(roster: Roster, trouble: Trouble) -> Problem:
    """What is wrong with a row, with its position; of a query's row, which has none, with its number."""
    (at,) = locate_all([place_of(roster, trouble.number)])
    message = trouble.message
    if isinstance(roster, SqlRoster) and trouble.number is not None:
        message = f"{label_of(roster, trouble.number)}: {message}"
    column = at.column if trouble.column is None else trouble.column
    return Problem(message=message, file=at.file, line=at.line, column=column, hint=trouble.hint)


def columns_are_fixed(roster: Roster, formats: RosterFormats = FORMATS) -> bool:
    """Whether every row has the same columns; else a row may lack what others have."""
    return not isinstance(roster, InlineRoster) and formats[roster.format].fixed_columns


def _name(roster: Roster) -> str:
    if not isinstance(roster, FileRoster):
        return "the roster"
    return "standard input" if roster.path == STANDARD_INPUT else roster.path


def _found(roster: Roster, formats: RosterFormats) -> Iterator[Found]:
    return inline.items(roster) if isinstance(roster, InlineRoster) else formats[roster.format].read(roster)
