"""The emulator's own JSON: what a fixture or a request holds is served exactly as it came.

Knows nothing of the package's other JSON reader, on purpose: a misunderstanding that both shared would pass every test.

A number keeps its text, an object that names a key twice keeps both, a lone surrogate stays in its string.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii
from typing import Any, Final, TypeAlias

_PLAIN_DIGITS: Final = 300  # longer integers stay text: converting them is slow, and refused from 4,300 digits on


@dataclass(frozen=True, slots=True)
class Number:
    """A number as its text: every fraction and exponent, ``-0``, and integers of very many digits."""

    text: str

    def __float__(self) -> float:
        return float(self.text)


@dataclass(frozen=True, slots=True)
class Pairs:
    """An object that names a key more than once: its members in the order in which they came."""

    members: tuple[tuple[str, Json], ...]


Json: TypeAlias = "bool | int | Number | str | list[Json] | dict[str, Json] | Pairs | None"
"""Any JSON value as the emulator holds it; there is no ``float``."""

JsonObject: TypeAlias = "dict[str, Json]"


class Unreadable(ValueError):
    """Text that isn't JSON, or a Python value that is none of :data:`Json`."""


def loads(text: str | bytes) -> Json:
    """Read a JSON document; raises :class:`Unreadable`."""
    try:
        value: Json = _DECODER.decode(text if isinstance(text, str) else text.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error) or "nested too deeply") from None
    return value


def dumps(value: Json) -> str:
    """Write a JSON document in ASCII without spaces; lone surrogates become escapes."""
    try:
        return _ENCODER.encode(value)
    except _Needs:
        return "".join(_write(value))


def as_object(value: Json) -> JsonObject | None:
    """The value as a dictionary, of repeated keys the last as servers do it; None if it is no object."""
    match value:
        case dict():
            return value
        case Pairs(members):
            return dict(members)
        case _:
            return None


def from_python(value: object) -> Json:
    """A value built in Python, such as a fixture in a test; raises :class:`Unreadable` for what JSON has not."""
    match value:
        case None | bool() | int() | str() | Number() | Pairs():
            return value
        case float():
            return _number(repr(value))
        case dict():
            return {_key(key): from_python(item) for key, item in value.items()}
        case list() | tuple():
            return [from_python(item) for item in value]
        case _:
            raise Unreadable(f"{type(value).__name__} is not a JSON value")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise Unreadable(f"the key {key!r} is not a string")
    return key


def _number(text: str) -> int | Number:
    if text in {"nan", "inf", "-inf"}:
        raise Unreadable(f"{text} is not a JSON value")
    if len(text) < _PLAIN_DIGITS and text != "-0" and text.lstrip("-").isdigit():
        return int(text)
    return Number(text)


def _members(pairs: list[tuple[str, Json]]) -> JsonObject | Pairs:
    value = dict(pairs)
    return value if len(value) == len(pairs) else Pairs(tuple(pairs))


def _constant(text: str) -> Json:
    raise ValueError(f"{text} is not a JSON value")


class _Needs(Exception):
    """The fast writer met a value that only :func:`_write` can write."""


def _needs(value: object) -> Json:
    if isinstance(value, Number | Pairs):
        raise _Needs
    raise Unreadable(f"{type(value).__name__} is not a JSON value")


def _write(value: Any) -> Iterator[str]:
    match value:
        case Number(text):
            yield text
        case dict() | Pairs():
            separator = "{"
            for key, item in value.items() if isinstance(value, dict) else value.members:
                yield f"{separator}{encode_basestring_ascii(key)}:"
                yield from _write(item)
                separator = ","
            yield "{}" if separator == "{" else "}"
        case list():
            separator = "["
            for item in value:
                yield separator
                yield from _write(item)
                separator = ","
            yield "[]" if separator == "[" else "]"
        case _:
            yield _ENCODER.encode(value)


_DECODER: Final = json.JSONDecoder(
    parse_int=_number, parse_float=Number, parse_constant=_constant, object_pairs_hook=_members
)
_ENCODER: Final = json.JSONEncoder(separators=(",", ":"), default=_needs)
