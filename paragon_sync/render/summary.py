"""What a plan does to very many users, as text: alike changes under the number of their users. Knows no plan file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final, TypeVar

from rich.text import Text

from paragon_sync.jsonvalue import format_pointer
from paragon_sync.model.planned import Outline
from paragon_sync.render.alike import AlikeChanges, AlikeTexts, ChangeTally
from paragon_sync.render.changes import change_lines, folded_lines, laid_out, sides
from paragon_sync.render.lines import WIDTH, columns, count, line, wrapped
from paragon_sync.render.literal import ELLIPSIS, fit
from paragon_sync.render.printable import printable

MOST_GROUPS: Final = 40
_MESSAGE_AT: Final = 32

K = TypeVar("K")


def grouped_changes(operations: Iterable[Outline]) -> Iterator[Text]:
    """The changes by what they do, that to the most users first; what is done to the same users stands together."""
    tally = ChangeTally()
    for operation in operations:
        tally.add(operation)
    groups = tally.groups()
    shown = groups[:MOST_GROUPS]
    for _, alike in groupby(shown, key=lambda group: (group.users, group.fingerprint)):
        yield from _crowd(list(alike))
        yield line()
    left = len(groups) - len(shown)
    if left:
        yield line(f"… and {count(left, 'other kind')} of change", "dim")
    if tally.unsorted:
        yield line(f"… and {count(tally.unsorted, 'change')} of further kinds", "dim")
    if left or tally.unsorted:
        yield line()


def grouped_texts(groups: Sequence[AlikeTexts[K]], names: Iterable[str], noun: str = "user") -> Iterator[Text]:
    """What is said, each text once; ``names`` says for each group what it is about, and may be empty.

    ``noun`` is what it is said of: users, or something of theirs.
    """
    for group, name in list(zip(groups, names, strict=True))[:MOST_GROUPS]:
        number = group.users if noun == "user" else group.times
        head = "  " + " · ".join(filter(None, (count(number, noun), printable(name))))
        first, *others = group.text.split("\n")
        whole = columns(head, printable(first), "", (_MESSAGE_AT, WIDTH))
        if whole is not None:
            yield line(whole)
        else:
            yield from wrapped(head.strip(), 2, hanging=2)
            yield from wrapped(first, 6, hanging=2)
        for text in others:
            yield from wrapped(text, 6, hanging=2)
        yield samples_line(group.samples, group.users, 4)
        for text in group.hint.split("\n") if group.hint else ():
            yield from wrapped(text, 6, style="dim")
    left = len(groups) - MOST_GROUPS
    if left > 0:
        yield line(f"  … and {count(left, 'other')} that say something else", "dim")


def samples_line(users: Sequence[str], number: int, indent: int) -> Text:
    """The first of so many users, on one line whatever their ids."""
    room = WIDTH - indent - 3
    each = room // max(len(users), 1) - 2
    named = ", ".join(fit(printable(user), each) for user in users)
    more = f", {ELLIPSIS}" if number > len(users) else ""
    return line(" " * indent + named + more, "dim")


def _crowd(alike: Sequence[AlikeChanges]) -> Iterator[Text]:
    """All that happens to the same users."""
    first = alike[0]
    if first.users == 1:
        yield from wrapped(first.samples[0], 0, style="bold")
    else:
        yield line(count(first.users, "user"), "bold")
        yield samples_line(first.samples, first.users, 2)
    by_integration: dict[str | None, list[AlikeChanges]] = {}
    for group in alike:
        by_integration.setdefault(group.integration, []).append(group)
    for integration, groups in by_integration.items():
        yield from wrapped(integration or "metadata", 2, hanging=2, style="bold")
        yield from laid_out(groups, lambda group: group.change, _lines)


def _lines(group: AlikeChanges, indent: int) -> Iterator[Text]:
    change = group.change
    if group.inside:
        change = replace(change, label=f"{change.label} {format_pointer(group.inside)}")
    if group.befores == group.afters == 1 and group.counted:
        yield from change_lines(change, indent)
        return
    before, after = sides(change)
    yield from folded_lines(
        change,
        indent,
        _folded(before, group.befores, counted=not group.more_befores),
        _folded(after, group.afters, counted=not group.more_afters),
    )


def _folded(text: str, number: int, *, counted: bool) -> str:
    """One side of changes: its value, or how many there are."""
    if not text or (number == 1 and counted):
        return text
    return f"({number:,} values)" if counted else f"(over {number:,} values)" if number else "(many values)"
