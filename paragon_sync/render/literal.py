"""How a customer's text and values are written on a line of a terminal: escaped, and cut to a width. Knows no plan.

Nothing that comes out moves a cursor, changes a colour, turns the direction of writing or fails to be encoded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, combinations, takewhile
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


def fit_all(texts: Sequence[str], width: int) -> list[str]:
    """Cut each text to about so many cells, such that texts that differ still differ.

    What is left out shows as ``…``. Where the cut ends would be alike, each text shows the places of first differences.
    """
    cut = [fit(text, width) for text in texts]
    if len(set(cut)) == len(set(texts)):
        return cut
    differences = sorted({_shared(a, b) for a, b in combinations(set(texts), 2)})
    each = max(width // len(differences), 2 * _LEAD)
    return [_excerpts(text, differences, each) for text in texts]


def _shared(one: str, other: str) -> int:
    """How many characters both texts begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _excerpts(text: str, places: Iterable[int], width: int) -> str:
    """The parts of the text around ``places``, in their order, with ``…`` for what is between them."""
    shown, end = "", 0
    for place in places:
        start = max(end, place - _LEAD, 0)
        if start >= len(text):
            break
        shown += (ELLIPSIS if start > end else "") + fit(text[start:], width).removesuffix(ELLIPSIS)
        end = start + len(fit(text[start:], width).removesuffix(ELLIPSIS))
    return shown + (ELLIPSIS if end < len(text) else "")


def pad(text: str, width: int) -> str:
    """The text, filled up with blanks to so many cells."""
    return text + " " * (width - cell_len(text))
