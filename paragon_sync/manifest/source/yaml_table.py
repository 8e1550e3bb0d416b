"""What a YAML scalar is: one table for both readers. Knows PyYAML's resolver interface, and no syntax."""

from __future__ import annotations

import re
from typing import Final

from yaml.nodes import Node, ScalarNode

from paragon_sync.jsonvalue import Json, Number, number

STRING: Final = "a string"
NUMBER: Final = "a number"
BOOLEAN: Final = "a boolean"
NULL: Final = "null"
EMPTY: Final = "nothing"
FALSE_NULL: Final = "a false null"
COLLECTION: Final = "a collection"

_JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS: Final = {
    "": EMPTY,
    "null": NULL,
    "true": BOOLEAN,
    "false": BOOLEAN,
    "~": FALSE_NULL,
    "Null": FALSE_NULL,
    "NULL": FALSE_NULL,
}


def kind_of(text: str) -> str:
    """The resolver table: what a plain (unquoted) scalar is."""
    if text in _WORDS:
        return _WORDS[text]
    return NUMBER if _JSON_NUMBER.fullmatch(text) else STRING


class Table:
    """PyYAML's resolver interface over :func:`kind_of`."""

    def resolve(self, kind: type[Node], value: str, implicit: tuple[bool, bool]) -> str:
        if kind is not ScalarNode:
            return COLLECTION
        return kind_of(value) if implicit[0] else STRING

    def descend_resolver(self, parent: Node | None, index: object) -> None:
        """Paths don't count."""

    def ascend_resolver(self) -> None:
        """Paths don't count."""


class Unusual(Exception):
    """A scalar that is no value here: empty, a false null, a number that would not keep its text."""


def scalar(kind: str, text: str) -> Json:
    """The value of a scalar of this kind, or :class:`Unusual`."""
    if kind is STRING:
        return text
    if kind is NUMBER and not isinstance(value := number(text), Number):
        return value
    if kind is BOOLEAN:
        return text == "true"
    if kind is NULL:
        return None
    raise Unusual
