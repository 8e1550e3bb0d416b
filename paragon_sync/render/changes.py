"""One operation as lines for people: its changes in columns, secrets masked. Knows no plan file and no run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar, assert_never

from rich.cells import cell_len
from rich.text import Text

from paragon_sync.jsonvalue import ABSENT, format_pointer
from paragon_sync.model.desired import WorkflowEnabled, WorkflowEntry
from paragon_sync.model.planned import (
    Change,
    ConfigurationSubject,
    Detail,
    Effect,
    MetadataSubject,
    Operation,
    Origin,
    Outline,
    Subject,
    Value,
)
from paragon_sync.render.lines import WIDTH, count, line, marked, wrapped
from paragon_sync.render.literal import fit, fit_both, literal, pad
from paragon_sync.render.mask import SECRET, SECRET_CHANGED, masked_change
from paragon_sync.render.printable import printable

Item = TypeVar("Item")

MARKS: Final = {Effect.ADD: "+", Effect.CHANGE: "~", Effect.REMOVE: "-"}
VALUE_AT: Final = 33
NOTE_AT: Final = 62
MOST_DETAILS: Final = 20
ARROW: Final = " → "

_NOTES: Final = {
    Origin.DEFAULTS: "default",
    Origin.EXACT: "exact",
    Origin.CREATED: "created",
    Origin.MOVED: "moved",
    Origin.OVERWRITTEN: "overwritten",
}
_ENABLED: Final = {True: "enabled", False: "disabled"}


def subject_name(subject: Subject) -> str:
    """``metadata``, ``slack · T0001``, ``slack · T0001 · team-b``."""
    match subject:
        case MetadataSubject():
            return "metadata"
        case ConfigurationSubject():
            parts = (subject.integration, subject.account, subject.name)
            return " · ".join(printable(part) for part in parts if part)
        case _:
            assert_never(subject)


def operation_lines(operation: Operation | Outline) -> Iterator[Text]:
    """What one operation changes, under the name of what it writes, and how many values it carries untouched."""
    yield from wrapped(subject_name(operation.subject), 2, hanging=2, style="bold")
    yield from laid_out(operation.changes, lambda change: change, change_lines)
    if operation.kept:
        yield marked(4, "=", f"{count(operation.kept, 'unmanaged value')} kept")


def laid_out(
    items: Iterable[Item], change_of: Callable[[Item], Change], lines: Callable[[Item, int], Iterator[Text]]
) -> Iterator[Text]:
    """Changes in their order for people: the integration's own settings first, then each workflow with its own."""
    for workflow, under in _by_workflow(items, change_of).items():
        switches = [item for item in under if _is_head(change_of(item))]
        if workflow is not None and not switches:
            yield from wrapped(workflow, 4, hanging=2)
        for item in switches:
            yield from lines(item, 4)
        for item in under:
            if not _is_head(change_of(item)):
                yield from lines(item, 4 if workflow is None else 6)


def change_lines(change: Change, indent: int) -> Iterator[Text]:
    """One change in its columns; a label that is too long for its column stands on lines of its own."""
    shown = masked_change(change)
    if shown.details:
        yield from folded_lines(change, indent, _tally(shown.details), "")
    else:
        yield from folded_lines(change, indent, *sides(shown))
    for detail in shown.details[:MOST_DETAILS]:
        mark = MARKS[_effect(detail)]
        text = _both(_text(detail.before), _text(detail.after), WIDTH - VALUE_AT)
        yield from _row(indent + 4, mark, format_pointer(detail.pointer), text, "")
    if len(shown.details) > MOST_DETAILS:
        yield line(f"{' ' * (indent + 4)}… and {len(shown.details) - MOST_DETAILS} more", "dim")


def folded_lines(change: Change, indent: int, before: str, after: str) -> Iterator[Text]:
    """A change's row with these texts for its values, of which one may be empty; without its details."""
    label = (change.workflow or change.label) if _is_head(change) else change.label
    note = _NOTES.get(change.origin, "")
    room = WIDTH - VALUE_AT - (len(note) + 2 if note else 0)
    yield from _row(indent, MARKS[change.effect], label, _both(before, after, room), note)


def sides(change: Change) -> tuple[str, str]:
    """The values of a change that was masked, as texts; empty where there is none."""
    is_switch = isinstance(change.target, WorkflowEnabled)
    return _text(change.before, is_switch=is_switch), _text(change.after, is_switch=is_switch)


def value_text(value: Value, room: int) -> str:
    """One value, already masked, cut to so many cells."""
    return fit(literal(value) if value is ABSENT else _text(value), room)


def _row(indent: int, mark: str, label: str, value: str, note: str) -> Iterator[Text]:
    name = printable(label)
    lead = VALUE_AT - indent - 2
    if cell_len(name) <= lead - 2:
        row = marked(indent, mark, pad(name, lead))
    else:
        first, *others = wrapped(label, indent + 2)
        yield marked(indent, mark, first.plain.lstrip(" "))
        yield from others
        row = line(" " * VALUE_AT)
    row.append(value)
    if note:
        gap = max(NOTE_AT - row.cell_len, 2)
        row.append(" " * gap + note, style="dim")
    yield row


def _both(before: str, after: str, room: int) -> str:
    """Both texts, cut to so many cells together, or the one that there is."""
    if before and after:
        return ARROW.join(fit_both(before, after, room - len(ARROW)))
    return fit(before or after, room)


def _text(value: Value, *, is_switch: bool = False) -> str:
    """Empty where there is no value."""
    if value is ABSENT:
        return ""
    if value in (SECRET, SECRET_CHANGED):
        return str(value)
    return _ENABLED[value] if is_switch and isinstance(value, bool) else literal(value)


def _tally(details: Iterable[Detail]) -> str:
    effects = [_effect(detail) for detail in details]
    words = {Effect.ADD: "added", Effect.CHANGE: "changed", Effect.REMOVE: "removed"}
    return ", ".join(f"{effects.count(e)} {word}" for e, word in words.items() if e in effects) + " inside"


def _effect(detail: Detail) -> Effect:
    if detail.before is ABSENT:
        return Effect.ADD
    return Effect.REMOVE if detail.after is ABSENT else Effect.CHANGE


def _is_head(change: Change) -> bool:
    """Whether it is about a workflow itself, and stands at the head of what else there is about it."""
    return isinstance(change.target, WorkflowEnabled | WorkflowEntry)


def _by_workflow(items: Iterable[Item], change_of: Callable[[Item], Change]) -> dict[str | None, list[Item]]:
    """The integration's own settings first, then each workflow's."""
    groups: dict[str | None, list[Item]] = {None: []}
    for item in items:
        groups.setdefault(change_of(item).workflow, []).append(item)
    return groups
