"""``paragon-sync export``: live users as manifests, so that nobody writes the first one by hand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paragon_sync.cli.beside import print_text, say
from paragon_sync.cli.loop import run_async
from paragon_sync.cli.options import environment_option, project_option
from paragon_sync.errors import EXIT_ERROR, EXIT_OK, UsageError
from paragon_sync.part_file import PartFile, remove_leftovers

if TYPE_CHECKING:
    from paragon_sync.run.exporting import Exported


@click.command()
@project_option
@environment_option()
@click.option(
    "--user", "users", metavar="USER", multiple=True, required=True, help="A user's id. Can be given several times."
)
@click.option("--exact", is_flag=True, help="Write exact: true, so that what is not named would be removed.")
@click.option(
    "--out", metavar="FOLDER", type=click.Path(path_type=Path), help="Write one file for each user instead of printing."
)
@click.option("--overwrite", is_flag=True, help="Replace files that are there already.")
def export(
    project_file: Path,
    environment: str,
    users: tuple[str, ...],
    exact: bool,  # click hands it over by name
    out: Path | None,
    overwrite: bool,
) -> int:
    """Write users' live state as manifests.

    Planned again, they change nothing. Secrets, and values that YAML can't carry
    exactly, are never written: they stand by name under "keep".
    """
    from paragon_sync.manifest.writer import write_user

    users = tuple(dict.fromkeys(users))
    files = _files(out, users, overwrite=overwrite) if out else {}
    for folder in {path.resolve().parent for path in files.values()}:
        remove_leftovers(folder)
    found = run_async(_export(project_file, environment, users, exact=exact))
    for user, exported in zip(users, found, strict=True):
        if exported is None:
            say(f"{user}: no connected account, so there is nothing to export (is the id right?)")
            continue
        text = write_user(exported.document)
        if user in files:
            _write(files[user], text)
            print_text(str(files[user]))
        else:
            print_text(text if len(users) == 1 else f"---\n{text}", nl=False)
        for line in exported.left_out:
            say(f"{user}: not written: {line}")
    return EXIT_ERROR if None in found else EXIT_OK


def _write(path: Path, text: str) -> None:
    """Write a file in one step: what reads it sees the former text or the new one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path = path.resolve()  # what a link names is replaced, not the link
    with PartFile(path, mode=0o666) as part:
        part.write(text.encode())
        if path.exists():
            part.path.chmod(path.stat().st_mode)
        part.publish()


async def _export(project_file: Path, environment: str, users: Sequence[str], *, exact: bool) -> list[Exported | None]:
    import asyncio

    from paragon_sync.cli.connect import connect, endpoint_of, open_environment
    from paragon_sync.run.exporting import export_user
    from paragon_sync.run.pulling import pull_catalog

    project, chosen = open_environment(project_file, environment)
    with endpoint_of(project, chosen) as endpoint:
        async with connect(endpoint, project.limits) as client:
            catalog = await pull_catalog(client, chosen, chosen.catalog_users or users, datetime.now(UTC))
            return await asyncio.gather(*(export_user(client, user, catalog, exact=exact) for user in users))


def _files(folder: Path, users: Sequence[str], *, overwrite: bool) -> dict[str, Path]:
    """A file for each user, named after it; two users never share one, and none is replaced unasked."""
    files: dict[str, Path] = {}
    for user in users:
        name = re.sub(r"[^\w.@+-]", "_", user).lstrip(".") or "user"
        path = folder / f"{name}.yaml"
        if path in files.values():
            raise UsageError(f"{user} would share the file {path} with another user", hint="export it on its own")
        if path.exists() and not overwrite:
            raise UsageError(f"{path} is there already", hint="--overwrite replaces it")
        files[user] = path
    return files
