"""Says something to people beside the output. Knows no command."""

from __future__ import annotations

from contextlib import suppress

import click


def say(text: str) -> None:
    """Write a line to stderr; that nobody reads it changes nothing of what is done."""
    with suppress(OSError):
        click.echo(text, err=True)
