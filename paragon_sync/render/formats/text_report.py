"""Reports as text for people. What writes them is loaded when it is called: Rich takes a tenth of a second."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TextIO

from paragon_sync.render.format import DEFAULT_NAME, ReportFormat

if TYPE_CHECKING:
    from paragon_sync.render.reports import CatalogReport, PlanReport, RecordReport, RunReport, RunsReport


def write_plan(report: PlanReport, stream: TextIO | None) -> None:
    """Write a plan, user by user or grouped."""
    from paragon_sync.render.text import print_plan

    print_plan(report.plan, report.view, saved=report.saved, config=report.config, stream=stream)


def write_run(report: RunReport, stream: TextIO | None) -> None:
    """Write what needs a person, and the count of all outcomes."""
    from paragon_sync.render.lines import print_lines
    from paragon_sync.render.run_text import run_lines

    print_lines(run_lines(report.journal, report.run, report.view, report.held), stream)


def write_record(report: RecordReport, stream: TextIO | None) -> None:
    """Write every operation of a run, or some."""
    from paragon_sync.render.lines import print_lines
    from paragon_sync.render.runs_text import run_record_lines

    print_lines(run_record_lines(report.journal, report.run, report.part, report.view), stream)


def write_runs(report: RunsReport, stream: TextIO | None) -> None:
    """Write a few lines about each run."""
    from paragon_sync.render.lines import print_lines
    from paragon_sync.render.runs_text import runs_lines

    print_lines(runs_lines(report.runs), stream)


def write_catalog(report: CatalogReport, stream: TextIO | None) -> None:
    """Write every integration with its settings and workflows."""
    from paragon_sync.render.catalog import print_catalog

    print_catalog(report.catalog, stream)


FORMAT: Final = ReportFormat(
    name=DEFAULT_NAME,
    writers={
        "plan": write_plan,
        "run": write_run,
        "record": write_record,
        "runs": write_runs,
        "catalog": write_catalog,
    },
    for_machines=False,
)
