"""Walks the cases: plan, apply, plan again, each in every reading of the API that the emulator knows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from urllib.request import urlopen

import pytest
import yaml

from paragon_sync.emulator import Emulator, running
from paragon_sync.jsonvalue import Json, JsonObject, dumps, equal, loads

from .case import ROOT, Case, as_object, pretty, read_case
from .command import Command, Ended, entry_point, installed_once
from .lines import later_lines, plan_lines, problem_lines

FOLDERS = sorted(path.parent for path in ROOT.glob("*/live.json"))
READINGS = [*product(("section", "whole", "by-header"), ("merge", "replace"))]
WRITES = ("PATCH", "POST", "PUT", "DELETE")


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_installed_command(
    *,
    folder: Path,
    tmp_path: Path,
    signing_key: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    updating: bool,
) -> None:
    command = installed_once(entry_point(monkeypatch, capsys))
    check(read_case(folder), command, READINGS[0], tmp_path, signing_key, updating=updating)


@pytest.mark.parametrize("reading", READINGS[1:], ids="-".join)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_entry_point(
    *,
    folder: Path,
    reading: tuple[str, str],
    tmp_path: Path,
    signing_key: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    check(read_case(folder), entry_point(monkeypatch, capsys), reading, tmp_path, signing_key)


def test_updating_is_refused_in_ci() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--update-cases", str(ROOT)],
        env={**os.environ, "CI": "true"},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--update-cases is refused in CI" in ended.stderr


def test_neighbours_stand_in_most_cases_that_write() -> None:
    writing = [read_case(folder) for folder in FOLDERS if (folder / "after.json").exists()]

    assert len(FOLDERS) >= 60
    assert len([case for case in writing if case.options.neighbours == {}]) >= 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One case against one emulator; ``folder`` holds the manifests and ``paragon.yaml``."""

    case: Case
    command: Command
    emulator: Emulator
    folder: Path
    updating: bool

    def run(self, verb: str, *arguments: str) -> Ended:
        """Run ``plan`` or ``apply``; whatever it says, it shows no secret and no traceback."""
        options = self.case.options
        extra = (*options.arguments, *(options.plan if verb == "plan" else options.apply).get("arguments", ()))
        line = [verb, "-c", "paragon.yaml", "-e", "test", *arguments, *extra]
        ended = self.command(line, self.folder, options.environment)
        shown = [text for text in options.hidden if text in ended.out + ended.err]
        assert not shown, f"{verb} shows {shown}"
        assert "Traceback" not in ended.err, ended.err
        assert "internal error" not in ended.err, ended.err
        return ended

    def plan(self, expected: Sequence[str]) -> tuple[list[str], JsonObject]:
        """Run ``plan``; the lines that it amounts to, and its JSON."""
        ended = self.run("plan", "--format", "json")
        assert ended.code in {0, 2, 4}, ended.err
        plan = as_object(loads(ended.out))
        return plan_lines(plan, expected, ended.code), plan

    def expect_lines(self, name: str, actual: Sequence[str]) -> None:
        """Compare with an expected file, whatever the order; or write it."""
        expected = self.case.lines(name) or []
        if self.updating and sorted(actual) != sorted(expected):
            (self.case.folder / name).write_text("".join(f"{line}\n" for line in actual), "utf-8")
        else:
            expect_same(expected, actual)

    def expect_users(self, expected: Mapping[str, Json]) -> None:
        """Compare all that the emulator holds, value by value."""
        for user, state in expected.items():
            actual = self._held(user)
            assert equal(actual, state), f"{user}:\n{pretty(actual)}\nis not\n{pretty(state)}"

    def expect_after(self) -> None:
        """Compare with ``after.json``, or write it."""
        before = self.case.live()
        changed = {user: held for user, state in before.items() if not equal(held := self._held(user), state)}
        if self.updating and not equal(before | changed, self.case.after()):
            (self.case.folder / "after.json").write_text(pretty(changed) + "\n", "utf-8")
        else:
            self.expect_users(self.case.after())

    def requests(self) -> list[JsonObject]:
        """The requests served until now."""
        with urlopen(f"{self.emulator.url}/__emulator/requests") as answer:  # noqa: S310
            served = loads(answer.read())
        assert isinstance(served, list)
        return [as_object(one) for one in served]

    def writes(self) -> list[JsonObject]:
        """The requests that could have changed something."""
        return [one for one in self.requests() if one["method"] in WRITES]

    def _held(self, user: str) -> Json:
        held = as_object(loads(self.emulator.user_text(user)))
        return {"meta": held["meta"], "credentials": held["credentials"]}


def check(
    case: Case, command: Command, reading: tuple[str, str], folder: Path, key: Path, *, updating: bool = False
) -> None:
    if updating:  # expected files are written without neighbours
        case = replace(case, options=replace(case.options, neighbours="none"))
    fixture = folder / "fixture.json"
    fixture.write_text(case.fixture(), "utf-8")
    work = folder / "work"
    work.mkdir()
    with running(fixture, replace=reading[0], metadata=reading[1], signing_key=key) as emulator:
        write_project(case, emulator, work)
        trial = Trial(case=case, command=command, emulator=emulator, folder=work, updating=updating)
        if case.lines("errors.txt") is None:
            check_plan(trial)
        else:
            check_errors(trial)


def write_project(case: Case, emulator: Emulator, folder: Path) -> None:
    environment = {
        "project": emulator.project,
        "host": emulator.url,
        "signingKey": {"$file": str(emulator.signing_key)},
        "catalog": {"users": ["catalog-reader"]},
    }
    project = {
        "apiVersion": "paragon-sync/v1",
        "kind": "Project",
        "manifests": case.copy_manifests(folder),
        "environments": {"test": environment},
        **case.options.project,
    }
    (folder / "paragon.yaml").write_text(yaml.safe_dump(project, sort_keys=False), "utf-8")


def check_errors(trial: Trial) -> None:
    for verb, arguments in (("plan", ()), ("apply", ("--yes",))):
        ended = trial.run(verb, *arguments)

        trial.expect_lines("errors.txt", problem_lines(ended.err, trial.case.lines("errors.txt") or []))
        assert ended.code == 1, ended.err
    assert trial.writes() == []
    trial.expect_users(trial.case.live())


def check_plan(trial: Trial) -> None:
    options, expected = trial.case.options, trial.case.lines("plan.txt") or []
    trial.expect_users(trial.case.live())

    lines, plan = trial.plan(expected)
    trial.expect_lines("plan.txt", lines)
    assert_counts(plan)
    assert options.operations in {None, len(as_list(plan["operations"]))}
    if trial.case.lines("asked.txt") is not None:
        trial.expect_lines("asked.txt", [f"{one['user']} {one['method']} {path(one)}" for one in trial.requests()])
    if (shown := trial.case.folder / "shown.txt").exists() and not trial.updating:
        assert trial.run("plan").out == shown.read_text("utf-8")
    assert trial.writes() == []

    applied = trial.run("apply", "--yes")
    code = options.apply.get("exit", 4 if "exit 4" in lines else 0)
    assert applied.code == code, applied.out + applied.err
    check_sent(trial)
    trial.expect_after()

    if trial.writes():
        again, _ = trial.plan(expected)
        expect_same(later_lines(lines), again)


def check_sent(trial: Trial) -> None:
    """The writes are those of ``sent.txt``, in its order; and no user's metadata follows its configurations."""
    writes = trial.writes()
    if (expected := trial.case.lines("sent.txt")) is not None:
        lines = [sent(one) for one in writes]
        trial.expect_lines("sent.txt", lines)
        assert trial.updating or lines == expected
    for number, one in enumerate(writes):
        earlier = {path(before) for before in writes[:number] if before["user"] == one["user"]}
        assert path(one) != "/sdk/me" or not earlier


def assert_counts(plan: JsonObject) -> None:
    """The plan's counts are those of its operations."""
    counts = as_object(plan["counts"])
    operations = [as_object(one) for one in as_list(plan["operations"])]
    effects = [as_object(change)["effect"] for one in operations for change in as_list(one["changes"])]

    assert counts["operations"] == len(operations)
    assert counts["changed"] == len({str(one["user"]) for one in operations})
    assert [counts[f"values{word}"] for word in ("Added", "Changed", "Removed")] == [
        effects.count(effect) for effect in ("add", "change", "remove")
    ]


def expect_same(expected: Sequence[str], actual: Sequence[str]) -> None:
    """Compare lines, whatever their order; what is missing is told with ``-``, what nobody expected with ``+``."""
    both = Counter(expected) & Counter(actual)
    told = [f"- {line}" for line in (Counter(expected) - both).elements()]
    told += [f"+ {line}" for line in (Counter(actual) - both).elements()]
    assert not told, "\n".join(["the lines differ", *told])


def path(request: JsonObject) -> str:
    """The path from ``/sdk`` on."""
    return "/sdk" + str(request["path"]).partition("/sdk")[2]


def sent(request: JsonObject) -> str:
    """A write as a line of ``sent.txt``."""
    headers = as_object(request["headers"])
    named = {"C": headers.get("x-paragon-credential"), "G": headers.get("x-paragon-configuration-id")}
    present = "".join(f" {letter}={value}" for letter, value in named.items() if value is not None)
    return f"{request['method']} {path(request)}{present} {dumps(request['body'], sort_keys=True)}"


def as_list(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value
