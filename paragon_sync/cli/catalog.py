"""``paragon-sync catalog``: what a project offers, pulled into the lock file or shown."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paragon_sync.cli.beside import print_text
from paragon_sync.cli.group import Group
from paragon_sync.cli.loop import run_async
from paragon_sync.cli.options import environment_option, format_option, project_option

if TYPE_CHECKING:
    from paragon_sync.model.catalog import Catalog
    from paragon_sync.model.project import Environment, Project


@click.group(cls=Group)
def catalog() -> None:
    """Pull or show a project's integrations, workflows and inputs."""


@catalog.command()
@project_option
@environment_option()
def pull(project_file: Path, environment: str) -> None:
    """Ask the API and write the lock file catalog.ENV.lock.json.

    Commit it: plan refuses when an entry that it uses is no longer as locked.
    """
    from paragon_sync.catalog.lock import differences, lock_path, read_lock, write_lock
    from paragon_sync.cli.connect import open_environment
    from paragon_sync.render.catalog import summary

    project, chosen = open_environment(project_file, environment)
    path = lock_path(project.folder, chosen.name)
    before = read_lock(path)
    pulled = run_async(_pull(project, chosen))
    changed = [] if before is None else differences(before, pulled, {*before.integrations, *pulled.integrations})
    write_lock(path, pulled)
    for line in changed:
        print_text(f"  {line}")
    print_text(f"{path}: {summary(pulled)}")


@catalog.command()
@project_option
@environment_option()
@click.option("--live", is_flag=True, help="Ask the API instead of reading the lock file.")
@click.option(
    "--integration", "integrations", metavar="TYPE", multiple=True, help="Only this integration, by its type."
)
@format_option("catalog")
def show(
    project_file: Path,
    environment: str,
    live: bool,  # click hands it over by name
    integrations: tuple[str, ...],
    output_format: str,
) -> None:
    """Show titles, ids and types, from the lock file where there is one."""
    from paragon_sync.catalog.lock import lock_path, lock_text, read_lock
    from paragon_sync.cli.connect import open_environment
    from paragon_sync.errors import UsageError
    from paragon_sync.render.formats import FORMATS
    from paragon_sync.render.reports import CatalogReport

    project, chosen = open_environment(project_file, environment)
    found = None if live else read_lock(lock_path(project.folder, chosen.name))
    whole = found or run_async(_pull(project, chosen))
    for kind in integrations:
        if kind not in whole.integrations:
            raise UsageError(f'no integration "{kind}"', hint=f"there are {', '.join(whole.integrations)}")
    shown = whole.only(integrations)
    FORMATS.write(CatalogReport(catalog=shown, lock_text=lock_text), output_format)


async def _pull(project: Project, environment: Environment) -> Catalog:
    from paragon_sync.cli.connect import connect, endpoint_of
    from paragon_sync.run.pulling import pull_catalog

    with endpoint_of(project, environment) as endpoint:
        async with connect(endpoint, project.limits) as client:
            return await pull_catalog(client, environment, environment.catalog_users, datetime.now(UTC))
