"""What a faulty server makes of a write: pure functions from the states before and as intended to the one it keeps.

Knows nothing of HTTP or of when a fault happens.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from paragon_sync.emulator.codec import Json, Pairs
from paragon_sync.emulator.faults.chance import Hit
from paragon_sync.emulator.faults.kinds import Ignore, Lag, Lose, Normalise, Strategy
from paragon_sync.emulator.passage import Alter, Shown, Target
from paragon_sync.emulator.state import UserState
from paragon_sync.emulator.values import ABSENT, Absent, Place, changes, same, values, with_value


def alteration(hits: list[Hit]) -> Alter | None:
    """What these faults make of a write; None if nothing."""
    wrong = [hit for hit in hits if isinstance(hit.fault, Ignore | Lose | Normalise)]
    if not wrong:
        return None

    def alter(before: UserState, intended: UserState, target: Target) -> UserState:
        kept = intended
        for hit in wrong:
            if isinstance(hit.fault, Ignore):
                kept = _ignoring(hit.fault, before, kept)
            elif isinstance(hit.fault, Lose):
                kept = _losing(hit.fault, hit, before, kept, target)
            elif isinstance(hit.fault, Normalise):
                kept = _normalising(hit.fault, before, kept)
        return kept

    return alter


def shown(hits: list[Hit]) -> Shown:
    """What the answer to a write shows; the last of the faults decides."""
    return next((hit.fault.answer for hit in reversed(hits) if isinstance(hit.fault, Normalise)), "sent")


def lag(hits: list[Hit]) -> float:
    """How many seconds old the state is that a read answers."""
    return max((hit.fault.seconds for hit in hits if isinstance(hit.fault, Lag)), default=0)


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


def _normalising(fault: Normalise, before: UserState, intended: UserState) -> UserState:
    kept = intended
    for change in changes(before, intended):
        if _matches(change.place, fault.values) and not isinstance(change.after, Absent):
            kept = with_value(kept, change.place, normalised(change.after, fault.strategies))
    return kept


def normalised(value: Json, strategies: tuple[Strategy, ...]) -> Json:
    """Return the normal form of a value; in arrays and objects, that of what is in them. Keys stay as they are."""
    match value:
        case str():
            value = value.strip() if "trim" in strategies else value
            return value.lower() if "lower" in strategies else value
        case list():
            items = [normalised(item, strategies) for item in value]
            texts = [item for item in items if isinstance(item, str)]
            return [*sorted(texts)] if "sort" in strategies and len(texts) == len(items) else items
        case dict():
            return {key: normalised(item, strategies) for key, item in value.items()}
        case Pairs(members):
            return Pairs(tuple((key, normalised(item, strategies)) for key, item in members))
        case _:
            return value


def _matches(place: Place, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(place.pointer, pattern) for pattern in patterns)
