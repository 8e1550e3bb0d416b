"""``paragon-sync show``: a saved plan, as it was shown when it was made."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TextIO

import click

from paragon_sync.cli.options import PROJECT_FILE, format_option
from paragon_sync.cli.stored import open_plan
from paragon_sync.store.planfile import PlanReader


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@format_option("text", "json")
def show(file: Path, output_format: str) -> None:
    """Show the plan in FILE, secrets masked."""
    with open_plan(file) as reader:
        print_plan(reader, output_format, saved=file)


def print_plan(
    reader: PlanReader,
    output_format: str,
    *,
    saved: Path | None,
    config: Path | None = None,
    stream: TextIO | None = None,
) -> None:
    """Print a plan to ``stream`` (stdout).

    ``saved`` is the file that a user can apply, if any, with the Project file ``config``.
    """
    if output_format == "json":
        from paragon_sync.render.plan_json import plan_json

        (stream or sys.stdout).writelines(plan_json(reader))
    else:
        from paragon_sync.render.text import print_plan as print_text

        print_text(reader, saved=saved, config=None if config == PROJECT_FILE else config, stream=stream)
