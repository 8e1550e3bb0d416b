"""The compact form of documents: what each asks for by ids, in plain tuples and dicts.

It is what very many documents are staged as and compared with live in. Labels, places and secrecy aren't in it; these
are derived from the document again where something has to be reported or explained.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

from paragon_sync.jsonvalue import Json
from paragon_sync.model.declared import Account, Configuration, Place, SlotMarker

CompactDefault: TypeAlias = tuple[Json, tuple[Json, ...]]
"""A default, and the live values that count as none for it."""

CompactRule: TypeAlias = CompactDefault | Literal["unset", "release"]
"""What is asked of a setting that the document doesn't own."""

CompactLevel: TypeAlias = tuple[dict[str, Json], dict[str, CompactRule]]
"""The settings of an integration or of a workflow, by ids: values that are owned, and rules for others.

An id in both is a contradiction, which nothing can meet. A default of an owned value is left out.
"""

CompactWorkflow: TypeAlias = tuple[
    bool | Literal["release"] | SlotMarker | None, dict[str, Json], dict[str, CompactRule]
]
"""A workflow: whether it is enabled, if that is managed, and its settings as in :data:`CompactLevel`."""

Selector: TypeAlias = str | tuple[str, str]
"""An account: ``only``, ``all``, or a field and its value; a configuration: ``default``, ``all``, or the same."""


def compact_selector(selector: Account | Configuration) -> Selector:
    """Return an account or a configuration as the compact form has it."""
    return selector if isinstance(selector, str) else (selector.field, selector.value)


CompactPruning: TypeAlias = tuple[tuple[str | None, str | None], ...]
"""What ``keep`` names, each after its level, a workflow's id or None; a level alone, with None, is ``exact``."""

CompactBlock: TypeAlias = tuple[
    str,
    Selector,
    Selector,
    dict[str, Json],
    dict[str, CompactRule],
    dict[str, CompactWorkflow],
    CompactPruning | None,
]
"""An integration's type, account and configuration; owned settings, rules, workflows by ids, and pruning if any."""

CompactDocument: TypeAlias = tuple[dict[str, Json], tuple[CompactBlock, ...], tuple[str, ...]]
"""Of one layer of a document, or of several merged: metadata, blocks, and the metadata keys that are released."""


NOTHING: Final[CompactDocument] = ({}, (), ())
"""What a document asks for whose names are not resolved."""


class CompactUserDocument(NamedTuple):
    """A User document as it is staged.

    ``compact`` is what it asks for itself; ``profiles`` are named in the order in which they apply. ``text`` is the
    document as its file has it, for reading it again.
    """

    user: str
    file: str
    document: int
    profiles: tuple[str, ...]
    compact: CompactDocument
    text: str

    @property
    def place(self) -> Place:
        return Place(file=self.file, document=self.document)
