"""What holds of every JSON value: it reads back as it was, and equality is nothing but its text."""

import json
from collections.abc import Callable
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from paragon_sync import jsonvalue
from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import (
    ABSENT,
    DEEPEST,
    Json,
    Number,
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

STRINGS = st.text(st.characters()).map(lambda text: json.loads(json.dumps(text)))  # lone surrogates, and pairs joined
NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?", fullmatch=True).map(number)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | NUMBERS | STRINGS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(STRINGS, VALUES, max_size=4)
POINTERS = st.lists(STRINGS, min_size=1, max_size=4).map(tuple)


@given(VALUES)
def test_a_value_reads_back_as_it_was(value: Json) -> None:
    assert equal(value, loads(dumps(value)))
    assert equal(value, loads(dumps(value, indent=2, sort_keys=True).encode()))


@given(VALUES)
def test_text_is_written_as_it_was_read(value: Json) -> None:
    assert dumps(value) == dumps(loads(dumps(value)))


@given(VALUES, VALUES)
def test_values_are_equal_where_their_sorted_texts_are(left: Json, right: Json) -> None:
    assert equal(left, right) == (dumps(left, sort_keys=True) == dumps(right, sort_keys=True))


@given(VALUES)
def test_equality_does_not_see_the_order_of_keys(value: Json) -> None:
    assert equal(value, _reversed(value))


@given(VALUES, st.sampled_from([Number("1.10"), 2**64 + 1, 1.0, "\ud800"]))
def test_a_neighbour_changes_no_text(value: Json, neighbour: Json) -> None:
    assert f"[{dumps(value)},{dumps(neighbour)}]" == dumps([value, neighbour])


@given(VALUES, STRINGS)
def test_a_repeated_key_is_found_wherever_it_is(value: Json, key: str) -> None:
    name = json.dumps(key)
    document = loads(f'{{"a":[{dumps(value)},{{{name}:1,{name}:2}}]}}')
    assert find_repeated(document) == ("a", "1", key)
    assert find_repeated(value) is None


MEMBERS = st.lists(st.tuples(STRINGS | st.sampled_from(["a", "b", "a ", " a"]), VALUES), max_size=4)
TEXTS = st.one_of(
    VALUES.map(jsonvalue.dumps),
    VALUES.map(lambda value: json.dumps(json.loads(jsonvalue.dumps(value)), ensure_ascii=False, separators=(",", ":"))),
    VALUES.map(lambda value: jsonvalue.dumps(value, indent=1)),
    MEMBERS.map(lambda pairs: "{" + ",".join(f"{json.dumps(key)}:{dumps(value)}" for key, value in pairs) + "}"),
    MEMBERS.map(
        lambda pairs: "{ " + ",\t".join(f"{json.dumps(key)} : {dumps(value)}" for key, value in pairs) + " }\r\n"
    ),
    st.integers(0, 600).map(lambda depth: "[" * depth + "]" * depth),
    st.from_regex(r"\[-?[0-9]{1,22}(\.[0-9]{1,20})?(e[+-]?[0-9]{1,3})?\]", fullmatch=True),
    st.text('[]{}":,\\u0d8e-+.1\ufeff\ud800é ', max_size=12),
)


@given(TEXTS, st.sampled_from([3, DEEPEST]))
@settings(max_examples=1000)
def test_what_is_read_fast_is_read_as_the_careful_reader_does(text: str, deepest: int) -> None:
    for form in (text, text.encode("utf-8", "surrogatepass")):
        assert _told(jsonvalue._read, form, deepest) == _told(partial(loads, deepest=deepest), form)


@given(VALUES)
@settings(max_examples=1000)
def test_what_is_written_fast_is_written_as_the_careful_writer_does(value: Json) -> None:
    assert "".join(jsonvalue._write(value, indent=None, sort_keys=False)) == dumps(value)


def _told(read: Callable[..., Json], *arguments: object) -> str:
    """What came of reading, with every type in sight."""
    try:
        return repr(read(*arguments))
    except JsonError as error:
        return f"error: {error}"


@given(POINTERS)
def test_a_pointer_reads_back_as_it_was(pointer: tuple[str, ...]) -> None:
    assert pointer == parse_pointer(format_pointer(pointer))


@given(OBJECTS, POINTERS, VALUES)
def test_an_assigned_value_is_there_and_its_removal_gives_the_rest_back(
    value: dict[str, Json], pointer: tuple[str, ...], new: Json
) -> None:
    value.pop(pointer[0], None)
    assigned = assign(value, pointer, new)
    assert equal(new, lookup(assigned, pointer))
    assert equal(ABSENT, lookup(assign(assigned, pointer, ABSENT), pointer))
    assert equal(value, assign(assigned, pointer[:1], ABSENT))


def _reversed(value: Json) -> Json:
    match value:
        case dict():
            return {key: _reversed(value[key]) for key in reversed(value)}
        case list():
            return [_reversed(item) for item in value]
        case _:
            return value
