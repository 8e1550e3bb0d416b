"""What of a value may be shown: secrets are masked by where they stand, before anything is rendered.

Never by what they look like: no search for substrings, no guess at values. Knows names and flags, and no output format.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from paragon_sync.jsonvalue import ABSENT, Json, JsonObject, Repeated, equal
from paragon_sync.model.desired import WorkflowEnabled
from paragon_sync.model.outcome import ConflictingPath, StoredValue
from paragon_sync.model.planned import Change, Detail, Value
from paragon_sync.model.secrecy import names_secret

SECRET: Final = "(secret)"  # noqa: S105 - what stands in place of one
SECRET_CHANGED: Final = "(secret, changed)"  # noqa: S105


def is_secret(change: Change) -> bool:
    """Whether the whole value is a secret: flagged, or by its name. That a workflow is enabled is none by its name."""
    if change.secret or isinstance(change.target, WorkflowEnabled):
        return change.secret
    return names_secret(change.label) or names_secret(change.pointer[-1])


def masked_change(change: Change) -> Change:
    """The change with everything secret in it masked; ``secret`` tells whether that is the whole value."""
    if is_secret(change):
        before, after = _pair_of_secrets(change.before, change.after)
        return replace(change, before=before, after=after, details=(), secret=True)
    details = tuple(_masked_detail(detail) for detail in change.details)
    before, after = masked(change.before, change.after)
    return replace(change, before=before, after=after, details=details)


def masked_conflict(path: ConflictingPath) -> ConflictingPath:
    """The same for a path in conflict: live and planned say where they differ from the base."""
    if path.secret or names_secret(path.label) or any(map(names_secret, path.pointer)):
        base, live = _pair_of_secrets(path.base, path.live)
        return replace(path, base=base, live=live, planned=_pair_of_secrets(path.base, path.planned)[1], secret=True)
    base, live = masked(path.base, path.live)
    return replace(path, base=base, live=live, planned=masked(path.base, path.planned)[1])


def masked_stored(value: StoredValue) -> StoredValue:
    """Mask the secrets of a value that the server stored in another form; ``secret`` says whether it is one whole."""
    if value.secret or names_secret(value.label):
        sent, stored = _pair_of_secrets(value.sent, value.stored)
        return replace(value, sent=sent, stored=stored, secret=True)
    sent, stored = masked(value.sent, value.stored)
    return replace(value, sent=sent, stored=stored)


def masked(before: Value, after: Value) -> tuple[Value, Value]:
    """Both values, without what stands under a key that names a secret, however deep.

    The later one says which secrets differ from the earlier one's.
    """
    return _hide(before, after, SECRET), _hide(after, before, SECRET_CHANGED)


def masked_alone(value: Value, *, secret: bool) -> Value:
    """One value that isn't compared with another; ``secret`` hides all of it."""
    return _secret(value, ABSENT, SECRET) if secret else _hide(value, ABSENT, SECRET)


def _masked_detail(detail: Detail) -> Detail:
    secret = any(map(names_secret, detail.pointer))
    before, after = (_pair_of_secrets if secret else masked)(detail.before, detail.after)
    return replace(detail, before=before, after=after)


def _pair_of_secrets(before: Value, after: Value) -> tuple[Value, Value]:
    return _secret(before, after, SECRET), _secret(after, before, SECRET_CHANGED)


def _secret(value: Value, other: Value, differing: str) -> Value:
    if value is ABSENT:
        return ABSENT
    return _hide_whole(value, other, differing)


def _hide(value: Value, other: Value, differing: str) -> Value:
    """``value`` with its secrets hidden; ``differing`` stands for one that ``other`` has too, and differently."""
    return value if value is ABSENT else _hide_in(value, other, differing)


def _hide_in(value: Json, other: Value, differing: str) -> Json:
    """One frame of the stack for each level, for the deepest value's sake."""
    match value:
        case dict():
            others = other if isinstance(other, dict) else {}
            members: JsonObject = {}
            for key, item in value.items():
                twin = others.get(key, ABSENT)
                secret = names_secret(key)
                members[key] = _hide_whole(item, twin, differing) if secret else _hide_in(item, twin, differing)
            return members
        case list():
            twins = other if isinstance(other, list) else []
            items: list[Json] = []
            for at, item in enumerate(value):
                items.append(_hide_in(item, twins[at] if at < len(twins) else ABSENT, differing))
            return items
        case Repeated():
            return "(an object that has a key twice)"
        case _:
            return value


def _hide_whole(value: Json, other: Value, differing: str) -> Json:
    return SECRET if other is ABSENT or equal(value, other) else differing
