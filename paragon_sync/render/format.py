"""What a format of reports has to say of itself: a registry entry writes some kinds of reports.

Loading it loads no library and no rendering: the command line asks for the names of formats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO, TypeAlias

if TYPE_CHECKING:
    from paragon_sync.render.reports import Report

ReportKind: TypeAlias = Literal["plan", "run", "record", "runs", "catalog"]
"""The kinds of reports; ``render.reports`` has a class for each."""
Write: TypeAlias = Callable[[Any, "TextIO | None"], None]
"""Writes a report of one kind to a stream; None is stdout."""

DEFAULT_NAME: Final = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFormat:
    """One format. ``writers`` are by the kind of report that they write; other kinds don't have this format.

    ``for_machines``: nothing else goes to the stream that the report goes to.
    """

    name: str
    writers: Mapping[ReportKind, Write]
    for_machines: bool


class ReportFormats:
    """A registry of formats."""

    def __init__(self, formats: Iterable[ReportFormat]) -> None:
        self._by_name = {one.name: one for one in formats}

    def __getitem__(self, name: str) -> ReportFormat:
        return self._by_name[name]

    def names_for(self, kind: ReportKind) -> tuple[str, ...]:
        """Return the formats of a kind of report, the default first."""
        names = (one.name for one in self._by_name.values() if kind in one.writers)
        return tuple(sorted(names, key=lambda name: (name != DEFAULT_NAME, name)))

    def write(self, report: Report, name: str = DEFAULT_NAME, stream: TextIO | None = None) -> None:
        """Write a report in one of the formats of its kind."""
        self._by_name[name].writers[report.kind](report, stream)
