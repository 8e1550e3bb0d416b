"""Who decides each value of one user, as text for people. Knows no rule: the decisions say why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, Protocol, TextIO, assert_never

from rich.text import Text

from paragon_sync.errors import EXIT_OK, ParagonSyncError
from paragon_sync.jsonvalue import format_pointer, parse_pointer
from paragon_sync.model.decision import Contender, Decision
from paragon_sync.model.declared import Place, Position
from paragon_sync.model.desired import Default, Read, Release, Set, Unset, WorkflowEnabled
from paragon_sync.model.planned import Finding, Value
from paragon_sync.model.secrecy import names_secret
from paragon_sync.render.changes import subject_name, value_text
from paragon_sync.render.lines import count, line, print_lines, wrapped
from paragon_sync.render.literal import pad
from paragon_sync.render.mask import masked_alone
from paragon_sync.render.text import finding_lines

_WORD: Final = 10
_ROOM: Final = 62


class Explained(Protocol):
    """What there is to tell about one user."""

    @property
    def user(self) -> str: ...

    @property
    def decisions(self) -> Sequence[Decision]: ...

    @property
    def findings(self) -> Sequence[Finding]: ...

    @property
    def positions(self) -> Mapping[Place, Position]: ...


def print_explained(explained: Explained, pointer: str | None = None, stream: TextIO | None = None) -> int:
    """Writes the decisions; ``pointer`` narrows them to what lies under it, or to values of that name."""
    print_lines(explained_lines(explained, pointer), stream)
    return EXIT_OK


def explained_lines(explained: Explained, pointer: str | None = None) -> Iterator[Text]:
    """The decisions in their order, under what they are written to; raises where ``pointer`` leads to none."""
    chosen = [decision for decision in explained.decisions if pointer is None or _is_at(decision, pointer)]
    if pointer is not None and not chosen:
        raise ParagonSyncError(
            f"no document has a word on {pointer} of {explained.user}: what is live there stays",
            hint="without POINTER every value is told that a document has a word on",
        )
    released = sum(_is_released(decision) for decision in chosen)
    more = f", {released} released" if released else ""
    yield from wrapped(f"{explained.user} · {count(len(chosen) - released, 'managed value')}{more}", 0, style="bold")
    for subject, decisions in groupby(chosen, key=lambda decision: decision.subject):
        yield line()
        yield from wrapped(subject_name(subject), 0, style="bold")
        for decision in decisions:
            yield from _decision(decision, explained.positions)
    if explained.findings and pointer is None:
        yield line()
        yield line("Findings", "bold")
        for finding in explained.findings:
            yield from finding_lines(finding)


def _decision(decision: Decision, positions: Mapping[Place, Position]) -> Iterator[Text]:
    name = [decision.label] if decision.workflow in {None, decision.label} else [decision.workflow, decision.label]
    yield from wrapped(f"{' › '.join(map(str, name))}   {format_pointer(decision.pointer)}", 2, hanging=2)
    secret = _is_secret(decision)
    yield from _row("live", value_text(masked_alone(decision.live, secret=secret), _ROOM))
    if not _is_released(decision):
        yield from _row("desired", value_text(masked_alone(decision.desired, secret=secret), _ROOM))
    yield from _row("verdict", decision.verdict)
    yield from _row("decided", _contender(decision.winner, positions, secret=secret))
    for loser in decision.losers:
        yield from _row("beside", _contender(loser, positions, secret=secret))


def _row(word: str, text: str) -> Iterator[Text]:
    first, *others = wrapped(text, 4 + _WORD)
    yield Text.assemble((pad(f"    {word}", 4 + _WORD), "dim"), first.plain.lstrip(" "), no_wrap=True)
    yield from others


def _contender(contender: Contender, positions: Mapping[Place, Position], *, secret: bool) -> str:
    at = None if contender.place is None else str(positions.get(contender.place, contender.place.file))
    known = at is not None and at.startswith(contender.source)
    where = contender.source if at is None else at if known else f"{at} ({contender.source})"
    if isinstance(contender.intent, Release):
        return f"released by {where}: {contender.why}"
    return f"{where} {_intent(contender.intent, secret=secret)}: {contender.why}"


def _intent(intent: Set | Default | Unset | Read, *, secret: bool) -> str:
    def shown(value: Value) -> str:
        return value_text(masked_alone(value, secret=secret), _ROOM - _WORD)

    match intent:
        case Set(value):
            return f"says {shown(value)}"
        case Default(value):
            return f"gives the default {shown(value)}"
        case Unset():
            return "unsets it"
        case Read():
            return "reads it"
        case _:
            assert_never(intent)


def _is_released(decision: Decision) -> bool:
    return isinstance(decision.winner.intent, Release)


def _is_secret(decision: Decision) -> bool:
    named = not isinstance(decision.target, WorkflowEnabled) and names_secret(decision.label)
    return decision.secret or named


def _is_at(decision: Decision, pointer: str) -> bool:
    if pointer.startswith("/"):
        parts = parse_pointer(pointer)
        return decision.pointer[: len(parts)] == parts
    names: Iterable[str | None] = (decision.label, decision.workflow, decision.pointer[-1])
    return pointer in names
