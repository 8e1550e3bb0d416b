"""What must hold, whatever happens: judged from the server's own history, never from the tool's records.

The records are read for one purpose: what a run says of an operation must be what the history says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from paragon_sync.model.outcome import Applied, Blocked, Conflict, Failed, Outcome, Unchanged, Unknown
from paragon_sync.model.planned import MetadataSubject, Operation
from tests.simulation.history import Exchange, UserHistory, Version
from tests.simulation.loop import Process
from tests.simulation.population import Persona, Want
from tests.simulation.schedule import World
from tests.simulation.storage import Note
from tests.simulation.values import GONE, WORKFLOW_MAPS, Path, Resource, resource_of, shown, text

WINDOW_SECONDS: Final = 2.0
"""What another writer saves in so many seconds before a write may be lost, beside the server's own time."""
TOLERANCE_SECONDS: Final = 0.1
"""For so long after it lost the lock a process may still send."""
_ROUNDING: Final = 1e-6
_OK: Final = 200
_ENTRY: Final = 4
"""So long is the path of a workflow's whole entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that must not be; ``user`` and ``at`` say where in the history."""

    kind: str
    text: str
    user: str | None = None
    at: float = 0.0

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


def judge(world: World) -> list[Violation]:
    """Return everything in a schedule that must not be, in the order of time."""
    case = _Case(world)
    found = [Violation(kind="trouble", text=problem, at=world.loop.now) for problem in world.problems]
    found += case.writes()
    found += case.fences()
    found += case.outcomes()
    found += case.resume()
    found += case.rollback()
    return sorted(found, key=lambda violation: violation.at)


class _Case:
    """One schedule before the judge."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.personas: Mapping[str, Persona] = {persona.user: persona for persona in world.personas}
        self.wants: Mapping[str, Mapping[Path, Want]] = {
            user: {want.path: want for want in persona.wants} for user, persona in self.personas.items()
        }
        back = world.rollback
        self.rolling: frozenset[Process] = frozenset() if back is None else frozenset({back.process})
        self.runs: dict[Process, tuple[str, ...]] = {one.process: tuple(one.runs) for one in world.applied}
        if back is not None:
            self.runs[back.process] = tuple(back.runs)
        self.gets: dict[tuple[Process, str], list[Exchange]] = {}
        for exchange in world.server.exchanges:
            if not exchange.is_write:
                self.gets.setdefault((exchange.process, exchange.user), []).append(exchange)
        self.reads = {key: [one for one in gets if _is_good(one)] for key, gets in self.gets.items()}

    # writes

    def writes(self) -> Iterator[Violation]:
        """Look at what each write has changed: its own values, or somebody else's."""
        for exchange in self.world.server.exchanges:
            if exchange.made is not None:
                yield from self._write(exchange)

    def _write(self, exchange: Exchange) -> Iterator[Violation]:
        read = self._read_before(exchange)
        replaces = exchange.method == "PATCH"
        if read is None:
            yield self._violation("unread", exchange, "nothing was read before")
            return
        waited = self._idle(read, exchange.left)
        if replaces and waited > WINDOW_SECONDS + _ROUNDING:
            yield self._violation("stale write", exchange, f"it left {waited:.3f} s after the answer to #{read.number}")
        for path, (before, after) in self._changes(exchange):
            if resource_of(path) != exchange.resource:
                continue  # the server's own doing
            if self._is_meant(exchange, path, before, after):
                continue
            yield from self._unmeant(exchange, read, path, before, after)

    def _unmeant(self, exchange: Exchange, read: Exchange, path: Path, before: str, after: str) -> Iterator[Violation]:
        """Judge a change of what wasn't to be changed: a save is destroyed, which may happen within the window."""
        history = self._history(exchange.user)
        assert exchange.made is not None
        assert read.seen is not None
        number = _since(history, path, exchange.made - 1)
        version = history.versions[number]
        what = f"{shown(path)}: {_by(version)} had made it {before} at {version.at:.3f} s, and it became {after}"
        seen = self._value(history.versions[read.seen], path)
        is_halfway = (seen, after) == (GONE, "false") and self._is_created(exchange.user, path)
        if after != seen and not is_halfway and not self._is_target(exchange, path, after):
            yield self._violation("invented value", exchange, what)
        elif number <= read.seen:
            yield self._violation("destroyed", exchange, f"{what}, although #{read.number} had shown it")
        elif exchange.method == "PATCH":
            opened = read.shown_at + self._idle(read, exchange.left) - WINDOW_SECONDS
            if version.at < opened - _ROUNDING:
                yield self._violation("destroyed", exchange, f"{what}, {opened - version.at:.3f} s before its window")

    def _is_meant(self, exchange: Exchange, path: Path, before: str, after: str) -> bool:
        """Whether a write may make this change, however old what it rests on is."""
        if exchange.process in self.rolling:
            return self._is_taken_back(exchange, path, before, after)
        want = self.wants[exchange.user].get(path)
        if (before, after) == (GONE, "false") and self._is_created(exchange.user, path):
            return True  # a request of its own enables it next
        if want is None:
            return self._is_created(exchange.user, path) and before == GONE
        if not self._is_target(exchange, path, after):
            return False
        if path[-1] == "enabled" and (self._is_halfway(exchange, path, before) or self._is_switched(exchange, path)):
            return True
        return before == GONE if want.is_default else before == self._base(exchange.user, path)

    def _is_taken_back(self, exchange: Exchange, path: Path, before: str, after: str) -> bool:
        """Whether a rollback gives back what was there before the run."""
        left, first = self._left_by_run(exchange.user, path)
        if path[-1] != "enabled":
            return before in left and after in first
        if (before, after) == ("true", "false") and before in left and GONE in first:
            return True  # a request of its own removes the entry next
        if before == "false" and after in first and self._is_switched(exchange, path):
            return True
        return (before in left and after in first) or (
            after == "true" and self._seems_switched(exchange, path, ever=True)
        )

    def _seems_switched(self, exchange: Exchange, path: Path, *, ever: bool = False) -> bool:
        """Whether a workflow went off while the run changed metadata: who did that can't be told.

        ``ever``: also if it came on and went off again later, which looks the same.
        """
        assert exchange.made is not None
        history = self._history(exchange.user)
        numbers = range(1, exchange.made) if ever else [_since(history, path, exchange.made - 1)]
        off = [history.versions[number].at for number in numbers if self._goes_off(history, path, number)]
        end = self._metadata_ended(exchange.user)
        for process, left in self._metadata_attempts(exchange.user):
            read = self._last_read(process, exchange.user, resource_of(path), until=left)
            if read is None or self._idle(read, left) > WINDOW_SECONDS + _ROUNDING:
                continue
            if any(read.shown_at <= at <= end for at in off):
                return True
        return False

    def _goes_off(self, history: UserHistory, path: Path, number: int) -> bool:
        before = self._value(history.versions[number - 1], path) if number else GONE
        return self._value(history.versions[number], path) != "true" and (before == "true" or not number)

    def _metadata_ended(self, user: str) -> float:
        """Return when the run's change of a user's metadata had its outcome."""
        notes = [one for one in self.world.storage.notes if one.recorded.operation.user == user]
        ended = [one.at for one in notes if _resource(one) == ("meta",) and one.process not in self.rolling]
        return max(ended, default=self.world.loop.now)

    def _metadata_attempts(self, user: str) -> Iterator[tuple[Process, float]]:
        """Return who wrote a user's metadata in the run, or may have written it, and when."""
        for write in self.world.server.exchanges:
            if write.user == user and write.resource == ("meta",) and write.process not in self.rolling:
                yield write.process, write.left
        for at, process in self._in_doubt(user, ("meta",)):
            yield process, at

    def _is_hidden(self, user: str) -> bool:
        """Whether a replica hid from the tool what a change of metadata did to workflows."""
        end = self._metadata_ended(user)
        for write in self.world.server.exchanges:
            if write.user != user or write.resource != ("meta",) or write.made is None or write.acted is None:
                continue
            last = self._last_read(write.process, user, ("meta",), until=end)
            if last is None or last.left < write.left:
                continue
            before = self._last_read(write.process, user, None, until=last.left)
            if before is not None and before.shown_at < write.acted:
                return True
        return False

    def _is_halfway(self, exchange: Exchange, path: Path, before: str) -> bool:
        """Whether an entry that wasn't there when the plan was made is off: a run may have left it so."""
        return exchange.method == "POST" and before == "false" and self._base(exchange.user, path) == GONE

    def _is_switched(self, exchange: Exchange, path: Path) -> bool:
        """Whether a change of metadata, as far as can be told, had switched a workflow that a write switches back."""
        if self._seems_switched(exchange, path):
            return True
        assert exchange.made is not None
        history = self._history(exchange.user)
        by = history.versions[_since(history, path, exchange.made - 1)].by
        return isinstance(by, Exchange) and by.resource == ("meta",)

    def _is_target(self, exchange: Exchange, path: Path, after: str) -> bool:
        want = self.wants[exchange.user].get(path)
        if exchange.process in self.rolling:
            return after in self._left_by_run(exchange.user, path)[1]
        if want is None:
            return False
        return after == GONE if want.value == GONE else after == self._stored(want.value)

    def _is_created(self, user: str, path: Path) -> bool:
        """Whether it is the enablement of a workflow's entry that the settings in it need."""
        entry = path[:-1]
        return path[-1] == "enabled" and any(known[: len(entry)] == entry for known in self.wants[user])

    def _stored(self, value: str) -> str:
        return text(self.world.server.stored(_json(value)))

    def _base(self, user: str, path: Path) -> str:
        """The value that the plan was made from."""
        read = self._last_read(self.world.planned[0], user, resource_of(path), until=self.world.loop.now)
        if read is None or read.seen is None:
            return GONE
        return self._value(self._history(user).versions[read.seen], path)

    def _left_by_run(self, user: str, path: Path) -> tuple[set[str], set[str]]:
        """What the run has left at a path, or seems to have left there, and what had been there before."""
        left: set[str] = set()
        first: list[tuple[float, set[str]]] = []
        history = self._history(user)
        want = self.wants[user].get(path)
        for exchange in self.world.server.exchanges:
            if exchange.user != user or not exchange.is_write or exchange.process in self.rolling:
                continue
            is_written = exchange.resource == resource_of(path) and want is not None
            if exchange.made is not None and (is_written or path in dict(self._changes(exchange))):
                left.add(self._value(history.versions[exchange.made], path))
                seen = self._seen_before(exchange.process, user, path, exchange.left, exchange.made)
                first.append((exchange.left, seen))
        for at, process in self._in_doubt(user, resource_of(path)) if want is not None else ():
            left.add(want.value if want.value == GONE else self._stored(want.value))
            first.append((at, self._seen_before(process, user, path, at, history.at(at) + 1)))
        return left, min(first, key=lambda one: one[0])[1] if first else set()

    def _seen_before(self, process: Process, user: str, path: Path, at: float, end: int) -> set[str]:
        """Return the values that a path had from the newest read before a moment to a version."""
        read = self._last_read(process, user, resource_of(path), until=at)
        start = end - 1 if read is None or read.seen is None else min(read.seen, end - 1)
        return {self._value(one, path) for one in self._history(user).versions[start:end]}

    def _in_doubt(self, user: str, resource: Resource) -> Iterator[tuple[float, Process]]:
        """Return the writes of which the tool can't know that they were not done, or could not record it."""
        for one in self.world.storage.announced:
            mine = one.operation.user == user and _resource_of(one.operation) == resource
            if mine and one.process not in self.rolling and self._ended_badly(one.process):
                yield one.at, one.process
        for exchange in self.world.server.exchanges:
            mine = exchange.user == user and exchange.resource == resource and exchange.made is None
            refused = exchange.trouble in {"429", "unreachable"} and exchange.delivered is not None
            if mine and not refused and exchange.process not in self.rolling:
                yield exchange.left, exchange.process

    def _ended_badly(self, process: Process) -> bool:
        """Whether a process could not record to the end what it did."""
        errors = {one.process for one in self.world.applied if one.error is not None}
        return process.is_dead or process in self.world.storage.superseded or process in errors

    # fences

    def fences(self) -> Iterator[Violation]:
        """Look for requests that left after their process had lost the lock."""
        for exchange in self.world.server.exchanges:
            lost = self.world.storage.superseded.get(exchange.process)
            if exchange.is_write and lost is not None and exchange.left > lost + TOLERANCE_SECONDS + _ROUNDING:
                late = exchange.left - lost
                yield self._violation("fence", exchange, f"it left {late:.3f} s after its process had lost the lock")

    # outcomes

    def outcomes(self) -> Iterator[Violation]:
        """Hold what was recorded against what happened."""
        ended: dict[tuple[str, int], Note] = {}
        for note in self.world.storage.notes:
            key = (note.run, note.recorded.number)
            earlier = ended.get(key)
            if earlier is not None:
                words = f"{_name(earlier.recorded.outcome)} of {earlier.process} became {_name(note.recorded.outcome)}"
                yield self._of_note("record rewritten", note, words)
            if not isinstance(note.recorded.outcome, Unknown):
                ended[key] = note
            wrong = self._untrue(note)
            if wrong is not None:
                yield self._of_note("untrue outcome", note, wrong)

    def _untrue(self, note: Note) -> str | None:
        """Why a recorded outcome isn't true; None if it is."""
        outcome, user = note.recorded.outcome, note.recorded.operation.user
        resource, history = _resource(note), self._history(user)
        sent = [
            one
            for one in self.world.server.exchanges
            if one.is_write
            and one.user == user
            and one.resource == resource
            and one.left <= note.at
            and note.run in self.runs[one.process]
        ]
        until = history.at(note.at)
        match outcome:
            case Applied():
                return self._untrue_applied(note, sent, outcome, until)
            case Unchanged():
                if any(_may_have_acted(one) for one in sent):
                    return f"unchanged, but {sent[-1]} was sent"
                return None if self._was_seen(note) else "unchanged, but no read showed it as planned"
            case Blocked():
                return f"blocked, but {sent[-1]} was sent" if any(map(_may_have_acted, sent)) else None
            case Failed():
                return self._untrue_failed(note, sent, outcome)
            case Conflict():
                if not outcome.after_write and any(map(_may_have_acted, sent)):
                    return f"conflict before any write, but {sent[-1]} was sent"
                return self._own_conflict(note, outcome, until)
            case Unknown():
                return None if sent or self._is_left_in_doubt(note) else "unknown, but nothing was sent"
        raise AssertionError(outcome)

    def _is_left_in_doubt(self, note: Note) -> bool:
        """Whether an earlier process recorded that it would send, and could not say whether it did."""
        doubts = self._in_doubt(note.recorded.operation.user, _resource(note))
        return any(process is not note.process and at <= note.at for at, process in doubts)

    def _untrue_applied(self, note: Note, sent: Sequence[Exchange], outcome: Applied, until: int) -> str | None:
        if not sent and not self._is_left_in_doubt(note):
            return "applied, but nothing was sent"
        if note.process in self.rolling:
            return None
        made = [one.made for one in sent if one.made is not None]
        history = self._history(note.recorded.operation.user)
        first = min(made) if made else history.at(sent[0].left if sent else 0.0)
        if not made and not outcome.resolved:
            return "applied, but no write was done"
        held = any(self._is_as_noted(note, one) for one in history.versions[first : until + 1])
        return None if held else "applied, but the server never held what was planned"

    def _untrue_failed(self, note: Note, sent: Sequence[Exchange], outcome: Failed) -> str | None:
        if note.process in self.rolling:
            return None
        history = self._history(note.recorded.operation.user)
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
        if self._is_as_noted(note, history.versions[history.at(note.at)]):
            return f"failed ({outcome.reason}), but the server held what was planned, by {last}"
        return None

    def _own_conflict(self, note: Note, outcome: Conflict, until: int) -> str | None:
        """Say which value in conflict is nobody else's doing."""
        user, resource = note.recorded.operation.user, _resource(note)
        history = self._history(user)
        if outcome.after_write and self._may_be_normalized(note):
            return None
        if all(one.pointer[-1] == "enabled" for one in outcome.paths) and self._is_hidden(user):
            return None
        for conflicting in outcome.paths:
            path, live = _path(resource, conflicting.pointer), _text(conflicting.live)
            is_entry = path[2:3] == ("workflow",) and len(path) == _ENTRY
            below = _below(path, history.versions[: until + 1]) if is_entry else {path}
            if any(self._is_others(history, one, None if is_entry else live, until, note) for one in sorted(below)):
                return None
        words = ", ".join(f"{_text(one.live)} at {shown(_path(resource, one.pointer))}" for one in outcome.paths)
        return f"conflict, but nobody else has made it {words}"

    def _may_be_normalized(self, note: Note) -> bool:
        """Whether the tool has not heard how the server stored its write, and so can't tell whose a value is."""
        if self.world.climate.normalizer == "none":
            return False
        writes = [
            one
            for one in self.world.server.exchanges
            if one.is_write and one.user == note.recorded.operation.user and one.resource == _resource(note)
        ]
        done = [one for one in writes if one.made is not None and one.left <= note.at]
        return any(one.status != _OK or one.trouble or one.process is not note.process for one in done)

    def _is_others(self, history: UserHistory, path: Path, live: str | None, until: int, note: Note) -> bool:
        """Whether anybody but the run has given a path this value, or (None) its newest value."""
        numbers = {_since(history, path, number) for number in range(until + 1)}
        if live is None:
            numbers = {max(numbers)}
        else:
            numbers = {number for number in numbers if self._value(history.versions[number], path) == live}
        return any(self._is_somebody_else(history.versions[number].by, note) for number in numbers)

    def _is_somebody_else(self, hand: Any, note: Note) -> bool:
        return not isinstance(hand, Exchange) or note.run not in self.runs.get(hand.process, ())

    def _was_seen(self, note: Note) -> bool:
        if note.process in self.rolling:
            return True
        user = note.recorded.operation.user
        versions = self._history(user).versions
        reads = self.reads.get((note.process, user), [])
        seen = [versions[one.seen] for one in reads if one.seen is not None and (one.delivered or 0.0) <= note.at]
        return any(self._is_as_noted(note, one) for one in seen)

    def _is_as_noted(self, note: Note, version: Version) -> bool:
        """Whether a version holds what the operation of a record was to write."""
        operation, resource = note.recorded.operation, _resource(note)
        wants = [want for path, want in self.wants[operation.user].items() if resource_of(path) == resource]
        if not operation.changes:  # it guards enablements against a change of metadata, and nothing else
            wants = [want for want in wants if want.path[-1] == "enabled"]
        return all(_is_met(want, self._value(version, want.path)) for want in wants)

    # the end

    def resume(self) -> Iterator[Violation]:
        """Look whether the run has come to its end in good weather."""
        if not self.world.finished:
            errors = [one.error for one in self.world.applied[-1:]]
            yield Violation(kind="resume", text=f"the run does not end: {errors}", at=self.world.loop.now)

    def rollback(self) -> Iterator[Violation]:
        """Look whether what the run wrote, and nobody else since, is as it was before."""
        if self.world.rollback is None or self.world.rollback.error is not None:
            return
        unsure = {
            (note.recorded.operation.user, _resource(note))
            for note in self.world.storage.notes
            if isinstance(note.recorded.outcome, Conflict) and self._may_be_normalized(note)
        }
        for user in self.personas:
            history = self._history(user)
            for path in self.wants[user]:
                if (user, resource_of(path)) in unsure or (path[-1] == "enabled" and self._is_hidden(user)):
                    continue
                yield from self._restored(user, history, path)

    def _restored(self, user: str, history: UserHistory, path: Path) -> Iterator[Violation]:
        left, first = self._left_by_run(user, path)
        last = max(
            (
                one.made
                for one in self.world.server.exchanges
                if one.user == user
                and one.made is not None
                and one.process not in self.rolling
                and any(changed == path for changed, _ in self._changes(one))
            ),
            default=None,
        )
        if last is None or (path[0] == "meta" and GONE in first):
            return
        start = history.at(self.world.rolled_from)
        values = {self._value(one, path) for one in history.versions[last : start + 1]}
        if values != {self._value(history.versions[last], path)} or not values <= left:
            return  # somebody else has changed it since
        if self._was_created(path, history.versions[start]) and GONE in first:
            return
        now = self._value(history.now, path)
        if now not in first:
            words = f"{user} {shown(path)}: {now} after the rollback, {' or '.join(sorted(first))} before the run"
            yield Violation(kind="rollback", text=words, user=user, at=self.world.loop.now)

    @staticmethod
    def _was_created(path: Path, version: Version) -> bool:
        """Whether it is in a workflow's entry in which there are other values: such an entry stays."""
        if path[2:3] != ("workflow",):
            return False
        entry = path[:4]
        return any(other[:4] == entry and other != path for other in version.leaves)

    # what the history says

    def _history(self, user: str) -> UserHistory:
        return self.world.server.users[user]

    @staticmethod
    def _value(version: Version, path: Path) -> str:
        return version.leaves.get(path, GONE)

    def _changes(self, exchange: Exchange) -> Iterable[tuple[Path, tuple[str, str]]]:
        """Return what a write has changed: for each path, the value before and after."""
        assert exchange.made is not None
        versions = self._history(exchange.user).versions
        before, after = versions[exchange.made - 1].leaves, versions[exchange.made].leaves
        for path in [*before, *(path for path in after if path not in before)]:
            pair = (before.get(path, GONE), after.get(path, GONE))
            if pair[0] != pair[1]:
                yield path, pair

    def _read_before(self, exchange: Exchange) -> Exchange | None:
        """Return the newest read that a write can rest on."""
        return self._last_read(exchange.process, exchange.user, exchange.resource, until=exchange.left)

    def _last_read(self, process: Process, user: str, resource: Resource | None, *, until: float) -> Exchange | None:
        """Return the newest answer to a process, before a moment, that showed a resource; None: any credentials."""
        for read in reversed(self.reads.get((process, user), [])):
            if read.delivered is None or read.delivered > until or (read.path == "/sdk/me") != (resource == ("meta",)):
                continue
            if resource in {None, ("meta",)} or resource[0] in read.shown:
                return read
        return None

    def _idle(self, read: Exchange, until: float) -> float:
        """Return the seconds from an answer to a moment, without those that the server took for later reads."""
        assert read.delivered is not None
        later = [one for one in self.gets.get((read.process, read.user), []) if one.left >= read.delivered]
        busy = sum(one.delivered - one.left for one in later if one.delivered is not None and one.delivered <= until)
        return until - read.delivered - busy

    def _violation(self, kind: str, exchange: Exchange, words: str) -> Violation:
        return Violation(kind=kind, text=f"{exchange}: {words}", user=exchange.user, at=exchange.acted or exchange.left)

    def _of_note(self, kind: str, note: Note, words: str) -> Violation:
        user = note.recorded.operation.user
        where = shown(_resource(note))
        return Violation(kind=kind, text=f"{user} {where}, by {note.process}: {words}", user=user, at=note.at)


def _is_good(exchange: Exchange) -> bool:
    return exchange.trouble == "" and exchange.status == _OK and exchange.seen is not None


def _may_have_acted(exchange: Exchange) -> bool:
    return exchange.made is not None


def _since(history: UserHistory, path: Path, number: int) -> int:
    """Return the number of the version that gave a path the value that it has in version ``number``."""
    value = history.versions[number].leaves.get(path, GONE)
    while number and history.versions[number - 1].leaves.get(path, GONE) == value:
        number -= 1
    return number


def _below(path: Path, versions: Sequence[Version]) -> set[Path]:
    """Return the paths of all values that were ever at a path or below it."""
    return {path} | {one for version in versions for one in version.leaves if one[: len(path)] == path}


def _by(version: Version) -> str:
    return version.by if isinstance(version.by, str) else f"#{version.by.number}"


def _is_met(want: Want, value: str) -> bool:
    if want.is_default:
        return value != GONE
    if want.path[-1] == "enabled" and want.value == "false":
        return value in {"false", GONE}
    return value == want.value


def _resource(note: Note) -> Resource:
    return _resource_of(note.recorded.operation)


def _resource_of(operation: Operation) -> Resource:
    subject = operation.subject
    if isinstance(subject, MetadataSubject):
        return ("meta",)
    return (subject.credential, subject.configuration or "")


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


def _json(value: str) -> Any:
    import json

    return json.loads(value)


def _name(outcome: Outcome) -> str:
    return type(outcome).__name__.lower()
