"""Decides of each value that a run wrote whether it goes back to what it was before. Knows one subject and its traces.

live = before the run                    nothing to do
live = what the run left                 what was before goes back (absent = removed)
otherwise                                left as it is, and told
a metadata key that the run added        can't be removed, and is told
a workflow that metadata switched off    enabled again, where it is still off
an entry that the run created            removed whole if nothing else has come into it; else its values alone,
and the workflow is as it would be without an entry
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import assert_never

from paragon_sync.jsonvalue import ABSENT, Json, equal, lookup
from paragon_sync.model.desired import (
    ManagedTarget,
    MetadataKey,
    Setting,
    Target,
    WorkflowEnabled,
    WorkflowEntry,
    WorkflowSetting,
)
from paragon_sync.model.planned import Managed, Origin, Subject, Value
from paragon_sync.plan.names import Names
from paragon_sync.plan.rollback.trace import Trace, Traces
from paragon_sync.plan.shape import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """All that a run did to one subject; ``switched_off`` are workflows that its change of metadata switched off."""

    subject: Subject
    traces: Traces
    managed: tuple[Managed, ...] = ()
    switched_off: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a trail leads now. ``guarded``: the user's metadata goes back too, which may switch workflows."""

    trail: Trail
    shape: Shape
    names: Names
    source: str
    guarded: bool


def given_back(site: Site) -> Iterator[Managed | str]:
    """Each value that goes back, and a text for each that doesn't and isn't as it was."""
    removed: set[str] = set()
    staying: set[str] = set()
    for workflow in sorted(site.trail.traces.created):
        entry = lookup(site.shape.workflows(), (workflow,))
        if entry is not ABSENT and _is_ours(entry, workflow, site.trail.traces):
            removed.add(workflow)
            yield _managed(site, WorkflowEntry(workflow), entry, ABSENT)
        elif entry is not ABSENT:
            staying.add(workflow)
            yield f'workflow "{site.names.workflow(workflow)}" keeps its entry: others have written into it since'
    for target, traced in _wanted(site, staying):
        if _workflow_of(target) not in removed:
            yield from _one_given_back(site, target, traced)


def _is_ours(entry: Json, workflow: str, traces: Traces) -> bool:
    """Whether an entry that the run created holds nothing but what the run left there."""
    if not isinstance(entry, dict):
        return False
    settings = entry.get("settings", {})
    if entry.keys() - {"enabled", "settings"} or not isinstance(settings, dict):
        return False
    leaves: list[tuple[Target, Json]] = [(WorkflowSetting(workflow, id_), value) for id_, value in settings.items()]
    leaves += [(WorkflowEnabled(workflow), entry["enabled"])] if "enabled" in entry else []
    return all(
        target in traces.values and any(equal(value, left) for left in traces.values[target].left)
        for target, value in leaves
    )


def _wanted(site: Site, staying: Collection[str]) -> Iterator[tuple[Target, Trace]]:
    """The traces, with what else is known of how it was before the run."""
    traces, switched_off = site.trail.traces.values, site.trail.switched_off
    for target, traced in traces.items():
        if isinstance(target, WorkflowEnabled) and target.workflow in switched_off:
            continue
        if isinstance(target, WorkflowEnabled) and target.workflow in staying and traced.before is ABSENT:
            yield target, replace(traced, before=site.names.default_enabled(target.workflow))
        else:
            yield target, traced
    for workflow in sorted(switched_off):
        written = traces.get(WorkflowEnabled(workflow))  # the same run may have enabled it again after its metadata
        yield WorkflowEnabled(workflow), Trace(before=True, left=(False, ABSENT) if written is None else written.left)


def _one_given_back(site: Site, target: Target, traced: Trace) -> Iterator[Managed | str]:
    now = site.shape.read(target)
    if equal(now, traced.before):
        if site.guarded and isinstance(target, WorkflowEnabled) and now is not ABSENT:
            yield _managed(site, target, now, now)
    elif not any(equal(now, left) for left in traced.left):
        yield f"{_called(site, target)} has changed since, and is left as it is"
    elif isinstance(target, MetadataKey) and traced.before is ABSENT:
        yield f"{_called(site, target)} was added by the run, and can't be removed"
    elif _lacks_entry(site, target):
        yield f"{_called(site, target)} can't be given back: the workflow has no entry any more"
    else:
        yield _managed(site, target, now, traced.before)


def _lacks_entry(site: Site, target: Target) -> bool:
    """Whether the value belongs into an entry that isn't there, and that wasn't the run's to remove."""
    workflow = _workflow_of(target)
    if workflow is None or site.shape.has_entry(workflow):
        return False
    enabled = site.trail.traces.values.get(WorkflowEnabled(workflow), Trace(before=ABSENT))
    return enabled.before is ABSENT or not any(left is ABSENT for left in enabled.left)


def _managed(site: Site, target: ManagedTarget, now: Value, desired: Value) -> Managed:
    return Managed(
        target=target,
        label=_label(site, target),
        desired=desired,
        base=now,
        origin=Origin.ROLLBACK,
        source=site.source,
        secret=_is_secret(site, target),
    )


def _label(site: Site, target: ManagedTarget) -> str:
    known = next((one.label for one in site.trail.managed if one.target == target), None)
    match target:
        case MetadataKey(key=key):
            return known or key
        case WorkflowEntry(workflow=workflow):
            return site.names.workflow(workflow)
        case _:
            return known or site.names.label(target)


def _is_secret(site: Site, target: ManagedTarget) -> bool:
    """Whether the value is a secret, as its plan said; one of which no plan speaks is, but for enablements."""
    match target:
        case WorkflowEnabled():
            return False
        case WorkflowEntry(workflow=workflow):
            inside = (one for one in site.trail.traces.values if _workflow_of(one) == workflow)
            return any(_is_secret(site, one) for one in inside)
        case _:
            known = [one.secret for one in site.trail.managed if one.target == target]
            return any(known) or not known or site.names.secret(target, _label(site, target))


def _called(site: Site, target: Target) -> str:
    """The value, in a sentence."""
    label = f'"{_label(site, target)}"'
    match target:
        case MetadataKey():
            return f"metadata {label}"
        case WorkflowEnabled():
            return f"whether {label} is enabled"
        case WorkflowSetting(workflow=workflow):
            return f'{label} of workflow "{site.names.workflow(workflow)}"'
        case Setting():
            return label
        case _:
            assert_never(target)


def _workflow_of(target: ManagedTarget) -> str | None:
    match target:
        case WorkflowEnabled(workflow=workflow) | WorkflowSetting(workflow=workflow) | WorkflowEntry(workflow=workflow):
            return workflow
        case MetadataKey() | Setting():
            return None
        case _:
            assert_never(target)
