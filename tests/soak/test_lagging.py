"""A server whose reads are a second behind its writes: nothing fails, and every operation is found applied.

Judged by what the emulator holds and by its log.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.soak.bench import READ_BACK, Soak, outcomes, soaking, started
from tests.soak.judge import Judge
from tests.soak.population import population
from tests.soak.records import entries_of
from tests.soak.size import AGAIN, SEED, scaled

LAG_SECONDS: Final = 1
REPLICAS: Final[dict[str, list[dict[str, Any]]]] = {
    "every read": [{"fault": "lag", "seconds": LAG_SECONDS}],
    "half of the reads": [{"fault": "lag", "seconds": LAG_SECONDS, "probability": 0.5}],
    "each read by another time": [
        {"fault": "lag", "seconds": 0.3, "probability": 0.3},
        {"fault": "lag", "seconds": LAG_SECONDS, "probability": 0.3},
    ],
}


@pytest.fixture
def soak(tmp_path: Path, signing_key: Path) -> Iterator[Soak]:
    with soaking(tmp_path / "work", population(scaled(300)), signing_key, apply=READ_BACK) as soak:
        soak.plan()
        yield soak


@pytest.mark.parametrize("behind", REPLICAS)
def test_reads_that_lag_are_no_failures(soak: Soak, behind: str) -> None:
    soak.emulator.forget()
    soak.emulator.faults(*REPLICAS[behind], seed=SEED)

    with started(("apply", "p.plan", "--format", "json"), soak.bench.folder) as command:
        run = command.end(0, 3)

    soak.emulator.faults()
    where = f"{outcomes(run)}: {AGAIN}"
    wrong = [operation for operation in run["operations"] if operation["outcome"] != "applied"]
    assert wrong == [], f"{len(wrong)} operations were not found applied, {run.get('stopped')}; {where}"
    assert run["counts"]["applied"] == run["counts"]["operations"] > 0, where
    judge = Judge(soak=soak, run=run, journal=entries_of(soak.bench.folder / ".paragon-sync", run["run"]))
    assert [*judge.untruths()] == [], where
    assert [*judge.losses()] == [], where
    assert [*judge.false_alarms()] == [], where
