"""``paragon-sync validate``: are the manifests right, before anything is asked or sent?"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from paragon_sync.cli.loop import run_async
from paragon_sync.cli.options import environment_option, paths_argument, project_option


@click.command()
@paths_argument
@project_option
@environment_option(required=False)
@click.option("--offline", is_flag=True, help="Ask nobody: take the lock file instead of pulling the catalog.")
def validate(paths: tuple[Path, ...], project_file: Path, environment: str | None, offline: bool) -> None:
    """Check manifests, and report every problem with its line and column.

    With -e, names and types are checked against that environment's catalog too.
    PATHS are manifest files or folders; without any, the Project's own patterns
    are taken.
    """
    from paragon_sync.cli.connect import open_environment
    from paragon_sync.errors import UsageError
    from paragon_sync.manifest.loader import find_files
    from paragon_sync.manifest.project import load_project
    from paragon_sync.manifest.secrets import SecretScope
    from paragon_sync.run.loading import Filters, load
    from paragon_sync.run.prepare import Question

    if environment is None:
        if offline:
            raise UsageError("--offline needs -e ENV: without an environment nothing is asked anyway")
        project = load_project(project_file)
        desired = load(find_files(project, paths), SecretScope.of(project), None, Filters())
        against = "names were not checked: that needs -e ENV"
    else:
        project, chosen = open_environment(project_file, environment)
        question = Question(
            project=project,
            environment=chosen,
            now=datetime.now(UTC),
            paths=paths,
            catalog="lock" if offline else "pull",
        )
        if offline:
            from paragon_sync.run.pulling import locked_catalog

            catalog = locked_catalog(project.folder, chosen)
            desired = load(find_files(project, paths), SecretScope.of(project), catalog, Filters())
        else:
            from paragon_sync.cli.planning import check_manifests

            desired = run_async(check_manifests(question))
        against = f"checked against the catalog of {environment}"
    desired.staging.close()
    click.echo(f"{_count(desired.documents, 'document')} in {_count(desired.files, 'file')} are right; {against}.")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
