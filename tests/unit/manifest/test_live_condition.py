"""Conditions over what is live: what they refer to, and whether they hold."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from paragon_sync.jsonvalue import Json, JsonObject, Number
from paragon_sync.manifest.template import Failed
from paragon_sync.manifest.template.live import LiveCondition, live_condition


class Named:
    """Members by subscript, as the planner hands them in."""

    __slots__ = ("_members",)

    def __init__(self, members: Mapping[str, Json]) -> None:
        self._members = members

    def __getitem__(self, name: object) -> object:
        if name == "Typo":
            raise ValueError('there is no setting "Typo"')
        return self._members[str(name)]

    def __contains__(self, name: object) -> bool:
        return name in self._members


LIVE: Mapping[str, object] = {
    "settings": Named({"Frequency": "daily", "items": 3, "Mapping": {"a": {"b": 1}}, "On": True, "None": None}),
    "status": "VALID",
}
ROW: JsonObject = {"plan": "pro", "items": 1, "limit": Number("1.10"), "deep": {"limit": Number("1e3")}}


def condition(text: str) -> LiveCondition:
    found = live_condition(text)
    assert isinstance(found, LiveCondition)
    return found


HOLDS: dict[str, bool] = {
    'live.settings.Frequency == "daily"': True,
    'live.settings["Frequency"] == "weekly"': False,
    "live.settings.Absent is defined": False,
    "live.settings.Absent == 1": False,
    "live.settings.Absent != 1": True,
    "not live.settings.Absent": True,
    "live.settings.Absent": False,
    "live.settings.Absent.further.still == 1": False,
    "live.settings.Mapping.a.b == 1": True,
    "live.settings.Mapping.a.c is defined": False,
    "live.settings.items == 3": True,
    '"Frequency" in live.settings': True,
    '"Absent" not in live.settings': True,
    "live.settings.On": True,
    'live.status == "VALID" and row.plan == "pro" and user == "acme"': True,
    "row.items == 1": True,
    "row.absent is defined": False,
    "row.limit == 1.1 and row.limit > 1": True,
    "row.deep.limit > 999 and row.deep.limit == 1000": True,
    "live.settings[row.plan] is defined": False,
}


@pytest.mark.parametrize(("text", "expected"), HOLDS.items(), ids=HOLDS)
def test_conditions_hold_or_do_not(text: str, expected: bool) -> None:
    assert expected is condition(text).holds(LIVE, ROW, "acme")


FAILS: dict[str, str] = {
    "live.settings.Frequency": "it gives text, not true or false",
    "live.settings.None": "it gives null, not true or false",
    "live.settings.items": "it gives a number, not true or false",
    "live.settings.Mapping": "it gives something else, not true or false",
    "[live.status]": "it gives a list, not true or false",
    "live.settings.Frequency > 3": "'>' not supported between instances of 'str' and 'int'",
    "live.settings.Absent > 3": '"Absent" isn\'t there: ask first whether it “is defined”',
    "live.settings.Typo == 1": 'there is no setting "Typo"',
    "row.plam == 1": 'there is no column "plam" in the row',
    "row.plam": 'there is no column "plam" in the row',
    "row[live.status] == 1": 'there is no column "VALID" in the row',
}


@pytest.mark.parametrize(("text", "message"), FAILS.items(), ids=FAILS)
def test_what_can_not_be_told_says_why(text: str, message: str) -> None:
    answer = condition(text).holds(LIVE, ROW, "acme")

    assert isinstance(answer, Failed)
    assert message in answer.message


PATHS: dict[str, set[tuple[str, ...]]] = {
    "live.settings.Frequency == 1": {("live", "settings", "Frequency")},
    'live.workflows["Weekly digest"].settings.Day == 1': {("live", "workflows", "Weekly digest", "settings", "Day")},
    "live.settings[row.name].inner == 1": {("live", "settings")},
    '"Channel" in live.settings': {("live", "settings"), ("live", "settings", "Channel")},
    "row.x == 1 and user": set(),
    "live": {("live",)},
    "(live.settings.A or row).b": {("live", "settings", "A")},
}


@pytest.mark.parametrize(("text", "paths"), PATHS.items(), ids=PATHS)
def test_a_condition_tells_what_it_refers_to(text: str, paths: set[tuple[str, ...]]) -> None:
    assert paths == set(condition(text).paths)


@pytest.mark.parametrize("text", ["1 +", "{{ live.x }}", "live.settings.A }} {{ 1", "", "x.__class__.__mro__ ("])
def test_what_is_no_expression_is_refused(text: str) -> None:
    assert isinstance(live_condition(text), Failed)


def test_a_condition_stays_in_its_sandbox() -> None:
    answer = condition("live.settings.__class__.__mro__[1] == 1").holds(LIVE, ROW, "acme")

    assert answer is False or isinstance(answer, Failed)
