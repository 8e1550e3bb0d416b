"""What the catalog says about the ids of one integration: names for people, secrets, what is required.

Knows no user. An id that the catalog doesn't know is its own name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow
from paragon_sync.model.desired import (
    ManagedTarget,
    MetadataKey,
    Setting,
    Target,
    WorkflowEnabled,
    WorkflowEntry,
    WorkflowSetting,
)
from paragon_sync.model.secrecy import names_secret

BY_ID = "id:"


def integration_id(catalog: Catalog, integration: str) -> str:
    """The project's own id of an integration, which a document names by type or as ``id:<exact id>``."""
    known = catalog.integrations.get(integration)
    return integration.removeprefix(BY_ID) if known is None else known.id


def integration_type(catalog: Catalog, integration: str) -> str:
    """The type of an integration that a document names by type or by id; as it is named where no catalog knows it."""
    if integration in catalog.integrations or not integration.startswith(BY_ID):
        return integration
    return catalog.type_of(integration.removeprefix(BY_ID)) or integration


class Names:
    """The catalog's words on one integration, indexed by id; None stands for metadata, which no catalog describes."""

    def __init__(self, integration: Integration | None) -> None:
        self._inputs = _by_id(integration.inputs if integration else ())
        self._workflows: dict[str, Workflow] = {w.id: w for w in (integration.workflows if integration else ())}
        self._own: dict[str, dict[str, Input]] = {}

    def label(self, target: Setting | WorkflowEnabled | WorkflowSetting) -> str:
        """The value's name for people: a title or a description."""
        if isinstance(target, WorkflowEnabled):
            return self.workflow(target.workflow)
        known = self.input(target)
        return target.input if known is None else known.title or target.input

    def workflow(self, workflow: str) -> str:
        known = self._workflows.get(workflow)
        return workflow if known is None else known.description or workflow

    def workflow_of(self, target: ManagedTarget) -> str | None:
        """The name of the workflow that the value belongs to, if it belongs to one."""
        match target:
            case WorkflowEnabled(workflow=id_) | WorkflowSetting(workflow=id_) | WorkflowEntry(workflow=id_):
                return self.workflow(id_)
            case MetadataKey() | Setting():
                return None
            case _:
                assert_never(target)

    def default_enabled(self, workflow: str) -> bool:
        known = self._workflows.get(workflow)
        return known is not None and known.default_enabled

    def required(self, workflow: str) -> list[Input]:
        """The workflow's settings that must have a value; a display-only input has none to have."""
        known = self._workflows.get(workflow)
        inputs = () if known is None else known.inputs
        return [i for i in inputs if i.required and i.type != "COPYABLE_BUTTON_INPUT"]

    def secret(self, target: Target, label: str) -> bool:
        """Whether the value is a secret by its input's type or by one of its names; an enablement never is."""
        match target:
            case WorkflowEnabled():
                return False
            case MetadataKey(key=key):
                return names_secret(key) or names_secret(label)
            case Setting(input=id_) | WorkflowSetting(input=id_):
                known = self.input(target)
                by_type = known is not None and (known.type == "PASSWORD" or names_secret(known.title))
                return by_type or names_secret(id_) or names_secret(label)
            case _:
                assert_never(target)

    def input(self, target: Setting | WorkflowSetting) -> Input | None:
        """What the catalog says of a setting, if it knows it."""
        if isinstance(target, Setting):
            return self._inputs.get(target.input)
        if target.workflow not in self._own:
            known = self._workflows.get(target.workflow)
            self._own[target.workflow] = _by_id(known.inputs if known else ())
        return self._own[target.workflow].get(target.input)


def _by_id(inputs: Iterable[Input]) -> dict[str, Input]:
    return {i.id: i for i in inputs}
