"""``apply``: what is refused before anything is sent, who is asked, and what is told at the end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from paragon_sync.emulator import Emulator
from paragon_sync.jsonvalue import loads
from paragon_sync.store.planfile import PlanReader, PlanWriter
from tests.benches import Start
from tests.cases.command import INSTALLED, run_process
from tests.gate import Gate
from tests.terminal import on_terminal
from tests.workbench import (
    Answered,
    Asked,
    Forward,
    Workbench,
    account,
    as_json,
    between,
    held,
    requests,
    user,
    world,
    writes,
)

SCHEMA = Path(__file__).parents[3] / "schemas" / "run.schema.json"
LIVE = user(account(config={"sharedSettings": {"channel": "C1", "note": "mine"}}), plan="pro")
CHANGE = {"integrations": {"slack": {"settings": {"Channel": "C2"}}}}
SAME = {"integrations": {"slack": {"settings": {"Channel": "C1"}}}}


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    workbench, emulator = start(dict.fromkeys(("a", "b", "c"), LIVE))
    workbench.users(a=CHANGE)
    return workbench, emulator


def channel(emulator: Emulator, name: str = "a") -> str:
    found: str = held(emulator, name)["credentials"][0]["config"]["sharedSettings"]["channel"]
    return found


def rewritten(file: Path, **header: Any) -> None:
    """The plan again, with something else in its header."""
    with PlanReader(file) as reader:
        operations, findings, changed = (
            list(reader.operations()),
            list(reader.findings()),
            replace(reader.header, **header),
        )
    with PlanWriter(file) as writer:
        for operation in operations:
            writer.add(operation)
        for finding in findings:
            writer.add_finding(finding)
        writer.finish(changed)


class TestSavedPlan:
    @pytest.fixture
    def saved(self, bench: tuple[Workbench, Emulator]) -> tuple[Workbench, Emulator]:
        bench[0].run("plan", "--out", "p.plan")
        return bench

    def assert_refused(
        self, saved: tuple[Workbench, Emulator], arguments: list[str], code: int, message: str, hint: str
    ) -> None:
        """The command ends so, and nothing was sent."""
        workbench, emulator = saved
        asked = len(requests(emulator))

        ended = workbench.run("apply", *arguments)

        assert (ended.code, ended.out) == (code, ""), ended.err
        assert ended.err.startswith(f"error: {message}"), ended.err
        assert hint in ended.err
        assert len(requests(emulator)) == asked

    def test_it_is_applied_as_it_is_and_asks_nobody(self, saved: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = saved
        workbench.users(a=SAME, b=CHANGE)  # the manifests don't matter any more

        ended = workbench.run("apply", "p.plan")

        assert ended.code == 0, ended.err
        assert "1 operation: 1 applied." in ended.out
        assert (channel(emulator, "a"), channel(emulator, "b")) == ("C2", "C1")

    def test_it_is_applied_once(self, saved: tuple[Workbench, Emulator]) -> None:
        saved[0].run("apply", "p.plan")

        self.assert_refused(saved, ["p.plan"], 1, "this plan was applied already: run ", "a plan is applied once")

    def test_a_plan_for_another_environment_is_refused(self, saved: tuple[Workbench, Emulator]) -> None:
        rewritten(saved[0].folder / "p.plan", environment="production")

        self.assert_refused(
            saved, ["p.plan"], 1, "the plan is for production, not for test", "paragon-sync apply FILE -e production"
        )

    def test_a_plan_for_another_project_is_refused(self, saved: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = saved
        workbench.project(emulator.url, environment={"project": "another"})

        self.assert_refused(
            saved,
            ["p.plan"],
            1,
            f"the plan is for project {emulator.project}; test is now another",
            "make the plan again",
        )

    def test_a_plan_for_another_host_is_refused(self, saved: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = saved
        with Gate(int(emulator.url.rpartition(":")[2])) as other:
            workbench.project(url := other.url)

            self.assert_refused(
                saved, ["p.plan"], 1, f"the plan is for host {emulator.url}; test is now {url}", "make the plan again"
            )

    def test_another_spelling_of_the_host_is_the_same_host(self, saved: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = saved
        workbench.project(f"HTTP{emulator.url.removeprefix('http')}/")

        ended = workbench.run("apply", "p.plan")

        assert (ended.code, channel(emulator)) == (0, "C2"), ended.err

    def test_a_plan_that_has_expired_is_refused(self, saved: tuple[Workbench, Emulator]) -> None:
        rewritten(saved[0].folder / "p.plan", expires="2026-01-01T00:00:00+00:00")

        self.assert_refused(saved, ["p.plan"], 1, "the plan expired at 2026-01-01", "make the plan again")

    def test_a_plan_that_was_changed_is_refused(self, saved: tuple[Workbench, Emulator]) -> None:
        file = saved[0].folder / "p.plan"
        content = file.read_bytes()
        assert b"C2" in content
        file.write_bytes(content.replace(b"C2", b"C3"))

        self.assert_refused(
            saved, ["p.plan"], 1, "p.plan was changed or damaged after it was written", "make the plan again"
        )

    def test_a_file_that_is_not_there_is_told(self, saved: tuple[Workbench, Emulator]) -> None:
        ended = saved[0].run("apply", "none.plan")

        hint = "    if it was to be a plan: paragon-sync plan --out FILE saves one\n"
        assert (ended.code, ended.err) == (1, f"none.plan:1:1: there is no such file or folder\n{hint}")

    @pytest.mark.parametrize(
        "more", [["users.yaml"], ["--user", "a"], ["--integration", "slack"]], ids=["path", "user", "integration"]
    )
    def test_it_is_applied_alone_and_whole(self, saved: tuple[Workbench, Emulator], more: list[str]) -> None:
        self.assert_refused(saved, ["p.plan", *more], 64, "a saved plan is applied alone, and whole", "plan")

    def test_the_digest_of_another_plan_is_refused(self, saved: tuple[Workbench, Emulator]) -> None:
        self.assert_refused(
            saved,
            ["p.plan", "--digest", "deadbeef"],
            1,
            "the plan's digest is ",
            "this is not the plan that was reviewed",
        )

    @pytest.mark.parametrize("digest", ["", "4f1c", "no digest", "deadbee"])
    def test_what_is_too_short_for_a_digest_is_refused(self, saved: tuple[Workbench, Emulator], digest: str) -> None:
        self.assert_refused(saved, ["p.plan", "--digest", digest], 64, f'"{digest}" is no digest', "eight")

    @pytest.mark.parametrize("length", [8, 64])
    def test_its_own_digest_is_taken_whole_or_as_it_was_shown(
        self, saved: tuple[Workbench, Emulator], length: int
    ) -> None:
        workbench, emulator = saved
        with PlanReader(workbench.folder / "p.plan") as reader:
            digest = reader.digest[:length].upper()

        assert workbench.run("apply", "p.plan", "--digest", digest).code == 0
        assert channel(emulator) == "C2"

    def test_a_digest_goes_with_a_saved_plan_alone(self, saved: tuple[Workbench, Emulator]) -> None:
        self.assert_refused(
            saved, ["--yes", "--digest", "deadbeef"], 64, "--digest goes with a saved plan", "plan --out FILE"
        )


class TestEmbeddedEmulator:
    """``host: emulator:PATH`` has another port in each command and another path on each machine."""

    @pytest.fixture
    def saved(self, bench: tuple[Workbench, Emulator]) -> Workbench:
        workbench, _ = bench
        workbench.write("emulator/fixture.json", json.dumps(world({"a": LIVE})))
        workbench.project("emulator:emulator", environment={"project": None, "signingKey": None})
        assert workbench.run("plan", "--out", "p.plan").code == 0
        return workbench

    def test_its_plan_is_stored_without_port_and_path(self, saved: Workbench) -> None:
        assert as_json(saved.run("show", "p.plan", "--format", "json", environment=False).out)["host"] == "emulator"

    def test_its_plan_is_applied_at_another_port_and_path(self, saved: Workbench) -> None:
        (saved.folder / "emulator").rename(saved.folder / "moved")
        saved.project("emulator:moved", environment={"project": None, "signingKey": None})

        assert saved.apply("p.plan")["host"] == "emulator"

    def test_its_plan_is_refused_at_a_url(self, saved: Workbench, bench: tuple[Workbench, Emulator]) -> None:
        _, emulator = bench
        with PlanReader(saved.folder / "p.plan") as reader:
            project = reader.header.project
        saved.project(emulator.url, environment={"project": project})

        ended = saved.run("apply", "p.plan")

        assert ended.code == 1
        assert ended.err.startswith(f"error: the plan is for host emulator; test is now {emulator.url}\n"), ended.err

    def test_a_plan_from_before_its_host_was_normalised_is_refused(self, saved: Workbench) -> None:
        rewritten(saved.folder / "p.plan", host="http://127.0.0.1:43211")

        ended = saved.run("apply", "p.plan")

        assert (ended.code, ended.out) == (1, "")
        assert "the plan is for host http://127.0.0.1:43211; test is now emulator" in ended.err
        assert "make the plan again" in ended.err


class TestPolicy:
    @pytest.fixture
    def refused(self, bench: tuple[Workbench, Emulator]) -> tuple[Workbench, Emulator]:
        """A plan that breaks a rule and has a finding that is an error."""
        workbench, emulator = bench
        workbench.project(emulator.url, policy={"usersChanged": 1})
        workbench.users(a=CHANGE, b=CHANGE, nobody=CHANGE)
        assert workbench.run("plan", "--out", "p.plan").code == 4
        return bench

    @pytest.mark.parametrize("what", [["p.plan"], ["--yes"]], ids=["plan", "manifests"])
    @pytest.mark.parametrize(
        ("allowed", "told"),
        [
            ([], "to go on all the same: --allow usersChanged=2 --allow findings=1"),
            (["--allow", "usersChanged=1"], "--allow usersChanged=2 --allow findings=1"),
            (["--allow", "usersChanged=2"], "--allow findings=1"),
            (["--allow", "findings=1"], "--allow usersChanged=2"),
            (["--allow", "findings=0", "--allow", "usersChanged=9"], "--allow findings=1"),
        ],
    )
    def test_what_it_refuses_is_not_applied(
        self, refused: tuple[Workbench, Emulator], what: list[str], allowed: list[str], told: str
    ) -> None:
        workbench, emulator = refused

        ended = workbench.run("apply", *what, *allowed)

        assert ended.code == 4
        assert ended.err.startswith("error: the plan is refused by policy, and nothing was applied:\n")
        assert told in ended.err
        assert writes(emulator) == []

    @pytest.mark.parametrize("what", [["p.plan"], ["--yes"]], ids=["plan", "manifests"])
    def test_what_is_allowed_is_applied_and_recorded_as_allowed(
        self, refused: tuple[Workbench, Emulator], what: list[str]
    ) -> None:
        workbench, emulator = refused

        ended = workbench.run("apply", "--format", "json", *what, "--allow", "usersChanged=2", "--allow", "findings=1")

        assert ended.code == 0, ended.err
        assert as_json(ended.out)["allowed"] == {"usersChanged": "2", "findings": "1"}
        assert [channel(emulator, name) for name in ("a", "b", "c")] == ["C2", "C2", "C1"]


class TestManifests:
    def test_the_plan_is_shown_before_the_run(self, bench: tuple[Workbench, Emulator]) -> None:
        ended = bench[0].run("apply", "--yes")

        assert ended.code == 0
        assert ended.out.index('"C1" → "C2"') < ended.out.index("1 operation: 1 applied.")

    def test_nothing_to_do_is_no_run(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, _ = bench
        workbench.users(a=SAME)

        ended = workbench.run("apply")

        assert ended.code == 0
        assert ended.out.endswith("Nothing to do: 1 user as declared.\n")
        assert not (workbench.folder / ".paragon-sync").exists()

    @pytest.mark.parametrize("document", [CHANGE, SAME], ids=["changes", "none"])
    def test_json_stands_alone_on_stdout(self, bench: tuple[Workbench, Emulator], document: dict[str, Any]) -> None:
        workbench, _ = bench
        workbench.users(a=document)

        ended = workbench.run("apply", "--yes", "--format", "json")

        jsonschema.validate(loads(ended.out), loads(SCHEMA.read_text("utf-8")), cls=jsonschema.Draft202012Validator)
        assert "1 user considered" in ended.err

    def test_without_a_terminal_it_needs_yes(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench

        ended = replace(workbench, command=run_process).run("apply")

        assert ended.code == 1
        assert ended.err.strip().splitlines() == [
            "error: nothing was applied: there is no terminal to ask on",
            "    --yes applies without asking; in CI, save a plan, have it reviewed, and apply that file",
        ]
        assert writes(emulator) == []


class TestQuestion:
    """With a terminal, manifests are applied only after the whole word ``yes``."""

    def answered(self, bench: tuple[Workbench, Emulator], typed: bytes) -> tuple[int, str]:
        """Run ``apply`` on a terminal, type that once it asks, and give code and output."""
        return on_terminal(bench[0].folder, ["apply", "-e", "test"], typed)

    def test_yes_applies(self, bench: tuple[Workbench, Emulator]) -> None:
        code, said = self.answered(bench, b"yes\n")

        assert code == 0, said
        assert "1 operation: 1 applied." in said
        assert channel(bench[1]) == "C2"

    @pytest.mark.parametrize(
        ("typed", "code", "told"),
        [
            (b"y\n", 1, "nothing was applied: you did not say yes"),
            (b"no\n", 1, "nothing was applied: you did not say yes"),
            (b"\n", 1, "nothing was applied: you did not say yes"),
            (b"YES\n", 1, "nothing was applied: you did not say yes"),
            (b"\x04", 1, "nothing was applied: you did not say yes"),
            (b"\x03", 130, "Interrupted."),
        ],
        ids=["y", "no", "empty", "YES", "end of input", "Ctrl-C"],
    )
    def test_anything_else_does_not(
        self, bench: tuple[Workbench, Emulator], typed: bytes, code: int, told: str
    ) -> None:
        ended, said = self.answered(bench, typed)

        assert (ended, told in said) == (code, True), said
        assert writes(bench[1]) == []
        assert channel(bench[1]) == "C1"


class TestSignal:
    """What was done before a signal is told, recorded, and not done again."""

    @pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGHUP, 129)])
    def test_the_run_is_told_and_goes_on_later(
        self, bench: tuple[Workbench, Emulator], number: signal.Signals, code: int
    ) -> None:
        workbench, emulator = bench
        workbench.users(a=CHANGE, b=CHANGE, c=CHANGE)
        workbench.run("plan", "--out", "p.plan", "--allow", "usersChanged=3")
        processes: list[subprocess.Popen[str]] = []
        patches: list[str] = []

        def signalling(asked: Asked, forward: Forward) -> Answered:
            if asked.method == "PATCH":
                patches.append(asked.path)
                if len(patches) == 2:
                    processes[0].send_signal(number)
            return forward(asked)

        with between(emulator, signalling) as url:
            workbench.project(url, limits={"concurrency": 1})
            process = subprocess.Popen(
                [INSTALLED, "apply", "p.plan", "-e", "test"],
                cwd=workbench.folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            processes.append(process)
            out, err = process.communicate(timeout=60)

        assert process.returncode == code, out + err
        assert "Traceback" not in err
        assert "3 operations: " in out
        assert "applied" in out
        workbench.project(emulator.url)
        again = workbench.run("apply", "p.plan")
        assert again.code == 0, again.err
        assert "3 operations: 3 applied." in again.out
        assert [channel(emulator, name) for name in ("a", "b", "c")] == ["C2", "C2", "C2"]
        assert workbench.run("apply", "p.plan").code == 1

    @pytest.mark.parametrize("unread", ["stdout", "stderr"])
    def test_it_is_heard_although_nobody_reads_what_is_said(
        self, bench: tuple[Workbench, Emulator], unread: str
    ) -> None:
        workbench, emulator = bench
        workbench.users(a=CHANGE, b=CHANGE, c=CHANGE)
        workbench.run("plan", "--out", "p.plan", "--allow", "usersChanged=3")
        processes: list[subprocess.Popen[bytes]] = []
        patches: list[str] = []

        def signalling(asked: Asked, forward: Forward) -> Answered:
            if asked.method == "PATCH":
                patches.append(asked.path)
                if len(patches) == 1:
                    processes[0].send_signal(signal.SIGINT)
                    time.sleep(0.2)
            return forward(asked)

        reading, writing = os.pipe()
        os.close(reading)
        with between(emulator, signalling) as url:
            workbench.project(url, limits={"concurrency": 1})
            streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {unread: writing}
            process = subprocess.Popen([INSTALLED, "apply", "p.plan", "-e", "test"], cwd=workbench.folder, **streams)
            processes.append(process)
            process.communicate(timeout=60)
        os.close(writing)

        assert process.returncode == 130
        assert len(patches) < 3

    def test_a_run_that_is_killed_leaves_no_plan(self, bench: tuple[Workbench, Emulator], tmp_path: Path) -> None:
        workbench, emulator = bench
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        processes: list[subprocess.Popen[bytes]] = []

        def killing(asked: Asked, forward: Forward) -> Answered:
            if asked.method == "PATCH":
                processes[0].kill()
            return forward(asked)

        with between(emulator, killing) as url:
            workbench.project(url)
            process = subprocess.Popen(
                [INSTALLED, "apply", "--yes", "-e", "test"],
                cwd=workbench.folder,
                stdout=subprocess.DEVNULL,
                env=os.environ | {"TMPDIR": str(temporary)},
            )
            processes.append(process)
            assert process.wait(60) == -signal.SIGKILL
        assert list(temporary.iterdir()) == []


class TestState:
    def test_a_folder_is_relative_to_the_project_file(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.project(emulator.url, state="kept/state")
        (workbench.folder / "kept").mkdir()

        ended = workbench.command(
            ["apply", "--yes", "-c", "work/paragon.yaml", "-e", "test"], workbench.folder.parent, {}
        )

        assert ended.code == 0, ended.err
        assert (workbench.folder / "kept/state/state.sqlite").is_file()

    def test_it_may_be_a_database(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.project(emulator.url, state="sqlite:///runs.db")
        workbench.run("plan", "--out", "p.plan")

        assert workbench.run("apply", "p.plan").code == 0
        assert "applied already" in workbench.run("apply", "p.plan").err
        assert (workbench.folder / "runs.db").is_file()

    @pytest.mark.parametrize("state", ["/proc/paragon-sync", "users.yaml", "mysql://host/name"])
    @pytest.mark.parametrize("what", [["p.plan"], ["--yes"]], ids=["plan", "manifests"])
    def test_one_that_can_not_be_written_is_told_before_anything_is_sent(
        self, bench: tuple[Workbench, Emulator], state: str, what: list[str]
    ) -> None:
        workbench, emulator = bench
        workbench.run("plan", "--out", "p.plan")
        workbench.project(emulator.url, state=state)

        ended = workbench.run("apply", *what)

        assert ended.code == 1
        assert "error: the state " in ended.err
        assert writes(emulator) == []

    def test_where_it_is_gone_values_that_are_as_planned_are_told_so(self, bench: tuple[Workbench, Emulator]) -> None:
        workbench, emulator = bench
        workbench.run("plan", "--out", "p.plan")
        workbench.apply("p.plan")
        workbench.project(emulator.url, state="another")

        run = workbench.apply("p.plan")

        assert [one["outcome"] for one in run["operations"]] == ["unchanged"]
        assert len(writes(emulator)) == 1


def test_the_summary_says_that_triggers_are_unconfirmed(bench: tuple[Workbench, Emulator]) -> None:
    workbench, _ = bench
    workbench.users(a={"integrations": {"slack": {"workflows": {"Send Slack Notification": True}}}})

    ended = workbench.run("apply", "--yes")

    assert "1 workflow enabled through config: triggers unconfirmed." in ended.out


def test_the_actor_is_the_one_whom_the_ci_names(bench: tuple[Workbench, Emulator]) -> None:
    workbench, _ = bench
    workbench.variables["GITHUB_ACTOR"] = "octocat"

    assert workbench.apply()["actor"] == "octocat"
