"""The environment that templates run in: what they can do, and how much of it. Knows nothing of whose they are."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Final

from jinja2 import StrictUndefined, nodes
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

LARGEST: Final = 20_000
"""Characters or items of anything that a template makes on its way."""
_LONGEST_RANGE: Final = 1_000
LARGEST_NUMBER: Final = 10**1000

_NO_FILTERS: Final = ("attr", "batch", "center", "format", "indent", "pprint", "random", "slice", "urlize", "xmlattr")
"""Without these: they pad without bound, or answer differently each time, or write HTML."""
_NO_METHODS: Final = frozenset({"center", "expandtabs", "format", "format_map", "ljust", "rjust", "zfill"})
_NO_GLOBALS: Final = ("cycler", "joiner", "lipsum", "namespace")
_NO_STATEMENTS: Final = (
    nodes.Block, nodes.CallBlock, nodes.Extends, nodes.FilterBlock, nodes.FromImport, nodes.Import, nodes.Include,
    nodes.Macro,
)  # fmt: skip


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with a bound on the size of everything that is made on the way."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            raise SecurityError("formatting with % isn't allowed: join texts with ~")
        if operator == "**" and not (abs(left) <= LARGEST and abs(right) <= _LONGEST_RANGE):
            raise SecurityError("the power is too large")
        if operator == "*":
            for times, what in ((left, right), (right, left)):
                if isinstance(what, str | list | tuple) and isinstance(times, int) and times * len(what) > LARGEST:
                    raise SecurityError("the repetition is too long")
        return bounded(super().call_binop(context, operator, left, right))

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, dict) and attribute in obj:  # a column named "items" is a column
            return obj[attribute]
        if isinstance(obj, str) and attribute in _NO_METHODS:
            return self.unsafe_undefined(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, str) and argument in _NO_METHODS:
            return self.unsafe_undefined(obj, argument)
        return super().getitem(obj, argument)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        return bounded(super().call(context, obj, *args, **kwargs))


def bounded(value: Any) -> Any:
    if isinstance(value, str | list | tuple | dict) and len(value) > LARGEST:
        raise SecurityError(f"a value is longer than {LARGEST} characters or items")
    if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
        raise SecurityError("a number is too large")
    return value


def _bounded_filter(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)  # carries Jinja's own marks too
    def filtered(*args: Any, **kwargs: Any) -> Any:
        return bounded(function(*args, **kwargs))

    return filtered


def _number_filter(name: str, convert: Callable[..., Any]) -> Callable[..., Any]:
    """Fails where Jinja would silently take 0, unless the template says what to take."""

    def converted(value: Any, *default: Any, **options: Any) -> Any:
        if default or "default" in options:
            return convert(value, *default, **options)
        number = convert(value, default=None, **options)
        if number is None:
            raise ValueError(f"{name} finds no number in {value!r}; {name}(0) takes 0 then")
        return number

    return converted


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > _LONGEST_RANGE:
        raise SecurityError(f"a range is longer than {_LONGEST_RANGE}")
    return numbers


def _environment() -> _Environment:
    environment = _Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
    environment.filters = {
        name: _bounded_filter(function) for name, function in environment.filters.items() if name not in _NO_FILTERS
    }
    for name in ("int", "float"):
        environment.filters[name] = _number_filter(name, environment.filters[name])
    for name in _NO_GLOBALS:
        del environment.globals[name]
    environment.globals["range"] = _range
    return environment


ENVIRONMENT: Final = _environment()


def parse(text: str) -> nodes.Template:
    """The tree of a template; raises :class:`TemplateSyntaxError`, also for what isn't allowed."""
    tree = ENVIRONMENT.parse(text)
    for node in tree.find_all(_NO_STATEMENTS):
        raise TemplateSyntaxError(f"{type(node).__name__.lower()} isn't allowed", node.lineno)
    for loop in tree.find_all(nodes.For):
        if loop.recursive or any(True for _ in loop.find_all(nodes.For)):
            raise TemplateSyntaxError("a loop inside a loop isn't allowed", loop.lineno)
    return tree
