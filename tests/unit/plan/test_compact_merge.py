"""How layers are merged in compact form, and when documents are compatible."""

from __future__ import annotations

from typing import Any

import pytest

from paragon_sync.model.compact import CompactDocument
from paragon_sync.plan.compact_merge import are_compatible, merge_layers

NOTHING: CompactDocument = ({}, (), ())


def one(**parts: Any) -> CompactDocument:
    """A layer with one block, of which ``parts`` differ from the plainest."""
    filled = {"kind": "slack", "account": "only", "configuration": "default", "owned": {}, "rules": {}}
    filled |= {"workflows": {}, "pruning": None} | parts
    return {}, (tuple(filled.values()),), ()  # type: ignore[return-value] - it has the parts of a block


def both(*documents: CompactDocument) -> CompactDocument:
    """A layer with the blocks of several."""
    return {}, tuple(block for document in documents for block in document[1]), ()


@pytest.mark.parametrize(
    ("weak", "strong", "expected"),
    [
        (one(owned={"a": 1}), one(owned={"a": 2}), one(owned={"a": 2})),
        (one(owned={"a": 1}), one(rules={"a": "unset"}), one(rules={"a": "unset"})),
        (one(rules={"a": (1, ())}), one(owned={"a": 2}), one(owned={"a": 2})),
        (one(owned={"a": 1}), one(owned={"b": 2}), one(owned={"a": 1, "b": 2})),
        (({"k": 1}, (), ()), ({"k": 2}, (), ()), ({"k": 2}, (), ())),
        (one(), NOTHING, one()),
        (NOTHING, one(), one()),
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


def test_layers_with_different_selectors_may_meet_and_stay_apart() -> None:
    everywhere, other = one(account="all", owned={"a": 1}), one(kind="salesforce")
    assert merge_layers([one(), everywhere]) == both(one(), everywhere)
    assert merge_layers([both(one(), everywhere), one()]) == both(one(), everywhere, one())
    assert merge_layers([both(one(), other), everywhere]) == both(one(), other, everywhere)
    assert merge_layers([one()]) == one()


def test_what_is_released_is_not_managed_by_weaker_layers() -> None:
    weak = one(owned={"a": 1, "b": 2}, workflows={"w": (True, {"c": 3}, {})})
    strong = one(rules={"a": "release"}, workflows={"w": ("release", {}, {})})
    merged = one(owned={"b": 2}, rules={"a": "release"}, workflows={"w": ("release", {"c": 3}, {})})
    assert merge_layers([weak, strong]) == merged
    assert merge_layers([({"k": 1, "j": 2}, (), ()), ({}, (), ("k",))]) == ({"j": 2}, (), ("k",))


def test_exact_levels_and_what_is_kept_add_up() -> None:
    exact, keeping = ((None, None),), ((None, "a"),)
    layers = [one(pruning=exact), one(pruning=keeping)]
    assert [merge_layers(layers), merge_layers([one(), one(pruning=exact)])] == [
        one(pruning=(*exact, *keeping)),
        one(pruning=exact),
    ]


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (one(owned={"a": 1}), one(owned={"a": 1}), True),
        (one(owned={"a": 1}), one(owned={"a": True}), False),
        (one(owned={"a": 1}), one(owned={"b": 2}), True),
        (one(owned={"a": 1}), one(rules={"a": (2, ())}), True),  # settings win over defaults
        (one(owned={"a": 1}), one(rules={"a": "unset"}), False),
        (one(rules={"a": "unset"}), one(owned={"a": 1}), False),
        (one(rules={"a": (2, ())}), one(rules={"a": (2, ())}), True),
        (one(rules={"a": (2, ())}), one(rules={"a": (2, ("",))}), False),
        (one(rules={"a": (2, ())}), one(rules={"a": "unset"}), False),
        (one(rules={"a": "unset"}), one(rules={"a": "unset"}), True),
        (({"k": 1}, (), ()), ({"k": 2}, (), ()), False),
        (({"k": 1}, (), ()), ({"j": 2}, (), ()), True),
        (one(owned={"a": 1}), NOTHING, True),
        (one(workflows={"w": (True, {}, {})}), one(workflows={"w": (False, {}, {})}), False),
        (one(workflows={"w": (True, {}, {})}), one(workflows={"w": (None, {"a": 1}, {})}), True),
        (one(workflows={"w": (None, {"a": 2}, {})}), one(workflows={"w": (None, {"a": 1}, {})}), False),
        (one(owned={"a": 1}), one(rules={"a": "release"}), True),
        (one(rules={"a": "unset"}), one(rules={"a": "release"}), True),
        (one(rules={"a": (2, ())}), one(rules={"a": "release"}), True),
        (one(owned={"a": 1}), one(account="all", owned={"a": 2}), False),
    ],
)
def test_documents_agree_where_they_cannot_contradict_each_other(
    left: CompactDocument, right: CompactDocument, expected: bool
) -> None:
    assert (expected, expected) == (are_compatible([left, right]), are_compatible([right, left]))


def test_so_do_blocks_of_one_document() -> None:
    different = one(owned={"a": 1}), one(owned={"a": 2})
    assert [False, True] == [are_compatible([both(*blocks)]) for blocks in (different, different[:1] * 2)]
