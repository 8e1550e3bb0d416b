"""Templates in scalars of a parsed document, and conditions. Owns Jinja2; knows nothing of documents, users or rosters.

What a template can name is given to it; what it can do is bounded, because a plan must end and be repeatable.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from jinja2 import Template, TemplateError, TemplateSyntaxError, Undefined, meta, nodes
from jinja2.exceptions import UndefinedError
from jinja2.parser import Parser
from jinja2.runtime import Context

from paragon_sync.jsonvalue import Json, JsonObject, Number, Real, computable
from paragon_sync.manifest.quoting import list_columns
from paragon_sync.manifest.template.sandbox import ENVIRONMENT, LARGEST, bounded, parse
from paragon_sync.model.similar_names import did_you_mean

ROW: Final = "row"
"""The name whose members are columns."""

_FAILURES: Final = (
    TemplateError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError,
)  # fmt: skip
_JINJAS_END: Final = re.compile("(token )?'end of print statement'")
"""What Jinja calls the end of an expression, and nobody who writes one."""
_METHODS: Final = frozenset(dir(dict))
"""What a template may mean instead of a column of this name, to get at all columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What templates can refer to; ``secret`` are those names, and ``secret_columns`` those members of ``row``, that
    make secret what they touch.
    """

    values: Mapping[str, Json] = field(default_factory=dict)
    secret: frozenset[str] = frozenset()
    secret_columns: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """The value of a scalar; ``secret`` when its template touches a secret name."""

    value: Json = field(repr=False)
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Why a template has no value."""

    message: str
    hint: str | None = None


Answer: TypeAlias = Evaluated | Failed


@dataclass(frozen=True, slots=True)
class Touched:
    """What a template names. ``columns`` are members of ``row``; ``all_columns`` where it may look at any of them."""

    names: frozenset[str]
    columns: frozenset[str]
    all_columns: bool

    def secret(self, names: Names) -> bool:
        """Whether what it makes is a secret."""
        if not self.names.isdisjoint(names.secret):
            return True
        return bool(names.secret_columns) and (self.all_columns or not self.columns.isdisjoint(names.secret_columns))


def is_template(text: str) -> bool:
    """Whether the text holds anything to evaluate."""
    return "{{" in text or "{%" in text or "{#" in text


def evaluate(text: str, names: Names) -> Answer:
    """The value of one scalar: of exactly one ``{{ expression }}`` the expression's own value, else a string."""
    touched = None
    try:
        compiled = _compile(text)
        touched = compiled.touched
        value = _plain(compiled.run({name: computable(value) for name, value in names.values.items()}))
    except _FAILURES as error:
        if touched is None:
            return Failed(message=_message(error))
        if touched.secret(names):  # Python's messages quote the values that they are about
            return Failed(message="the template can't be evaluated: it fails on a secret, whose value isn't shown")
        return _failed(error, names, touched)
    return Evaluated(value=value, secret=touched.secret(names))


def touched_by(text: str) -> Touched | Failed:
    """What the template names, whatever there is; Failed where it is none."""
    try:
        return _compile(text).touched
    except _FAILURES as error:
        return Failed(message=_message(error))


def condition(text: str) -> str | Failed:
    """An expression as the template that :func:`evaluate` takes; its value must then be looked at: is it a boolean?"""
    template = f"{{{{ {text} }}}}"
    try:
        whole = _only_expression(template) is not None
        _compile(template)
    except _FAILURES as error:
        hint = "write the expression without braces" if is_template(text) else None
        if "got '='" in str(error):
            hint = "two things are compared with =="
        return Failed(message=_message(error, "the expression"), hint=hint)
    return template if whole else Failed(message="this isn't one expression", hint="write it without braces")


def quick(text: str) -> Callable[[Mapping[str, Json], str], Json] | None:
    """For the templates that need no evaluation, ``{{ row.column }}`` and ``{{ user }}``: from row and user to value.

    Gives the value where :func:`evaluate` surely gives the same, and raises LookupError for it to be asked elsewhere.
    None for every other template.
    """
    expression = _parsed(text)
    match expression:
        case nodes.Name(name="user"):
            return lambda _, user: _surely(user)
        case nodes.Getattr(node=nodes.Name(name="row"), attr=column) if column not in _METHODS:
            return lambda row, _: _surely(row[column])
        case _:
            return None


def _surely(value: Json) -> Json:
    if value is None or isinstance(value, bool) or (isinstance(value, str) and len(value) <= LARGEST):
        return value
    raise LookupError


@dataclass(frozen=True, slots=True)
class _Compiled:
    run: Callable[[Mapping[str, Json]], object]
    touched: Touched


@functools.lru_cache(maxsize=1024)
def _compile(text: str) -> _Compiled:
    tree = parse(text)
    touched = _touched(tree)
    expression = _only_expression(text)
    if expression is None:
        return _Compiled(_text_of(ENVIRONMENT.from_string(text)), touched)
    parsed = Parser(ENVIRONMENT, expression, state="variable")
    result = nodes.Assign(nodes.Name("result", "store"), parsed.parse_expression(), lineno=1)
    if not parsed.stream.eos:
        raise TemplateSyntaxError("more than one expression", 1)
    return _Compiled(_value_of(ENVIRONMENT.from_string(nodes.Template([result], lineno=1))), touched)


def _text_of(template: Template) -> Callable[[Mapping[str, Json]], object]:
    return lambda values: "".join(template.root_render_func(_context(template, values)))


def _value_of(template: Template) -> Callable[[Mapping[str, Json]], object]:
    def value(values: Mapping[str, Json]) -> object:
        context = _context(template, values)
        for _ in template.root_render_func(context):
            """An assignment writes no text; it is carried out by going through what it writes."""
        return context.vars["result"]

    return value


def _context(template: Template, values: Mapping[str, Json]) -> Context:
    """What Jinja makes too, in half the time: there are no blocks and no shared variables here."""
    return Context(ENVIRONMENT, {**ENVIRONMENT.globals, **values}, template.name, template.blocks)


def _only_expression(text: str) -> str | None:
    tokens = list(ENVIRONMENT.lex(text))
    kinds = [kind for _, kind, _ in tokens]
    whole = kinds[:1] == ["variable_begin"] and kinds[-1:] == ["variable_end"] and kinds.count("variable_end") == 1
    return "".join(value for _, _, value in tokens[1:-1]) if whole else None


def _parsed(text: str) -> nodes.Expr | None:
    """The expression of a template that is nothing else."""
    try:
        if _only_expression(text) is None:
            return None
        (output,) = parse(text).body
    except _FAILURES:
        return None
    return output.nodes[0] if isinstance(output, nodes.Output) and len(output.nodes) == 1 else None


def _touched(tree: nodes.Template) -> Touched:
    members: list[nodes.Getattr | nodes.Getitem] = [*tree.find_all(nodes.Getattr), *tree.find_all(nodes.Getitem)]
    of_row = [_column(node) for node in members if isinstance(node.node, nodes.Name) and node.node.name == ROW]
    columns = [column for column in of_row if column is not None]
    named = sum(name.name == ROW for name in tree.find_all(nodes.Name))
    names = meta.find_undeclared_variables(tree) - ENVIRONMENT.globals.keys()
    return Touched(frozenset(names), frozenset(columns), named > len(columns))


def _column(node: nodes.Getattr | nodes.Getitem) -> str | None:
    """The column that is surely meant, and nothing else."""
    if isinstance(node, nodes.Getattr):
        return None if node.attr in _METHODS else node.attr
    constant = node.arg.value if isinstance(node.arg, nodes.Const) else None
    return constant if isinstance(constant, str) and constant not in _METHODS else None


def _plain(value: object) -> Json:
    match value:
        case Undefined():
            str(value)  # raises, and says what is undefined
            raise TypeError("undefined")
        case str():
            return str(bounded(value))
        case None | bool() | int():
            return value
        case Real():
            return Number(value.text)
        case float() if math.isfinite(value):
            return value
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return _object(value)
        case range():
            return list(value)
    raise TypeError(f"the value is {type(value).__name__}, which JSON doesn't have (a generator needs “| list”)")


def _object(value: dict[object, object]) -> JsonObject:
    result: JsonObject = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise TypeError("a key of the value isn't a string")
        result[str(key)] = _plain(item)
    return result


def _failed(error: BaseException, names: Names, touched: Touched) -> Failed:
    if not isinstance(error, UndefinedError):
        return Failed(message=_message(error))
    row = names.values.get(ROW)
    missing = sorted(touched.columns - row.keys()) if isinstance(row, dict) else []
    if missing and isinstance(row, dict):
        return missing_column(missing[0], row)
    return Failed(message=_message(error), hint=f"a template can use: {', '.join(sorted(names.values)) or 'nothing'}")


def missing_column(column: str, columns: Iterable[str]) -> Failed:
    """What to say of a template that names a column which isn't there."""
    known = list(columns)
    hint = did_you_mean(column, known) or f"its columns: {list_columns(known)}"
    return Failed(message=f'there is no column "{column}" in the row', hint=hint)


def _message(error: BaseException, what: str = "the template") -> str:
    text = str(error).strip().splitlines()
    end = "'}}'" if what == "the template" else "the end of the expression"
    told = _JINJAS_END.sub(end, text[0]) if text else type(error).__name__
    return f"{what} can't be evaluated: {told}"
