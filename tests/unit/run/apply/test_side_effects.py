"""Workflows that changes of metadata switch off: the limit at which a run stops, and how it goes on."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.cases.command import INSTALLED
from tests.workbench import Answered, Asked, Forward, Workbench, account, between, held, user, writes

CONFIG = {
    "sharedSettings": {"channel": "C1"},
    "configuredWorkflows": {"wf-notify": {"enabled": True, "settings": {}}},
}
LIVE = user(account(config=CONFIG), plan="pro")
DOWNGRADED: dict[str, Any] = {"metadata": {"plan": "free"}}
STRICT = {"wf-notify": {"plan": ["pro"]}}
USERS = ("a", "b", "c", "d")

Bench = tuple[Workbench, Emulator]


class TestLimit:
    @pytest.fixture
    def stopped(self, start: Start) -> Bench:
        """A run of four users, each with a side effect, that was stopped when the limit of one was passed."""
        workbench, emulator = start(dict.fromkeys(USERS, LIVE), permissions=STRICT)
        policy = {"usersChanged": "100%", "workflowsDisabled": 1}
        workbench.project(emulator.url, policy=policy, limits={"concurrency": 1})
        workbench.users(**dict.fromkeys(USERS, DOWNGRADED))
        workbench.run("plan", "--out", "p.plan")
        ended = workbench.run("apply", "p.plan")
        done = plans(emulator).count("free")
        assert 2 <= done < len(USERS)
        assert (ended.code, words(ended.out).count(f"{done} workflows are disabled")) == (4, 1), ended.out
        assert f"To go on: --allow workflowsDisabled={done}, or more" in words(ended.out)
        return workbench, emulator

    def test_without_the_knob_it_does_not_go_on(self, stopped: Bench) -> None:
        workbench, emulator = stopped
        before = writes(emulator)

        again = [
            workbench.run("apply", "p.plan", *more)
            for more in ((), ("--allow", f"workflowsDisabled={len(before) - 1}"))
        ]

        assert [one.code for one in again] == [4, 4]
        assert all(f"--allow workflowsDisabled={len(before)}" in one.err for one in again), again
        assert writes(emulator) == before
        assert "resumed" not in workbench.run("runs", "show", "last").out

    def test_with_enough_it_goes_on_and_says_who_allowed_it(self, stopped: Bench) -> None:
        workbench, emulator = stopped

        ended = workbench.run("apply", "p.plan", "--allow", "workflowsDisabled=4")

        assert ended.code == 0, ended.out + ended.err
        assert plans(emulator) == ["free"] * 4
        assert "allowed workflowsDisabled=4" in words(workbench.run("runs", "show", "last").out)

    def test_with_what_it_named_it_goes_on_until_the_next_one(self, stopped: Bench) -> None:
        workbench, emulator = stopped
        before = plans(emulator).count("free")

        ended = workbench.run("apply", "p.plan", "--allow", f"workflowsDisabled={before}")

        assert ended.code == 4, ended.out + ended.err
        assert plans(emulator).count("free") > before

    def test_it_is_taken_back_without_a_knob(self, stopped: Bench) -> None:
        workbench, emulator = stopped
        assert workbench.run("rollback", "last", "--out", "back.plan").code == 0

        assert workbench.run("apply", "back.plan").code == 0
        assert [held(emulator, name) for name in USERS] == [LIVE] * 4


class TestKilled:
    """SIGKILL between a change of metadata that switches a managed workflow off, and the record of it."""

    @pytest.mark.parametrize("enablement", ["config", "endpoint"])
    @pytest.mark.parametrize("more", [{}, {"settings": {"Channel": "C2"}}], ids=["enablement alone", "settings too"])
    @pytest.mark.parametrize("answered", [True, False], ids=["answered", "not answered"])
    def test_it_is_set_again_when_the_run_goes_on(
        self, start: Start, enablement: str, more: dict[str, Any], *, answered: bool
    ) -> None:
        # at the emulator a workflow that metadata forbid can be enabled all the same
        workbench, emulator = start({"a": LIVE}, permissions=STRICT)
        block = {"workflows": {"Send Slack Notification": True}} | more
        workbench.users(a=DOWNGRADED | {"integrations": {"slack": block}})
        settings = {"apply": {"enablement": enablement}}
        processes: list[subprocess.Popen[bytes]] = []

        def killing(asked: Asked, forward: Forward) -> Answered:
            if processes and answered and asked.method == "GET" and writes(emulator):
                processes.pop().kill()
            answer = forward(asked)
            if processes and not answered and asked.method == "PATCH":
                processes.pop().kill()
            return answer

        with between(emulator, killing) as url:
            workbench.project(url, **settings)
            workbench.run("plan", "--out", "p.plan")
            command = [INSTALLED, "apply", "p.plan", "-e", "test"]
            processes.append(subprocess.Popen(command, cwd=workbench.folder))
            assert processes[0].wait(60) < 0
        assert writes(emulator) == ["a PATCH /sdk/me"]
        assert enabled(emulator) is False
        workbench.project(emulator.url, **settings)

        run = workbench.apply("p.plan")

        assert [one["outcome"] for one in run["operations"]] == ["applied", "applied"]
        assert (run["operations"][0]["resolved"], run["operations"][1]["resolved"]) == (True, False)
        assert run["operations"][1]["notes"] == ["set again after the change of metadata: Send Slack Notification"]
        assert writes(emulator).count("a PATCH /sdk/me") == 1
        assert (enabled(emulator), plans(emulator)) == (True, ["free"])

        workbench.run("rollback", "last", "--out", "back.plan")
        workbench.apply("back.plan")
        assert held(emulator, "a") == LIVE


def words(text: str) -> str:
    """The text without its line breaks."""
    return " ".join(text.split())


def plans(emulator: Emulator) -> list[Any]:
    return [held(emulator, name)["meta"]["plan"] for name in USERS if held(emulator, name)["meta"]]


def enabled(emulator: Emulator) -> Any:
    return held(emulator, "a")["credentials"][0]["config"]["configuredWorkflows"]["wf-notify"]["enabled"]
