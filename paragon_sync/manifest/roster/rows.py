"""The nouns of the room: rows, and what is wrong with one. Knows no source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, NamedTuple, TypeAlias, assert_never

from paragon_sync.jsonvalue import JsonObject
from paragon_sync.model.declared import FileRoster, InlineRoster, Place, Roster, SqlRoster

MOST_TOLD: Final = 20
"""Problems of one roster that are told; whoever has a million doesn't want to read them."""
STANDARD_INPUT: Final = "-"
SHOWN_INPUT: Final = "<stdin>"
DELIMITERS: Final = {",": ",", ";": ";", "|": "|", "tab": "\t"}
"""What may stand between the columns of a CSV file, by how it is written."""


class Row(NamedTuple):
    """One user of a roster. ``number`` is the line of a file, from 1; else the row's place among the others, from 1.

    ``values`` are all columns, that of the id included.
    """

    user: str
    number: int
    values: JsonObject


class Item(NamedTuple):
    """A row as its source gives it, whose id hasn't been looked at."""

    number: int
    values: JsonObject


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a row, or (where ``number`` is None) with the roster; ``column`` counts characters from 1."""

    message: str
    number: int | None = None
    hint: str | None = None
    column: int | None = None


Found: TypeAlias = Item | Trouble


def label_of(roster: Roster, number: int) -> str:
    """What people call a row: ``rosters/eu.csv:17``, ``row 17 of the query``."""
    match roster:
        case FileRoster():
            return f"{shown_path(roster)}:{number}"
        case SqlRoster():
            return f"row {number} of the query"
        case InlineRoster():
            return f"row {number} of users"
        case _:
            assert_never(roster)


def place_of(roster: Roster, number: int | None) -> Place:
    """Where a row stands, or (without a number) what names the roster."""
    match roster:
        case FileRoster() if number is not None:
            return Place(file=shown_path(roster), line=number)
        case FileRoster() | SqlRoster():
            return replace(roster.place, pointer=(*roster.place.pointer, roster.format))
        case InlineRoster():
            inner = () if number is None else (str(number - 1),)
            return replace(roster.place, pointer=(*roster.place.pointer, *inner))
        case _:
            assert_never(roster)


def shown_path(roster: FileRoster) -> str:
    return SHOWN_INPUT if roster.path == STANDARD_INPUT else roster.path
