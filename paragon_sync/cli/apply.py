"""``paragon-sync apply``: a saved plan as it is, or manifests after their plan was shown and confirmed."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paragon_sync.cli.loop import run_async
from paragon_sync.cli.options import (
    allow_option,
    catalog_option,
    environment_option,
    filter_options,
    format_option,
    paths_argument,
    project_option,
)
from paragon_sync.errors import EXIT_OK, ParagonSyncError, UsageError

if TYPE_CHECKING:
    from paragon_sync.model.project import Environment, Project
    from paragon_sync.store.planfile import PlanReader


@click.command()
@paths_argument
@project_option
@environment_option()
@filter_options
@catalog_option
@allow_option
@click.option("--yes", is_flag=True, help="Don't ask before applying manifests.")
@click.option("--digest", metavar="HEX", help="Apply only if the plan file has this digest, or one that starts so.")
@format_option("text", "json")
def apply(
    paths: tuple[Path, ...],
    project_file: Path,
    environment: str,
    users: tuple[str, ...],
    integrations: tuple[str, ...],
    catalog: str,
    allowed: Mapping[str, int],
    yes: bool,
    digest: str | None,
    output_format: str,
) -> int:
    """Apply a saved plan, or manifests.

    A single plan FILE, saved by "plan --out FILE", is applied as it is. PATHS are
    manifest files or folders (without any, the Project's own patterns): their
    plan is made and shown first, and applied once you say yes.
    """
    from paragon_sync.cli.connect import open_environment
    from paragon_sync.store.planfile import PlanReader, is_plan

    project, chosen = open_environment(project_file, environment)
    if len(paths) == 1 and is_plan(paths[0]):
        if users or integrations:
            raise UsageError("a saved plan is applied whole", hint="give --user and --integration to plan")
        with PlanReader(paths[0]) as reader:
            _check_digest(reader, digest)
            return _run(reader, project, chosen, allowed, output_format)
    if digest is not None:
        raise UsageError("--digest goes with a saved plan", hint="paragon-sync plan --out FILE saves one")

    from paragon_sync.cli.planning import write_plan
    from paragon_sync.run.loading import Filters
    from paragon_sync.run.prepare import Question

    question = Question(
        project=project,
        environment=chosen,
        now=datetime.now(UTC),
        paths=paths,
        filters=Filters(users=users, integrations=integrations),
        catalog="lock" if catalog == "lock" else "pull",
        allowed=allowed,
    )
    with tempfile.TemporaryDirectory(prefix="paragon-sync-") as folder:
        file = Path(folder) / "plan"
        run_async(write_plan(question, file))
        with PlanReader(file) as reader:
            return _confirm_and_run(reader, project, chosen, allowed, output_format, yes=yes)


def _confirm_and_run(
    reader: PlanReader,
    project: Project,
    environment: Environment,
    allowed: Mapping[str, int],
    output_format: str,
    *,
    yes: bool,
) -> int:
    from paragon_sync.cli.show import print_plan
    from paragon_sync.run.applying import check_allowed

    if output_format == "text" or not yes:
        print_plan(reader, "text", saved=None)
    check_allowed(reader.header, allowed)
    if reader.count == 0:
        return EXIT_OK
    if output_format == "text" or not yes:
        click.echo()
    if not yes:
        _ask(environment.name)
    return _run(reader, project, environment, allowed, output_format)


def _ask(environment: str) -> None:
    if not sys.stdin.isatty():
        raise ParagonSyncError(
            "nothing was applied: there is no terminal to ask on",
            hint="--yes applies without asking; in CI, save a plan, have it reviewed, and apply that file",
        )
    if click.prompt(f'Apply this to {environment}? Type "yes"', default="no", show_default=False) != "yes":
        raise ParagonSyncError("nothing was applied: you did not say yes")


def _check_digest(reader: PlanReader, digest: str | None) -> None:
    if digest is not None and not (digest and reader.digest.startswith(digest.lower())):
        raise ParagonSyncError(
            f"the plan's digest is {reader.digest[:16]}…, not {digest}",
            hint="this is not the plan that was reviewed: make it again, and have that one reviewed",
        )


def _run(
    reader: PlanReader,
    project: Project,
    environment: Environment,
    allowed: Mapping[str, int],
    output_format: str,
) -> int:
    from paragon_sync.cli.applying import run_plan
    from paragon_sync.render.outcomes import print_run
    from paragon_sync.store.state import StateStore

    location = project.state if "://" in project.state else project.folder / project.state
    with StateStore.open(location) as store:
        run = run_async(run_plan(reader, store, project, environment, allowed))
        return print_run(store, run, reader, output_format)
