"""A run that is killed at any instant, and applied again: it ends as if nothing had happened, and writes nothing twice.

Judged by what the emulator holds and by its log of writes.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from paragon_sync.emulator import Write
from paragon_sync.emulator.values import ABSENT, same, values
from tests.soak.bench import PATIENCE, Soak, outcomes, requests_so_far, soaking, started
from tests.soak.population import population
from tests.soak.size import AGAIN, SEED, scaled
from tests.workbench import as_json

SEQUENCES = scaled(25, least=3)
OPTIONS = ("--format", "json", "--lock-timeout", "30s")
APPLY = ("apply", "p.plan", *OPTIONS)
TAKE_BACK = ("apply", "back.plan", *OPTIONS)
LATENCIES: list[list[dict[str, Any]]] = [
    [],
    [{"fault": "latency", "seconds": 0.005, "tail": 1.2, "longest": 0.25, "when": "before"}],
    [{"fault": "latency", "seconds": 0.005, "tail": 1.2, "longest": 0.25, "when": "after"}],
]
"""Answers that are late hold more operations in the state of being sent. None is later than a command starts."""


@dataclass(frozen=True, kw_only=True)
class Undisturbed:
    """A run that nobody killed: how it ended, and how many requests it took."""

    soak: Soak
    texts: dict[str, str]
    requests: int


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, signing_key: Path) -> Iterator[Undisturbed]:
    people = population(scaled(500), permissions=True)
    with soaking(tmp_path_factory.mktemp("kill") / "work", people, signing_key) as soak:
        soak.plan()
        before = requests_so_far(soak.emulator)
        with started(APPLY, soak.bench.folder) as command:
            run = command.end()
        assert run["counts"]["applied"] == run["counts"]["operations"], outcomes(run)
        yield Undisturbed(soak=soak, texts=soak.texts(), requests=requests_so_far(soak.emulator) - before)


@dataclass(kw_only=True)
class Disturbed:
    """A plan applied, killed and applied again until its end; ``run`` is the record, ``kills`` the moments."""

    soak: Soak
    run: dict[str, Any]
    kills: list[float] = field(default_factory=list)


def killed_and_resumed(soak: Soak, points: Sequence[float], arguments: Sequence[str] = APPLY) -> Disturbed:
    """Apply the plan, and kill it at each of these points, in requests since its start; then let it end."""
    kills = []
    for point in points:
        until, deadline = requests_so_far(soak.emulator) + int(point), time.monotonic() + PATIENCE
        with started(arguments, soak.bench.folder) as command:
            while requests_so_far(soak.emulator) <= until and command.process.poll() is None:
                assert time.monotonic() < deadline, "the command hangs"
                time.sleep(0.0005)
            time.sleep(point % 1 * 0.02)  # not always in the moment in which a request has come
            moment = command.kill()
            kills += [moment] if moment is not None else []
    with started(arguments, soak.bench.folder) as command:
        run = command.end(0, 1)
    if command.process.returncode == 1:  # killed between its last record and its exit
        assert "this plan was applied already" in command.err.read_text("utf-8")
        run = as_json(soak.bench.run("runs", "show", "last", "--format", "json").out)
    return Disturbed(soak=soak, run=run, kills=kills)


@pytest.mark.parametrize("number", range(SEQUENCES))
def test_a_killed_run_ends_as_if_nothing_had_happened(
    undisturbed: Undisturbed, number: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    soak, chance = undisturbed.soak, random.Random(f"{SEED}:{number}")
    first = undisturbed.requests * (number + chance.random()) / SEQUENCES
    points = [first, chance.uniform(0, undisturbed.requests - first)][: 2 if number % 3 == 0 else 1]
    in_postgres = number % 5 == 2
    soak.afresh(state=request.getfixturevalue("postgres_url") if in_postgres else str(tmp_path / "state"))
    soak.emulator.faults(*LATENCIES[number % len(LATENCIES)], seed=SEED)

    disturbed = killed_and_resumed(soak, points)

    soak.emulator.faults()
    where = f"sequence {number}, killed after {[round(point, 2) for point in points]} requests: {AGAIN}"
    assert len(disturbed.kills) > 0, f"it had ended before it was killed; {where}"
    assert_nothing_happened(disturbed, undisturbed.texts, where)

    assert soak.bench.run("rollback", "last", "--out", "back.plan").code == 0
    back = [chance.uniform(0, undisturbed.requests)] if number % 2 else []
    taken_back = killed_and_resumed(soak, back, TAKE_BACK)
    assert taken_back.run["rollsBack"] == disturbed.run["run"]
    assert [*not_as_before(soak)] == [], f"after a rollback, killed after {back} requests; {where}"


def not_as_before(soak: Soak) -> Iterator[str]:
    """What a rollback has not given back. A key of the metadata that a run added can't be removed."""
    for person in soak.people.people:
        before, after = values(soak.before[person.name]), values(soak.emulator.site.users.read(person.name))
        for place in before.keys() | after.keys():
            old, new = before.get(place, ABSENT), after.get(place, ABSENT)
            if not same(old, new) and not (place.keys[0] == "meta" and old is ABSENT):
                yield f"{person.name} {place}: {old!r} has become {new!r}"


def assert_nothing_happened(disturbed: Disturbed, undisturbed: dict[str, str], where: str) -> None:
    """Judge a sequence by the emulator: what it holds, and what it saw written."""
    writes = disturbed.soak.emulator.writes()
    written = {write.target for write in writes}
    counts = disturbed.run["counts"]
    assert len(written) == counts["applied"] == counts["operations"], f"{outcomes(disturbed.run)}; {where}"
    others = [name for name, text in disturbed.soak.texts().items() if text != undisturbed[name]]
    assert others == [], f"users who ended otherwise than undisturbed; {where}"
    assert twice_without_need(writes, disturbed.kills) == [], f"written twice, and not in flight at a kill; {where}"


def twice_without_need(writes: Sequence[Write], kills: Sequence[float]) -> list[tuple[Any, ...]]:
    """What was written again although the write before had been answered, or was made by the same process."""
    found = []
    last: dict[tuple[Any, ...], Write] = {}
    for write in writes:
        before = last.get(write.target)
        if before is not None and not any(_in_flight(before, kill) for kill in kills):
            found.append((*write.target, before.sequence, write.sequence))
        last[write.target] = write
    return found


def _in_flight(write: Write, kill: float) -> bool:
    """Whether the request was under way at that moment: sent, and not answered."""
    return write.received <= kill + 0.1 and (write.answered is None or write.answered >= kill)


def test_the_judge_notices_what_is_written_twice(undisturbed: Undisturbed, tmp_path: Path) -> None:
    """A judge that can't tell is worth nothing: the same plan from two state stores writes everything twice."""
    soak = undisturbed.soak
    soak.afresh(state=str(tmp_path / "one"))
    with started(APPLY, soak.bench.folder) as command:
        command.end()
    states = {person.name: soak.before[person.name] for person in soak.people.people}
    for name, state in states.items():
        soak.emulator.site.users.write(name, state)
    soak.configure(state=str(tmp_path / "two"))
    with started(APPLY, soak.bench.folder) as command:
        command.end()
    writes = soak.emulator.writes()
    per_target = Counter(write.target for write in writes)
    assert set(per_target.values()) == {2}
    assert len(twice_without_need(writes, [])) == len(per_target)
    amid = writes[len(per_target) // 2].received
    needless = {found[:3] for found in twice_without_need(writes, [amid])}
    answered = {write.target for write in writes[: len(per_target)] if write.answered and write.answered < amid}
    assert answered
    assert answered <= needless < set(per_target)
