"""Validate documents with their JSON Schemas and explain errors to users.

jsonschema-rs accepts valid documents, about 38 times as fast as jsonschema. A document that it doesn't accept goes to
jsonschema, whose verdict counts and whose errors are explained.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from paragon_sync.jsonvalue import Json, JsonObject, Number, Pointer, equal, loads
from paragon_sync.model.declared import Fault, Place
from paragon_sync.model.similar_names import did_you_mean

if TYPE_CHECKING:
    import jsonschema_rs
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

_Told: TypeAlias = Iterator[tuple[Pointer, bool, str, "str | None"]]
"""Where, whether of the key, message, hint."""

_FALSE_BOOLEANS: Final = frozenset({"yes", "no", "on", "off", "true", "false", "y", "n"})
_LONGEST_SHOWN: Final = 60
NOTHING_TO_RELEASE: Final = "a profile has nothing to release from"
WHERE_TO_RELEASE: Final = "release a value in the User document that starts from the profile"
_MISSING: Final = {"else": "else: keep leaves any other value, else: fail leaves its user out"}
_USERS: Final = "such as [acme, globex], or {csv: FILE}"
_TYPES: Final = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}


def names() -> list[str]:
    """The schemas that there are: ``user``, ``profile`` …"""
    return sorted(entry.name.removesuffix(".schema.json") for entry in _folder().iterdir() if _is_schema(entry.name))


@lru_cache(maxsize=16)
def schema(name: str) -> Mapping[str, Json]:
    """One JSON Schema, read."""
    value = loads((_folder() / f"{name}.schema.json").read_bytes())
    if not isinstance(value, dict):
        raise TypeError(name)
    return value


def inlined(name: str) -> JsonObject:
    """One JSON Schema with every ``$ref`` replaced by what it points to: following them takes most of the time."""

    def inline(file: str, rule: Json) -> Json:
        match rule:
            case dict() if isinstance(reference := rule.get("$ref"), str):
                siblings = {key: item for key, item in rule.items() if key != "$ref"}
                target, _, part = reference.partition("#/$defs/")
                target = target.removesuffix(".schema.json") or file
                definitions = schema(target)["$defs"]
                found = definitions[part] if isinstance(definitions, dict) else None
                return inline(target, {**found, **siblings} if isinstance(found, dict) else found)
            case dict():
                return {key: inline(file, item) for key, item in rule.items() if key != "$defs"}
            case list():
                return [inline(file, item) for item in rule]
            case _:
                return rule

    result = inline(name, dict(schema(name)))
    return result if isinstance(result, dict) else {}


def check(name: str, document: Json, place: Place) -> list[Fault]:
    """Everything in the document that its schema forbids; an empty list when there is nothing."""
    if accepts(name, document):
        return []
    told = (what for error in _validator(name).iter_errors(document) for what in _explain(error))
    faults = (
        Fault(message=message, place=_at(place, pointer, of_key=of_key), hint=hint)
        for pointer, of_key, message, hint in told
    )
    return list(dict.fromkeys(faults))


def _is_schema(name: str) -> bool:
    return name.endswith(".schema.json")


def _folder() -> resources.abc.Traversable:
    installed = resources.files("paragon_sync") / "schemas"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "schemas"  # of the checkout


def accepts(name: str, document: Json) -> bool:
    """Return True if jsonschema-rs accepts the document; False means that only :func:`check` can decide."""
    try:
        return _fast_validator(name).is_valid(document)
    except ValueError:  # a value that it can't convert, such as Number
        return False


@lru_cache(maxsize=16)
def _fast_validator(name: str) -> jsonschema_rs.Validator:
    import jsonschema_rs

    return jsonschema_rs.validator_for(inlined(name))


@lru_cache(maxsize=16)
def _validator(name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(inlined(name))


def _at(place: Place, pointer: Pointer, *, of_key: bool) -> Place:
    return Place(file=place.file, document=place.document, pointer=(*place.pointer, *pointer), of_key=of_key)


def _explain(error: ValidationError) -> _Told:
    pointer = tuple(str(part) for part in error.absolute_path)
    wanted: Any = error.validator_value
    rule: Any = error.schema
    value: Any = error.instance
    name = _name(pointer)
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(error, pointer)
        case "required":
            for missing in wanted:
                if missing not in value:
                    yield pointer, False, f'"{missing}" is missing{_in(pointer)}', _MISSING.get(missing)
        case "type":
            yield pointer, False, f"{name} must be {_TYPES[wanted]}, not {_shown(value)}", _type_hint(value, [wanted])
        case "anyOf":
            yield from _alternatives(error, pointer)
        case "const":
            yield pointer, False, f"{name} must be {_shown(wanted)}, not {_shown(value)}", None
        case "enum":
            choices = ", ".join(_shown(choice) for choice in wanted)
            hint = did_you_mean(value, wanted) if isinstance(value, str) else None
            yield pointer, False, f"{name} must be one of {choices}, not {_shown(value)}", hint
        case "uniqueItems":
            yield from _repeated(value, pointer)
        case "minProperties" | "maxProperties":
            keys = list(rule.get("properties", ()))
            some = f"exactly one of {', '.join(keys)}" if keys else "at least one entry"
            yield pointer, False, f"{name} must have {some}", None
        case "minItems" | "minLength":
            yield pointer, False, f"{name} is empty", None
        case "minimum" | "exclusiveMinimum":
            least = "at least" if error.validator == "minimum" else "more than"
            yield pointer, False, f"{name} must be {least} {wanted}, not {_shown(value)}", None
        case "pattern":
            hint = 'a JSON Pointer, such as "/fieldMappings/Email"' if wanted == "^/" else None
            yield pointer, False, f"{name} can't be {_shown(value)}", hint
        case _:
            yield pointer, False, f"{name} is not as its schema says", None


def _unknown_keys(error: ValidationError, pointer: Pointer) -> _Told:
    rule: Any = error.schema
    known = list(rule.get("properties", ()))
    keys: Any = error.instance
    for key in keys:
        if key in known:
            continue
        hint = did_you_mean(key, known) or f"known keys: {', '.join(known)}"
        if not pointer and key in {"settings", "defaults", "workflows", "exact", "keep", "account", "configuration"}:
            hint = "it belongs into a block under integrations"
        if not pointer and key == "template" and rule.get("title") == "Rollout":
            hint = "remove it: text in the values of a rollout always is a template"
        if not pointer and key == "release" and "profiles" not in known:
            yield (key,), True, NOTHING_TO_RELEASE, WHERE_TO_RELEASE
            continue
        if not pointer and key == "unset":
            yield (
                (key,),
                True,
                "metadata keys can't be unset: no way to do so is documented",
                ("to remove a setting, put unset into the integration's block"),
            )
            continue
        yield (*pointer, key), True, f'unknown key "{key}"{_in(pointer)}', hint


def _alternatives(error: ValidationError, pointer: Pointer) -> _Told:
    """Explain only the alternative that was meant: the one whose type fits."""
    branches: dict[int, list[ValidationError]] = {}
    for cause in error.context or ():
        branches.setdefault(int(cause.schema_path[0]), []).append(cause)
    fitting = [causes for causes in branches.values() if not any(_is_type(cause) for cause in causes)]
    if fitting:
        for cause in min(fitting, key=len):
            yield from _explain(cause)
        return
    value: Any = error.instance
    types: list[str] = [
        str(cause.validator_value) for causes in branches.values() for cause in causes if _is_type(cause)
    ]
    wanted = " or ".join(_TYPES[kind] for kind in types)
    yield (
        pointer,
        False,
        f"{_name(pointer)} must be {wanted}, not {_shown(value)}",
        _type_hint(value, types) or (_USERS if pointer == ("users",) else None),
    )


def _is_type(cause: ValidationError) -> bool:
    return cause.validator == "type" and not cause.path


def _repeated(values: list[Json], pointer: Pointer) -> _Told:
    for index, value in enumerate(values):
        if any(equal(value, earlier) for earlier in values[:index]):
            yield (*pointer, str(index)), False, f"{_name(pointer)} names {_shown(value)} twice", None


def _type_hint(value: Json, wanted: list[str]) -> str | None:
    if "boolean" in wanted and isinstance(value, str) and value.casefold() in _FALSE_BOOLEANS:
        return "only true and false are booleans"
    if "string" in wanted and isinstance(value, bool | int | float | Number):
        return f'quote it: "{_shown(value)}"'
    if value is None:
        return "null is only for the values of settings and metadata"
    return None


def _name(pointer: Pointer) -> str:
    if not pointer:
        return "the document"
    if re.fullmatch("[0-9]+", pointer[-1]) and len(pointer) > 1:
        return f'item {int(pointer[-1]) + 1} of "{pointer[-2]}"'
    return f'"{pointer[-1]}"'


def _in(pointer: Pointer) -> str:
    return f" in {_name(pointer)}" if pointer else ""


def _shown(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value}"' if len(value) <= _LONGEST_SHOWN else "this text"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return str(value)
