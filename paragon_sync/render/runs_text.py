"""Runs of the past as text for people: their list, and one with every operation. Knows no database and no plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from rich.text import Text

from paragon_sync.model.outcome import Applied, RunHeader, alarms_of
from paragon_sync.render.lines import count, line, wrapped
from paragon_sync.render.plan import WHOLE, View
from paragon_sync.render.printable import printable
from paragon_sync.render.reasons import reasons, remarks
from paragon_sync.render.run import Journal, Part
from paragon_sync.render.run_summary import Told, summary_of, taking
from paragon_sync.render.run_text import (
    closing,
    entry_lines,
    grouped_entries,
    grouped_run_line,
    heading,
    moment,
    outcome_counts,
)
from paragon_sync.store.journal import Entry, name_of, state_of


def runs_lines(runs: Iterable[tuple[RunHeader, Mapping[str, int]]]) -> Iterator[Text]:
    """Each run in a few lines: its id, where, what, who and when, how it ended, what it was about."""
    none = True
    for header, counts in runs:
        none = False
        parts = (header.environment, f"plan {header.plan_digest[:8]}", header.actor, moment(header.started))
        yield line(header.run, "bold")
        yield from wrapped(" · ".join(parts), 2, hanging=2)
        yield from wrapped(f"{outcome_counts(header, counts)}{_state(header)}", 2, hanging=2)
        for text in (header.message, header.ci_url):
            if text:
                yield from wrapped(text, 2, hanging=2)
    if none:
        yield line("No runs.")


def run_record_lines(journal: Journal, run: str, part: Part | None = None, view: View = WHOLE) -> Iterator[Text]:
    """One run whole: who, when and why, then every operation with its outcome, or only those of ``part``."""
    header = journal.run(run)
    yield from heading(header)
    for text in _record(header):
        yield from wrapped(text, 2, hanging=2)
    yield line()
    told = Told[Entry](_outcome if view.full is not True else _told)
    taken = taking(journal.entries(run) if part is None else part.entries, told)
    if view.full:
        yield from entry_lines(taken, _told)
    else:
        yield from _as_many_as_there_are(taken, told, view)
    if told.number:
        yield line()
    if part is None:
        yield from closing(journal, header, summary_of(journal, run))
    else:
        asked = "; ".join(f"{name} {', '.join(map(printable, values))}" for name, values in part.by.items())
        yield from wrapped(f"Shown: {count(told.number, 'operation')} ({asked}). The whole run:", 0)
        yield from wrapped(outcome_counts(header, journal.counts(run)), 0, style="bold")
    if not view.is_full(told.number):
        yield from grouped_run_line(run, part)


def _as_many_as_there_are(taken: Iterator[Entry], told: Told[Entry], view: View) -> Iterator[Text]:
    """Each operation where they are few, else what is alike of them."""
    for _ in taken:
        pass
    if view.is_full(told.number):
        yield from entry_lines(told.first, _told)
    else:
        yield from grouped_entries(told)


def _state(header: RunHeader) -> str:
    if header.rolled_back_by:
        return f" Taken back by run {header.rolled_back_by}."
    if header.finished:
        return f" Takes back run {header.rolls_back}." if header.rolls_back else ""
    return f" {_capitalized(header.stopped)}." if header.stopped else " Not finished."


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]


def _record(header: RunHeader) -> Iterator[str]:
    yield f"by {header.actor}, started {moment(header.started)}"
    if header.finished:
        yield f"finished {moment(header.finished)}"
    elif not header.stopped:
        yield "not finished: applying the same plan again goes on"
    if header.stopped:
        yield header.stopped
    for text in (header.message, header.ci_url):
        if text:
            yield text
    yield from _allowed(header.allowed)
    for resumption in header.resumed:
        parts = (f"resumed by {resumption.actor}, {moment(resumption.at)}", resumption.message, resumption.ci_url)
        yield " · ".join([*filter(None, parts), *_allowed(resumption.allowed)])
    if header.rolls_back:
        yield f"takes back run {header.rolls_back}"
    if header.rolled_back_by:
        yield f"taken back by run {header.rolled_back_by}"


def _allowed(allowed: Mapping[str, str]) -> Iterator[str]:
    if allowed:
        yield "allowed " + ", ".join(f"{name}={number}" for name, number in allowed.items())


def _outcome(entry: Entry) -> list[str]:
    """What is to be told of an operation but its numbers."""
    outcome = entry.outcome
    troubles = reasons(outcome)
    return [*([] if troubles else [_word(entry)]), *alarms_of(outcome), *troubles, *remarks(outcome)]


def _word(entry: Entry) -> str:
    outcome = entry.outcome
    if isinstance(outcome, Applied) and outcome.resolved:
        return f"{name_of(outcome)} (resolved)"
    return state_of(outcome)


def _told(entry: Entry) -> list[str]:
    outcome, window = entry.outcome, entry.window
    parts = [
        _word(entry),
        *([] if window is None else [f"{window:,.0f} ms"]),
        *([count(entry.tries, "attempt")] if entry.tries else []),
    ]
    return [" · ".join(parts), *alarms_of(outcome), *reasons(outcome), *remarks(outcome)]
