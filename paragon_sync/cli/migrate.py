"""``paragon-sync migrate``: try migrations on their cases, before anything live is asked."""

from __future__ import annotations

from pathlib import Path

import click

from paragon_sync.cli.group import Group
from paragon_sync.cli.options import environment_option, paths_argument, project_option


@click.group(cls=Group)
def migrate() -> None:
    """Try migrations on the cases beside them."""


@migrate.command()
@paths_argument
@project_option
@environment_option()
def test(paths: tuple[Path, ...], project_file: Path, environment: str) -> int:
    """Try migrations on the cases that stand beside them, in NAME.cases.yaml.

    A case tells what is live, and what is to come of it. Names are taken from the
    environment's lock file: nobody is asked. PATHS are manifests, files of cases,
    or folders; without any, the Project's own patterns are taken. Ends with 1
    when a case fails, or when there is none.
    """
    from paragon_sync.cli.connect import open_environment
    from paragon_sync.manifest.files import find_files
    from paragon_sync.manifest.secrets import SecretScope
    from paragon_sync.render.rehearsal import print_rehearsed
    from paragon_sync.run.pulling import locked_catalog
    from paragon_sync.run.rehearsing import rehearse

    project, chosen = open_environment(project_file, environment)
    catalog = locked_catalog(project.folder, chosen, chosen.project)
    return print_rehearsed(rehearse(find_files(project, paths), SecretScope.of(project), catalog))
