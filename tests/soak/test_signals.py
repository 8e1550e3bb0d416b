"""Runs that are signalled twice at random moments: each ends in time, with the signal's exit code and a true record.

Half of them take longer than anything waits here, so that a signal that was lost shows; the others end while they are
signalled, so that closing is interrupted too. A run that is still there is made to show the stacks of its threads.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from paragon_sync.cli.signals import ENDINGS, FORCED_EXIT_SECONDS
from paragon_sync.model.outcome import Applied, Unchanged
from paragon_sync.store.state import StateStore
from tests.soak import dumping
from tests.soak.bench import PATIENCE, Soak, soaking, started
from tests.soak.population import population, value_at
from tests.soak.records import entries_of
from tests.soak.size import AGAIN, SEED, scaled

RUNS: Final = scaled(300, least=20)
PEOPLE: Final = 60
LONG_RATE: Final = 5
"""Requests a second of the runs that take longer than a minute."""
GAP_SECONDS: Final = 0.5
DUMP_SECONDS: Final = 1.5
"""Seconds after the second signal after which a run that is still there shows its stacks, before it is ended."""
BUSY_SECONDS: Final = 10.0
"""What a busy machine may add to the time in which a run ends."""
MOST_FORCED: Final = max(1, RUNS // 50)
"""Runs that may need the watchdog, because the machine is busy."""
RESUMED_EVERY: Final = 10
LATENCIES: Final[list[list[dict[str, Any]]]] = [
    [],
    [{"fault": "latency", "seconds": 0.02, "tail": 1.2, "longest": 5.0, "when": "after"}],
    [{"fault": "hang", "probability": 0.1}],
]


@dataclass(frozen=True, kw_only=True)
class Signalled:
    """A run and what became of it: ``late`` is how long after the second signal it ended, None before that."""

    sent: tuple[signal.Signals, ...]
    code: int
    late: float | None
    err: str

    @property
    def was_forced(self) -> bool:
        return "still busy" in self.err


@contextmanager
def begun(arguments: tuple[str, ...], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command under way, from the moment at which it handles signals; killed at the end if it is still there."""
    with (folder / "out").open("wb") as out, (folder / "err").open("wb") as err:
        command = [sys.executable, dumping.__file__, *arguments, "-e", "test"]
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err)
    try:
        deadline = time.monotonic() + PATIENCE
        while len([*Path(f"/proc/{process.pid}/task").iterdir()]) < 2:  # the watchdog starts after the handlers are set
            assert time.monotonic() < deadline
            assert process.poll() is None, (folder / "err").read_text("utf-8")
            time.sleep(0.001)
        yield process
    finally:
        process.kill()
        process.wait()


def signalled(soak: Soak, arguments: tuple[str, ...], chance: random.Random, within: float) -> Signalled:
    """Run the command, signal it twice, and wait for its end."""
    numbers = [signal.SIGINT] * 2 if chance.random() < 0.5 else chance.choices(list(ENDINGS), k=2)
    waits = chance.uniform(0, within), chance.uniform(0, GAP_SECONDS)
    sent: list[signal.Signals] = []
    late = None
    with begun(arguments, soak.bench.folder) as process:
        for number, wait in zip(numbers, waits, strict=True):
            time.sleep(wait)
            if process.poll() is None:
                process.send_signal(number)
                sent.append(number)
        second = time.monotonic()
        if len(sent) > 1:
            late = _await_end(process, second)
        code = process.wait(PATIENCE)
    err = (soak.bench.folder / "err").read_text("utf-8")
    return Signalled(sent=tuple(sent), code=code, late=late, err=err)


def _await_end(process: subprocess.Popen[bytes], second: float) -> float:
    try:
        process.wait(DUMP_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGUSR1)
        try:
            process.wait(FORCED_EXIT_SECONDS - DUMP_SECONDS + BUSY_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGUSR1)
            time.sleep(1)
            process.kill()
    return time.monotonic() - second


@pytest.fixture(scope="module")
def soak(tmp_path_factory: pytest.TempPathFactory, signing_key: Path) -> Iterator[Soak]:
    with soaking(tmp_path_factory.mktemp("signals") / "work", population(PEOPLE), signing_key) as soak:
        soak.plan()
        yield soak


def test_two_signals_end_every_run_and_leave_a_true_record(soak: Soak, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    soak.afresh(state=str(tmp_path / "undisturbed"))
    began = time.monotonic()
    with started(("apply", "p.plan", "--format", "json"), soak.bench.folder) as command:
        command.end()
    whole, texts = time.monotonic() - began, soak.texts()
    forced = []
    for number in range(RUNS):
        state = tmp_path / f"state-{number}"
        is_long = bool(number % 2)
        soak.afresh(state=str(state))
        soak.emulator.site.log.forget()
        soak.emulator.faults(*LATENCIES[number % len(LATENCIES)], seed=SEED)
        if is_long:
            soak.configure(state=str(state), limits={"rate": LONG_RATE})
        arguments = ("apply", "--yes") if number % 5 == 4 else ("apply", "p.plan")

        ended = signalled(soak, arguments, chance, within=whole * 1.5 if is_long else whole)

        where = f"run {number}, {[one.name for one in ended.sent]}: {AGAIN}\n{ended.err[-8000:]}"
        assert ended.late is None or ended.late < FORCED_EXIT_SECONDS + BUSY_SECONDS, f"hangs; {where}"
        allowed = {ENDINGS[one].exit_code for one in ended.sent} | (set() if is_long else {0})
        assert ended.code in allowed, f"exit code {ended.code}; {where}"
        assert "Traceback" not in ended.err, where
        forced += [where] if ended.was_forced else []
        soak.emulator.faults()
        assert [*untruths(soak, state)] == [], where
        if number % RESUMED_EVERY == 0 and "--yes" not in arguments:
            soak.configure(state=str(state))
            with started(("apply", "p.plan", "--format", "json"), soak.bench.folder) as command:
                command.end(0, 1)  # 1: it had been finished before the signal
            assert soak.texts() == texts, f"not as an undisturbed run leaves it; {where}"
    assert len(forced) <= MOST_FORCED, "\n\n".join(forced)


def untruths(soak: Soak, state: Path) -> Iterator[str]:
    """What the record says of a run that the emulator knows otherwise."""
    written = {write.target for write in soak.emulator.writes()}
    if not state.exists():
        yield from (f"{target} is written and not recorded" for target in written)
        return
    with StateStore.open(state) as store:
        runs = store.runs()
    entries = entries_of(state, runs[0].run) if runs else {}
    yield from (f"{target} is written and not recorded as sent" for target in written if not _was_sent(entries, target))
    for target, entry in entries.items():
        places = soak.people.shall[target].items()
        live = soak.emulator.site.users.read(target[0])
        if isinstance(entry.outcome, Applied | Unchanged) and any(value_at(live, at) != shall for at, shall in places):
            yield f"{target} is recorded as {entry.outcome}, and isn't as declared"


def _was_sent(entries: Any, target: Any) -> bool:
    return target in entries and len(entries[target].attempts) > 0
