"""Simulated schedules of the real planner and applier, in every one of which the invariants hold.

These are the first of the 2,000 that ``make simulate`` plays.
"""

from __future__ import annotations

import pytest

from tests.simulation.examine import examine_all

_SEEDS = 200
_CHUNK = 20


@pytest.mark.parametrize("first", range(0, _SEEDS, _CHUNK))
def test_the_invariants_hold_in_every_schedule(first: int) -> None:
    count, failed = examine_all(range(first, first + _CHUNK))

    assert failed == [], "\n\n".join(failed)
    assert count == _CHUNK
