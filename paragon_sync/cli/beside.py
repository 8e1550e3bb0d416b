"""Says something to people beside the output. Knows no command."""

from __future__ import annotations

import sys
from contextlib import suppress

import click


def say(text: str) -> None:
    """Write a line to stderr; that nobody reads it changes nothing of what is done.

    By the name that stderr has now: while progress is drawn, that keeps what is said apart from it.
    """
    with suppress(OSError):
        print(text if sys.stderr.isatty() else click.unstyle(text), file=sys.stderr, flush=True)
