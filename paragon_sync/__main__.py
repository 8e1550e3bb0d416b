"""``python -m paragon_sync``: the command line, where its script isn't on the path."""

from paragon_sync.cli.entry import run

run()
