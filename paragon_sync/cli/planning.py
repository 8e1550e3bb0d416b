"""Makes a plan file for the commands that need one: opens the environment, prepares, plans, closes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from paragon_sync.cli.connect import connect, endpoint_of
from paragon_sync.cli.loop import run_async
from paragon_sync.cli.progress import shown
from paragon_sync.cli.stored import plan_key
from paragon_sync.manifest.files import find_files
from paragon_sync.model.project import Environment, Project
from paragon_sync.run.desired.filters import Filters
from paragon_sync.run.question import Question


def question(
    project: Project,
    environment: Environment,
    paths: Sequence[Path] = (),
    users: tuple[str, ...] = (),
    integrations: tuple[str, ...] = (),
    catalog: str = "pull",
    allowed: Mapping[str, int] | None = None,
    only: frozenset[str] | None = None,
) -> Question:
    """What was asked on the command line, as of now. ``paths`` replace the Project's patterns where any are given."""
    return Question(
        project=project,
        environment=environment,
        now=datetime.now(UTC),
        files=find_files(project, paths),
        filters=Filters(users=users, integrations=integrations, only=only),
        catalog="lock" if catalog == "lock" else "pull",
        allowed=allowed,
    )


def make_plan_file(asked: Question, out: Path, *, quiet: bool) -> None:
    """Write the plan to ``out``, encrypted where there is a key, and show how far that is."""
    with shown(asked.progress, quiet=quiet):
        run_async(write_plan(asked, out))


async def write_plan(asked: Question, out: Path) -> None:
    """The same inside a loop that runs already, and shown nowhere."""
    with endpoint_of(asked.project, asked.environment) as endpoint:
        async with connect(endpoint, asked.project.limits) as client:
            asked.progress.pace = lambda: client.pace
            from paragon_sync.run.planning import make_plan
            from paragon_sync.run.prepare import prepare

            desired, planning = await prepare(asked, client)
            with desired.staging:
                await make_plan(desired, planning, out, plan_key())
