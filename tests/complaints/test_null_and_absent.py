"""Null, absent and empty were taken for one another: here each stays what it is."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.workbench import Workbench, account, held, user, writes

SETTINGS = {"channel": None, "frequency": None, "mapped": {"a": None, "b": [None, {"c": None}]}}
LIVE = user(account(config={"sharedSettings": SETTINGS}), region=None)


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    return start({"a": LIVE})


def settings(emulator: Emulator) -> Any:
    return held(emulator, "a")["credentials"][0]["config"]["sharedSettings"]


def test_an_explicit_null_is_not_filled_with_a_default(bench: tuple[Workbench, Emulator]) -> None:
    """go-kong#320: a value that was null on purpose got the default."""
    workbench, emulator = bench
    workbench.users(a={"integrations": {"slack": {"defaults": {"Frequency": "daily"}}}})
    assert [] == workbench.plan()["operations"]
    assert 0 == workbench.run("apply", "--yes").code
    assert [] == writes(emulator)


@pytest.mark.parametrize("value", [None, "", 0, False, [], {}], ids=repr)
def test_a_value_that_is_null_or_empty_is_not_dropped_from_what_is_sent(
    bench: tuple[Workbench, Emulator], value: object
) -> None:
    """auth0-deploy-cli#74, #387: what was declared as null or empty never arrived."""
    workbench, emulator = bench
    workbench.users(
        a={"integrations": {"slack": {"settings": {"id:odd": value}}}, "metadata": {"tier": deepcopy(value)}}
    )
    workbench.apply()
    assert SETTINGS | {"odd": value} == settings(emulator)
    assert {"region": None, "tier": value} == held(emulator, "a")["meta"]
    assert [] == workbench.plan()["operations"]


@pytest.mark.parametrize("text", ["", "~", "Null", "NULL"])
def test_a_value_that_was_forgotten_is_not_taken_for_null(bench: tuple[Workbench, Emulator], text: str) -> None:
    """auth0-deploy-cli#74, #387: an empty value and null were one."""
    workbench, emulator = bench
    workbench.write("users.yaml", FORGOTTEN.format(text))
    ended = workbench.run("apply", "--yes")
    assert (1, True) == (ended.code, ended.err.startswith("users.yaml:6:")), ended.err
    assert [] == writes(emulator)


FORGOTTEN = """\
apiVersion: paragon-sync/v1
kind: User
user: a
integrations:
  slack:
    settings: {{Channel: {}}}
"""


def test_null_inside_a_value_is_not_dropped(bench: tuple[Workbench, Emulator]) -> None:
    """kubernetes#40305, #125646: null inside a map was dropped, later kept, and each broke somebody."""
    workbench, emulator = bench
    declared = {"x": None, "y": [None, {"z": None}], "": {}}
    workbench.users(
        a={"integrations": {"slack": {"settings": {"id:odd": declared}}}, "metadata": {"deep": deepcopy(declared)}}
    )
    workbench.apply()
    assert SETTINGS | {"odd": declared} == settings(emulator)
    assert {"region": None, "deep": declared} == held(emulator, "a")["meta"]
    assert [] == workbench.plan()["operations"]
