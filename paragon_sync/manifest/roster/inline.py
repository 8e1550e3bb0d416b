"""Rows that stand in the manifest itself: ids, or mappings. Reads no file."""

from __future__ import annotations

from collections.abc import Iterator

from paragon_sync.manifest.roster.rows import Item
from paragon_sync.model.declared import InlineRoster


def items(roster: InlineRoster) -> Iterator[Item]:
    """The rows in their order; what the schema has refused is stepped over."""
    for number, row in enumerate(roster.rows, 1):
        if isinstance(row, str):
            yield Item(number, {roster.id_column: row})
        elif isinstance(row, dict):
            yield Item(number, row)
