"""``paragon-sync validate``: are the manifests right, before anything is asked or sent?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paragon_sync.cli.loop import run_async
from paragon_sync.cli.options import environment_option, paths_argument, project_option
from paragon_sync.errors import UsageError

if TYPE_CHECKING:
    from paragon_sync.model.catalog import Catalog
    from paragon_sync.model.project import Environment, Project


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
    from paragon_sync.manifest.project import load_project

    if environment is None:
        if offline:
            raise UsageError("--offline needs -e ENV: without an environment nobody is asked anyway")
        checked = _check_offline(load_project(project_file), paths, None)
        against = "names were not checked: that needs -e ENV"
    else:
        from paragon_sync.cli.connect import open_environment
        from paragon_sync.run.pulling import locked_catalog

        project, chosen = open_environment(project_file, environment)
        if offline:
            checked = _check_offline(project, paths, locked_catalog(project.folder, chosen, chosen.project))
            against = f"checked against the lock file of {environment}"
        else:
            checked = run_async(_check(project, chosen, paths))
            against = f"checked against the catalog of {environment}"
    for note in checked.notes:
        click.echo(note, err=True)
    verb = "is" if checked.documents == 1 else "are"
    click.echo(f"{_count(checked.documents, 'document')} in {_count(checked.files, 'file')} {verb} right; {against}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """What was found right, and what people should know about it."""

    documents: int
    files: int
    notes: tuple[str, ...] = ()


def _check_offline(project: Project, paths: Sequence[Path], catalog: Catalog | None) -> _Checked:
    from paragon_sync.catalog.resolve import Resolver
    from paragon_sync.manifest.loader import find_files
    from paragon_sync.manifest.secrets import SecretScope
    from paragon_sync.run.filters import Filters
    from paragon_sync.run.loading import load

    resolver = None if catalog is None else Resolver(catalog)
    desired = load(find_files(project, paths), SecretScope.of(project), resolver, Filters())
    desired.staging.close()
    return _Checked(documents=desired.documents, files=desired.files)


async def _check(project: Project, environment: Environment, paths: Sequence[Path]) -> _Checked:
    from paragon_sync.cli.connect import connect, endpoint_of
    from paragon_sync.cli.planning import question
    from paragon_sync.run.prepare import prepare

    with endpoint_of(project, environment) as endpoint:
        async with connect(endpoint, project.limits) as client:
            desired, planning = await prepare(question(project, environment, paths), client)
    desired.staging.close()
    return _Checked(documents=desired.documents, files=desired.files, notes=planning.notes)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
