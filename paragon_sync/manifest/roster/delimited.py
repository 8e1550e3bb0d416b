"""CSV → rows: a header, and as many fields in each row; all of them text. Owns csv; knows nothing of ids but where."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paragon_sync.manifest.quoting import list_columns, quote
from paragon_sync.manifest.roster.lines import Unreadable, lines
from paragon_sync.manifest.roster.rows import DELIMITERS, Found, Item, Trouble
from paragon_sync.model.declared import FileRoster
from paragon_sync.model.similar_names import did_you_mean

if TYPE_CHECKING:
    from _csv import Reader as _Reader


def items(roster: FileRoster) -> Iterator[Found]:
    """The rows in their order, each with the line on which it starts. Lines without anything on them don't count."""
    reader = csv.reader(lines(roster.path), delimiter=roster.delimiter, strict=True)
    try:
        header = next(filter(None, reader), None)
        if header is None:
            yield Trouble("the file is empty: a header with the names of the columns is missing")
            return
        wrong = list(_header_troubles(roster, header, reader.line_num))
        yield from wrong
        if not wrong:
            yield from _rows(reader, header)
    except csv.Error as error:
        yield Trouble(f"the header can't be read: {error}", reader.line_num)
    except Unreadable as error:
        yield Trouble(error.message, error.line, error.hint)


def _rows(reader: _Reader, header: list[str]) -> Iterator[Found]:
    width = len(header)
    while True:
        number = reader.line_num + 1
        try:
            for fields in reader:
                if len(fields) == width:
                    yield Item(number, dict(zip(header, fields, strict=True)))
                elif fields:
                    yield Trouble(_unequal(len(fields), width), number, "quote a field that holds the delimiter")
                number = reader.line_num + 1
        except csv.Error as error:
            yield Trouble(f"the row can't be read: {error}", number, 'quotes inside a field are doubled: "a ""b"" c"')
        else:
            return


def _unequal(fields: int, columns: int) -> str:
    return f"the row has {fields} {'field' if fields == 1 else 'fields'}, and the header {columns}"


def _header_troubles(roster: FileRoster, header: list[str], line: int) -> Iterator[Trouble]:
    for number, name in enumerate(header, 1):
        if not name.strip():
            yield Trouble(f"column {number} of the header has no name", line)
        elif name in header[: number - 1]:
            yield Trouble(f"the header names the column {quote(name)} twice", line)
    missing = [name for name in (roster.id_column, *sorted(roster.secret)) if name not in header]
    for name in missing:
        yield Trouble(f'there is no column "{name}"', line, _hint(name, header, roster.delimiter))


def _hint(name: str, header: list[str], delimiter: str) -> str:
    others = [written for written, one in DELIMITERS.items() if one != delimiter and one in header[0]]
    if len(header) == 1 and others:
        return f'the header looks as if its delimiter were another one: write delimiter: "{others[0]}"'
    return did_you_mean(name, header) or f"its columns: {list_columns(header)}"
