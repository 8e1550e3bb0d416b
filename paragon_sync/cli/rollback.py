"""``paragon-sync rollback``: the plan that takes a run back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paragon_sync.cli.loop import run_async
from paragon_sync.cli.options import (
    allow_option,
    environment_option,
    format_option,
    project_option,
    quiet_option,
    view_option,
)
from paragon_sync.cli.stored import check_plain_plan, open_plan, open_state, plan_key
from paragon_sync.errors import EXIT_OK, EXIT_REFUSED

if TYPE_CHECKING:
    from paragon_sync.model.outcome import RunHeader
    from paragon_sync.model.project import Environment, Project
    from paragon_sync.run.progress import Progress
    from paragon_sync.store.state import StateStore


@click.command()
@click.argument("run", metavar="RUN")
@project_option
@environment_option()
@allow_option
@click.option(
    "--out",
    metavar="FILE",
    required=True,
    type=click.Path(path_type=Path),
    help="Save the plan there, to be reviewed and applied.",
)
@view_option
@quiet_option
@format_option("plan")
def rollback(
    run: str,
    project_file: Path,
    environment: str,
    allowed: Mapping[str, int],
    out: Path,
    full: bool | None,
    quiet: bool,
    output_format: str,
) -> int:
    """Plan what takes RUN back, and save it.

    Where live still holds what the run wrote, what was there before goes back.
    What somebody has changed since stays, and so does what the API can't take
    back: both are told. RUN is an id as "runs list" shows it, the beginning of
    one, or "last". Nothing is written to the API.
    """
    from paragon_sync.cli.connect import open_environment
    from paragon_sync.cli.progress import shown
    from paragon_sync.cli.runs import find_run
    from paragon_sync.cli.show import print_plan
    from paragon_sync.render.plan import View
    from paragon_sync.run.progress import Progress

    check_plain_plan(allowed)
    project, chosen = open_environment(project_file, environment)
    with open_state(project) as store:
        found, progress = find_run(store, run, environment), Progress()
        with shown(progress, quiet=quiet):
            run_async(_write_rollback(project, chosen, store, found, out, progress))
    with open_plan(out) as reader:
        print_plan(reader, output_format, View(full=full), saved=out, config=project_file)
        return EXIT_REFUSED if reader.header.incomplete else EXIT_OK


async def _write_rollback(
    project: Project, environment: Environment, store: StateStore, run: RunHeader, out: Path, progress: Progress
) -> None:
    from paragon_sync.cli.connect import connect, endpoint_of
    from paragon_sync.run.pulling import catalog_for_names
    from paragon_sync.run.rolling_back import RollingBack, plan_rollback
    from paragon_sync.store.planfile import PlanWriter

    now = datetime.now(UTC)
    with endpoint_of(project, environment) as endpoint:
        async with connect(endpoint, project.limits) as client:
            progress.pace = lambda: client.pace
            rolling = RollingBack(
                store=store,
                run=run,
                client=client,
                host=environment.host,
                catalog=await catalog_for_names(client, project.folder, environment, now),
                policy=project.policy,
                concurrency=project.limits.concurrency,
                now=now,
                enablement=project.enablement,
                progress=progress,
            )
            with PlanWriter(out, plan_key()) as writer:
                await plan_rollback(rolling, writer)
