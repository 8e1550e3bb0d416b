"""Why an operation did not end well, and what else is to be known of it, in words. Knows no journal and no format."""

from __future__ import annotations

from typing import assert_never

from paragon_sync.model.outcome import (
    Applied,
    Blocked,
    Conflict,
    ConflictingPath,
    Failed,
    Outcome,
    SideEffect,
    StoredValue,
    Unchanged,
    Unknown,
    effects_of,
)
from paragon_sync.model.planned import Value
from paragon_sync.render.changes import value_text
from paragon_sync.render.lines import WIDTH
from paragon_sync.render.mask import masked_conflict, masked_stored


def reasons(outcome: Outcome | None) -> list[str]:
    """Why something did not end well, in one or more texts; none where it did."""
    match outcome:
        case None:
            return ["sent, and no answer was recorded"]
        case Applied() | Unchanged():
            return []
        case Conflict(paths=paths, after_write=after_write, stored=stored):
            found = "changed after our write" if after_write else "live has moved away from the plan"
            also = ["stored differently by the server:", *map(_stored, stored)] if stored else []
            return [f"conflict: {found}", *map(_conflicting, paths), *also]
        case Blocked(reason=reason):
            return [f"blocked: {reason}"]
        case Failed(reason=reason, stored=stored):
            advice = ["declare the stored form in the manifest"] if stored else []
            return [f"failed: {reason}", *map(_stored, stored), *advice]
        case Unknown(reason=reason):
            return [f"unknown: {reason}"]
        case _:
            assert_never(outcome)


def remarks(outcome: Outcome | None) -> list[str]:
    """What else is to be known of what was written."""
    switched = [f"switched off by the change of metadata: {_named(effect)}" for effect in effects_of(outcome)]
    if not isinstance(outcome, Applied):
        return switched
    overwritten = (f"overwritten: {_conflicting(path)}" for path in outcome.overwritten)
    return [*overwritten, *outcome.notes, *switched]


def _named(effect: SideEffect) -> str:
    where = f"credential {effect.credential}"
    return f"workflow {effect.workflow} of {where}" + (f" · {effect.configuration}" if effect.configuration else "")


def _conflicting(path: ConflictingPath) -> str:
    shown = masked_conflict(path)
    return f"{path.label}: was {_short(shown.base)}, is {_short(shown.live)}, planned {_short(shown.planned)}"


def _stored(value: StoredValue) -> str:
    shown = masked_stored(value)
    return f"{value.label}: sent {_short(shown.sent)}, stored {_short(shown.stored)}"


def _short(value: Value) -> str:
    return value_text(value, WIDTH // 2)
