"""2,000 simulated schedules of the real planner and applier, in every one of which the invariants hold."""

from __future__ import annotations

import pytest

from tests.simulation.examine import examine_all

_SEEDS = 2000
_CHUNK = 50


@pytest.mark.parametrize("first", range(0, _SEEDS, _CHUNK))
def test_the_invariants_hold_in_every_schedule(first: int) -> None:
    count, failed = examine_all(range(first, first + _CHUNK))

    assert failed == [], "\n\n".join(failed)
    assert count == _CHUNK
