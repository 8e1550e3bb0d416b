"""What a document asks for, in the fewest and plainest values: for comparing very many documents with what is live.

It tells only whether live is already so. Labels, places and secrets are not here: whoever has something to say about a
document goes back to the document itself. Knows no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from paragon_sync.jsonvalue import Json
from paragon_sync.model.declared import Place

CompactDefault: TypeAlias = tuple[Json, tuple[Json, ...]] | None
"""A default with the live values that count as none for it; None for what is unset."""


CompactWorkflow: TypeAlias = tuple[bool | None, dict[str, Json], dict[str, CompactDefault]]
"""Of one workflow: whether it is enabled, if that is managed, and its settings as of a block."""

Selector: TypeAlias = str | tuple[str, str]
"""An account: ``only``, ``all``, or a field and its value; a configuration: ``default``, ``all``, or the same."""

CompactBlock: TypeAlias = tuple[
    Selector, Selector, dict[str, Json], dict[str, CompactDefault], dict[str, CompactWorkflow]
]
"""Of one integration: account, configuration; by ids, settings that are owned and what else, and workflows.

No id is both owned and soft.
"""

CompactDocument: TypeAlias = tuple[dict[str, Json], dict[str, CompactBlock]]
"""What one layer of a document, or several one above the other, ask for: metadata, and blocks by integrations' types.

Plain through and through, and so kept and read at very little cost.
"""


class CompactUserDocument(NamedTuple):
    """A User document with nothing unusual in it. It was accepted, as it stands in ``text`` in its file's format.

    ``asked`` is what it asks for itself, without its ``profiles``, which are named in the order in which they apply.
    """

    user: str
    file: str
    document: int
    profiles: tuple[str, ...]
    asked: CompactDocument
    text: str

    @property
    def place(self) -> Place:
        return Place(file=self.file, document=self.document)


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
