"""Read, write and compare JSON without loss; JSON Pointers.

Values are plain Python values, with two additions for what Python would lose: a number whose text Python would change
is a :class:`Number`, and an object with a repeated key is a :class:`Repeated`. Lone surrogates stay in their strings.

The codec is the standard library's. With msgspec, `plan` and `apply` took 5 % less CPU time, `validate --offline` 12 %.
"""

from __future__ import annotations

import enum
import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import Any, Final, Self, TypeAlias

from paragon_sync.errors import JsonError

Pointer: TypeAlias = tuple[str, ...]
"""A JSON Pointer (RFC 6901) as its unescaped parts; the empty tuple is the whole document."""


class Absent(enum.Enum):
    """The type of :data:`ABSENT`, "there is no such key"; never confused with JSON's null."""

    ABSENT = "absent"

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = Absent.ABSENT

DEEPEST: Final = 250
"""How many arrays and objects may stand one in another in what :func:`loads` reads, if it isn't told otherwise."""

_PLAIN: Final = frozenset({str, int, bool, type(None)})

_LONGEST_INT: Final = 600  # digits; the least that a Python which limits the conversion can be set to is 640


@dataclass(frozen=True, slots=True)
class Number:
    """A JSON number whose text neither ``int`` nor ``float`` would give back (``-0``, ``1.10``, ``1e5``)."""

    text: str

    def __repr__(self) -> str:
        return self.text


class Real(float):
    """What a :class:`Number` is to whoever computes: its value. A number that comes of it has no text to keep."""

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Self:
        made = super().__new__(cls, text)
        made.text = text
        return made

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


Json: TypeAlias = "bool | int | float | Number | str | list[Json] | dict[str, Json] | Repeated | None"
"""Any JSON value as this package holds it."""

JsonObject: TypeAlias = "dict[str, Json]"


def number(text: str) -> int | float | Number:
    """Return the value of a number in JSON's grammar; :func:`dumps` writes it as ``text`` again."""
    if text.lstrip("-").isdigit():
        return _integer(text)
    value = float(text)
    return value if repr(value) == text else Number(text)


def _integer(text: str) -> int | Number:
    return int(text) if text != "-0" and len(text) < _LONGEST_INT else Number(text)


def computable(value: Json) -> Json:
    """The value with a :class:`Real` for each :class:`Number`: so that 1.10 is as much as 1.1, and more than 1."""
    if isinstance(value, Number):
        return Real(value.text)
    if isinstance(value, list) and any(type(item) not in _PLAIN for item in value):
        return [computable(item) for item in value]
    if isinstance(value, dict) and any(type(item) not in _PLAIN for item in value.values()):
        return {key: computable(item) for key, item in value.items()}
    return value


def equal(left: Json | Absent, right: Json | Absent) -> bool:
    """JSON equality: types count (``True`` ≠ ``1``), number text counts (``1`` ≠ ``1.0``), array order counts.

    Key order doesn't.
    """
    pending: list[tuple[Any, Any]] = [(left, right)]
    while pending:
        a, b = pending.pop()
        if type(a) is not type(b):
            return False
        if type(a) in _PLAIN:
            if a != b:
                return False
        elif isinstance(a, dict):
            if a.keys() != b.keys():
                return False
            pending.extend(zip(a.values(), map(b.__getitem__, a), strict=True))
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


def loads(text: str | bytes, *, deepest: int = DEEPEST) -> Json:
    """Read one JSON document.

    Raises :class:`JsonError` for anything that isn't JSON (``NaN``, bytes that aren't UTF-8), and for nesting
    deeper than ``deepest``: whatever was read can then be walked and written, inside a larger document too.
    """
    try:
        decoded = text if isinstance(text, str) else text.decode("utf-8")
        value: Json = _DECODER.decode(decoded.removeprefix("\ufeff"))
    except RecursionError:
        raise JsonError("nested too deeply") from None
    except ValueError as error:
        raise JsonError(f"not JSON: {error}") from None
    if decoded.count("[") + decoded.count("{") > deepest and _deeper(value, deepest):
        raise JsonError(f"nested too deeply: more than {deepest} levels")
    return value


def dumps(
    value: Json | Mapping[str, Json] | Sequence[Json], *, indent: int | None = None, sort_keys: bool = False
) -> str:
    """Write a document in ASCII; what :func:`loads` read comes back as the same values, number text included.

    Without ``indent`` there are no spaces. Raises :class:`JsonError` for what JSON can't carry: a
    :class:`Repeated`, infinity, nesting too deep.
    """
    try:
        with suppress(_Needs):
            return _encoder(indent, sort_keys=sort_keys).encode(value)
        return "".join(_write(value, indent=indent, sort_keys=sort_keys))
    except RecursionError:
        raise JsonError("can't be written as JSON: nested too deeply") from None
    except ValueError as error:
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


def find_repeated(value: Json) -> Pointer | None:
    """Return the path of the first object with a repeated key, the key included, or None."""
    match value:
        case Repeated():
            return (value.keys[0],)
        case dict():
            members: Iterable[tuple[str, Json]] = value.items()
        case list():
            members = ((str(index), item) for index, item in enumerate(value))
        case _:
            return None
    for key, item in members:
        if type(item) not in _PLAIN and (found := find_repeated(item)) is not None:
            return (key, *found)
    return None


def _deeper(value: Json, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [item for outer in layer for item in _items(outer) if isinstance(item, dict | list | Repeated)]
    return bool(layer)


def _items(value: Json) -> Iterable[Json]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case Repeated():
            return [item for _, item in value.pairs]
        case _:
            return ()


class _Needs(Exception):
    """The C encoder met a value that only :func:`_write` can write."""


def _unknown(value: object) -> Json:
    match value:
        case Number() | Repeated():
            raise _Needs
        case Mapping():
            return dict(value)
        case _:
            raise TypeError(f"{type(value).__name__} is not a JSON value")


def _write(value: Any, *, indent: int | None, sort_keys: bool, newline: str = "\n") -> Iterable[str]:
    match value:
        case Number():
            yield value.text
        case Repeated():
            raise JsonError(f"an object has the key {value.keys[0]!r} twice and can't be written as it was")
        case Mapping() | list() | tuple() if value:
            is_object = isinstance(value, Mapping)
            inner = newline if indent is None else newline + " " * indent
            colon = ":" if indent is None else ": "
            separator, closing = "{}" if is_object else "[]"
            for item in sorted(value) if sort_keys and is_object else value:
                yield separator if indent is None else separator + inner
                if is_object:
                    yield encode_basestring_ascii(item) + colon
                nested = value[item] if is_object else item
                yield from _write(nested, indent=indent, sort_keys=sort_keys, newline=inner)
                separator = ","
            yield closing if indent is None else newline + closing
        case _:
            yield _encoder(None, sort_keys=False).encode(value)


@functools.cache
def _encoder(indent: int | None, *, sort_keys: bool) -> json.JSONEncoder:
    separators = (",", ":") if indent is None else (",", ": ")
    return json.JSONEncoder(
        allow_nan=False,
        check_circular=False,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
        default=_unknown,
    )


def _constant(text: str) -> Json:
    raise ValueError(f"{text} is not a JSON value")


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json] | Repeated:
    value = dict(pairs)
    return value if len(value) == len(pairs) else Repeated(tuple(pairs))


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=number, parse_constant=_constant
)
