"""``paragon-sync show``: a saved plan, as it was shown when it was made, or what of it is about some users."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import click

from paragon_sync.cli.options import PROJECT_FILE, filter_options, format_option, view_option
from paragon_sync.cli.stored import open_plan
from paragon_sync.model.planned import FindingKind
from paragon_sync.render.formats import FORMATS
from paragon_sync.render.plan import WHOLE, View
from paragon_sync.render.reports import PlanReport
from paragon_sync.store.planfile import PlanReader
from paragon_sync.store.selection import Selection


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@filter_options
@click.option(
    "--finding",
    "kinds",
    metavar="KIND",
    multiple=True,
    type=click.Choice([kind.value for kind in FindingKind]),
    help="Only findings of this kind, such as notConnected, and no changes. Can be given several times.",
)
@view_option
@format_option("plan")
def show(
    file: Path,
    users: tuple[str, ...],
    integrations: tuple[str, ...],
    kinds: tuple[str, ...],
    full: bool | None,
    output_format: str,
) -> None:
    """Show the plan in FILE, secrets masked.

    With filters, only what is about them is read and shown. Users who are as
    declared are counted in a plan, and not named.
    """
    selection = Selection(users=users, integrations=integrations, kinds=tuple(map(FindingKind, kinds)))
    with open_plan(file) as reader:
        print_plan(reader, output_format, View(selection=selection, full=full), saved=file)


def print_plan(
    reader: PlanReader,
    output_format: str,
    view: View = WHOLE,
    *,
    saved: Path | None,
    config: Path | None = None,
    stream: TextIO | None = None,
) -> None:
    """Print a plan in one of its formats to ``stream`` (stdout).

    ``saved`` is the file that a user can apply, if any, with the Project file ``config``.
    """
    report = PlanReport(plan=reader, view=view, saved=saved, config=None if config == PROJECT_FILE else config)
    FORMATS.write(report, output_format, stream)
