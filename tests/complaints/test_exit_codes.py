"""One exit code meant several things, or none meant failure."""

from __future__ import annotations

import pytest

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.workbench import Answered, Asked, Forward, Workbench, account, between, user

WANTED = {"integrations": {"slack": {"settings": {"Channel": "C2"}}}}


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    workbench, emulator = start(dict.fromkeys("abc", user(account(config={"sharedSettings": {"channel": "C1"}}))))
    workbench.users(a=WANTED)
    return workbench, emulator


def test_a_difference_and_an_error_are_not_told_by_one_code(bench: tuple[Workbench, Emulator]) -> None:
    """kubectl#707: 1 meant that there are differences, and that the diff had failed."""
    workbench, emulator = bench
    assert 2 == workbench.run("plan", "--detailed-exitcode").code
    workbench.project("http://127.0.0.1:9", environment={"project": emulator.project})
    assert 1 == workbench.run("plan", "--detailed-exitcode").code
    workbench.project(emulator.url)
    workbench.users(a={"integrations": {"slack": {"settings": {"Chanel": "C2"}}}})
    assert 1 == workbench.run("plan", "--detailed-exitcode").code


def test_pending_changes_are_not_hidden_behind_success(bench: tuple[Workbench, Emulator]) -> None:
    """dnscontrol#437: a preview with changes pending ended as one without, so that no alarm could stand on it."""
    workbench, _ = bench
    assert 2 == workbench.run("plan", "--detailed-exitcode").code
    workbench.apply()
    assert 0 == workbench.run("plan", "--detailed-exitcode").code


def test_an_error_does_not_become_a_warning(bench: tuple[Workbench, Emulator]) -> None:
    """dnscontrol#2627: the server answered 524 with a page, that was a warning, and the command succeeded."""
    workbench, emulator = bench

    def gateway_times_out(asked: Asked, forward: Forward) -> Answered:
        if asked.method == "PATCH":
            return Answered(status=524, body=b"<html><title>Origin Time-out</title>", type="text/html")
        return forward(asked)

    with between(emulator, gateway_times_out) as url:
        workbench.project(url)
        ended = workbench.run("apply", "--yes", "--fail-fast")
    assert (3, True) == (ended.code, "524" in ended.out), ended.out + ended.err
