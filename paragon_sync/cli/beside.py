"""Print to stdout and stderr. Everything that a command prints itself goes through here, and is printable then."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

import click

from paragon_sync.render.printable import printable_lines


def print_text(text: str = "", *, nl: bool = True, err: bool = False) -> None:
    """Write text to stdout, or with ``err`` to stderr: escape what is not printable but for line breaks."""
    click.echo(printable_lines(text), nl=nl, err=err)


def say(text: str, *, label: str = "") -> None:
    """Write a line to stderr, and escape what is not printable but for line breaks; ignore that stderr is closed.

    ``label`` precedes it, in bold red on a terminal unless NO_COLOR is set. The current ``sys.stderr`` is used: while
    progress is drawn, that keeps the line apart from it.
    """
    line = printable_lines(text)
    if label:
        is_styled = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        line = (click.style(f"{label}: ", fg="red", bold=True) if is_styled else f"{label}: ") + line
    with suppress(OSError):
        print(line, file=sys.stderr, flush=True)
