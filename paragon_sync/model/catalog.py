"""A project's integrations, workflows and inputs: names, ids, types. Knows nothing of users."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One user setting as the project defines it; ``values`` are an ENUM's choices, None where the type has none."""

    id: str
    title: str
    type: str
    required: bool = True
    values: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One workflow; ``description`` is its portable name."""

    id: str
    description: str
    default_enabled: bool = False
    inputs: tuple[Input, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """One integration, by its ``type``, the portable name; ``id`` is this project's own."""

    type: str
    id: str
    inputs: tuple[Input, ...] = ()
    workflows: tuple[Workflow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """What a project offers; ``integrations`` by type.

    ``pulled`` is when, ISO 8601 in UTC; ``origin`` says from where, for messages.
    """

    project: str
    pulled: str
    origin: str
    integrations: Mapping[str, Integration] = field(default_factory=dict)

    def only(self, types: Collection[str]) -> Catalog:
        """The same catalog with these integrations alone; empty means all."""
        kept = {kind: found for kind, found in self.integrations.items() if not types or kind in types}
        return replace(self, integrations=kept)

    def type_of(self, integration_id: str) -> str | None:
        """The type of the integration with this id, or None where the catalog doesn't know it."""
        return next((i.type for i in self.integrations.values() if i.id == integration_id), None)
