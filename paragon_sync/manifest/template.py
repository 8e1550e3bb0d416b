"""Templates in scalars of a parsed document. Owns Jinja2; knows nothing of documents, users or rows.

What a template can name is given to it; what it can do is bounded, because a plan must end and be repeatable.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from jinja2 import StrictUndefined, TemplateError, Undefined, meta, nodes
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from paragon_sync.jsonvalue import Json, JsonObject, Number

_LARGEST: Final = 20_000
"""Characters or items of anything that a template makes on its way."""
_LONGEST_RANGE: Final = 1_000
_LARGEST_NUMBER: Final = 10**1000

_NO_FILTERS: Final = ("attr", "batch", "center", "format", "indent", "pprint", "random", "slice", "urlize", "xmlattr")
"""Without these: they pad without bound, or answer differently each time, or write HTML."""
_NO_METHODS: Final = frozenset({"center", "expandtabs", "format", "format_map", "ljust", "rjust", "zfill"})
_NO_GLOBALS: Final = ("cycler", "joiner", "lipsum", "namespace")
_NO_STATEMENTS: Final = (
    nodes.Block, nodes.CallBlock, nodes.Extends, nodes.FilterBlock, nodes.FromImport, nodes.Import, nodes.Include,
    nodes.Macro,
)  # fmt: skip

_FAILURES: Final = (
    TemplateError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What templates can refer to; ``secret`` are those names that make secret what they touch."""

    values: Mapping[str, Json] = field(default_factory=dict)
    secret: frozenset[str] = frozenset()


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


def is_template(text: str) -> bool:
    """Whether the text holds anything to evaluate."""
    return "{{" in text or "{%" in text or "{#" in text


def evaluate(text: str, names: Names) -> Answer:
    """The value of one scalar: of exactly one ``{{ expression }}`` the expression's own value, else a string."""
    secret = False
    try:
        compiled = _compile(text)
        secret = not compiled.names.isdisjoint(names.secret)
        value = _plain(compiled.run(dict(names.values)))
    except _FAILURES as error:
        if secret:  # Python's messages quote the values that they are about
            return Failed(message="the template can't be evaluated: it fails on a secret, whose value isn't shown")
        return Failed(message=_message(error), hint=_hint(error, names))
    return Evaluated(value=value, secret=secret)


@dataclass(frozen=True, slots=True)
class _Compiled:
    run: Callable[[dict[str, Json]], object]
    names: frozenset[str]


@functools.lru_cache(maxsize=1024)
def _compile(text: str) -> _Compiled:
    tree = _ENVIRONMENT.parse(text)
    for node in tree.find_all(_NO_STATEMENTS):
        raise TemplateSyntaxError(f"{type(node).__name__.lower()} isn't allowed", node.lineno)
    for loop in tree.find_all(nodes.For):
        if loop.recursive or any(True for _ in loop.find_all(nodes.For)):
            raise TemplateSyntaxError("a loop inside a loop isn't allowed", loop.lineno)
    names = frozenset(meta.find_undeclared_variables(tree))
    expression = _only_expression(text)
    if expression is None:
        return _Compiled(lambda values: _ENVIRONMENT.from_string(text).render(values), names)
    compiled = _ENVIRONMENT.compile_expression(expression, undefined_to_none=False)
    return _Compiled(compiled, names)


def _only_expression(text: str) -> str | None:
    tokens = list(_ENVIRONMENT.lex(text))
    kinds = [kind for _, kind, _ in tokens]
    whole = kinds[:1] == ["variable_begin"] and kinds[-1:] == ["variable_end"] and kinds.count("variable_end") == 1
    return "".join(value for _, _, value in tokens[1:-1]) if whole else None


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with a bound on the size of everything that is made on the way."""

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str):
            raise SecurityError("formatting with % isn't allowed: join texts with ~")
        if operator == "**" and not (abs(left) <= _LARGEST and abs(right) <= _LONGEST_RANGE):
            raise SecurityError("the power is too large")
        if operator == "*":
            for times, what in ((left, right), (right, left)):
                if isinstance(what, str | list | tuple) and isinstance(times, int) and times * len(what) > _LARGEST:
                    raise SecurityError("the repetition is too long")
        return _bounded(super().call_binop(context, operator, left, right))

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, str) and attribute in _NO_METHODS:
            return self.unsafe_undefined(obj, attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, str) and argument in _NO_METHODS:
            return self.unsafe_undefined(obj, argument)
        return super().getitem(obj, argument)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        return _bounded(super().call(context, obj, *args, **kwargs))


def _bounded(value: Any) -> Any:
    if isinstance(value, str | list | tuple | dict) and len(value) > _LARGEST:
        raise SecurityError(f"a value is longer than {_LARGEST} characters or items")
    if isinstance(value, int) and abs(value) > _LARGEST_NUMBER:
        raise SecurityError("a number is too large")
    return value


def _bounded_filter(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)  # carries Jinja's own marks too
    def bounded(*args: Any, **kwargs: Any) -> Any:
        return _bounded(function(*args, **kwargs))

    return bounded


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
    for name in _NO_GLOBALS:
        del environment.globals[name]
    environment.globals["range"] = _range
    return environment


_ENVIRONMENT: Final = _environment()


def _plain(value: object) -> Json:
    match value:
        case Undefined():
            str(value)  # raises, and says what is undefined
            raise TypeError("undefined")
        case str():
            return str(_bounded(value))
        case None | bool() | int() | Number():
            return value
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


def _message(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"the template can't be evaluated: {text[0] if text else type(error).__name__}"


def _hint(error: BaseException, names: Names) -> str | None:
    if isinstance(error, TemplateError) and "undefined" in str(error):
        return f"a template can use: {', '.join(sorted(names.values)) or 'nothing'}"
    return None
