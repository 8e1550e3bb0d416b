"""A run through a storm of faults ends, tells the truth of each operation, and loses only what the server lost.

The truth is what the emulator holds and its log; nothing of the planner is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from tests.soak.bench import Soak, outcomes, soaking
from tests.soak.judge import Judge
from tests.soak.population import population
from tests.soak.records import entries_of
from tests.soak.size import AGAIN, SEED, scaled
from tests.soak.storm import faults, weather

MODES = [
    {"replace": replace, "metadata": metadata, "apply": {"enablement": enablement}}
    for enablement, replace, metadata in product(
        ("config", "endpoint"), ("section", "whole", "by-header"), ("merge", "replace")
    )
]


def name_of(mode: dict[str, Any]) -> str:
    return f"{mode['apply']['enablement']} {mode['replace']} {mode['metadata']}"


@pytest.fixture(params=MODES, ids=name_of)
def soak(tmp_path: Path, signing_key: Path, request: pytest.FixtureRequest) -> Iterator[Soak]:
    people = population(scaled(200), permissions=True)
    with soaking(tmp_path / "work", people, signing_key, **request.param) as soak:
        soak.plan()
        yield soak


def test_a_storm_ends_with_the_truth(soak: Soak, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    soak.emulator.forget()
    soak.emulator.faults(*faults(), seed=crc32(f"{SEED}:{request.node.name}".encode()))

    weathered = weather(soak, tmp_path / "state", most=20 + scaled(200))

    soak.emulator.faults()
    judge = Judge(soak=soak, run=weathered.run, journal=entries_of(tmp_path / "state", weathered.run["run"]))
    where = f"{outcomes(weathered.run)} after {len(weathered.stops)} stops: {AGAIN}"
    assert weathered.run["counts"]["applied"] > 0, where
    assert [*judge.untruths()] == [], where
    assert [*judge.losses()] == [], where
    assert [*judge.false_alarms()] == [], where
