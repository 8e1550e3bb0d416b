"""What a document asks for, in the fewest and plainest values: for comparing very many documents with what is live.

It tells only whether live is already so. Labels, places and secrets are not here: whoever has something to say about a
document goes back to the document itself. Knows no rule.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, TypeAlias

from paragon_sync.jsonvalue import Json
from paragon_sync.model.declared import Account, Configuration


class Way(enum.Enum):
    """How a value is asked for."""

    SET = "set"
    DEFAULT = "default"
    UNSET = "unset"


Demand: TypeAlias = tuple[Way, Json, tuple[Json, ...]]
"""What is asked of one value: how, what, and the live values that count as none for a default."""

UNSET: Final[Demand] = (Way.UNSET, None, ())
ENABLED: Final = None
"""The key of a workflow's enablement among the workflow's demands."""

Demands: TypeAlias = dict[str | None, Demand]
"""What is asked of one level, integration or workflow, by the ids of its settings, and :data:`ENABLED`."""


class AskedBlock(NamedTuple):
    """What is asked of one integration: settings by id, and of each workflow, by its id."""

    account: Account
    configuration: Configuration
    settings: Demands
    workflows: dict[str, Demands]


class Asked(NamedTuple):
    """What one layer of a document, or several one above the other, ask for; blocks by the integration's type."""

    metadata: dict[str, Json]
    blocks: dict[str, AskedBlock]


Fits: TypeAlias = Callable[[Json], bool]
"""Whether a value may stand there."""


KnownSettings: TypeAlias = Mapping[str, tuple[str, Fits]]
"""The names of settings, as documents may write them: the id of each, and what fits there."""


class KnownIntegration(NamedTuple):
    """The names of one integration: of its settings, and of its workflows, each with its id and its settings."""

    settings: KnownSettings
    workflows: Mapping[str, tuple[str, KnownSettings]]


FindIntegration: TypeAlias = Callable[[str], KnownIntegration | None]
"""The names of an integration by its type; None for what no catalog knows."""
