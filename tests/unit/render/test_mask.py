from __future__ import annotations

import pytest

from paragon_sync.jsonvalue import ABSENT, Json, Repeated
from paragon_sync.model.desired import MetadataKey
from paragon_sync.model.outcome import ConflictingPath
from paragon_sync.model.planned import Change, Detail
from paragon_sync.render.mask import masked, masked_alone, masked_change, masked_conflict
from tests.nouns import change, switch

GONE, CHANGED = "(secret)", "(secret, changed)"


@pytest.mark.parametrize(
    "secret",
    [
        change("Channel", "a", "b", secret=True),
        change("API key", "a", "b"),
        change("Plan", "a", "b", pointer=("accessToken",), target=MetadataKey("accessToken")),
        change(
            "Channel", {"x": "a"}, {"x": "b"}, secret=True, details=(Detail(pointer=("x",), before="a", after="b"),)
        ),
        switch("Digest", before=False, after=True, secret=True),
    ],
    ids=["flag", "label", "key", "compound", "flagged switch"],
)
def test_a_secret_is_hidden_before_and_after_and_says_that_it_changed(secret: Change) -> None:
    shown = masked_change(secret)
    assert (shown.before, shown.after, shown.details, shown.secret) == (GONE, CHANGED, (), True)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (ABSENT, "b", (ABSENT, GONE)),
        ("a", ABSENT, (GONE, ABSENT)),
        ("a", "a", (GONE, GONE)),
        (1, True, (GONE, CHANGED)),
    ],
)
def test_a_secret_that_comes_or_goes_has_one_side(before: Json, after: Json, shown: tuple[Json, Json]) -> None:
    hidden = masked_change(change("Token", before, after))
    assert (hidden.before, hidden.after) == shown


def test_that_a_workflow_is_enabled_is_no_secret_for_its_name() -> None:
    shown = masked_change(switch("Send token reminder", before=False, after=True))
    assert (shown.before, shown.after, shown.secret) == (False, True, False)


def test_other_values_are_shown_as_they_are() -> None:
    plain = change("Channel", "password", {"note": "my token"})
    assert masked_change(plain) == plain


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ({"apiKey": "a", "b": 1}, {"apiKey": "c", "b": 1}, ({"apiKey": GONE, "b": 1}, {"apiKey": CHANGED, "b": 1})),
        ({"apiKey": "a"}, {"apiKey": "a"}, ({"apiKey": GONE}, {"apiKey": GONE})),
        ({"apiKey": {"x": 1}}, {}, ({"apiKey": GONE}, {})),
        ([{"token": 1}, 2], [{"token": 3}], ([{"token": GONE}, 2], [{"token": CHANGED}])),
        ([{"token": 1}], {"token": [1]}, ([{"token": GONE}], {"token": GONE})),
        (ABSENT, {"a": {"password": "x"}}, (ABSENT, {"a": {"password": GONE}})),
        ({"a": {"token": "x"}}, {"a": "x"}, ({"a": {"token": GONE}}, {"a": "x"})),
        (Repeated((("token", 1),)), "x", ("(an object that has a key twice)", "x")),
    ],
)
def test_keys_inside_are_secret_by_their_name(before: Json, after: Json, shown: tuple[Json, Json]) -> None:
    assert masked(before, after) == shown


def test_differences_inside_are_masked_by_the_keys_on_their_way() -> None:
    details = (
        Detail(pointer=("auth", "token", "0"), before="a", after="b"),
        Detail(pointer=("auth",), before=ABSENT, after={"token": "b", "user": "u"}),
        Detail(pointer=("name",), before="a", after="b"),
    )
    shown = masked_change(change("Login", {"a": 1}, {"a": 2}, details=details)).details
    assert [(detail.before, detail.after) for detail in shown] == [
        (GONE, CHANGED),
        (ABSENT, {"token": GONE, "user": "u"}),
        ("a", "b"),
    ]


def conflict(label: str, **more: bool) -> ConflictingPath:
    return ConflictingPath(pointer=("a", label), label=label, base="b", live={"token": "l"}, planned="p", **more)


def test_a_conflict_hides_all_three_values() -> None:
    for path in (conflict("Password"), conflict("Channel", secret=True)):
        shown = masked_conflict(path)
        assert (shown.base, shown.live, shown.planned, shown.secret) == (GONE, CHANGED, CHANGED, True)
    shown = masked_conflict(conflict("Channel"))
    assert (shown.base, shown.live, shown.planned, shown.secret) == ("b", {"token": GONE}, "p", False)


def test_a_value_alone_is_masked_whole_or_inside() -> None:
    assert masked_alone("a", secret=True) == GONE
    assert masked_alone(ABSENT, secret=True) is ABSENT
    assert masked_alone({"token": 1}, secret=False) == {"token": GONE}
    assert masked_alone(ABSENT, secret=False) is ABSENT
