"""Faults as text: from a file, an admin request or a header to rules, with errors that say what is wrong.

Knows nothing of when a fault happens or what it does.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from paragon_sync.emulator import codec
from paragon_sync.emulator.codec import Json, JsonObject
from paragon_sync.emulator.faults.kinds import KINDS, LONGEST, Fault, Rule, Schedule, Unauthorized
from paragon_sync.emulator.fixtures import load_yaml
from paragon_sync.errors import EmulatorError

_SCHEDULE: Final = frozenset(field.name for field in dataclasses.fields(Schedule))
_BOUNDS: Final[dict[str, tuple[float, float]]] = {
    "seconds": (0, LONGEST),
    "longest": (0, LONGEST),
    "probability": (0, 1),
    "every": (1, 10**9),
    "rate": (0.001, 10**9),
    "burst": (1, 10**9),
    "status": (500, 599),
    "count": (1, 10**6),
}
"""Least and most; any other number is at least 0."""


class Faulty(EmulatorError):
    """Faults that can't be understood."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Faultiness:
    """Rules and the seed of their chance."""

    rules: tuple[Rule, ...] = ()
    seed: int = 0


def read_faults(source: Path | Mapping[str, Any] | Iterable[Mapping[str, Any]] | None) -> Faultiness:
    """Faults of a YAML or JSON file or built in Python: ``{seed, faults: [{fault: name, …}]}``, or the array alone.

    Raises :class:`EmulatorError` that says what is wrong and where.
    """
    if source is None:
        return Faultiness()
    if isinstance(source, Path):
        return parse_faults(_parse(source), str(source))
    try:
        given = dict(source) if isinstance(source, Mapping) else [dict(one) for one in source]
        return parse_faults(codec.from_python(given), "faults")
    except codec.Unreadable as error:
        raise Faulty(f"the faults can't be read: {error}") from None


def _parse(path: Path) -> Json:
    try:
        content = path.read_bytes()
        return codec.loads(content) if path.suffix == ".json" else load_yaml(content.decode("utf-8-sig"))
    except OSError as error:
        raise Faulty(f"{path}: the faults can't be read: {error.strerror}") from None
    except ValueError as error:
        raise Faulty(f"{path}: the faults can't be read: {error}") from None


def parse_faults(value: Json, name: str) -> Faultiness:
    """Faults as JSON; ``name`` is what errors call them."""
    top = {"faults": value} if isinstance(value, list) else codec.as_object(value)
    if top is None or not isinstance(rules := top.get("faults", []), list):
        raise Faulty(f"{name}: must be an object with an array faults, or that array")
    seed = top.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool) or set(top) - {"faults", "seed"}:
        raise Faulty(f"{name}: may hold faults and seed, which is an integer")
    read = tuple(_rule(one, f"{name}: faults[{index}]") for index, one in enumerate(rules))
    return Faultiness(rules=read, seed=seed)


def _rule(value: Json, at: str) -> Rule:
    given = codec.as_object(value)
    if given is None:
        raise Faulty(f"{at} must be an object")
    name = given.get("fault")
    fault, rest = _fault(name, {key: one for key, one in given.items() if key != "fault"}, at)
    schedule = Schedule(times_per_user=1) if isinstance(fault, Unauthorized) else Schedule()
    return Rule(name=str(name), fault=fault, schedule=_filled(schedule, rest, at))


def _fault(name: Json, given: JsonObject, at: str) -> tuple[Fault, JsonObject]:
    """The fault, and of what was given that which isn't its own."""
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise Faulty(f"{at}: fault must be one of {', '.join(KINDS)}")
    own = {field.name for field in dataclasses.fields(kind)}
    rest = {key: value for key, value in given.items() if _snake(key) not in own}
    unknown = [key for key in rest if _snake(key) not in _SCHEDULE]
    if unknown:
        known = ", ".join(_camel(one) for one in [*sorted(own), *sorted(_SCHEDULE)])
        raise Faulty(f"{at}: {name} has no {unknown[0]!r}; it may hold {known}")
    return _filled(kind(), {key: value for key, value in given.items() if key not in rest}, at), rest


def read_header(text: str) -> tuple[Rule, ...]:
    """The faults that a request asks for itself: ``name;parameter=value, name``; several values stand between ``|``."""
    rules = []
    for part in text.split(","):
        name, *parameters = [one.strip() for one in part.split(";")]
        given: JsonObject = {}
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            given[key] = _scalar(value)
        fault, rest = _fault(name, given, "X-Emulator-Fault")
        if rest:
            raise Faulty(f"X-Emulator-Fault: {next(iter(rest))} can't be said in a header")
        rules.append(Rule(name=name, fault=fault))
    return tuple(rules)


def _scalar(text: str) -> Json:
    if text in {"true", "false"} or re.fullmatch(r"\d+(\.\d+)?", text):
        return codec.loads(text)
    return [*text.split("|")] if "|" in text else text


def _filled(record: Any, given: JsonObject, at: str) -> Any:
    """The record with what was given, each value of the kind that its field has."""
    hints = get_type_hints(type(record))
    return dataclasses.replace(
        record, **{_snake(key): _value(value, hints[_snake(key)], key, at) for key, value in given.items()}
    )


def _value(value: Json, hint: Any, key: str, at: str) -> object:
    options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    if value is None and type(None) in options:
        return None
    kind = options[0]
    if get_origin(kind) is Literal:
        if value in get_args(kind):
            return value
        raise Faulty(f"{at}: {key} must be {' or '.join(get_args(kind))}")
    if get_origin(kind) is tuple:
        given = value if isinstance(value, list) else [value]
        if given and all(isinstance(one, str) for one in given):
            return tuple(str(one) for one in given)
        raise Faulty(f"{at}: {key} must be a string or an array of strings")
    if kind is bool:
        if isinstance(value, bool):
            return value
        raise Faulty(f"{at}: {key} must be true or false")
    return _number(value, kind, key, at)


def _number(value: Json, kind: type[float], key: str, at: str) -> float:
    least, most = _BOUNDS.get(_snake(key), (0, 10**9))
    number = float(value.text) if isinstance(value, codec.Number) and kind is float else value
    if isinstance(number, int | float) and not isinstance(number, bool) and least <= number <= most:
        return kind(number)
    raise Faulty(f"{at}: {key} must be {'an integer' if kind is int else 'a number'} from {least:g} to {most:g}")


def _snake(name: str) -> str:
    return re.sub(r"[A-Z]", lambda found: "_" + found[0].lower(), name)


def _camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def to_json(faults: Faultiness) -> JsonObject:
    """What :func:`parse_faults` reads."""
    return {"seed": faults.seed, "faults": [_rule_to_json(rule) for rule in faults.rules]}


def _rule_to_json(rule: Rule) -> JsonObject:
    told: JsonObject = {"fault": rule.name}
    for record in (rule.fault, rule.schedule):
        for field in dataclasses.fields(record):
            value = getattr(record, field.name)
            if value not in (None, ()):
                told[_camel(field.name)] = codec.from_python(value)
    return told
