"""paragon-sync: configuration as code for Paragon Connected Users. Imports nothing, so that ``--version`` is quick."""

__version__ = "0.1.0"
