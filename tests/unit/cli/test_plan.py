"""``plan`` and ``show``: what is shown, saved and refused, and the code that the command ends with."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from paragon_sync.emulator import Emulator
from paragon_sync.jsonvalue import loads
from paragon_sync.store.planfile import PlanReader
from tests.benches import Start
from tests.workbench import (
    Answered,
    Asked,
    Forward,
    Workbench,
    account,
    as_json,
    between,
    requests,
    user,
    writes,
)

INSTALLED = Path(sys.executable).parent / "paragon-sync"
SCHEMA = Path(__file__).parents[3] / "schemas" / "plan.schema.json"
SETTINGS = {"channel": "C1", "note": "mine", "token": "t0p", "frequency": "daily"}
LIVE = {
    "acme-1": user(account(config={"sharedSettings": SETTINGS}), plan="pro"),
    "acme-2": user(account(config={"sharedSettings": {"channel": "C1"}})),
    "globex": user(account(config={"sharedSettings": {"channel": "C1"}}), account("c2", integration="int-salesforce")),
}


def slack(**settings: Any) -> dict[str, Any]:
    return {"integrations": {"slack": {"settings": settings}}}


CHANGE = slack(Channel="C2")
SAME = slack(Channel="C1")


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    workbench, emulator = start(LIVE)
    workbench.users(acme_1=CHANGE, acme_2=SAME, globex=CHANGE)
    return workbench, emulator


def plan_users(plan: dict[str, Any]) -> list[str]:
    return [operation["user"] for operation in plan["operations"]]


class TestExitCode:
    @pytest.mark.parametrize(
        ("document", "arguments", "code"),
        [
            (CHANGE, [], 0),
            (CHANGE, ["--detailed-exitcode"], 2),
            (SAME, ["--detailed-exitcode"], 0),
            (SAME, [], 0),
        ],
    )
    def test_changes_are_told_by_it_only_where_asked_for(
        self, bench: tuple[Workbench, Emulator], document: dict[str, Any], arguments: list[str], code: int
    ) -> None:
        workbench, emulator = bench
        workbench.users(acme_1=document)

        assert workbench.run("plan", *arguments).code == code
        assert writes(emulator) == []

    def test_policy_comes_before_changes(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.project(emulator.url, policy={"usersChanged": 1})

        refused = workbench.run("plan", "--detailed-exitcode", "--out", "p.plan")

        assert refused.code == 4
        assert "Refused by policy" in refused.out
        assert "--allow usersChanged=2" in " ".join(refused.out.split())
        assert workbench.run("plan", "--detailed-exitcode", "--allow", "usersChanged=2").code == 2

    def test_a_finding_that_is_an_error_makes_the_plan_incomplete(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        workbench.users(acme_1=CHANGE, nobody=CHANGE)

        plan = workbench.plan()

        assert (plan["complete"], plan_users(plan)) == (False, ["acme-1"])
        assert workbench.run("plan").code == 4
        assert workbench.run("plan", "--allow", "findings=1").code == 4

    def test_a_finding_that_is_a_warning_does_not(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        workbench.users(acme_2={"integrations": {"salesforce": {"settings": {}}}})

        ended = workbench.run("plan", "--detailed-exitcode")

        assert ended.code == 0
        assert "not connected" in ended.out


class TestOut:
    def test_the_saved_plan_shows_as_it_was_shown(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench

        planned = workbench.run("plan", "--out", "p.plan")

        assert planned.out == workbench.run("show", "p.plan", environment=False).out
        assert "Plan saved: p.plan" in planned.out
        assert "paragon-sync apply p.plan -e test" in planned.out
        assert (workbench.folder / "p.plan").stat().st_mode & 0o777 == 0o600

    def test_so_does_its_json(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench

        planned = workbench.run("plan", "--out", "p.plan", "--format", "json")

        shown = workbench.run("show", "p.plan", "--format", "json", environment=False)
        assert planned.out == shown.out
        with PlanReader(workbench.folder / "p.plan") as reader:
            assert as_json(planned.out)["digest"] == reader.digest

    def test_it_says_how_long_it_takes_to_apply(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.project(emulator.url, limits={"rate": 2})

        planned = workbench.run("plan", "--out", "p.plan")

        told = as_json(workbench.run("show", "p.plan", "--format", "json", environment=False).out)
        assert told["secondsToApply"] >= 3 * told["counts"]["operations"] / 2 > 0
        assert re.search(r"valid for 24 h, about \d+ s to apply$", planned.out, re.MULTILINE)

    def test_an_older_plan_is_replaced_and_nothing_else_is(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        assert workbench.run("plan", "--out", "p.plan").code == 0
        workbench.users(acme_1=SAME)
        assert "Nothing to do" in workbench.run("plan", "--out", "p.plan").out

        refused = workbench.run("plan", "--out", "users.yaml")

        assert refused.code == 1
        assert refused.err.startswith("error: users.yaml exists and is not a plan file: it stays as it is\n")
        assert "kind: User" in (workbench.folder / "users.yaml").read_text("utf-8")

    def test_a_folder_that_is_not_there_is_told_before_anybody_is_fetched(
        self, bench: tuple[Workbench, Emulator]
    ) -> None:
        workbench, emulator = bench

        ended = workbench.run("plan", "--out", "plans/p.plan")

        assert ended.code == 1
        assert ended.err == "error: can't write plans/p.plan: there is no folder plans\n    make it first\n"
        assert {one["user"] for one in requests(emulator)} == {"catalog-reader"}

    def test_what_is_no_plan_is_not_shown(self, bench: tuple[Workbench, Emulator]) -> None:
        ended = bench[0].run("show", "users.yaml", environment=False)

        assert (ended.code, ended.out) == (1, "")
        assert ended.err.startswith("error: users.yaml is not a plan file\n")

    def test_what_a_killed_command_left_is_removed_by_the_next_one(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.users(acme_1=CHANGE)
        started: list[subprocess.Popen[bytes]] = []

        def killing(asked: Asked, forward: Forward) -> Answered:
            if asked.user == "acme-1":
                started[0].kill()
            return forward(asked)

        with between(emulator, killing) as url:
            workbench.project(url)
            command = [INSTALLED, "plan", "-e", "test", "--out", "p.plan"]
            started.append(subprocess.Popen(command, cwd=workbench.folder, stderr=subprocess.DEVNULL))
            assert started[0].wait(60) == -signal.SIGKILL
        left = list(workbench.folder.glob(".p.plan.*.part"))
        assert len(left) == 1

        workbench.project(emulator.url)
        workbench.run("plan", "--out", "q.plan")

        assert not left[0].exists()


class TestFilters:
    @pytest.mark.parametrize(
        ("arguments", "considered", "changed"),
        [
            (["--user", "acme-*"], 2, ["acme-1"]),
            (["--user", "acme-1", "--user", "globex"], 2, ["acme-1", "globex"]),
            (["--integration", "slack"], 3, ["acme-1", "globex"]),
            (["--integration", "salesforce"], 1, []),
            (["--integration", "salesforce", "--user", "g*"], 1, []),
        ],
    )
    def test_they_narrow_whom_the_plan_considers(
        self,
        bench: tuple[Workbench, Emulator],
        arguments: list[str],
        considered: int,
        changed: list[str],
    ) -> None:
        workbench, emulator = bench
        both = CHANGE["integrations"] | {"salesforce": {"workflows": {}}}
        workbench.users(acme_1=CHANGE | {"metadata": {"plan": "x"}}, acme_2=SAME, globex={"integrations": both})

        plan = workbench.plan(*arguments)

        assert (plan["counts"]["considered"], plan["counts"]["unchanged"]) == (considered, considered - len(changed))
        assert sorted(set(plan_users(plan))) == changed
        assert len({one["user"] for one in requests(emulator)} - {"catalog-reader"}) == considered
        assert set(plan["filters"]) == {argument[2:] for argument in arguments if argument.startswith("--")}

    @pytest.mark.parametrize(
        ("arguments", "message", "hint"),
        [
            (["--user", "acme-3"], '--user "acme-3": no document is about such a user', 'did you mean "acme-'),
            (["--user", "acme-1", "--user", "x*"], '--user "x*": no document is about such a user', "acme-2"),
            (["--integration", "slak"], '--integration "slak": no document is about', 'did you mean "slack"?'),
            (["--integration", "salesforce"], '--integration "salesforce": no document', 'there are: "slack"'),
        ],
    )
    def test_one_that_matches_nothing_is_told_and_is_not_nothing_to_do(
        self, bench: tuple[Workbench, Emulator], arguments: list[str], message: str, hint: str
    ) -> None:
        workbench, emulator = bench

        ended = workbench.run("plan", "--detailed-exitcode", *arguments)

        assert (ended.code, ended.out) == (64, "")
        assert ended.err.startswith(f"error: {message}")
        assert hint in ended.err
        assert {one["user"] for one in requests(emulator)} == {"catalog-reader"}

    def test_two_that_exclude_each_other_are_told(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        workbench.users(acme_1=CHANGE, globex={"integrations": {"salesforce": {"workflows": {}}}})

        ended = workbench.run("plan", "--user", "acme-1", "--integration", "salesforce")

        assert ended.code == 64
        assert "the filters leave nobody" in ended.err

    def test_an_id_that_looks_like_a_glob_matches_itself(self, start: Start) -> None:
        workbench, _ = start({"a[1]": user(account())})
        workbench.write("users.yaml", "apiVersion: paragon-sync/v1\nkind: User\nuser: 'a[1]'\nmetadata: {plan: x}\n")

        assert plan_users(workbench.plan("--user", "a[1]")) == ["a[1]"]


class TestJson:
    def test_it_is_valid_by_the_published_schema(self, start: Start) -> None:
        workbench, emulator = start(LIVE | {"initech": user(account(status="INVALID"))})
        workbench.project(emulator.url, policy={"valuesRemoved": 0})
        workbench.users(
            acme_1={
                "metadata": {"plan": "enterprise"},
                "integrations": {
                    "slack": {
                        "settings": {"Channel": "C2", "Token": "n3w", "Mapping": {"objectMapping": "x"}},
                        "defaults": {"Mentions": True},
                        "unset": ["Note"],
                        "workflows": {"Send Slack Notification": True},
                    }
                },
            },
            initech=CHANGE,
            globex={"integrations": {"salesforce": {"workflows": {}}}},
        )

        ended = workbench.run("plan", "--format", "json")

        plan = loads(ended.out)
        jsonschema.validate(plan, loads(SCHEMA.read_text("utf-8")), cls=jsonschema.Draft202012Validator)
        assert ended.code == 4
        assert "t0p" not in ended.out
        assert "n3w" not in ended.out
        found = as_json(ended.out)
        assert [refusal["knob"] for refusal in found["refusals"]] == ["valuesRemoved=1", "findings=1"]
        assert {change["label"] for operation in found["operations"] for change in operation["changes"]} == {
            "plan",
            "Channel",
            "Token",
            "Mapping",
            "Mentions",
            "Note",
            "Send Slack Notification",
        }

    def test_the_plan_is_the_same_whatever_was_first(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        first = workbench.plan()
        workbench.users(globex=CHANGE, acme_2=SAME, acme_1=CHANGE)

        second = workbench.plan()

        assert first["counts"] == second["counts"]
        assert plan_users(first) == plan_users(second) == ["acme-1", "globex"]


class TestPaths:
    def test_files_and_folders_take_the_place_of_the_patterns(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        text = (workbench.folder / "users.yaml").read_text("utf-8").split("---\n")
        workbench.write("one/a.yaml", text[1])
        workbench.write("one/two/b.yaml", text[3])

        assert plan_users(workbench.plan("one")) == ["acme-1", "globex"]
        assert plan_users(workbench.plan("one/two/b.yaml")) == ["globex"]

    def test_one_that_is_not_there_is_told(self, bench: tuple[Workbench, Emulator]) -> None:
        ended = bench[0].run("plan", "none.yaml")

        assert (ended.code, ended.err) == (1, "none.yaml:1:1: there is no such file or folder\n")

    def test_patterns_are_relative_to_the_project_file(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        project = (workbench.folder / "paragon.yaml").read_text("utf-8").replace("users.yaml", "../users.yaml")
        workbench.write("deep/other.yaml", project)

        ended = workbench.run("plan", "-c", "deep/other.yaml", "--out", "p.plan")

        assert ended.code == 0, ended.err
        assert re.search(r"paragon-sync apply p.plan -e test.* -c deep/other.yaml", ended.out)


@pytest.mark.parametrize(("number", "code", "told"), [(signal.SIGINT, 130, "Interrupted."), (signal.SIGTERM, 143, "")])
def test_a_signal_is_heard_while_documents_are_read(
    bench: tuple[Workbench, Emulator], tmp_path: Path, number: signal.Signals, code: int, told: str
) -> None:
    workbench, emulator = bench
    rollout = {"apiVersion": "paragon-sync/v1", "kind": "Rollout", "name": "all", "users": {"ndjson": "-"}} | CHANGE
    workbench.write("users.yaml", json.dumps(rollout))
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [INSTALLED, "plan", "-e", "test"],
        cwd=workbench.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(temporary)},
    )
    assert process.stdin is not None
    with suppress(BrokenPipeError):  # a roster that has no end
        for row in range(10_000_000):
            process.stdin.write(json.dumps({"user": f"u-{row}"}).encode() + b"\n")
            if row == 20_000:
                process.send_signal(number)
    with suppress(BrokenPipeError):
        process.stdin.close()
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        said = process.stdout.read() + process.stderr.read()

    assert (process.wait(20), told in said.decode()) == (code, True), said
    assert b"Traceback" not in said
    assert list(temporary.iterdir()) == []
    assert {one["path"].rpartition("/")[2] for one in requests(emulator)} <= {"integrations"}


@pytest.mark.parametrize("closed", ["<&-", "<&- >&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_are_no_reason_to_fail(bench: tuple[Workbench, Emulator], closed: str) -> None:
    ran = subprocess.run(
        ["/bin/sh", "-c", f'"$0" plan -e test --out p.plan {closed}', INSTALLED],
        cwd=bench[0].folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert bench[0].run("apply", "p.plan").code == 0


def test_a_host_may_be_an_emulator_in_a_folder(start: Start) -> None:
    workbench, _ = start({})
    fixture = {"integrations": [], "users": {"acme": user(account(), plan="pro")}}
    workbench.write("demo/fixture.json", str(fixture).replace("'", '"'))
    environment = {"host": "emulator:demo", "catalog": {"users": ["acme"]}}
    project = {
        "apiVersion": "paragon-sync/v1",
        "kind": "Project",
        "manifests": ["users.yaml"],
        "environments": {"test": environment},
    }
    workbench.write("paragon.yaml", str(project).replace("'", '"'))
    workbench.users(acme={"metadata": {"plan": "enterprise"}})

    assert workbench.run("apply", "--yes").code == 0
    assert "Nothing to do" in workbench.run("plan").out
    assert workbench.run("token", "acme").out.count(".") == 2
