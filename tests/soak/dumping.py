"""The installed command, which also writes the stacks of its threads to stderr on SIGUSR1; run as a script.

Creates the file that its first argument names once the command begins; the others are the command's own.
"""

import faulthandler
import signal
import sys
from pathlib import Path

from paragon_sync.cli.entry import run

if __name__ == "__main__":
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    Path(sys.argv.pop(1)).touch()
    run()
