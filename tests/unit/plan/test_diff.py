import pytest

from paragon_sync.jsonvalue import ABSENT, Json, Number, Repeated, format_pointer
from paragon_sync.model.planned import Value
from paragon_sync.plan.diff import details

DIFFERENCES: dict[str, tuple[Json, Json, list[tuple[str, Value, Value]]]] = {
    "a key changed": ({"a": 1, "b": 2}, {"a": 1, "b": 3}, [("/b", 2, 3)]),
    "a key added": ({}, {"a": {"b": [None]}}, [("/a", ABSENT, {"b": [None]})]),
    "a key removed": ({"a": [], "b": 1}, {"b": 1}, [("/a", [], ABSENT)]),
    "deep": ({"a": {"b": [{"c": 1}]}}, {"a": {"b": [{"c": 2}]}}, [("/a/b/0/c", 1, 2)]),
    "an item added": ([1], [1, 2], [("/1", ABSENT, 2)]),
    "an item removed": ([1, 2], [1], [("/1", 2, ABSENT)]),
    "by type": ({"a": 1, "c": "1"}, {"a": True, "c": 1}, [("/a", 1, True), ("/c", "1", 1)]),
    "1 and 1.0": ({"a": 1}, {"a": 1.0}, [("/a", 1, 1.0)]),
    "by number text": ({"a": Number("1.10")}, {"a": 1.1}, [("/a", Number("1.10"), 1.1)]),
    "a compound becomes a scalar": ({"a": {"b": 1}, "c": 1}, {"a": "x", "c": 1}, [("/a", {"b": 1}, "x")]),
    "an object becomes a list": ({"a": {}, "c": 1}, {"a": [], "c": 1}, [("/a", {}, [])]),
    "an empty key": ({"": 1, "b": 0}, {"": 2, "b": 0}, [("/", 1, 2)]),
    "a key with signs": ({"a/b~c.d": 1}, {"a/b~c.d": 2}, [("/a~1b~0c.d", 1, 2)]),
    "a key with underscores": ({"__x__": 1}, {"__x__": 2}, [("/__x__", 1, 2)]),
    "quotes and brackets": ({"a']['b": 1, 'q"': 1}, {"a']['b": 2, 'q"': 1}, [("/a']['b", 1, 2)]),
    "lone surrogates": ({"\ud800": "\udfff"}, {"\ud800": "\udffe"}, [("/\ud800", "\udfff", "\udffe")]),
    "everything": ({"a": 1}, {"b": 1}, [("/a", 1, ABSENT), ("/b", ABSENT, 1)]),
}


@pytest.mark.parametrize(("before", "after", "expected"), DIFFERENCES.values(), ids=DIFFERENCES)
def test_compound_values_differ(before: Json, after: Json, expected: list[tuple[str, Value, Value]]) -> None:
    found = [(format_pointer(one.pointer), one.before, one.after) for one in details(before, after)]

    assert [(at, repr(b), repr(a)) for at, b, a in expected] == [(at, repr(b), repr(a)) for at, b, a in found]


DEEP: Json = []
for _ in range(3000):
    DEEP = [DEEP]

WHOLE: dict[str, tuple[Value, Value]] = {
    "scalars": (1, 2),
    "a scalar and an object": (1, {}),
    "a list and an object": ([], {}),
    "nothing before": (ABSENT, {"a": 1}),
    "what names a key twice": ({"a": Repeated((("b", 1), ("b", 2)))}, {"a": 1}),
    "what is too deep": (DEEP, [1]),
}


@pytest.mark.parametrize(("before", "after"), WHOLE.values(), ids=WHOLE)
def test_other_values_are_told_whole(before: Value, after: Value) -> None:
    assert () == details(before, after)
