"""``rollback``: what it takes back of which run, what it refuses, and what it says can't be given back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.gate import Gate
from tests.workbench import (
    Answered,
    Asked,
    Forward,
    Workbench,
    account,
    as_answer,
    as_json,
    between,
    held,
    hold,
    user,
    writes,
)

ENTRY = {"enabled": True, "settings": {"prefix": "Hi"}}
CONFIG = {"sharedSettings": {"channel": "C1", "note": "mine"}, "configuredWorkflows": {"wf-notify": ENTRY}}
LIVE = user(account(config=CONFIG), plan="pro")
CHANGE = {"integrations": {"slack": {"settings": {"Channel": "C2"}}}}
METADATA = {"metadata": {"plan": "free"}}
DIGEST = "Weekly digest"
SWITCH = {"integrations": {"slack": {"settings": {"Channel": "C2"}, "workflows": {"Send Slack Notification": False}}}}

Bench = tuple[Workbench, Emulator]


@pytest.fixture
def bench(start: Start) -> Bench:
    workbench, emulator = start(dict.fromkeys(("a", "b", "c"), LIVE))
    workbench.users(a=CHANGE)
    return workbench, emulator


def back(workbench: Workbench, run: str = "last", *, code: int = 0) -> dict[str, Any]:
    """Make the plan that takes the run back, in ``back.plan``, and read its JSON."""
    ended = workbench.run("rollback", run, "--out", "back.plan", "--format", "json")
    assert ended.code == code, ended.out + ended.err
    return as_json(ended.out)


def taken_back(workbench: Workbench, run: str = "last") -> dict[str, Any]:
    """Take the run back; the record of the run that did."""
    back(workbench, run)
    return workbench.apply("back.plan")


def channel(emulator: Emulator, name: str = "a") -> Any:
    return held(emulator, name)["credentials"][0]["config"]["sharedSettings"]["channel"]


def changed(**settings: Any) -> dict[str, Any]:
    """The user with other settings."""
    return user(account(config=CONFIG | {"sharedSettings": {"channel": "C2", "note": "mine"} | settings}), plan="pro")


class TestWhichRun:
    def test_a_run_by_the_beginning_of_its_id(self, bench: Bench) -> None:
        workbench, emulator = bench
        run = workbench.apply()["run"]
        workbench.users(b=CHANGE)
        workbench.apply()

        taken_back(workbench, run[:-1])

        assert (channel(emulator, "a"), channel(emulator, "b")) == ("C1", "C2")

    def test_the_last_one(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.apply()
        workbench.users(b=CHANGE)
        workbench.apply()

        taken_back(workbench)

        assert (channel(emulator, "a"), channel(emulator, "b")) == ("C2", "C1")

    @pytest.mark.parametrize(
        ("name", "message"), [("nope", 'there is no run "nope" in test'), ("last", "no runs in test")]
    )
    def test_one_that_is_not_there(self, bench: Bench, name: str, message: str) -> None:
        workbench, _ = bench

        ended = workbench.run("rollback", name, "--out", "back.plan")

        assert (ended.code, message in ended.err) == (1, True), ended.err
        assert not (workbench.folder / "back.plan").exists()

    def test_one_of_another_environment(self, bench: Bench) -> None:
        workbench, emulator = bench
        run = workbench.apply()["run"]
        text = (workbench.folder / "paragon.yaml").read_text("utf-8")
        workbench.write("paragon.yaml", text.replace("  test:", "  other:"))

        ended = workbench.run("rollback", run, "-e", "other", "--out", "back.plan", environment=False)

        assert (ended.code, f'there is no run "{run}" in other' in ended.err) == (1, True), ended.err
        assert channel(emulator) == "C2"

    def test_one_of_another_project(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.apply()
        workbench.project(emulator.url, environment={"project": "another"})

        ended = workbench.run("rollback", "last", "--out", "back.plan")

        assert (ended.code, "and not in another" in ended.err) == (1, True), ended.err

    def test_one_of_another_host(self, bench: Bench) -> None:
        workbench, emulator = bench
        run = workbench.apply()
        with Gate(int(emulator.url.rpartition(":")[2])) as other:
            workbench.project(url := other.url)
            ended = workbench.run("rollback", "last", "--out", "back.plan")

        assert run["host"] == emulator.url
        assert ended.code == 1
        message, *hint = ended.err.splitlines()
        assert message == f"error: run {run['run']} was applied at host {emulator.url}; test is now {url}"
        assert f"paragon-sync rollback {run['run']} -e test" in " ".join(line.strip() for line in hint)
        assert not (workbench.folder / "back.plan").exists()

    def test_its_plan_at_another_host(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.apply()
        assert back(workbench)["host"] == emulator.url
        with Gate(int(emulator.url.rpartition(":")[2])) as other:
            workbench.project(url := other.url)
            ended = workbench.run("apply", "back.plan")

        assert (ended.code, channel(emulator)) == (1, "C2")
        assert f"the plan is for host {emulator.url}; test is now {url}" in ended.err

    def test_one_whose_record_has_no_host_yet(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.apply()
        with closing(sqlite3.connect(workbench.folder / ".paragon-sync" / "state.sqlite")) as state, state:
            changed = state.execute(
                "UPDATE paragon_sync_runs SET header = replace(header, ?, ?)", (f',"host":"{emulator.url}"', "")
            )
            assert changed.rowcount == 1
            assert "host" not in state.execute("SELECT header FROM paragon_sync_runs").fetchone()[0]

        taken_back(workbench)

        assert channel(emulator) == "C1"


class TestPlan:
    def test_nothing_is_written_before_it_is_applied(self, bench: Bench) -> None:
        workbench, emulator = bench
        run = workbench.apply()["run"]
        before = writes(emulator)

        plan = back(workbench)

        ((operation,), notes) = plan["operations"], plan["notes"]
        (change,) = operation["changes"]
        assert (change["before"], change["after"], change["origin"]) == ("C2", "C1", "rollback")
        assert change["source"] == f"run {run}"
        assert any(f"takes back run {run}" in note for note in notes)
        assert writes(emulator) == before

    def test_the_journal_names_both_runs(self, bench: Bench) -> None:
        workbench, _ = bench
        first = workbench.apply()["run"]
        second = taken_back(workbench)["run"]

        shown = [as_json(workbench.run("runs", "show", run, "--format", "json").out) for run in (first, second)]

        assert (shown[0]["rolledBackBy"], shown[1]["rollsBack"]) == (second, first)

    def test_what_live_has_moved_on_stays_and_is_told(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.apply()
        hold(emulator, "a", changed(channel="C9", note="theirs"))

        plan = back(workbench)

        (finding,) = plan["findings"]
        assert (finding["kind"], finding["user"], finding["severity"]) == ("notRestored", "a", "warn")
        assert finding["message"] == '"Channel" has changed since, and is left as it is'
        assert plan["operations"] == []

    def test_a_write_after_the_plan_is_a_conflict(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.apply()
        back(workbench)
        hold(emulator, "a", changed(channel="C9"))

        run = workbench.apply("back.plan", code=3)

        assert [one["outcome"] for one in run["operations"]] == ["conflict"]
        assert channel(emulator) == "C9"

    def test_a_user_who_can_not_be_read_is_a_finding(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.users(a=CHANGE, b=CHANGE)
        workbench.apply()

        def refusing(asked: Asked, forward: Forward) -> Answered:
            return as_answer({"message": "no"}, 403) if asked.user == "a" else forward(asked)

        with between(emulator, refusing) as url:
            workbench.project(url)
            plan = back(workbench, code=4)

        assert [(one["kind"], one["user"]) for one in plan["findings"]] == [("notFetched", "a")]
        assert [one["user"] for one in plan["operations"]] == ["b"]
        workbench.project(emulator.url)
        assert workbench.run("apply", "back.plan").code == 4
        workbench.apply("back.plan", "--allow", "findings=1", code=0)
        assert (channel(emulator, "a"), channel(emulator, "b")) == ("C2", "C1")

    def test_that_nobody_can_be_read_is_an_error_and_no_plan(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.users(a=CHANGE, b=CHANGE)
        workbench.apply()

        with between(emulator, lambda *_: as_answer({"message": "no"}, 403)) as url:
            workbench.project(url)
            ended = workbench.run("rollback", "last", "--out", "back.plan")

        assert (ended.code, "GET /sdk/credentials as user a" in ended.err) == (1, True), ended.out + ended.err
        assert not (workbench.folder / "back.plan").exists()

    def test_it_is_applied_though_the_state_is_gone(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.apply()
        back(workbench)
        (workbench.folder / ".paragon-sync").rename(workbench.folder / "gone")

        again = [workbench.run("apply", "back.plan").code for _ in range(2)]

        assert (again, held(emulator, "a")) == ([0, 1], LIVE)

    @pytest.mark.parametrize(
        "state",
        [user(), user(account(config=CONFIG, dateDeleted="2026-01-01"))],
        ids=["gone", "deleted"],
    )
    def test_an_account_that_is_gone_is_told(self, bench: Bench, state: dict[str, Any]) -> None:
        workbench, emulator = bench
        workbench.apply()
        hold(emulator, "a", state)

        plan = back(workbench)

        (finding,) = plan["findings"]
        assert (finding["kind"], plan["operations"]) == ("notRestored", [])
        assert "account T-c1 is not connected any more" in finding["message"]


class TestOnce:
    def test_a_run_that_was_taken_back_is_not_taken_back_again(self, bench: Bench) -> None:
        workbench, _ = bench
        first = workbench.apply()["run"]
        second = taken_back(workbench)["run"]

        ended = workbench.run("rollback", first, "--out", "again.plan")

        assert ended.code == 1
        assert f"run {first} was taken back already, by run {second}" in ended.err

    def test_nor_by_a_plan_that_was_made_before(self, bench: Bench) -> None:
        workbench, _ = bench
        workbench.apply()
        back(workbench)
        workbench.run("rollback", "last", "--out", "other.plan")
        workbench.apply("back.plan")

        ended = workbench.run("apply", "other.plan")

        assert (ended.code, "was taken back already, by run" in ended.err) == (1, True), ended.err

    def test_what_was_taken_back_in_turn_is_told(self, bench: Bench) -> None:
        workbench, _ = bench
        first = workbench.apply()["run"]
        taken_back(workbench)
        third = taken_back(workbench)["run"]

        ended = workbench.run("rollback", first, "--out", "again.plan")

        assert (ended.code, f"paragon-sync rollback {third}" in ended.err) == (1, True), ended.err

    def test_the_manifests_are_not_what_retries_a_rollback(self, bench: Bench) -> None:
        workbench, emulator = bench
        first = workbench.apply()["run"]
        back(workbench)
        hold(emulator, "a", changed(channel="C9"))
        workbench.apply("back.plan", code=3)

        ended = workbench.run("apply", "--yes", "--retry-conflicts", "back.plan")

        assert (ended.code, f"paragon-sync rollback {first} -e test" in ended.err) == (1, True), ended.err
        assert channel(emulator) == "C9"

    def test_a_rollback_can_be_taken_back(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.users(a=SWITCH)
        workbench.apply()
        after = held(emulator, "a")
        taken_back(workbench)
        assert held(emulator, "a") == LIVE

        taken_back(workbench)

        assert held(emulator, "a") == after

    def test_the_plan_of_a_run_that_was_taken_back_is_not_gone_on_with(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.users(a=CHANGE, b=CHANGE)
        workbench.run("plan", "--out", "p.plan")
        workbench.apply("p.plan", "--canary", "1")
        taken_back(workbench)

        ended = workbench.run("apply", "p.plan")

        assert (ended.code, "took back" in ended.err) == (1, True), ended.err
        assert (channel(emulator, "a"), channel(emulator, "b")) == ("C1", "C1")


class TestWhatIsLeft:
    def test_a_user_who_could_not_be_read_is_taken_back_later(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.users(a=CHANGE, b=CHANGE)
        first = workbench.apply()["run"]

        def refusing(asked: Asked, forward: Forward) -> Answered:
            return as_answer({"message": "no"}, 403) if asked.user == "a" else forward(asked)

        with between(emulator, refusing) as url:
            workbench.project(url)
            back(workbench, code=4)
        workbench.project(emulator.url)
        second = workbench.apply("back.plan", "--allow", "findings=1")["run"]
        hold(emulator, "b", changed())  # somebody wants it so: it is not this run's any more

        plan = back(workbench, first)
        third = workbench.apply("back.plan")["run"]

        assert f"takes back what run {second} left of run {first}" in plan["notes"][0]
        assert [one["user"] for one in plan["operations"]] == ["a"]
        assert (held(emulator, "a"), channel(emulator, "b")) == (LIVE, "C2")
        assert as_json(workbench.run("runs", "show", first, "--format", "json").out)["rolledBackBy"] == third
        assert workbench.run("rollback", first, "--out", "back.plan").code == 1

    def test_what_was_in_conflict_is_taken_back_later(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.users(a=SWITCH | METADATA, b=CHANGE)
        first = workbench.apply()["run"]
        back(workbench)
        hold(emulator, "a", changed(channel="C9") | {"meta": {"plan": "free"}})
        run = workbench.apply("back.plan", code=3)
        assert [one["outcome"] for one in run["operations"]] == ["applied", "conflict", "applied"]
        hold(emulator, "a", changed() | {"meta": {"plan": "pro"}})

        plan = back(workbench, first)

        assert [(one["user"], one["kind"]) for one in plan["operations"]] == [("a", "configuration")]

    def test_a_plan_from_before_another_rollback_is_refused(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.users(a=CHANGE, b=CHANGE)
        first = workbench.apply()["run"]
        back(workbench)
        workbench.apply("back.plan", "--canary", "1")
        workbench.run("rollback", first, "--out", "one.plan")
        workbench.run("rollback", first, "--out", "two.plan")
        workbench.apply("one.plan")

        again = [workbench.run("apply", plan) for plan in ("two.plan", "back.plan")]

        assert [one.code for one in again] == [1, 1]
        assert all(f"run {first} was taken back already" in one.err for one in again), again
        assert (held(emulator, "a"), held(emulator, "b")) == (LIVE, LIVE)


class TestUnfinished:
    def test_a_run_that_stopped_is_taken_back_as_far_as_it_went(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.users(a=CHANGE, b=CHANGE)
        workbench.run("plan", "--out", "p.plan")
        workbench.apply("p.plan", "--canary", "1")
        assert (channel(emulator, "a"), channel(emulator, "b")) == ("C2", "C1")

        run = taken_back(workbench)

        assert [one["user"] for one in run["operations"]] == ["a"]
        assert (held(emulator, "a"), held(emulator, "b")) == (LIVE, LIVE)

    @pytest.mark.parametrize("through", [True, False], ids=["written", "not written"])
    def test_a_write_of_which_nobody_knows_is_taken_back_if_it_was_done(self, bench: Bench, *, through: bool) -> None:
        workbench, emulator = bench
        sent: list[str] = []

        def silent(asked: Asked, forward: Forward) -> Answered:
            if sent:
                return as_answer({"message": "no"}, 403)
            if asked.method == "PATCH":
                sent.append(asked.path)
                if through:
                    forward(asked)
                return Answered(status=None)
            return forward(asked)

        with between(emulator, silent) as url:
            workbench.project(url)
            run = workbench.apply(code=3)
        assert [one["outcome"] for one in run["operations"]] == ["unknown"]
        workbench.project(emulator.url)

        assert len(back(workbench)["operations"]) == int(through)
        workbench.apply("back.plan")

        assert held(emulator, "a") == LIVE


class TestMetadata:
    def test_what_it_switched_off_is_switched_on_again(self, start: Start) -> None:
        workbench, emulator = start({"a": LIVE}, permissions={"wf-notify": {"plan": ["pro"]}})
        workbench.users(a=METADATA)
        run = workbench.apply()
        assert held(emulator, "a") != LIVE | {"meta": {"plan": "free"}}, run

        taken_back(workbench)

        assert held(emulator, "a") == LIVE

    def test_a_key_that_was_added_stays_and_is_told(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.users(a={"metadata": {"plan": "free", "tier": 1}})
        workbench.apply()

        plan = back(workbench)
        workbench.apply("back.plan")

        messages = [one["message"] for one in plan["findings"]]
        assert messages == ['metadata "tier" was added by the run, and can\'t be removed']
        assert held(emulator, "a") == LIVE | {"meta": {"plan": "pro", "tier": 1}}


class TestEndpoint:
    def test_workflows_are_switched_back_by_requests_of_their_own(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.project(emulator.url, apply={"enablement": "endpoint"})
        workbench.users(a=SWITCH)
        workbench.apply()
        before = len(writes(emulator))

        taken_back(workbench)

        assert held(emulator, "a") == LIVE
        assert writes(emulator)[before:] == [
            "a PATCH /sdk/credentials/c1",
            "a POST /sdk/workflows/wf-notify",
        ]

    def test_what_a_refused_request_would_have_written_is_left(self, bench: Bench) -> None:
        workbench, emulator = bench
        no_entry = user(account(config={"sharedSettings": {"channel": "C1"}}), plan="pro")
        hold(emulator, "a", no_entry)
        workbench.users(a={"integrations": {"slack": {"settings": {"Channel": "C2"}, "workflows": {DIGEST: True}}}})

        def refuse(asked: Asked, forward: Forward) -> Answered:
            return as_answer({"message": "no"}, 403) if asked.method == "POST" else forward(asked)

        with between(emulator, refuse) as url:
            workbench.project(url, apply={"enablement": "endpoint"})
            assert workbench.apply(code=3)["operations"][0]["outcome"] == "failed"
        workbench.project(emulator.url, apply={"enablement": "endpoint"})
        saved = held(emulator, "a")
        entry = saved["credentials"][0]["config"].setdefault("configuredWorkflows", {}).setdefault("wf-digest", {})
        entry |= {"enabled": True}  # by its user, since
        hold(emulator, "a", saved)

        taken_back(workbench)

        config = held(emulator, "a")["credentials"][0]["config"]
        assert config["sharedSettings"] == {"channel": "C1"}
        assert config["configuredWorkflows"]["wf-digest"]["enabled"] is True


class TestSecrets:
    OLD, NEW = "old-secret-8c1f", "new-secret-44d2"

    def rotated(self, start: Start) -> Bench:
        live = user(account(config={"sharedSettings": {"token": self.OLD, "channel": "C1"}}), plan="pro")
        workbench, emulator = start({"a": live})
        workbench.project(emulator.url, secrets={"env": ["SLACK"]})
        workbench.users(a={"integrations": {"slack": {"settings": {"Token": {"$env": "SLACK"}}}}})
        workbench.variables["SLACK"] = self.NEW
        return workbench, emulator

    def test_they_are_given_back_and_not_shown(self, start: Start) -> None:
        workbench, emulator = self.rotated(start)
        before = held(emulator, "a")
        workbench.apply()

        said = [workbench.run("rollback", "last", "--out", "back.plan")]
        said += [workbench.run("rollback", "last", "--out", "back.plan", "--format", "json")]
        said += [workbench.run("show", "back.plan", environment=False), workbench.run("apply", "back.plan")]
        said += [workbench.run("runs", "show", "last", "--format", output) for output in ("text", "json")]

        assert [one.code for one in said] == [0] * 6, [one.err for one in said]
        shown = "".join(one.out + one.err for one in said)
        assert "Token" in shown
        assert self.OLD not in shown
        assert self.NEW not in shown
        assert held(emulator, "a") == before

    def test_an_encrypted_journal_needs_its_key(self, start: Start) -> None:
        workbench, emulator = self.rotated(start)
        before = held(emulator, "a")
        workbench.variables["PARAGON_SYNC_PLAN_KEY"] = "a-key-that-nobody-else-knows-9f2c7e51"
        workbench.apply()
        workbench.variables.pop("PARAGON_SYNC_PLAN_KEY")
        without = workbench.run("rollback", "last", "--out", "back.plan")
        workbench.variables["PARAGON_SYNC_PLAN_KEY"] = "a-key-that-nobody-else-knows-9f2c7e51"

        taken_back(workbench)

        assert (without.code, "PARAGON_SYNC_PLAN_KEY" in without.err) == (1, True), without.err
        assert held(emulator, "a") == before
        kept = b"".join(file.read_bytes() for file in workbench.folder.rglob("*") if file.is_file())
        assert self.OLD.encode() not in kept
        assert self.NEW.encode() not in kept

    def test_in_ci_no_plan_is_saved_in_plain_text(self, bench: Bench) -> None:
        workbench, _ = bench
        workbench.apply()
        workbench.variables["CI"] = "true"

        refused = workbench.run("rollback", "last", "--out", "back.plan")
        allowed = workbench.run("rollback", "last", "--out", "back.plan", "--allow", "plaintext-plan")

        assert (refused.code, allowed.code) == (4, 0), refused.err + allowed.err
        assert "--allow plaintext-plan" in refused.err


class TestWhatTheRunDidNotWrite:
    def test_a_value_that_a_refused_write_was_to_leave_stays_where_another_client_saved_it(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.users(a=CHANGE, b=CHANGE)

        def refusing_the_first(asked: Asked, forward: Forward) -> Answered:
            nonlocal refused
            if asked.method == "PATCH" and not refused:
                refused = True
                return as_answer({"message": "no", "code": "1", "status": 400}, 400)
            return forward(asked)

        refused = False
        with between(emulator, refusing_the_first) as url:
            workbench.project(url, limits={"concurrency": 1})
            workbench.apply(code=3)
        workbench.project(emulator.url)
        hold(emulator, "a", changed())

        assert ["b"] == [operation["user"] for operation in back(workbench)["operations"]]


class TestStoredDifferently:
    def test_what_the_server_stored_goes_back_to_what_was_before(self, bench: Bench) -> None:
        workbench, emulator = bench
        workbench.users(a={"integrations": {"slack": {"settings": {"Channel": "  C2 "}}}})

        def trimming(asked: Asked, forward: Forward) -> Answered:
            if asked.method == "PATCH":
                body = asked.body.replace(b"  C2 ", b"C2")
                asked = replace(asked, body=body, headers=asked.headers | {"content-length": str(len(body))})
            return forward(asked)

        with between(emulator, trimming) as url:
            workbench.project(url)
            (operation,) = workbench.apply(code=3)["operations"]
        assert "failed" == operation["outcome"]
        assert "stored differently by the server: Channel" == operation["reason"]
        assert [{"label": "Channel", "secret": False, "sent": "  C2 ", "stored": "C2"}] == operation["stored"]
        assert "C2" == channel(emulator)
        shown = workbench.run("runs", "show", "last").out
        assert 'Channel: sent "  C2 ", stored "C2"' in shown
        assert "declare the stored form in the manifest" in shown

        workbench.project(emulator.url)
        taken_back(workbench)
        assert "C1" == channel(emulator)
