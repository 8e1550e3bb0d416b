"""What a format of reports has to say of itself: a registry entry writes some kinds of reports.

Loading it loads no library and no rendering: the command line asks for the names of formats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TextIO, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from paragon_sync.model.catalog import Catalog
    from paragon_sync.model.outcome import RunHeader
    from paragon_sync.render.plan import Plan, View
    from paragon_sync.render.run import Journal, Part
    from paragon_sync.render.run_summary import Held


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReport:
    """A plan. ``saved`` is the file to apply, where there is one; ``config`` the Project file to name for that."""

    plan: Plan
    view: View
    saved: Path | None
    config: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What a run did, at its end. ``held`` is how the server held it up, as far as that is known."""

    journal: Journal
    run: str
    view: View
    held: Held | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReport:
    """The whole record of a run, or a part of it."""

    journal: Journal
    run: str
    part: Part | None
    view: View


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsReport:
    """Runs, each with how many operations have which outcome."""

    runs: Iterable[tuple[RunHeader, Mapping[str, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogReport:
    """A catalog; ``lock_text`` makes the text of its lock file."""

    catalog: Catalog
    lock_text: Callable[[Catalog], str]


Report: TypeAlias = PlanReport | RunReport | RecordReport | RunsReport | CatalogReport
Write: TypeAlias = Callable[[Any, "TextIO | None"], None]
"""Writes a report of one kind to a stream; None is stdout."""

DEFAULT_NAME: Final = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFormat:
    """One format. ``writers`` are by the kind of report that they write; other kinds don't have this format.

    ``for_machines``: nothing else goes to the stream that the report goes to.
    """

    name: str
    writers: Mapping[type[Report], Write]
    for_machines: bool


class ReportFormats:
    """A registry of formats."""

    def __init__(self, formats: Iterable[ReportFormat]) -> None:
        self._by_name = {one.name: one for one in formats}

    def __getitem__(self, name: str) -> ReportFormat:
        return self._by_name[name]

    def names_for(self, kind: type[Report]) -> tuple[str, ...]:
        """Return the formats of a kind of report, the default first."""
        names = (one.name for one in self._by_name.values() if kind in one.writers)
        return tuple(sorted(names, key=lambda name: (name != DEFAULT_NAME, name)))

    def write(self, report: Report, name: str = DEFAULT_NAME, stream: TextIO | None = None) -> None:
        """Write a report in one of the formats of its kind."""
        self._by_name[name].writers[type(report)](report, stream)
