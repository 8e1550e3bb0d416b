"""NDJSON: one line's text → its document, and where everything in it stands. Knows nothing of what documents mean.

JSON is read by :func:`jsonvalue.loads`; the scanner here only tells where, when there is something to report.
"""

from __future__ import annotations

import re
from json import JSONDecodeError
from json.decoder import py_scanstring  # type: ignore[attr-defined]
from typing import Final

from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import Json, JsonObject, Pointer, loads, number
from paragon_sync.manifest.source.spots import DEEPEST, Report, Spot

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS: Final[tuple[tuple[str, Json], ...]] = (("true", True), ("false", False), ("null", None))


def read_fast(text: str) -> Json | None:
    """The value, in which an object may yet name a key twice; None where only :func:`read_carefully` can tell."""
    try:
        return loads(text, deepest=DEEPEST)
    except JsonError:
        return None


def read_carefully(text: str, report: Report, line: int) -> tuple[Json, Spot, frozenset[Pointer]] | None:
    """The value and its spots, or None where it isn't JSON."""
    try:
        return (*_Scanner(text, report, line).document(), frozenset())
    except JSONDecodeError as error:
        report(line, error.pos + 1, f"not JSON: {error.msg}", "one JSON document stands on each line")
        return None


class _Scanner:
    """Reads JSON by recursive descent; raises JSONDecodeError where it isn't JSON."""

    def __init__(self, text: str, report: Report, line: int) -> None:
        self._text = text
        self._report = report
        self._line = line
        self._at = 0

    def document(self) -> tuple[Json, Spot]:
        value, spot = self._value(0)
        if self._next():
            raise self._error("something follows the document")
        return value, spot

    def _next(self) -> str:
        self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]
        return self._text[self._at : self._at + 1]

    def _error(self, message: str) -> JSONDecodeError:
        return JSONDecodeError(message, self._text, self._at)

    def _value(self, depth: int) -> tuple[Json, Spot]:
        char = self._next()
        spot = Spot(self._line, self._at + 1)
        if depth > DEEPEST:
            raise self._error(f"nested deeper than {DEEPEST} levels")
        if char == '"':
            return self._string(), spot
        if char == "{":
            return self._object(spot, depth), spot
        if char == "[":
            return self._array(spot, depth), spot
        for word, value in _WORDS:
            if self._text.startswith(word, self._at):
                self._at += len(word)
                return value, spot
        if (match := _NUMBER.match(self._text, self._at)) is None:
            raise self._error("a value is missing")
        self._at = match.end()
        return number(match.group()), spot

    def _string(self) -> str:
        text: str
        text, self._at = py_scanstring(self._text, self._at + 1)
        return text

    def _object(self, spot: Spot, depth: int) -> JsonObject:
        result: JsonObject = {}
        while self._more("}", first=not spot.items):
            if self._next() != '"':
                raise self._error("a key in double quotes is missing")
            start = self._at
            key = self._string()
            if self._next() != ":":
                raise self._error("a colon is missing")
            self._at += 1
            value, item = self._value(depth + 1)
            if key in result:
                self._report(self._line, start + 1, f'the key "{key}" stands twice', "keep one of them")
                continue
            item.key = (self._line, start + 1)
            result[key] = value
            spot.items[key] = item
        return result

    def _array(self, spot: Spot, depth: int) -> list[Json]:
        result: list[Json] = []
        while self._more("]", first=not spot.items):
            value, spot.items[str(len(result))] = self._value(depth + 1)
            result.append(value)
        return result

    def _more(self, closing: str, *, first: bool) -> bool:
        """Step over an opening bracket or a comma, or over the closing bracket and say that there is no more."""
        char = self._next()
        if char == closing:
            self._at += 1
            return False
        if not first and char != ",":
            raise self._error(f"a comma or {closing} is missing")
        self._at += 1
        return not (first and self._next() == closing and self._step())

    def _step(self) -> bool:
        self._at += 1
        return True
