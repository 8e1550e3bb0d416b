"""What every command ends with, and which code it is where several hold: 64, 130, 143 or 129, 1, 4, 3, 2, 0."""

from __future__ import annotations

import itertools
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from typing import Any, Final

import pytest

from paragon_sync.cli.main import COMMANDS
from paragon_sync.emulator import Emulator
from paragon_sync.errors import most_severe
from tests.benches import Start
from tests.cases.command import INSTALLED, run_process
from tests.workbench import Answered, Asked, Forward, Workbench, account, as_answer, between, user

CONFIG: Final = {"sharedSettings": {"channel": "C1"}}
LIVE: Final = user(account(config=CONFIG))
ORDER: Final = (64, 130, 143, 129, 1, 4, 3, 2, 0)
SEVERAL: Final = {"catalog": "pull", "runs": "list"}
"""Groups of commands, each with one of them."""


def slack(**block: Any) -> dict[str, Any]:
    return {"integrations": {"slack": block}}


def clean(workbench: Workbench, _: Emulator) -> None:
    workbench.users(a=slack(settings={"Channel": "C1"}))


def pending(workbench: Workbench, _: Emulator) -> None:
    workbench.users(a=slack(settings={"Channel": "C2"}))


def broken(workbench: Workbench, _: Emulator) -> None:
    workbench.users(a=slack(settings={"Channel": "C2"}, setings={}))


def unknown_project(workbench: Workbench, emulator: Emulator) -> None:
    pending(workbench, emulator)
    workbench.project(emulator.url, environment={"project": "no-such-project"})


def refused(workbench: Workbench, emulator: Emulator) -> None:
    pending(workbench, emulator)
    workbench.project(emulator.url, policy={"usersChanged": 0})


def findings(workbench: Workbench, _: Emulator) -> None:
    workbench.users(a=slack(settings={"Channel": "C2"}), nobody=slack(settings={"Channel": "C2"}))


def both(workbench: Workbench, emulator: Emulator) -> None:
    findings(workbench, emulator)
    workbench.project(emulator.url, policy={"usersChanged": 0})


def broken_and_refused(workbench: Workbench, emulator: Emulator) -> None:
    refused(workbench, emulator)
    broken(workbench, emulator)


Situation = Callable[[Workbench, Emulator], None]
TABLE: Final[list[tuple[str, dict[Situation, int]]]] = [
    ("validate", {clean: 0, pending: 0, broken: 1, refused: 0}),
    ("plan", {clean: 0, pending: 0, broken: 1, unknown_project: 1, refused: 4, findings: 4, broken_and_refused: 1}),
    (
        "plan --detailed-exitcode",
        {clean: 0, pending: 2, broken: 1, unknown_project: 1, refused: 4, findings: 4, both: 4, broken_and_refused: 1},
    ),
    ("plan --detailed-exitcode --allow findings=1", {findings: 4}),
    ("apply --yes", {clean: 0, pending: 0, broken: 1, unknown_project: 1, refused: 4, findings: 4, both: 4}),
    ("apply", {clean: 0, pending: 1}),
    ("apply none.plan", {pending: 1}),
    ("apply --digest 00000000", {pending: 64}),
    ("apply --retry-conflicts none.plan", {pending: 1}),
    ("explain a", {clean: 0, pending: 0, broken: 1, unknown_project: 1}),
    ("explain somebody", {pending: 1}),
    ("export --user a", {clean: 0, unknown_project: 1}),
    ("catalog pull", {clean: 0, unknown_project: 1}),
    ("token a", {clean: 0, unknown_project: 0}),
    ("runs list", {clean: 0}),
    ("runs show last", {clean: 1}),
    ("runs unlock --yes", {clean: 0}),
    ("rollback last --out back.plan", {clean: 1}),
]


@pytest.mark.parametrize(
    ("command", "situation", "code"),
    [
        pytest.param(command, situation, code, id=f"{command}-{situation.__name__}")
        for command, codes in TABLE
        for situation, code in codes.items()
    ],
)
def test_a_command_ends_so(start: Start, command: str, situation: Situation, code: int) -> None:
    workbench, emulator = start({"a": LIVE, "catalog-reader": LIVE})
    situation(workbench, emulator)
    ended = workbench.run(*command.split())
    assert code == ended.code, ended.out + ended.err


@pytest.mark.parametrize("command", COMMANDS)
def test_wrong_usage_is_64_for_each_command(start: Start, command: str) -> None:
    workbench, _ = start({})
    words = [command, *([SEVERAL[command]] if command in SEVERAL else [])]
    assert 64 == workbench.run(*words, "--no-such-option", environment=False).code
    assert 0 == workbench.run(*words, "--help", environment=False).code


def test_a_command_that_there_is_not_is_wrong_usage(start: Start) -> None:
    workbench, _ = start({})
    assert 64 == workbench.run("aply", environment=False).code


@pytest.mark.parametrize(("one", "other"), list(itertools.combinations(ORDER, 2)))
def test_of_two_codes_the_more_severe_holds(one: int, other: int) -> None:
    assert one == most_severe(one, other) == most_severe(other, one) == most_severe(0, other, one)


class TestApply:
    """Operations that did not end well, and something else."""

    @pytest.fixture
    def bench(self, start: Start) -> tuple[Workbench, Emulator]:
        workbench, emulator = start({name: user(account(f"c-{name}", config=CONFIG)) for name in "abc"})
        workbench.users(**dict.fromkeys("abc", slack(settings={"Channel": "C2"})))
        workbench.project(emulator.url, **self.PROJECT)
        workbench.plan("--out", "p.plan")
        return workbench, emulator

    PROJECT: Final = {"limits": {"concurrency": 1}, "policy": {"usersChanged": "100%"}}

    def test_alone_they_are_3(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        with between(emulator, refusing) as url:
            workbench.project(url, **self.PROJECT)
            assert 3 == workbench.run("apply", "p.plan").code

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
    def test_a_signal_counts_for_more(
        self, bench: tuple[Workbench, Emulator], number: signal.Signals, code: int
    ) -> None:
        workbench, emulator = bench
        running: list[subprocess.Popen[str]] = []

        def signalling(asked: Asked, forward: Forward) -> Answered:
            if asked.method == "PATCH":
                running[0].send_signal(number)
            return refusing(asked, forward)

        with between(emulator, signalling) as url:
            workbench.project(url, **self.PROJECT)
            process = subprocess.Popen(
                [str(INSTALLED), "apply", "p.plan", "-e", "test"],
                cwd=workbench.folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            running.append(process)
            said, _ = process.communicate(timeout=60)
        assert (code, True) == (process.returncode, "failed" in said), said

    def test_an_error_counts_for_more(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench

        def losing_the_state(asked: Asked, forward: Forward) -> Answered:
            if asked.method == "PATCH" and asked.path.endswith("c-b"):
                with closing(sqlite3.connect(workbench.folder / ".paragon-sync" / "state.sqlite")) as database:
                    database.execute("ALTER TABLE paragon_sync_states RENAME TO gone")
            return refusing(asked, forward)

        with between(emulator, losing_the_state) as url:
            workbench.project(url, **self.PROJECT)
            assert 1 == workbench.run("apply", "p.plan").code

    def test_a_lost_lock_counts_as_operations_that_did_not_end_well(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench

        def unlocking(asked: Asked, forward: Forward) -> Answered:
            if asked.method == "PATCH" and asked.path.endswith("c-b"):
                run_process(["runs", "unlock", "--yes", "-e", "test"], workbench.folder, {})
            return forward(asked)

        with between(emulator, unlocking) as url:
            workbench.project(url, **self.PROJECT)
            assert 3 == workbench.run("apply", "p.plan").code


def refusing(asked: Asked, forward: Forward) -> Answered:
    """No account can be written."""
    if asked.method == "PATCH":
        return as_answer({"message": "no", "code": "1", "status": 400}, 400)
    return forward(asked)
