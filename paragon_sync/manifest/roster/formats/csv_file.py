"""CSV files as rosters."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from paragon_sync.manifest.roster import delimited
from paragon_sync.manifest.roster.format import Declaration, Declared, RosterFormat
from paragon_sync.manifest.roster.rows import DELIMITERS

NAME: Final = "csv"


def declare(declaration: Declaration) -> Declared:
    """Return the roster in a CSV file."""
    delimiter = DELIMITERS.get(declaration.text("delimiter", ","))
    if delimiter is None:
        return None, []
    roster, faults = declaration.file(NAME)
    return None if roster is None else replace(roster, delimiter=delimiter), faults


FORMAT: Final = RosterFormat(
    name=NAME,
    title="CSV file",
    description=(
        "A CSV file with a header, relative to the Project file; `-` is standard input. All values are text. `.gz` and"
        " `.zst` files are unpacked."
    ),
    keys={
        "delimiter": {
            "title": "Delimiter",
            "description": "What stands between the columns of a CSV file. A comma by default.",
            "enum": [*DELIMITERS],
        }
    },
    endings=(".csv",),
    fixed_columns=True,
    declare=declare,
    read=delimited.items,
)
