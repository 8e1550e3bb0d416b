"""Documents as YAML text that reads back as the same values. Knows neither files nor where documents come from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.manifest.source.spots import DEEPEST
from paragon_sync.manifest.source.text import UNPRINTABLE

_INDENT: Final = "  "
_LONGEST_KEY: Final = 900
"""YAML reads at most 1,024 characters before the colon; longer keys take the explicit form."""
_ROOM: Final = 10
"""Levels that a document itself needs around a value."""

_PLAIN: Final = re.compile(r"[^\W\d_][\w./@+-]*(?: [\w./@+-]+)*")
_MISREAD: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that this or another YAML reader takes for something else than text, in any case."""
_SPECIAL: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_LONGEST_ESCAPE: Final = 0xFFFF
"""The last character whose escape has four digits."""
_NEVER_LINES: Final = re.compile(r"\A[ \n]|[\r\t]| $|\n\n\Z|" + UNPRINTABLE.pattern, re.MULTILINE)
"""In text that isn't written as lines: an indented start, blanks at a line's end, and what nobody can see."""
_SURROGATE_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def write_user(document: JsonObject) -> str:
    """A document in the manifest grammar as block-style YAML, in the order of its keys.

    Raises :class:`JsonError` where a value isn't :func:`carriable`.
    """
    if not all(carriable(key) and carriable(value) for key, value in document.items()):
        raise JsonError("the document holds a value that YAML can't carry")
    return "".join(f"{line}\n" for line in _object(document, ""))


def carriable(value: Json) -> bool:
    """Whether a manifest can hold the value such that it reads back exactly."""
    return _carriable(value, 0)


def _carriable(value: Json, depth: int) -> bool:
    match value:
        case None | bool() | int():
            return True
        case float():
            return value - value == 0  # neither infinite nor NaN
        case str():
            return not _SURROGATE_PAIR.search(value)
        case dict() if depth < DEEPEST - _ROOM:
            return all(_carriable(key, depth) and _carriable(item, depth + 1) for key, item in value.items())
        case list() if depth < DEEPEST - _ROOM:
            return all(_carriable(item, depth + 1) for item in value)
        case _:
            return False


def _object(value: JsonObject, indent: str) -> Iterator[str]:
    for key, item in value.items():
        name = _inline(key)
        if len(name) > _LONGEST_KEY:
            yield f"{indent}? {name}"
            name = ""
        yield from _entry(f"{indent}{name}:", item, indent)


def _array(value: list[Json], indent: str) -> Iterator[str]:
    for item in value:
        if isinstance(item, dict | list) and item:
            first, *rest = _lines(item, indent + _INDENT)
            yield f"{indent}- {first.removeprefix(indent + _INDENT)}"
            yield from rest
        else:
            yield from _entry(f"{indent}-", item, indent)


def _entry(head: str, value: Json, indent: str) -> Iterator[str]:
    if isinstance(value, dict | list) and value:
        yield head
        yield from _lines(value, indent + _INDENT)
    elif isinstance(value, str) and "\n" in value and not (_NEVER_LINES.search(value) or any(map(_is_hidden, value))):
        yield f"{head} |" if value.endswith("\n") else f"{head} |-"
        for line in value.removesuffix("\n").split("\n"):
            yield f"{indent}{_INDENT}{line}" if line else ""
    else:
        yield f"{head} {_inline(value)}"


def _lines(value: JsonObject | list[Json], indent: str) -> Iterator[str]:
    return _object(value, indent) if isinstance(value, dict) else _array(value, indent)


def _inline(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            plain = _PLAIN.fullmatch(value) and value.casefold() not in _MISREAD
            return value if plain else '"' + "".join(map(_escape, value)) + '"'
        case dict():
            return "{}"
        case list():
            return "[]"
        case _:
            return repr(value)


def _escape(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if not _is_hidden(character):
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= _LONGEST_ESCAPE else f"\\U{code:08x}"


def _is_hidden(character: str) -> bool:
    """Whether a character shows nothing, or changes how others are shown: control, format and private ones."""
    is_seen = character.isprintable() or character.isspace()  # wide and no-break blanks are seen
    return not is_seen or UNPRINTABLE.match(character) is not None
