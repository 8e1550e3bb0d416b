"""The installed command, which also writes the stacks of its threads to stderr on SIGUSR1; run as a script."""

import faulthandler
import signal

from paragon_sync.cli.entry import run

if __name__ == "__main__":
    faulthandler.register(signal.SIGUSR1, all_threads=True)
    run()
