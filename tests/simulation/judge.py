"""What must hold, whatever happens: judged from the server's own history, never from the tool's records.

The records are read for one purpose: what a run says of an operation must be what the history says.
"""

from __future__ import annotations

from tests.simulation.case import Case, Violation
from tests.simulation.ending import Ending
from tests.simulation.outcomes import Outcomes
from tests.simulation.world import World
from tests.simulation.writes import Writes


def judge(world: World) -> list[Violation]:
    """Return everything in a schedule that must not be, in the order of time."""
    case = Case(world)
    writes, ending = Writes(case), Ending(case)
    found = [Violation(kind="trouble", text=problem, at=world.loop.now) for problem in world.problems]
    found += writes.writes()
    found += writes.fences()
    found += Outcomes(case).outcomes()
    found += ending.resume()
    found += ending.rollback()
    return sorted(found, key=lambda violation: violation.at)
