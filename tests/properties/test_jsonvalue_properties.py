"""What holds of every JSON value: it reads back as it was, and equality is nothing but its text."""

import json
from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from paragon_sync import jsonvalue
from paragon_sync.errors import JsonError
from paragon_sync.jsonvalue import (
    ABSENT,
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


ANY = st.characters()
PLAIN: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(ANY),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(ANY), inner, max_size=4),
    max_leaves=20,
)
"""Values that Python's json carries without loss."""
MEMBERS = st.lists(st.tuples(STRINGS | st.sampled_from(["a", "b", "a ", " a"]), VALUES), max_size=4)
TEXTS = st.one_of(
    VALUES.map(dumps),
    PLAIN.map(lambda value: json.dumps(value, ensure_ascii=False)),
    MEMBERS.map(lambda pairs: "{" + ",".join(f"{json.dumps(key)}:{dumps(value)}" for key, value in pairs) + "}"),
    st.from_regex(r"\[-?[0-9]{1,22}(\.[0-9]{1,20})?(e[+-]?[0-9]{1,3})?\]", fullmatch=True),
    st.text('[]{}":,\\u0d8e-+.1\ufeff\ud800é ', max_size=12),
)


@given(TEXTS)
@settings(max_examples=1000)
def test_a_text_is_read_as_pythons_reader_does(text: str) -> None:
    assert _shown(json.loads, text.removeprefix("\ufeff")) == _shown(loads, text)


@given(PLAIN, st.sampled_from([None, 2]), st.booleans())
@example(value=[1e16, 1e22, 1e-7, -0.0, 2**64, "\x7f\u2028é\ud800"], indent=None, sort_keys=False)
@settings(max_examples=1000)
def test_a_value_is_written_as_pythons_writer_does(value: Json, indent: int | None, sort_keys: bool) -> None:
    separators = (",", ":") if indent is None else None
    expected = json.dumps(value, indent=indent, sort_keys=sort_keys, separators=separators)
    assert expected == dumps(value, indent=indent, sort_keys=sort_keys)


@given(VALUES)
@settings(max_examples=1000)
def test_the_compiled_writer_and_the_one_for_numbers_agree(value: Json) -> None:
    assert "".join(jsonvalue._write(value, indent=None, sort_keys=False)) == dumps(value)


def _shown(read: Callable[[str], Any], text: str) -> str:
    """Return what a reader returns, with every type visible and without the text of numbers."""
    try:
        return repr(_python(read(text)))
    except (JsonError, json.JSONDecodeError):
        return "error"


def _python(value: Any) -> Any:
    match value:
        case Number(text):
            return json.loads(text)
        case Repeated(pairs):
            return {key: _python(item) for key, item in pairs}
        case dict():
            return {key: _python(item) for key, item in value.items()}
        case list():
            return [_python(item) for item in value]
        case _:
            return value


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
