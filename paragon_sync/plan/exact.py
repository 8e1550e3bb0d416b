"""``exact: true``: what live has and no document names. Knows what is named, and nothing of who wins.

At the integration level: settings that aren't named, and enabled workflows that aren't. A workflow's own settings
only where that workflow says so itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from paragon_sync.model.desired import ExactScope, MetadataKey, Setting, Target, WorkflowEnabled, WorkflowSetting
from paragon_sync.plan.select import Reach, place_order
from paragon_sync.plan.shape import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Unnamed:
    """One live value that no document names, and the scope that wants it gone (or, a workflow, disabled)."""

    target: Setting | WorkflowEnabled | WorkflowSetting
    scope: ExactScope
    source: str


def unnamed(shape: Shape, reaches: Iterable[Reach], named: Collection[Target]) -> Iterator[Unnamed]:
    """What the exact scopes of these blocks reach; of several scopes that say the same, the first place speaks."""
    scopes: dict[str | None, tuple[ExactScope, str]] = {}
    for reach in sorted(reaches, key=lambda r: place_order(r.block.place)):
        for scope in reach.block.exact:
            scopes.setdefault(scope.workflow, (scope, reach.source))
    for scope, source in scopes.values():
        for target in _unnamed_in(shape, scope, named):
            yield Unnamed(target=target, scope=scope, source=source)


def _unnamed_in(
    shape: Shape, scope: ExactScope, named: Collection[Target]
) -> Iterator[Setting | WorkflowEnabled | WorkflowSetting]:
    if scope.workflow is not None:
        settings = (WorkflowSetting(scope.workflow, id_) for id_ in shape.workflow_settings(scope.workflow))
        yield from (target for target in settings if target not in named)
        return
    yield from (Setting(id_) for id_ in shape.settings() if Setting(id_) not in named)
    mentioned = {_workflow_of(target) for target in named}
    for workflow in shape.workflows():
        if workflow not in mentioned and shape.read(WorkflowEnabled(workflow)) is True:
            yield WorkflowEnabled(workflow)


def _workflow_of(target: Target) -> str | None:
    match target:
        case WorkflowEnabled(workflow=workflow) | WorkflowSetting(workflow=workflow):
            return workflow
        case MetadataKey() | Setting():
            return None
