"""paragon-sync: configuration as code for Paragon Connected Users. The public names are here; nothing heavy is imported."""

__version__ = "0.1.0"
