"""A local Paragon: answers as the API does, from a fixture. Stands on ``paragon_sync.errors`` alone."""

from paragon_sync.emulator.embedded import embedded
from paragon_sync.emulator.options import Metadata, Readings, Replace
from paragon_sync.emulator.server import Emulator, running, serve

__all__ = ["Emulator", "Metadata", "Readings", "Replace", "embedded", "running", "serve"]
