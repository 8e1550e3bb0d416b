"""The generator finds faults: with one protection switched off, a schedule breaks an invariant within 2,000 seeds."""

from __future__ import annotations

import pytest

from tests.simulation.examine import examine
from tests.simulation.process import Switches

_MOST_SEEDS = 2000

FAULTS = {
    "stale writes": (Switches(fresh_reads=False), "destroyed"),
    "two appliers": (Switches(fence=False), "fence"),
    "a rewritten record": (Switches(fence=False), "record rewritten"),
    "reads that lag behind writes": (Switches(repeated_read_back=False), "untrue outcome"),
}


@pytest.mark.parametrize(("switches", "kind"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found(switches: Switches, kind: str) -> None:
    verdicts = (examine(seed, switches) for seed in range(_MOST_SEEDS))
    found = next((verdict for verdict in verdicts if kind in verdict.kinds), None)

    assert found is not None, f"{_MOST_SEEDS} seeds, and none shows {kind}"
    assert f"python -m tests.simulation --seed {found.seed}{switches.as_options()}" in found.text
    assert not examine(found.seed).kinds, "with all protections on the same schedule is in order"
