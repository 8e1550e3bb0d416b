"""What a document asks for, in the fewest and plainest values: for comparing very many documents with what is live.

It tells only whether live is already so. Labels, places and secrets are not here: whoever has something to say about a
document goes back to the document itself. Knows no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from paragon_sync.jsonvalue import Json
from paragon_sync.model.declared import Account, Configuration

Soft: TypeAlias = tuple[Json, tuple[Json, ...]] | None
"""A default with the live values that count as none for it; None for what is unset."""


class AskedWorkflow(NamedTuple):
    """What is asked of one workflow: whether it is enabled, if that is managed, and its settings as of a block."""

    enabled: bool | None
    owned: dict[str, Json]
    soft: dict[str, Soft]


class AskedBlock(NamedTuple):
    """What is asked of one integration. By ids: settings that are owned, and what else; no id is in both."""

    account: Account
    configuration: Configuration
    owned: dict[str, Json]
    soft: dict[str, Soft]
    workflows: dict[str, AskedWorkflow]


class Asked(NamedTuple):
    """What one layer of a document, or several one above the other, ask for; blocks by the integration's type."""

    metadata: dict[str, Json]
    blocks: dict[str, AskedBlock]


Fits: TypeAlias = Callable[[Json], bool]
"""Whether a value may stand there."""


class KnownSetting(NamedTuple):
    """The id that a name leads to, and whether a value fits; ``by_type``: any scalar of one type does, or none."""

    id: str
    fits: Fits
    by_type: bool


Structure: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""Of settings with certain names and types of values: their ids, and the names of those whose values are to be seen."""


@dataclass(frozen=True, slots=True)
class KnownSettings:
    """The names of one level's settings, as documents may write them.

    ``structures`` is for who reads very many documents: most have the same names, and values of the same types.
    """

    names: Mapping[str, KnownSetting]
    structures: dict[tuple[object, ...], Structure] = field(default_factory=dict, compare=False, repr=False)


class KnownIntegration(NamedTuple):
    """The names of one integration: of its settings, and of its workflows, each with its id and its settings."""

    settings: KnownSettings
    workflows: Mapping[str, tuple[str, KnownSettings]]


FindIntegration: TypeAlias = Callable[[str], KnownIntegration | None]
"""The names of an integration by its type; None for what no catalog knows."""
