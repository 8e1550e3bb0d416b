"""YAML by libyaml, for the documents that have nothing unusual: one document's text → its value.

The C parser may only *accept*: whatever it doesn't like, or looks unusual, is left to ``yaml_careful``, the verdict.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Protocol

import yaml
from yaml.nodes import Node, ScalarNode, SequenceNode

from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.manifest.source.spots import DEEPEST
from paragon_sync.manifest.source.yaml_table import STRING, Table, Unusual, scalar

_UNUSUAL: Final = re.compile(
    r"!(?<!\w!)|&(?<!\w&)(?=\S)|\*(?<!\w\*)(?=\S)|%(?<=^%)|\t|\|[-+0-9]*#|>[-+0-9]*#", re.MULTILINE
)
"""What may be an anchor, an alias, a tag, a directive, a tab, or a comment that hugs a block scalar's head: libyaml
can't tell of these, or takes them otherwise than the pure parser (as it does a question mark between brackets). Each
alternative starts with a character of its own, which makes the search ten times as fast."""
_MOST_OPENINGS: Final = 5000
"""libyaml's composer recurses in C for each level of nesting, without a bound of its own."""


def read(text: str) -> Json | None:
    """The document's value, or None where only :func:`yaml_careful.read` can tell."""
    brackets = text.count("[") + text.count("{")
    if _FAST_LOADER is None or _UNUSUAL.search(text) or (brackets and "?" in text):
        return None
    if brackets + text.count("- ") + text.count("? ") > _MOST_OPENINGS:
        return None
    try:
        node = _FAST_LOADER(text).get_single_node()
        return None if node is None else _value(node, 0)
    except (yaml.YAMLError, Unusual):
        return None


def _value(node: Node, depth: int) -> Json:
    if node.__class__ is ScalarNode:
        return scalar(node.tag, node.value)
    if depth >= DEEPEST:
        raise Unusual
    if node.__class__ is SequenceNode:
        return [_value(item, depth + 1) for item in node.value]
    result: JsonObject = {}
    for key, item in node.value:
        if key.tag is not STRING or (key.value == "<<" and not key.style) or key.value in result:
            raise Unusual
        result[key.value] = _value(item, depth + 1)
    return result


class _Composing(Protocol):
    def get_single_node(self) -> Node | None: ...


def _fast_loader() -> Callable[[str], _Composing] | None:
    """The parser and composer of libyaml, or None where PyYAML was built without it."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return None

    class FastLoader(CParser, Table):
        pass

    return FastLoader


_FAST_LOADER: Final = _fast_loader()
