"""Everything that can go wrong on purpose. Stands around the routes; the routes don't know of it."""

from paragon_sync.emulator.faults.chance import Faults
from paragon_sync.emulator.faults.middleware import CUT, FaultMiddleware
from paragon_sync.emulator.faults.reading import Faultiness, parse_faults, read_faults, to_json

__all__ = ["CUT", "FaultMiddleware", "Faultiness", "Faults", "parse_faults", "read_faults", "to_json"]
