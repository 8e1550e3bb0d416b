"""Writes what runs did in the form that was asked for, and tells by which code a command ends. Knows no database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TextIO

from paragon_sync.errors import EXIT_OK, EXIT_OUTCOMES
from paragon_sync.model.outcome import RunHeader
from paragon_sync.render.formats import FORMATS
from paragon_sync.render.plan import WHOLE, View
from paragon_sync.render.reports import RecordReport, RunReport, RunsReport
from paragon_sync.render.run import Journal, Part, not_reached
from paragon_sync.render.run_summary import Held


def print_run(
    journal: Journal,
    run: str,
    output_format: str,
    *,
    view: View = WHOLE,
    held: Held | None = None,
    stream: TextIO | None = None,
) -> int:
    """Write what a run did in one of its formats to ``stream`` (stdout), and return the exit code.

    ``held`` is how the server held it up, as far as the command knows.
    """
    FORMATS.write(RunReport(journal=journal, run=run, view=view, held=held), output_format, stream)
    return exit_code(journal, run)


def print_counts(header: RunHeader, counts: Mapping[str, int], stream: TextIO | None = None) -> None:
    """Writes how many operations have which outcome, where no journal can be read any more to tell of each."""
    from paragon_sync.render.lines import print_lines
    from paragon_sync.render.run_text import counts_lines

    print_lines(counts_lines(header, counts), stream)


def print_record(
    journal: Journal,
    run: str,
    output_format: str,
    part: Part | None = None,
    *,
    view: View = WHOLE,
    stream: TextIO | None = None,
) -> None:
    """Write the whole record of a run, or a part of it."""
    FORMATS.write(RecordReport(journal=journal, run=run, part=part, view=view), output_format, stream)


def print_runs(
    runs: Iterable[tuple[RunHeader, Mapping[str, int]]], output_format: str, stream: TextIO | None = None
) -> None:
    """Write a list of runs, each with how many operations have which outcome."""
    FORMATS.write(RunsReport(runs=runs), output_format, stream)


def exit_code(journal: Journal, run: str) -> int:
    """0 where every operation of the plan is as planned in the end, else 3."""
    counts = journal.counts(run)
    well = {"applied", "unchanged"}
    return EXIT_OK if counts.keys() <= well and not not_reached(journal.run(run), counts) else EXIT_OUTCOMES
