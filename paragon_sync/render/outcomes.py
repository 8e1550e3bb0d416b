"""Writes what runs did in the form that was asked for, and tells by which code a command ends. Knows no database."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TextIO

from paragon_sync.errors import EXIT_OK, EXIT_OUTCOMES
from paragon_sync.model.outcome import RunHeader
from paragon_sync.render.plan import WHOLE, View
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
    """Writes what a run did as ``text`` or ``json`` to ``stream`` (stdout), and returns the exit code.

    ``held`` tells how the server held it up, as far as whoever ran it knows.
    """
    if output_format == "json":
        from paragon_sync.render.run_json import run_json

        out = sys.stdout if stream is None else stream
        out.writelines(run_json(journal, run, held=held))
    else:
        from paragon_sync.render.lines import print_lines
        from paragon_sync.render.run_text import run_lines

        print_lines(run_lines(journal, run, view, held), stream)
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
    """Writes the whole record of a run, or a part of it."""
    if output_format == "json":
        from paragon_sync.render.run_json import run_json

        out = sys.stdout if stream is None else stream
        out.writelines(run_json(journal, run, part))
    else:
        from paragon_sync.render.lines import print_lines
        from paragon_sync.render.runs_text import run_record_lines

        print_lines(run_record_lines(journal, run, part, view), stream)


def print_runs(
    runs: Iterable[tuple[RunHeader, Mapping[str, int]]], output_format: str, stream: TextIO | None = None
) -> None:
    """Writes a list of runs, each with how many operations have which outcome."""
    if output_format == "json":
        from paragon_sync.render.run_json import runs_json

        out = sys.stdout if stream is None else stream
        out.writelines(runs_json(runs))
    else:
        from paragon_sync.render.lines import print_lines
        from paragon_sync.render.runs_text import runs_lines

        print_lines(runs_lines(runs), stream)


def exit_code(journal: Journal, run: str) -> int:
    """0 where every operation of the plan is as planned in the end, else 3."""
    counts = journal.counts(run)
    well = {"applied", "unchanged"}
    return EXIT_OK if counts.keys() <= well and not not_reached(journal.run(run), counts) else EXIT_OUTCOMES
