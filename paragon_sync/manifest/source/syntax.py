"""What a YAML syntax error means, for people. Knows PyYAML's messages and nothing else."""

from __future__ import annotations

import yaml

_BRACKETS = "quote a value that holds any of , : ? [ ] { }"
_ESCAPES = r"write \\ for a backslash, or use single quotes"
_MEANINGS: tuple[tuple[str, str, str | None], ...] = (
    (r"found character '\t'", "a tab can't stand here", "indent and separate with spaces; in a value, quote it"),
    ("mapping values are not allowed", "no colon can be here", 'quote a value that holds ": "; check the indentation'),
    ("could not find expected ':'", "the key before this has no colon", 'write "key: value"'),
    ("found unexpected end of stream", "a quote is opened and never closed", None),
    ("found unexpected document separator", "a quote is opened and never closed", None),
    ("expected <block end>", "this doesn't fit the lines above", "check the indentation, and the quotes"),
    ("expected ',' or ']'", "a comma or the closing ] is missing", _BRACKETS),
    ("expected ',' or '}'", "a comma or the closing } is missing", _BRACKETS),
    ("expected the node content", "a value is missing here", None),
    ("found unknown escape character", "an unknown escape in double quotes", _ESCAPES),
    ("escape sequence of", "an escape in double quotes is incomplete", _ESCAPES),
    ("sequence entries are not allowed", "a list can't start here", "put the dash on a line of its own"),
    ("expected '<document start>'", "the document ends before this", 'put "---" between documents; check the brackets'),
    ("cannot start any token", "an unquoted value can't start with this character", "quote it"),
    ("found undefined tag handle", "tags aren't supported", "remove it: quotes make a string"),
)  # fmt: skip


def explain(error: yaml.MarkedYAMLError) -> tuple[str, str | None, yaml.Mark | None]:
    """Message, hint, and where."""
    mark = error.problem_mark or error.context_mark
    text = f"{error.context or ''} {error.problem or ''}".strip()
    for fragment, message, hint in _MEANINGS:
        if fragment in text:
            if "never closed" in message:
                mark = error.context_mark or mark
            if "closing" in message and error.context_mark:
                return f"{message} (opened {_lines_above(error.context_mark, mark)})", hint, mark
            return message, hint, mark
    return f"not valid YAML: {text}", None, mark


def _lines_above(opened: yaml.Mark, noticed: yaml.Mark | None) -> str:
    lines = noticed.line - opened.line if noticed else 0
    return "in this line" if lines == 0 else f"{lines} line{'' if lines == 1 else 's'} above"
