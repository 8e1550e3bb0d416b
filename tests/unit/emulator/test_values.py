"""The single values of a state, and what differs between two."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.emulator.codec import Json, Number, Pairs
from paragon_sync.emulator.state import UserState
from paragon_sync.emulator.values import ABSENT, Absent, Change, Place, changes, same, values, with_value


def state(config: Any = None, *entries: Any, meta: Any = None) -> UserState:
    """A user with one credential; ``entries`` are configurations by the names a, b …"""
    credential: Any = {"id": "c", "integrationId": "i"}
    if config is not None:
        credential["config"] = config
    if entries:
        credential["configurations"] = [{"id": name, **entry} for name, entry in zip("abc", entries, strict=False)]
    return UserState(meta=meta or {}, credentials=[credential])


FULL: Any = {
    "sharedSettings": {"x": {"deep": 1}, "a/b~c": 2},
    "workflowSettings": {"w": {"enabled": True, "settings": {"s": [1]}, "other": {"k": 1}}, "odd": 3},
    "configMeta": {"m": None},
    "unknown": {"u": 1},
    "dateUpdated": "never told",
}


def test_each_value_has_its_place() -> None:
    found = values(state({"configuredWorkflows": {"w": {"enabled": False}}}, FULL, meta={"plan": {"deep": 1}}))
    assert {(place.credential, place.configuration, place.pointer): value for place, value in found.items()} == {
        (None, None, "/meta/plan"): {"deep": 1},
        ("c", None, "/configuredWorkflows/w/enabled"): False,
        ("c", "a", "/sharedSettings/x"): {"deep": 1},
        ("c", "a", "/sharedSettings/a~1b~0c"): 2,
        ("c", "a", "/workflowSettings/w/enabled"): True,
        ("c", "a", "/workflowSettings/w/settings/s"): [1],
        ("c", "a", "/workflowSettings/w/other"): {"k": 1},
        ("c", "a", "/workflowSettings/odd"): 3,
        ("c", "a", "/configMeta/m"): None,
        ("c", "a", "/unknown"): {"u": 1},
    }


def told(found: tuple[Change, ...]) -> list[tuple[str | None, str, Any, Any]]:
    return [(one.place.configuration, one.place.pointer, one.before, one.after) for one in found]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (state({}), state({}), []),
        (state({"sharedSettings": {}}), state({}), []),
        (state({}, {"sharedSettings": {}}), state(None, {}), []),
        (state({}, {"dateUpdated": "1"}), state({}, {"dateUpdated": "2"}), []),
        (state(meta={"a": 1}), state(meta={"a": True}), [(None, "/meta/a", 1, True)]),
        (state(meta={"a": 1, "b": 2}), state(meta={"b": 2}), [(None, "/meta/a", 1, ABSENT)]),
        (
            state(None, {"sharedSettings": {"x": 1}}, {"sharedSettings": {"x": 1}}),
            state(None, {"sharedSettings": {"x": 1}}, {"sharedSettings": {"x": 2, "y": 3}}),
            [("b", "/sharedSettings/x", 1, 2), ("b", "/sharedSettings/y", ABSENT, 3)],
        ),
        (
            state(None, {"workflowSettings": {"w": {"enabled": True, "settings": {"s": 1}}}}),
            state(None, {"workflowSettings": {"w": "gone"}}),
            [
                ("a", "/workflowSettings/w/enabled", True, ABSENT),
                ("a", "/workflowSettings/w/settings/s", 1, ABSENT),
                ("a", "/workflowSettings/w", ABSENT, "gone"),
            ],
        ),
        (UserState(), state({"sharedSettings": {"x": 1}}), [(None, "/sharedSettings/x", ABSENT, 1)]),
        (state(None, {"unknown": {"u": 1}}), UserState(), [("a", "/unknown", {"u": 1}, ABSENT)]),
    ],
)
def test_what_differs(before: UserState, after: UserState, expected: Any) -> None:
    assert expected == told(changes(before, after))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1, True),
        (1, True, False),
        (1, Number("1.0"), False),
        (Number("1.0"), Number("1.0"), True),
        ({"a": 1, "b": [None]}, {"b": [None], "a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": 1}, {"b": 1}, False),
        ([1, 2], [2, 1], False),
        ([1], [1, 1], False),
        (Pairs((("a", 1), ("a", 2))), Pairs((("a", 1), ("a", 2))), True),
        (Pairs((("a", 1), ("a", 2))), Pairs((("a", 1), ("a", True))), False),
        (None, ABSENT, False),
    ],
)
def test_values_are_equal_as_json(one: Json | Absent, other: Json | Absent, expected: bool) -> None:
    assert expected == same(one, other)


def test_a_place_that_is_gone_stays_so() -> None:
    there = state({}, {})
    assert with_value(there, Place("other", None, ("x",)), 1) == there
    assert with_value(there, Place("c", "z", ("x",)), 1) == there


SECTIONS: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    st.sampled_from(["x", "y/z"]), st.one_of(st.none(), st.booleans(), st.just({})), max_size=2
)
ENTRY = st.fixed_dictionaries({"enabled": st.booleans(), "settings": SECTIONS})
HOLDERS = st.fixed_dictionaries(
    {},
    optional={"sharedSettings": SECTIONS, "workflowSettings": st.dictionaries(st.just("w"), ENTRY), "odd": SECTIONS},
)
STATES = st.builds(state, HOLDERS, HOLDERS, HOLDERS, meta=SECTIONS)


@given(STATES, STATES)
def test_changes_lead_from_one_state_to_the_other(before: UserState, after: UserState) -> None:
    found = changes(before, after)
    for change in found:
        before = with_value(before, change.place, change.after)
    assert values(before) == values(after)
    assert changes(before, after) == ()


@given(STATES)
def test_a_state_does_not_differ_from_a_copy(one: UserState) -> None:
    assert changes(one, UserState.from_json(one.to_json())) == ()
