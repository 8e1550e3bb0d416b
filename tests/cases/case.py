"""One case's folder, read: its files as values. Knows neither the command line nor the emulator."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from paragon_sync.jsonvalue import Json, JsonObject, dumps, loads

ROOT = Path(__file__).parent
OWN = {"live.json", "plan.txt", "shown.txt", "after.json", "errors.txt", "sent.txt", "asked.txt", "case.yaml"}
WORKFLOW_MAPS = ("configuredWorkflows", "workflowSettings")


@dataclass(frozen=True, slots=True)
class Options:
    """``case.yaml``; README.md says what each key means."""

    why: str = ""
    arguments: list[str] = field(default_factory=list)
    plan: dict[str, Any] = field(default_factory=dict)
    apply: dict[str, Any] = field(default_factory=dict)
    project: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    fixture: dict[str, Any] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    operations: int | None = None
    neighbours: Any = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """One folder."""

    folder: Path
    options: Options

    def lines(self, name: str) -> list[str] | None:
        """The lines of an expected file, or None where the case hasn't got it."""
        path = self.folder / name
        return [line for line in path.read_text("utf-8").splitlines() if line] if path.exists() else None

    def fixture(self) -> str:
        """The emulator's fixture, as JSON."""
        catalog = as_object(loads((ROOT / "catalog.json").read_text("utf-8")))
        shared = dumps(catalog | self.options.fixture).removesuffix("}")
        return f'{shared},"users":{self._users("live.json")}}}'

    def live(self) -> JsonObject:
        """The users before."""
        return as_object(loads(self._users("live.json")))

    def after(self) -> JsonObject:
        """The users after ``apply``: those before, but for the ones that ``after.json`` names."""
        named = loads(self._users("after.json")) if (self.folder / "after.json").exists() else {}
        return self.live() | as_object(named)

    def copy_manifests(self, target: Path) -> list[str]:
        """Copy everything that isn't the runner's own; the patterns of the manifests among it."""
        for path in self.folder.iterdir():
            if path.name not in OWN:
                copy = shutil.copytree if path.is_dir() else shutil.copyfile
                copy(path, target / path.name)
        return sorted(path.name for path in target.iterdir() if path.suffix in {".yaml", ".ndjson"})

    def _users(self, name: str) -> str:
        text = (self.folder / name).read_text("utf-8")
        if self.options.neighbours == "none":
            return text
        without = self.options.neighbours.get("without", [])
        users = as_object(loads(text))
        live = _object(loads((self.folder / "live.json").read_text("utf-8")))
        neighbours = _object(loads((ROOT / "neighbours.json").read_text("utf-8")))
        for path, level in spots(live):  # an object that isn't there before has no neighbours afterwards
            spot = _follow(users, path)
            if isinstance(spot, dict) and isinstance(_follow(live, path), dict) and level not in without:
                spot.update(as_object(neighbours[level]))
        return dumps(users)


def read_case(folder: Path) -> Case:
    """The case in this folder; a key that ``case.yaml`` doesn't know is an error."""
    path = folder / "case.yaml"
    return Case(folder, Options(**(yaml.safe_load(path.read_text("utf-8")) if path.exists() else {})))


def spots(users: JsonObject) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every object of the users' states into which neighbours can be put, and its level."""
    for user, state in users.items():
        yield (user, "meta"), "meta"
        for number, credential in enumerate(_list(_object(state).get("credentials"))):
            at = (user, "credentials", number)
            yield at, "credential"
            if _object(credential).get("config"):  # an empty one means something else than one with neighbours
                yield from _configuration_spots((*at, "config"), _object(_object(credential)["config"]))
            for index, entry in enumerate(_list(_object(credential).get("configurations"))):
                yield from _configuration_spots((*at, "configurations", index), _object(entry))


def _configuration_spots(
    at: tuple[str | int, ...], configuration: JsonObject
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    yield at, "config"
    yield (*at, "sharedSettings"), "sharedSettings"
    for name in WORKFLOW_MAPS:
        yield (*at, name), "workflows"
        for workflow in _object(configuration.get(name)):
            yield (*at, name, workflow), "workflow"
            yield (*at, name, workflow, "settings"), "settings"


def pretty(value: Json, indent: int = 0, width: int = 110) -> str:
    """JSON for people: on one line what fits on one, number texts kept."""
    flat = _flat(value)
    if len(flat) + indent <= width or not isinstance(value, dict | list):
        return flat
    pad = " " * (indent + 2)
    if isinstance(value, dict):
        items = [f"{pad}{dumps(key)}: {pretty(item, indent + 2, width - len(key) - 4)}" for key, item in value.items()]
        return "{\n" + ",\n".join(items) + "\n" + " " * indent + "}"
    return "[\n" + ",\n".join(pad + pretty(item, indent + 2, width) for item in value) + "\n" + " " * indent + "]"


def _flat(value: Json) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{dumps(key)}: {_flat(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(_flat(item) for item in value) + "]"
        case _:
            return dumps(value)


def _follow(value: Json, path: tuple[str | int, ...]) -> Json:
    for part in path:
        try:
            value = value[part]
        except (IndexError, KeyError, TypeError):
            return None
    return value


def as_object(value: Json) -> JsonObject:
    """The value, which must be an object."""
    assert isinstance(value, dict)
    return value


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
