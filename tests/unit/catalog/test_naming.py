"""Names lead to ids: exact ids first, unique titles next, ``id:`` for what the catalog doesn't know."""

from __future__ import annotations

from datetime import UTC, datetime
from difflib import get_close_matches

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paragon_sync.catalog.naming import Miss, Names, described, suggestion
from paragon_sync.model.catalog import Catalog
from paragon_sync.model.similar_names import MAX_COMPARED_NAMES

NAMES = Names(
    {"in1": "Channel", "in2": "Frequency", "in3": "Token", "in4": "Token", "Frequency": "Other", "in5": "id:x"}
)


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("Channel", "in1"),
        ("in1", "in1"),
        ("Frequency", "Frequency"),  # an exact id wins over a title
        ("in3", "in3"),
        ("id:in9", "in9"),
        ("id:in1", "in1"),
        ("id:", ""),
        ("id:id:x", "id:x"),
    ],
)
def test_a_name_leads_to_one_id(name, id_):
    assert NAMES.id_of(name, "setting") == id_


def test_two_equal_titles_need_the_id():
    assert NAMES.id_of("Token", "setting") == Miss('has 2 settings "Token"', "name it by its id: in3, in4")


def test_a_miss_says_what_may_have_been_meant():
    assert NAMES.id_of("Chanel", "setting") == Miss('has no setting "Chanel"', 'did you mean "Channel"?')


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("CHANNEL", ["Channel"], 'did you mean "Channel"?'),
        ("xyz", ["b", "a"], 'there are: "a", "b"'),
        ("xyz", [], "there are none"),
        ("xyz", list("abcdefghijk"), 'there are: "a", "b", "c", "d", "e", "f", "g", "h" and 3 more'),
    ],
)
def test_suggestion(name, known, hint):
    assert suggestion(name, known, known) == hint


@pytest.mark.parametrize(
    ("pulled", "text"),
    [
        ("2026-03-01T12:00:00Z", "catalog of production, pulled 3 days ago"),
        ("2026-03-03T11:00:00+00:00", "catalog of production, pulled 1 day ago"),
        ("2026-03-04T10:00:00Z", "catalog of production, pulled 2 hours ago"),
        ("2026-03-04T11:59:00Z", "catalog of production, pulled 1 minute ago"),
        ("2026-03-04T12:00:00Z", "catalog of production, pulled just now"),
        ("2026-03-05T12:00:00Z", "catalog of production, pulled just now"),
        ("2026-03-04T12:00:00", "catalog of production"),
        ("yesterday", "catalog of production"),
    ],
)
def test_a_catalog_is_described_by_origin_and_age(pulled, text):
    catalog = Catalog(project="p", pulled=pulled, origin="production")
    assert described(catalog, datetime(2026, 3, 4, 12, tzinfo=UTC)) == text


@pytest.mark.parametrize(
    ("id_", "label", "portable"),
    [
        ("in1", "Channel", "Channel"),
        ("in2", "Frequency", "id:in2"),
        ("in3", "Token", "id:in3"),
        ("in5", "id:x", "id:in5"),
        ("gone", "id:gone", "id:gone"),
    ],
)
def test_labels_and_portable_names(id_, label, portable):
    assert (NAMES.label(id_), NAMES.portable(id_)) == (label, portable)


@given(st.dictionaries(st.text(), st.text(), max_size=6), st.text())
def test_a_portable_name_leads_back_to_its_id(titles, other):
    names = Names(titles)
    for id_ in [*titles, other]:
        assert names.id_of(names.portable(id_), "setting") == id_


def test_a_misspelt_name_is_compared_with_few_of_many():
    compared = 0

    def compare(name, names, most, least):
        nonlocal compared
        compared += len(names)
        return get_close_matches(name, names, most, least)

    names = Names({f"id-{number}": f"Setting number {number:04d}" for number in range(2000)}, compare=compare)
    misses = [names.id_of(f"Settng number {number:04d}", "setting") for number in range(2000)]

    assert misses[7] == Miss('has no setting "Settng number 0007"', 'did you mean "Setting number 0007"?')
    assert compared <= 2000 * MAX_COMPARED_NAMES
