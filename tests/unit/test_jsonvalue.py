"""JSON that comes back as it went: equality, the codec, pointers."""

import json
import uuid
from datetime import UTC, datetime
from types import MappingProxyType

import pytest

from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import (
    ABSENT,
    DEEPEST,
    Json,
    Number,
    Repeated,
    assign,
    dumps,
    equal,
    find_repeated,
    format_pointer,
    loads,
    lookup,
    number,
    parse_pointer,
)

# Different to JSON in this project, though Python's == takes some of them for equal.
DIFFERENT: list[Json] = [
    None,
    True,
    False,
    0,
    1,
    1.0,
    0.0,
    -0.0,
    2**64,
    2**64 + 1,
    float(2**64),
    Number("-0"),
    Number("1.10"),
    Number("1e5"),
    Number("1E5"),
    100000.0,
    "",
    "1",
    "true",
    "\ud800",
    "\udc00",
    [],
    [1],
    [True],
    [1, 2],
    [2, 1],
    [[]],
    {},
    {"": None},
    {"a": 1},
    {"a": 1.0},
    {"a": True},
    {"a": 1, "b": 2},
    Repeated((("a", 1), ("a", 2))),
    Repeated((("a", 2), ("a", 1))),
    Repeated((("a", 1), ("a", True))),
    Repeated((("a", 1), ("a", 2), ("a", 2))),
]


class TestEqual:
    @pytest.mark.parametrize(("place", "left"), list(enumerate(DIFFERENT)), ids=repr)
    def test_a_value_equals_itself_and_nothing_else(self, place: int, left: Json) -> None:
        assert [place] == [other for other, right in enumerate(DIFFERENT) if equal(left, right)]

    @pytest.mark.parametrize(("place", "left"), list(enumerate(DIFFERENT)), ids=repr)
    def test_so_it_is_within_others_whatever_the_order_of_keys(self, place: int, left: Json) -> None:
        one: Json = {"a": 1, "b": [left, {"c": left, "d": 2}]}
        others: list[Json] = [{"b": [right, {"d": 2, "c": right}], "a": 1} for right in DIFFERENT]
        assert [place] == [other for other, right in enumerate(others) if equal(one, right)]

    def test_key_order_does_not_count(self) -> None:
        assert equal({"a": 1, "b": [2]}, {"b": [2], "a": 1})

    def test_absent_equals_only_absent(self) -> None:
        assert equal(ABSENT, ABSENT)
        assert not equal(ABSENT, None)
        assert not equal({}, ABSENT)

    def test_depth_is_no_limit(self) -> None:
        left: Json = 1
        right: Json = 1
        for _ in range(50_000):
            left, right = [left], [right]
        assert equal(left, right)
        assert not equal([left], right)


TEXTS = [
    "null",
    "true",
    "0",
    "-0",
    "-1",
    "1",
    "18446744073709551617",
    "1.0",
    "1.10",
    "-0.0",
    "0.1",
    "1e5",
    "1E+5",
    "1e400",
    "1e22",
    "1e-7",
    "123456789.123456789123456789",
    "9" * 639,
    "9" * 5000,
    '""',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ud83d\\ude00"',
    '"\\u0000\\u001f\\u007f"',
    "[]",
    "{}",
    '{"":{"/":{"~":{".":[1,1.0,true,{"a":[]}]}}}}',
]


class TestCodec:
    @pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:30])
    def test_text_comes_back_as_it_was(self, text: str) -> None:
        assert text == dumps(loads(text))

    def test_values_around_a_number_that_needs_its_text_come_back_too(self) -> None:
        text = '{"a":[1.10,1,1.0,true,null,"\\ud800",[],{}],"\\u00fc":{"b":-0}}'
        assert text == dumps(loads(text))

    @pytest.mark.parametrize(
        ("text", "value"),
        [
            ("7", 7),
            ("-7", -7),
            ("1.5", 1.5),
            ("-0", Number("-0")),
            ("1.50", Number("1.50")),
            ("1e999", Number("1e999")),
        ],
    )
    def test_a_number_is_plain_where_python_keeps_its_text(self, text: str, value: Json) -> None:
        assert equal(value, number(text))

    def test_bytes_and_a_byte_order_mark_are_read(self) -> None:
        assert loads(b'\xef\xbb\xbf{"a":"\xc3\xbc"}') == {"a": "ü"}

    @pytest.mark.parametrize(
        "text",
        ["", " ", "{", "[1,]", "nul", "NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "'a'", '"\n"', "[1] [2]"],
    )
    def test_what_is_not_json_is_refused(self, text: str) -> None:
        with pytest.raises(JsonError, match="not JSON"):
            loads(text)

    def test_bytes_that_are_not_utf8_are_refused(self) -> None:
        with pytest.raises(JsonError, match="not JSON"):
            loads(b'"\xff"')

    @pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
    def test_nesting_is_read_and_written_down_to_the_limit(self, opening: str, closing: str) -> None:
        deepest = opening * DEEPEST + "1.10" + closing * DEEPEST
        assert deepest == dumps(loads(deepest))

    @pytest.mark.parametrize("inner", ["[]", "[1]", "{}", '{"a":1}', '{"a":1,"a":1}'])
    def test_nesting_beyond_the_limit_is_refused(self, inner: str) -> None:
        with pytest.raises(JsonError, match="nested too deeply: more than 250 levels"):
            loads("[" * DEEPEST + inner + "]" * DEEPEST)

    def test_the_limit_can_be_set(self) -> None:
        assert [[]] == loads("[[]]", deepest=2)
        with pytest.raises(JsonError, match="more than 1 levels"):
            loads("[[]]", deepest=1)

    @pytest.mark.parametrize(
        "text", ["[" + ",".join(["[{}]"] * 1000) + "]", '"' + "[{" * 1000 + '"'], ids=["wide", "brackets in a string"]
    )
    def test_much_that_is_not_deep_is_read(self, text: str) -> None:
        assert text == dumps(loads(text))

    def test_nesting_inside_a_repeated_key_counts_too(self) -> None:
        with pytest.raises(JsonError, match="nested too deeply"):
            loads('{"a":1,"a":' + "[" * DEEPEST + "]" * DEEPEST + "}")

    def test_nesting_beyond_the_stack_is_refused(self) -> None:
        with pytest.raises(JsonError, match="nested too deeply"):
            loads("[" * 100_000 + "]" * 100_000)

    @pytest.mark.parametrize("innermost", [1, Number("1.10")])
    def test_nesting_beyond_the_stack_is_not_written(self, innermost: Json) -> None:
        value = innermost
        for _ in range(100_000):
            value = [value]
        with pytest.raises(JsonError, match="nested too deeply"):
            dumps(value)

    @pytest.mark.parametrize("value", [float("inf"), float("nan"), [Number("1.10"), float("inf")]])
    def test_infinity_is_not_written(self, value: Json) -> None:
        with pytest.raises(JsonError, match="can't be written as JSON"):
            dumps(value)

    @pytest.mark.parametrize("value", [{1, 2}, [Number("1.10"), {1}]], ids=["plain", "beside a number"])
    def test_what_is_no_json_value_is_a_mistake_of_the_caller(self, value: Json) -> None:
        with pytest.raises(TypeError, match="set is not a JSON value"):
            dumps(value)


class TestLayout:
    def test_compact(self) -> None:
        assert (
            dumps({"b": [1, Number("1.10"), []], "a": {"c": {}, "ü": None}})
            == '{"b":[1,1.10,[]],"a":{"c":{},"\\u00fc":null}}'
        )

    @pytest.mark.parametrize("value", [{"b": 1, "a": 2}, {"b": 1, "a": Number("2.0")}], ids=["plain", "with a number"])
    def test_sorted_is_as_compact_whatever_it_holds(self, value: Json) -> None:
        assert dumps(value, sort_keys=True).startswith('{"a":2')
        assert dumps(value, sort_keys=True).endswith(',"b":1}')

    @pytest.mark.parametrize("sort_keys", [True, False])
    def test_indented_as_the_standard_library_does_it(self, sort_keys: bool) -> None:
        plain = {"b": [1, 1.5, []], "a": {"c": {}, "ü": None}}
        expected = json.dumps(plain, indent=2, sort_keys=sort_keys)
        assert expected == dumps(plain, indent=2, sort_keys=sort_keys)
        assert expected.replace("1.5", "1.10") == dumps(
            {"b": [1, Number("1.10"), []], "a": {"c": {}, "ü": None}}, indent=2, sort_keys=sort_keys
        )

    def test_any_mapping_is_an_object(self) -> None:
        assert dumps(MappingProxyType({"a": MappingProxyType({"b": 1})})) == '{"a":{"b":1}}'
        assert dumps(MappingProxyType({"a": Number("2.0")}), indent=1) == '{\n "a": 2.0\n}'

    def test_tuples_are_arrays(self) -> None:
        assert dumps((1, (2,))) == "[1,[2]]"
        assert dumps((1, (Number("2.0"),))) == "[1,[2.0]]"


class TestRepeated:
    @pytest.mark.parametrize(
        ("text", "where"),
        [
            ('{"a":1,"b":2}', None),
            ('[{"a":1},{"a":1}]', None),
            ('{"a":1,"a":1}', ("a",)),
            ('{"x":[0,{"b":0,"a":1,"b":1,"a":2}]}', ("x", "1", "b")),
            ('{"x":{"y":{"a":1,"a":2}},"z":{"b":1,"b":2}}', ("x", "y", "a")),
            ('[[],[[{"a":1,"a":2}]],{"b":1,"b":2}]', ("1", "0", "0", "a")),
        ],
    )
    def test_the_first_is_found(self, text: str, where: tuple[str, ...] | None) -> None:
        assert where == find_repeated(loads(text))

    def test_each_key_is_named_once(self) -> None:
        assert Repeated((("a", 1), ("b", 1), ("a", 2), ("c", 1), ("c", 1), ("a", 3))).keys == ["a", "c"]

    def test_it_is_not_written(self) -> None:
        with pytest.raises(JsonError, match="has the key 'a' twice"):
            dumps(loads('[{"a":1,"a":2}]'))


class TestPointer:
    @pytest.mark.parametrize(
        ("text", "parts"),
        [
            ("", ()),
            ("/", ("",)),
            ("/a/b", ("a", "b")),
            ("/a~1b/c~0d", ("a/b", "c~d")),
            ("/~01", ("~1",)),
            ("/a//b", ("a", "", "b")),
            ("/a.b/ü", ("a.b", "ü")),
        ],
    )
    def test_text_and_parts(self, text: str, parts: tuple[str, ...]) -> None:
        assert parts == parse_pointer(text)
        assert text == format_pointer(parts)

    def test_one_without_a_slash_is_refused(self) -> None:
        with pytest.raises(JsonError, match="must start with '/'"):
            parse_pointer("a/b")

    @pytest.mark.parametrize(
        ("pointer", "found"),
        [
            ("", {"a": {"": None, "b": [1]}}),
            ("/a/", None),
            ("/a/b", [1]),
            ("/a/b/0", ABSENT),
            ("/a/c", ABSENT),
            ("/c/a", ABSENT),
        ],
    )
    def test_lookup(self, pointer: str, found: Json) -> None:
        assert equal(found, lookup({"a": {"": None, "b": [1]}}, parse_pointer(pointer)))


class TestAssign:
    @pytest.mark.parametrize(
        ("pointer", "new", "result"),
        [
            ("/a", 1, '{"a":1}'),
            ("/a/b", None, '{"a":{"b":null,"k":true}}'),
            ("/a/c/d", {}, '{"a":{"b":1,"k":true,"c":{"d":{}}}}'),
            ("/x", [], '{"a":{"b":1,"k":true},"x":[]}'),
            ("/a/b", ABSENT, '{"a":{"k":true}}'),
            ("/a", ABSENT, "{}"),
            ("/x", ABSENT, '{"a":{"b":1,"k":true}}'),
            ("/x/y/z", ABSENT, '{"a":{"b":1,"k":true}}'),
        ],
    )
    def test_a_copy_has_the_value_and_the_original_stays(self, pointer: str, new: Json, result: str) -> None:
        original: dict[str, Json] = {"a": {"b": 1, "k": True}}
        assert equal(loads(result), assign(original, parse_pointer(pointer), new))
        assert equal({"a": {"b": 1, "k": True}}, original)

    def test_what_is_not_on_the_way_is_shared(self) -> None:
        neighbour: Json = {"deep": [1]}
        assert assign({"a": {}, "n": neighbour}, ("a", "b"), 1)["n"] is neighbour

    @pytest.mark.parametrize("on_the_way", [None, 1, "text", [], Repeated((("b", 1), ("b", 2)))])
    @pytest.mark.parametrize("new", [1, ABSENT])
    def test_a_value_on_the_way_is_not_destroyed(self, on_the_way: Json, new: Json) -> None:
        with pytest.raises(JsonError, match="/a is not an object"):
            assign({"a": on_the_way}, ("a", "b"), new)


def test_absent_shows_its_name() -> None:
    assert repr(ABSENT) == "ABSENT"
    assert repr(Number("1.10")) == "1.10"


@pytest.mark.parametrize("other", [ABSENT, uuid.UUID(int=1), datetime(2026, 1, 1, tzinfo=UTC), {"a": ABSENT}], ids=repr)
def test_what_is_no_json_is_never_written(other: object) -> None:
    with pytest.raises((JsonError, TypeError)):
        dumps(other)
