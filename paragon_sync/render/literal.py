"""How a customer's text and values are written on a line of a terminal: escaped, and cut to a width. Knows no plan.

Nothing that comes out moves a cursor, changes a colour, turns the direction of writing or fails to be encoded.
"""

from __future__ import annotations

from itertools import accumulate, takewhile
from typing import Final

from rich.cells import cell_len

from paragon_sync.jsonvalue import Absent, Json, Number, Repeated, dumps
from paragon_sync.render.printable import printable

ELLIPSIS: Final = "…"
_LEAD: Final = 8  # characters of what two long values share, shown before the first difference


def literal(value: Json | Absent) -> str:
    """A value as JSON on one line, with the characters of its strings as they look; ABSENT is ``(absent)``."""
    match value:
        case Absent.ABSENT:
            return "(absent)"
        case str():
            return '"' + printable(value.replace("\\", "\\\\").replace('"', '\\"')) + '"'
        case dict():
            return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(literal, value)) + "]"
        case Number():
            return value.text
        case Repeated():
            return "{" + ", ".join(f"{literal(key)}: {literal(item)}" for key, item in value.pairs) + "}"
        case _:
            return dumps(value)


def fit(text: str, width: int) -> str:
    """The text, cut at its end to so many cells; what is cut shows as ``…``."""
    if cell_len(text) <= width:
        return text
    kept = sum(1 for _ in takewhile(lambda used: used < width, accumulate(map(cell_len, text))))
    return text[:kept] + ELLIPSIS


def fit_both(before: str, after: str, width: int) -> tuple[str, str]:
    """Both texts, cut to so many cells together, such that their first difference stays in sight."""
    if cell_len(before) + cell_len(after) <= width:
        return before, after
    half = width // 2
    shared = next((at for at, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), None)
    shared = min(len(before), len(after)) if shared is None else shared
    if cell_len(before[:shared]) > half - _LEAD:
        before, after = (ELLIPSIS + text[max(0, shared - _LEAD) :] for text in (before, after))
    if cell_len(before) <= half:
        return before, fit(after, width - cell_len(before))
    if cell_len(after) <= half:
        return fit(before, width - cell_len(after)), after
    return fit(before, half), fit(after, width - half)


def pad(text: str, width: int) -> str:
    """The text, filled up with blanks to so many cells."""
    return text + " " * (width - cell_len(text))
