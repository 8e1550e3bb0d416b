"""What a database driver gives → JSON. Knows Python's types, and no database."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from typing import Final
from uuid import UUID

from paragon_sync.jsonvalue import Json, number

_AS_THEY_ARE: Final = frozenset({str, int, bool, type(None)})


class NotJson(Exception):
    """A value that JSON doesn't have; ``what`` says so in words."""

    def __init__(self, value: object, what: str) -> None:
        super().__init__(what)
        self.value = value
        self.what = what


def json_value(value: object) -> Json:
    """Text, numbers, booleans and null as they are; dates and times as ISO 8601 and UUIDs as text.

    A decimal is a number of the same value: ``20.00`` is 20. Raises :class:`NotJson` for anything else.
    """
    match value:
        case None | bool() | int() | str() if type(value) in _AS_THEY_ARE:
            return value
        case float() if math.isfinite(value):
            return value
        case Decimal() if value.is_finite():
            plain = format(value, "f")
            return number(plain.rstrip("0").rstrip(".") if "." in plain else plain)
        case float() | Decimal():
            raise NotJson(value, "a number that isn't finite, which JSON doesn't have")
        case dt.date() | dt.time():  # a datetime is a date
            return value.isoformat()
        case UUID():
            return str(value)
        case list() | tuple():
            return [_inside(item, value) for item in value]
        case dict():
            return {str(key): _inside(item, value) for key, item in value.items()}
        case _:
            raise NotJson(value, f"a value of the type {type(value).__name__}, which JSON doesn't have")


def _inside(item: object, whole: object) -> Json:
    try:
        return json_value(item)
    except NotJson as refused:
        raise NotJson(whole, refused.what) from None
