"""Secrets of a request are hidden in what the server says of it."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.model.secret_texts import HIDDEN, WITHHELD, hide_secrets, secrets_under_names, strings_of

SECRET = 'p"ss wörd/+'


@pytest.mark.parametrize(
    "form", [SECRET, json.dumps(SECRET)[1:-1], json.dumps(SECRET, ensure_ascii=False)[1:-1], quote(SECRET, safe="")]
)
def test_each_form_is_hidden(form: str) -> None:
    assert hide_secrets(f"Token {form} is not valid", [SECRET]) == f"Token {HIDDEN} is not valid"


def test_a_secret_that_contains_another_one_is_hidden_whole() -> None:
    assert hide_secrets("abcdefgh", ["abcd", "abcdefgh"]) == HIDDEN


@pytest.mark.parametrize("text", ["a is short", "nothing of it"])
def test_a_short_secret_hides_the_whole_text(text: str) -> None:
    assert hide_secrets(text, ["a", "abcdef"]) == WITHHELD


def test_without_secrets_a_text_stays() -> None:
    assert hide_secrets("a text", []) == "a text"


@given(st.text(min_size=4).filter(lambda text: text not in HIDDEN), st.text(), st.text())
def test_no_secret_is_left(secret: str, before: str, after: str) -> None:
    hidden = hide_secrets(before + secret + after, [secret])
    assert hidden.count(secret) <= (before + HIDDEN + after).count(secret)


def test_strings_under_secret_names_are_found_however_deep() -> None:
    value = {"a": [{"apiToken": ["x1", {"y": "x2", "n": 3}]}, "plain"], "password": "x3", "note": "plain"}

    assert [*secrets_under_names(value)] == ["x1", "x2", "x3"]
    assert [*strings_of(value)] == ["x1", "x2", "plain", "x3", "plain"]
