"""A local Paragon: answers as the API does, from a fixture. Stands on ``paragon_sync.errors`` alone."""

from paragon_sync.emulator.embedded import embedded
from paragon_sync.emulator.emulator import Emulator
from paragon_sync.emulator.options import Metadata, Readings, Replace
from paragon_sync.emulator.server import running, serve
from paragon_sync.emulator.writes import Destroyed, Write

__all__ = ["Destroyed", "Emulator", "Metadata", "Readings", "Replace", "Write", "embedded", "running", "serve"]
