"""Which paths of a user's full state differ, as hand-written expectations name them."""

from __future__ import annotations

from collections.abc import Iterator

from paragon_sync.emulator import codec
from paragon_sync.emulator.codec import Json

GONE = "gone"
REORDERED = "reordered"


def changed_paths(before: Json, after: Json) -> dict[str, str]:
    """Pointer → JSON text after, or ``gone``; members of arrays of things with ids are named by their ids."""
    return dict(_changes("", before, after))


def _changes(at: str, before: Json, after: Json) -> Iterator[tuple[str, str]]:
    old, new = _members(before), _members(after)
    if old is None or new is None or isinstance(before, list) is not isinstance(after, list):
        if codec.dumps(before) != codec.dumps(after):
            yield at, codec.dumps(after)
        return
    for key in {**old, **new}:
        path = f"{at}/{key.replace('~', '~0').replace('/', '~1')}"
        if key not in new:
            yield path, GONE
        elif key not in old:
            yield path, codec.dumps(new[key])
        else:
            yield from _changes(path, old[key], new[key])
    if [key for key in old if key in new] != [key for key in new if key in old] and isinstance(after, list):
        yield at, REORDERED


def _members(value: Json) -> dict[str, Json] | None:
    if isinstance(value, dict):
        return value
    if isinstance(value, list) and all(isinstance(one, dict) and isinstance(one.get("id"), str) for one in value):
        return {str(one["id"]): one for one in value if isinstance(one, dict)}
    return None
