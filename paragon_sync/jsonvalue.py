"""JSON as data that must come back as it went: equality, codec and pointers.

A leaf: knows JSON and nothing of Paragon, manifests or plans.

Values are plain Python values, with two additions that keep what Python would lose:
a number whose text Python would change is a :class:`Number`, and an object that names one
key twice is a :class:`Repeated`. Lone surrogates stay in the strings that hold them.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import Any, Final, TypeAlias

from paragon_sync.errors import JsonError

Pointer: TypeAlias = tuple[str, ...]
"""A JSON Pointer (RFC 6901) as its unescaped parts; the empty tuple is the whole document."""


class Absent(enum.Enum):
    """The type of :data:`ABSENT`, "there is no such key"; never confused with JSON's null."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT

_LONGEST_INT: Final = 4000  # digits; Python refuses to convert longer ones


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number whose text neither ``int`` nor ``float`` would give back (``-0``, ``1.10``, ``1e5``)."""

    text: str

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Repeated:
    """An object that has a key twice: readers disagree on its meaning, so it can't be carried."""

    pairs: tuple[tuple[str, Json], ...]

    @property
    def keys(self) -> list[str]:
        """The keys that stand more than once, each once, in order."""
        seen: dict[str, int] = {}
        for key, _ in self.pairs:
            seen[key] = seen.get(key, 0) + 1
        return [key for key, count in seen.items() if count > 1]


Json: TypeAlias = "None | bool | int | float | Number | str | list[Json] | dict[str, Json] | Repeated"
"""Any JSON value as this package holds it."""

JsonObject: TypeAlias = "dict[str, Json]"


def number(text: str) -> int | float | Number:
    """The value for a number in JSON's grammar, such that :func:`dumps` gives ``text`` back."""
    if text.lstrip("-").isdigit():
        return int(text) if text != "-0" and len(text) < _LONGEST_INT else Number(text)
    value = float(text)
    return value if repr(value) == text else Number(text)


def equal(left: Json | Absent, right: Json | Absent) -> bool:
    """JSON equality: types count (``True`` ≠ ``1``), number text counts (``1`` ≠ ``1.0``), array order counts, key order doesn't."""
    pending: list[tuple[Any, Any]] = [(left, right)]
    while pending:
        a, b = pending.pop()
        if type(a) is not type(b):
            return False
        if isinstance(a, dict):
            if a.keys() != b.keys():
                return False
            pending.extend((value, b[key]) for key, value in a.items())
        elif isinstance(a, list):
            if len(a) != len(b):
                return False
            pending.extend(zip(a, b, strict=True))
        elif isinstance(a, Repeated):
            if len(a.pairs) != len(b.pairs):
                return False
            pending.extend(pair for x, y in zip(a.pairs, b.pairs, strict=True) for pair in zip(x, y, strict=True))
        elif isinstance(a, float):
            if repr(a) != repr(b):
                return False
        elif a != b:
            return False
    return True


def loads(text: str | bytes) -> Json:
    """Read one JSON document.

    Raises :class:`JsonError` for anything that isn't JSON: ``NaN``, bytes that aren't UTF-8, nesting
    deeper than Python's stack.
    """
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8")
        value: Json = _DECODER.decode(decoded.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise JsonError(f"not JSON: {error}") from None
    return value


def dumps(
    value: Json | Mapping[str, Json] | Sequence[Json], *, indent: int | None = None, sort_keys: bool = False
) -> str:
    """Write a document in ASCII; what :func:`loads` read comes back as the same values, number text included.

    Raises :class:`JsonError` for what JSON can't carry: a :class:`Repeated`, infinity, nesting too deep.
    """
    try:
        if indent is None and not sort_keys:
            return _ENCODER.encode(value)
        return json.dumps(value, indent=indent, sort_keys=sort_keys, allow_nan=False, default=_unknown)
    except _Needs:
        return "".join(_write(value, indent, sort_keys, "\n"))
    except (ValueError, RecursionError) as error:
        raise JsonError(f"can't be written as JSON: {error}") from None


def parse_pointer(text: str) -> Pointer:
    """The parts of a JSON Pointer; raises :class:`JsonError` when it doesn't start with ``/``."""
    if text == "":
        return ()
    if not text.startswith("/"):
        raise JsonError(f"{text!r} is not a JSON Pointer: it must start with '/'")
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/"))


def format_pointer(parts: Iterable[str]) -> str:
    """The text of a JSON Pointer; ``~`` and ``/`` in a part are escaped."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def lookup(value: Json, pointer: Pointer) -> Json | Absent:
    """The value that the pointer names in nested objects, or :data:`ABSENT`; arrays are not entered."""
    for part in pointer:
        if not isinstance(value, dict) or part not in value:
            return ABSENT
        value = value[part]
    return value


def assign(value: JsonObject, pointer: Pointer, new: Json | Absent) -> JsonObject:
    """A copy of ``value`` with ``new`` at the pointer (:data:`ABSENT` removes it); what isn't on the way is shared.

    Objects that are missing on the way are created, but not for a removal. A value on the way that is no object is
    a :class:`JsonError`: replacing it would destroy it.
    """
    head, rest = pointer[0], pointer[1:]
    copy = dict(value)
    if not rest:
        if new is ABSENT:
            copy.pop(head, None)
        else:
            copy[head] = new
        return copy
    if head not in value and new is ABSENT:
        return copy
    inner = value.get(head, {})
    if not isinstance(inner, dict):
        raise JsonError(f"{format_pointer((head,))} is not an object")
    copy[head] = assign(inner, rest, new)
    return copy


def find_repeated(value: Json, at: Pointer = ()) -> Pointer | None:
    """Where the first object with a repeated key stands, or None."""
    if isinstance(value, Repeated):
        return (*at, value.keys[0])
    items: Iterable[tuple[str, Json]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = ((str(index), item) for index, item in enumerate(value))
    for key, item in items:
        if isinstance(item, dict | list | Repeated) and (found := find_repeated(item, (*at, key))) is not None:
            return found
    return None


class _Needs(Exception):
    """The C encoder met a value that only :func:`_write` can write."""


def _unknown(value: object) -> Json:
    if isinstance(value, Number | Repeated):
        raise _Needs
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _write(value: Any, indent: int | None, sort_keys: bool, newline: str) -> Iterable[str]:
    match value:
        case Number():
            yield value.text
        case Repeated():
            raise JsonError(f"an object has the key {value.keys[0]!r} twice and can't be written as it was")
        case dict() | list() if value:
            opening, closing = "{}" if isinstance(value, dict) else "[]"
            inner = newline if indent is None else newline + " " * indent
            separator = opening
            keys: Any = sorted(value) if sort_keys and isinstance(value, dict) else value
            for key in keys:
                yield separator if indent is None else separator + inner
                if isinstance(value, dict):
                    yield encode_basestring_ascii(key) + (":" if indent is None else ": ")
                    yield from _write(value[key], indent, sort_keys, inner)
                else:
                    yield from _write(key, indent, sort_keys, inner)
                separator = ","
            yield closing if indent is None else newline + closing
        case _:
            yield json.dumps(value, allow_nan=False, default=_unknown)


def _constant(text: str) -> Json:
    raise ValueError(f"{text} is not a JSON value")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json] | Repeated:
    value = dict(pairs)
    return value if len(value) == len(pairs) else Repeated(tuple(pairs))


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=number, parse_float=number, parse_constant=_constant
)
_ENCODER: Final = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=_unknown)
