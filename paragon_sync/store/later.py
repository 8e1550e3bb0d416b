"""Nouns of which some fields are read when they are looked at, since most readers look at few. Knows no noun."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, cast

N = TypeVar("N")

_KINDS: dict[type, type] = {}


class Later(Protocol):
    """What :func:`later` gives; ``reads`` are the fields that may not have been looked at."""

    reads: Mapping[str, Callable[[], Any]]


def later(kind: type[N], reads: Mapping[str, Callable[[], Any]], **known: object) -> N:
    """A noun with the ``known`` fields and the others read, once, by ``reads``; it equals none but itself."""
    if kind not in _KINDS:
        _KINDS[kind] = type(kind.__name__, (kind,), {"__slots__": ("reads",), "__getattr__": _read})
    noun: Any = object.__new__(_KINDS[kind])
    for name, value in known.items():
        object.__setattr__(noun, name, value)
    object.__setattr__(noun, "reads", reads)
    return cast(N, noun)


def _read(noun: Later, name: str) -> Any:
    if name == "reads" or name not in noun.reads:
        raise AttributeError(name)
    value = noun.reads[name]()
    object.__setattr__(noun, name, value)
    return value
