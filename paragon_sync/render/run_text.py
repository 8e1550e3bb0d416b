"""What a run did, as text for people, made from its journal. Knows no database, no plan and no API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from shlex import quote
from typing import Final, TypeVar

from rich.text import Text

from paragon_sync.model.outcome import Applied, RunHeader, alarms_of
from paragon_sync.render.changes import subject_name
from paragon_sync.render.lines import WIDTH, columns, count, line, seconds_text, wrapped
from paragon_sync.render.plan import MOST_IN_FULL, WHOLE, View
from paragon_sync.render.printable import printable
from paragon_sync.render.reasons import reasons, remarks
from paragon_sync.render.run import Journal, Part, not_reached, operations_of
from paragon_sync.render.run_summary import Held, RunSummary, Told, rate_of, summary_of, taking
from paragon_sync.render.summary import grouped_texts
from paragon_sync.store.journal import SENDING, Ending, Entry

_E = TypeVar("_E", Entry, Ending)

REASON_AT: Final = 32
_WORDS: Final = {
    "applied": "applied",
    "unchanged": "unchanged",
    "conflict": "in conflict",
    "blocked": "blocked",
    "failed": "failed",
    "unknown": "unknown",
    SENDING: "sent without an answer",
}


def run_lines(journal: Journal, run: str, view: View = WHOLE, held: Held | None = None) -> Iterator[Text]:
    """The run: everything that needs a person, each with its reason, then the count of all outcomes."""
    header = journal.run(run)
    yield from heading(header)
    yield line()
    lost, notes = Told[Ending](_alarms, "Lost?"), Told[Ending](_notes, "Notes")
    troubles = Told[Ending](_troubles, "Not applied")
    summary = summary_of(journal, run)
    for _ in taking(journal.endings(run, summary.telling), lost, troubles, notes) if summary.telling else ():
        pass
    for told in (lost, troubles, notes):
        if told.number:
            yield line(told.title, "bold red" if told is lost else "bold")
            yield from _section(told, view, journal.endings(run, summary.telling))
            yield line()
    yield from closing(journal, header, summary, held)
    if not all(view.is_full(told.number) for told in (lost, troubles, notes)):
        yield from grouped_run_line(run)
    if header.stopped:
        yield from wrapped(header.stopped, 0, style="bold red")


def counts_lines(header: RunHeader, counts: Mapping[str, int]) -> Iterator[Text]:
    """The run by its counts alone."""
    yield from heading(header)
    yield line()
    yield from wrapped(outcome_counts(header, counts), 0, style="bold")


def heading(header: RunHeader) -> Iterator[Text]:
    """Which run of which plan in which environment."""
    text = f"{header.environment} · run {header.run} · plan {header.plan_digest[:8]}"
    yield from wrapped(text, 0, hanging=2, style="bold")


def closing(journal: Journal, header: RunHeader, summary: RunSummary, held: Held | None = None) -> Iterator[Text]:
    """How all operations ended, and what is to be known of them together."""
    counts = journal.counts(header.run)
    yield from wrapped(outcome_counts(header, counts), 0, style="bold")
    if course := "; ".join(_course(header, counts, summary, held)):
        yield from wrapped(f"{course[0].upper()}{course[1:]}.", 0)
    if summary.enabled:
        yield from wrapped(f"{count(summary.enabled, 'workflow')} enabled through config: triggers unconfirmed.", 0)
    if (windows := summary.windows) is not None:
        usual = f", usual {windows.usual:,.0f} ms" if windows.number > MOST_IN_FULL else ""
        yield line(f"Longest read-to-write window {windows.longest:,.0f} ms{usual}.")


def grouped_run_line(run: str, part: Part | None = None) -> Iterator[Text]:
    """How to see what was grouped."""
    by = {} if part is None else part.by
    narrowed = [f"--{name} {printable(quote(value))}" for name, values in by.items() for value in values]
    text = f"Grouped by what is alike; one by one: {' '.join(['paragon-sync runs show', run, *narrowed])} --full"
    yield from wrapped(text, 0, style="dim")


def _course(header: RunHeader, counts: Mapping[str, int], summary: RunSummary, held: Held | None) -> Iterator[str]:
    """How the run went: how fast, and what got in its way."""
    if rate := rate_of(header, counts):
        yield f"in {seconds_text(rate[0])}, {rate[1]:,.1f} operations a second"
    if summary.sent_again:
        yield f"{count(summary.sent_again, 'operation')} sent more than once"
    if held is not None and held.refusals:
        paused = f", {seconds_text(held.paused)} in all" if held.paused else ""
        yield f"the server held the run up {count(held.refusals, 'time')}{paused}"
    if held is not None and held.concurrency_limit is not None:
        yield f"limits.concurrency: {held.concurrency_limit} was the limit"


def outcome_counts(header: RunHeader, counts: Mapping[str, int]) -> str:
    """How every operation of the run's plan ended, in one sentence."""
    parts = [f"{counts[state]:,} {word}" for state, word in _WORDS.items() if counts.get(state)]
    missing = not_reached(header, counts)
    if missing:
        parts.append(f"{missing:,} not reached")
    total = count(operations_of(header, counts), "operation")
    return f"{total}: {', '.join(parts)}." if parts else "No operations."


def entry_lines(entries: Iterable[_E], told: Callable[[_E], Iterable[str]]) -> Iterator[Text]:
    """Each entry of which there is something to tell: the first text beside its name where there is room."""
    for entry in entries:
        texts = list(told(entry))
        if not texts:
            continue
        name = f"  {printable(entry.user)} · {subject_name(entry.subject)}"
        whole = columns(name, printable(texts[0]), "", (REASON_AT, WIDTH))
        if whole is not None:
            yield line(whole)
            texts = texts[1:]
        else:
            yield from wrapped(name.lstrip(" "), 2, hanging=2)
        for text in texts:
            yield from wrapped(text, 6, hanging=2)


def moment(time: str) -> str:
    """A time in ISO 8601 for people, in UTC; what isn't one stays as it is."""
    try:
        return f"{datetime.fromisoformat(time).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return time


def _section(told: Told[Ending], view: View, endings: Iterable[Ending]) -> Iterator[Text]:
    if not view.is_full(told.number):
        yield from grouped_entries(told)
    elif len(told.first) == told.number:
        yield from entry_lines(told.first, told.texts)
    else:
        yield from entry_lines(endings, told.texts)


def grouped_entries(told: Told[_E]) -> Iterator[Text]:
    """What is told of operations, each text once, under the number of its operations."""
    groups = told.tally.groups()
    yield from grouped_texts(groups, (group.key for group in groups), "operation")
    if told.tally.unsorted:
        yield line(f"  … and {count(told.tally.unsorted, 'operation')} of further kinds", "dim")


def _alarms(entry: Ending) -> Iterable[str]:
    return alarms_of(entry.outcome)


def _notes(entry: Ending) -> Iterable[str]:
    return remarks(entry.outcome) if isinstance(entry.outcome, Applied) else ()


def _troubles(entry: Ending) -> Iterable[str]:
    troubles = reasons(entry.outcome)
    return [*troubles, *remarks(entry.outcome)] if troubles else []
