"""The formats of reports: each module of this package has one as ``FORMAT``."""

from typing import Final

from paragon_sync.model.registry import find_entries
from paragon_sync.render.format import ReportFormat, ReportFormats

FORMATS: Final = ReportFormats(find_entries(__name__, __path__, ReportFormat))
