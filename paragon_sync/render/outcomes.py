"""Writes what a run did in the form that was asked for, and tells by which code the command ends. Knows no database."""

from __future__ import annotations

import sys
from typing import TextIO

from paragon_sync.errors import EXIT_OK, EXIT_OUTCOMES
from paragon_sync.render.run import AppliedPlan, Journal, not_reached


def print_run(journal: Journal, run: str, plan: AppliedPlan, output_format: str, stream: TextIO | None = None) -> int:
    """Writes the run as ``text`` or ``json`` to ``stream`` (stdout), and returns the exit code."""
    if output_format == "json":
        from paragon_sync.render.run_json import run_json

        out = sys.stdout if stream is None else stream
        out.writelines(run_json(plan, journal, run))
    else:
        from paragon_sync.render.lines import print_lines
        from paragon_sync.render.run_text import run_lines

        print_lines(run_lines(plan, journal, run), stream)
    return exit_code(journal, run, plan)


def exit_code(journal: Journal, run: str, plan: AppliedPlan) -> int:
    """0 where every operation of the plan is as planned in the end, else 3."""
    counts = journal.counts(run)
    well = {"applied", "unchanged"}
    return EXIT_OK if counts.keys() <= well and not not_reached(plan, counts) else EXIT_OUTCOMES
