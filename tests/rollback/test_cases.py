"""Every case that writes, taken back: all is as it was before, but for what can't be, and that is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.emulator import Emulator, running
from paragon_sync.emulator.state import UserState
from paragon_sync.jsonvalue import (
    ABSENT,
    Absent,
    Json,
    JsonObject,
    Pointer,
    assign,
    equal,
    loads,
    lookup,
    parse_pointer,
)
from tests.cases.case import WORKFLOW_MAPS, Case, as_object, pretty, read_case
from tests.cases.command import Command, entry_point
from tests.cases.test_cases import FOLDERS, Trial, as_list, write_project

WRITING = [folder for folder in FOLDERS if (folder / "after.json").exists()]
CONFIG: JsonObject = {}
ENDPOINT: JsonObject = {"apply": {"enablement": "endpoint"}}
THEIRS = "theirs"
"""What the portal writes, and the key under which it adds a value."""


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return entry_point(monkeypatch, capsys)


@pytest.mark.parametrize(
    ("reading", "project"),
    [(("section", "merge"), CONFIG), (("whole", "replace"), ENDPOINT)],
    ids=["section-merge-config", "whole-replace-endpoint"],
)
@pytest.mark.parametrize("folder", WRITING, ids=lambda folder: folder.name)
def test_all_is_as_it_was_before(
    *,
    folder: Path,
    reading: tuple[str, str],
    project: JsonObject,
    tmp_path: Path,
    signing_key: Path,
    command: Command,
) -> None:
    case = with_project(read_case(folder), project)
    with emulated(case, reading, tmp_path, signing_key) as emulator:
        trial = Trial(case=case, command=command, emulator=emulator, folder=tmp_path / "work", updating=False)
        trial.run("apply", "--yes")

        back = roll_back(trial)

        for user, before in case.live().items():
            left = list(differing(as_tree(before), held(emulator, user)))
            told = told_of(back, user)
            assert all(path[0] == "meta" and len(path) == 2 for path in left), pretty(held(emulator, user))
            assert all(f'metadata "{path[1]}" was added by the run, and can\'t be removed' in told for path in left)
            assert len(left) == len(told)


@pytest.mark.parametrize("folder", WRITING, ids=lambda folder: folder.name)
def test_what_the_portal_wrote_since_survives(
    *, folder: Path, tmp_path: Path, signing_key: Path, command: Command
) -> None:
    case = read_case(folder)
    with emulated(case, ("section", "merge"), tmp_path, signing_key) as emulator:
        trial = Trial(case=case, command=command, emulator=emulator, folder=tmp_path / "work", updating=False)
        _, plan = trial.plan([])
        trial.run("apply", "--yes")
        written = [portal_write(emulator, as_object(one)) for one in as_list(plan["operations"])]

        back = roll_back(trial)

        for user, before in case.live().items():
            theirs = [write for write in written if write.user == user]
            ours = held(emulator, user)
            places = [path for write in theirs for path in write.paths]
            assert all(equal(lookup(ours, path), THEIRS) for path in places), pretty(ours)
            told = told_of(back, user)
            stays = [path for write in theirs for path in write.stays]
            for path in differing(as_tree(before), ours):
                assert any(path[: len(stay)] == stay for stay in stays) or (
                    path[0] == "meta" and any(f'"{path[1]}" was added' in one for one in told)
                )
            for write in theirs:
                assert write.label is None or any(write.label in one for one in told), (write, told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """What the portal wrote of one subject: where; ``label`` is the managed value's.

    ``stays`` is where the state may differ from the one before: there, and all of a workflow's entry that it wrote in.
    """

    user: str
    paths: list[Pointer]
    stays: list[Pointer]
    label: str | None


def portal_write(emulator: Emulator, operation: JsonObject) -> Portal:
    """Write an unmanaged value, and a managed one of those that the operation set, but no enablement."""
    user = str(operation["user"])
    changes = [as_object(one) for one in as_list(operation["changes"])]
    changes = [one for one in changes if one["effect"] != "remove" and not str(one["pointer"]).endswith("/enabled")]
    spots = [(THEIRS,), *(parse_pointer(str(one["pointer"])) for one in changes[:1])]
    state: Any = emulator.site.users.read(user).to_json()  # with repeated keys, if it has such
    tree = as_tree(state)
    written = [(*home, *spot) for home in homes(tree, operation) for spot in spots]
    for path in written:
        tree = assign(tree, path, THEIRS)
    emulator.site.users.write(user, UserState.from_json(state | as_state(tree)))
    stays = [_entry(path) for path in written]
    return Portal(user=user, paths=written, stays=stays, label=str(changes[0]["label"]) if changes else None)


def _entry(path: Pointer) -> Pointer:
    """The workflow's entry in which the value stands, else the value."""
    at = next((number for number, part in enumerate(path) if part in WORKFLOW_MAPS), None)
    return path if at is None else path[: at + 2]


def homes(tree: JsonObject, operation: JsonObject) -> Iterator[Pointer]:
    """Where what the operation writes stands: the metadata, or a configuration, and its copy as ``config``."""
    if operation["kind"] == "metadata":
        yield ("meta",)
        return
    at = ("credentials", str(operation["credential"]))
    named = operation.get("configuration")
    if named is not None:
        yield (*at, "configurations", str(named))
    mirrored = lookup(tree, (*at, "configurations", str(named), "isDefault")) is True
    if named is None or (mirrored and lookup(tree, (*at, "config")) not in (ABSENT, {})):
        yield (*at, "config")


def with_project(case: Case, project: JsonObject) -> Case:
    return replace(case, options=replace(case.options, project=case.options.project | project))


@contextmanager
def emulated(case: Case, reading: tuple[str, str], folder: Path, key: Path) -> Iterator[Emulator]:
    """The case's users in an emulator, and its manifests in ``work``."""
    fixture, work = folder / "fixture.json", folder / "work"
    fixture.write_text(case.fixture(), "utf-8")
    work.mkdir()
    with running(fixture, replace=reading[0], metadata=reading[1], signing_key=key) as emulator:
        write_project(case, emulator, work)
        yield emulator


def roll_back(trial: Trial) -> JsonObject:
    """Take the last run back; the plan that did."""
    variables = trial.case.options.environment
    asked = ["rollback", "last", "-e", "test", "--out", "back.plan", "--format", "json"]
    planned = trial.command(asked, trial.folder, variables)
    assert planned.code == 0, planned.out + planned.err
    applied = trial.command(["apply", "back.plan", "-e", "test"], trial.folder, variables)
    assert applied.code == 0, applied.out + applied.err
    shown = [text for text in trial.case.options.hidden if text in planned.out + planned.err + applied.out]
    assert not shown, f"rollback shows {shown}"
    return as_object(loads(planned.out))


def told_of(plan: JsonObject, user: str) -> list[str]:
    """What the plan says can't be given back to this user."""
    findings = [as_object(one) for one in as_list(plan["findings"])]
    assert {one["kind"] for one in findings} <= {"notRestored"}
    return [str(one["message"]) for one in findings if one["user"] == user]


def held(emulator: Emulator, user: str) -> JsonObject:
    """What the emulator holds of a user, as :func:`as_tree` has it."""
    return as_tree(loads(emulator.user_text(user)))


def as_tree(state: Json) -> JsonObject:
    """Metadata and credentials; lists whose items have ids as objects by those."""
    found = as_object(state)
    return {
        "meta": found["meta"],
        "credentials": {
            id_: raw | ({"configurations": _by_id(raw["configurations"])} if "configurations" in raw else {})
            for id_, raw in _by_id(found["credentials"]).items()
            if isinstance(raw, dict)
        },
    }


def as_state(tree: JsonObject) -> JsonObject:
    """What :func:`as_tree` was made from."""
    credentials = [as_object(one) for one in as_object(tree["credentials"]).values()]
    lists: list[Json] = [
        raw | ({"configurations": [*as_object(raw["configurations"]).values()]} if "configurations" in raw else {})
        for raw in credentials
    ]
    return {"meta": tree["meta"], "credentials": lists}


def _by_id(items: Json) -> JsonObject:
    return {str(as_object(one)["id"]): one for one in as_list(items)}


def differing(one: Json | Absent, other: Json | Absent, at: Pointer = ()) -> Iterator[Pointer]:
    """Where two values differ; a section that is empty is as good as none, and a metadata key is a value."""
    if at[:1] != ("meta",):
        one, other = _section(one, other), _section(other, one)
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from differing(one.get(key, ABSENT), other.get(key, ABSENT), (*at, key))
    elif not equal(one, other):
        yield at


def _section(value: Json | Absent, against: Json | Absent) -> Json | Absent:
    return {} if value is ABSENT and isinstance(against, dict) else value
