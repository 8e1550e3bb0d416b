"""The entry point of the process: handles signals from its start, runs the command line, ends with its exit code."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import NoReturn

from paragon_sync.cli import signals
from paragon_sync.errors import EXIT_INTERRUPTED, Interrupted


def run() -> NoReturn:
    """Run the command that the process was called with, and end the process with its exit code.

    Everything is closed and written by then. Python would take apart what is left, object by object, and wait for the
    threads of libraries: together a tenth of a second.
    """
    try:
        signals.install()
        from paragon_sync.cli.main import main  # loading takes most of a short command's time

        code = main()
    except (KeyboardInterrupt, Interrupted) as error:  # while that was loaded, or after its end
        code = error.exit_code if isinstance(error, Interrupted) else EXIT_INTERRUPTED
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or without a reader
            stream.flush()
    os._exit(code)
