"""What a faulty server makes of a write: pure functions from the states before and as intended to the one it keeps.

Knows nothing of HTTP or of when a fault happens.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from paragon_sync.emulator.faults.chance import Hit
from paragon_sync.emulator.faults.kinds import Ignore, Lose
from paragon_sync.emulator.passage import Alter, Target
from paragon_sync.emulator.state import UserState
from paragon_sync.emulator.values import ABSENT, Place, changes, same, values, with_value


def alteration(hits: list[Hit]) -> Alter | None:
    """What these faults make of a write; None if nothing."""
    wrong = [hit for hit in hits if isinstance(hit.fault, Ignore | Lose)]
    if not wrong:
        return None

    def alter(before: UserState, intended: UserState, target: Target) -> UserState:
        kept = intended
        for hit in wrong:
            if isinstance(hit.fault, Ignore):
                kept = _ignoring(hit.fault, before, kept)
            elif isinstance(hit.fault, Lose):
                kept = _losing(hit.fault, hit, before, kept, target)
        return kept

    return alter


def _ignoring(fault: Ignore, before: UserState, intended: UserState) -> UserState:
    if "*" in fault.values:
        return before
    kept = intended
    for change in changes(before, intended):
        if _matches(change.place, fault.values):
            kept = with_value(kept, change.place, change.before)
    return kept


def _losing(fault: Lose, hit: Hit, before: UserState, intended: UserState, target: Target) -> UserState:
    old, new = values(before), values(intended)
    held = [
        place
        for place, value in new.items()
        if (place.credential, place.configuration) == target
        and _matches(place, fault.values)
        and same(old.get(place, ABSENT), value)
    ]
    for place in hit.random().sample(held, min(fault.count, len(held))):
        intended = with_value(intended, place, ABSENT)
    return intended


def _matches(place: Place, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(place.pointer, pattern) for pattern in patterns)
