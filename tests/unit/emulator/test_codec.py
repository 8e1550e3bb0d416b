"""The emulator's JSON gives every value back as it came."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.emulator import codec
from paragon_sync.emulator.codec import Number, Pairs, Unreadable

TEXTS = st.recursive(
    st.one_of(
        st.sampled_from(
            ["null", "true", "false", "-0", "1.0", "1", "1e5", "1E+05", "1.10", "0.1", "18446744073709551617"]
        ),
        st.integers().map(str),
        st.text(st.characters(codec=None)).map(json.dumps),  # lone surrogates among them
    ),
    lambda inner: st.one_of(
        st.lists(inner).map(lambda items: f"[{','.join(items)}]"),
        st.lists(st.tuples(st.text(max_size=3).map(json.dumps), inner)).map(
            lambda pairs: "{" + ",".join(f"{key}:{value}" for key, value in pairs) + "}"
        ),
    ),
)


@given(TEXTS)
def test_what_is_read_is_written_as_it_was_repeated_keys_included(text: str) -> None:
    assert codec.dumps(codec.loads(text)) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1.0", Number("1.0")),
        ("-0", Number("-0")),
        ("18446744073709551617", 2**64 + 1),
        ("9" * 5000, Number("9" * 5000)),
        ('{"a":1,"a":2}', Pairs((("a", 1), ("a", 2)))),
        ("\ufefftrue".encode(), True),
    ],
)
def test_reads(text: str | bytes, value: codec.Json) -> None:
    assert codec.loads(text) == value


@pytest.mark.parametrize("text", ["", "NaN", "{", "[1,]", b"\xff", "[" * 100_000])
def test_refuses_what_is_no_json(text: str | bytes) -> None:
    with pytest.raises(Unreadable):
        codec.loads(text)


def test_of_a_repeated_key_an_object_has_the_last() -> None:
    assert codec.as_object(Pairs((("a", 1), ("a", 2)))) == {"a": 2}
    assert codec.as_object([]) is None


def test_takes_plain_python_values() -> None:
    assert codec.dumps(codec.from_python({"a": [1, 1.0, True, None, ("x",)]})) == '{"a":[1,1.0,true,null,["x"]]}'


@pytest.mark.parametrize("value", [{1: 2}, float("nan"), object(), {"a": b"bytes"}])
def test_refuses_python_values_that_json_has_not(value: object) -> None:
    with pytest.raises(Unreadable):
        codec.from_python(value)


def test_refuses_to_write_what_it_has_not_read() -> None:
    with pytest.raises(Unreadable):
        codec.dumps({"a": object()})
