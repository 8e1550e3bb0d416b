"""What a run did, as text for people, made from its journal and its plan. Knows no database and no API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, assert_never

from rich.text import Text

from paragon_sync.model.outcome import Applied, Blocked, Conflict, ConflictingPath, Failed, Outcome, Unchanged, Unknown
from paragon_sync.model.planned import Value
from paragon_sync.render.changes import subject_name, value_text
from paragon_sync.render.lines import WIDTH, columns, count, line, wrapped
from paragon_sync.render.literal import printable
from paragon_sync.render.mask import masked_conflict
from paragon_sync.render.run import AppliedPlan, Journal, enabled_through_config, not_reached
from paragon_sync.store.journal import SENDING, Entry

_REASON_AT: Final = 32
_WORDS: Final = {
    "applied": "applied",
    "unchanged": "unchanged",
    "conflict": "in conflict",
    "blocked": "blocked",
    "failed": "failed",
    "unknown": "unknown",
    SENDING: "sent without an answer",
}


def run_lines(plan: AppliedPlan, journal: Journal, run: str) -> Iterator[Text]:
    """The run: everything that needs a person, each with its reason, then the count of all outcomes."""
    header = journal.run(run)
    heading = f"{header.environment} · run {header.run} · plan {header.plan_digest[:8]}"
    yield from wrapped(heading, 0, hanging=2, style="bold")
    yield line()
    yield from _section("Lost?", "bold red", _entries(journal.entries(run, "applied"), _alarms))
    yield from _section("Not applied", "bold", _entries(journal.entries(run), _reasons))
    yield from _section("Notes", "bold", _entries(journal.entries(run, "applied"), _notes))
    yield from wrapped(outcome_counts(plan, journal.counts(run)), 0, style="bold")
    enabled = enabled_through_config(plan, journal, run)
    if enabled:
        yield from wrapped(f"{count(enabled, 'workflow')} enabled through config: triggers unconfirmed.", 0)
    window = journal.longest_window(run)
    if window is not None:
        yield line(f"Longest read-to-write window {window:,.0f} ms.")
    message = journal.message(run)
    if message:
        yield from wrapped(message, 0, style="bold red")


def outcome_counts(plan: AppliedPlan, counts: Mapping[str, int]) -> str:
    """How every operation of the plan ended, in one sentence."""
    parts = [f"{counts[state]:,} {word}" for state, word in _WORDS.items() if counts.get(state)]
    missing = not_reached(plan, counts)
    if missing:
        parts.append(f"{missing:,} not reached")
    return f"{count(plan.count, 'operation')}: {', '.join(parts)}." if parts else "No operations."


def _section(title: str, style: str, lines: Iterable[Text]) -> Iterator[Text]:
    empty = True
    for text in lines:
        if empty:
            yield line(title, style)
        empty = False
        yield text
    if not empty:
        yield line()


def _entries(entries: Iterable[Entry], told: Callable[[Outcome | None], Iterable[str]]) -> Iterator[Text]:
    """Each entry of which there is something to tell: the first text beside its name where there is room."""
    for entry in entries:
        texts = list(told(entry.outcome))
        if not texts:
            continue
        name = f"  {printable(entry.user)} · {subject_name(entry.subject)}"
        whole = columns(name, printable(texts[0]), "", (_REASON_AT, WIDTH))
        if whole is not None:
            yield line(whole)
            texts = texts[1:]
        else:
            yield from wrapped(name.lstrip(" "), 2, hanging=2)
        for text in texts:
            yield from wrapped(text, 6, hanging=2)


def _alarms(outcome: Outcome | None) -> Iterable[str]:
    return outcome.alarms if isinstance(outcome, Applied) else ()


def _notes(outcome: Outcome | None) -> Iterable[str]:
    return outcome.notes if isinstance(outcome, Applied) else ()


def _reasons(outcome: Outcome | None) -> Iterable[str]:
    match outcome:
        case None:
            return ["sent, and no answer was recorded"]
        case Applied() | Unchanged():
            return ()
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


def _conflicting(path: ConflictingPath) -> str:
    shown = masked_conflict(path)
    return f"{path.label}: was {_short(shown.base)}, is {_short(shown.live)}, planned {_short(shown.planned)}"


def _short(value: Value) -> str:
    return value_text(value, WIDTH // 2)
