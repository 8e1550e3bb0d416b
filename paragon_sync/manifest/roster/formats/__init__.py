"""The formats of rosters beside the list in the manifest itself: each module of this package has one as ``FORMAT``."""

from typing import Final

from paragon_sync.manifest.roster.format import RosterFormat, RosterFormats
from paragon_sync.model.registry import find_entries

FORMATS: Final = RosterFormats(find_entries(__name__, __path__, RosterFormat))
