from __future__ import annotations

import errno
import fcntl
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from paragon_sync.errors import StateError
from paragon_sync.store.location import Location
from paragon_sync.store.lock import RunLock, describe, standing
from paragon_sync.store.lock_owner import Owner
from paragon_sync.store.state import StateStore
from tests import postgres

NOW = datetime.now(UTC)
OWNER = Owner(
    project="db06d291",
    environment="production",
    actor="ci",
    host="runner-1",
    pid=4711,
    since=(NOW - timedelta(minutes=3, seconds=5)).isoformat(),
)
ME = replace(OWNER, actor="ada", pid=4712, since=NOW.isoformat())
HELD_BY_CI = r"production is locked by ci on runner-1 \(process 4711\), for [0-9]+ min"
HOLD_UNTIL_KILLED = """
import sys
from paragon_sync.store.lock import RunLock
from paragon_sync.store.lock_owner import Owner
from paragon_sync.store.state import StateStore

with StateStore.open(sys.argv[1]) as store:
    lock = RunLock(store.place, eval(sys.argv[2]))
    lock.acquire()
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(params=["folder", "sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place for a state of each kind."""
    if request.param == "folder":
        return str(tmp_path / "state")
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/[state].db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def place(where: str) -> Location:
    with StateStore.open(where) as store:
        return store.place


@pytest.fixture
def lock(place: Location) -> Iterator[Callable[..., RunLock]]:
    """Makes locks, which are released in the end."""
    made: list[RunLock] = []

    def make(owner: Owner = OWNER) -> RunLock:
        made.append(RunLock(place, owner))
        return made[-1]

    yield make
    for one in made:
        with suppress(StateError):
            one.release()


Make = Callable[..., RunLock]


def test_one_holds_it_and_others_are_told_who(lock: Make) -> None:
    assert lock().acquire() is None
    with pytest.raises(StateError, match=HELD_BY_CI) as caught:
        lock(ME).acquire()
    assert caught.value.hint == (
        "--lock-timeout 5m waits that long for it\nif that process hangs: paragon-sync runs unlock -e production"
    )


def test_what_is_released_can_be_had_and_nothing_is_said(lock: Make) -> None:
    with lock() as first:
        first.acquire()
    assert lock(ME).acquire() is None
    first.release()
    with pytest.raises(StateError, match="locked by ada"):
        lock().acquire()


def test_environments_and_projects_are_locked_one_by_one(lock: Make) -> None:
    lock().acquire()
    assert lock(replace(ME, environment="staging/é")).acquire() is None
    assert lock(replace(ME, project="38b1f170")).acquire() is None


def test_whoever_waits_is_told_for_whom_and_goes_on_when_it_is_free(lock: Make) -> None:
    first = lock()
    first.acquire()
    first.tell_run("20260314-101502-4f1c")
    said: list[str] = []

    def waiting(text: str) -> None:
        said.append(text)
        first.release()

    assert lock(ME).acquire(60, waiting) is None
    told = r"waiting for the lock of production, held by ci on runner-1 \(process 4711, run \S+\), for [0-9]+ min"
    assert [bool(re.fullmatch(told, text)) for text in said] == [True]


def test_waiting_ends(lock: Make) -> None:
    lock().acquire()
    with pytest.raises(StateError, match=HELD_BY_CI):
        lock(ME).acquire(0.01)


@pytest.fixture
def killed(where: str) -> Callable[[Owner], None]:
    """Lets another process take the lock, and kills it."""

    def kill(owner: Owner) -> None:
        holding = [sys.executable, "-c", HOLD_UNTIL_KILLED, where, repr(owner)]
        with subprocess.Popen(holding, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            process.kill()

    return kill


def test_a_killed_owner_is_gone_and_that_is_said(lock: Make, killed: Callable[[Owner], None]) -> None:
    killed(OWNER)
    said = lock(ME).acquire(60)  # a server takes a moment to notice
    assert said is not None
    assert said.startswith("the lock of production was taken over from ci on runner-1 (process 4711), for ")
    assert said.endswith(": its process is gone")


def test_an_owner_on_another_machine_is_in_doubt_on_disk_alone(
    lock: Make, killed: Callable[[Owner], None], place: Location
) -> None:
    killed(replace(OWNER, host="runner-2"))
    if place.file is None:
        assert lock(ME).acquire(60) is not None
        return
    for _ in range(2):
        with pytest.raises(
            StateError, match=r"production may be locked by ci on runner-2 .* another machine"
        ) as caught:
            lock(ME).acquire()
    assert "paragon-sync runs unlock -e production" in (caught.value.hint or "")
    (left,) = standing(place, "production")
    assert (left.owner.host, left.is_alive) == ("runner-2", False)
    left.break_it()
    assert lock(ME).acquire() is None


def test_a_broken_lock_is_free_and_its_owner_releases_nothing(lock: Make, place: Location) -> None:
    first, second = lock(), lock(ME)
    first.acquire()
    (found,) = standing(place, "production")
    assert (found.owner, found.is_alive) == (OWNER, True)
    assert standing(place, "staging") == []

    found.break_it()
    assert second.acquire(60) is None
    first.release()
    assert [one.owner for one in standing(place, "production")] == [ME]


def test_an_owner_that_cannot_be_read_is_another_command(lock: Make, place: Location, where: str) -> None:
    lock().acquire()
    if place.file is not None:
        (file,) = place.file.parent.glob("*.lock-*")
        file.write_text('{"actor": "c')
    else:
        with StateStore.open(where) as store, store._engine.begin() as connection:
            connection.exec_driver_sql("UPDATE paragon_sync_locks SET owner = '{'")
    with pytest.raises(StateError, match="production is locked by another command"):
        lock(ME).acquire()
    assert standing(place, "production") == []


def test_a_disk_without_locks_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(_handle: int, _operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    with StateStore.open(tmp_path) as store, pytest.raises(StateError, match="No locks available") as caught:
        RunLock(store.place, OWNER).acquire()
    assert "PostgreSQL" in (caught.value.hint or "")


def test_a_file_that_is_broken_while_it_is_being_locked_is_not_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock

    def break_first(handle: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", flock)
        next(tmp_path.glob("*.lock-*")).unlink()
        flock(handle, operation)

    monkeypatch.setattr(fcntl, "flock", break_first)
    with StateStore.open(tmp_path) as store, RunLock(store.place, OWNER) as lock:
        lock.acquire()
        assert len(standing(store.place, "production")) == 1


def test_a_lost_session_frees_the_lock(postgres_server: postgres.Server, postgres_url: str) -> None:
    with StateStore.open(postgres_url) as store:
        lock = RunLock(store.place, OWNER)
        lock.acquire()
        postgres_server.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'paragon-sync'"
        )
        with RunLock(store.place, ME) as successor:
            assert "taken over" in (successor.acquire() or "")
        lock.release()


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=27, minutes=3), "27 h 3 min"),
    ],
)
def test_ages_are_for_people(age: timedelta, told: str) -> None:
    owner = replace(OWNER, since=(NOW - age).isoformat(), run="r1")
    assert describe(owner, NOW) == f"ci on runner-1 (process 4711, run r1), for {told}"


def test_a_system_without_file_locks_is_an_error_for_users() -> None:
    script = (
        "import sys; sys.modules['fcntl'] = None\n"
        "from paragon_sync.errors import StateError\n"
        "try: import paragon_sync.store.lock\n"
        "except StateError as error: print(error.message, '|', error.hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == (
        "this system has no POSIX file locks, which the state store needs"
        " | run paragon-sync on Linux or macOS; on Windows run it in WSL\n"
    )
