"""Holds what a run says of each operation against what the emulator saw and holds.

Knows what each user shall hold from the population, and nothing of the planner.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from paragon_sync.emulator import Write
from paragon_sync.emulator.codec import Json
from paragon_sync.emulator.state import UserState
from paragon_sync.emulator.values import ABSENT, Absent, Place, same, values
from paragon_sync.store.journal import Entry
from tests.soak.bench import Soak
from tests.soak.population import Target, value_at
from tests.soak.records import target_of

ALARM = "lost? "


@dataclass(frozen=True)
class Judge:
    """Of one run, which had the emulator to itself."""

    soak: Soak
    run: dict[str, Any]
    journal: dict[Target, Entry]

    def untruths(self) -> Iterator[str]:
        """The operations whose outcome is not what came of them."""
        counts = self.run["counts"]
        for missing in ("unknown", "sending", "notReached"):
            if counts[missing]:
                yield f"{counts[missing]} {missing}"
        for operation in self.run["operations"]:
            target = target_of(operation)
            for untruth in self._untruths_of(target, operation):
                yield f"{untruth}: {self._told(target)}"

    def _untruths_of(self, target: Target, operation: dict[str, Any]) -> Iterator[str]:
        there = [self._as_declared(target, state) for state in self._ends(target)]
        written = [write for write in self.writes_to(target) if not self._is_late(write)]
        match operation["outcome"]:
            case "applied":
                if not any(there):
                    yield "applied, and not there"
                if not self.writes_to(target):
                    yield "applied, and never written"
            case "unchanged":
                if not any(there) or any(write.changes for write in written):
                    yield "unchanged, and changed"
            case "failed":
                if all(there):
                    yield "failed, and there"
            case "conflict":
                if all(there):
                    yield "in conflict, and there"
                if written and not operation["afterWrite"]:
                    yield "in conflict before any write, and written"
                yield from self._wrong_paths(target, operation)
            case "blocked" if written:
                yield "blocked, and written"

    def _wrong_paths(self, target: Target, operation: dict[str, Any]) -> Iterator[str]:
        """Conflicts that say of a value what it isn't."""
        for path in operation["paths"]:
            place = _place(target, path["pointer"])
            live: Json | Absent = path.get("live", ABSENT)
            if not path["secret"] and not any(same(live, value_at(state, place)) for state in self._ends(target)):
                yield f"in conflict, and {path['pointer']} is something else"

    def losses(self) -> Iterator[str]:
        """Unmanaged values that are not as they were, but for those that the server lost, and that have their alarm."""
        for person in self.soak.people.people:
            managed = {place for places in person.shall.values() for place in places}
            before = values(self.soak.before[person.name])
            after = values(self.soak.emulator.site.users.read(person.name))
            for place in before.keys() | after.keys():
                old, new = before.get(place, ABSENT), after.get(place, ABSENT)
                if place in managed or same(old, new) or self._is_side_effect(person.name, place, new):
                    continue
                loser = self._lost_by(person.name, place)
                if new is not ABSENT or loser is None:
                    told = [self._told(target) for target in self._operations if target[0] == person.name]
                    yield f"{person.name} {place}: {old!r} has become {new!r}; {told}"
                elif place not in self._alarms(loser.target) and not self._is_late(loser):
                    yield f"{person.name} {place}: lost by the server, and no alarm in {self._told(loser.target)}"

    def false_alarms(self) -> Iterator[str]:
        """Alarms of what was never lost."""
        for operation in self.run["operations"]:
            target = target_of(operation)
            for place in self._alarms(target):
                if self._lost_by(target[0], place) is None:
                    yield f"{target}: {place.pointer}"

    def writes_to(self, target: Target) -> list[Write]:
        """The client's writes to a target, in their order."""
        return self._writes.get(target, [])

    @cached_property
    def _writes(self) -> dict[Target, list[Write]]:
        found: dict[Target, list[Write]] = {}
        for write in self.soak.emulator.writes():
            found.setdefault(write.target, []).append(write)
        return found

    @cached_property
    def _operations(self) -> dict[Target, dict[str, Any]]:
        return {target_of(operation): operation for operation in self.run["operations"]}

    def _told(self, target: Target) -> str:
        told = {key: value for key, value in self._operations[target].items() if key != "windows"}
        faults = [(write.method, write.passage.faults) for write in self.writes_to(target)]
        return f"{told}, written {faults}"

    def _ends(self, target: Target) -> list[UserState]:
        """How the user was in the end; also before a write that was done after the run had given up on it."""
        late = [write for write in self.writes_to(target) if self._is_late(write)]
        return [self.soak.emulator.site.users.read(target[0]), *(write.before for write in late)]

    def _is_late(self, write: Write) -> bool:
        attempts = self.journal[write.target].attempts if write.target in self.journal else ()
        closed = attempts[-1].window.closed if attempts else None
        return write.committed > (closed.monotonic if closed else math.inf)

    def _as_declared(self, target: Target, state: UserState) -> bool:
        return all(same(shall, value_at(state, place)) for place, shall in self.soak.people.shall[target].items())

    def _lost_by(self, user: str, place: Place) -> Write | None:
        """The last write that lost the value, by the emulator's own account."""
        writes = [write for target, found in self._writes.items() if target[0] == user for write in found]
        losing = [write for write in writes if any(change.place == place for change in write.lost)]
        return losing[-1] if losing else None

    def _alarms(self, target: Target) -> set[Place]:
        alarms = self._operations[target].get("alarms", ()) if target in self._operations else ()
        return {_place(target, alarm.removeprefix(ALARM)) for alarm in alarms}

    def _is_side_effect(self, user: str, place: Place, new: Json | Absent) -> bool:
        """Whether it is a workflow of which the record says that the change of metadata switched it off."""
        told = self._operations.get((user, None, None), {}).get("sideEffects", ())
        effects = {(one["credential"], one.get("configuration"), one["workflow"]) for one in told}
        return (
            new is False
            and place.keys[2:] == ("enabled",)
            and (place.credential, place.configuration, place.keys[1]) in effects
        )


def _place(target: Target, pointer: str) -> Place:
    keys = tuple(key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:])
    return Place(target[1], target[2], keys if target[1] is not None else ("meta", *keys))
