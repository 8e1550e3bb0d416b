"""Writes of which nobody knows at first whether they were done: what reading tells of them, now or after a resume."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from paragon_sync.emulator import Emulator
from paragon_sync.model.outcome import Applied, RunHeader, SideEffect
from paragon_sync.store.journal import Entry, Recorded
from paragon_sync.store.planfile import PlanReader
from paragon_sync.store.state import StateStore
from tests.benches import Start
from tests.workbench import (
    Answered,
    Asked,
    Forward,
    Workbench,
    account,
    as_answer,
    between,
    held,
    hold,
    requests,
    user,
    writes,
)

CONFIG = {
    "sharedSettings": {"channel": "C1", "note": "mine", "mentions": True},
    "configuredWorkflows": {"wf-notify": {"enabled": True, "settings": {}}},
}
LIVE = user(account(config=CONFIG), plan="pro", seats=3)
WANTED: dict[str, Any] = {"integrations": {"slack": {"settings": {"Channel": "C2"}}}}
NOTED: dict[str, Any] = {"integrations": {"slack": {"settings": {"Channel": "C2", "Note": "mine"}}}}
ENABLED: dict[str, Any] = {"integrations": {"slack": {"workflows": {"Send Slack Notification": True}}}}
ONCE = {"methods": ["PATCH"], "times": 1}
DROP = ONCE | {"fault": "drop", "when": "after"}
LOSE = ONCE | {"fault": "lose", "values": ["/sharedSettings/mentions"]}
ALARM = "lost? /sharedSettings/mentions"
NO = as_answer({"message": "no", "code": "1", "status": 403}, 403)

Bench = tuple[Workbench, Emulator]


@pytest.fixture
def bench(start: Start) -> Bench:
    workbench, emulator = start({"acme": LIVE})
    workbench.users(acme=WANTED)
    return workbench, emulator


def only(run: dict[str, Any]) -> dict[str, Any]:
    """The run's one operation."""
    (operation,) = run["operations"]
    assert isinstance(operation, dict)
    return operation


def live(status: str | None = None, **settings: Any) -> dict[str, Any]:
    """The user with other settings, and perhaps an account of another status."""
    changed = deepcopy(LIVE)
    changed["credentials"][0]["config"]["sharedSettings"] |= settings
    changed["credentials"][0] |= {} if status is None else {"status": status}
    return changed


def entries(workbench: Workbench) -> list[Entry]:
    with StateStore.open(workbench.folder / ".paragon-sync") as store:
        return list(store.entries(store.runs()[0].run))


class TestAlarms:
    """A value that is gone has its alarm, however the operation ends and whenever that is known."""

    def test_behind_a_lost_answer(self, bench: Bench) -> None:
        workbench, emulator = bench
        emulator.faults(DROP, LOSE)

        run = only(workbench.apply())

        assert (run["outcome"], run["resolved"], run["alarms"]) == ("applied", True, [ALARM])

    def test_behind_an_attempt_that_was_done_in_part(self, bench: Bench) -> None:
        workbench, emulator = bench
        emulator.faults(DROP, LOSE, ONCE | {"fault": "ignore", "values": ["/sharedSettings/channel"]})

        run = only(workbench.apply())

        assert (run["outcome"], run["attempts"], run["alarms"]) == ("applied", 2, [ALARM])

    def test_behind_an_interruption(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.run("plan", "--out", "p.plan")
        emulator.faults(LOSE)
        unread(workbench, emulator)

        run = only(workbench.apply("p.plan"))

        assert (run["outcome"], run["resolved"], run["alarms"]) == ("applied", True, [ALARM])

    def test_beside_what_was_not_kept(self, bench: Bench) -> None:
        workbench, emulator = bench
        emulator.faults(LOSE, ONCE | {"fault": "ignore", "values": ["/sharedSettings/channel"]})

        run = only(workbench.apply(code=3))

        assert (run["outcome"], run["reason"], run["alarms"]) == ("failed", "not kept by the server: Channel", [ALARM])

    def test_beside_a_conflict_after_a_write_that_nobody_knew_of(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.users(acme=NOTED)
        emulator.faults(DROP, LOSE | {"values": ["/sharedSettings/mentions", "/sharedSettings/note"], "count": 2})

        run = only(workbench.apply(code=3))

        assert (run["outcome"], run["afterWrite"], run["alarms"]) == ("conflict", True, [ALARM])
        assert [path["label"] for path in run["paths"]] == ["Note"]

    def test_three_of_any_kind_stop_the_run(self, start: Start) -> None:
        workbench, emulator = start({f"u{number}": LIVE for number in range(60)})
        workbench.project(emulator.url, policy={"usersChanged": 100}, limits={"concurrency": 1})
        workbench.users(**{f"u{number}": WANTED for number in range(60)})
        always = {"methods": ["PATCH"]}
        emulator.faults(
            LOSE | {"times": None}, {"fault": "ignore", "values": ["/sharedSettings/channel"], **always, "every": 2}
        )

        run = workbench.apply(code=3)

        assert run["stopped"] == "stopped by the breaker: 3 operations lost unmanaged values (lost?)"
        assert {one["outcome"] for one in run["operations"]} == {"failed", "applied"}


def unread(workbench: Workbench, emulator: Emulator) -> None:
    """Apply the saved plan to a server that answers nothing well after the first write."""
    written: list[str] = []

    def silent(asked: Asked, forward: Forward) -> Answered:
        if written:
            return NO
        written.extend([asked.path] if asked.method == "PATCH" else [])
        return forward(asked)

    with between(emulator, silent) as url:
        workbench.project(url)
        assert workbench.apply("p.plan", code=3)["operations"][0]["outcome"] == "unknown"
    workbench.project(emulator.url)


def test_what_was_done_in_part_says_what_was_not(bench: Bench) -> None:
    workbench, emulator = bench
    both = {"slack": {"settings": {"Channel": "C2"}, "workflows": {"Weekly digest": True}}}
    workbench.users(acme={"integrations": both})

    def act(asked: Asked, forward: Forward) -> Answered:
        return NO if asked.method == "POST" else forward(asked)

    with between(emulator, act) as url:
        workbench.project(url, apply={"enablement": "endpoint"})
        run = only(workbench.apply(code=3))

    assert (run["outcome"], run["attempts"]) == ("failed", 1)
    assert run["reason"].endswith("403 Forbidden: no; all was written but Weekly digest"), run["reason"]
    assert held(emulator, "acme")["credentials"][0]["config"]["sharedSettings"]["channel"] == "C2"


class TestAccount:
    """An account to which nothing may be written any more, after a write whose answer was lost."""

    @pytest.mark.parametrize(
        ("after", "outcome", "reason"),
        [
            (live(status="INVALID", channel="C2"), "applied", None),
            (live(status="INVALID"), "failed", "then account T-c1 is INVALID, not VALID"),
            (live(status="INVALID", channel="C9"), "conflict", None),
            (user(account("c9", config=CONFIG)), "unknown", "account T-c1 is not connected any more"),
        ],
    )
    def test_what_can_be_read_decides(
        self, bench: Bench, after: dict[str, Any], outcome: str, reason: str | None
    ) -> None:
        workbench, emulator = bench

        def losing(asked: Asked, forward: Forward) -> Answered:
            answered = forward(asked)
            if asked.method != "PATCH":
                return answered
            hold(emulator, "acme", after)
            return Answered(status=None)

        with between(emulator, losing) as url:
            workbench.project(url)
            run = only(workbench.apply(code=0 if outcome == "applied" else 3))

        assert run["outcome"] == outcome
        assert (reason or "") in run.get("reason", "")

    @pytest.mark.parametrize(
        ("after", "outcome"),
        [
            (live(status="INVALID", channel="C2"), "applied"),
            (live(status="INVALID"), "failed"),
            (live(status="INVALID", channel="C9"), "conflict"),
            (user(account("c9", config=CONFIG)), "unknown"),
        ],
    )
    def test_it_decides_after_an_interruption_too(self, bench: Bench, after: dict[str, Any], outcome: str) -> None:
        workbench, emulator = bench
        workbench.run("plan", "--out", "p.plan")
        unread(workbench, emulator)
        hold(emulator, "acme", after)

        run = only(workbench.apply("p.plan", code=0 if outcome == "applied" else 3))

        assert run["outcome"] == outcome
        assert writes(emulator) == ["acme PATCH /sdk/credentials/c1"]


class TestMetadata:
    @pytest.fixture
    def strict(self, start: Start) -> Bench:
        return start({"acme": LIVE}, permissions={"wf-notify": {"plan": ["pro"]}})

    def test_what_it_switched_off_is_told_though_it_was_not_kept_as_a_whole(self, strict: Bench) -> None:
        workbench, emulator = strict
        workbench.users(acme={"metadata": {"plan": "free", "seats": 4}} | ENABLED)
        emulator.faults(ONCE | {"fault": "ignore", "values": ["/meta/seats"]})

        run = workbench.apply(code=3)

        assert [one["outcome"] for one in run["operations"]] == ["failed", "blocked"]
        assert run["operations"][0]["sideEffects"] == [{"credential": "c1", "workflow": "wf-notify"}]

    def test_what_it_switched_off_is_told_after_an_interruption(self, strict: Bench) -> None:
        workbench, emulator = strict
        workbench.users(acme={"metadata": {"plan": "free"}})
        workbench.run("plan", "--out", "p.plan")
        unread(workbench, emulator)

        run = only(workbench.apply("p.plan"))

        assert (run["outcome"], run["resolved"]) == ("applied", True)
        assert run["sideEffects"] == [{"credential": "c1", "workflow": "wf-notify"}]

    @pytest.mark.parametrize(
        ("effects", "outcome"),
        [((SideEffect(credential="c1", configuration=None, workflow="wf-notify"),), "applied"), ((), "conflict")],
        ids=["by the metadata", "by a person"],
    )
    def test_a_resumed_run_sets_again_only_what_the_metadata_switched_off(
        self, strict: Bench, effects: tuple[SideEffect, ...], outcome: str
    ) -> None:
        workbench, emulator = strict
        workbench.users(acme={"metadata": {"plan": "free"}} | ENABLED)
        workbench.run("plan", "--out", "p.plan")
        record_metadata(workbench, Applied(switched_off=effects))
        off = deepcopy(LIVE)
        off["meta"]["plan"] = "free"
        off["credentials"][0]["config"]["configuredWorkflows"]["wf-notify"]["enabled"] = False
        hold(emulator, "acme", off)

        run = workbench.apply("p.plan", code=0 if outcome == "applied" else 3)

        assert [one["outcome"] for one in run["operations"]] == ["applied", outcome]


def record_metadata(workbench: Workbench, outcome: Applied) -> None:
    """Let the plan's first operation, the metadata, be done by a run that was stopped after it."""
    with (
        PlanReader(workbench.folder / "p.plan") as reader,
        StateStore.open(workbench.folder / ".paragon-sync") as store,
    ):
        header = RunHeader(
            run="r1",
            plan_digest=reader.digest,
            environment="test",
            project=workbench.project_id,
            actor="ada",
            started="2026-03-14T10:15:02+00:00",
            operations=reader.count,
        )
        number, operation = next(iter(reader.numbered()))
        store.begin(header)
        store.record("r1", [Recorded(number=number, operation=operation, outcome=outcome)])
        store.stop("r1", "interrupted")


class TestWindow:
    def test_each_attempt_has_its_own(self, bench: Bench) -> None:
        workbench, emulator = bench
        emulator.faults(ONCE | {"fault": "server-error"})

        run = only(workbench.apply())

        (entry,) = entries(workbench)
        (write,) = emulator.writes()
        first, second = (attempt.window for attempt in entry.attempts)
        reads = [one for one in requests(emulator) if one["method"] == "GET"][-3:]
        assert first.closed is not None
        assert second.closed is not None
        assert first.opened.monotonic < float(reads[0]["received"]) < first.closed.monotonic < second.opened.monotonic
        assert second.opened.monotonic < float(reads[1]["received"]) < write.committed < second.closed.monotonic
        assert second.closed.monotonic < float(reads[2]["received"])
        assert second.opened.wall < write.epoch < second.closed.wall
        assert [sorted(window) for window in run["windows"]] == [["closed", "opened"]] * 2

    def test_after_metadata_it_ends_with_the_reading_that_tells_what_was_switched(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.users(acme={"metadata": {"plan": "free"}} | ENABLED)

        workbench.apply()

        metadata, _ = entries(workbench)
        (window,) = (attempt.window for attempt in metadata.attempts)
        (write,) = emulator.writes()
        read = next(one for one in requests(emulator) if float(one["received"]) > write.committed)
        assert window.closed is not None
        assert float(read["handled"]) < window.closed.monotonic

    def test_one_that_was_never_answered_stays_open(self, bench: Bench) -> None:
        workbench, emulator = bench
        seen: list[Entry] = []

        def looking(asked: Asked, forward: Forward) -> Answered:
            if asked.method == "PATCH":
                seen.extend(entries(workbench))
            return forward(asked)

        with between(emulator, looking) as url:
            workbench.project(url)
            workbench.apply()

        assert [attempt.window.closed for entry in seen for attempt in entry.attempts] == [None]


def test_what_was_overwritten_is_told_though_its_answer_was_lost(bench: Bench) -> None:
    workbench, emulator = bench
    workbench.run("plan", "--out", "p.plan")
    hold(emulator, "acme", live(channel="C9"))
    emulator.faults(DROP)

    run = only(workbench.apply("p.plan", "--on-conflict", "overwrite"))

    assert (run["outcome"], run["resolved"]) == ("applied", True)
    assert [(path["live"], path["planned"]) for path in run["overwritten"]] == [("C9", "C2")]
    assert held(emulator, "acme")["credentials"][0]["config"]["sharedSettings"]["channel"] == "C2"
