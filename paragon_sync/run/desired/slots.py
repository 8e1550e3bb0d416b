"""Where in a resolved layer the values of rows go. Knows neither rosters nor templates.

Most of a rollout is the same for all rows: it is resolved once, and what no row fills is shared by all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from paragon_sync.jsonvalue import Json, Pointer
from paragon_sync.model.compact import CompactDocument
from paragon_sync.model.declared import AccountBy, ConfigurationBy, SlotMarker
from paragon_sync.model.desired import Claim, Default, DesiredBlock, DesiredFragment, Release, Set, Unset


class Slots:
    """The slots of one layer; ``pointers`` are the places in the document that rows fill, in the order of values.

    ``compact`` is the layer in compact form, with a :class:`SlotMarker` in each slot.
    """

    def __init__(self, layer: DesiredFragment, compact: CompactDocument, pointers: Iterable[Pointer]) -> None:
        self._layer = layer
        self._compact = compact
        self._open = [_is_open(block) for block in compact[1]]
        slots = {pointer: number for number, pointer in enumerate(pointers)}
        self._empty = not slots
        self._metadata = _filled_claims(layer.metadata, slots)
        self._blocks = [_of_block(block, slots) for block in layer.blocks]

    def filled(self, values: Sequence[Json]) -> DesiredFragment:
        """The layer of one row."""
        layer = self._layer
        if self._empty:
            return layer
        return DesiredFragment(
            source=layer.source,
            metadata=_filled(layer.metadata, self._metadata, values),
            blocks=tuple(slots.filled(block, values) for slots, block in zip(self._blocks, layer.blocks, strict=True)),
        )

    def compact(self, values: Sequence[Json]) -> CompactDocument:
        """Return the layer of one row in compact form."""
        metadata, blocks, released = self._compact
        filled = (_fill(block, values) if is_open else block for block, is_open in zip(blocks, self._open, strict=True))
        return _fill(metadata, values), tuple(filled), released

    def claims(self) -> Iterator[tuple[int, str, Claim]]:
        """The slots that hold values of settings: number, integration and what claims the value."""
        for slots, block in zip(self._blocks, self._layer.blocks, strict=True):
            for number, slot in slots.claims.items():
                yield slot, block.integration, block.claims[number]


@dataclass(frozen=True, slots=True, kw_only=True)
class _BlockSlots:
    """Which of a block's parts rows fill, each by the number of its slot; claims by their own numbers."""

    claims: Mapping[int, int]
    account: int | None = None
    configuration: int | None = None

    def filled(self, block: DesiredBlock, values: Sequence[Json]) -> DesiredBlock:
        if not self.claims and self.account is None and self.configuration is None:
            return block
        account, configuration = block.account, block.configuration
        if self.account is not None and isinstance(account, AccountBy):
            account = AccountBy(field=account.field, value=_text(values[self.account]))
        if self.configuration is not None and isinstance(configuration, ConfigurationBy):
            configuration = ConfigurationBy(field=configuration.field, value=_text(values[self.configuration]))
        claims = _filled(block.claims, self.claims, values)
        return replace(block, account=account, configuration=configuration, claims=claims)


def _of_block(block: DesiredBlock, slots: Mapping[Pointer, int]) -> _BlockSlots:
    at = block.place.pointer
    inside = {pointer[len(at)]: number for pointer, number in slots.items() if pointer[: len(at)] == at}
    return _BlockSlots(
        claims=_filled_claims(block.claims, slots),
        account=inside.get("account"),
        configuration=inside.get("configuration"),
    )


def _filled_claims(claims: Iterable[Claim], slots: Mapping[Pointer, int]) -> Mapping[int, int]:
    """By the numbers of claims, the slots that fill them."""
    by_claim = ((number, slots.get(claim.place.pointer)) for number, claim in enumerate(claims))
    return {number: slot for number, slot in by_claim if slot is not None}


def _filled(claims: tuple[Claim, ...], slots: Mapping[int, int], values: Sequence[Json]) -> tuple[Claim, ...]:
    if not slots:
        return claims
    result = list(claims)
    for number, slot in slots.items():
        claim = claims[number]
        match claim.intent:
            case Set():
                result[number] = replace(claim, intent=Set(values[slot]))
            case Default(blank=blank):
                result[number] = replace(claim, intent=Default(values[slot], blank))
            case Unset() | Release():
                raise TypeError(claim.intent)
    return tuple(result)


_Part: TypeAlias = Any
"""A part of a compact document."""


def _is_open(part: _Part) -> bool:
    """Return whether rows fill something in it."""
    if part.__class__ is dict:
        return any(map(_is_open, part.values()))
    if part.__class__ is tuple:
        return any(map(_is_open, part))
    return part.__class__ is SlotMarker


def _fill(part: _Part, values: Sequence[Json]) -> _Part:
    if part.__class__ is SlotMarker:
        return values[part.number]
    if part.__class__ is dict:
        return {key: _fill(item, values) for key, item in part.items()}
    if part.__class__ is tuple:
        return tuple([_fill(item, values) for item in part])
    return part


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value
