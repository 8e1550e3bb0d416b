"""One integration's names by level: its own settings, and those of each workflow. Knows no document.

A level is where settings can be named: titles and ids are told apart within it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Final, NamedTuple

from paragon_sync.catalog.naming import ESCAPE, Names
from paragon_sync.catalog.types import check_value
from paragon_sync.jsonvalue import Json
from paragon_sync.model.catalog import Input, Integration
from paragon_sync.model.declared import SlotMarker
from paragon_sync.model.desired import Setting, WorkflowSetting

_SAMPLES: Final[tuple[Json, ...]] = ("", 0, 0.0, False, None)
_UNCHECKED: Final = frozenset({*map(type, _SAMPLES), dict, list, SlotMarker})


class SettingEntry(NamedTuple):
    """A setting by one of its names: its id, the types of which every value fits, and what any other must fit.

    ``definition`` is None where nothing is checked: of an unknown input, and of one that is named by ``id:…``.
    """

    id: str
    types: frozenset[type]
    definition: Input | None


class Level:
    """What settings can be named in one place: of an integration, or of one workflow."""

    def __init__(
        self,
        title: str,
        inputs: Iterable[Input],
        *,
        label: str = "",
        workflow: str | None = None,
        known: bool = True,
    ) -> None:
        self.title = title
        self.label = label
        """What people call the workflow, if it is one's."""
        self.workflow = workflow
        self.known = known
        self.inputs = {i.id: i for i in inputs}
        self.names = Names({i.id: i.title for i in self.inputs.values()})

    @cached_property
    def entries(self) -> Mapping[str, SettingEntry]:
        """The settings by every name that leads to exactly one; a name that isn't here is for ``names`` to judge."""
        return {name: self.entry(name, id_) for name, id_ in self.names.unique().items()}

    def entry(self, name: str, id_: str) -> SettingEntry:
        """Return the entry of a setting that is named so."""
        definition = None if name.startswith(ESCAPE) else self.inputs.get(id_)
        return SettingEntry(id_, _UNCHECKED if definition is None else _fitting_types(definition), definition)

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

    @cached_property
    def workflow_levels(self) -> Mapping[str, tuple[str, Level]]:
        """The workflows by every name that leads to exactly one: its id, and its level."""
        return {name: (id_, self.workflow_level(id_)) for name, id_ in self.names.unique().items()}

    def workflow_level(self, id_: str) -> Level:
        if id_ not in self._levels:
            workflow = self.workflows.get(id_)
            label, inputs = self.names.label(id_), workflow.inputs if workflow else ()
            title = f'workflow "{label}" of {self.type}'
            self._levels[id_] = Level(title, inputs, label=label, workflow=id_, known=workflow is not None)
        return self._levels[id_]


def _fitting_types(definition: Input) -> frozenset[type]:
    """The types of scalars of which every value fits; a choice depends on more than the type."""
    samples = (value for value in _SAMPLES if not (definition.type == "ENUM" and isinstance(value, str)))
    fitting = (type(value) for value in samples if check_value(definition, value) is None)
    return frozenset({SlotMarker, *fitting})
