"""Owns which JSON value fits which type of input. Knows no names and no documents.

Types that aren't known here, and parts of compound values that aren't, fit: the project may know more than we do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from paragon_sync.catalog.naming import suggestion
from paragon_sync.jsonvalue import Json, Number, Repeated
from paragon_sync.model.catalog import Input


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A value that doesn't fit: the end of a sentence (``must be a string, not a number``), and what to do."""

    message: str
    hint: str | None = None


def check_value(definition: Input, value: Json, *, secret: bool = False) -> Mismatch | None:
    """What is wrong with the value for this input, or None; null fits every input that has a value at all.

    A value that is ``secret``, or meant for a ``PASSWORD``, is never part of the message.
    """
    if definition.type == "COPYABLE_BUTTON_INPUT":
        return Mismatch("is only shown to people and has no value", "remove it")
    if value is None:
        return None
    if definition.type == "ENUM":
        return _check_choice(definition, value, secret=secret)
    check = _CHECKS.get(definition.type)
    return None if check is None else check(value)


def kind_of(value: Json) -> str:
    """What people call a value of this type, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float() | Number():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case dict() | Repeated():
            return "an object"


def _check_text(value: Json) -> Mismatch | None:
    if isinstance(value, str):
        return None
    scalar = isinstance(value, bool | int | float | Number)
    return Mismatch(f"must be a string, not {kind_of(value)}", "put it in quotes" if scalar else None)


def _check_number(value: Json) -> Mismatch | None:
    if isinstance(value, str | int | float | Number) and not isinstance(value, bool):
        return None
    return Mismatch(f"must be a number, or a string that holds one, not {kind_of(value)}")


def _check_boolean(value: Json) -> Mismatch | None:
    if isinstance(value, bool):
        return None
    word = isinstance(value, str) and value.lower() in {"true", "false", "yes", "no", "on", "off"}
    hint = "write true or false, without quotes" if word else None
    return Mismatch(f"must be true or false, not {kind_of(value)}", hint)


def _check_choice(definition: Input, value: Json, *, secret: bool) -> Mismatch | None:
    choices = definition.values
    if not isinstance(value, str):
        return _check_text(value)
    if choices is None or value in choices:
        return None
    if secret:
        return Mismatch(f"must be one of its {len(choices)} choices")
    return Mismatch(f'can\'t be "{value}"', suggestion(value, choices, choices))


def _check_parts(parts: Mapping[str, Callable[[Json], bool]]) -> Callable[[Json], Mismatch | None]:
    """A check of a compound value: an object whose known parts, where they are there, have the known shape."""

    def check(value: Json) -> Mismatch | None:
        if not isinstance(value, dict):
            return Mismatch(f"must be an object, not {kind_of(value)}", f"with the keys {', '.join(parts)}")
        for name, fits in parts.items():
            part = value.get(name)
            if part is not None and not fits(part):
                return Mismatch(f'has a part "{name}" that must be {_SHAPES[fits]}')
        return None

    return check


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_object(value: Json) -> bool:
    return isinstance(value, dict)


def _is_list(value: Json) -> bool:
    return isinstance(value, list)


def _is_mapping_type(value: Json) -> bool:
    return isinstance(value, str) and value in {"STATIC", "DYNAMIC"}


def _is_choices(value: Json) -> bool:
    return isinstance(value, dict) and all(
        isinstance(chosen, str) or (isinstance(chosen, list) and all(isinstance(item, str) for item in chosen))
        for chosen in value.values()
    )


_SHAPES: Final[Mapping[Callable[[Json], bool], str]] = {
    _is_text: "a string",
    _is_object: "an object",
    _is_list: "an array",
    _is_mapping_type: '"STATIC" or "DYNAMIC"',
    _is_choices: "an object of strings, or of arrays of strings",
}

_COMBO: Final = _check_parts({"mainInput": _is_text, "dependentInput": _is_text, "fieldMappings": _is_object})
_DYNAMIC_COMBO: Final = _check_parts({"mainInput": _is_text, "dependentInput": _is_text, "variableInput": _is_choices})
_FIELD_MAPPER: Final = _check_parts(
    {
        "objectMapping": _is_text,
        "fieldMappings": _is_object,
        "dynamicMappings": _is_object,
        "userCreatedFields": _is_list,
        "mappingType": _is_mapping_type,
        "mainInput": _is_text,
        "dependentInput": _is_text,
    }
)

_CHECKS: Final[Mapping[str, Callable[[Json], Mismatch | None]]] = {
    "TEXT_NO_VARS": _check_text,
    "TEXTAREA_NO_VARS": _check_text,
    "EMAIL": _check_text,
    "URL": _check_text,
    "PASSWORD": _check_text,
    "PERMISSION": _check_text,
    "FILE": _check_text,
    "DYNAMIC_ENUM": _check_text,
    "CUSTOM_DROPDOWN": _check_text,
    "NUMBER": _check_number,
    "BOOLEAN_INPUT": _check_boolean,
    "SWITCH": _check_boolean,
    "COMBO_INPUT": _COMBO,
    "DYNAMIC_COMBO_INPUT": _DYNAMIC_COMBO,
    "FIELD_MAPPER": _FIELD_MAPPER,
}
