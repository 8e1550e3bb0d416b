"""A server that asks for a pause while reads are slow and a portal user saves: nothing is lost outside the window.

The emulator's logs decide which read each write rests on, and which saves were destroyed; no record of ours is asked.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.soak.bench import READ_BACK, Soak, outcomes, soaking, started
from tests.soak.population import population
from tests.soak.size import AGAIN, SEED, SIZE, scaled
from tests.soak.staleness import Staleness, passages, pauses

PAUSE_SECONDS: Final = 20 if SIZE >= 1 else 5
PAUSES: Final = scaled(4, least=1)
UNMANAGED: Final = (
    "/sharedSettings/note",
    "/sharedSettings/added",
    "/workflowSettings/*/settings/prefix",
    "/configuredWorkflows/*/settings/prefix",
    "/meta/Name",
    "/meta/seats",
)
"""Values that manifests don't name: whatever is saved there has to survive."""
READS: Final = {"methods": "GET", "fault": "latency"}
SPEEDS: Final = {
    "slow to be read": READS | {"seconds": 0.2, "tail": 1.5, "longest": 1, "when": "before"},
    "slow to be answered": READS | {"seconds": 0.2, "tail": 1.5, "longest": 1, "when": "after"},
}


@pytest.fixture
def soak(tmp_path: Path, signing_key: Path) -> Iterator[Soak]:
    with soaking(tmp_path / "work", population(scaled(200, least=40)), signing_key, apply=READ_BACK) as soak:
        soak.plan()
        yield soak


@pytest.mark.parametrize("speed", SPEEDS)
def test_a_pause_destroys_no_save_outside_the_window(soak: Soak, speed: str) -> None:
    patches = {"methods": "PATCH", "paths": "/sdk/credentials/*"}
    refusal = {"fault": "too-many-requests", "retryAfter": PAUSE_SECONDS, "times": PAUSES, "skip": 10, "every": 25}
    soak.emulator.forget()
    soak.emulator.faults(SPEEDS[speed], refusal | patches, seed=SEED)

    with soak.emulator.portal(seed=SEED, rate=80, authenticate=1, values=UNMANAGED):
        time.sleep(0.2)
        with started(("apply", "p.plan", "--format", "json"), soak.bench.folder) as command:
            run = command.end(0, 3)
        time.sleep(0.2)

    judge = Staleness.of(soak.emulator)
    where = f"{outcomes(run)}; {AGAIN}"
    assert run["counts"]["applied"] > 0, where
    assert saves_at_risk(soak) > 0, f"nothing was put to the test; {where}"
    outside = judge.lost_outside()
    assert outside == [], (
        f"{len(outside)} of {len(judge.lost_saves())} lost saves, {saves_at_risk(soak)} at risk; {where}"
    )
    stale = [f"{one.write.target}: {one.age:.3f} s" for one in judge.stale()]
    assert stale == [], f"writes that rest on an old read; {where}"


def saves_at_risk(soak: Soak) -> int:
    """Count the saves during a pause to users whom the run had read before the pause and not written yet."""
    found = passages(soak.emulator)
    writes = soak.emulator.writes()
    count = 0
    for begin, end in pauses(found, PAUSE_SECONDS):
        read = {one.user for one in found if one.method == "GET" and one.received < begin}
        written_before = {write.target for write in writes if write.who == "client" and write.committed < begin}
        written_after = {write.target for write in writes if write.who == "client" and write.committed > end}
        users = read & {target[0] for target in written_after - written_before}
        count += sum(
            write.who == "portal" and write.user in users and begin < write.committed < end for write in writes
        )
    return count
