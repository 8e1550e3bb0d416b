"""What a write makes of a credential, in each shape and under each reading of the API."""

from __future__ import annotations

from typing import Any

import pytest

from paragon_sync.emulator.options import Readings, Replace
from paragon_sync.emulator.state import UserState
from paragon_sync.emulator.writing import (
    find_configuration,
    is_permitted,
    patch_config,
    patch_meta,
    set_enabled,
    subscribe,
)

ALL: tuple[Replace, ...] = ("section", "whole", "by-header")

DOCUMENTED: dict[str, Any] = {
    "id": "c",
    "config": {"sharedSettings": {"a": 1, "b": 2}, "configuredWorkflows": {"w": {"enabled": True}}, "odd": [1]},
    "providerId": "p",
}
DEFAULT: dict[str, Any] = {
    "id": "d",
    "isDefault": True,
    "dateCreated": "then",
    "sharedSettings": {"a": 1},
    "workflowSettings": {"w": {"enabled": True}},
    "configMeta": {"m": 1},
}
OTHER: dict[str, Any] = {"id": "o", "externalId": "team", "isDefault": False, "sharedSettings": {"a": 9}}
CURRENT: dict[str, Any] = {"id": "c", "configurations": [OTHER, DEFAULT]}
MIRROR: dict[str, Any] = {
    "sharedSettings": {"a": 1},
    "configuredWorkflows": {"w": {"enabled": True}},
    "legacy": True,
}
BOTH: dict[str, Any] = {**CURRENT, "config": MIRROR}

FULL_DOCUMENTED: dict[str, Any] = {**DOCUMENTED["config"], "sharedSettings": {"a": 5, "b": 2}}
FULL_CURRENT: dict[str, Any] = {
    "sharedSettings": {"a": 5},
    "workflowSettings": {"w": {"enabled": True}},
    "configMeta": {"m": 1},
}
FULL_BOTH: dict[str, Any] = {**FULL_CURRENT, "configuredWorkflows": {"w": {"enabled": True}}, "legacy": True}


@pytest.mark.parametrize("reading", ALL)
@pytest.mark.parametrize(
    ("credential", "sent", "wanted", "after"),
    [
        (DOCUMENTED, FULL_DOCUMENTED, None, {**DOCUMENTED, "config": FULL_DOCUMENTED}),
        (CURRENT, FULL_CURRENT, "d", {**CURRENT, "configurations": [OTHER, {**DEFAULT, "sharedSettings": {"a": 5}}]}),
        (CURRENT, FULL_CURRENT, None, {**CURRENT, "configurations": [OTHER, {**DEFAULT, "sharedSettings": {"a": 5}}]}),
        (
            CURRENT,
            {"sharedSettings": {"a": 5}},
            "ext:team",
            {**CURRENT, "configurations": [{**OTHER, "sharedSettings": {"a": 5}}, DEFAULT]},
        ),
        (
            BOTH,
            FULL_BOTH,
            "d",
            {
                "id": "c",
                "configurations": [OTHER, {**DEFAULT, "sharedSettings": {"a": 5}}],
                "config": {**MIRROR, "sharedSettings": {"a": 5}},
            },
        ),
        (BOTH, {"sharedSettings": {}}, "o", {**BOTH, "configurations": [{**OTHER, "sharedSettings": {}}, DEFAULT]}),
        ({"id": "c"}, {"sharedSettings": {"a": 5}}, None, {"id": "c", "config": {"sharedSettings": {"a": 5}}}),
        (
            {**CURRENT, "config": {}},
            FULL_CURRENT,
            "d",
            {**CURRENT, "config": {}, "configurations": [OTHER, {**DEFAULT, "sharedSettings": {"a": 5}}]},
        ),
    ],
    ids=["documented", "current", "no header", "ext", "both", "both, another one", "neither", "both, empty config"],
)
def test_who_sends_everything_in_full_gets_the_same_under_each_reading(
    credential: dict[str, Any], sent: dict[str, Any], wanted: str | None, after: dict[str, Any], reading: Replace
) -> None:
    assert patch_config(credential, sent, wanted, Readings(replace=reading)) == after


SETTINGS: dict[str, Any] = {"sharedSettings": {"a": 5}}
BARE: dict[str, Any] = {"id": "d", "isDefault": True, "dateCreated": "then", **SETTINGS}
KEPT: dict[str, Any] = {**DEFAULT, **SETTINGS}


@pytest.mark.parametrize(
    ("credential", "wanted", "reading", "after"),
    [
        (DOCUMENTED, None, "section", {**DOCUMENTED, "config": {**DOCUMENTED["config"], **SETTINGS}}),
        (DOCUMENTED, None, "whole", {**DOCUMENTED, "config": SETTINGS}),
        (DOCUMENTED, None, "by-header", {**DOCUMENTED, "config": SETTINGS}),
        (CURRENT, "d", "section", {**CURRENT, "configurations": [OTHER, KEPT]}),
        (CURRENT, "d", "whole", {**CURRENT, "configurations": [OTHER, BARE]}),
        (CURRENT, "d", "by-header", {**CURRENT, "configurations": [OTHER, KEPT]}),
        (CURRENT, None, "by-header", {**CURRENT, "configurations": [OTHER, BARE]}),
        (BOTH, "d", "section", {**BOTH, "configurations": [OTHER, KEPT], "config": {**MIRROR, **SETTINGS}}),
        (BOTH, "d", "whole", {**BOTH, "configurations": [OTHER, BARE], "config": SETTINGS}),
        (BOTH, "d", "by-header", {**BOTH, "configurations": [OTHER, KEPT], "config": {**MIRROR, **SETTINGS}}),
    ],
)
def test_who_sends_one_section_loses_the_others_where_the_whole_is_replaced(
    credential: dict[str, Any], wanted: str | None, reading: Replace, after: dict[str, Any]
) -> None:
    assert patch_config(credential, SETTINGS, wanted, Readings(replace=reading)) == after


@pytest.mark.parametrize("reading", ALL)
def test_no_patch_changes_what_a_configuration_is(reading: Replace) -> None:
    sent = {**FULL_CURRENT, "id": "x", "isDefault": False, "dateCreated": "now"}
    assert patch_config(CURRENT, sent, "d", Readings(replace=reading))["configurations"] == [
        OTHER,
        {**DEFAULT, "sharedSettings": {"a": 5}},
    ]


def test_the_wrong_name_of_the_workflow_map_is_taken_at_its_word() -> None:
    sent: dict[str, Any] = {"configuredWorkflows": {}}
    written = patch_config(CURRENT, sent, "d", Readings(replace="section"))
    assert written["configurations"] == [OTHER, {**DEFAULT, "configuredWorkflows": {}}]


def test_without_the_header_the_documented_name_means_the_current_one() -> None:
    sent: dict[str, Any] = {"configuredWorkflows": {}}
    written = patch_config(CURRENT, sent, None, Readings(replace="section"))
    assert written["configurations"] == [OTHER, {**DEFAULT, "workflowSettings": {}}]


@pytest.mark.parametrize(
    ("mirror", "sent", "after"),
    [
        (
            {"configuredWorkflows": {"w": {}}},
            {"workflowSettings": {"v": {}}},
            {"configuredWorkflows": {"v": {}}},
        ),
        ({"sharedSettings": {"a": 1}}, {"workflowSettings": {"v": {}}}, {"configuredWorkflows": {"v": {}}}),
        ({"legacy": 1}, {"sharedSettings": {"a": 2}}, {"sharedSettings": {"a": 2}}),
        ({"legacy": 1}, {"configMeta": {"m": 2}}, {}),
        ({"legacy": 1}, {"brandNew": 3}, {"brandNew": 3}),
    ],
    ids=["its own name", "no name yet", "settings", "the configuration's own", "new to both"],
)
def test_config_follows_the_default_configuration(
    mirror: dict[str, Any], sent: dict[str, Any], after: dict[str, Any]
) -> None:
    written = patch_config({**CURRENT, "config": mirror}, sent, "d", Readings(replace="section"))
    assert written["config"] == {**mirror, **after}


def test_the_default_configuration_is_found_even_if_none_says_so() -> None:
    assert find_configuration({"configurations": [{"id": "x"}, {"id": "y"}]}, None) == {"id": "x"}


@pytest.mark.parametrize(
    ("credential", "wanted", "after"),
    [
        (
            {"id": "c", "config": {"configuredWorkflows": {"w": {"enabled": False, "settings": {"k": 1}}}}},
            None,
            {"id": "c", "config": {"configuredWorkflows": {"w": {"enabled": True, "settings": {"k": 1}}}}},
        ),
        (
            {"id": "c", "config": {"workflowSettings": {}}},
            None,
            {"id": "c", "config": {"workflowSettings": {"w": {"settings": {}, "enabled": True}}}},
        ),
        (
            {"id": "c"},
            None,
            {"id": "c", "config": {"configuredWorkflows": {"w": {"settings": {}, "enabled": True}}}},
        ),
        (
            {"id": "c", "configurations": [{"id": "d"}], "config": {"configuredWorkflows": {}}},
            "d",
            {
                "id": "c",
                "configurations": [{"id": "d", "workflowSettings": {"w": {"settings": {}, "enabled": True}}}],
                "config": {"configuredWorkflows": {"w": {"settings": {}, "enabled": True}}},
            },
        ),
    ],
    ids=["documented", "documented, current name", "bare", "both"],
)
def test_enabling_keeps_the_settings(credential: dict[str, Any], wanted: str | None, after: dict[str, Any]) -> None:
    assert set_enabled(credential, "w", wanted, enabled=True) == after


def test_subscriptions_that_are_none_leave_nothing_behind() -> None:
    subscribed = subscribe(UserState(), "c", "d", {"w": True, "v": False})
    assert subscribed.subscriptions == {"c": {"d": {"w": True}}}
    assert subscribe(subscribed, "c", "d", {"w": False}).subscriptions == {}


@pytest.mark.parametrize(
    ("meta", "rule", "permitted"),
    [
        ({"plan": "pro"}, {"plan": "pro"}, True),
        ({"plan": "pro"}, {"plan": ["free", "pro"]}, True),
        ({"plan": "free"}, {"plan": "pro"}, False),
        ({}, {"plan": "pro"}, False),
        ({"plan": True}, {"plan": 1}, False),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, False),
        ({}, {}, True),
    ],
)
def test_a_workflow_is_permitted_by_metadata(meta: dict[str, Any], rule: dict[str, Any], *, permitted: bool) -> None:
    assert is_permitted(meta, rule) is permitted


def test_new_metadata_disable_what_they_forbid_and_nothing_else() -> None:
    state = UserState(
        meta={"plan": "pro"},
        credentials=[
            {
                "id": "c",
                "configurations": [{"id": "d", "workflowSettings": {"w": {"enabled": True}, "v": {"enabled": True}}}],
            },
            {"id": "e", "config": {"configuredWorkflows": {"w": {"enabled": True, "settings": {"k": 1}}}}},
        ],
        subscriptions={"c": {"d": {"w": True, "v": True}}, "e": {"default": {"w": True}}},
    )
    after = patch_meta(state, {"plan": "free"}, "merge", {"w": {"plan": "pro"}, "v": {"plan": ["pro", "free"]}})
    assert after == UserState(
        meta={"plan": "free"},
        credentials=[
            {
                "id": "c",
                "configurations": [{"id": "d", "workflowSettings": {"w": {"enabled": False}, "v": {"enabled": True}}}],
            },
            {"id": "e", "config": {"configuredWorkflows": {"w": {"enabled": False, "settings": {"k": 1}}}}},
        ],
        subscriptions={"c": {"d": {"v": True}}},
    )


@pytest.mark.parametrize(("metadata", "after"), [("merge", {"a": 1, "b": 2}), ("replace", {"b": 2})])
def test_metadata_are_merged_or_replaced(metadata: Any, after: dict[str, Any]) -> None:
    assert patch_meta(UserState(meta={"a": 1}), {"b": 2}, metadata, {}).meta == after
