"""Merge the layers of one document in compact form, and tell whether several documents are compatible.

These are the rules of ``own`` in their plainest cases. What takes more to judge is left as it is (blocks with different
selectors), or counts as incompatible, which the rules themselves then judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import combinations

from paragon_sync.jsonvalue import Json, equal
from paragon_sync.model.compact import (
    CompactBlock,
    CompactDocument,
    CompactLevel,
    CompactPruning,
    CompactRule,
    CompactWorkflow,
)


def merge_layers(layers: Sequence[CompactDocument]) -> CompactDocument:
    """Merge what the layers of a document ask for, from the weakest to the strongest.

    Blocks with other selectors, which may lead to the same configuration, stay apart.
    """
    return layers[0] if len(layers) == 1 else reduce(_over, layers)


def are_compatible(documents: Sequence[CompactDocument]) -> bool:
    """Return whether no two blocks or documents say of one value what could contradict, whatever is live."""
    metadata = all(_equal_where_both(one[0], other[0]) for one, other in combinations(documents, 2))
    blocks = [block for document in documents for block in document[1]]
    return metadata and all(
        _blocks_are_compatible(one, other) for one, other in combinations(blocks, 2) if one[0] == other[0]
    )


def is_same_rule(one: CompactRule, other: CompactRule) -> bool:
    """Return whether two documents with these rules for one value agree; a release says nothing."""
    if "release" in (one, other):
        return True
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return equal(one[0], other[0]) and equal([*one[1]], [*other[1]])


def _over(weak: CompactDocument, strong: CompactDocument) -> CompactDocument:
    (metadata, lower, _), (own_metadata, upper, released) = weak, strong
    left = {key: value for key, value in metadata.items() if key not in released} if released else metadata
    blocks = [*lower]
    for block in upper:
        below = [number for number, other in enumerate(lower) if other[0] == block[0]]
        alone = len(below) == 1 and sum(other[0] == block[0] for other in upper) == 1
        if alone and lower[below[0]][1:3] == block[1:3]:
            blocks[below[0]] = _block_over(lower[below[0]], block)
        else:
            blocks.append(block)
    return left | own_metadata, tuple(blocks), released


def _block_over(weak: CompactBlock, strong: CompactBlock) -> CompactBlock:
    under, over = weak[5], strong[5]
    workflows = under | over
    for id_ in under.keys() & over.keys():
        workflows[id_] = _workflow_over(under[id_], over[id_])
    kind, account, configuration = strong[:3]
    return (
        kind,
        account,
        configuration,
        *_level_over(weak[3:5], strong[3:5]),
        workflows,
        _pruning_of_both(weak[6], strong[6]),
    )


def _workflow_over(weak: CompactWorkflow, strong: CompactWorkflow) -> CompactWorkflow:
    enabled = weak[0] if strong[0] is None else strong[0]
    return (enabled, *_level_over(weak[1:], strong[1:]))


def _level_over(weak: CompactLevel, strong: CompactLevel) -> CompactLevel:
    (owned, rules), (own, stronger) = weak, strong
    return (
        {id_: value for id_, value in owned.items() if id_ not in stronger} | own,
        {id_: rule for id_, rule in rules.items() if id_ not in own} | stronger,
    )


def _pruning_of_both(one: CompactPruning | None, other: CompactPruning | None) -> CompactPruning | None:
    return one or other if one is None or other is None else (*one, *other)


def _blocks_are_compatible(one: CompactBlock, other: CompactBlock) -> bool:
    if not _levels_are_compatible(one[3:5], other[3:5]):
        return False
    for id_ in one[5].keys() & other[5].keys():
        mine, theirs = one[5][id_], other[5][id_]
        contradict = {mine[0], theirs[0]} == {True, False}
        if contradict or not _levels_are_compatible(mine[1:], theirs[1:]):
            return False
    return True


def _levels_are_compatible(one: CompactLevel, other: CompactLevel) -> bool:
    """Settings win over defaults, and unset goes with neither."""
    (owned, rules), (theirs, others) = one, other
    unset = [id_ for level in (rules, others) for id_, rule in level.items() if rule == "unset"]
    return (
        _equal_where_both(owned, theirs)
        and all(is_same_rule(rule, others[id_]) for id_, rule in rules.items() if id_ in others)
        and not any(id_ in owned or id_ in theirs for id_ in unset)
    )


def _equal_where_both(one: Mapping[str, Json], other: Mapping[str, Json]) -> bool:
    return all(equal(value, other[key]) for key, value in one.items() if key in other)
