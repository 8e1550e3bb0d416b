"""A lock that is broken while a run writes, and a second run of the same plan: the first one writes nothing more.

The emulator's log and the ports of the two processes' connections decide who wrote what and when.
"""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from paragon_sync.emulator import Write
from tests.soak.bench import PATIENCE, READ_BACK, Running, Soak, outcomes, requests_so_far, soaking, started
from tests.soak.connections import Connections, watching
from tests.soak.population import population
from tests.soak.size import AGAIN, SEED, scaled
from tests.soak.staleness import passages
from tests.workbench import as_json

SEQUENCES: Final = scaled(20, least=2)
PEOPLE: Final = 40
TOLERANCE_SECONDS: Final = 0.1
"""How old the last check of the lock may be when a request leaves."""
MACHINE_DELAY_SECONDS: Final = 0.2
"""What a busy machine may add until a request that has left is received."""
APPLY: Final = ("apply", "p.plan", "--format", "json")
SLOW: Final = {"fault": "latency", "seconds": 0.1, "tail": 2, "longest": 1}
SLOWNESS: Final = [SLOW | {"when": "before"}, SLOW | {"when": "after"}]
PAUSE: Final = {"fault": "too-many-requests", "retryAfter": 3, "methods": "PATCH", "times": 1}
"""What lets writes wait that the run has recorded and not sent."""


Start = Callable[..., Running]


@dataclass(frozen=True, kw_only=True)
class Undisturbed:
    """A run that kept its lock: what the emulator holds after it, and how many requests it took."""

    soak: Soak
    texts: dict[str, str]
    requests: int


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, signing_key: Path) -> Iterator[Undisturbed]:
    folder = tmp_path_factory.mktemp("takeover") / "work"
    with soaking(folder, population(PEOPLE), signing_key, limits={"concurrency": 8}, apply=READ_BACK) as soak:
        soak.plan()
        before = requests_so_far(soak.emulator)
        with started(APPLY, soak.bench.folder) as command:
            command.end()
        yield Undisturbed(soak=soak, texts=soak.texts(), requests=requests_so_far(soak.emulator) - before)


@pytest.mark.parametrize("number", range(SEQUENCES))
@pytest.mark.parametrize("state", ["folder", "PostgreSQL"])
def test_a_run_whose_lock_is_broken_writes_nothing_more(
    undisturbed: Undisturbed, state: str, number: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    soak, chance = undisturbed.soak, random.Random(f"{SEED}:{state}:{number}")
    point = chance.uniform(0.02, 0.5) * undisturbed.requests
    soak.afresh(state=request.getfixturevalue("postgres_url") if state == "PostgreSQL" else str(tmp_path / "state"))
    soak.emulator.faults(*SLOWNESS, seed=SEED)

    taken = take_over(soak, tmp_path, int(point), paused=number % 2 == 0, waits=number % 4 in {1, 2})

    soak.emulator.faults()
    record = as_json(soak.bench.run("runs", "show", "last", "--format", "json").out)
    where = f"{state}, sequence {number}, unlocked after {point:.0f} requests, {outcomes(record)}: {AGAIN}"
    late = taken.late_writes(soak)
    assert late == [], f"{len(late)} writes of the old holder after the lock was broken; {where}"
    assert [name for name, text in soak.texts().items() if text != undisturbed.texts[name]] == [], where
    assert untrue(soak, record) == [], f"the record isn't what was done; {where}"
    assert record["counts"]["applied"] == record["counts"]["operations"], where
    assert taken.old_code == 3, f"exit code {taken.old_code}: {taken.old_said}; {where}"
    said = re.search(r"the lock of test is lost: \S+ on \S+ \(process (\d+)\) .*at \d{4}-\d\d-\d\dT", taken.old_said)
    assert said, f"it isn't said who took the lock and when: {taken.old_said}; {where}"
    assert int(said[1]) in taken.takers, f"{said[0]}, and it was one of {taken.takers}; {where}"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """Two runs of one plan, the lock of the first broken under it."""

    connections: Connections
    unlocked: float
    """When ``runs unlock`` had ended, on the monotonic clock."""
    old_code: int
    old_said: str
    takers: tuple[int, int]
    """The processes of ``runs unlock`` and of the second run."""

    def late_writes(self, soak: Soak) -> list[str]:
        """The old holder's writes that left after the lock was broken, for people."""
        allowed = self.unlocked + TOLERANCE_SECONDS + MACHINE_DELAY_SECONDS
        late = [write for write in self._writes(soak, "old") if write.received > allowed]
        return [f"{write.target}: {write.received - self.unlocked:.3f} s after" for write in late]

    def _writes(self, soak: Soak, who: str) -> Iterator[Write]:
        for write in soak.emulator.writes():
            if self.connections.sender(write, soak.emulator) == who:
                yield write


def take_over(soak: Soak, folder: Path, requests: int, *, paused: bool, waits: bool) -> Taken:
    """Apply, break the lock after so many requests, and apply again.

    ``paused`` lets the server ask the first run for a pause just before; ``waits`` starts the second run before that.
    """
    until = requests_so_far(soak.emulator) + requests
    with ExitStack() as stack:
        connections = stack.enter_context(watching())

        def start(name: str, *options: str) -> Running:
            (folder / name).mkdir()
            running = stack.enter_context(started((*APPLY, *options), soak.bench.folder, logs=folder / name))
            connections.watch(name, running.process)
            return running

        old = start("old")
        new = start_waiting(soak, old, start) if waits else None
        wait_until(lambda: requests_so_far(soak.emulator) > until, old)
        if paused:
            soak.emulator.faults(*SLOWNESS, PAUSE, seed=SEED)
            wait_until(lambda: any(one.status == 429 for one in passages(soak.emulator)), old)
        (folder / "unlock").mkdir()
        with started(("runs", "unlock", "--yes"), soak.bench.folder, logs=folder / "unlock") as unlock:
            assert unlock.process.wait(timeout=PATIENCE) == 0, unlock.err.read_text("utf-8")
            unlocked = time.monotonic()
        assert "The lock is broken." in unlock.out.read_text("utf-8")
        new = new or start("new", "--lock-timeout", "30s")
        new.end(0)
        old_code = old.process.wait(timeout=PATIENCE)
    said = old.err.read_text("utf-8")
    assert "Traceback" not in said, said
    takers = (unlock.process.pid, new.process.pid)
    return Taken(connections=connections, unlocked=unlocked, old_code=old_code, old_said=said, takers=takers)


def start_waiting(soak: Soak, old: Running, start: Start) -> Running:
    """Start the second run once the first one has its lock, so that it waits for that."""
    before = requests_so_far(soak.emulator)
    wait_until(lambda: requests_so_far(soak.emulator) > before, old)
    return start("new", "--lock-timeout", "60s")


def wait_until(happened: Callable[[], bool], running: Running) -> None:
    """Wait for something that happens while a command runs."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert running.process.poll() is None, f"it ended too soon: {running.err.read_text('utf-8')}"
        assert time.monotonic() < deadline, "the command hangs"
        time.sleep(0.001)


def untrue(soak: Soak, record: dict[str, Any]) -> list[str]:
    """The operations whose outcome isn't ``applied`` although a run wrote what they hold."""
    written = {write.target for write in soak.emulator.writes() if write.changes}
    found = []
    for operation in record["operations"]:
        target = operation["user"], operation.get("credential"), operation.get("configuration")
        if target in written and operation["outcome"] != "applied":
            found.append(f"{target}: {operation['outcome']}")
    return found
