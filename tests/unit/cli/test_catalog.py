"""``catalog pull`` and ``show``, and what ``plan`` makes of a lock that is no longer right."""

from __future__ import annotations

from typing import Any

import pytest

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.workbench import Workbench, account, as_json, requests, user

WANTED = {"integrations": {"slack": {"settings": {"Channel": "C2"}}}}
LIVE = {"a": user(account(config={"sharedSettings": {"channel": "C1"}}))}
LOCK = "catalog.test.lock.json"


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    workbench, emulator = start(LIVE)
    workbench.users(a=WANTED)
    return workbench, emulator


def locked(workbench: Workbench) -> dict[str, Any]:
    return as_json((workbench.folder / LOCK).read_text("utf-8"))


def relock(workbench: Workbench, old: str, new: str) -> None:
    """Change the lock, as if the project had been otherwise when it was pulled."""
    path = workbench.folder / LOCK
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


class TestPull:
    def test_it_writes_the_lock_beside_the_project_file(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench

        ended = workbench.run("catalog", "pull")

        assert (ended.code, ended.out) == (0, f"{LOCK}: 3 integrations, 8 workflows, 23 settings\n")
        assert locked(workbench)["project"] == emulator.project
        assert [one["user"] for one in requests(emulator)] == ["catalog-reader"]

    def test_it_tells_what_has_changed(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        workbench.run("catalog", "pull")
        relock(workbench, '"title": "Channel"', '"title": "Kanal"')

        ended = workbench.run("catalog", "pull")

        assert ended.out.splitlines()[0] == (
            '  slack: setting "Kanal" (channel): title is "Kanal" in the lock, "Channel" now'
        )
        assert '"title": "Channel"' in (workbench.folder / LOCK).read_text("utf-8")

    def test_views_of_several_askers_are_merged(self, start: Start) -> None:
        workbench, emulator = start({}, hidden={"catalog-reader": ["slack"]})
        workbench.project(emulator.url, environment={"catalog": {"users": ["catalog-reader", "another"]}})

        workbench.run("catalog", "pull")

        assert "slack" in locked(workbench)["integrations"]
        assert {one["user"] for one in requests(emulator)} == {"catalog-reader", "another"}

    def test_a_broken_lock_is_told(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        workbench.write(LOCK, "{")

        for command in (["catalog", "pull"], ["plan"], ["validate", "--offline"]):
            ended = workbench.run(*command)

            assert ended.code == 1
            assert ended.err.startswith(f"error: {LOCK}: the lock file can't be read: it is not JSON\n")


class TestShow:
    def test_it_reads_the_lock_where_there_is_one(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.run("catalog", "pull")
        asked = len(requests(emulator))

        ended = workbench.run("catalog", "show", "--integration", "slack")

        assert ended.code == 0
        assert "Channel" in ended.out
        assert "salesforce" not in ended.out
        assert len(requests(emulator)) == asked

    def test_else_it_asks_as_it_does_with_live(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        without_lock = workbench.run("catalog", "show", "--format", "json")
        workbench.run("catalog", "pull")
        relock(workbench, '"title": "Channel"', '"title": "Kanal"')

        live = workbench.run("catalog", "show", "--live", "--format", "json")

        assert as_json(without_lock.out)["integrations"] == as_json(live.out)["integrations"]
        assert "Kanal" not in live.out

    def test_json_is_the_lock_itself(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        workbench.run("catalog", "pull")

        assert workbench.run("catalog", "show", "--format", "json").out == (workbench.folder / LOCK).read_text("utf-8")

    def test_a_mistyped_integration_is_told_with_those_there_are(self, bench: tuple[Workbench, Emulator]) -> None:
        ended = bench[0].run("catalog", "show", "--integration", "slak")

        assert (ended.code, ended.out) == (64, "")
        assert 'no integration "slak"' in ended.err
        assert "slack" in ended.err.splitlines()[1]


class TestPlanAgainstALock:
    def test_without_a_lock_the_plan_says_what_it_used(self, bench: tuple[Workbench, Emulator]) -> None:
        assert bench[0].plan()["notes"] == [f"no {LOCK}: names were resolved with the catalog as it is now"]

    def test_a_lock_that_is_right_is_no_news(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        workbench.run("catalog", "pull")

        assert workbench.plan()["notes"] == []

    def test_a_difference_that_is_used_stops_the_plan(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.run("catalog", "pull")
        relock(workbench, '"type": "DYNAMIC_ENUM"', '"type": "TEXT_NO_VARS"')

        for command in (["plan", "--out", "p.plan"], ["validate"], ["explain", "a"], ["apply", "--yes"]):
            ended = workbench.run(*command)

            assert (ended.code, ended.out) == (1, "")
            assert ended.err == (
                "error: the catalog of test has changed since it was locked:\n"
                '  slack: setting "Channel" (channel): type is "TEXT_NO_VARS" in the lock, "DYNAMIC_ENUM" now\n'
                "    look at the changes, then: paragon-sync catalog pull -e test\n"
            )
        assert not (workbench.folder / "p.plan").exists()
        assert {one["user"] for one in requests(emulator)} == {"catalog-reader"}

    def test_a_renamed_setting_is_told_beside_the_problem_that_it_makes(
        self, bench: tuple[Workbench, Emulator]
    ) -> None:
        workbench, _ = bench
        workbench.run("catalog", "pull")
        relock(workbench, '"title": "Channel"', '"title": "Kanal"')
        workbench.users(a={"integrations": {"slack": {"settings": {"Kanal": "C2"}}}})

        ended = workbench.run("plan")

        assert ended.code == 1
        change = 'slack: setting "Kanal" (channel): title is "Kanal" in the lock, "Channel" now'
        assert [line for line in ended.err.splitlines() if not line.startswith(" ")] == [
            'users.yaml:8:7: slack has no setting "Kanal"',
            f"{LOCK}:1:1: not so any more: {change}",
        ]

    def test_a_difference_that_nothing_uses_stops_nothing(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        workbench.run("catalog", "pull")
        workbench.users(a={"metadata": {"plan": "pro"}})
        relock(workbench, '"title": "Channel"', '"title": "Kanal"')

        assert workbench.plan()["counts"]["changed"] == 1

    def test_the_lock_alone_is_taken_where_asked_for(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.run("catalog", "pull")
        relock(workbench, '"title": "Channel"', '"title": "Kanal"')
        workbench.users(a={"integrations": {"slack": {"settings": {"Kanal": "C2"}}}})
        asked = len(requests(emulator))

        plan = workbench.plan("--catalog", "lock")

        assert plan["operations"][0]["changes"][0]["label"] == "Kanal"
        assert [one["user"] for one in requests(emulator)[asked:]] == ["a"]

    def test_a_project_with_another_id_is_told(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.run("catalog", "pull")
        relock(workbench, emulator.project, "another")

        ended = workbench.run("plan")

        assert ended.code == 1
        assert f"project: another in the lock, {emulator.project} now" in ended.err
