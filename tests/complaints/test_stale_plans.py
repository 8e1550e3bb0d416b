"""Plans were applied twice, too late, or at once with others."""

from __future__ import annotations

import signal
import subprocess

import pytest

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.cases.command import INSTALLED
from tests.workbench import Answered, Asked, Forward, Workbench, account, between, held, hold, requests, user, writes

USERS = tuple("abcdef")
CONFIG = {"sharedSettings": {"channel": "C1", "note": "mine"}}
WANTED = {"integrations": {"slack": {"settings": {"Channel": "C2"}}}}


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    workbench, emulator = start(dict.fromkeys(USERS, user(account(config=CONFIG))))
    workbench.project(emulator.url, limits={"concurrency": 1}, policy={"usersChanged": "100%"})
    workbench.users(**dict.fromkeys(USERS, WANTED))
    return workbench, emulator


@pytest.fixture
def saved(bench: tuple[Workbench, Emulator]) -> tuple[Workbench, Emulator]:
    bench[0].plan("--out", "p.plan")
    return bench


def channel(emulator: Emulator, name: str) -> object:
    return held(emulator, name)["credentials"][0]["config"]["sharedSettings"]["channel"]


def test_a_plan_is_not_applied_twice(saved: tuple[Workbench, Emulator]) -> None:
    """terraform#27721: the same saved plan was applied a second time."""
    workbench, emulator = saved
    workbench.apply("p.plan")
    hold(
        emulator, "a", user(account(config={"sharedSettings": {"channel": "C1"}}))
    )  # back to what the plan was made on
    asked = len(requests(emulator))
    again = workbench.run("apply", "p.plan", "--yes", "--allow", "findings=9")
    assert (1, True) == (again.code, "this plan was applied already: run " in again.err)
    assert (asked, "C1") == (len(requests(emulator)), channel(emulator, "a"))


def test_another_plan_than_the_reviewed_one_is_not_applied(bench: tuple[Workbench, Emulator]) -> None:
    """octodns#610, #1124: what was applied was not what had been reviewed."""
    workbench, emulator = bench
    reviewed = workbench.plan("--out", "p.plan")["digest"]
    workbench.users(a={"integrations": {"slack": {"settings": {"Channel": "C3"}}}})
    workbench.plan("--out", "p.plan")  # somebody planned again, and the file has the same name
    ended = workbench.run("apply", "p.plan", "--digest", reviewed)
    assert (1, True) == (ended.code, "this is not the plan that was reviewed" in ended.err), ended.err
    assert [] == writes(emulator)


def test_no_knob_lets_another_digest_pass(saved: tuple[Workbench, Emulator]) -> None:
    """octodns#1153: the switch that allows much also switched off the check that it is the reviewed plan."""
    workbench, emulator = saved
    knobs = [f"--allow={name}=999" for name in ("usersChanged", "valuesRemoved", "workflowsDisabled", "findings")]
    other = "0" * 64
    ended = workbench.run("apply", "p.plan", "--yes", "--digest", other, "--on-conflict", "overwrite", *knobs)
    assert 1 == ended.code, ended.err
    assert 64 == workbench.run("apply", "p.plan", "--force").code
    assert [] == writes(emulator)


def test_what_changed_after_the_plan_is_not_overwritten(saved: tuple[Workbench, Emulator]) -> None:
    """atlantis#979, #2084: a plan from before another change was applied over it."""
    workbench, emulator = saved
    moved = {"sharedSettings": {"channel": "C7", "note": "moved"}}
    hold(emulator, "a", user(account(config=moved)))
    workbench.apply("p.plan", code=3)
    assert moved == held(emulator, "a")["credentials"][0]["config"]
    assert ["C2"] * 5 == [channel(emulator, name) for name in "bcdef"]


def test_two_applies_at_a_time_do_not_race(saved: tuple[Workbench, Emulator]) -> None:
    """deck#855: two runs at once mixed their writes."""
    workbench, emulator = saved
    second: list[subprocess.CompletedProcess[str]] = []

    def apply_beside(asked: Asked, forward: Forward) -> Answered:
        if asked.method == "PATCH" and not second:
            arguments = [str(INSTALLED), "apply", "--yes", "-e", "test"]
            second.append(subprocess.run(arguments, cwd=workbench.folder, capture_output=True, text=True, check=False))
        return forward(asked)

    with between(emulator, apply_beside) as url:
        workbench.project(url, limits={"concurrency": 1}, policy={"usersChanged": "100%"})
        workbench.apply("p.plan")
    (refused,) = second
    assert (1, True) == (refused.returncode, "--lock-timeout" in refused.stderr), refused.stderr
    assert len(USERS) == len(writes(emulator))


def test_a_lock_does_not_stay_when_its_owner_is_killed(saved: tuple[Workbench, Emulator]) -> None:
    """terraform#28710: a lock outlived the process that had it, and everybody was locked out."""
    workbench, emulator = saved
    running: list[subprocess.Popen[bytes]] = []

    def kill_at_the_third(asked: Asked, forward: Forward) -> Answered:
        answer = forward(asked)
        if len(writes(emulator)) == 3 and running[0].returncode is None:
            running[0].send_signal(signal.SIGKILL)
        return answer

    with between(emulator, kill_at_the_third) as url:
        workbench.project(url, limits={"concurrency": 1}, policy={"usersChanged": "100%"})
        arguments = [str(INSTALLED), "apply", "p.plan", "-e", "test"]
        with subprocess.Popen(arguments, cwd=workbench.folder, stderr=subprocess.DEVNULL) as process:
            running.append(process)
            assert -signal.SIGKILL == process.wait(timeout=60)
        again = workbench.run("apply", "p.plan")
    assert (0, True) == (again.code, "the lock of test was taken over" in again.err), again.err
    assert len(USERS) == len(writes(emulator))
