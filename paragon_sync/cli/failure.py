"""How a failure is told: what happened and where, then what to do, indented. Knows no command.

Everything goes to stderr. An exception that nobody foresaw is named by its type and place alone, because
its text may hold a customer's value or a secret.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from pathlib import Path
from textwrap import indent

import click

from paragon_sync.cli.beside import say
from paragon_sync.cli.elsewhere import instead_of
from paragon_sync.errors import ManifestError, ParagonSyncError

DEBUG_VARIABLE = "PARAGON_SYNC_DEBUG"

_PACKAGE = Path(__file__).parent.parent


def explain_known(error: ParagonSyncError) -> None:
    """Tell one of our own errors; manifests' problems each with its position and hint."""
    if isinstance(error, ManifestError):
        for problem in error.problems:
            _tell(str(problem), problem.hint)
    else:
        _tell(error.message, error.hint, label="error")


def explain_usage(error: click.ClickException, arguments: Sequence[str]) -> None:
    """Tell a command line, of these arguments, that can't be understood, with what was probably meant."""
    message = error.message if hasattr(error, "possibilities") else error.format_message()
    hints: list[str] = []
    if possibilities := getattr(error, "possibilities", None):
        hints.append(f"did you mean {_either(possibilities)}?")
    if isinstance(error, click.NoSuchOption) and error.ctx is not None:
        hints += instead_of(error.option_name, error.ctx.command, arguments)
    if isinstance(error, click.UsageError) and error.ctx is not None:
        hints.append(f"{error.ctx.command_path} --help shows how it is used")
    _tell(_as_clause(message), "\n".join(hints), label="error")


def explain_system(error: OSError) -> None:
    """Tell what the operating system refused, such as a full disk."""
    where = f": {error.filename}" if error.filename else ""
    _tell(f"{error.strerror or error}{where}", None, label="error")


def explain_internal(error: Exception) -> None:
    """Tell an exception that nobody foresaw; its traceback only where the user asked for it."""
    if os.environ.get(DEBUG_VARIABLE):
        say("".join(traceback.format_exception(error)).rstrip("\n"))
    _tell(
        f"{type(error).__name__} at {_place(error)}",
        "this is a fault of paragon-sync, please report it\n"
        f"{DEBUG_VARIABLE}=1 shows the traceback, which may hold values: read it before you share it",
        label="internal error",
    )


def _tell(message: str, hint: str | None, *, label: str = "") -> None:
    say(message, label=label)
    if hint:
        say(indent(hint, "    "))


def _either(names: Sequence[str]) -> str:
    return " or ".join(f'"{name}"' for name in names)


def _as_clause(message: str) -> str:
    """Click's sentences in the form of ours: no capital, no full stop."""
    return message[:1].lower() + message[1:].rstrip(".")


def _place(error: Exception) -> str:
    """The deepest line of our own on the way to the error."""
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(_PACKAGE)
    ]
    last = frames[-1]
    return f"{Path(last.filename).relative_to(_PACKAGE.parent)}:{last.lineno}"
