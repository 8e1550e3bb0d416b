"""A server that stores values in another form: a failure and not a conflict, the breaker stops, rollback gives back.

Judged by what the emulator holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.soak.bench import READ_BACK, Soak, outcomes, soaking, started
from tests.soak.population import Population, population
from tests.soak.size import AGAIN, SEED, scaled
from tests.soak.test_kill import not_as_before

IN_A_ROW: Final = 20
"""The failures in a row at which the breaker stops a run."""
CONCURRENCY: Final = 16
LOWER: Final = {"fault": "normalise", "strategies": "lower", "values": "/sharedSettings/channel"}


@pytest.fixture
def soak(tmp_path: Path, signing_key: Path) -> Iterator[Soak]:
    people = with_one_channel(population(5 * scaled(400, least=60)))
    with soaking(tmp_path / "work", people, signing_key, limits={"concurrency": CONCURRENCY}, apply=READ_BACK) as soak:
        soak.plan()
        yield soak


def with_one_channel(people: Population) -> Population:
    """The users of whom a channel is declared and nothing in another account or in the metadata."""
    return Population(
        people=tuple(
            person
            for person in people.people
            if len(person.shall) == 1
            and any(place.keys[-1] == "channel" for place in next(iter(person.shall.values())))
        )
    )


def test_the_breaker_stops_and_rollback_restores(soak: Soak) -> None:
    soak.emulator.forget()
    soak.emulator.faults(LOWER, seed=SEED)

    with started(("apply", "p.plan", "--format", "json"), soak.bench.folder) as command:
        run = command.end(3)

    soak.emulator.faults()
    counts, where = run["counts"], f"{outcomes(run)}, {run.get('stopped')}: {AGAIN}"
    written = {write.user for write in soak.emulator.writes()}
    assert counts["conflict"] == 0, f"nobody else has changed anything; {where}"
    assert IN_A_ROW <= counts["failed"] <= IN_A_ROW + 2 * CONCURRENCY, f"the breaker didn't stop it; {where}"
    assert "breaker" in run["stopped"], where
    assert len(written) == counts["failed"], where
    others = [operation for operation in run["operations"] if not is_told_as_stored_differently(operation)]
    assert others == [], where

    assert soak.bench.run("rollback", "last", "--out", "back.plan").code == 0
    with started(("apply", "back.plan", "--format", "json"), soak.bench.folder) as command:
        taken_back = command.end(0)
    assert taken_back["counts"]["applied"] == counts["failed"], outcomes(taken_back)
    assert [*not_as_before(soak)] == [], where


def is_told_as_stored_differently(operation: dict[str, Any]) -> bool:
    """Whether the record says that the server stored another form, and both forms."""
    number = int(operation["user"].removeprefix("user-"))
    forms = {"sent": f"C-new-{number}", "stored": f"c-new-{number}"}
    return (
        operation["outcome"] == "failed"
        and operation["reason"].startswith("stored differently by the server")
        and [value for value in operation["stored"] if forms.items() <= value.items()] != []
    )
