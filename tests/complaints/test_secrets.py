"""Secrets were printed, or hidden so that more than them was hidden."""

from __future__ import annotations

import pytest

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.workbench import Workbench, account, held, user, writes

OLD, NEW = "old-secret-8c1f", "new-secret-44d2"
LIVE = user(account(config={"sharedSettings": {"token": OLD, "channel": "C1"}}), plan="pro")
WANTED = {"integrations": {"slack": {"settings": {"Token": {"$env": "SLACK"}, "Channel": "C2"}}}}


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    workbench, emulator = start({"a": LIVE})
    workbench.project(emulator.url, secrets={"env": ["SLACK"]})
    workbench.users(a=WANTED)
    workbench.variables["SLACK"] = NEW
    return workbench, emulator


def everything_printed(workbench: Workbench) -> str:
    """What every command that shows values prints, from the plan to the record of the run."""
    said: list[str] = []
    for arguments in (
        ("plan", "--out", "p.plan"),
        ("plan", "--format", "json"),
        ("explain", "a"),
        ("export", "--user", "a"),
        ("apply", "p.plan"),
        ("runs", "show", "last"),
        ("runs", "show", "last", "--format", "json"),
        ("export", "--user", "a"),
    ):
        ended = workbench.run(*arguments)
        assert 0 == ended.code, ended.err
        said += [ended.out, ended.err]
    for output in ("text", "json"):
        shown = workbench.run("show", "p.plan", "--format", output, environment=False)
        said += [shown.out, shown.err]
    return "\n".join(said)


def test_a_secret_that_is_part_of_an_id_does_not_mangle_the_id(bench: tuple[Workbench, Emulator]) -> None:
    """deck#2063: masking by substring changed ids that happened to hold the secret's text."""
    workbench, emulator = bench
    workbench.variables["SLACK"] = "C"  # the beginning of both channels' ids
    shown = workbench.run("plan", "--out", "p.plan").out
    assert '"C1" → "C2"' in shown
    (operation,) = workbench.plan()["operations"]
    (channel,) = (change for change in operation["changes"] if change["label"] == "Channel")
    assert ("C1", "C2") == (channel["before"], channel["after"])
    workbench.apply("p.plan")
    assert {"token": "C", "channel": "C2"} == held(emulator, "a")["credentials"][0]["config"]["sharedSettings"]


def test_the_old_secret_does_not_leak_when_it_is_rotated(bench: tuple[Workbench, Emulator]) -> None:
    """deck#2140: the new value was masked, the old one was printed."""
    workbench, emulator = bench
    said = everything_printed(workbench)
    assert NEW == held(emulator, "a")["credentials"][0]["config"]["sharedSettings"]["token"]
    assert "Token" in said
    assert OLD not in said


def test_a_diff_does_not_print_secrets(bench: tuple[Workbench, Emulator]) -> None:
    """kubernetes#87840: the diff printed secrets in plain text."""
    assert NEW not in everything_printed(bench[0])


def test_a_secret_is_not_printed_where_it_is_wrong(bench: tuple[Workbench, Emulator]) -> None:
    """kubernetes#87840: neither in a diff nor in the message about a value that doesn't fit."""
    workbench, emulator = bench
    workbench.users(a={"integrations": {"slack": {"settings": {"Frequency": {"$env": "SLACK"}}}}})
    ended = workbench.run("plan")
    assert (1, "Frequency" in ended.err) == (ended.code, True), ended.err
    assert NEW not in ended.out + ended.err
    assert [] == writes(emulator)


def test_a_manifest_can_not_read_a_variable_that_is_not_listed(bench: tuple[Workbench, Emulator]) -> None:
    """deck#286: whoever could write a manifest could read any variable of the machine."""
    workbench, emulator = bench
    workbench.variables["AWS_SECRET_ACCESS_KEY"] = NEW
    for name in ("AWS_SECRET_ACCESS_KEY", "HOME", "PARAGON_SIGNING_KEY"):
        workbench.users(a={"integrations": {"slack": {"settings": {"Channel": {"$env": name}}}}})
        ended = workbench.run("apply", "--yes")
        assert (1, True) == (ended.code, name in ended.err), ended.err
        assert NEW not in ended.err
    assert [] == writes(emulator)


def test_a_template_can_not_read_variables(bench: tuple[Workbench, Emulator]) -> None:
    """deck#286: nor through a template, which sees nothing of the environment."""
    workbench, emulator = bench
    for text in ("{{ env.SLACK }}", "{{ environ['SLACK'] }}", "{{ ''.__class__.__mro__ }}", '{{ env("SLACK") }}'):
        workbench.users(a={"template": True, "integrations": {"slack": {"settings": {"Channel": text}}}})
        ended = workbench.run("apply", "--yes")
        assert 1 == ended.code, ended.out
        assert NEW not in ended.out + ended.err
    assert [] == writes(emulator)
