"""Makes a plan file for the commands that need one: opens the environment, prepares, plans, closes."""

from __future__ import annotations

from pathlib import Path

from paragon_sync.cli.connect import connect, endpoint_of
from paragon_sync.run.loading import Desired
from paragon_sync.run.planning import make_plan
from paragon_sync.run.prepare import Question, prepare


async def write_plan(question: Question, out: Path) -> str:
    """Write the plan to ``out``; returns its digest."""
    with endpoint_of(question.project, question.environment) as endpoint:
        async with connect(endpoint, question.project.limits) as client:
            desired, planning = await prepare(question, client)
            with desired.staging:
                return await make_plan(desired, planning, out)


async def check_manifests(question: Question) -> Desired:
    """Load and resolve against the catalog as it is now; the caller closes the staging."""
    with endpoint_of(question.project, question.environment) as endpoint:
        async with connect(endpoint, question.project.limits) as client:
            desired, _ = await prepare(question, client)
            return desired
