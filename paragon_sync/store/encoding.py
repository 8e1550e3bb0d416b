"""Nouns ⇄ JSON text, for every row of the store. Knows the shape of nouns, and neither files nor databases.

Each noun becomes an object of its fields, read off its type hints, so a field that a noun gains is stored at once.
A noun of a union carries its name as ``type``; :data:`ABSENT` is a key that isn't there; values go through
``jsonvalue``, so number text and lone surrogates come back as they were.
"""

from __future__ import annotations

import enum
import functools
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any, Final, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from paragon_sync import jsonvalue
from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import ABSENT, Json, JsonObject
from paragon_sync.model.outcome import Applied, Outcome, Resumption, SideEffect
from paragon_sync.model.planned import Managed, Operation, Outline, Request, Subject
from paragon_sync.store.later import later

N = TypeVar("N")

_TAG: Final = "type"
_OUTLINE: Final = frozenset(field.name for field in fields(Outline))
_AT_ONCE: Final = ("user", "subject", "enablement", "straight")
"""What a run looks at of every operation."""
_DEEPEST: Final = jsonvalue.DEEPEST + 50
"""A noun holds values that were read elsewhere, a few levels further down."""


def write(noun: object) -> str:
    """One noun as one line of ASCII; raises :class:`JsonError` for a value that JSON can't carry."""
    return jsonvalue.dumps(_codec(type(noun)).write(noun))


def read(kind: type[N], text: str) -> N:
    """The noun that :func:`write` wrote; raises :class:`JsonError` when the text isn't one of ``kind``."""
    return cast(N, _codec(kind).read(_parse(text)))


def write_operation(operation: Operation) -> tuple[str, str]:
    """An operation as two texts: its outline, and the rest. Each has a line for a field: its name, and its JSON."""
    outline: list[str] = []
    rest: list[str] = []
    for name in _parts():
        (outline if name in _OUTLINE else rest).append(f"{name} {write_part(operation, name)}")
    return "\n".join(outline), "\n".join(rest)


def read_operation(outline: str, rest: str) -> Operation:
    """The operation of these two texts."""
    return cast(Operation, _noun_of(Operation, {**_lines(outline), **_lines(rest)}))


def read_outline(outline: str) -> Outline:
    """What of an operation people review."""
    return cast(Outline, _noun_of(Outline, _lines(outline)))


def read_later(outline: str, rest: str) -> Operation:
    """As :func:`read_operation`, but what a run doesn't look at mostly is read when somebody looks."""
    texts = _lines(f"{outline}\n{rest}")
    found = _parse(f"[{','.join(texts.get(name, '') for name in _AT_ONCE)}]")
    known = {name: _parts()[name].read(value) for name, value in zip(_AT_ONCE, _list(found), strict=True)}
    return later(Operation, _Stored(texts), base_text=texts.get("base"), **known)


def write_part(operation: Operation, name: str) -> str:
    """One field of an operation, as it stands in its texts."""
    reads = getattr(operation, "reads", None)
    if isinstance(reads, _Stored):
        return reads.texts[name]
    return jsonvalue.dumps(_parts()[name].write(getattr(operation, name)))


class _Stored(Mapping[str, Callable[[], Any]]):
    """How each field of an operation is read; ``texts`` has them as they are stored."""

    def __init__(self, texts: dict[str, str]) -> None:
        self.texts = texts

    def __getitem__(self, name: str) -> Callable[[], Any]:
        codec = _parts()[name]
        return lambda: codec.read(_parse(self.texts[name]))

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts)

    def __len__(self) -> int:
        return len(self.texts)


def _lines(text: str) -> dict[str, str]:
    """The texts of fields by their names; JSON in ASCII holds no line break."""
    found: dict[str, str] = {}
    for line in text.split("\n"):
        name, _, part = line.partition(" ")
        found[name] = part
    return found


def _noun_of(kind: type, texts: dict[str, str]) -> Any:
    codecs = _parts()
    names = _stored(kind)
    if texts.keys() != {*names}:
        raise JsonError(f"{kind.__name__} has other fields")
    return kind(**{name: codecs[name].read(_parse(texts[name])) for name in names})


@functools.cache
def _stored(kind: type) -> tuple[str, ...]:
    """The fields that are stored: not those which are other fields once more, and don't count in comparisons."""
    return tuple(field.name for field in fields(kind) if field.compare)


@functools.cache
def _parts() -> dict[str, _Codec]:
    hints = get_type_hints(Operation, localns=_JSON_NAMES)
    return {name: _codec(hints[name]) for name in _stored(Operation)}


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
    codecs = [(name, _codec(hints[name])) for name in _stored(kind)]
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
