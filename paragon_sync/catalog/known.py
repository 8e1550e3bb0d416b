"""Owns the names of a catalog as tables to look them up in, for very many documents. Knows no document.

A table holds only what has one meaning; a name that isn't in it is for ``naming`` to judge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from paragon_sync.catalog.naming import ESCAPE, Names
from paragon_sync.catalog.types import check_value
from paragon_sync.model.catalog import Catalog, Input, Integration
from paragon_sync.model.compact import KnownIntegration, KnownSetting, KnownSettings


class Known:
    """The tables of one catalog, each made when it is first asked for."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._made: dict[str, KnownIntegration] = {}

    def integration(self, kind: str) -> KnownIntegration | None:
        """The names of one integration, by its type."""
        made = self._made.get(kind)
        if made is None and (found := self._catalog.integrations.get(kind)) is not None:
            made = self._made[kind] = _tables(found)
        return made


def _tables(integration: Integration) -> KnownIntegration:
    workflows = {workflow.id: _settings(workflow.inputs) for workflow in integration.workflows}
    ids = _ids({workflow.id: workflow.description for workflow in integration.workflows})
    return KnownIntegration(
        settings=_settings(integration.inputs), workflows={name: (id_, workflows[id_]) for name, id_ in ids.items()}
    )


def _settings(inputs: Iterable[Input]) -> KnownSettings:
    known = {one.id: one for one in inputs}
    ids = _ids({one.id: one.title for one in known.values()})
    return KnownSettings({name: _setting(name, known[id_]) for name, id_ in ids.items()})


def _setting(name: str, definition: Input) -> KnownSetting:
    """As it is checked when named so: what is named by ``id:…`` is taken as it stands."""
    if name.startswith(ESCAPE):
        return KnownSetting(definition.id, lambda _: True, by_type=True)
    by_type = definition.type != "ENUM"
    return KnownSetting(definition.id, lambda value: check_value(definition, value) is None, by_type)


def _ids(titles: Mapping[str, str]) -> dict[str, str]:
    """Every name that leads to one of these ids."""
    names = Names(titles)
    spelled = [*titles, *titles.values(), *(ESCAPE + id_ for id_ in titles)]
    found = {name: names.id_of(name, "") for name in spelled}
    return {name: id_ for name, id_ in found.items() if isinstance(id_, str) and id_ in titles}
