"""Templates over a whole parsed document: which scalars are evaluated, and which are literal. Knows no blocks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from paragon_sync.jsonvalue import Json, JsonObject, Pointer
from paragon_sync.manifest import secrets
from paragon_sync.manifest.template import Evaluated, Names, evaluate, is_template
from paragon_sync.model.declared import Fault, Place

SECTIONS: Final = ("metadata", "integrations")
"""The parts of a document whose values may be templates; keys never are."""


@dataclass(slots=True)
class Expanded:
    """A document with its templates evaluated; ``secret`` are the places where one touched a secret."""

    document: JsonObject
    secret: set[Pointer] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)


def expand(document: JsonObject, names: Names, place: Place) -> Expanded:
    """Evaluate every template in ``metadata`` and ``integrations``.

    What is under ``$literal`` stays as it is, and so do the names of secrets: what templates make can't name one.
    """
    expanded = Expanded(document)

    def value_at(value: Json, at: Pointer) -> Json:
        match value:
            case str() if is_template(value):
                return evaluated(value, at)
            case dict() if not secrets.is_reference(value):
                return {key: value_at(item, (*at, key)) for key, item in value.items()}
            case list():
                return [value_at(item, (*at, str(index))) for index, item in enumerate(value)]
            case _:
                return value

    def evaluated(text: str, at: Pointer) -> Json:
        answer = evaluate(text, names)
        if not isinstance(answer, Evaluated):
            expanded.faults.append(Fault(message=answer.message, place=replace(place, pointer=at), hint=answer.hint))
            return text
        if answer.secret:
            expanded.secret.add(at)
        # What a template makes is a value and never a reference: data must not name secrets.
        return secrets.literal(answer.value)

    sections: JsonObject = {key: value_at(document[key], (key,)) for key in SECTIONS if key in document}
    expanded.document = {**document, **sections}
    return expanded


def templates_in(document: JsonObject) -> dict[Pointer, str]:
    """Where :func:`expand` would evaluate a template, and its text."""
    found: dict[Pointer, str] = {}
    pending: list[tuple[Pointer, Json]] = [((key,), document[key]) for key in SECTIONS if key in document]
    while pending:
        at, value = pending.pop()
        match value:
            case str() if is_template(value):
                found[at] = value
            case dict() if not secrets.is_reference(value):
                pending.extend(((*at, key), item) for key, item in value.items())
            case list():
                pending.extend(((*at, str(index)), item) for index, item in enumerate(value))
            case _:
                pass
    return found
