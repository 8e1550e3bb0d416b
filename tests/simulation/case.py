"""One schedule before the judge: what the server's own history says of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from paragon_sync.model.planned import MetadataSubject, Operation
from tests.simulation.history import Exchange, UserHistory, Version
from tests.simulation.loop import Process
from tests.simulation.population import Persona, Want
from tests.simulation.storage import Note
from tests.simulation.values import GONE, Path, Resource, resource_of, shown, text
from tests.simulation.world import World

WINDOW_SECONDS: Final = 2.0
"""What another writer saves in so many seconds before a write may be lost, beside the server's own time."""
TOLERANCE_SECONDS: Final = 0.1
"""For so long after it lost the lock a process may still send."""
ROUNDING: Final = 1e-6
OK: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """Something that must not be; ``user`` and ``at`` say where in the history."""

    kind: str
    text: str
    user: str | None = None
    at: float = 0.0

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class Case:
    """One schedule before the judge."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.personas: Mapping[str, Persona] = {persona.user: persona for persona in world.personas}
        self.wants: Mapping[str, Mapping[Path, Want]] = {
            user: {want.path: want for want in persona.wants} for user, persona in self.personas.items()
        }
        self.rolling: frozenset[Process] = frozenset(one.process for one in world.rolled_back)
        self.runs = {one.process: tuple(one.runs) for one in (*world.applied, *world.rolled_back)}
        self.gets: dict[tuple[Process, str], list[Exchange]] = {}
        for exchange in world.server.exchanges:
            if not exchange.is_write:
                self.gets.setdefault((exchange.process, exchange.user), []).append(exchange)
        self.reads = {key: [one for one in gets if is_good(one)] for key, gets in self.gets.items()}

    def history(self, user: str) -> UserHistory:
        return self.world.server.users[user]

    @staticmethod
    def value(version: Version, path: Path) -> str:
        return version.leaves.get(path, GONE)

    def changes(self, exchange: Exchange) -> Iterable[tuple[Path, tuple[str, str]]]:
        """Return what a write has changed: for each path, the value before and after."""
        assert exchange.made is not None
        versions = self.history(exchange.user).versions
        before, after = versions[exchange.made - 1].leaves, versions[exchange.made].leaves
        for path in [*before, *(path for path in after if path not in before)]:
            pair = (before.get(path, GONE), after.get(path, GONE))
            if pair[0] != pair[1]:
                yield path, pair

    def read_before(self, exchange: Exchange) -> Exchange | None:
        """Return the newest read that a write can rest on."""
        return self.last_read(exchange.process, exchange.user, exchange.resource, until=exchange.left)

    def last_read(self, process: Process, user: str, resource: Resource | None, *, until: float) -> Exchange | None:
        """Return the newest answer to a process, before a moment, that showed a resource; None: any credentials."""
        for read in reversed(self.reads.get((process, user), [])):
            if read.delivered is None or read.delivered > until or (read.path == "/sdk/me") != (resource == ("meta",)):
                continue
            if resource in {None, ("meta",)} or resource[0] in read.shown:
                return read
        return None

    def idle(self, read: Exchange, until: float) -> float:
        """Return the seconds from an answer to a moment, without those that the server took for later reads."""
        assert read.delivered is not None
        later = [one for one in self.gets.get((read.process, read.user), []) if one.left >= read.delivered]
        busy = sum(one.delivered - one.left for one in later if one.delivered is not None and one.delivered <= until)
        return until - read.delivered - busy

    def base(self, user: str, path: Path) -> str:
        """The value that the plan was made from."""
        read = self.last_read(self.world.planners[-1], user, resource_of(path), until=self.world.loop.now)
        if read is None or read.seen is None:
            return GONE
        return self.value(self.history(user).versions[read.seen], path)

    def stored(self, value: str) -> str:
        return text(self.world.server.stored(json.loads(value)))

    def left_by_run(self, user: str, path: Path) -> tuple[set[str], set[str]]:
        """What the run has left at a path, or seems to have left there, and what had been there before."""
        left: set[str] = set()
        first: list[tuple[float, set[str]]] = []
        history = self.history(user)
        want = self.wants[user].get(path)
        for exchange in self.world.server.exchanges:
            if exchange.user != user or not exchange.is_write or exchange.process in self.rolling:
                continue
            if exchange.made is not None and self._has_written(exchange, path):
                left.add(self.value(history.versions[exchange.made], path))
                if want is not None and path[-1] == "enabled" and self.world.climate.endpoint:
                    left.add(want.value)  # the request that was to switch it may have been sent, too
                seen = self._seen_before(exchange.process, user, path, exchange.left, exchange.made)
                if path[-1] == "enabled" and self.seems_switched(exchange, path):
                    seen |= {"true"}
                first.append((exchange.left, seen))
        for at, process in self.in_doubt(user, resource_of(path)) if want is not None else ():
            planned = want.value if want.value == GONE else self.stored(want.value)
            seen = self._seen_before(process, user, path, at, history.at(at) + 1)
            if seen != {planned}:
                left.add(planned)
                if path[-1] == "enabled" and self.world.climate.endpoint:
                    left.add("false")  # so an entry is until a request of its own enables it
                first.append((at, seen))
        return left, min(first, key=lambda one: one[0])[1] if first else set()

    def is_done_late(self, user: str, resource: Resource) -> bool:
        """Whether a write of the run was done after its operation's last outcome was recorded: it was on the wire."""
        notes = [one for one in self.world.storage.notes if one.recorded.operation.user == user]
        ended = [one.at for one in notes if resource_of_note(one) == resource and one.process not in self.rolling]
        writes = [one for one in self.world.server.exchanges if one.user == user and one.resource == resource]
        done = [one.acted for one in writes if one.made is not None and one.process not in self.rolling]
        return any(at is not None and at > max(ended, default=at) for at in done)

    def _has_written(self, exchange: Exchange, path: Path) -> bool:
        """Whether a write was to change a value, and did not only carry what it had read."""
        assert exchange.made is not None
        if exchange.resource != resource_of(path) or path not in self.wants[exchange.user]:
            return path in dict(self.changes(exchange))
        versions, read = self.history(exchange.user).versions, self.read_before(exchange)
        if read is None or read.seen is None:
            return True
        return self.value(versions[read.seen], path) != self.value(versions[exchange.made], path)

    def _seen_before(self, process: Process, user: str, path: Path, at: float, end: int) -> set[str]:
        """Return the values that a path had from the newest read before a moment to a version."""
        read = self.last_read(process, user, resource_of(path), until=at)
        start = end - 1 if read is None or read.seen is None else min(read.seen, end - 1)
        return {self.value(one, path) for one in self.history(user).versions[start:end]}

    def in_doubt(self, user: str, resource: Resource) -> Iterator[tuple[float, Process]]:
        """Return the writes of which the tool can't know that they were not done, or could not record it."""
        for one in self.world.storage.announced:
            mine = one.operation.user == user and resource_of_operation(one.operation) == resource
            if mine and one.process not in self.rolling and self._ended_badly(one.process):
                yield one.at, one.process
        for exchange in self.world.server.exchanges:
            mine = exchange.user == user and exchange.resource == resource and exchange.made is None
            refused = exchange.trouble in {"429", "unreachable"} and exchange.delivered is not None
            if mine and not refused and exchange.process not in self.rolling:
                yield exchange.left, exchange.process

    def _ended_badly(self, process: Process) -> bool:
        """Whether a process could not record to the end what it did."""
        errors = {one.process for one in (*self.world.applied, *self.world.rolled_back) if one.error is not None}
        return process.is_dead or process in self.world.storage.superseded or process in errors

    def seems_switched(self, exchange: Exchange, path: Path, *, ever: bool = False) -> bool:
        """Whether a workflow went off while the run changed metadata: who did that can't be told.

        ``ever``: also if it came on and went off again later, which looks the same.
        """
        assert exchange.made is not None
        history = self.history(exchange.user)
        numbers = range(1, exchange.made) if ever else [since(history, path, exchange.made - 1)]
        return self._seems_switched(history, exchange.user, path, numbers)

    def may_seem_switched(self, user: str, path: Path) -> bool:
        """Whether a workflow ever went off while the run changed metadata: who did that can't be told."""
        history = self.history(user)
        return self._seems_switched(history, user, path, range(1, len(history.versions)))

    def _seems_switched(self, history: UserHistory, user: str, path: Path, numbers: Iterable[int]) -> bool:
        off = [history.versions[number].at for number in numbers if self._goes_off(history, path, number)]
        end = self._metadata_ended(user)
        for process, left, may_be_late in self._metadata_attempts(user):
            read = self.last_read(process, user, resource_of(path), until=left)
            if read is None or (self.idle(read, left) > WINDOW_SECONDS + ROUNDING and not may_be_late):
                continue
            if any(read.shown_at <= at <= end for at in off):
                return True
        return False

    def _goes_off(self, history: UserHistory, path: Path, number: int) -> bool:
        before = self.value(history.versions[number - 1], path) if number else GONE
        return self.value(history.versions[number], path) != "true" and (before == "true" or not number)

    def _metadata_ended(self, user: str, *, rolling: bool = False) -> float:
        """Return when the run's change of a user's metadata, or its rollback's, had its outcome."""
        notes = [one for one in self.world.storage.notes if one.recorded.operation.user == user]
        ended = [
            one.at for one in notes if resource_of_note(one) == ("meta",) and (one.process in self.rolling) == rolling
        ]
        return max(ended, default=self.world.loop.now)

    def _metadata_attempts(self, user: str) -> Iterator[tuple[Process, float, bool]]:
        """Return who wrote a user's metadata in the run, and when.

        Who only may have written them may have recorded that long after the read, too.
        """
        for write in self.world.server.exchanges:
            if write.user == user and write.resource == ("meta",) and write.process not in self.rolling:
                yield write.process, write.left, False
        for at, process in self.in_doubt(user, ("meta",)):
            yield process, at, True

    def is_hidden(self, user: str, *, rolling: bool = False) -> bool:
        """Whether the tool could not see what a run's change of metadata, or its rollback's, did to workflows.

        A replica had an older state when the workflows were read back, or another writer has switched them between the
        first of the two reads before the change and the change.
        """
        for note in self.world.storage.notes:
            mine = note.recorded.operation.user == user and resource_of_note(note) == ("meta",)
            if mine and (note.process in self.rolling) == rolling and self._is_hidden_from(note):
                return True
        return False

    def _is_hidden_from(self, note: Note) -> bool:
        user = note.recorded.operation.user
        last = self.last_read(note.process, user, ("meta",), until=note.at)
        read_back = None if last is None else self.last_read(note.process, user, None, until=last.left)
        for write in self.world.server.exchanges:
            if write.user != user or write.resource != ("meta",) or write.made is None or write.acted is None:
                continue
            if write.acted > note.at or (write.process in self.rolling) != (note.process in self.rolling):
                continue
            if read_back is not None and read_back.shown_at < write.acted:
                return True
            before = self.last_read(write.process, user, None, until=write.left)
            if before is not None and self._is_crossed(user, before.shown_at, write.made):
                return True
        return False

    def _is_crossed(self, user: str, start: float, made: int) -> bool:
        """Whether another writer has switched a workflow from a moment on, and before a version was made."""
        history = self.history(user)
        for number in range(1, made):
            before, version = history.versions[number - 1].leaves, history.versions[number]
            if version.at >= start and any(
                path[-1] == "enabled" and before.get(path) != version.leaves.get(path)
                for path in {*before, *version.leaves}
            ):
                return True
        return False

    def may_be_normalized(self, note: Note) -> bool:
        """Whether the tool has not heard how the server stored its write, and so can't tell whose a value is."""
        climate = self.world.climate
        if climate.normalizer == "none" or climate.weather.lag:
            return climate.normalizer != "none"
        rolling = note.process in self.rolling
        done = [
            one
            for one in self.world.server.exchanges
            if one.made is not None
            and one.left <= note.at
            and one.user == note.recorded.operation.user
            and one.resource == resource_of_note(note)
            and (one.process in self.rolling) == rolling
        ]
        return any(one.status != OK or one.trouble or one.process is not note.process for one in done)

    def violation(self, kind: str, exchange: Exchange, words: str) -> Violation:
        return Violation(kind=kind, text=f"{exchange}: {words}", user=exchange.user, at=exchange.acted or exchange.left)

    def of_note(self, kind: str, note: Note, words: str) -> Violation:
        user = note.recorded.operation.user
        where = shown(resource_of_note(note))
        return Violation(kind=kind, text=f"{user} {where}, by {note.process}: {words}", user=user, at=note.at)


def is_good(exchange: Exchange) -> bool:
    return exchange.trouble == "" and exchange.status == OK and exchange.seen is not None


def since(history: UserHistory, path: Path, number: int) -> int:
    """Return the number of the version that gave a path the value that it has in version ``number``."""
    value = history.versions[number].leaves.get(path, GONE)
    while number and history.versions[number - 1].leaves.get(path, GONE) == value:
        number -= 1
    return number


def resource_of_note(note: Note) -> Resource:
    return resource_of_operation(note.recorded.operation)


def resource_of_operation(operation: Operation) -> Resource:
    subject = operation.subject
    if isinstance(subject, MetadataSubject):
        return ("meta",)
    return (subject.credential, subject.configuration or "")
