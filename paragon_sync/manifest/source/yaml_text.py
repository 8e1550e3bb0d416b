"""YAML, closed against its traps: one document's text → its value, and where everything in it stands.

Owns PyYAML and knows nothing of what documents mean. There is one table of what a plain scalar is (:func:`kind_of`)
and two ways to read. The C parser may only *accept*: whatever it doesn't like, or looks unusual, is read again by the
pure one, which is the verdict, and which reports every problem that YAML lets it find.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

import yaml
from yaml.composer import Composer
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from paragon_sync.jsonvalue import Json, JsonObject, Number, Pointer, number
from paragon_sync.manifest.source.spots import DEEPEST, Report, Spot
from paragon_sync.manifest.source.syntax import explain
from paragon_sync.manifest.source.text import count_lines

_STRING: Final = "a string"
_NUMBER: Final = "a number"
_BOOLEAN: Final = "a boolean"
_NULL: Final = "null"
_EMPTY: Final = "nothing"
_FALSE_NULL: Final = "a false null"
_COLLECTION: Final = "a collection"

_JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS: Final = {
    "": _EMPTY,
    "null": _NULL,
    "true": _BOOLEAN,
    "false": _BOOLEAN,
    "~": _FALSE_NULL,
    "Null": _FALSE_NULL,
    "NULL": _FALSE_NULL,
}

_UNUSUAL: Final = re.compile(r"(?<!\w)(?:!|[&*](?=\S))|^%|\t|[|>][-+0-9]*#", re.MULTILINE)
"""What may be an anchor, an alias, a tag, a directive, a tab, or a comment that hugs a block scalar's head: libyaml
can't tell of these, or takes them otherwise than the pure parser (as it does a question mark between brackets)."""
_DIRECTIVE: Final = re.compile(r"(?:[ \t]*(?:#[^\n\r]*)?[\n\r]+)*%")
_MOST_OPENINGS: Final = 5000
"""libyaml's composer recurses in C for each level of nesting, without a bound of its own."""


def kind_of(text: str) -> str:
    """The resolver table: what a plain (unquoted) scalar is."""
    if text in _WORDS:
        return _WORDS[text]
    return _NUMBER if _JSON_NUMBER.fullmatch(text) else _STRING


def is_string(text: str) -> bool:
    """Whether the text, unquoted, would be read as the string that it is."""
    return kind_of(text) is _STRING


class _Table:
    """PyYAML's resolver interface over :func:`kind_of`."""

    def resolve(self, kind: type[Node], value: str, implicit: tuple[bool, bool]) -> str:
        if kind is not ScalarNode:
            return _COLLECTION
        return kind_of(value) if implicit[0] else _STRING

    def descend_resolver(self, parent: Node | None, index: object) -> None:
        """Paths don't count."""

    def ascend_resolver(self) -> None:
        """Paths don't count."""


class _Unusual(Exception):
    """The fast reader leaves this document to the careful one."""


class _Composing(Protocol):
    def get_single_node(self) -> Node | None: ...


def _fast_loader() -> Callable[[str], _Composing] | None:
    """The parser and composer of libyaml, or None where PyYAML was built without it."""
    try:
        from yaml._yaml import CParser
    except ImportError:
        return None

    class FastLoader(CParser, _Table):
        pass

    return FastLoader


_FAST_LOADER: Final = _fast_loader()


def read_fast(text: str) -> Json | None:
    """The document's value, or None where only :func:`read_carefully` can tell."""
    brackets = text.count("[") + text.count("{")
    if _FAST_LOADER is None or _UNUSUAL.search(text) or (brackets and "?" in text):
        return None
    if brackets + text.count("- ") + text.count("? ") > _MOST_OPENINGS:
        return None
    try:
        node = _FAST_LOADER(text).get_single_node()
        return None if node is None else _value(node, 0)
    except (yaml.YAMLError, _Unusual):
        return None


def _value(node: Node, depth: int) -> Json:
    if node.__class__ is ScalarNode:
        return _scalar(node.tag, node.value)
    if depth >= DEEPEST:
        raise _Unusual
    if node.__class__ is SequenceNode:
        return [_value(item, depth + 1) for item in node.value]
    result: JsonObject = {}
    for key, item in node.value:
        if key.tag is not _STRING or (key.value == "<<" and not key.style) or key.value in result:
            raise _Unusual
        result[key.value] = _value(item, depth + 1)
    return result


def _scalar(kind: str, text: str) -> Json:
    if kind is _STRING:
        return text
    if kind is _NUMBER and not isinstance(value := number(text), Number):
        return value
    if kind is _BOOLEAN:
        return text == "true"
    if kind is _NULL:
        return None
    raise _Unusual


def read_carefully(text: str, report: Report, first_line: int = 1) -> tuple[Json, Spot, frozenset[Pointer]] | None:
    """The value, its spots, and the places whose value is a stand-in because it was reported; None where there is no
    value at all. ``first_line`` is the line of the file on which the text starts.
    """
    careful = _Careful(report, first_line)
    if (directive := _DIRECTIVE.match(text)) is not None:
        report(
            first_line + count_lines(text, 0, directive.end()), 1, "directives (%) aren't supported", "remove the line"
        )
        return None
    try:
        node = _CarefulLoader(text, careful).get_single_node()
        if node is None or node.tag is _EMPTY:
            report(first_line, 1, "the document is empty", "an empty document never means “nothing”: remove it")
            return None
        value, spot = careful.read(node, ())
    except yaml.MarkedYAMLError as error:
        message, hint, mark = explain(error)
        report(first_line + (mark.line if mark else 0), mark.column + 1 if mark else 1, message, hint)
        return None
    return value, spot, frozenset(careful.broken)


_Read: TypeAlias = tuple[Json, Spot]


class _CarefulLoader(Reader, Scanner, Parser, Composer, _Table):
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
            return ScalarNode(_STRING, "", mark, mark)
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
            if value_node.tag is _EMPTY:
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
        elif key.tag is _EMPTY:
            self.at(mark, "a key is missing before the colon", 'write the key, or "" for the empty one')
        elif key.tag is not _STRING:
            self.at(mark, f"the key {key.value} isn't a string", f'quote it: "{key.value}"')
        elif key.value == "<<" and not key.style:
            self.at(mark, "merge keys (<<) aren't supported", "use a profile")
        else:
            return _joined(key.value)
        return None

    def _scalar(self, node: ScalarNode, pointer: Pointer) -> Json:
        text: str = node.value
        if node.tag is _STRING:
            return _joined(text)
        try:
            return _scalar(node.tag, text)
        except _Unusual:
            self.broken.add(pointer)
        if node.tag is _EMPTY:
            self.at(
                node.start_mark, _no_value(pointer), 'write null, "", {} or [] for one of these, or remove the line'
            )
        elif node.tag is _FALSE_NULL:
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
