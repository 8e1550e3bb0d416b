"""YAML by PyYAML's pure parser: one document's text → its value, where everything stands, and every problem it has.

Slow, and the verdict: what it refuses is refused. Knows nothing of what documents mean.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

import yaml
from yaml.composer import Composer
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from paragon_sync.jsonvalue import Json, JsonObject, Pointer
from paragon_sync.manifest.source.spots import DEEPEST, Report, Spot
from paragon_sync.manifest.source.syntax import explain
from paragon_sync.manifest.source.text import count_lines
from paragon_sync.manifest.source.yaml_table import EMPTY, FALSE_NULL, STRING, Table, Unusual, scalar

_DIRECTIVE: Final = re.compile(r"(?:[ \t]*(?:#[^\n\r]*)?[\n\r]+)*%")

_CONFLICT_MARKER: Final = re.compile(r"^(?:<{7} |={7}$|>{7} )", re.MULTILINE)


def read(text: str, report: Report, first_line: int = 1) -> tuple[Json, Spot, frozenset[Pointer]] | None:
    """The value, its spots, and the places whose value is a stand-in because it was reported; None where there is no
    value at all. ``first_line`` is the line of the file on which the text starts.
    """
    careful = _Careful(report, first_line)
    if (directive := _DIRECTIVE.match(text)) is not None:
        report(
            first_line + count_lines(text, 0, directive.end()), 1, "directives (%) aren't supported", "remove the line"
        )
        return None
    if (marker := _CONFLICT_MARKER.search(text)) is not None:
        report(
            first_line + count_lines(text, 0, marker.start()),
            1,
            "a conflict marker of Git",
            "resolve the conflict, and remove the lines that begin with <<<<<<<, ======= and >>>>>>>",
        )
        return None
    try:
        node = _CarefulLoader(text, careful).get_single_node()
        if node is None or node.tag is EMPTY:
            report(first_line, 1, "the document is empty", "an empty document never means “nothing”: remove it")
            return None
        value, spot = careful.read(node, ())
    except yaml.MarkedYAMLError as error:
        message, hint, mark = explain(error)
        report(first_line + (mark.line if mark else 0), mark.column + 1 if mark else 1, message, hint)
        return None
    return value, spot, frozenset(careful.broken)


_Read: TypeAlias = tuple[Json, Spot]


class _CarefulLoader(Reader, Scanner, Parser, Composer, Table):
    """PyYAML's pure parser, which also tells of anchors, aliases and tags."""

    def __init__(self, text: str, careful: _Careful) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        self.careful = careful
        self.depth = 0
        self.anchored: set[str] = set()

    def compose_node(self, parent: Node | None, index: object) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        mark = event.start_mark
        if isinstance(event, yaml.AliasEvent):
            self.get_event()  # type: ignore[no-untyped-call]
            if event.anchor not in self.anchored:
                self.careful.at(mark, f"there is no anchor &{event.anchor}, and anchors aren't supported", "quote it")
            return ScalarNode(STRING, "", mark, mark)
        if event.anchor is not None:
            hint = "write the value out where it is used, or use a profile"
            self.careful.at(mark, f"the anchor &{event.anchor} isn't supported", hint)
            self.anchored.add(event.anchor)
            event.anchor = None
        if event.tag is not None:
            self.careful.at(mark, f"the tag {_shown(event.tag)} isn't supported", "remove it: quotes make a string")
            event.tag = None
        if self.depth > DEEPEST:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {DEEPEST} levels", problem_mark=mark)
        self.depth += 1
        node = super().compose_node(parent, index)  # type: ignore[arg-type]
        self.depth -= 1
        return node


def _shown(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


class _Careful:
    """Reads nodes into values, going on after each problem."""

    def __init__(self, report: Report, first_line: int) -> None:
        self._report = report
        self._first_line = first_line
        self.broken: set[Pointer] = set()

    def at(self, mark: yaml.Mark, message: str, hint: str | None = None) -> None:
        self._report(self._first_line + mark.line, mark.column + 1, message, hint)

    def read(self, node: Node, pointer: Pointer) -> _Read:
        spot = Spot(self._first_line + node.start_mark.line, node.start_mark.column + 1)
        if isinstance(node, ScalarNode):
            return self._scalar(node, pointer), spot
        if isinstance(node, SequenceNode):
            items: list[Json] = []
            for index, item in enumerate(node.value):
                value, spot.items[str(index)] = self.read(item, (*pointer, str(index)))
                items.append(value)
            return items, spot
        if isinstance(node, MappingNode):
            return self._object(node, pointer, spot), spot
        raise TypeError(type(node))

    def _object(self, node: MappingNode, pointer: Pointer, spot: Spot) -> JsonObject:
        result: JsonObject = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, node)
            if key is None:
                self.broken.add(pointer)
                if isinstance(key_node, ScalarNode):
                    self.read(value_node, (*pointer, ""))
                continue
            line, column = self._first_line + key_node.start_mark.line, key_node.start_mark.column + 1
            if key in result:
                first = spot.items[key].key or (0, 0)
                self.at(
                    key_node.start_mark, f'the key "{key}" stands twice; first in line {first[0]}', "keep one of them"
                )
                self.read(value_node, (*pointer, key))
                continue
            if value_node.tag is EMPTY:
                value_node.start_mark = key_node.start_mark  # where people look for it
            result[key], item = self.read(value_node, (*pointer, key))
            item.key = (line, column)
            spot.items[key] = item
        return result

    def _key(self, key: Node, parent: MappingNode) -> str | None:
        mark = key.start_mark
        if not isinstance(key, ScalarNode):
            if parent.flow_style and isinstance(key, MappingNode) and key.flow_style:
                self.at(parent.start_mark, "a template that isn't quoted", 'quote it: "{{ … }}"')
            else:
                self.at(mark, "a key must be a string, not a list or a mapping")
        elif key.tag is EMPTY:
            self.at(mark, "a key is missing before the colon", 'write the key, or "" for the empty one')
        elif key.tag is not STRING:
            self.at(mark, f"the key {key.value} isn't a string", f'quote it: "{key.value}"')
        elif key.value == "<<" and not key.style:
            self.at(mark, "merge keys (<<) aren't supported", "use a profile")
        else:
            return _joined(key.value)
        return None

    def _scalar(self, node: ScalarNode, pointer: Pointer) -> Json:
        text: str = node.value
        if node.tag is STRING:
            return _joined(text)
        try:
            return scalar(node.tag, text)
        except Unusual:
            self.broken.add(pointer)
        if node.tag is EMPTY:
            self.at(
                node.start_mark, _no_value(pointer), 'write null, "", {} or [] for one of these, or remove the line'
            )
        elif node.tag is FALSE_NULL:
            self.at(
                node.start_mark, f"only the word null is null, and {text} isn't", f'write null, or quote it: "{text}"'
            )
        else:
            hint = f'quote it: "{text}"; or write the number as JSON writers do'
            self.at(node.start_mark, f"the number {text} would not keep its text", hint)
        return text


def _no_value(pointer: Pointer) -> str:
    return f'"{pointer[-1]}" has no value' if pointer and not pointer[-1].isdigit() else "there is no value"


def _joined(text: str) -> str:
    """Two escapes that make one character (a surrogate pair) are joined, as in JSON; a lone one stays."""
    if text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
