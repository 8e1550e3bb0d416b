"""Faults as text: from a file, an admin request or a header to rules, with errors that say what is wrong.

Knows nothing of when a fault happens or what it does.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from paragon_sync.emulator import codec, records
from paragon_sync.emulator.codec import Json, JsonObject
from paragon_sync.emulator.faults.kinds import KINDS, LONGEST, Fault, Rule, Schedule, Unauthorized
from paragon_sync.emulator.fixtures import load_yaml
from paragon_sync.emulator.records import Unfit

_SCHEDULE: Final = records.names(Schedule)
_BOUNDS: Final[dict[str, tuple[float, float]]] = {
    "seconds": (0, LONGEST),
    "longest": (0, LONGEST),
    "probability": (0, 1),
    "every": (1, 10**9),
    "rate": (0.001, 10**9),
    "burst": (1, 10**9),
    "status": (500, 599),
    "count": (1, 10**6),
    "size": (1, 10**6),
}
"""Least and most; any other number is at least 0."""


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
        raise Unfit(f"the faults can't be read: {error}") from None


def _parse(path: Path) -> Json:
    try:
        content = path.read_bytes()
        return codec.loads(content) if path.suffix == ".json" else load_yaml(content.decode("utf-8-sig"))
    except OSError as error:
        raise Unfit(f"{path}: the faults can't be read: {error.strerror}") from None
    except ValueError as error:
        raise Unfit(f"{path}: the faults can't be read: {error}") from None


def parse_faults(value: Json, name: str) -> Faultiness:
    """Faults as JSON; ``name`` is what errors call them."""
    top = {"faults": value} if isinstance(value, list) else codec.as_object(value)
    if top is None or not isinstance(rules := top.get("faults", []), list):
        raise Unfit(f"{name}: must be an object with an array faults, or that array")
    seed = top.get("seed", 0)
    if not isinstance(seed, int) or isinstance(seed, bool) or set(top) - {"faults", "seed"}:
        raise Unfit(f"{name}: may hold faults and seed, which is an integer")
    read = tuple(_rule(one, f"{name}: faults[{index}]") for index, one in enumerate(rules))
    return Faultiness(rules=read, seed=seed)


def _rule(value: Json, at: str) -> Rule:
    given = codec.as_object(value)
    if given is None:
        raise Unfit(f"{at} must be an object")
    name = given.get("fault")
    fault, rest = _fault(name, {key: one for key, one in given.items() if key != "fault"}, at)
    schedule = Schedule(times_per_user=1) if isinstance(fault, Unauthorized) else Schedule()
    return Rule(name=str(name), fault=fault, schedule=records.filled(schedule, rest, at, _BOUNDS))


def _fault(name: Json, given: JsonObject, at: str) -> tuple[Fault, JsonObject]:
    """The fault, and of what was given that which isn't its own."""
    kind = KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise Unfit(f"{at}: fault must be one of {', '.join(KINDS)}")
    own = records.names(kind)
    rest = {key: value for key, value in given.items() if key not in own}
    unknown = [key for key in rest if key not in _SCHEDULE]
    if unknown:
        raise Unfit(f"{at}: {name} has no {unknown[0]!r}; it may hold {', '.join([*own, *_SCHEDULE])}")
    return records.filled(kind(), {key: value for key, value in given.items() if key in own}, at, _BOUNDS), rest


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
            raise Unfit(f"X-Emulator-Fault: {next(iter(rest))} can't be said in a header")
        rules.append(Rule(name=name, fault=fault))
    return tuple(rules)


def _scalar(text: str) -> Json:
    if text in {"true", "false"} or re.fullmatch(r"\d+(\.\d+)?", text):
        return codec.loads(text)
    return [*text.split("|")] if "|" in text else text


def to_json(faults: Faultiness) -> JsonObject:
    """What :func:`parse_faults` reads."""
    return {"seed": faults.seed, "faults": [_rule_to_json(rule) for rule in faults.rules]}


def _rule_to_json(rule: Rule) -> JsonObject:
    return {"fault": rule.name, **records.to_json(rule.fault), **records.to_json(rule.schedule)}
