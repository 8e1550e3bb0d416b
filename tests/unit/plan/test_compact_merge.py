from __future__ import annotations

from dataclasses import replace

import pytest

from paragon_sync.model.compact import CompactDefault, CompactDocument, CompactWorkflow
from paragon_sync.model.declared import AccountBy, ConfigurationBy
from paragon_sync.plan.compact_merge import are_compatible, merge_layers, to_compact
from tests.unit.plan.build import BlockSpec, WorkflowSpec, layer

OFF: CompactWorkflow = (False, {}, {})


def one(**parts: object) -> CompactDocument:
    """A layer with one block, of which ``parts`` differ from the plainest."""
    filled = {"account": "only", "configuration": "default", "owned": {}, "soft": {}, "workflows": {}} | parts
    return {}, {"slack": tuple(filled.values())}


def test_a_resolved_layer_is_told_by_ids() -> None:
    block = BlockSpec(
        settings={"a": 1, "both": 3},
        defaults={"b": "x", "both": 4},
        blank=("",),
        unset=["c"],
        workflows={"w": WorkflowSpec(enabled=True, settings={"d": 2}, unset=["e"]), "v": False},
        account=AccountBy(field="providerId", value="T1"),
        configuration=ConfigurationBy(field="id", value="g"),
    )
    soft: dict[str, CompactDefault] = {"b": ("x", ("",)), "c": None}
    workflows: dict[str, CompactWorkflow] = {"w": (True, {"d": 2}, {"e": None}), "v": (False, {}, {})}
    expected = (("providerId", "T1"), ("id", "g"), {"a": 1, "both": 3}, soft, workflows)
    assert ({"plan": "pro"}, {"slack": expected}) == to_compact(layer(block, file="a.yaml", metadata={"plan": "pro"}))


@pytest.mark.parametrize(
    "block",
    [
        BlockSpec(exact=True),
        BlockSpec(release=["a"]),
        BlockSpec(release=["workflow:w"]),
        BlockSpec(settings={"a": 1}, unset=["a"]),
        BlockSpec(defaults={"a": 1}, unset=["a"]),
    ],
)
def test_what_takes_more_to_tell_isnt_told(block: BlockSpec) -> None:
    assert to_compact(layer(block, file="a.yaml")) is None


def test_neither_are_released_metadata_and_two_blocks_of_one_integration() -> None:
    assert to_compact(layer(file="a.yaml", release=["plan"])) is None
    assert to_compact(layer(BlockSpec(), BlockSpec(), file="a.yaml")) is None


def test_a_value_that_two_claims_own_isnt_told() -> None:
    found = layer(BlockSpec(settings={"a": 1}, defaults={"b": 1}), file="a.yaml")
    block = found.blocks[0]
    for claim in block.claims:
        twice = replace(block, claims=(*block.claims, claim))
        assert to_compact(replace(found, blocks=(twice,))) is None


@pytest.mark.parametrize(
    ("weak", "strong", "expected"),
    [
        (one(owned={"a": 1}), one(owned={"a": 2}), one(owned={"a": 2})),
        (one(owned={"a": 1}), one(soft={"a": None}), one(soft={"a": None})),
        (one(soft={"a": (1, ())}), one(owned={"a": 2}), one(owned={"a": 2})),
        (one(owned={"a": 1}), one(owned={"b": 2}), one(owned={"a": 1, "b": 2})),
        (({"k": 1}, {}), ({"k": 2}, {}), ({"k": 2}, {})),
        (one(), ({}, {}), one()),
        (({}, {}), one(), one()),
        (
            one(workflows={"w": (True, {"a": 1}, {}), "v": (True, {}, {})}),
            one(workflows={"w": (None, {"b": 1}, {}), "u": (False, {}, {})}),
            one(workflows={"w": (True, {"a": 1, "b": 1}, {}), "v": (True, {}, {}), "u": (False, {}, {})}),
        ),
        (
            one(workflows={"w": (True, {}, {})}),
            one(workflows={"w": (False, {}, {})}),
            one(workflows={"w": (False, {}, {})}),
        ),
    ],
)
def test_the_stronger_layer_wins(weak: CompactDocument, strong: CompactDocument, expected: CompactDocument) -> None:
    assert expected == merge_layers([weak, strong])


def test_layers_with_different_selectors_may_meet_and_are_not_put_together() -> None:
    assert merge_layers([one(), one(account="all")]) is None
    assert merge_layers([None, one()]) is None
    assert merge_layers([one(), None]) is None
    assert merge_layers([one()]) == one()


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (one(owned={"a": 1}), one(owned={"a": 1}), True),
        (one(owned={"a": 1}), one(owned={"a": True}), False),
        (one(owned={"a": 1}), one(owned={"b": 2}), True),
        (one(owned={"a": 1}), one(soft={"a": (2, ())}), True),  # settings win over defaults
        (one(owned={"a": 1}), one(soft={"a": None}), False),
        (one(soft={"a": None}), one(owned={"a": 1}), False),
        (one(soft={"a": (2, ())}), one(soft={"a": (2, ())}), True),
        (one(soft={"a": (2, ())}), one(soft={"a": (2, ("",))}), False),
        (one(soft={"a": (2, ())}), one(soft={"a": None}), False),
        (one(soft={"a": None}), one(soft={"a": None}), True),
        (({"k": 1}, {}), ({"k": 2}, {}), False),
        (({"k": 1}, {}), ({"j": 2}, {}), True),
        (one(owned={"a": 1}), ({}, {}), True),
        (one(workflows={"w": (True, {}, {})}), one(workflows={"w": (False, {}, {})}), False),
        (one(workflows={"w": (True, {}, {})}), one(workflows={"w": (None, {"a": 1}, {})}), True),
        (one(workflows={"w": (None, {"a": 2}, {})}), one(workflows={"w": (None, {"a": 1}, {})}), False),
    ],
)
def test_documents_agree_where_they_cannot_contradict_each_other(
    left: CompactDocument, right: CompactDocument, expected: bool
) -> None:
    assert (expected, expected) == (are_compatible([left, right]), are_compatible([right, left]))
