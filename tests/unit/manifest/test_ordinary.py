from __future__ import annotations

from typing import Any

import pytest

from paragon_sync.jsonvalue import Json, Number, Repeated
from paragon_sync.manifest import ordinary
from paragon_sync.manifest.ordinary import asked
from paragon_sync.model.compact import KnownIntegration, KnownSetting, KnownSettings

SETTINGS = KnownSettings(
    {
        "channel": KnownSetting("channel", lambda value: isinstance(value, str), by_type=True),
        "Channel": KnownSetting("channel", lambda value: isinstance(value, str), by_type=True),
        "Often": KnownSetting("often", lambda value: value == "daily", by_type=False),
        "Any": KnownSetting("any", lambda _: True, by_type=True),
    }
)
SLACK = KnownIntegration(SETTINGS, {"Notify": ("notify", SETTINGS), "notify": ("notify", SETTINGS)})


def find(kind: str) -> KnownIntegration | None:
    return SLACK if kind == "slack" else None


def block(**sections: Any) -> dict[str, Any]:
    return {"apiVersion": "paragon-sync/v1", "kind": "User", "user": "acme", "integrations": {"slack": sections}}


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({"settings": {"Channel": "C1"}}, ("only", "default", {"channel": "C1"}, {}, {})),
        ({"settings": {"Often": "daily"}}, ("only", "default", {"often": "daily"}, {}, {})),
        ({"settings": {"Any": [{"a": 1}]}}, ("only", "default", {"any": [{"a": 1}]}, {}, {})),
        ({"defaults": {"Channel": "C1"}}, ("only", "default", {}, {"channel": ("C1", ())}, {})),
        (
            {"defaults": {"Channel": "C1"}, "blank": ["", None]},
            ("only", "default", {}, {"channel": ("C1", ("", None))}, {}),
        ),
        ({"unset": ["Channel"]}, ("only", "default", {}, {"channel": None}, {})),
        (
            {"settings": {"channel": "C1"}, "defaults": {"Channel": "C2"}},  # settings win
            ("only", "default", {"channel": "C1"}, {}, {}),
        ),
        ({"account": {"all": True}, "configuration": "all"}, ("all", "all", {}, {}, {})),
        (
            {"account": {"providerId": "T1"}, "configuration": "b"},
            (("providerId", "T1"), ("externalId", "b"), {}, {}, {}),
        ),
        ({"configuration": {"id": "g"}}, ("only", ("id", "g"), {}, {}, {})),
        ({"workflows": {"Notify": False}}, ("only", "default", {}, {}, {"notify": (False, {}, {})})),
        (
            {"workflows": {"notify": {"enabled": True, "settings": {"Channel": "C1"}}}},
            ("only", "default", {}, {}, {"notify": (True, {"channel": "C1"}, {})}),
        ),
        ({"workflows": {"notify": {}}}, ("only", "default", {}, {}, {"notify": (None, {}, {})})),
    ],
)
def test_an_ordinary_block_is_told_by_ids(sections: dict[str, Any], expected: object) -> None:
    assert asked(block(**sections), find) == ({}, {"slack": expected})


def test_metadata_are_told_as_they_stand() -> None:
    assert asked({"user": "acme", "metadata": {"plan": {"a": [1]}}}, find) == ({"plan": {"a": [1]}}, {})


@pytest.mark.parametrize(
    "sections",
    [
        {"settings": {"gone": "x"}},
        {"settings": {"Channel": 1}},
        {"settings": {"Often": "never"}},
        {"settings": {"channel": "C1", "Channel": "C1"}},
        {"settings": {"Any": {"$env": "HOME"}}},
        {"settings": {"Any": [{"inner": {"$x": 1}}]}},
        {"settings": {"Any": Number("1e5")}},
        {"settings": {"Any": {"a": Repeated((("b", 1), ("b", 2)))}}},
        {"defaults": {"gone": "x"}},
        {"defaults": {"Channel": "C1"}, "blank": [Number("1e5")]},
        {"unset": ["gone"]},
        {"unset": ["channel", "Channel"]},
        {"unset": ["channel"], "settings": {"Channel": "C1"}},
        {"unset": ["channel"], "defaults": {"Channel": "C1"}},
        {"exact": True},
        {"keep": ["Channel"]},
        {"release": ["Channel"]},
        {"workflows": {"gone": True}},
        {"workflows": {"notify": True, "Notify": True}},
        {"workflows": {"notify": {"exact": True}}},
    ],
)
def test_what_is_unusual_goes_the_careful_way(sections: dict[str, Any]) -> None:
    assert asked(block(**sections), find) is None


@pytest.mark.parametrize(
    "more",
    [
        {"template": True},
        {"release": ["plan"]},
        {"metadata": {"plan": {"$env": "HOME"}}},
        {"integrations": {"gone": {}}},
        {"integrations": {"slack": [{}]}},
    ],
)
def test_so_do_documents_with_anything_unusual(more: dict[str, Json]) -> None:
    assert asked({"user": "acme", **more}, find) is None


def test_what_is_remembered_of_documents_that_all_differ_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordinary, "_MOST_STRUCTURES", 2)
    names = {f"n{number}": KnownSetting(f"n{number}", lambda _: True, by_type=True) for number in range(9)}
    settings = KnownSettings(names)
    for name in names:
        assert asked(block(settings={name: 1}), lambda _: KnownIntegration(settings, {})) is not None
        assert len(settings.structures) <= 2
