"""The command ``emulator``: a local Paragon for tests and first tries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from paragon_sync.cli.beside import print_text
from paragon_sync.cli.options import NamedPath

if TYPE_CHECKING:
    from paragon_sync.emulator import Emulator, Metadata, Replace


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Port on 127.0.0.1; 0 picks one.")
@click.option(
    "--fixture",
    type=NamedPath(dash=False, dir_okay=False),
    metavar="FILE",
    help="Project, integrations and users to start with, YAML or JSON.  [default: an empty project]",
)
@click.option(
    "--replace",
    type=click.Choice(["section", "whole", "by-header"]),
    default="section",
    show_default=True,
    help="What a PATCH of a credential replaces: each section it names, all of config, or sections only when it "
    "names a configuration in its header.",
)
@click.option(
    "--metadata",
    type=click.Choice(["merge", "replace"]),
    default="merge",
    show_default=True,
    help="Whether a PATCH of metadata keeps the keys it does not name.",
)
@click.option(
    "--patch-subscribes",
    type=click.Choice(["yes", "no"]),
    default="no",
    show_default=True,
    help="Whether enabling a workflow by a PATCH also subscribes its triggers.",
)
@click.option(
    "--faults",
    type=NamedPath(dash=False, dir_okay=False),
    metavar="FILE",
    help="What goes wrong on purpose, YAML or JSON: docs/emulator.md lists the faults.",
)
@click.option(
    "--remember",
    type=click.IntRange(min=1),
    default=20_000,
    show_default=True,
    metavar="N",
    help="How many requests and how many writes it can tell about.",
)
@click.option(
    "--admin-host",
    "admin_hosts",
    multiple=True,
    metavar="NAME",
    help="Serve /__emulator for this Host, too, such as a container's name. Can be given several times.",
)
@click.option(
    "--ready-file",
    type=NamedPath(dash=False, dir_okay=False),
    metavar="FILE",
    help="Written once the server answers: JSON with url, project and signing_key, the path of a PEM file.",
)
def emulator(
    *,
    port: int,
    fixture: Path | None,
    replace: str,
    metadata: str,
    patch_subscribes: str,
    faults: Path | None,
    remember: int,
    admin_hosts: tuple[str, ...],
    ready_file: Path | None,
) -> None:
    """Run a local server that answers as Paragon's API does.

    It holds the users of a fixture in memory, verifies user tokens against its own signing key, and stops at
    Ctrl-C. What it served, what was written and what it holds: /__emulator/requests, /__emulator/writes,
    /__emulator/users/ID.
    """
    from paragon_sync.emulator import serve

    serve(
        fixture,
        port=port,
        replace=cast("Replace", replace),
        metadata=cast("Metadata", metadata),
        patch_subscribes=patch_subscribes == "yes",
        faults=faults,
        remember=remember,
        admin_hosts=admin_hosts,
        ready_file=ready_file,
        announce=_announce,
    )


def _announce(running: Emulator) -> None:
    print_text(f"Emulator of project {running.project}")
    print_text(f"  API          {running.url}")
    print_text(f"  signing key  {running.signing_key}")
    print_text("Stop it with Ctrl-C.")
