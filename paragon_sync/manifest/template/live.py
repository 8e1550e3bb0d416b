"""Conditions over what is live: what they refer to, and whether they hold. Knows no user, and no configuration.

What ``live`` is gets handed in: anything whose members are found by subscript, where a missing one is a
:class:`KeyError`. Such a member is undefined, and may be compared and looked into all the same: not everybody has a
setting. A name that isn't there, or a column that the row doesn't have, is a mistake.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import ChainableUndefined, StrictUndefined, TemplateError, Undefined, nodes
from jinja2.exceptions import UndefinedError
from jinja2.utils import missing

from paragon_sync.jsonvalue import Json, JsonObject, Pointer, computable
from paragon_sync.manifest.template import Failed, Touched, condition, missing_column, touched_by
from paragon_sync.manifest.template.sandbox import ENVIRONMENT, parse

LIVE: Final = "live"

_FAILURES: Final = (
    TemplateError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError,
)  # fmt: skip


class _Row(dict[str, Json]):
    """A row, whose columns must be there."""


class _Absent(ChainableUndefined):
    """What isn't live; of a row, what is an error to use."""

    __slots__ = ()

    def __new__(
        cls, _hint: str | None = None, obj: Any = missing, name: str | None = None, exc: type = UndefinedError
    ) -> Any:
        if isinstance(obj, _Row):
            return StrictUndefined(f'there is no column "{name}" in the row', obj, name, exc)
        return super().__new__(cls)  # whose __init__ takes the same

    @property
    def _undefined_message(self) -> str:
        return f'"{self._undefined_name}" isn\'t there: ask first whether it “is defined”'


_LENIENT: Final = ENVIRONMENT.overlay(undefined=_Absent)


@dataclass(frozen=True, slots=True)
class LiveCondition:
    """An expression over ``live``, ``row`` and ``user``; ``paths`` are what of ``live`` it surely refers to.

    A path ends before the first part that is only known once the expression is evaluated.
    """

    text: str
    touched: Touched
    paths: tuple[Pointer, ...]

    def holds(self, live: Mapping[str, object], row: JsonObject, user: str) -> bool | Failed:
        """Whether it is true; something that isn't there counts as false."""
        try:
            columns = _Row((name, computable(value)) for name, value in row.items())
            value = _compiled(self.text)(live=live, row=columns, user=user)
            if isinstance(value, StrictUndefined):
                str(value)  # raises, and says what is undefined
        except UndefinedError as error:
            lacking = sorted(self.touched.columns - row.keys())
            return missing_column(lacking[0], row) if lacking else Failed(message=_message(error))
        except _FAILURES as error:
            return Failed(message=_message(error))
        if isinstance(value, Undefined):
            return False
        if isinstance(value, bool):
            return value
        hint = 'compare it with something: live.settings.Frequency == "daily"'
        return Failed(message=f"it gives {_called(value)}, not true or false", hint=hint)


def live_condition(text: str) -> LiveCondition | Failed:
    """Read an expression, without evaluating it."""
    template = condition(text)
    if isinstance(template, Failed):
        return template
    touched = touched_by(template)
    if isinstance(touched, Failed):
        return touched
    return LiveCondition(text, touched, tuple(dict.fromkeys(_paths(parse(template)))))


@functools.lru_cache(maxsize=256)
def _compiled(text: str) -> Callable[..., object]:
    return _LENIENT.compile_expression(text, undefined_to_none=False)


def _paths(tree: nodes.Template) -> Iterator[Pointer]:
    members: list[nodes.Getattr | nodes.Getitem] = [*tree.find_all(nodes.Getattr), *tree.find_all(nodes.Getitem)]
    inner = {id(node.node) for node in members}
    for node in members:
        if id(node) not in inner and (path := _path(node)):
            yield path
    for name in tree.find_all(nodes.Name):
        if name.name == LIVE and id(name) not in inner:
            yield (LIVE,)
    for compared in tree.find_all(nodes.Compare):  # "Channel" in live.settings
        for operand in compared.ops:
            path = _path(operand.expr)
            if operand.op in {"in", "notin"} and path and isinstance(compared.expr, nodes.Const):
                yield (*path, str(compared.expr.value))


def _path(node: nodes.Node) -> Pointer:
    """The constant names that lead from ``live`` to the node, or as far as they are constant."""
    match node:
        case nodes.Name(name=name):
            return (LIVE,) if name == LIVE else ()
        case nodes.Getattr(node=inner, attr=attribute):
            return _further(inner, attribute)
        case nodes.Getitem(node=inner, arg=nodes.Const(value=str() as name)):
            return _further(inner, name)
        case nodes.Getitem(node=inner):
            return _path(inner)
        case _:
            return ()


def _further(inner: nodes.Node, name: str) -> Pointer:
    path = _path(inner)
    return (*path, name) if path and _is_constant(inner) else path


def _is_constant(node: nodes.Node) -> bool:
    match node:
        case nodes.Getattr(node=inner) | nodes.Getitem(node=inner, arg=nodes.Const(value=str())):
            return _is_constant(inner)
        case _:
            return isinstance(node, nodes.Name)


def _called(value: object) -> str:
    match value:
        case None:
            return "null"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list() | tuple():
            return "a list"
        case _:
            return "something else"


def _message(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
