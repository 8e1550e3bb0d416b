"""Holds every outcome that was recorded against what happened on the server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from paragon_sync.model.desired import WorkflowEnabled
from paragon_sync.model.outcome import Applied, Blocked, Conflict, Failed, Outcome, Unchanged, Unknown
from tests.simulation.case import Case, Violation, resource_of_note, since
from tests.simulation.history import Exchange, UserHistory, Version
from tests.simulation.population import Want
from tests.simulation.storage import Note
from tests.simulation.values import GONE, WORKFLOW_MAPS, Path, Resource, resource_of, shown, text

_ENTRY: Final = 4
"""So long is the path of a workflow's whole entry."""


class Outcomes:
    """All outcomes that were recorded in a schedule, each when it was recorded."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def outcomes(self) -> Iterator[Violation]:
        """Hold what was recorded against what happened."""
        ended: dict[tuple[str, int], Note] = {}
        for note in self.case.world.storage.notes:
            key = (note.run, note.recorded.number)
            earlier = ended.get(key)
            if earlier is not None:
                words = f"{_name(earlier.recorded.outcome)} of {earlier.process} became {_name(note.recorded.outcome)}"
                yield self.case.of_note("record rewritten", note, words)
            if not isinstance(note.recorded.outcome, Unknown):
                ended[key] = note
            wrong = self._untrue(note)
            if wrong is not None:
                yield self.case.of_note("untrue outcome", note, wrong)

    def _untrue(self, note: Note) -> str | None:
        """Why a recorded outcome isn't true; None if it is."""
        outcome, user = note.recorded.outcome, note.recorded.operation.user
        resource, history = resource_of_note(note), self.case.history(user)
        sent = [
            one
            for one in self.case.world.server.exchanges
            if one.is_write
            and one.user == user
            and one.resource == resource
            and one.left <= note.at
            and note.run in self.case.runs[one.process]
        ]
        until = history.at(note.at)
        match outcome:
            case Applied():
                return self._untrue_applied(note, sent, outcome, until)
            case Unchanged():
                if any(one.made is not None for one in sent):
                    return f"unchanged, but {sent[-1]} was sent"
                return None if self._was_seen(note) else "unchanged, but no read showed it as planned"
            case Blocked():
                return f"blocked, but {sent[-1]} was sent" if any(one.made is not None for one in sent) else None
            case Failed():
                return self._untrue_failed(note, sent, outcome)
            case Conflict():
                if not outcome.after_write and any(one.made is not None for one in sent):
                    return f"conflict before any write, but {sent[-1]} was sent"
                return self._own_conflict(note, outcome, until)
            case Unknown():
                return None if sent or self._is_left_in_doubt(note) else "unknown, but nothing was sent"
        raise AssertionError(outcome)

    def _is_left_in_doubt(self, note: Note) -> bool:
        """Whether an earlier process recorded that it would send, and could not say whether it did."""
        doubts = self.case.in_doubt(note.recorded.operation.user, resource_of_note(note))
        return any(process is not note.process and at <= note.at for at, process in doubts)

    def _untrue_applied(self, note: Note, sent: Sequence[Exchange], outcome: Applied, until: int) -> str | None:
        if not sent and not self._is_left_in_doubt(note):
            return "applied, but nothing was sent"
        if note.process in self.case.rolling:
            return None
        made = [one.made for one in sent if one.made is not None]
        history = self.case.history(note.recorded.operation.user)
        first = history.at(sent[0].left if sent else 0.0)  # a write may be done after the outcome is recorded
        if not made and not outcome.resolved:
            return "applied, but no write was done"
        held = any(self._is_as_noted(note, one) for one in history.versions[first : until + 1])
        return None if held else "applied, but the server never held what was planned"

    def _untrue_failed(self, note: Note, sent: Sequence[Exchange], outcome: Failed) -> str | None:
        if note.process in self.case.rolling:
            return None
        history = self.case.history(note.recorded.operation.user)
        done = [one for one in sent if one.made is not None and one.acted is not None]
        if not done:
            return None
        last = max(done, key=lambda one: one.acted or 0.0)
        assert last.made is not None
        assert last.acted is not None
        if not self._is_as_noted(note, history.versions[last.made]):
            return None
        if last.acted > note.at:
            return f"failed ({outcome.reason}), and {last} was done {last.acted - note.at:.3f} s later"
        if self._is_as_noted(note, history.versions[history.at(note.at)]) and not self._is_older(note, outcome, last):
            return f"failed ({outcome.reason}), but the server held what was planned, by {last}"
        return None

    def _is_older(self, note: Note, outcome: Failed, write: Exchange) -> bool:
        """Whether the read-back lacked values because its replica was older than the read before the write."""
        before = self.case.read_before(write)
        after = self.case.last_read(note.process, write.user, write.resource, until=note.at)
        if not outcome.alarms or before is None or after is None or before.seen is None or after.seen is None:
            return False
        return after.seen < before.seen

    def _own_conflict(self, note: Note, outcome: Conflict, until: int) -> str | None:
        """Say which value in conflict is nobody else's doing."""
        user, resource = note.recorded.operation.user, resource_of_note(note)
        history = self.case.history(user)
        if outcome.after_write and self.case.may_be_normalized(note):
            return None
        if all(one.pointer[-1] == "enabled" for one in outcome.paths) and self.case.is_hidden(
            user, rolling=note.process in self.case.rolling
        ):
            return None
        for conflicting in outcome.paths:
            path, live = _path(resource, conflicting.pointer), _text(conflicting.live)
            is_entry = path[2:3] == ("workflow",) and len(path) == _ENTRY
            below = _below(path, history.versions[: until + 1]) if is_entry else {path}
            if any(self._is_others(history, one, None if is_entry else live, until, note) for one in sorted(below)):
                return None
        words = ", ".join(f"{_text(one.live)} at {shown(_path(resource, one.pointer))}" for one in outcome.paths)
        return f"conflict, but nobody else has made it {words}"

    def _is_others(self, history: UserHistory, path: Path, live: str | None, until: int, note: Note) -> bool:
        """Whether anybody but the run has given a path this value, or (None) its newest value."""
        numbers = {since(history, path, number) for number in range(until + 1)}
        if live is None:
            numbers = {max(numbers)}
        else:
            numbers = {number for number in numbers if self.case.value(history.versions[number], path) == live}
        return any(self._is_somebody_else(history.versions[number].by, note) for number in numbers)

    def _is_somebody_else(self, hand: Any, note: Note) -> bool:
        return not isinstance(hand, Exchange) or note.run not in self.case.runs.get(hand.process, ())

    def _was_seen(self, note: Note) -> bool:
        if note.process in self.case.rolling:
            return True
        user = note.recorded.operation.user
        versions = self.case.history(user).versions
        reads = self.case.reads.get((note.process, user), [])
        seen = [versions[one.seen] for one in reads if one.seen is not None and (one.delivered or 0.0) <= note.at]
        return any(self._is_as_noted(note, one) for one in seen)

    def _is_as_noted(self, note: Note, version: Version) -> bool:
        """Whether a version holds what the operation of a record was to write."""
        operation, resource = note.recorded.operation, resource_of_note(note)
        wants = [want for path, want in self.case.wants[operation.user].items() if resource_of(path) == resource]
        targets = [managed.target for managed in operation.managed]
        if targets and all(isinstance(target, WorkflowEnabled) for target in targets):
            # it guards enablements against a change of metadata, and nothing else
            wants = [want for want in wants if want.path[-1] == "enabled"]
        return all(is_met(want, self.case.value(version, want.path)) for want in wants)


def _below(path: Path, versions: Sequence[Version]) -> set[Path]:
    """Return the paths of all values that were ever at a path or below it."""
    return {path} | {one for version in versions for one in version.leaves if one[: len(path)] == path}


def is_met(want: Want, value: str) -> bool:
    """Return whether a value is as the manifests declare it."""
    if want.is_default:
        return value != GONE
    if want.path[-1] == "enabled" and want.value == "false":
        return value in {"false", GONE}
    return value == want.value


def _path(resource: Resource, pointer: Sequence[str]) -> Path:
    if resource == ("meta",):
        return ("meta", *pointer)
    first, *rest = pointer
    if first == "sharedSettings":
        return (*resource, "settings", *rest)
    if first in WORKFLOW_MAPS:
        return (*resource, "workflow", *rest)
    return (*resource, "other", *pointer)


def _text(value: Any) -> str:
    return GONE if repr(value) == "Absent.ABSENT" or repr(value) == "ABSENT" else text(value)


def _name(outcome: Outcome) -> str:
    return type(outcome).__name__.lower()
