"""A project's catalog as text for people. Knows no lock file and no API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, TextIO

from rich.cells import cell_len
from rich.text import Text

from paragon_sync.model.catalog import Catalog, Input, Integration
from paragon_sync.render.lines import count, line, print_lines, wrapped
from paragon_sync.render.literal import literal, pad
from paragon_sync.render.printable import printable

_TYPE_AT: Final = 36


def summary(catalog: Catalog) -> str:
    """How much the catalog holds: ``2 integrations, 5 workflows, 9 settings``."""
    integrations = catalog.integrations.values()
    workflows = [workflow for integration in integrations for workflow in integration.workflows]
    inputs = [*(i.inputs for i in integrations), *(workflow.inputs for workflow in workflows)]
    settings = sum(map(len, inputs))
    kinds = (count(len(integrations), "integration"), count(len(workflows), "workflow"), count(settings, "setting"))
    return ", ".join(kinds)


def print_catalog(catalog: Catalog, stream: TextIO | None = None) -> None:
    """Writes every integration with its settings and workflows: title, type, id."""
    print_lines(catalog_lines(catalog), stream)


def catalog_lines(catalog: Catalog) -> Iterator[Text]:
    """The catalog, integration by integration in the order of their types."""
    yield from wrapped(f"project {catalog.project} · pulled {catalog.pulled}", 0, hanging=2, style="bold")
    for name in sorted(catalog.integrations):
        yield line()
        yield from _integration(catalog.integrations[name])
    yield line()
    yield line(f"{summary(catalog)}.")


def _integration(integration: Integration) -> Iterator[Text]:
    yield from wrapped(f"{integration.type}   {integration.id}", 0, hanging=2, style="bold")
    yield from _inputs(integration.inputs, 2)
    for workflow in integration.workflows:
        default = "   enabled by default" if workflow.default_enabled else ""
        yield from wrapped(f"workflow {literal(workflow.description)}   {workflow.id}{default}", 2, hanging=2)
        yield from _inputs(workflow.inputs, 4)


def _inputs(inputs: Iterable[Input], indent: int) -> Iterator[Text]:
    for one in inputs:
        title = " " * indent + printable(one.title)
        lead = pad(title, _TYPE_AT) if cell_len(title) < _TYPE_AT - 1 else f"{title}  "
        needed = "" if one.required else ", optional"
        first, *others = wrapped(f"{lead.lstrip(' ')}{one.type}{needed}   {one.id}", indent, hanging=4)
        yield first
        yield from others
        if one.values is not None:
            yield from wrapped(f"one of {', '.join(map(literal, one.values))}", indent + 4, style="dim")
