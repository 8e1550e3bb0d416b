"""The kinds of reports: what each is made from. A format of reports writes some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeAlias

from paragon_sync.model.catalog import Catalog
from paragon_sync.model.outcome import RunHeader
from paragon_sync.render.format import ReportKind
from paragon_sync.render.plan import Plan, View
from paragon_sync.render.run import Journal, Part
from paragon_sync.render.run_summary import Held


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReport:
    """A plan. ``saved`` is the file to apply, where there is one; ``config`` the Project file to name for that."""

    kind: ClassVar[ReportKind] = "plan"
    plan: Plan
    view: View
    saved: Path | None
    config: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """What a run did, at its end. ``held`` is how the server held it up, as far as that is known."""

    kind: ClassVar[ReportKind] = "run"
    journal: Journal
    run: str
    view: View
    held: Held | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReport:
    """The whole record of a run, or a part of it."""

    kind: ClassVar[ReportKind] = "record"
    journal: Journal
    run: str
    part: Part | None
    view: View


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsReport:
    """Runs, each with how many operations have which outcome."""

    kind: ClassVar[ReportKind] = "runs"
    runs: Iterable[tuple[RunHeader, Mapping[str, int]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogReport:
    """A catalog; ``lock_text`` makes the text of its lock file."""

    kind: ClassVar[ReportKind] = "catalog"
    catalog: Catalog
    lock_text: Callable[[Catalog], str]


Report: TypeAlias = PlanReport | RunReport | RecordReport | RunsReport | CatalogReport
