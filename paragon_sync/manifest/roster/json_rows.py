"""NDJSON → rows: one object on each line, with JSON's types. Knows nothing of ids."""

from __future__ import annotations

from collections.abc import Iterator

from paragon_sync.manifest.roster.lines import Unreadable, lines
from paragon_sync.manifest.roster.rows import Found, Item, Trouble
from paragon_sync.manifest.source import json_lines
from paragon_sync.model.declared import FileRoster


def items(roster: FileRoster) -> Iterator[Found]:
    """The rows in their order; blank lines don't count. A secret column that no row has is told at the end."""
    unseen = set(roster.secret)
    number = 0
    try:
        for number, line in enumerate(lines(roster.path), 1):
            if line.isspace():
                continue
            value = json_lines.read_fast(line)
            if isinstance(value, dict):
                if unseen:
                    unseen.difference_update(value)
                yield Item(number, value)
            else:
                yield from _troubles(line, number)
    except Unreadable as error:
        yield Trouble(error.message, error.line, error.hint)
        return
    for name in sorted(unseen) if number else ():
        yield Trouble(f'no row has the column "{name}", which is declared secret')


def _troubles(line: str, number: int) -> list[Trouble]:
    found: list[Trouble] = []

    def report(_line: int, column: int, message: str, hint: str | None) -> None:
        found.append(Trouble(message, number, hint, column))

    json_lines.read_carefully(line, report, number)
    return found or [Trouble("a row must be a JSON object", number, "one object stands on each line")]
