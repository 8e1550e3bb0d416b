"""What documents ask for once names have become ids. Knows nothing of live state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.model.declared import Account, Configuration, Content, Place


@dataclass(frozen=True, slots=True)
class MetadataKey:
    """One key of a user's metadata."""

    key: str


@dataclass(frozen=True, slots=True)
class Setting:
    """One integration-level setting."""

    input: str


@dataclass(frozen=True, slots=True)
class WorkflowEnabled:
    """Whether one workflow is enabled."""

    workflow: str


@dataclass(frozen=True, slots=True)
class WorkflowSetting:
    """One setting of one workflow."""

    workflow: str
    input: str


Target: TypeAlias = MetadataKey | Setting | WorkflowEnabled | WorkflowSetting
"""What a manifest can manage, by ids; hashable, and the same whatever shape the live object has."""


@dataclass(frozen=True, slots=True)
class WorkflowEntry:
    """One workflow's whole entry: what a run has created, its rollback removes."""

    workflow: str


ManagedTarget: TypeAlias = Target | WorkflowEntry
"""What an operation can own."""


@dataclass(frozen=True, slots=True)
class Set:
    """The manifests own this value."""

    value: Json


@dataclass(frozen=True, slots=True)
class Default:
    """Only where live has no value; a live value equal to one in ``blank`` counts as none."""

    value: Json
    blank: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Unset:
    """The key goes."""


@dataclass(frozen=True, slots=True)
class Release:
    """Given back to the user: no layer of this document manages the value, while other documents still may."""


Intent: TypeAlias = Set | Default | Unset | Release


@dataclass(frozen=True, slots=True)
class Read:
    """A migration went by the value and leaves it as it is: no claim, and yet it must not move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One document's word on one value; ``label`` is its name for people (the title, where there is one)."""

    target: Target
    intent: Intent
    label: str
    place: Place
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactScope:
    """``exact: true`` on one level: a workflow's, by its id, or (None) the integration's with its list of workflows."""

    workflow: str | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredBlock:
    """One block, resolved. ``named`` are targets that it names without managing them (``keep``, a bare workflow)."""

    integration: str
    place: Place
    account: Account = "only"
    configuration: Configuration = "default"
    claims: tuple[Claim, ...] = ()
    exact: tuple[ExactScope, ...] = ()
    named: frozenset[Target] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredFragment:
    """A fragment, resolved; ``source`` tells people where it is from (``users/acme.yaml`` or ``profile standard``)."""

    source: str
    metadata: tuple[Claim, ...] = ()
    blocks: tuple[DesiredBlock, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredDocument:
    """One document about one user: ``layers`` from the weakest (its first profile) to the strongest (the document).

    ``profiles`` names those whose layers are still to be put before ``layers``: documents are staged without them,
    because all users share them. The planner sees documents whose ``profiles`` are empty. ``row`` is what people call
    the row of a roster that the document was made for.
    """

    user: str
    place: Place
    layers: tuple[DesiredFragment, ...]
    profiles: tuple[str, ...] = ()
    row: str = ""
    enlisted: Enlisted | None = None
    """Of a migration's document, whose only block claims nothing: what it has of the user's row."""


class Filled(NamedTuple):
    """One row of a rollout: what its slots hold. ``rollout`` counts the rollouts of a command, ``number`` its rows.

    Where more than slots depend on the row, ``values`` is the content that the rollout has for it.
    """

    user: str
    rollout: int
    number: int
    values: tuple[Json, ...] | Content


class Enlisted(NamedTuple):
    """One row of a migration's roster. ``migration`` counts the migrations of a command, ``number`` its rows."""

    user: str
    migration: int
    number: int
    values: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Names for people of what a catalog knows, for values that no document names (``exact``, unmanaged ones)."""

    workflows: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
