"""Quote what a roster holds in messages. A file that is no roster may hold secrets, and escape sequences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

MAX_LISTED_COLUMNS: Final = 20
"""Columns that a message names."""
_LONGEST_QUOTED: Final = 60
"""Characters of a name or an id that a message quotes."""


def quote(text: str) -> str:
    """Return a name or an id in quotes; its length alone where it is long or not printable: it may be no roster's."""
    if len(text) <= _LONGEST_QUOTED and text.isprintable():
        return f'"{text}"'
    return f"(a text of {len(text):,} characters)"


def list_columns(names: Iterable[str]) -> str:
    """Return the names of columns for a hint, each as :func:`quote` gives it, but without quotes."""
    listed = [quote(name).strip('"') for name in names]
    more = len(listed) - MAX_LISTED_COLUMNS
    shown = ", ".join(listed[:MAX_LISTED_COLUMNS]) or "none"
    return f"{shown} and {more:,} more" if more > 0 else shown
