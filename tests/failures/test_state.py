"""What can happen to the state store while a run goes on: the command says what and what to do, and nothing is lost."""

from __future__ import annotations

import re
import resource
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from paragon_sync.emulator import Emulator
from paragon_sync.store.lock import standing
from paragon_sync.store.state import StateStore
from tests import postgres
from tests.benches import Start
from tests.cases.command import run_process
from tests.workbench import Answered, Asked, Forward, Workbench, account, between, user, writes

USERS = tuple("abcdefgh")
LIVE = {"config": {"sharedSettings": {"channel": "C1"}}}
WANTED = {"integrations": {"slack": {"settings": {"Channel": "C2"}}}}
ONE_BY_ONE = {"limits": {"concurrency": 1}}
GOES_ON = "applying the same plan again goes on from"


@pytest.fixture
def bench(start: Start) -> tuple[Workbench, Emulator]:
    """Eight users with a change each, and the installed command."""
    bench, emulator = start({name: user(account(**LIVE)) for name in USERS})
    bench.users(**dict.fromkeys(USERS, WANTED))
    return replace(bench, command=run_process), emulator


@pytest.fixture
def own_server() -> Iterator[postgres.Server]:
    """A PostgreSQL that a test may stop."""
    if reason := postgres.missing():
        pytest.skip(reason)
    with postgres.running() as server:
        yield server


def at_the_third_write(act: Callable[[], None]) -> Callable[[Asked, Forward], Answered]:
    """Forwards everything, and does something between the third write and its answer."""
    written = 0

    def handle(asked: Asked, forward: Forward) -> Answered:
        nonlocal written
        answer = forward(asked)
        if asked.method == "PATCH":
            written += 1
            if written == 3:
                act()
        return answer

    return handle


def test_a_database_that_goes_away_ends_the_run_and_the_next_one_goes_on(
    bench: tuple[Workbench, Emulator], own_server: postgres.Server
) -> None:
    workbench, emulator = bench
    with between(emulator, at_the_third_write(own_server.stop)) as url:
        workbench.project(url, state=own_server.url(), **ONE_BY_ONE)
        workbench.plan("--out", "p.plan")
        ended = workbench.run("apply", "p.plan")
        assert ended.code == 1
        lost = r"^error: the (state in postgresql:\S+ can't be read or written|lock of test is lost, and nothing more)"
        assert re.search(lost, ended.err, re.MULTILINE), ended.err
        assert GOES_ON in ended.err
        before = writes(emulator)
        assert 3 <= len(before) < len(USERS)
        counted = re.search(
            r"^8 operations: (\d) applied, (\d sent without an answer, )?(\d) not reached", ended.out, re.MULTILINE
        )
        assert counted, ended.out  # the journal can't tell any more
        assert 2 <= int(counted[1]) <= len(before)

        own_server.start()
        again = workbench.run("apply", "p.plan")
        assert again.code == 0, again.err
        assert re.search(r"^the lock of test was taken over from \S+ on \S+ \(process \d+, run ", again.err)
        assert "8 operations: 8 applied." in again.out
        assert len(writes(emulator)) == len(USERS)
        shown = workbench.run("runs", "show", "last").out
        assert "applied (resolved)" in shown
        assert "resumed by " in shown


def test_a_lock_that_is_broken_ends_the_run_before_its_next_write(bench: tuple[Workbench, Emulator]) -> None:
    workbench, emulator = bench

    def break_it() -> None:
        with StateStore.open(workbench.folder / ".paragon-sync") as store:
            (lock,) = standing(store.place, "test")
            assert lock.is_alive
            store.break_fence(lock.owner)
            lock.break_it()

    with between(emulator, at_the_third_write(break_it)) as url:
        workbench.project(url, **ONE_BY_ONE)
        workbench.plan("--out", "p.plan")
        ended = workbench.run("apply", "p.plan")
        assert ended.code == 3
        assert "error: the lock of test is lost: " in ended.err
        assert "broke it with 'runs unlock', at 20" in ended.err
        written = len(writes(emulator))
        assert 3 == written
        assert "and 1 operation that was on the wire stays 'sending'" in ended.err
        assert "8 operations: 2 applied, 1 sent without an answer, 5 not reached." in ended.out

        assert workbench.run("apply", "p.plan").code == 0
        assert len(writes(emulator)) == len(USERS)


def test_a_disk_that_is_full_ends_the_run_and_with_room_the_next_one_goes_on(bench: tuple[Workbench, Emulator]) -> None:
    workbench, emulator = bench
    folder = workbench.folder / ".paragon-sync"

    def fill() -> None:
        """No file of the process may grow."""
        with StateStore.open(folder) as store:
            (lock,) = standing(store.place, "test")
        size = (folder / "state.sqlite-wal").stat().st_size
        resource.prlimit(lock.owner.pid, resource.RLIMIT_FSIZE, (size, size))

    with between(emulator, at_the_third_write(fill)) as url:
        workbench.project(url, **ONE_BY_ONE)
        workbench.plan("--out", "p.plan")
        ended = workbench.command(["apply", "p.plan", "-e", "test"], workbench.folder, workbench.variables)
        assert ended.code == 1
        told = ended.err.partition("Exception ignored in atexit callback")[
            0
        ]  # coverage has no room for its file either
        assert "Traceback" not in told
        assert re.search(r"^error: the state in \S+ can't be read or written: (disk|database)", told, re.MULTILINE)
        assert f"{folder} must be writable and have room" in ended.err
        assert 3 <= len(writes(emulator)) < len(USERS)

        again = workbench.run("apply", "p.plan")
        assert again.code == 0, again.err
        assert "8 operations: 8 applied." in again.out
        assert len(writes(emulator)) == len(USERS)


def test_without_its_state_what_is_as_planned_is_told_so(bench: tuple[Workbench, Emulator]) -> None:
    workbench, emulator = bench
    workbench.plan("--out", "p.plan")
    assert workbench.run("apply", "p.plan").code == 0
    for path in (workbench.folder / ".paragon-sync").iterdir():
        path.unlink()
    ended = workbench.run("apply", "p.plan")
    assert (0, True) == (ended.code, "8 operations: 8 unchanged." in ended.out), ended.out
    assert len(writes(emulator)) == len(USERS)
