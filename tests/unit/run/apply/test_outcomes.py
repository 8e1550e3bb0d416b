"""How an operation ends, whatever happens between plan, read, write and read-back: each outcome by what it takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from paragon_sync.emulator import Emulator
from paragon_sync.model.outcome import Applied
from paragon_sync.model.planned import PatchConfig
from paragon_sync.store.journal import Entry
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

SETTINGS = {"channel": "C1", "note": "mine", "x/y~z": [1, True], "big": 2**64 + 1}
ENTRY = {"enabled": True, "settings": {"prefix": "old"}, "odd": None}
CONFIG = {"sharedSettings": SETTINGS, "configuredWorkflows": {"wf-notify": ENTRY}, "unknown": {"a": 1}}
LIVE = user(account(config=CONFIG), plan="pro", Name="Acme")
WANTED: dict[str, Any] = {"integrations": {"slack": {"settings": {"Channel": "C2"}}}}
DEFAULT: dict[str, Any] = {"integrations": {"slack": {"defaults": {"Frequency": "daily"}}}}
NO = as_answer({"message": "no", "code": "1", "status": 403}, 403)
METADATA: dict[str, Any] = {"metadata": {"plan": "enterprise"}}
ENABLED: dict[str, Any] = {"integrations": {"slack": {"workflows": {"Send Slack Notification": True}}}}


def live(**settings: Any) -> dict[str, Any]:
    """The user with other settings; None takes one away."""
    changed = deepcopy(LIVE)
    shared = changed["credentials"][0]["config"]["sharedSettings"]
    for name, value in settings.items():
        shared[name] = value
        if value is None:
            del shared[name]
    return changed


def settings_of(emulator: Emulator, name: str = "acme") -> dict[str, Any]:
    found: dict[str, Any] = held(emulator, name)["credentials"][0]["config"]["sharedSettings"]
    return found


def only(run: dict[str, Any]) -> dict[str, Any]:
    """The run's one operation."""
    (operation,) = run["operations"]
    assert isinstance(operation, dict)
    return operation


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    workbench, emulator = start({"acme": LIVE, "globex": LIVE})
    workbench.users(acme=WANTED)
    return workbench, emulator


@dataclass
class Meanwhile:
    """Between command and emulator: does something at the first write, before or after it gets through."""

    emulator: Emulator
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    answer: Callable[[Answered], Answered] = lambda answered: answered
    through: bool = True
    seen: list[str] = field(default_factory=list)

    def __call__(self, asked: Asked, forward: Forward) -> Answered:
        self.seen.append(f"{asked.method} {asked.path}")
        if asked.method != "PATCH":
            return forward(asked)
        self.before()
        answered = forward(asked) if self.through else as_answer({})
        self.after()
        return self.answer(answered)

    def serving(self) -> AbstractContextManager[str]:
        return between(self.emulator, self)


def apply_meanwhile(workbench: Workbench, meanwhile: Meanwhile, code: int) -> dict[str, Any]:
    with meanwhile.serving() as url:
        workbench.project(url)
        return workbench.apply(code=code)


class TestBetweenPlanAndApply:
    def apply_after(self, bench: tuple[Workbench, Emulator], state: dict[str, Any], code: int) -> dict[str, Any]:
        """Plan, let the emulator hold another state, and apply the plan."""
        workbench, emulator = bench
        assert workbench.run("plan", "--out", "p.plan").code == 0
        hold(emulator, "acme", state)
        return workbench.apply("p.plan", code=code)

    def test_a_managed_value_that_moved_is_a_conflict_and_nothing_is_sent(
        self, bench: tuple[Workbench, Emulator]
    ) -> None:
        run = only(self.apply_after(bench, live(channel="C9"), 3))

        assert run["outcome"] == "conflict"
        assert run["paths"] == [
            {
                "pointer": "/sharedSettings/channel",
                "label": "Channel",
                "secret": False,
                "base": "C1",
                "live": "C9",
                "planned": "C2",
            }
        ]
        assert writes(bench[1]) == []

    def test_a_managed_value_that_was_equal_counts_too(self, bench: tuple[Workbench, Emulator]) -> None:
        bench[0].users(acme={"integrations": {"slack": {"settings": {"Channel": "C2", "Note": "mine"}}}})

        run = only(self.apply_after(bench, live(note="theirs"), 3))

        assert (run["outcome"], [path["label"] for path in run["paths"]]) == ("conflict", ["Note"])
        assert writes(bench[1]) == []

    def test_a_managed_value_that_is_as_planned_by_now_is_left(self, bench: tuple[Workbench, Emulator]) -> None:
        run = self.apply_after(bench, live(channel="C2"), 0)

        assert only(run)["outcome"] == "unchanged"
        assert writes(bench[1]) == []

    def test_an_unmanaged_value_that_moved_is_carried_as_it_is_now(self, bench: tuple[Workbench, Emulator]) -> None:
        run = self.apply_after(bench, live(note="theirs", extra=[1]), 0)

        assert only(run)["outcome"] == "applied"
        assert settings_of(bench[1]) == SETTINGS | {"channel": "C2", "note": "theirs", "extra": [1]}

    def test_what_the_user_chose_meanwhile_stands_against_a_default(self, bench: tuple[Workbench, Emulator]) -> None:
        bench[0].users(acme=DEFAULT)

        run = self.apply_after(bench, live(frequency="weekly"), 0)

        assert only(run)["outcome"] == "unchanged"
        assert settings_of(bench[1])["frequency"] == "weekly"

    @pytest.mark.parametrize(
        ("state", "reason"),
        [
            (user(), "account T-c1 is not connected any more"),
            (user(account(config=CONFIG, dateDeleted="2026-01-01")), "account T-c1 is not connected any more"),
            (user(account(config=CONFIG, status="INVALID")), "account T-c1 is INVALID, not VALID"),
            (
                user(account(configurations=[{"id": "k1", "isDefault": True}])),
                "account T-c1 has other configurations than when the plan was made",
            ),
        ],
        ids=["gone", "deleted", "invalid", "reshaped"],
    )
    def test_an_account_that_can_not_be_written_any_more_is_blocked(
        self, bench: tuple[Workbench, Emulator], state: dict[str, Any], reason: str
    ) -> None:
        run = only(self.apply_after(bench, state, 3))

        assert (run["outcome"], run["reason"]) == ("blocked", reason)
        assert writes(bench[1]) == []

    def test_one_failure_does_not_stop_the_others(self, bench: tuple[Workbench, Emulator]) -> None:
        bench[0].users(acme=WANTED, globex=WANTED)

        run = self.apply_after(bench, user(), 3)

        assert [operation["outcome"] for operation in run["operations"]] == ["blocked", "applied"]
        assert settings_of(bench[1], "globex")["channel"] == "C2"


class TestWrite:
    def test_a_write_that_is_not_kept_has_failed(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        ignored = Meanwhile(emulator, through=False, answer=lambda _: as_answer({"errors": ["no such channel"]}))

        run = only(apply_meanwhile(workbench, ignored, 3))

        assert run["outcome"] == "failed"
        assert run["reason"] == "not kept by the server: Channel; the API reported: no such channel"
        assert settings_of(emulator) == SETTINGS

    def test_errors_in_a_good_answer_are_noted_and_the_read_back_decides(
        self, bench: tuple[Workbench, Emulator]
    ) -> None:
        workbench, emulator = bench
        complaining = Meanwhile(
            emulator, answer=lambda a: replace(a, body=json.dumps(a.json | {"errors": ["slow"]}).encode())
        )

        run = only(apply_meanwhile(workbench, complaining, 0))

        assert (run["outcome"], run["notes"]) == ("applied", ["the API reported: slow"])

    def test_a_third_value_after_the_write_is_a_conflict(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        overtaken = Meanwhile(emulator, after=lambda: hold(emulator, "acme", live(channel="C9")))

        run = only(apply_meanwhile(workbench, overtaken, 3))

        assert (run["outcome"], run["afterWrite"]) == ("conflict", True)
        assert [(path["base"], path["live"], path["planned"]) for path in run["paths"]] == [("C1", "C9", "C2")]

    def test_an_unmanaged_value_that_moved_during_the_write_is_noted(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        moved = Meanwhile(emulator, after=lambda: hold(emulator, "acme", live(channel="C2", note="theirs")))

        run = only(apply_meanwhile(workbench, moved, 0))

        assert run["outcome"] == "applied"
        assert (run["notes"], run["alarms"]) == (["moved during write: /sharedSettings/note"], [])

    def test_an_unmanaged_value_that_is_gone_raises_an_alarm(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        lost = Meanwhile(emulator, after=lambda: hold(emulator, "acme", live(channel="C2", note=None)))

        with lost.serving() as url:
            workbench.project(url)
            ended = workbench.run("apply", "--yes")

        assert "Lost?" in ended.out
        assert "/sharedSettings/note" in ended.out
        entry = journal(workbench)[0]
        assert isinstance(entry.outcome, Applied)
        assert entry.attempts[0].preimage["sharedSettings"] == SETTINGS

    def test_a_write_that_was_refused_has_failed(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        body = {"message": [{"constraints": {"isString": "must be a string"}}], "code": "1", "status": 400}
        refused = Meanwhile(emulator, through=False, answer=lambda _: as_answer(body, 400))

        run = only(apply_meanwhile(workbench, refused, 3))

        assert run["outcome"] == "failed"
        assert run["reason"] == (
            "PATCH /sdk/credentials/c1 as user acme, credential c1: 400 Bad Request: must be a string"
        )
        assert refused.seen.count("PATCH /sdk/credentials/c1") == 1

    @pytest.mark.parametrize(
        "lost",
        [as_answer({}, 500), Answered(status=None), Answered(body=b"<html>", type="text/html")],
        ids=["500", "no answer", "HTML"],
    )
    def test_a_write_whose_answer_was_lost_is_resolved_by_reading(
        self, bench: tuple[Workbench, Emulator], lost: Answered
    ) -> None:
        workbench, emulator = bench

        run = only(apply_meanwhile(workbench, Meanwhile(emulator, answer=lambda _: lost), 0))

        assert (run["outcome"], run["resolved"]) == ("applied", True)
        assert writes(emulator) == ["acme PATCH /sdk/credentials/c1"]
        assert settings_of(emulator) == SETTINGS | {"channel": "C2"}

    def test_what_can_not_be_read_back_is_unknown_and_resolved_by_applying_again(
        self, bench: tuple[Workbench, Emulator]
    ) -> None:
        workbench, emulator = bench
        workbench.run("plan", "--out", "p.plan")
        written: list[str] = []

        def silent(asked: Asked, forward: Forward) -> Answered:
            if written:
                return NO
            if asked.method == "PATCH":
                written.append(asked.path)
            return forward(asked)

        with between(emulator, silent) as url:
            workbench.project(url)
            first = only(workbench.apply("p.plan", code=3))
        workbench.project(emulator.url)
        second = only(workbench.apply("p.plan"))

        assert first["outcome"] == "unknown"
        assert first["reason"].startswith("sent, but not read back: GET /sdk/credentials as user acme")
        assert (second["outcome"], second["resolved"]) == ("applied", True)
        assert writes(emulator) == ["acme PATCH /sdk/credentials/c1"]

    def test_who_can_not_be_read_has_failed_and_nothing_is_sent(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.run("plan", "--out", "p.plan")

        with between(emulator, lambda _asked, _forward: NO) as url:
            workbench.project(url)
            run = only(workbench.apply("p.plan", code=3))

        assert run["outcome"] == "failed"
        assert run["reason"].startswith("could not be read: GET /sdk/credentials as user acme: 403 Forbidden: no")
        assert writes(emulator) == []


class TestPayload:
    def test_everything_unmanaged_is_sent_as_it_was_read(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench

        workbench.apply()

        (sent,) = [one for one in requests(emulator) if one["method"] == "PATCH"]
        assert sent["body"] == {"config": CONFIG | {"sharedSettings": SETTINGS | {"channel": "C2"}}}
        assert held(emulator, "acme") == live(channel="C2")

    def test_the_journal_has_pre_image_and_payload_on_disk_before_anything_is_sent(
        self, bench: tuple[Workbench, Emulator]
    ) -> None:
        workbench, emulator = bench
        found: list[Entry] = []
        looking = Meanwhile(emulator, before=lambda: found.extend(journal(workbench)))

        apply_meanwhile(workbench, looking, 0)

        (entry,) = found
        (attempt,) = entry.attempts
        assert (entry.user, entry.outcome) == ("acme", None)
        assert attempt.preimage == CONFIG
        assert attempt.requests == (
            PatchConfig(
                credential="c1",
                configuration=None,
                config=CONFIG | {"sharedSettings": SETTINGS | {"channel": "C2"}},
            ),
        )

    def test_afterwards_it_has_the_outcome(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench

        run = workbench.apply()

        (entry,) = journal(workbench)
        assert (entry.outcome, len(entry.attempts)) == (Applied(), 1)
        assert run["longestWindowMs"] > 0


def journal(workbench: Workbench) -> list[Entry]:
    """What the state store holds of the latest run."""
    with StateStore.open(workbench.folder / ".paragon-sync") as store:
        return list(store.entries(store.runs()[0].run))


class TestMetadata:
    def test_it_is_written_first(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.users(acme=WANTED | METADATA)

        run = workbench.apply()

        assert [operation["kind"] for operation in run["operations"]] == ["metadata", "configuration"]
        assert writes(emulator) == ["acme PATCH /sdk/me", "acme PATCH /sdk/credentials/c1"]
        assert held(emulator, "acme")["meta"] == {"plan": "enterprise", "Name": "Acme"}

    def test_what_follows_it_is_blocked_where_it_did_not_end_well(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.users(acme=WANTED | METADATA, globex=WANTED)

        def refusing(asked: Asked, forward: Forward) -> Answered:
            if asked.method == "PATCH" and asked.path == "/sdk/me":
                return as_answer({"message": "no", "code": "1", "status": 400}, 400)
            return forward(asked)

        with between(emulator, refusing) as url:
            workbench.project(url)
            run = workbench.apply(code=3)

        assert [(one["user"], one["outcome"]) for one in run["operations"]] == [
            ("acme", "failed"),
            ("acme", "blocked"),
            ("globex", "applied"),
        ]
        assert run["operations"][1]["reason"] == "the user's metadata did not end well"
        assert settings_of(emulator) == SETTINGS


class TestWorkflowPermissions:
    """A change of metadata that forbids workflows switches them off at once."""

    @pytest.fixture
    def strict(self, start: Start) -> tuple[Workbench, Emulator]:
        return start({"acme": LIVE}, permissions={"wf-notify": {"plan": ["pro"]}})

    def enabled(self, emulator: Emulator) -> bool:
        entry = held(emulator, "acme")["credentials"][0]["config"]["configuredWorkflows"]["wf-notify"]
        assert entry | {"enabled": True} == ENTRY
        return bool(entry["enabled"])

    def test_a_managed_one_is_set_again_though_nothing_else_changes(self, strict: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = strict
        workbench.users(acme=METADATA | ENABLED)
        plan = workbench.plan()
        assert [(one["kind"], len(one["changes"])) for one in plan["operations"]] == [
            ("metadata", 1),
            ("configuration", 0),
        ]
        assert (plan["counts"]["changed"], plan["counts"]["valuesChanged"]) == (1, 1)

        run = workbench.apply()

        assert [one["outcome"] for one in run["operations"]] == ["applied", "applied"]
        assert run["operations"][1]["notes"] == ["set again after the change of metadata: Send Slack Notification"]
        assert self.enabled(emulator)
        assert workbench.plan()["operations"] == []

    def test_its_guard_is_no_change_for_people_and_nothing_is_sent_where_it_is_not_needed(
        self, bench: tuple[Workbench, Emulator]
    ) -> None:
        workbench, emulator = bench
        workbench.users(acme=METADATA | ENABLED)

        shown = workbench.run("plan").out
        run = workbench.apply()

        assert "slack" not in shown
        assert "1 user to update, 1 change: 1 changed" in shown
        assert [one["outcome"] for one in run["operations"]] == ["applied", "unchanged"]
        assert writes(emulator) == ["acme PATCH /sdk/me"]

    def test_a_world_as_declared_needs_no_guard(self, strict: tuple[Workbench, Emulator]) -> None:
        workbench, _ = strict
        workbench.users(acme={"metadata": {"plan": "pro"}} | ENABLED)

        assert workbench.plan()["operations"] == []

    def test_a_managed_one_is_set_again_beside_other_changes(self, strict: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = strict
        slack = WANTED["integrations"]["slack"] | ENABLED["integrations"]["slack"]
        workbench.users(acme=METADATA | {"integrations": {"slack": slack}})

        workbench.apply()

        assert self.enabled(emulator)
        assert settings_of(emulator) == SETTINGS | {"channel": "C2"}

    def test_one_that_a_user_switched_after_the_metadata_is_a_conflict(
        self, strict: tuple[Workbench, Emulator]
    ) -> None:
        workbench, emulator = strict
        workbench.users(acme={"metadata": {"plan": "pro", "Name": "New"}} | ENABLED)
        reads: list[str] = []

        def switching(asked: Asked, forward: Forward) -> Answered:
            if asked.path == "/sdk/credentials" and asked.method == "GET" and writes(emulator):
                reads.append(asked.path)
                if len(reads) == 2:  # the metadata has been read back
                    off = deepcopy(LIVE)
                    off["credentials"][0]["config"]["configuredWorkflows"]["wf-notify"]["enabled"] = False
                    hold(emulator, "acme", off)
            return forward(asked)

        with between(emulator, switching) as url:
            workbench.project(url)
            run = workbench.apply(code=3)

        assert [one["outcome"] for one in run["operations"]] == ["applied", "conflict"]
        assert not self.enabled(emulator)

    def test_an_unmanaged_one_stays_off_and_is_recorded(self, strict: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = strict
        workbench.users(acme=METADATA)

        workbench.apply()

        (entry,) = journal(workbench)
        assert isinstance(entry.outcome, Applied)
        (effect,) = entry.outcome.side_effects
        assert (effect.credential, effect.configuration, effect.workflow) == ("c1", None, "wf-notify")
        assert not self.enabled(emulator)


def test_one_user_is_never_written_twice_at_once(start: Start) -> None:
    accounts = [account(f"c{number}", externalId=f"e{number}", config=CONFIG) for number in range(4)]
    workbench, emulator = start({"acme": user(*accounts, plan="pro"), "globex": LIVE})
    blocks = [{"account": {"externalId": f"e{n}"}, "settings": {"Channel": "C2"}} for n in range(4)]
    workbench.users(acme=METADATA | {"integrations": {"slack": blocks}}, globex=WANTED)
    under_way: list[str] = []
    most: list[int] = []

    def counting(asked: Asked, forward: Forward) -> Answered:
        token = asked.headers["authorization"]
        under_way.append(token)
        most.append(under_way.count(token))
        answered = forward(asked)
        under_way.remove(token)
        return answered

    with between(emulator, counting) as url:
        workbench.project(url)
        run = workbench.apply("--allow", "usersChanged=9")

    assert len(run["operations"]) == 6
    assert max(most) == 1
