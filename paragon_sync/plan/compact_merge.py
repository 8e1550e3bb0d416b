"""What the layers of one document ask for together, and whether several documents may stand beside each other.

Knows the rules of ``own`` in their plainest cases; whatever takes more to tell gives None (or False). No live state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TypeAlias

from paragon_sync.jsonvalue import Json, equal
from paragon_sync.model.compact import CompactBlock, CompactDefault, CompactDocument, CompactWorkflow, Selector
from paragon_sync.model.declared import Account, Configuration
from paragon_sync.model.desired import (
    Default,
    DesiredBlock,
    DesiredFragment,
    MetadataKey,
    Set,
    Setting,
    Unset,
    WorkflowEnabled,
    WorkflowSetting,
)

_Level: TypeAlias = tuple[dict[str, Json], dict[str, CompactDefault]]


def to_compact(layer: DesiredFragment) -> CompactDocument | None:
    """What a resolved layer asks for."""
    metadata: dict[str, Json] = {}
    for claim in layer.metadata:
        if not isinstance(claim.intent, Set) or not isinstance(claim.target, MetadataKey):
            return None
        metadata[claim.target.key] = claim.intent.value
    blocks: dict[str, CompactBlock] = {}
    for block in layer.blocks:
        asked = _block(block)
        if asked is None or block.integration in blocks:
            return None
        blocks[block.integration] = asked
    return metadata, blocks


def merge_layers(layers: Sequence[CompactDocument | None]) -> CompactDocument | None:
    """What a document asks for whose layers these are, from the weakest to the strongest."""
    if len(layers) == 1:
        return layers[0]
    return reduce(_over, layers)


def are_compatible(documents: Sequence[CompactDocument]) -> bool:
    """Whether no two documents have words on one value that could contradict each other, whatever is live."""
    return all(_agree(one, other) for number, one in enumerate(documents) for other in documents[:number])


def same(one: CompactDefault, other: CompactDefault) -> bool:
    """Whether both are the same default, or both say that the value is unset."""
    if one is None or other is None:
        return one is other
    return equal(one[0], other[0]) and equal([*one[1]], [*other[1]])


def _block(block: DesiredBlock) -> CompactBlock | None:
    if block.exact:
        return None
    levels: dict[str | None, _Level] = {None: ({}, {})}
    enabled: dict[str, bool] = {}
    for claim in block.claims:
        match claim.target, claim.intent:
            case WorkflowEnabled(workflow=id_), Set(value=bool() as on) if id_ not in enabled:
                levels.setdefault(id_, ({}, {}))
                enabled[id_] = on
                continue
            case Setting(input=id_), _:
                owned, soft = levels[None]
            case WorkflowSetting(workflow=workflow, input=id_), _:
                owned, soft = levels.setdefault(workflow, ({}, {}))
            case _:
                return None
        match claim.intent:
            case Set(value=value) if id_ not in owned and soft.pop(id_, _ALONE) is not None:
                owned[id_] = value
            case Default(value=value, blank=blank) if id_ not in soft:
                soft |= {} if id_ in owned else {id_: (value, blank)}
            case Unset() if id_ not in owned and id_ not in soft:
                soft[id_] = None
            case _:
                return None
    settings = levels.pop(None)
    workflows: dict[str, CompactWorkflow] = {str(i): (enabled.get(str(i)), *level) for i, level in levels.items()}
    return _selector(block.account), _selector(block.configuration), *settings, workflows


def _selector(selector: Account | Configuration) -> Selector:
    return selector if isinstance(selector, str) else (selector.field, selector.value)


_ALONE: CompactDefault = (None, ())
"""Any default: it gives way to a value that is owned, as nothing would."""


def _over(weak: CompactDocument | None, strong: CompactDocument | None) -> CompactDocument | None:
    if weak is None or strong is None:
        return None
    (metadata, lower), (own_metadata, upper) = weak, strong
    blocks = dict(lower)
    for kind, block in upper.items():
        below = blocks.get(kind)
        if below is None:
            blocks[kind] = block
            continue
        if below[:2] != block[:2]:  # other selectors, which may lead to the same configuration
            return None
        under, over = below[4], block[4]
        workflows = under | over
        for id_ in under.keys() & over.keys():
            enabled = under[id_][0] if over[id_][0] is None else over[id_][0]
            workflows[id_] = (enabled, *_level_over(under[id_][1:], over[id_][1:]))
        blocks[kind] = (*block[:2], *_level_over(below[2:4], block[2:4]), workflows)
    return metadata | own_metadata, blocks


def _level_over(weak: _Level, strong: _Level) -> _Level:
    (owned, soft), (own, softer) = weak, strong
    return (
        {id_: value for id_, value in owned.items() if id_ not in softer} | own,
        {id_: value for id_, value in soft.items() if id_ not in own} | softer,
    )


def _agree(one: CompactDocument, other: CompactDocument) -> bool:
    (metadata, blocks), (their_metadata, theirs) = one, other
    return _equal_where_both(metadata, their_metadata) and all(
        _blocks_agree(block, theirs[kind]) for kind, block in blocks.items() if kind in theirs
    )


def _blocks_agree(one: CompactBlock, other: CompactBlock) -> bool:
    if not _levels_agree(one[2:4], other[2:4]):
        return False
    for id_ in one[4].keys() & other[4].keys():
        mine, theirs = one[4][id_], other[4][id_]
        contradict = None not in {mine[0], theirs[0]} and mine[0] is not theirs[0]
        if contradict or not _levels_agree(mine[1:], theirs[1:]):
            return False
    return True


def _levels_agree(one: _Level, other: _Level) -> bool:
    """Settings win over defaults, and unset goes with neither."""
    (owned, soft), (theirs, softer) = one, other
    unset = [id_ for level in (soft, softer) for id_, value in level.items() if value is None]
    return (
        _equal_where_both(owned, theirs)
        and all(same(value, softer[id_]) for id_, value in soft.items() if id_ in softer)
        and not any(id_ in owned or id_ in theirs for id_ in unset)
    )


def _equal_where_both(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    return all(equal(value, other[key]) for key, value in one.items() if key in other)
