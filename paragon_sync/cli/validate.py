"""``paragon-sync validate``: are the manifests right, before anything is asked or sent?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paragon_sync.cli.beside import print_text, say
from paragon_sync.cli.loop import run_async
from paragon_sync.cli.options import environment_option, paths_argument, project_option, quiet_option
from paragon_sync.errors import UsageError

if TYPE_CHECKING:
    from paragon_sync.model.catalog import Catalog
    from paragon_sync.model.project import Environment, Project
    from paragon_sync.run.desired.loading import Desired
    from paragon_sync.run.progress import Progress


@click.command()
@paths_argument
@project_option
@environment_option(required=False)
@click.option("--offline", is_flag=True, help="Ask nobody: take the lock file instead of pulling the catalog.")
@quiet_option
def validate(paths: tuple[Path, ...], project_file: Path, environment: str | None, offline: bool, quiet: bool) -> None:
    """Check manifests, and report every problem with its line and column.

    With -e, names and types are checked against that environment's catalog too.
    PATHS are manifest files or folders; without any, the Project's own patterns
    are taken.
    """
    from paragon_sync.cli.progress import shown
    from paragon_sync.run.progress import Progress

    if environment is None and offline:
        raise UsageError("--offline needs -e ENV: without an environment nobody is asked anyway")
    progress = Progress()
    with shown(progress, quiet=quiet):
        checked, against = _checked(paths, project_file, environment, progress, offline=offline)
    for note in () if quiet else checked.notes:
        say(note)
    for roster, users in checked.rosters.items():
        print_text(f"{roster}: {_count(users, 'user')}")
    verb = "is" if checked.documents == 1 else "are"
    print_text(f"{_count(checked.documents, 'document')} in {_count(checked.files, 'file')} {verb} right; {against}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checked:
    """What was found right, and what people should know about it. ``rosters`` are users by the document's name."""

    documents: int
    files: int
    rosters: Mapping[str, int]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, desired: Desired, notes: tuple[str, ...] = ()) -> _Checked:
        return cls(documents=desired.documents, files=desired.files, rosters=desired.rosters, notes=notes)


def _checked(
    paths: Sequence[Path], project_file: Path, environment: str | None, progress: Progress, *, offline: bool
) -> tuple[_Checked, str]:
    """What was found, and what it was held against."""
    from paragon_sync.cli.connect import open_environment
    from paragon_sync.manifest.project import load_project
    from paragon_sync.run.pulling import locked_catalog

    if environment is None:
        checked = _check_offline(load_project(project_file), paths, None, progress)
        return checked, "names were not checked: that needs -e ENV"
    project, chosen = open_environment(project_file, environment)
    if offline:
        catalog = locked_catalog(project.folder, chosen, chosen.project)
        return _check_offline(project, paths, catalog, progress), f"checked against the lock file of {environment}"
    return run_async(_check(project, chosen, paths, progress)), f"checked against the catalog of {environment}"


def _check_offline(project: Project, paths: Sequence[Path], catalog: Catalog | None, progress: Progress) -> _Checked:
    from paragon_sync.catalog.resolve import Resolver
    from paragon_sync.manifest.files import find_files
    from paragon_sync.manifest.secrets import SecretScope
    from paragon_sync.run.desired.filters import Filters
    from paragon_sync.run.desired.loading import load

    resolver = None if catalog is None else Resolver(catalog)
    desired = load(find_files(project, paths), SecretScope.of(project), resolver, Filters(), progress)
    desired.staging.close()
    return _Checked.of(desired)


async def _check(project: Project, environment: Environment, paths: Sequence[Path], progress: Progress) -> _Checked:
    from paragon_sync.cli.connect import connect, endpoint_of
    from paragon_sync.cli.planning import question
    from paragon_sync.run.prepare import prepare

    with endpoint_of(project, environment) as endpoint:
        async with connect(endpoint, project.limits) as client:
            desired, planning = await prepare(replace(question(project, environment, paths), progress=progress), client)
    desired.staging.close()
    return _Checked.of(desired, planning.notes)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
