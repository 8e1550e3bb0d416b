"""What the layers of one document ask for together, and whether several documents may stand beside each other.

Knows the rules of ``own`` in their plainest cases; whatever takes more to tell gives None (or False). No live state.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from paragon_sync.jsonvalue import Json, equal
from paragon_sync.model.asked import ENABLED, UNSET, Asked, AskedBlock, Demand, Demands, Way
from paragon_sync.model.desired import (
    Default,
    DesiredBlock,
    DesiredFragment,
    Intent,
    MetadataKey,
    Set,
    Setting,
    Unset,
    WorkflowEnabled,
    WorkflowSetting,
)


def asked_of(layer: DesiredFragment) -> Asked | None:
    """What a resolved layer asks for."""
    metadata: dict[str, Json] = {}
    for claim in layer.metadata:
        if not isinstance(claim.intent, Set) or not isinstance(claim.target, MetadataKey):
            return None
        metadata[claim.target.key] = claim.intent.value
    blocks: dict[str, AskedBlock] = {}
    for block in layer.blocks:
        asked = _block(block)
        if asked is None or block.integration in blocks:
            return None
        blocks[block.integration] = asked
    return Asked(metadata, blocks)


def together(layers: Sequence[Asked | None]) -> Asked | None:
    """What a document asks for whose layers these are, from the weakest to the strongest."""
    if len(layers) == 1:
        return layers[0]
    return reduce(_over, layers)


def agree(documents: Sequence[Asked]) -> bool:
    """Whether no two documents have words on one value that could contradict each other, whatever is live."""
    return all(_agree(one, other) for number, one in enumerate(documents) for other in documents[:number])


def same(one: Demand, other: Demand) -> bool:
    """Whether two demands say the same."""
    (way, value, blank), (another, theirs, their_blank) = one, other
    return way is another and equal(value, theirs) and equal([*blank], [*their_blank])


def _block(block: DesiredBlock) -> AskedBlock | None:
    if block.exact:
        return None
    settings: Demands = {}
    workflows: dict[str, Demands] = {}
    for claim in block.claims:
        demand = _demand(claim.intent)
        if demand is None:
            return None
        key: str | None
        match claim.target:
            case Setting(input=id_):
                level, key = settings, id_
            case WorkflowSetting(workflow=workflow, input=id_):
                level, key = workflows.setdefault(workflow, {}), id_
            case WorkflowEnabled(workflow=workflow):
                level, key = workflows.setdefault(workflow, {}), ENABLED
            case _:
                return None
        before = level.get(key)
        if before is not None and {before[0], demand[0]} != {Way.SET, Way.DEFAULT}:
            return None
        if before is None or before[0] is Way.DEFAULT:
            level[key] = demand
    return AskedBlock(block.account, block.configuration, settings, workflows)


def _demand(intent: Intent) -> Demand | None:
    match intent:
        case Set(value=value):
            return (Way.SET, value, ())
        case Default(value=value, blank=blank):
            return (Way.DEFAULT, value, blank)
        case Unset():
            return UNSET
        case _:
            return None


def _over(weak: Asked | None, strong: Asked | None) -> Asked | None:
    if weak is None or strong is None:
        return None
    blocks = dict(weak.blocks)
    for kind, block in strong.blocks.items():
        below = blocks.get(kind)
        if below is None:
            blocks[kind] = block
            continue
        if below[:2] != block[:2]:  # other selectors, which may lead to the same configuration
            return None
        workflows: dict[str, Demands] = dict(below.workflows)
        for workflow, demands in block.workflows.items():
            workflows[workflow] = {**workflows.get(workflow, {}), **demands}
        blocks[kind] = AskedBlock(*block[:2], {**below.settings, **block.settings}, workflows)
    return Asked({**weak.metadata, **strong.metadata}, blocks)


def _agree(one: Asked, other: Asked) -> bool:
    if any(not equal(value, other.metadata.get(key, value)) for key, value in one.metadata.items()):
        return False
    for kind, block in one.blocks.items():
        beside = other.blocks.get(kind)
        if beside is None:
            continue
        pairs = [(block.settings.items(), beside.settings)]
        pairs += [(w.items(), beside.workflows[id_]) for id_, w in block.workflows.items() if id_ in beside.workflows]
        if not all(_fit(demand, there[key]) for demands, there in pairs for key, demand in demands if key in there):
            return False
    return True


def _fit(one: Demand, other: Demand) -> bool:
    return same(one, other) or {one[0], other[0]} == {Way.SET, Way.DEFAULT}
