"""What stands inside a compound value: reading, putting and removing by path, with ``*`` for every member.

Objects are entered by key and arrays by index. Knows no targets and no steps.
"""

from __future__ import annotations

from collections.abc import Iterator

from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import ABSENT, Json, Pointer, format_pointer
from paragon_sync.model.migration import EACH
from paragon_sync.model.planned import Value


def paths(value: Value, pattern: Pointer) -> list[Pointer]:
    """The paths that the pattern stands for in this value: ``*`` for each member there is, other parts as they are."""
    found: list[tuple[Pointer, Value]] = [((), value)]
    for part in pattern:
        found = [
            ((*at, key), member)
            for at, inner in found
            for key, member in (_members(inner) if part == EACH else [(part, _member(inner, part))])
        ]
    return [at for at, _ in found]


def matched(pattern: Pointer, path: Pointer, other: Pointer) -> Pointer:
    """``other`` with what ``*`` stood for when ``pattern`` led to ``path``, in their order."""
    stood_for = iter([part for wanted, part in zip(pattern, path, strict=True) if wanted == EACH])
    return tuple(next(stood_for, part) if part == EACH else part for part in other)


def read(value: Value, path: Pointer) -> Value:
    """What the path leads to; :data:`ABSENT` also where what stands on the way is no object and no array."""
    for part in path:
        value = _member(value, part)
    return value


def put(value: Value, path: Pointer, new: Value) -> Value:
    """A copy with ``new`` at the path (:data:`ABSENT` removes it); objects that are missing on the way are created.

    Raises :class:`JsonError` where something that is neither object nor array stands on the way, or an array would
    lose or gain an item.
    """
    if not path:
        return new
    head, rest = path[0], path[1:]
    if value is ABSENT and new is ABSENT:
        return ABSENT
    if isinstance(value, list):
        return _with_item(value, head, put(_member(value, head), rest, new))
    if value is not ABSENT and not isinstance(value, dict):
        raise JsonError(f"what holds {format_pointer((head,))} is no object")
    copy = {} if value is ABSENT else dict(value)
    inner = put(copy.get(head, ABSENT), rest, new)
    if inner is ABSENT:
        copy.pop(head, None)
    else:
        copy[head] = inner
    return copy


def _with_item(items: list[Json], index: str, new: Value) -> list[Json]:
    if _member(items, index) is ABSENT:
        raise JsonError(f"a list has no item {index}")
    if new is ABSENT:
        raise JsonError("an item of a list can't be taken out of it")
    return [new if str(number) == index else item for number, item in enumerate(items)]


def _member(value: Value, part: str) -> Value:
    if isinstance(value, dict):
        return value.get(part, ABSENT)
    if isinstance(value, list):
        return next((item for number, item in enumerate(value) if str(number) == part), ABSENT)
    return ABSENT


def _members(value: Value) -> Iterator[tuple[str, Value]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from ((str(number), item) for number, item in enumerate(value))
