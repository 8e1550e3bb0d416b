"""Files of cases for migrations → nouns. Knows neither catalogs nor how cases are tried.

The cases of ``NAME.yaml`` stand in ``NAME.cases.yaml`` beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal

from paragon_sync.errors import Problem
from paragon_sync.jsonvalue import Json, JsonObject, Pointer
from paragon_sync.manifest import schema, source
from paragon_sync.model.declared import Fault, Place
from paragon_sync.model.rehearsal import Case, NamedState

_SUFFIXES: Final = (".cases.yaml", ".cases.yml")


def is_cases(file: Path) -> bool:
    """Whether the file holds cases, and no manifests."""
    return file.name.endswith(_SUFFIXES)


def cases_beside(file: Path) -> Path | None:
    """The file of cases for the migrations of a manifest file, if there is one."""
    found = (file.with_name(file.stem + suffix) for suffix in _SUFFIXES)
    return next((path for path in found if path.is_file()), None)


def manifests_beside(file: Path) -> list[Path]:
    """The manifest files that a file of cases may be about."""
    stem = next(file.name.removesuffix(suffix) for suffix in _SUFFIXES if file.name.endswith(suffix))
    return [
        path for suffix in (".yaml", ".yml", ".ndjson", ".jsonl") if (path := file.with_name(stem + suffix)).is_file()
    ]


def read_cases(file: Path) -> Iterator[Case | Problem]:
    """The cases of one file, and every problem with its position."""
    for item in source.read(file):
        if isinstance(item, Problem):
            yield item
            continue
        faults = [fault for fault in _check(item.value, item.place) if fault.place.pointer not in item.broken]
        yield from source.problems(faults)
        if not faults and not item.flawed and isinstance(item.value, dict):
            yield from _cases(item.value, item.place)


def _check(document: Json, place: Place) -> Iterator[Fault]:
    yield from schema.check("cases", document, place)
    cases = document.get("cases") if isinstance(document, dict) else None
    for number, case in enumerate(cases if isinstance(cases, list) else ()):
        if isinstance(case, dict) and ("expected" in case) is ("finding" in case):
            at = replace(place, pointer=("cases", str(number)))
            hint = "expected: unchanged, if nothing is to happen"
            yield Fault(message="a case must have exactly one of expected, finding", place=at, hint=hint)


def _cases(document: JsonObject, place: Place) -> Iterator[Case]:
    cases = document["cases"]
    for number, case in enumerate(cases if isinstance(cases, list) else ()):
        if isinstance(case, dict):
            yield _case(case, replace(place, pointer=("cases", str(number))))


def _case(case: JsonObject, place: Place) -> Case:
    expected = case.get("expected")
    return Case(
        name=_text(case.get("name")) or "",
        place=place,
        live=_state(_object(case.get("live")), place, "live"),
        expected=_state(expected, place, "expected") if isinstance(expected, dict) else _unchanged(expected),
        finding=_text(case.get("finding")),
        migration=_text(case.get("migration")),
        user=_text(case.get("user")) or "user",
        row=_object(case.get("row")),
        account={key: value for key, value in _object(case.get("account")).items() if isinstance(value, str)},
    )


def _unchanged(expected: Json) -> Literal["unchanged"] | None:
    return "unchanged" if expected == "unchanged" else None


def _state(state: JsonObject, place: Place, key: str) -> NamedState:
    at: Pointer = (*place.pointer, key)
    settings, workflows = state.get("settings"), state.get("workflows")
    return NamedState(
        place=replace(place, pointer=at),
        settings=settings if isinstance(settings, dict) else None,
        workflows=workflows if isinstance(workflows, dict) else None,
    )


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None
