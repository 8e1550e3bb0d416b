"""Records from JSON and back: the fields of a data class, in camel case, each value of the kind its field has.

Knows nothing of what the records mean.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from paragon_sync.emulator import codec
from paragon_sync.emulator.codec import Json, JsonObject
from paragon_sync.errors import EmulatorError

Record = TypeVar("Record")
Bounds = Mapping[str, tuple[float, float]]


class Unfit(EmulatorError):
    """JSON that doesn't say what it should."""


def names(record: Any) -> list[str]:
    """The names that a record's fields have in JSON."""
    return [_camel(field.name) for field in dataclasses.fields(record)]


def filled(record: Record, given: JsonObject, at: str, bounds: Bounds) -> Record:
    """The record with what was given; ``bounds`` are the least and most of numbers, others are at least 0."""
    hints = get_type_hints(type(record))
    fields = {}
    for key, value in given.items():
        name = _snake(key)
        if key not in names(record):
            raise Unfit(f"{at} has no {key!r}; it may hold {', '.join(names(record))}")
        fields[name] = _value(value, hints[name], f"{at}: {key}", bounds.get(name, (0, 10**9)))
    made: Record = dataclasses.replace(record, **fields)  # type: ignore[type-var]
    return made


def to_json(record: Any) -> JsonObject:
    """What a record says, without what is left open."""
    fields = {_camel(field.name): getattr(record, field.name) for field in dataclasses.fields(record)}
    return {name: codec.from_python(value) for name, value in fields.items() if value not in (None, ())}


def _value(value: Json, hint: Any, at: str, bounds: tuple[float, float]) -> object:
    options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    if value is None and type(None) in options:
        return None
    kind = options[0]
    if get_origin(kind) is Literal:
        if value in get_args(kind):
            return value
        raise Unfit(f"{at} must be {' or '.join(get_args(kind))}")
    if get_origin(kind) is tuple:
        given = value if isinstance(value, list) else [value]
        item = get_args(kind)[0]
        if given and get_origin(item) is Literal:
            return tuple(_value(one, item, at, bounds) for one in given)
        if given and all(isinstance(one, str) for one in given):
            return tuple(str(one) for one in given)
        raise Unfit(f"{at} must be a string or an array of strings")
    if kind is bool:
        if isinstance(value, bool):
            return value
        raise Unfit(f"{at} must be true or false")
    return _number(value, kind, at, bounds)


def _number(value: Json, kind: type[float], at: str, bounds: tuple[float, float]) -> float:
    least, most = bounds
    number = float(value.text) if isinstance(value, codec.Number) and kind is float else value
    if isinstance(number, int | float) and not isinstance(number, bool) and least <= number <= most:
        return kind(number)
    raise Unfit(f"{at} must be {'an integer' if kind is int else 'a number'} from {least:.12g} to {most:.12g}")


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)
