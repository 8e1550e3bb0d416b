"""The entry point of the process: handles signals from its start, runs the command line, ends with its exit code."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import Final, NoReturn

from paragon_sync.cli import signals
from paragon_sync.errors import EXIT_INTERRUPTED, Interrupted

_GC_THRESHOLD: Final = 50_000  # allocations; objects of a user are freed by reference counting, collections find none


def run() -> NoReturn:
    """Run the command that the process was called with, and end the process with its exit code.

    Everything is closed and written by then. Python would take apart what is left, object by object, and wait for the
    threads of libraries: together a tenth of a second.
    """
    gc.set_threshold(_GC_THRESHOLD)
    try:
        signals.install()
        from paragon_sync.cli.main import main  # loading takes most of a short command's time

        code = main()
    except (KeyboardInterrupt, Interrupted) as error:  # while that was loaded, or after its end
        code = error.exit_code if isinstance(error, Interrupted) else EXIT_INTERRUPTED
    except Exception:
        ended = signals.exit_code_of_raised()
        if ended is None:
            raise
        code = ended
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed, or without a reader
            stream.flush()
    os._exit(code)
