from __future__ import annotations

import re
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from paragon_sync.cli.applying import ci_url
from paragon_sync.cli.runs import find_run
from paragon_sync.errors import LockLostError, ParagonSyncError, UsageError
from paragon_sync.jsonvalue import loads
from paragon_sync.store.lock import RunLock
from paragon_sync.store.lock_owner import Owner
from paragon_sync.store.state import StateStore
from tests.benches import Start
from tests.nouns import run_header
from tests.workbench import Workbench, account, as_json, user

KEY = "k" * 32
RUN_ID = r"[0-9]{8}-[0-9]{6}-[0-9a-f]{4}"
WANTED = {"integrations": {"slack": {"settings": {"Channel": "C2"}}}}
LIVE = {"config": {"sharedSettings": {"channel": "C1"}}}
SCHEMAS = Path(__file__).parents[3] / "schemas"


@pytest.fixture(params=["folder", "postgresql", "encrypted"])
def bench(request: pytest.FixtureRequest, start: Start) -> Workbench:
    """Two users with a change each; the state in a folder or in a database, in plain text or encrypted."""
    bench, emulator = start({name: user(account(**LIVE)) for name in ("a", "b")})
    bench.users(a=WANTED, b=WANTED)
    if request.param == "encrypted":
        bench.variables["PARAGON_SYNC_PLAN_KEY"] = KEY
    if request.param == "postgresql":
        bench.project(emulator.url, state=request.getfixturevalue("postgres_url"))
    return bench


def test_a_run_is_listed_and_shown_with_its_message_and_its_job(bench: Workbench) -> None:
    assert bench.run("runs", "list", environment=False).out == "No runs.\n"
    bench.variables.update({"CI_JOB_URL": "https://ci.example/7", "GITHUB_RUN_ID": "", "GITHUB_ACTOR": "ada"})
    bench.apply("--message", "One channel for all")

    listed = bench.run("runs", "list", environment=False).out
    assert re.fullmatch(
        rf"{RUN_ID}\n  test · plan [0-9a-f]{{8}} · ada · [-0-9]{{10}} [:0-9]{{8}} UTC\n"
        r"  2 operations: 2 applied\.\n  One channel for all\n  https://ci\.example/7\n",
        listed,
    ), listed
    shown = bench.run("runs", "show", "last").out
    assert re.search(r"^  by ada, started ", shown, re.MULTILINE)
    assert re.search(r"^  a · slack · T-c1 +applied · [0-9]+ ms · 1 attempt$", shown, re.MULTILINE), shown
    assert "C2" not in shown


def test_machines_read_the_same(bench: Workbench) -> None:
    applied = bench.apply("--message", "x")
    shown = as_json(bench.run("runs", "show", applied["run"], "--format", "json").out)
    assert applied == shown
    listed = as_json(bench.run("runs", "list", "--format", "json").out)
    kept = {name: value for name, value in applied.items() if name in listed["runs"][0]}
    assert listed == {"formatVersion": 1, "runs": [kept]}
    for name, document in (("run", shown), ("runs", listed)):
        schema = loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
        assert [error.message for error in Draft202012Validator(schema).iter_errors(document)] == []


def test_one_outcome_can_be_asked_for(bench: Workbench) -> None:
    bench.apply()
    for outcome, count in (("applied", 2), ("failed", 0), ("sending", 0)):
        shown = as_json(bench.run("runs", "show", "last", "--outcome", outcome, "--format", "json").out)
        assert count == len(shown["operations"])
    assert "a · slack" not in bench.run("runs", "show", "last", "--outcome", "conflict").out


def test_one_user_can_be_asked_for(bench: Workbench) -> None:
    bench.apply()
    for globs, users in ((["a"], ["a"]), (["[ab]"], ["a", "b"]), (["a", "b*"], ["a", "b"]), (["A"], [])):
        options = [option for glob in globs for option in ("--user", glob)]
        shown = as_json(bench.run("runs", "show", "last", *options, "--format", "json").out)
        assert [operation["user"] for operation in shown["operations"]] == users
        assert shown["selection"] == {"user": ", ".join(globs)}
    shown = bench.run("runs", "show", "last", "--user", "b", "--outcome", "applied").out
    assert ("b · slack" in shown, "a · slack" in shown) == (True, False)
    assert shown.endswith("\nShown: 1 operation (user b; outcome applied). The whole run:\n2 operations: 2 applied.\n")
    shown = bench.run("runs", "show", "last", "--user", "b?", "--user", "a", "--summary").out
    assert " --user 'b?' --user a --full" in shown.replace("\n", " ")


def test_other_environments_have_other_runs(bench: Workbench) -> None:
    bench.apply()
    project = bench.folder / "paragon.yaml"
    project.write_text(project.read_text("utf-8").replace("  test:", "  staging:"), "utf-8")

    assert "2 operations: 2 applied." in bench.run("runs", "list").out  # of an environment of the past
    ended = bench.run("runs", "list", "-e", "staging", environment=False)
    assert (0, "No runs.\n") == (ended.code, ended.out)
    ended = bench.run("runs", "show", "last", "-e", "staging", environment=False)
    assert (1, True) == (ended.code, ended.err.startswith("error: there are no runs in staging\n"))


@pytest.mark.parametrize("state", [".paragon-sync", "deep/state", "sqlite:///state.db"])
@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["runs", "list"], 0, "No runs."),
        (["runs", "show", "last"], 1, "there are no runs in test"),
        (["runs", "unlock", "--yes"], 0, "test is not locked."),
        (["rollback", "last", "--out", "back.plan"], 1, "there are no runs in test"),
        (["apply", "--yes", "--retry-conflicts", "p.plan"], 1, "there is no run of p.plan in "),
    ],
)
def test_looking_makes_no_state(start: Start, state: str, arguments: list[str], code: int, told: str) -> None:
    workbench, emulator = start({"a": user(account(**LIVE))})
    workbench.users(a=WANTED)
    workbench.project(emulator.url, state=state)
    workbench.plan("--out", "p.plan")
    before = {path.name for path in workbench.folder.iterdir()}

    ended = workbench.run(*arguments)

    assert (ended.code, told in ended.out + ended.err) == (code, True), ended.out + ended.err
    assert {path.name for path in workbench.folder.iterdir()} == before


@pytest.mark.parametrize("command", ["list", "unlock"])
def test_a_mistyped_environment_is_told(bench: Workbench, command: str) -> None:
    ended = bench.run("runs", command, "-e", "tset", environment=False)

    assert (ended.code, 'did you mean "test"?' in ended.err) == (64, True), ended.out + ended.err


def test_runs_are_found_by_their_beginning(tmp_path: Path) -> None:
    with StateStore.open(tmp_path) as store:
        for run in ("20260314-1", "20260314-12", "20260315-1"):
            store.begin(run_header(run, started=run, environment="staging" if run.endswith("12") else "production"))
        found = [find_run(store, text).run for text in ("last", "20260315", "20260314-1", "20260314-12")]
        assert found == ["20260315-1", "20260315-1", "20260314-1", "20260314-12"]
        assert find_run(store, "20260314", "staging").run == "20260314-12"
        with pytest.raises(UsageError, match='2 runs begin with "20260314"') as several:
            find_run(store, "20260314")
        assert several.value.hint == "20260314-12, 20260314-1"
        with pytest.raises(ParagonSyncError, match='there is no run "20260314-12" in production'):
            find_run(store, "20260314-12", "production")


def other(bench: Workbench, host: str = "") -> tuple[StateStore, RunLock]:
    """Somebody else's run."""
    project = re.search(r"state: (\S+)", (bench.folder / "paragon.yaml").read_text())
    store = StateStore.open(
        project[1] if project else ".paragon-sync", key=bench.variables.get("PARAGON_SYNC_PLAN_KEY"), base=bench.folder
    )
    owner = Owner(
        project=bench.project_id,
        environment="test",
        actor="ci",
        host=host or socket.gethostname(),
        pid=4711,
        since=datetime.now(UTC).isoformat(),
    )
    return store, RunLock(store.place, owner)


def test_a_locked_environment_takes_no_other_run(bench: Workbench) -> None:
    store, lock = other(bench)
    with store, lock:
        lock.acquire()
        ended = bench.run("apply", "--yes", "--lock-timeout", "1s")
        assert ended.code == 1
        assert re.search(r"^waiting for the lock of test, held by ci on \S+ \(process 4711\), for ", ended.err)
        assert re.search(r"^error: test is locked by ci on ", ended.err, re.MULTILINE)
        assert "--lock-timeout 5m waits" in ended.err
    assert bench.apply()["counts"]["applied"] == 2


@pytest.mark.parametrize("text", ["5", "5 m", "m", "-5s", "1d"])
def test_a_duration_has_a_unit(bench: Workbench, text: str) -> None:
    ended = bench.run("apply", "--yes", "--lock-timeout", text)
    assert ended.code == 64
    assert f'"{text}" is no duration; write 30s, 5m or 1h' in ended.err


def test_a_lock_is_broken_on_request_alone(bench: Workbench) -> None:
    assert bench.run("runs", "unlock").out == "test is not locked.\n"
    store, lock = other(bench)
    with store, lock:
        lock.acquire()
        ended = bench.run("runs", "unlock")
        assert ended.code == 1
        assert re.fullmatch(r"test is locked by ci on \S+ \(process 4711\), for \d+ s\.\n", ended.out)
        assert ended.err.startswith("error: the lock stays: there is no terminal to ask on\n")
        store.hold_fence(lock._owner)

        ended = bench.run("runs", "unlock", "--yes")
        assert (0, True) == (ended.code, ended.out.endswith("\nThe lock is broken.\n"))
        with pytest.raises(LockLostError, match="broke it with 'runs unlock', at 20"):
            store.check_fence()
    assert bench.run("runs", "unlock").out == "test is not locked.\n"


def test_a_lock_that_was_left_on_another_machine_is_broken_on_request(start: Start) -> None:
    bench, _ = start({"a": user(account(**LIVE))})
    bench.users(a=WANTED)
    store, lock = other(bench, host="runner-2")
    with store:
        lock.acquire()
        copy = (path := next(bench.folder.glob(".paragon-sync/*.lock-*"))).read_text()
        lock.release()
    path.write_text(copy)
    assert "error: test may be locked by ci on runner-2" in bench.run("apply", "--yes").err
    ended = bench.run("runs", "unlock", "--yes")
    assert ended.out.endswith("\nThat process can't be seen from here any more.\nThe lock is broken.\n")
    assert bench.run("apply", "--yes").code == 0


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, None),
        (
            {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/x", "GITHUB_RUN_ID": "7"},
            "https://github.com/acme/x/actions/runs/7",
        ),
        ({"GITHUB_SERVER_URL": "https://github.com", "CI_JOB_URL": "j", "CI_PIPELINE_URL": "p"}, "j"),
        ({"CI_PIPELINE_URL": "p", "BUILD_URL": "b"}, "p"),
        ({"BUILDKITE_BUILD_URL": "k", "CIRCLE_BUILD_URL": ""}, "k"),
        ({"CIRCLE_BUILD_URL": "c"}, "c"),
        ({"BUILD_URL": "b"}, "b"),
    ],
)
def test_the_page_of_the_job_is_known_from_the_ci(environ: dict[str, str], url: str | None) -> None:
    assert ci_url(environ) == url
