"""The command line: which commands there are, and how a command ends. Knows what no command does.

Whatever goes wrong becomes a message that says what, where and what to do, and one of the exit codes of
``errors``. The only place that catches every exception.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from typing import Final

import click

from paragon_sync import __version__
from paragon_sync.cli import signals
from paragon_sync.cli.beside import say
from paragon_sync.cli.failure import explain_internal, explain_known, explain_system, explain_usage
from paragon_sync.cli.group import CommandReference, LazyGroup
from paragon_sync.errors import (
    EXIT_ERROR,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_USAGE,
    ParagonSyncError,
    most_severe,
)

_STDERR: Final = 2

COMMANDS = {
    "validate": CommandReference(
        "paragon_sync.cli.validate:validate", "Check manifests, and report every problem with its line and column."
    ),
    "plan": CommandReference("paragon_sync.cli.plan:plan", "Show what would change, and save it with --out."),
    "apply": CommandReference("paragon_sync.cli.apply:apply", "Apply a saved plan, or manifests."),
    "rollback": CommandReference("paragon_sync.cli.rollback:rollback", "Plan what takes RUN back, and save it."),
    "runs": CommandReference("paragon_sync.cli.runs:runs", "Show what was applied, by whom and with what outcome."),
    "show": CommandReference("paragon_sync.cli.show:show", "Show the plan in FILE, secrets masked."),
    "explain": CommandReference(
        "paragon_sync.cli.explain:explain", "Tell which document, profile or rule decides each value of USER."
    ),
    "migrate": CommandReference("paragon_sync.cli.migrate:migrate", "Try migrations on the cases beside them."),
    "export": CommandReference("paragon_sync.cli.export:export", "Write users' live state as manifests."),
    "catalog": CommandReference(
        "paragon_sync.cli.catalog:catalog", "Pull or show a project's integrations, workflows and inputs."
    ),
    "token": CommandReference("paragon_sync.cli.token:token", "Print a token that acts as USER for one hour."),
    "emulator": CommandReference(
        "paragon_sync.cli.emulator:emulator", "Run a local server that answers as Paragon's API does."
    ),
}

EPILOG = (
    "Exit codes: 0 fine, 1 error, 2 changes pending, 3 operations that did not end well, 4 refused, 64 wrong usage, "
    "129 hung up, 130 interrupted, 143 terminated."
)


@click.group(
    cls=LazyGroup,
    references=COMMANDS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(__version__, prog_name="paragon-sync", message="%(prog)s %(version)s")
def paragon_sync() -> None:
    """Configuration as code for Paragon Connected Users.

    Manifests say what each user's settings, workflow enablements and metadata
    shall be; plan shows what would change; apply makes it so.
    """


def main(arguments: Sequence[str] | None = None, *, group: click.Group = paragon_sync) -> int:
    """Run one command (``arguments`` default to the process's own) and return the exit code."""
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a customer's lone surrogate must not end a run
    code = EXIT_OK
    try:
        code = _run(group, arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output went away (``| head``): end quietly
        code = most_severe(code, EXIT_ERROR)
    except OSError as error:
        explain_system(error)
        code = most_severe(code, EXIT_ERROR)
    _give_up_unwritable_output()
    return code


def _run(group: click.Group, arguments: Sequence[str] | None) -> int:
    try:
        result = group.main(args=arguments, prog_name="paragon-sync", standalone_mode=False)
    except SystemExit as exit_:  # click's own, for a broken pipe and for a shell's completion
        return exit_.code if isinstance(exit_.code, int) else EXIT_ERROR
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message())
        return EXIT_USAGE
    except click.ClickException as error:
        explain_usage(error, sys.argv[1:] if arguments is None else arguments)
        return EXIT_USAGE
    except (click.Abort, KeyboardInterrupt):
        say("Interrupted.")
        return EXIT_INTERRUPTED
    except ParagonSyncError as error:
        explain_known(error)
        return error.exit_code
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001  # the one place: no traceback ever reaches a user
        if (ended := signals.exit_code_of_raised()) is not None:
            say("Interrupted.")
            return ended
        explain_internal(error)
        return EXIT_ERROR
    return result if isinstance(result, int) else EXIT_OK


def _open_closed_streams() -> None:
    """Where the process came without one of its streams (``>&-``), what is opened next would take its number."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(number)
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (_STDERR, "stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - it stays


def _give_up_unwritable_output() -> None:
    """Keep Python from writing once more at its exit, and complaining, what can't be written."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
