"""Claims with places, labels and secrecy: what one document says, for explaining and for what differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from paragon_sync.catalog.levels import Level
from paragon_sync.jsonvalue import Pointer
from paragon_sync.model.declared import Content, account_of, configuration_of
from paragon_sync.model.desired import (
    Claim,
    DesiredBlock,
    ExactScope,
    Intent,
    MetadataKey,
    Setting,
    Target,
    WorkflowEnabled,
    WorkflowSetting,
)
from paragon_sync.model.secrecy import names_secret


class ClaimCollector:
    """What one document says, as claims: one for each value and kind of intent in a block."""

    def __init__(self, content: Content) -> None:
        self.metadata: list[Claim] = []
        self.blocks: list[DesiredBlock] = []
        self.named: set[Target] = set()
        self._content = content
        self._claims: dict[tuple[Target, type[Intent]], Claim] = {}
        self._exact: list[ExactScope] = []

    def add(
        self, level: Level, target: Setting | WorkflowSetting | WorkflowEnabled, intent: Intent, at: Pointer
    ) -> None:
        """Take what the current block says of a value; a second name for it says the same, and is left out."""
        if (target, type(intent)) in self._claims:
            return
        if isinstance(target, WorkflowEnabled):
            label, secret = level.label, False
        else:
            label, secret = (
                level.names.label(target.input),
                at in self._content.secret or is_secret(level, target.input),
            )
        place = self._content.place(at)
        self._claims[target, type(intent)] = Claim(
            target=target, intent=intent, label=label, place=place, secret=secret
        )

    def add_exact(self, workflow: str | None, at: Pointer) -> None:
        self._exact.append(ExactScope(workflow=workflow, place=self._content.place(at, of_key=True)))

    def add_metadata(self, key: str, intent: Intent, at: Pointer) -> None:
        secret = at in self._content.secret or names_secret(key)
        place = self._content.place(at)
        self.metadata.append(Claim(target=MetadataKey(key), intent=intent, label=key, place=place, secret=secret))

    def end_block(self, kind: str, block: Mapping[str, Any], at: Pointer) -> None:
        """Make a block of what was added since the last one."""
        self.blocks.append(
            DesiredBlock(
                integration=kind,
                place=self._content.place(at, of_key=True),
                account=account_of(block.get("account", {})),
                configuration=configuration_of(block.get("configuration")),
                claims=tuple(self._claims.values()),
                exact=tuple(self._exact),
                named=frozenset(self.named),
            )
        )
        self._claims, self._exact, self.named = {}, [], set()


def is_secret(level: Level, id_: str) -> bool:
    """Return whether a setting holds a secret, by its type or its name."""
    definition = level.inputs.get(id_)
    password = definition is not None and definition.type == "PASSWORD"
    return password or names_secret(level.names.label(id_)) or names_secret(id_)
