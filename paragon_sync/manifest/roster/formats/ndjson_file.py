"""NDJSON files as rosters."""

from __future__ import annotations

from typing import Final

from paragon_sync.manifest.roster import json_rows
from paragon_sync.manifest.roster.format import RosterFormat

NAME: Final = "ndjson"

FORMAT: Final = RosterFormat(
    name=NAME,
    title="NDJSON file",
    description=(
        "A file with one JSON object on each line, relative to the Project file; `-` is standard input. Values have"
        " JSON's types. `.gz` and `.zst` files are unpacked."
    ),
    endings=(".ndjson", ".jsonl"),
    declare=lambda declaration: declaration.file(NAME),
    read=json_rows.items,
)
