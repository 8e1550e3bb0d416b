"""Nouns ⇄ JSON text, for every row of the store. Knows the shape of nouns, and neither files nor databases.

Each noun becomes an object of its fields, read off its type hints, so a field that a noun gains is stored at once.
A noun of a union carries its name as ``type``; :data:`ABSENT` is a key that isn't there; values go through
``jsonvalue``, so number text and lone surrogates come back as they were.
"""

from __future__ import annotations

import enum
import functools
import types
from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from paragon_sync import jsonvalue
from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import ABSENT, Json, JsonObject
from paragon_sync.model.outcome import Applied, Outcome, Resumption, SideEffect
from paragon_sync.model.planned import Managed, Operation, Outline, Request, Subject

N = TypeVar("N")

_TAG: Final = "type"
_REVIEW: Final = tuple(field.name for field in fields(Outline))
"""The fields of an operation that people review."""
_RUN: Final = ("user", "subject", "base", "requests", "managed", "enablement")
"""The fields of an operation that a run needs."""
_DEEPEST: Final = jsonvalue.DEEPEST + 50
"""A noun holds values that were read elsewhere, a few levels further down."""


def write(noun: object) -> str:
    """One noun as one line of ASCII; raises :class:`JsonError` for a value that JSON can't carry."""
    return jsonvalue.dumps(_codec(type(noun)).write(noun))


def read(kind: type[N], text: str) -> N:
    """The noun that :func:`write` wrote; raises :class:`JsonError` when the text isn't one of ``kind``."""
    return cast(N, _codec(kind).read(_parse(text)))


def write_operation(operation: Operation) -> tuple[str, str]:
    """Return an operation as two JSON texts: what people review, and what a run needs."""
    codecs = _fields()
    written = {name: codecs[name].write(getattr(operation, name)) for name in codecs}
    review, run = ({name: written[name] for name in names} for names in (_REVIEW, _RUN))
    return jsonvalue.dumps(review), jsonvalue.dumps(run)


def read_operation(review: str, run: str) -> Operation:
    """Return the whole operation that :func:`write_operation` was given."""
    return _operation(_object(_parse(review)) | _object(_parse(run)), {*_REVIEW, *_RUN})


def read_outline(review: str) -> Outline:
    """Return what people review of an operation."""
    return read(Outline, review)


def read_run(run: str) -> Operation:
    """Return what a run needs of an operation, without its changes."""
    return _operation(_object(_parse(run)), {*_RUN})


def _operation(raw: JsonObject, names: Collection[str]) -> Operation:
    if raw.keys() != names:
        raise JsonError("an operation has other fields")
    codecs = _fields()
    return Operation(**{name: codecs[name].read(value) for name, value in raw.items()})


@functools.cache
def _fields() -> dict[str, _Codec]:
    hints = get_type_hints(Operation, localns=_JSON_NAMES)
    return {name: _codec(hints[name]) for name in dict.fromkeys((*_REVIEW, *_RUN))}


def write_outcome(outcome: Outcome) -> str:
    if isinstance(outcome, Applied) and not outcome.overwritten:  # nearly all, and it holds no values
        return _write_applied(outcome)
    return jsonvalue.dumps(_codec(Outcome).write(outcome))


@functools.lru_cache(maxsize=256)
def _write_applied(outcome: Applied) -> str:
    return jsonvalue.dumps(_codec(Outcome).write(outcome))


@functools.lru_cache(maxsize=256)  # most end in the same few ways, and are told from their texts
def read_outcome(text: str) -> Outcome:
    return cast(Outcome, _codec(Outcome).read(_parse(text)))


def write_subject(subject: Subject) -> str:
    return jsonvalue.dumps(_codec(Subject).write(subject))


def read_subject(text: str) -> Subject:
    return cast(Subject, _codec(Subject).read(_parse(text)))


def write_requests(requests: tuple[Request, ...]) -> str:
    return jsonvalue.dumps(_codec(tuple[Request, ...]).write(requests))


def read_requests(text: str) -> tuple[Request, ...]:
    return cast(tuple[Request, ...], _codec(tuple[Request, ...]).read(_parse(text)))


def write_resumed(resumed: tuple[Resumption, ...]) -> str:
    return jsonvalue.dumps(_codec(tuple[Resumption, ...]).write(resumed))


def read_resumed(text: str) -> tuple[Resumption, ...]:
    return cast(tuple[Resumption, ...], _codec(tuple[Resumption, ...]).read(_parse(text)))


def write_effects(effects: tuple[SideEffect, ...]) -> str:
    return jsonvalue.dumps(_codec(tuple[SideEffect, ...]).write(effects))


def read_effects(text: str) -> tuple[SideEffect, ...]:
    return cast(tuple[SideEffect, ...], _codec(tuple[SideEffect, ...]).read(_parse(text)))


def write_managed(managed: tuple[Managed, ...]) -> str:
    return jsonvalue.dumps(_codec(tuple[Managed, ...]).write(managed))


def read_managed(text: str) -> tuple[Managed, ...]:
    return cast(tuple[Managed, ...], _codec(tuple[Managed, ...]).read(_parse(text)))


def _parse(text: str) -> Json:
    return jsonvalue.loads(text, deepest=_DEEPEST)


class _AnyJson:
    """Stands for Json (with or without ABSENT) where type hints are read: the alias itself is recursive."""


_JSON_NAMES: Final = {"Json": _AnyJson, "JsonObject": _AnyJson, "Value": _AnyJson}


@dataclass(frozen=True, slots=True)
class _Codec:
    write: Callable[[Any], Json]
    read: Callable[[Json], Any]


def _same(value: Any) -> Any:
    return value


_built: dict[Any, _Codec] = {}


def _codec(hint: Any) -> _Codec:
    codec = _built.get(hint)
    if codec is None:
        codec = _built[hint] = _build(hint)
    return codec


def _build(hint: Any) -> _Codec:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint is _AnyJson or (_AnyJson in arguments and origin in {Union, types.UnionType}):
        return _Codec(_same, _same)
    if origin in {Union, types.UnionType}:
        return _union(arguments)
    if origin is Literal:
        return _Codec(_same, lambda raw: _one_of(raw, arguments))
    if origin is tuple:
        item = _codec(arguments[0])
        return _Codec(lambda value: [item.write(i) for i in value], lambda raw: tuple(map(item.read, _list(raw))))
    if origin is not None and issubclass(origin, Mapping):
        item = _codec(arguments[1])
        return _Codec(
            lambda value: {key: item.write(i) for key, i in value.items()},
            lambda raw: {key: item.read(i) for key, i in _object(raw).items()},
        )
    if is_dataclass(hint):
        return _noun(cast(type, hint))
    if issubclass(hint, enum.StrEnum):
        members = tuple(member.value for member in hint)
        return _Codec(lambda value: value.value, lambda raw: hint(_one_of(raw, members)))
    return _Codec(_same, lambda raw: _exactly(hint, raw))


def _noun(kind: type) -> _Codec:
    hints = get_type_hints(kind, localns=_JSON_NAMES)
    codecs = [(name, _codec(hints[name])) for name in (field.name for field in fields(kind))]
    optional = {f.name for f in fields(kind) if f.default is not MISSING or f.default_factory is not MISSING}
    holds_json = {name for name, codec in codecs if codec.read is _same}

    def write_noun(noun: Any) -> Json:
        values = ((name, codec, getattr(noun, name)) for name, codec in codecs)
        return {name: codec.write(value) for name, codec, value in values if value is not ABSENT}

    def read_noun(raw: Json) -> Any:
        present = _object(raw)
        values = {name: codec.read(present[name]) for name, codec in codecs if name in present}
        for name, _ in codecs:
            if name not in values and name not in optional:
                if name not in holds_json:
                    raise JsonError(f"{kind.__name__} lacks {name}")
                values[name] = ABSENT
        return kind(**values)

    return _Codec(write_noun, read_noun)


def _union(arguments: tuple[Any, ...]) -> _Codec:
    """A noun of several, told apart by its name; or one thing or None."""
    options = [option for option in arguments if option is not types.NoneType]
    if len(options) == 1:
        only = _codec(options[0])
        return _Codec(
            lambda value: None if value is None else only.write(value),
            lambda raw: None if raw is None else only.read(raw),
        )
    codecs = {option.__name__: _codec(option) for option in options}

    def write_tagged(noun: Any) -> Json:
        name = type(noun).__name__
        return {_TAG: name, **_object(codecs[name].write(noun))}

    def read_tagged(raw: Json) -> Any:
        present = _object(raw)
        name = _one_of(present.get(_TAG), tuple(codecs))
        return codecs[name].read(present)

    return _Codec(write_tagged, read_tagged)


def _object(raw: Json) -> JsonObject:
    if not isinstance(raw, dict):
        raise JsonError("an object was expected")
    return raw


def _list(raw: Json) -> list[Json]:
    if not isinstance(raw, list):
        raise JsonError("a list was expected")
    return raw


def _one_of(raw: Json, options: tuple[Any, ...]) -> Any:
    if raw not in options:
        raise JsonError(f"one of {', '.join(map(str, options))} was expected")
    return raw


def _exactly(kind: type, raw: Json) -> Json:
    if type(raw) is not kind:
        raise JsonError(f"{kind.__name__} was expected")
    return raw
