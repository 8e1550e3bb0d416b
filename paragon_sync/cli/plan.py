"""``paragon-sync plan``: what would change, shown and saved."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from paragon_sync.cli.options import (
    allow_option,
    catalog_option,
    environment_option,
    filter_options,
    format_option,
    paths_argument,
    project_option,
    quiet_option,
    view_option,
)
from paragon_sync.cli.stored import check_plain_plan, open_plan
from paragon_sync.errors import EXIT_CHANGES, EXIT_OK, EXIT_REFUSED


@click.command()
@paths_argument
@project_option
@environment_option()
@filter_options
@catalog_option
@allow_option
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Save the plan, to be applied as it is.")
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes.")
@view_option
@quiet_option
@format_option("plan")
def plan(
    paths: tuple[Path, ...],
    project_file: Path,
    environment: str,
    users: tuple[str, ...],
    integrations: tuple[str, ...],
    catalog: str,
    allowed: Mapping[str, int],
    out: Path | None,
    detailed_exitcode: bool,  # click hands it over by name
    full: bool | None,
    quiet: bool,
    output_format: str,
) -> int:
    """Show what would change, and save it with --out.

    PATHS are manifest files or folders; without any, the Project's own patterns
    are taken. Nothing is written to the API.
    """
    from paragon_sync.cli.connect import open_environment
    from paragon_sync.cli.planning import make_plan_file, question
    from paragon_sync.cli.show import print_plan
    from paragon_sync.render.plan import View

    if out is not None:
        check_plain_plan(allowed)
    project, chosen = open_environment(project_file, environment)
    asked = question(project, chosen, paths, users, integrations, catalog, allowed)
    with tempfile.TemporaryDirectory(prefix="paragon-sync-") as folder:
        file = out or Path(folder) / "plan"
        make_plan_file(asked, file, quiet=quiet)
        with open_plan(file) as reader:
            print_plan(reader, output_format, View(full=full), saved=out, config=project_file)
            header, pending = reader.header, reader.header.counts.operations > 0
    if header.refusals or header.incomplete:
        return EXIT_REFUSED
    return EXIT_CHANGES if pending and detailed_exitcode else EXIT_OK
