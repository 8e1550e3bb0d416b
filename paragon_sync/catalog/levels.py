"""One integration's names by level: its own settings, and those of each workflow. Knows no document.

A level is where settings can be named: titles and ids are told apart within it.
"""

from __future__ import annotations

from collections.abc import Iterable

from paragon_sync.catalog.naming import Names
from paragon_sync.model.catalog import Input, Integration
from paragon_sync.model.desired import Setting, WorkflowSetting


class Level:
    """What settings can be named in one place: of an integration, or of one workflow."""

    def __init__(self, title: str, inputs: Iterable[Input], *, workflow: str | None = None, known: bool = True) -> None:
        self.title = title
        self.workflow = workflow
        self.known = known
        self.inputs = {i.id: i for i in inputs}
        self.names = Names({i.id: i.title for i in self.inputs.values()})

    def target(self, id_: str) -> Setting | WorkflowSetting:
        return Setting(id_) if self.workflow is None else WorkflowSetting(self.workflow, id_)


class Levels:
    """One integration of the catalog, indexed; the levels of its workflows are made when they are first named."""

    def __init__(self, integration: Integration) -> None:
        self.type = integration.type
        self.level = Level(integration.type, integration.inputs)
        self.workflows = {workflow.id: workflow for workflow in integration.workflows}
        descriptions = {workflow.id: workflow.description for workflow in integration.workflows}
        self.names = Names(descriptions)
        self.either = Names({i.id: i.title for i in integration.inputs} | descriptions)
        """Settings and workflows together, as ``release`` names them."""
        self._levels: dict[str, Level] = {}

    def workflow_level(self, id_: str) -> Level:
        if id_ not in self._levels:
            workflow = self.workflows.get(id_)
            title = f'workflow "{self.names.label(id_)}" of {self.type}'
            inputs = workflow.inputs if workflow else ()
            self._levels[id_] = Level(title, inputs, workflow=id_, known=workflow is not None)
        return self._levels[id_]
