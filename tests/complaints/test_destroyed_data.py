"""Data that nobody managed was destroyed: what users of such tools complain of most, and must not happen here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.workbench import Workbench, account, held, hold, user, writes

CONFIG = {
    "sharedSettings": {"channel": "C1", "note": "mine", "list": [1, {"a": None}], "empty": []},
    "configuredWorkflows": {"wf-alerts": {"enabled": True, "settings": {"level": "high"}}},
    "unknown": {"kept": ["x"]},
}
LIVE = user(account(config=CONFIG), plan="pro", tags=["a", "b"])
CHANGE = {"integrations": {"slack": {"settings": {"Channel": "C2"}}}}


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    return start({"a": LIVE, "b": LIVE})


def assert_nothing_touched(emulator: Emulator) -> None:
    assert [] == writes(emulator)
    assert [LIVE["credentials"]] * 2 == [held(emulator, name)["credentials"] for name in ("a", "b")]


def changed_by(before: Any, after: Any, at: str = "") -> list[str]:
    """The pointers at which two values differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = sorted(before.keys() | after.keys())
        return [one for key in keys for one in changed_by(before.get(key), after.get(key), f"{at}/{key}")]
    return [] if before == after else [at]


def test_a_folder_that_is_missing_wipes_nothing(bench: tuple[Workbench, Emulator]) -> None:
    """auth0-deploy-cli#231: a folder that was not there was taken for an empty one, and the tenant was emptied."""
    workbench, emulator = bench
    for arguments in (("apply", "--yes"), ("apply", "--yes", "users"), ("plan",), ("validate",)):
        ended = workbench.run(*arguments, environment=arguments[0] != "validate")
        assert 1 == ended.code, arguments
    assert_nothing_touched(emulator)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n# only a comment\n", b"\xff\xfe\x00", None],
    ids=["empty", "comment", "binary", "dangling link"],
)
def test_a_file_that_can_not_be_read_wipes_nothing(bench: tuple[Workbench, Emulator], content: bytes | None) -> None:
    """auth0-deploy-cli#201: a file that could not be read counted as one that declares nothing."""
    workbench, emulator = bench
    path: Path = workbench.folder / "users.yaml"
    if content is None:
        path.symlink_to("gone.yaml")
    else:
        path.write_bytes(content)
    assert 1 == workbench.run("apply", "--yes").code
    assert_nothing_touched(emulator)


def test_a_list_that_is_left_out_does_not_become_empty(bench: tuple[Workbench, Emulator]) -> None:
    """auth0-deploy-cli#207: a list that nobody declared was sent as ``[]``."""
    workbench, emulator = bench
    workbench.users(a=CHANGE | {"metadata": {"plan": "enterprise"}})
    workbench.apply()
    after = held(emulator, "a")
    assert {"plan": "enterprise", "tags": ["a", "b"]} == after["meta"]
    assert ["/sharedSettings/channel"] == changed_by(CONFIG, after["credentials"][0]["config"])


def test_an_empty_section_removes_nothing(bench: tuple[Workbench, Emulator]) -> None:
    """keycloak-config-cli#1132, #1542: what an update did not name, or named empty, was removed."""
    workbench, emulator = bench
    workbench.users(a={"integrations": {"slack": {"settings": {}, "workflows": {}}}, "metadata": {}})
    assert workbench.run("apply", "--yes").code in {0, 1}  # nothing to do, or an error: never a removal
    assert_nothing_touched(emulator)


def test_what_is_declared_for_everybody_wipes_nothing_of_one_user(bench: tuple[Workbench, Emulator]) -> None:
    """safe-settings#432: one setting for all replaced whatever each had of its own."""
    workbench, emulator = bench
    workbench.write("all.yaml", PROFILE)
    workbench.users(
        a={"profiles": ["all"], "integrations": {"slack": {"settings": {"Digest size": 5}}}}, b={"profiles": ["all"]}
    )
    ended = workbench.run("apply", "--yes", "all.yaml", "users.yaml")
    assert 0 == ended.code, ended.err
    assert ["/sharedSettings/channel", "/sharedSettings/size"] == changed_by(
        CONFIG, held(emulator, "a")["credentials"][0]["config"]
    )
    assert ["/sharedSettings/channel"] == changed_by(CONFIG, held(emulator, "b")["credentials"][0]["config"])


PROFILE = """\
apiVersion: paragon-sync/v1
kind: Profile
name: all
integrations:
  slack: {settings: {Channel: C2}}
"""


def test_a_document_that_leaves_the_manifests_deletes_nothing(bench: tuple[Workbench, Emulator]) -> None:
    """argo-cd#15058: what was no longer generated was deleted."""
    workbench, emulator = bench
    workbench.users(a=CHANGE, b=CHANGE)
    workbench.apply()
    after = held(emulator, "b")
    done = len(writes(emulator))
    workbench.users(a={"metadata": {"plan": "pro"}})  # b's document and a's block are gone
    assert 0 == workbench.run("apply", "--yes").code
    assert done == len(writes(emulator))
    assert after == held(emulator, "b")


def test_what_the_plan_does_not_show_is_not_overwritten(bench: tuple[Workbench, Emulator]) -> None:
    """argo-cd#4912: fields left out of the diff were written all the same."""
    workbench, emulator = bench
    workbench.users(
        a={"integrations": {"slack": CHANGE["integrations"]["slack"] | {"defaults": {"Frequency": "daily"}}}}
    )
    (operation,) = workbench.plan("--out", "p.plan")["operations"]
    shown = sorted(change["pointer"] for change in operation["changes"])
    assert ["/sharedSettings/channel", "/sharedSettings/frequency"] == shown

    moved = CONFIG | {"sharedSettings": CONFIG["sharedSettings"] | {"note": "moved", "frequency": "weekly", "new": 1}}
    hold(emulator, "a", user(account(config=moved), plan="pro"))
    workbench.apply("p.plan")
    assert ["/sharedSettings/channel"] == changed_by(moved, held(emulator, "a")["credentials"][0]["config"])
