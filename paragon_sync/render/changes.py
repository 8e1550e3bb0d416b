"""One operation as lines for people: its changes in columns, secrets masked. Knows no plan file and no run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, assert_never

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
    Subject,
    Value,
)
from paragon_sync.render.lines import WIDTH, count, line, marked, wrapped
from paragon_sync.render.literal import fit, fit_both, literal, pad, printable
from paragon_sync.render.mask import SECRET, SECRET_CHANGED, masked_change

MARKS: Final = {Effect.ADD: "+", Effect.CHANGE: "~", Effect.REMOVE: "-"}
VALUE_AT: Final = 33
NOTE_AT: Final = 62
MOST_DETAILS: Final = 20
ARROW: Final = " → "

_NOTES: Final = {Origin.DEFAULTS: "default", Origin.EXACT: "exact", Origin.CREATED: "created"}
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


def operation_lines(operation: Operation) -> Iterator[Text]:
    """What one operation changes, under the name of what it writes, and how many values it carries untouched."""
    yield from wrapped(subject_name(operation.subject), 2, hanging=2, style="bold")
    for workflow, changes in _by_workflow(operation.changes).items():
        switches = [change for change in changes if _is_head(change)]
        if workflow is not None and not switches:
            yield from wrapped(workflow, 4, hanging=2)
        for change in switches:
            yield from change_lines(change, 4)
        for change in changes:
            if not _is_head(change):
                yield from change_lines(change, 4 if workflow is None else 6)
    if operation.kept:
        yield marked(4, "=", f"{count(operation.kept, 'unmanaged value')} kept")


def change_lines(change: Change, indent: int) -> Iterator[Text]:
    """One change in its columns; a label that is too long for its column stands on lines of its own."""
    shown = masked_change(change)
    is_switch = isinstance(change.target, WorkflowEnabled)
    label = (change.workflow or change.label) if _is_head(change) else change.label
    note = _NOTES.get(change.origin, "")
    room = WIDTH - VALUE_AT - (len(note) + 2 if note else 0)
    if shown.details:
        value = fit(_tally(shown.details), room)
    else:
        value = _both(shown.before, shown.after, room, is_switch=is_switch)
    yield from _row(indent, MARKS[change.effect], label, value, note)
    for detail in shown.details[:MOST_DETAILS]:
        mark = MARKS[_effect(detail)]
        text = _both(detail.before, detail.after, WIDTH - VALUE_AT)
        yield from _row(indent + 4, mark, format_pointer(detail.pointer), text, "")
    if len(shown.details) > MOST_DETAILS:
        yield line(f"{' ' * (indent + 4)}… and {len(shown.details) - MOST_DETAILS} more", "dim")


def value_text(value: Value, room: int, *, is_switch: bool = False) -> str:
    """One value, already masked, cut to so many cells."""
    return fit(_text(value, is_switch=is_switch), room)


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


def _both(before: Value, after: Value, room: int, *, is_switch: bool = False) -> str:
    if before is ABSENT or after is ABSENT:
        return value_text(after if before is ABSENT else before, room, is_switch=is_switch)
    sides = fit_both(_text(before, is_switch=is_switch), _text(after, is_switch=is_switch), room - len(ARROW))
    return ARROW.join(sides)


def _text(value: Value, *, is_switch: bool) -> str:
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


def _by_workflow(changes: Iterable[Change]) -> dict[str | None, list[Change]]:
    """The integration's own settings first, then each workflow's."""
    groups: dict[str | None, list[Change]] = {None: []}
    for change in changes:
        groups.setdefault(change.workflow, []).append(change)
    return groups
