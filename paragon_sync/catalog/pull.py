"""Owns how the answers of GET /sdk/integrations become a catalog. Knows their shape, and not how they were asked for.

Each asker sees what it may see, so views are merged: the catalog holds whatever any of them saw. Where two see the same
thing differently, the first asker's word counts; askers are in the order in which the environment lists them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow

_T = TypeVar("_T", Input, Workflow)
_NO_LETTERS: Final = re.compile(r"[\W_]+")


def merge_views(project: str, pulled: str, origin: str, views: Iterable[Sequence[JsonObject]]) -> Catalog:
    """One catalog of all views, sorted, whatever the order in which the API told.

    ``pulled`` is the time (ISO 8601 in UTC), ``origin`` what messages call the catalog's source (the environment).
    """
    integrations: dict[str, Integration] = {}
    for payload in (payload for view in views for payload in view):
        seen = _integration(payload)
        if seen is not None:
            known = integrations.get(seen.type)
            integrations[seen.type] = seen if known is None else _merged(known, seen)
    ordered = {kind: integrations[kind] for kind in sorted(integrations)}
    return Catalog(project=project, pulled=pulled, origin=origin, integrations=ordered)


def _merged(first: Integration, second: Integration) -> Integration:
    """Both views of one integration; of two that only share their type, the first."""
    if first.id != second.id:
        return first
    second_workflows = {workflow.id: workflow for workflow in second.workflows}
    workflows = [_merged_workflow(workflow, second_workflows.get(workflow.id)) for workflow in first.workflows]
    return Integration(
        type=first.type,
        id=first.id,
        inputs=_union([*first.inputs, *second.inputs]),
        workflows=_union([*workflows, *second.workflows]),
    )


def _merged_workflow(first: Workflow, second: Workflow | None) -> Workflow:
    if second is None:
        return first
    # A view without permission for a workflow may list it with its id alone.
    named = first if first.description != first.id else second
    return Workflow(
        id=first.id,
        description=named.description,
        default_enabled=first.default_enabled,
        inputs=_union([*first.inputs, *second.inputs]),
    )


def _integration(payload: JsonObject) -> Integration | None:
    """One integration as one asker sees it, or None where it has no name."""
    kind, values = _type_of(payload), _values(payload)
    if not kind:
        return None
    return Integration(
        type=kind,
        id=_text(payload.get("id")),
        inputs=_inputs(_object(values.get("sharedMeta")).get("inputs")),
        workflows=_workflows(_object(values.get("workflowMeta")), payload.get("workflows")),
    )


def _type_of(payload: JsonObject) -> str:
    """The portable name: a custom integration is told by its slug, or by what its name makes of one."""
    kind, custom = _text(payload.get("type")), _object(payload.get("customIntegration"))
    if kind != "custom":
        return kind
    slug = _text(custom.get("slug")) or _NO_LETTERS.sub("", _text(custom.get("name"))).lower()
    return slug if slug.startswith("custom.") or not slug else f"custom.{slug}"


def _values(payload: JsonObject) -> JsonObject:
    configs = payload.get("configs")
    first = configs[0] if isinstance(configs, list) and configs else None
    return _object(_object(first).get("values"))


def _workflows(meta: JsonObject, listed: Json) -> tuple[Workflow, ...]:
    entries = [entry for entry in map(_object, listed if isinstance(listed, list) else []) if _text(entry.get("id"))]
    names = {_text(entry["id"]): _text(entry.get("description")) for entry in entries}
    return _union(
        Workflow(
            id=id_,
            description=names.get(id_) or id_,
            default_enabled=_object(meta.get(id_)).get("defaultEnabled") is True,
            inputs=_inputs(_object(meta.get(id_)).get("inputs")),
        )
        for id_ in {**names, **dict.fromkeys(meta)}
    )


def _inputs(listed: Json) -> tuple[Input, ...]:
    entries = map(_object, listed if isinstance(listed, list) else [])
    return _union(_input(entry) for entry in entries if _text(entry.get("id")))


def _input(entry: JsonObject) -> Input:
    values = entry.get("values")
    return Input(
        id=_text(entry["id"]),
        title=_text(entry.get("title")) or _text(entry["id"]),
        type=_text(entry.get("type")),
        required=entry.get("required") is not False,
        values=_choices(values) if isinstance(values, list) else None,
    )


def _choices(values: list[Json]) -> tuple[str, ...]:
    found = (value.get("value") if isinstance(value, dict) else value for value in values)
    return tuple(value for value in found if isinstance(value, str))


def _union(items: Iterable[_T]) -> tuple[_T, ...]:
    """The first of each id, in the order of ids."""
    first: dict[str, _T] = {}
    for item in items:
        first.setdefault(item.id, item)
    return tuple(first[id_] for id_ in sorted(first))


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
