"""Owns the way back, from ids to the names that a manifest should use. Knows a catalog, and no document."""

from __future__ import annotations

from paragon_sync.catalog.naming import ESCAPE, Names
from paragon_sync.catalog.types import check_value
from paragon_sync.jsonvalue import ABSENT, Absent, Json
from paragon_sync.model.catalog import Catalog, Input


class Titles:
    """Names that lead back to the same id: the title where it is unique, else ``id:<exact id>``.

    A live ``value`` that doesn't fit its input's type is named by id too: only then may a manifest declare it.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._workflows: dict[str, Names] = {}
        self._inputs: dict[tuple[str, str | None], dict[str, Input]] = {}
        self._names: dict[tuple[str, str | None], Names] = {}
        for kind, integration in catalog.integrations.items():
            self._workflows[kind] = Names({w.id: w.description for w in integration.workflows})
            levels = {None: integration.inputs} | {w.id: w.inputs for w in integration.workflows}
            for workflow, inputs in levels.items():
                self._inputs[kind, workflow] = {i.id: i for i in inputs}
                self._names[kind, workflow] = Names({i.id: i.title for i in inputs})

    def setting(self, kind: str, id_: str, value: Json | Absent = ABSENT) -> str:
        """The name of an integration-level setting."""
        return self._setting((kind, None), id_, value)

    def workflow(self, kind: str, id_: str) -> str:
        """The name of a workflow."""
        return self._workflows.get(kind, _NOTHING).portable(id_)

    def workflow_setting(self, kind: str, workflow: str, id_: str, value: Json | Absent = ABSENT) -> str:
        """The name of a setting of one workflow; ``workflow`` is that one's id."""
        return self._setting((kind, workflow), id_, value)

    def _setting(self, level: tuple[str, str | None], id_: str, value: Json | Absent) -> str:
        definition = self._inputs.get(level, {}).get(id_)
        if definition is None or (value is not ABSENT and check_value(definition, value) is not None):
            return f"{ESCAPE}{id_}"
        return self._names[level].portable(id_)


_NOTHING = Names({})
