"""Reports as JSON for machines. What writes them is loaded when it is called."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, TextIO

from paragon_sync.render.format import ReportFormat

if TYPE_CHECKING:
    from paragon_sync.render.reports import CatalogReport, PlanReport, RecordReport, RunReport, RunsReport


def write_plan(report: PlanReport, stream: TextIO | None) -> None:
    """Write a plan as ``schemas/plan.schema.json`` says."""
    from paragon_sync.render.plan_json import plan_json

    _write(plan_json(report.plan, report.view.selection), stream)


def write_run(report: RunReport, stream: TextIO | None) -> None:
    """Write a run as ``schemas/run.schema.json`` says."""
    from paragon_sync.render.run_json import run_json

    _write(run_json(report.journal, report.run, held=report.held), stream)


def write_record(report: RecordReport, stream: TextIO | None) -> None:
    """Write a run or a part of it as ``schemas/run.schema.json`` says."""
    from paragon_sync.render.run_json import run_json

    _write(run_json(report.journal, report.run, report.part), stream)


def write_runs(report: RunsReport, stream: TextIO | None) -> None:
    """Write runs as ``schemas/runs.schema.json`` says."""
    from paragon_sync.render.run_json import runs_json

    _write(runs_json(report.runs), stream)


def write_catalog(report: CatalogReport, stream: TextIO | None) -> None:
    """Write a catalog as its lock file has it."""
    _write([report.lock_text(report.catalog)], stream)


def _write(parts: Iterable[str], stream: TextIO | None) -> None:
    # JSON in ASCII has one control character that it needs not escape
    (sys.stdout if stream is None else stream).writelines(part.replace("\x7f", "\\u007f") for part in parts)


FORMAT: Final = ReportFormat(
    name="json",
    writers={
        "plan": write_plan,
        "run": write_run,
        "record": write_record,
        "runs": write_runs,
        "catalog": write_catalog,
    },
    for_machines=True,
)
