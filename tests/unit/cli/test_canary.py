"""``apply --canary``: how many users come first, what is asked after them, and how it goes on."""

from __future__ import annotations

import pytest

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.terminal import on_terminal
from tests.workbench import Workbench, account, as_json, held, hold, user, writes

LIVE = user(account(config={"sharedSettings": {"channel": "C1", "note": "mine"}}), plan="pro")
CHANGE = {"metadata": {"plan": "free"}, "integrations": {"slack": {"settings": {"Channel": "C2"}}}}
USERS = tuple(f"u{number:02}" for number in range(20))

Bench = tuple[Workbench, Emulator]


@pytest.fixture
def bench(start: Start) -> Bench:
    """Twenty users who change, and twenty who don't; their plan is in ``p.plan``."""
    workbench, emulator = start(dict.fromkeys((*USERS, *(f"v{number:02}" for number in range(20))), LIVE))
    workbench.project(emulator.url, policy={"usersChanged": "100%"})
    same = {f"v{number:02}": {"metadata": {"plan": "pro"}} for number in range(20)}
    workbench.users(**dict.fromkeys(USERS, CHANGE), **same)
    assert workbench.run("plan", "--out", "p.plan").code == 0
    return workbench, emulator


def done(emulator: Emulator) -> int:
    """How many users are as planned, as a whole."""
    states = [held(emulator, name) for name in USERS]
    changed = [state for state in states if state != LIVE]
    assert all(state["meta"] == {"plan": "free"} for state in changed)
    assert all(state["credentials"][0]["config"]["sharedSettings"]["channel"] == "C2" for state in changed)
    return len(changed)


class TestWithoutTerminal:
    @pytest.mark.parametrize(
        ("canary", "users", "told"),
        [
            ("1", 1, "stopped after 1 user (--canary)"),
            ("3", 3, "stopped after 3 users (--canary)"),
            ("1%", 1, "stopped after 1 user (--canary)"),  # of those who change, and never nobody
            ("11%", 3, "stopped after 3 users (--canary)"),
            ("19", 19, "stopped after 19 users (--canary)"),
        ],
    )
    def test_it_ends_well_after_so_many_and_the_same_plan_goes_on(
        self, bench: Bench, canary: str, users: int, told: str
    ) -> None:
        workbench, emulator = bench

        ended = workbench.run("apply", "p.plan", "--canary", canary)

        assert (ended.code, told in ended.out) == (0, True), ended.out + ended.err
        assert "applying the plan again goes on" in ended.out
        assert done(emulator) == users
        assert workbench.run("apply", "p.plan").code == 0
        assert (done(emulator), len(writes(emulator))) == (20, 40)

    @pytest.mark.parametrize("canary", ["20", "21", "100%"])
    def test_one_that_leaves_nobody_is_a_whole_run(self, bench: Bench, canary: str) -> None:
        workbench, emulator = bench

        ended = workbench.run("apply", "p.plan", "--canary", canary)

        assert (ended.code, "canary" in ended.out) == (0, False), ended.out
        assert done(emulator) == 20
        assert workbench.run("apply", "p.plan").code == 1

    def test_it_counts_anew_when_the_plan_goes_on(self, bench: Bench) -> None:
        workbench, emulator = bench

        codes = [workbench.run("apply", "p.plan", "--canary", "8").code for _ in range(3)]

        assert (codes, done(emulator)) == ([0, 0, 0], 20)

    def test_where_something_did_not_end_well_that_is_what_it_ends_with(self, bench: Bench) -> None:
        workbench, emulator = bench
        hold(emulator, "u01", user(account(config={"sharedSettings": {"channel": "C9"}}), plan="pro"))

        run = workbench.apply("p.plan", "--canary", "2", code=3)

        assert (run["counts"]["applied"], run["counts"]["conflict"], run["counts"]["notReached"]) == (3, 1, 36)
        assert run["stopped"] == "stopped after 2 users (--canary); applying the plan again goes on"

    def test_manifests_need_a_terminal_for_it(self, bench: Bench) -> None:
        workbench, emulator = bench

        ended = workbench.run("apply", "--yes", "--canary", "2")

        assert (ended.code, "--canary needs a saved plan" in ended.err) == (64, True), ended.err
        assert writes(emulator) == []

    @pytest.mark.parametrize("canary", ["0", "-1", "0%", "101%", "1.5", "ten", "%", ""])
    def test_what_is_no_number_and_no_share_is_refused(self, bench: Bench, canary: str) -> None:
        workbench, emulator = bench

        ended = workbench.run("apply", "p.plan", "--canary", canary)

        assert (ended.code, "such as 10 or 1%" in ended.err) == (64, True), ended.err
        assert writes(emulator) == []


class TestOnTerminal:
    def test_yes_goes_on_in_the_same_run(self, bench: Bench) -> None:
        workbench, emulator = bench

        code, said = on_terminal(workbench.folder, ["apply", "p.plan", "-e", "test", "--canary", "2"], b"yes\n")

        assert code == 0, said
        assert "40 operations: 4 applied, 36 not reached." in said
        assert "40 operations: 40 applied." in said
        assert done(emulator) == 20
        assert len(as_json(workbench.run("runs", "list", "--format", "json").out)["runs"]) == 1

    def test_anything_else_leaves_the_others(self, bench: Bench) -> None:
        workbench, emulator = bench

        code, said = on_terminal(workbench.folder, ["apply", "p.plan", "-e", "test", "--canary", "2"], b"no\n")

        assert code == 1, said
        assert "the others were not applied: applying the plan again goes on with them" in said
        assert done(emulator) == 2

    def test_nobody_is_asked_where_something_did_not_end_well(self, bench: Bench) -> None:
        workbench, emulator = bench
        hold(emulator, "u01", user(account(config={"sharedSettings": {"channel": "C9"}}), plan="pro"))

        code, said = on_terminal(workbench.folder, ["apply", "p.plan", "-e", "test", "--canary", "2"])

        assert (code, "Go on with the others?" in said) == (3, False), said
        assert len(writes(emulator)) == 3
