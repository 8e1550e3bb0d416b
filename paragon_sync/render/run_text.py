"""What a run did, as text for people, made from its journal. Knows no database, no plan and no API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, assert_never

from rich.text import Text

from paragon_sync.model.outcome import (
    Applied,
    Blocked,
    Conflict,
    ConflictingPath,
    Failed,
    Outcome,
    RunHeader,
    SideEffect,
    Unchanged,
    Unknown,
    alarms_of,
    effects_of,
)
from paragon_sync.model.planned import Value
from paragon_sync.render.changes import subject_name, value_text
from paragon_sync.render.lines import WIDTH, columns, count, line, wrapped
from paragon_sync.render.literal import printable
from paragon_sync.render.mask import masked_conflict
from paragon_sync.render.run import EnabledThroughConfig, Journal, not_reached, operations_of
from paragon_sync.store.journal import SENDING, Entry

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


def run_lines(journal: Journal, run: str) -> Iterator[Text]:
    """The run: everything that needs a person, each with its reason, then the count of all outcomes."""
    header = journal.run(run)
    yield from heading(header)
    yield line()
    enabled = EnabledThroughConfig()
    applied = enabled.counting(journal.entries(run, "applied"))
    yield from _section("Lost?", "bold red", entry_lines(journal.entries(run, attempts=False), _alarms))
    yield from _section("Not applied", "bold", entry_lines(journal.entries(run, attempts=False), _troubles))
    yield from _section("Notes", "bold", entry_lines(applied, _notes))
    yield from closing(journal, header, enabled.total)
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


def closing(journal: Journal, header: RunHeader, enabled: int) -> Iterator[Text]:
    """How all operations ended, and what is to be known of them together."""
    yield from wrapped(outcome_counts(header, journal.counts(header.run)), 0, style="bold")
    if enabled:
        yield from wrapped(f"{count(enabled, 'workflow')} enabled through config: triggers unconfirmed.", 0)
    window = journal.longest_window(header.run)
    if window is not None:
        yield line(f"Longest read-to-write window {window:,.0f} ms.")


def outcome_counts(header: RunHeader, counts: Mapping[str, int]) -> str:
    """How every operation of the run's plan ended, in one sentence."""
    parts = [f"{counts[state]:,} {word}" for state, word in _WORDS.items() if counts.get(state)]
    missing = not_reached(header, counts)
    if missing:
        parts.append(f"{missing:,} not reached")
    total = count(operations_of(header, counts), "operation")
    return f"{total}: {', '.join(parts)}." if parts else "No operations."


def entry_lines(entries: Iterable[Entry], told: Callable[[Entry], Iterable[str]]) -> Iterator[Text]:
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


def reasons(outcome: Outcome | None) -> list[str]:
    """Why something did not end well, in one or more texts; none where it did."""
    match outcome:
        case None:
            return ["sent, and no answer was recorded"]
        case Applied() | Unchanged():
            return []
        case Conflict(paths=paths, after_write=after_write):
            found = "changed after our write" if after_write else "live has moved away from the plan"
            return [f"conflict: {found}", *map(_conflicting, paths)]
        case Blocked(reason=reason):
            return [f"blocked: {reason}"]
        case Failed(reason=reason):
            return [f"failed: {reason}"]
        case Unknown(reason=reason):
            return [f"unknown: {reason}"]
        case _:
            assert_never(outcome)


def remarks(outcome: Outcome | None) -> list[str]:
    """What else is to be known of what was written."""
    switched = [f"switched off by the change of metadata: {_named(effect)}" for effect in effects_of(outcome)]
    if not isinstance(outcome, Applied):
        return switched
    overwritten = (f"overwritten: {_conflicting(path)}" for path in outcome.overwritten)
    return [*overwritten, *outcome.notes, *switched]


def _named(effect: SideEffect) -> str:
    where = f"credential {effect.credential}"
    return f"workflow {effect.workflow} of {where}" + (f" · {effect.configuration}" if effect.configuration else "")


def moment(time: str) -> str:
    """A time in ISO 8601 for people, in UTC; what isn't one stays as it is."""
    try:
        return f"{datetime.fromisoformat(time).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return time


def _section(title: str, style: str, lines: Iterable[Text]) -> Iterator[Text]:
    empty = True
    for text in lines:
        if empty:
            yield line(title, style)
        empty = False
        yield text
    if not empty:
        yield line()


def _alarms(entry: Entry) -> Iterable[str]:
    return alarms_of(entry.outcome)


def _notes(entry: Entry) -> Iterable[str]:
    return remarks(entry.outcome)


def _troubles(entry: Entry) -> Iterable[str]:
    troubles = reasons(entry.outcome)
    return [*troubles, *remarks(entry.outcome)] if troubles else []


def _conflicting(path: ConflictingPath) -> str:
    shown = masked_conflict(path)
    return f"{path.label}: was {_short(shown.base)}, is {_short(shown.live)}, planned {_short(shown.planned)}"


def _short(value: Value) -> str:
    return value_text(value, WIDTH // 2)
