"""Reading and writing inside compound values."""

from __future__ import annotations

import pytest

from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import ABSENT, Pointer
from paragon_sync.model.planned import Value
from paragon_sync.plan.migration import inside

VALUE: Value = {"a": {"b": 1}, "list": [{"x": 1}, {"y": 2}], "text": "abc"}

PATHS: dict[Pointer, list[Pointer]] = {
    (): [()],
    ("a", "b"): [("a", "b")],
    ("gone", "further"): [("gone", "further")],
    ("*",): [("a",), ("list",), ("text",)],
    ("list", "*", "x"): [("list", "0", "x"), ("list", "1", "x")],
    ("text", "*"): [],
    ("gone", "*"): [],
}


@pytest.mark.parametrize(("pattern", "expected"), PATHS.items(), ids=["/".join(pattern) for pattern in PATHS])
def test_a_pattern_stands_for_paths(pattern: Pointer, expected: list[Pointer]) -> None:
    assert expected == inside.paths(VALUE, pattern)


def test_another_pattern_takes_what_the_first_one_found() -> None:
    assert ("m", "0", "to") == inside.matched(("m", "*", "from"), ("m", "0", "from"), ("m", "*", "to"))


READ: list[tuple[Pointer, Value]] = [
    (("a", "b"), 1),
    (("list", "1", "y"), 2),
    (("list", "2"), ABSENT),
    (("list", "01"), ABSENT),
    (("text", "0"), ABSENT),
    (("gone", "b"), ABSENT),
]


@pytest.mark.parametrize(("path", "expected"), READ)
def test_values_are_read(path: Pointer, expected: Value) -> None:
    assert expected == inside.read(VALUE, path)


PUT: dict[str, tuple[Value, Pointer, Value, Value]] = {
    "whole": ({"a": 1}, (), 2, 2),
    "member": ({"a": 1}, ("b",), 2, {"a": 1, "b": 2}),
    "what is missing on the way": (ABSENT, ("a", "b"), 2, {"a": {"b": 2}}),
    "item": ([1, 2], ("1",), 3, [1, 3]),
    "member of an item": ([{"a": 1}], ("0", "a"), 2, [{"a": 2}]),
    "removed": ({"a": {"b": 1, "c": 2}}, ("a", "b"), ABSENT, {"a": {"c": 2}}),
    "removed from an item": ([{"a": 1}], ("0", "a"), ABSENT, [{}]),
    "removed from nothing": (ABSENT, ("a", "b"), ABSENT, ABSENT),
    "removed where there is none": ({"a": 1}, ("b", "c"), ABSENT, {"a": 1}),
}


@pytest.mark.parametrize(("value", "path", "new", "expected"), PUT.values(), ids=PUT)
def test_values_are_put_into_a_copy(value: Value, path: Pointer, new: Value, expected: Value) -> None:
    assert expected == inside.put(value, path, new)


@pytest.mark.parametrize(
    ("value", "path", "new", "why"),
    [
        ("text", ("a",), 1, "what holds /a is no object"),
        ({"a": 1}, ("a", "b", "c"), 1, "what holds /b is no object"),
        ([1], ("1",), 2, "a list has no item 1"),
        ([1], ("0",), ABSENT, "an item of a list can't be taken out of it"),
    ],
)
def test_what_would_be_destroyed_is_refused(value: Value, path: Pointer, new: Value, why: str) -> None:
    with pytest.raises(JsonError, match=why):
        inside.put(value, path, new)
