"""The plan as text for people, made from a plan file alone. Knows no HTTP, no manifests and no planner."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final, TextIO, TypeAlias

from rich.cells import cell_len
from rich.text import Text

from paragon_sync.errors import Problem
from paragon_sync.model.planned import Counts, Finding, FindingKind, Outline, PlanHeader, Refusal, Severity
from paragon_sync.render.alike import TextTally
from paragon_sync.render.changes import operation_lines
from paragon_sync.render.lines import WIDTH, columns, count, line, print_lines, seconds_text, wrapped
from paragon_sync.render.plan import WHOLE, Plan, View
from paragon_sync.render.printable import printable
from paragon_sync.render.summary import grouped_changes, grouped_texts
from paragon_sync.store.selection import Selection

_About: TypeAlias = tuple[Severity, FindingKind, str | None]

_MESSAGE_AT: Final = 24
_POSITION_AT: Final = 48
_MINUTE: Final = 60
_WORTH_TELLING: Final = 10.0  # seconds; nobody plans an evening around less
_TITLES: Final = {
    Severity.ERROR: "Findings that leave their user out",
    Severity.WARNING: "Findings",
    Severity.INFO: "For information",
}


def print_plan(
    plan: Plan,
    view: View = WHOLE,
    *,
    saved: Path | None = None,
    config: Path | None = None,
    now: datetime | None = None,
    stream: TextIO | None = None,
) -> None:
    """Writes the plan to ``stream`` (stdout).

    ``saved`` is the file to apply, where there is one; ``config`` the Project file that has to be named for that.
    """
    print_lines(plan_lines(plan, view, saved=saved, config=config, now=now), stream)


def plan_lines(
    plan: Plan,
    view: View = WHOLE,
    *,
    saved: Path | None = None,
    config: Path | None = None,
    now: datetime | None = None,
) -> Iterator[Text]:
    """The plan, line by line as it is read: what changes, what needs a person, what it sums up to, what comes next."""
    header = plan.header
    yield from wrapped(_heading(header), 0, hanging=2, style="bold")
    for note in header.notes:
        yield from wrapped(note, 2, hanging=2, style="dim")
    yield line()
    is_narrowed = not view.selection.is_everything
    users = plan.users(view.selection) if is_narrowed else header.counts.changed
    is_full = view.is_full(users)
    yield from _users(plan.outlines(view.selection)) if is_full else grouped_changes(plan.outlines(view.selection))
    found = _tallied(plan.findings(view.selection))
    for severity, title in _TITLES.items():
        yield from _findings(plan, view, found, severity, title)
    if is_narrowed:
        yield from wrapped(f"Shown: {_shown(view.selection, users, found)}. The whole plan:", 0)
    yield from wrapped(summary(header.counts, is_rollback=header.rolls_back is not None), 0)
    if not (is_full and all(map(view.is_full, found.times.values()))):
        yield from _grouped(saved)
    yield from refusal_lines(header.refusals)
    if header.incomplete and not header.refusals:
        yield from wrapped(f"Incomplete, as allowed: {count(header.counts.findings, 'error')} among the findings.", 0)
    if is_narrowed:
        return
    if saved is not None:
        yield from _saved(plan, saved, config, now)
    elif (header.seconds_to_apply or 0) >= _WORTH_TELLING:
        yield line(f"{_about(header)[0].upper()}{_about(header)[1:]}.")


def summary(counts: Counts, *, is_rollback: bool = False) -> str:
    """The plan in a sentence or two; enablements count among the changes."""
    unchanged = f"{count(counts.unchanged, 'user')} {'with nothing to take back' if is_rollback else 'as declared'}"
    left_out = f" {count(counts.left_out, 'user')} left out." if counts.left_out else ""
    changes = counts.values_added + counts.values_changed + counts.values_removed
    if not counts.operations:
        return f"Nothing to take back.{left_out}" if is_rollback else f"Nothing to do: {unchanged}.{left_out}"
    parts = {"added": counts.values_added, "changed": counts.values_changed, "removed": counts.values_removed}
    effects = ", ".join(f"{number:,} {word}" for word, number in parts.items() if number)
    told = "" if is_rollback and not counts.unchanged else f" {unchanged}."
    return f"{count(counts.changed, 'user')} to update, {count(changes, 'change')}: {effects}.{told}{left_out}"


def refusal_lines(refusals: Iterable[Refusal]) -> Iterator[Text]:
    """Which rules are broken; each says what its user may type to go on."""
    for number, refusal in enumerate(refusals):
        if number == 0:
            yield line()
            yield line("Refused by policy", "bold red")
        yield from wrapped(refusal.message, 2, hanging=2)


def problem(found: Problem) -> str:
    """A problem in a file: what and where, then what to do, indented. Ends without a line break."""
    text = printable(str(found))
    return text if found.hint is None else "\n".join([text, *(f"    {printable(h)}" for h in found.hint.split("\n"))])


def _heading(header: PlanHeader) -> str:
    considered = f"{count(header.counts.considered, 'user')} considered"
    if header.counts.files:
        considered += f" in {count(header.counts.files, 'file')}"
    filters = (f"{name} {value}" for name, value in header.filters.items())
    return " · ".join([header.environment, considered, *filters])


def _users(operations: Iterable[Outline]) -> Iterator[Text]:
    shown = (operation for operation in operations if operation.changes)
    for user, group in groupby(shown, key=lambda operation: operation.user):
        yield from wrapped(user, 0, style="bold")
        for operation in group:
            yield from operation_lines(operation)
        yield line()


def _tallied(findings: Iterable[Finding]) -> TextTally[_About]:
    tally: TextTally[_About] = TextTally()
    for finding in findings:
        tally.add((finding.severity, finding.kind, finding.integration), finding.user, finding.message, finding.hint)
    return tally


def _findings(plan: Plan, view: View, tally: TextTally[_About], severity: Severity, title: str) -> Iterator[Text]:
    number = sum(times for (found, *_), times in tally.times.items() if found is severity)
    if not number:
        return
    yield line(title, "bold")
    if view.is_full(number):
        for finding in plan.findings(view.selection):
            if finding.severity is severity:
                yield from finding_lines(finding)
    else:
        groups = [group for group in tally.groups() if group.key[0] is severity]
        yield from grouped_texts(groups, (group.key[2] or "" for group in groups))
        if tally.unsorted:
            yield line(f"  … and {count(tally.unsorted, 'finding')} of further kinds", "dim")
    yield line()


def _shown(selection: Selection, users: int, tally: TextTally[_About]) -> str:
    about = " · ".join(f"{name} {value}" for name, value in selection.as_text().items())
    return f"{count(users, 'user')} with changes, {count(sum(tally.times.values()), 'finding')} ({printable(about)})"


def _grouped(saved: Path | None) -> Iterator[Text]:
    """How to see what was grouped."""
    command = f"paragon-sync show {printable(shlex.quote(str(saved)))} --full" if saved else "--full"
    yield from wrapped(f"Grouped by what is alike; user by user: {command}, or --user ID", 0, style="dim")


def finding_lines(finding: Finding) -> Iterator[Text]:
    """One finding: on one line where that is wide enough, else with its message below; then what to do."""
    subject = "  " + printable(finding.user) + (f" · {printable(finding.integration)}" if finding.integration else "")
    position = "" if finding.position is None else printable(str(finding.position))
    message = printable(finding.message)
    whole = columns(subject, message, position, (_MESSAGE_AT, _POSITION_AT))
    if whole is not None:
        yield line(whole)
    else:
        head = columns(subject, "", position, (_POSITION_AT, _POSITION_AT))
        if head is None:
            yield from wrapped(subject.strip(), 2)
            yield from wrapped(position, 4)
        else:
            yield line(head.rstrip())
        yield from wrapped(finding.message, 4, hanging=2)
    for hint in finding.hint.split("\n") if finding.hint else ():
        yield from wrapped(hint, 6, style="dim")


def _saved(plan: Plan, path: Path, config: Path | None, now: datetime | None) -> Iterator[Text]:
    header = plan.header
    options = f"-e {shlex.quote(header.environment)}" + (f" -c {shlex.quote(str(config))}" if config else "")
    estimate = f", {_about(header)}" if header.seconds_to_apply else ""
    validity = _validity(header, now) + estimate
    parts = [f"Plan saved: {printable(str(path))}", f"digest {plan.digest[:8]}", validity]
    text = "   ".join(parts)
    if cell_len(text) <= WIDTH:
        yield line(text)
    else:
        yield from wrapped(parts[0], 0, hanging=2)
        yield line("  " + "   ".join(parts[1:]))
    if header.counts.operations and not header.refusals:
        yield line(f"  paragon-sync apply {printable(shlex.quote(str(path)))} {printable(options)}", "bold")


def _validity(header: PlanHeader, now: datetime | None) -> str:
    expires = datetime.fromisoformat(header.expires)
    left = expires - (now or datetime.now(expires.tzinfo))
    if left <= timedelta():
        return f"expired {_duration(-left)} ago"
    return f"valid for {_duration(left)}"


def _about(header: PlanHeader) -> str:
    return f"about {seconds_text(header.seconds_to_apply or 0)} to apply"


def _duration(length: timedelta) -> str:
    minutes = round(length.total_seconds() / _MINUTE)
    return f"{round(minutes / _MINUTE)} h" if minutes >= _MINUTE else f"{minutes} min"
