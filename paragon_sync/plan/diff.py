"""What differs, for people: changes, their order, and the details inside compound values.

Owns DeepDiff, and loads it when needed. Knows values before and after; decides nothing.
"""

from __future__ import annotations

from typing import Any, Final, assert_never

from paragon_sync.jsonvalue import ABSENT, Json, Number, Pointer, dumps, loads
from paragon_sync.model.desired import MetadataKey, Setting, WorkflowEnabled, WorkflowEntry, WorkflowSetting
from paragon_sync.model.planned import Change, Detail, Managed, Value
from paragon_sync.plan.shape import Shape

_FAILURES: Final = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def change_of(managed: Managed, workflow: str | None, shape: Shape) -> Change:
    """The change that a managed value makes; ``workflow`` is the workflow's name for people."""
    return Change(
        pointer=shape.pointers(managed.target)[0],
        target=managed.target,
        label=managed.label,
        workflow=workflow,
        before=managed.base,
        after=managed.desired,
        origin=managed.origin,
        source=managed.source,
        secret=managed.secret,
        details=details(managed.base, managed.desired),
    )


def value_order(managed: Managed, workflow: str | None) -> tuple[int, str, str, int, str, str]:
    """Metadata and settings by name, then workflow by workflow, each with its enablement first."""
    label = managed.label
    match managed.target:
        case MetadataKey(key=key):
            return (0, "", "", 0, label, key)
        case Setting(input=setting):
            return (1, "", "", 0, label, setting)
        case WorkflowEnabled(workflow=id_) | WorkflowEntry(workflow=id_):
            return (2, workflow or "", id_, 0, "", "")
        case WorkflowSetting(workflow=id_, input=setting):
            return (2, workflow or "", id_, 1, label, setting)
        case _:
            assert_never(managed.target)


def details(before: Value, after: Value) -> tuple[Detail, ...]:
    """Where two compound values differ, by pointers relative to them; nothing where only the whole can be told."""
    if not (isinstance(before, dict) and isinstance(after, dict)) and not (
        isinstance(before, list) and isinstance(after, list)
    ):
        return ()
    try:
        found = _deep_differences(_spelled(before), _spelled(after))
    except _FAILURES:  # the whole value is shown instead
        return ()
    whole = len(found) == 1 and found[0].pointer == ()
    return () if whole else tuple(sorted(found, key=lambda detail: detail.pointer))


def _deep_differences(before: Json, after: Json) -> list[Detail]:
    from deepdiff import DeepDiff

    tree: Any = DeepDiff(before, after, view="tree", ignore_private_variables=False, threshold_to_diff_deeper=0)
    found = []
    for kind, levels in tree.items():
        for level in levels:
            added, removed = kind.endswith("_added"), kind.endswith("_removed")
            path = level.path(output_format="list", use_t2=added)
            found.append(
                Detail(
                    pointer=_pointer(path),
                    before=ABSENT if added else _read(level.t1),
                    after=ABSENT if removed else _read(level.t2),
                )
            )
    return found


def _pointer(path: list[Any]) -> Pointer:
    return tuple(str(part) for part in path)


def _spelled(value: Json) -> Json:
    """The value with each scalar as its JSON text: DeepDiff's own equality is Python's, on which types don't count."""
    match value:
        case dict():
            return {key: _spelled(item) for key, item in value.items()}
        case list():
            return [_spelled(item) for item in value]
        case None | bool() | int() | float() | str() | Number():
            return dumps(value)
        case _:
            raise ValueError("an object that names a key twice has no text")


def _read(spelled: Json) -> Json:
    match spelled:
        case dict():
            return {key: _read(item) for key, item in spelled.items()}
        case list():
            return [_read(item) for item in spelled]
        case _:
            return loads(str(spelled))
