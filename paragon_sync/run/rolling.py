"""Rollouts, resolved: what all rows share once, and of each row no more than what it decides. Fetches nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from paragon_sync.catalog.resolve import Resolver
from paragon_sync.errors import Problem
from paragon_sync.jsonvalue import Json, Pointer
from paragon_sync.manifest.filling import Filling, row_fault
from paragon_sync.manifest.rollout import column_faults
from paragon_sync.manifest.roster import MOST_TOLD, Row, columns_are_fixed, label_of, read
from paragon_sync.manifest.secrets import SecretScope
from paragon_sync.manifest.source import problems
from paragon_sync.model.asked import FindIntegration, Fits
from paragon_sync.model.declared import AccountBy, ConfigurationBy, Fault, Rollout, Slot
from paragon_sync.model.desired import (
    Claim,
    Default,
    DesiredBlock,
    DesiredDocument,
    DesiredFragment,
    Filled,
    Release,
    Set,
    Unset,
)

Made: TypeAlias = Filled | DesiredDocument
"""What a row comes to: its values where nothing is unusual, else all that it says."""
_INTEGRATIONS: Final = "integrations"


class Rolling:
    """One rollout over one catalog (or over none). ``faults`` are what its document has beyond its grammar."""

    def __init__(
        self, number: int, rollout: Rollout, scope: SecretScope, resolver: Resolver | None, find: FindIntegration | None
    ) -> None:
        self.faults: list[Fault] = []
        self.rollout = rollout
        self._number = number
        self._resolver = resolver
        self._filling = Filling(rollout, scope)
        self._layer = DesiredFragment(source=self.source)
        if resolver is not None:
            self._layer, self.faults = resolver.fragment(rollout.fragment, self.source)
        slots = {slot.pointer: index for index, slot in enumerate(rollout.slots or ())}
        self._fits = [_fits(slot, find) for slot in rollout.slots or ()]
        self._metadata = _places(self._layer.metadata, slots)
        self._blocks = [_block_slots(block, slots) for block in self._layer.blocks]

    @property
    def source(self) -> str:
        return f"rollout {self.rollout.name}"

    def rows(self, *, sound: bool) -> Iterator[Made | Problem]:
        """What each row comes to, and every problem of the roster and its rows, of which no more than some are told.

        Where the document isn't ``sound``, only the roster's own problems are found.
        """
        told, evaluate = 0, sound
        for index, row in enumerate(read(self.rollout.roster)):
            if isinstance(row, Problem):
                yield row
                continue
            if index == 0 and evaluate and columns_are_fixed(self.rollout.roster):
                missing = problems(column_faults(self.rollout, row.values))
                yield from missing
                evaluate = not missing
            made = self._row(row) if evaluate else None
            if isinstance(made, Filled | DesiredDocument):
                yield made
            elif made is not None:
                yield from problems(made)
                told += len(made)
                if told >= MOST_TOLD:
                    yield self._enough(row, told)
                    evaluate = False

    def _row(self, row: Row) -> Made | list[Fault] | None:
        wanted = self._filling.wanted(row)
        if isinstance(wanted, Fault):
            return [wanted]
        if not wanted:
            return None
        values = self._filling.fill(row)
        if values is not None and all(fits is None or fits(v) for fits, v in zip(self._fits, values, strict=True)):
            return Filled(row.user, self._number, row.number, values)
        return self._carefully(row)

    def _carefully(self, row: Row) -> DesiredDocument | list[Fault]:
        fragment, faults = self._filling.carefully(row)
        layer = self._layer
        if self._resolver is not None:
            layer, wrong = self._resolver.fragment(fragment, self.source)
            faults = [*faults, *wrong]
        if faults:
            return [row_fault(self.rollout, row, fault) for fault in faults]
        return self._document(row.user, row.number, layer)

    def _enough(self, row: Row, told: int) -> Problem:
        fault = Fault(message=f"after {told} problems no more rows were looked at", place=self.rollout.place)
        (problem,) = problems([row_fault(self.rollout, row, fault)])
        return problem

    def document(self, filled: Filled) -> DesiredDocument:
        """What the row says, in full; profiles are still to be put in."""
        values = filled.values
        layer = self._layer
        if values:
            layer = DesiredFragment(
                source=layer.source,
                metadata=_filled(layer.metadata, self._metadata, values),
                blocks=tuple(
                    slots.filled(block, values) for slots, block in zip(self._blocks, layer.blocks, strict=True)
                ),
            )
        return self._document(filled.user, filled.number, layer)

    def _document(self, user: str, number: int, layer: DesiredFragment) -> DesiredDocument:
        rollout = self.rollout
        row = label_of(rollout.roster, number)
        return DesiredDocument(user=user, place=rollout.place, layers=(layer,), profiles=rollout.profiles, row=row)


@dataclass(frozen=True, slots=True, kw_only=True)
class _BlockSlots:
    """Which of a block's parts rows fill, each by the number of its slot."""

    claims: Mapping[int, int]
    account: int | None = None
    configuration: int | None = None

    def filled(self, block: DesiredBlock, values: tuple[Json, ...]) -> DesiredBlock:
        account, configuration = block.account, block.configuration
        if self.account is not None and isinstance(account, AccountBy):
            account = replace(account, value=_text(values[self.account]))
        if self.configuration is not None and isinstance(configuration, ConfigurationBy):
            configuration = replace(configuration, value=_text(values[self.configuration]))
        elif not self.claims and self.account is None:
            return block
        claims = _filled(block.claims, self.claims, values)
        return replace(block, account=account, configuration=configuration, claims=claims)


def _block_slots(block: DesiredBlock, slots: Mapping[Pointer, int]) -> _BlockSlots:
    at = block.place.pointer
    selectors = {pointer[len(at)]: index for pointer, index in slots.items() if pointer[: len(at)] == at}
    return _BlockSlots(
        claims=_places(block.claims, slots),
        account=selectors.get("account"),
        configuration=selectors.get("configuration"),
    )


def _places(claims: Iterable[Claim], slots: Mapping[Pointer, int]) -> Mapping[int, int]:
    """By the numbers of claims, the slots that fill them."""
    by_claim = ((number, slots.get(claim.place.pointer)) for number, claim in enumerate(claims))
    return {number: slot for number, slot in by_claim if slot is not None}


def _filled(claims: tuple[Claim, ...], places: Mapping[int, int], values: tuple[Json, ...]) -> tuple[Claim, ...]:
    if not places:
        return claims
    result = list(claims)
    for number, slot in places.items():
        claim = claims[number]
        match claim.intent:
            case Set():
                result[number] = replace(claim, intent=Set(values[slot]))
            case Default(blank=blank):
                result[number] = replace(claim, intent=Default(values[slot], blank))
            case Unset() | Release():
                raise TypeError(claim.intent)
    return tuple(result)


def _fits(slot: Slot, find: FindIntegration | None) -> Fits | None:
    """What may stand in a slot, by the catalog's tables; None where anything may, or where it isn't the catalog's."""
    if find is None or slot.kind != "value" or slot.pointer[0] != _INTEGRATIONS:
        return None
    known = find(slot.pointer[1])
    if known is None:
        return None
    *path, _, name = slot.pointer[2:]
    settings = known.settings
    if "workflows" in path:
        workflow = known.workflows.get(path[-1])
        if workflow is None:
            return None
        settings = workflow[1]
    found = settings.names.get(name)
    return None if found is None else found.fits


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value
