"""Plan files and the journal are encrypted where there is a key, and in CI never by accident in plain text."""

from __future__ import annotations

import pytest

from paragon_sync.cli.stored import in_ci, plan_key
from paragon_sync.errors import EXIT_REFUSED
from paragon_sync.store.planfile import PlanReader
from tests.benches import Start
from tests.workbench import Workbench, account, user

KEY, OTHER = "k" * 32, "o" * 32
VALUE = "C2-the-customers-own"
WANTED = {"integrations": {"slack": {"settings": {"Channel": VALUE}}}}


@pytest.fixture
def bench(start: Start) -> Workbench:
    bench, _ = start({"a": user(account(config={"sharedSettings": {"channel": "C1"}}))})
    bench.users(a=WANTED)
    return bench


def set_key(bench: Workbench, key: str) -> None:
    bench.variables["PARAGON_SYNC_PLAN_KEY"] = key


def test_with_a_key_no_value_is_on_disk(bench: Workbench) -> None:
    set_key(bench, KEY + "\n")
    assert bench.run("plan", "--out", "p.plan").code == 0
    assert VALUE in bench.run("show", "p.plan", environment=False).out
    assert bench.run("apply", "p.plan").code == 0
    files = [path for path in bench.folder.rglob("*") if path.is_file() and path.name != "users.yaml"]
    assert [path for path in files if VALUE.encode() in path.read_bytes()] == []
    assert (bench.folder / "p.plan") in files


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "error: p.plan is encrypted, and PARAGON_SYNC_PLAN_KEY is not set\n"),
        (OTHER, "error: p.plan is encrypted with another key than the one in PARAGON_SYNC_PLAN_KEY\n"),
        ("short", "error: p.plan is encrypted with another key than the one in PARAGON_SYNC_PLAN_KEY\n"),
    ],
)
def test_the_wrong_key_is_told(bench: Workbench, key: str, message: str) -> None:
    set_key(bench, KEY)
    bench.run("plan", "--out", "p.plan")
    set_key(bench, key)
    for command in (["show", "p.plan"], ["apply", "p.plan", "-e", "test"]):
        ended = bench.run(*command, environment=False)
        assert (1, "", True) == (ended.code, ended.out, ended.err.startswith(message)), ended.err


def test_the_journals_key_is_needed_before_anything_is_sent(bench: Workbench) -> None:
    set_key(bench, KEY)
    assert bench.run("apply", "--yes").code == 0
    bench.users(a={"integrations": {"slack": {"settings": {"Channel": "C3"}}}})
    set_key(bench, "")
    ended = bench.run("apply", "--yes")
    assert ended.code == 1
    assert "is encrypted, and PARAGON_SYNC_PLAN_KEY is not set" in ended.err
    assert bench.plan()["counts"]["operations"] == 1


def test_a_key_that_is_too_short_is_told_with_a_way_to_make_one(bench: Workbench) -> None:
    set_key(bench, "short")
    ended = bench.run("plan", "--out", "p.plan")
    assert ended.code == 1
    assert "PARAGON_SYNC_PLAN_KEY is too short: it needs 32 characters or more" in ended.err
    assert "secrets.token_urlsafe(32)" in ended.err
    assert not (bench.folder / "p.plan").exists()


def test_ci_saves_no_plan_in_plain_text_unless_it_is_allowed(bench: Workbench) -> None:
    bench.variables["CI"] = "true"
    ended = bench.run("plan", "--out", "p.plan")
    assert ended.code == 4
    assert ended.err.startswith(
        "error: a plan holds customers' values, and in CI it is saved encrypted or not at all\n"
    )
    assert "--allow plaintext-plan" in ended.err
    assert not (bench.folder / "p.plan").exists()

    assert bench.run("plan").code == 0
    assert bench.run("plan", "--out", "p.plan", "--allow", "plaintext-plan").code == 0
    with PlanReader(bench.folder / "p.plan") as plan:
        assert plan.header.allowed == {"plaintext-plan": "1"}

    set_key(bench, KEY)
    assert bench.run("plan", "--out", "sealed.plan").code == 0
    with PlanReader(bench.folder / "sealed.plan", KEY) as plan:
        assert plan.header.allowed == {}


def test_a_plain_plan_in_place_of_an_encrypted_one_is_refused(bench: Workbench) -> None:
    assert bench.run("plan", "--out", "p.plan").code == 0
    set_key(bench, KEY)

    ended = bench.run("apply", "p.plan")

    assert ended.code == EXIT_REFUSED, ended.err
    assert "PARAGON_SYNC_PLAN_KEY is set, and p.plan is not encrypted" in ended.err
    assert "--allow plaintext-plan" in ended.err
    assert bench.run("show", "p.plan", environment=False).code == 0
    assert bench.run("apply", "p.plan", "--allow", "plaintext-plan").code == 0


def test_in_ci_a_state_on_disk_says_whom_it_guards(bench: Workbench) -> None:
    said = "the state is on this machine's disk: it guards no other machine, and resuming needs it to be kept\n"
    assert said not in bench.run("apply", "--yes").err
    bench.users(a={"integrations": {"slack": {"settings": {"Channel": "C3"}}}})
    bench.variables["CI"] = "1"
    assert said in bench.run("apply", "--yes").err
    bench.users(a={"integrations": {"slack": {"settings": {"Channel": "C4"}}}})
    quiet = bench.run("apply", "--yes", "--quiet")
    assert (0, "") == (quiet.code, quiet.err)


@pytest.mark.parametrize(("value", "ci"), [(None, False), ("", False), ("false", False), ("0", False), ("true", True)])
def test_ci_is_what_says_so(monkeypatch: pytest.MonkeyPatch, value: str | None, ci: bool) -> None:
    if value is not None:
        monkeypatch.setenv("CI", value)
    assert in_ci() is ci


def test_an_empty_key_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARAGON_SYNC_PLAN_KEY", " \n")
    assert plan_key() is None
