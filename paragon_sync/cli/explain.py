"""``paragon-sync explain``: which document decides each value of one user, and why there is or isn't a change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paragon_sync.cli.loop import run_async
from paragon_sync.cli.options import catalog_option, environment_option, project_option

if TYPE_CHECKING:
    from paragon_sync.run.explaining import Explained


@click.command()
@click.argument("user", metavar="USER")
@click.argument("pointer", metavar="[POINTER]", required=False)
@project_option
@environment_option()
@catalog_option
def explain(user: str, pointer: str | None, project_file: Path, environment: str, catalog: str) -> int:
    """Tell which document, profile or rule decides each value of USER.

    POINTER narrows it to what lies under it, such as /sharedSettings/channel,
    or to the values of that name. Documents that are only about other users are
    not read.
    """
    from paragon_sync.render.explain import print_explained

    explained = run_async(_explain(project_file, environment, user, catalog))
    return print_explained(explained, pointer)


async def _explain(project_file: Path, environment: str, user: str, catalog: str) -> Explained:
    from paragon_sync.cli.connect import connect, endpoint_of, open_environment
    from paragon_sync.cli.planning import question
    from paragon_sync.run.desired.filters import Filters
    from paragon_sync.run.explaining import explain_user
    from paragon_sync.run.prepare import prepare

    project, chosen = open_environment(project_file, environment)
    with endpoint_of(project, chosen) as endpoint:
        async with connect(endpoint, project.limits) as client:
            asked = question(project, chosen, catalog=catalog)
            about = Filters(only=frozenset({user}), checks_all=False)  # no plan is written
            desired, planning = await prepare(replace(asked, filters=about), client)
            with desired.staging:
                return await explain_user(desired, planning, user)
