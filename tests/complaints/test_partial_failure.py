"""Something failed half way, and nobody could tell what had been done."""

from __future__ import annotations

import signal
import subprocess

import pytest

from paragon_sync.emulator import Emulator
from tests.benches import Start
from tests.cases.command import INSTALLED
from tests.workbench import Answered, Asked, Forward, Workbench, account, as_answer, as_json, between, user, writes

USERS = tuple("abcdef")
CONFIG = {"sharedSettings": {"channel": "C1"}}
WANTED = {"integrations": {"slack": {"settings": {"Channel": "C2"}}}}
PROJECT = {"limits": {"concurrency": 1}, "policy": {"usersChanged": "100%"}}


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    workbench, emulator = start({name: user(account(f"c-{name}", config=CONFIG)) for name in USERS})
    workbench.users(**dict.fromkeys(USERS, WANTED))
    workbench.project(emulator.url, **PROJECT)
    workbench.plan("--out", "p.plan")
    return workbench, emulator


def refusing_c(asked: Asked, forward: Forward) -> Answered:
    """Somebody's account can't be written."""
    if asked.method == "PATCH" and asked.path.endswith("/c-c"):
        return as_answer({"message": "no", "code": "1", "status": 400}, 400)
    return forward(asked)


def test_the_summary_does_not_hide_what_was_done_before_a_failure(bench: tuple[Workbench, Emulator]) -> None:
    """deck#1840: on an error the summary said that nothing had changed, although something had."""
    workbench, emulator = bench
    with between(emulator, refusing_c) as url:
        workbench.project(url, **PROJECT)
        ended = workbench.run("apply", "p.plan", "--fail-fast")
    assert 3 == ended.code, ended.err
    done = len(writes(emulator))
    assert done in {2, 3}  # one more may have been under way
    assert f"6 operations: {done} applied, 1 failed, {5 - done} not reached." in ended.out


def test_one_failure_does_not_stop_the_others(bench: tuple[Workbench, Emulator]) -> None:
    """octodns#618: the first error ended everything that came after it."""
    workbench, emulator = bench
    with between(emulator, refusing_c) as url:
        workbench.project(url, **PROJECT)
        run = workbench.apply("p.plan", code=3)
    assert (5, 1) == (run["counts"]["applied"], run["counts"]["failed"])
    assert ["a", "b", "d", "e", "f"] == sorted(line[0] for line in writes(emulator))


def test_what_failed_is_not_forgotten(bench: tuple[Workbench, Emulator]) -> None:
    """deck#664, #860: after a failure there was no telling what was left, and no way to do just that."""
    workbench, emulator = bench
    with between(emulator, refusing_c) as url:
        workbench.project(url, **PROJECT)
        workbench.apply("p.plan", code=3)
    (failed,) = as_json(workbench.run("runs", "show", "last", "--outcome", "failed", "--format", "json").out)[
        "operations"
    ]
    assert "c" == failed["user"]
    workbench.project(emulator.url, **PROJECT)
    assert ["c"] == [operation["user"] for operation in workbench.plan()["operations"]]
    ended = workbench.run("apply", "--retry-conflicts", "p.plan", "--yes")
    assert (0, "c PATCH /sdk/credentials/c-c") == (ended.code, writes(emulator)[-1]), ended.err
    assert len(USERS) == len(writes(emulator))


def test_a_crash_does_not_lose_the_record_of_what_was_done(bench: tuple[Workbench, Emulator]) -> None:
    """terraform#17681: what was made before the crash was nowhere recorded."""
    workbench, emulator = bench
    running: list[subprocess.Popen[bytes]] = []

    def kill_before_the_answer(asked: Asked, forward: Forward) -> Answered:
        answer = forward(asked)
        if len(writes(emulator)) == 3 and running[0].returncode is None:
            running[0].send_signal(signal.SIGKILL)
        return answer

    with between(emulator, kill_before_the_answer) as url:
        workbench.project(url, **PROJECT)
        arguments = [str(INSTALLED), "apply", "p.plan", "-e", "test"]
        with subprocess.Popen(arguments, cwd=workbench.folder, stderr=subprocess.DEVNULL) as process:
            running.append(process)
            assert -signal.SIGKILL == process.wait(timeout=60)
        left = as_json(workbench.run("runs", "show", "last", "--format", "json").out)
        assert left["counts"]["applied"] in {1, 2}  # the third was not answered, the second perhaps not read back
        run = workbench.apply("p.plan")
    assert len(USERS) == run["counts"]["applied"]
    assert [f"{name} PATCH /sdk/credentials/c-{name}" for name in USERS] == sorted(writes(emulator))
