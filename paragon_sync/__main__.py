"""``python -m paragon_sync``: the command line, where its script isn't on the path."""

import sys

from paragon_sync.cli.main import main

sys.exit(main())
