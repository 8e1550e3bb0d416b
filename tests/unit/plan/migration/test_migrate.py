"""What each step of a migration makes of what is live, and what it leaves alone."""

from __future__ import annotations

from typing import Any

import pytest

from paragon_sync.jsonvalue import JsonObject
from paragon_sync.model.migration import Enrolment
from paragon_sync.model.planned import FindingKind
from paragon_sync.plan.user import UserPlan
from tests.unit.plan.build import credential, lines, user, written
from tests.unit.plan.migrations import (
    at,
    fill,
    migration,
    move,
    plan_migrations,
    put,
    remove,
    rename,
    switch,
    table,
)


def config(settings: JsonObject | None = None, workflows: JsonObject | None = None) -> JsonObject:
    found: JsonObject = {} if settings is None else {"sharedSettings": settings}
    return found if workflows is None else found | {"configuredWorkflows": workflows}


def notify(*, enabled: bool = True, **settings: Any) -> JsonObject:
    return {"notify": {"enabled": enabled, "settings": settings}}


DAILY = [("daily", 1440), ("hourly", 60)]
MAPPING: JsonObject = {"objectMapping": "Contact", "fieldMappings": {"Email": "mail", "Name": "name"}}

STEPS: dict[str, tuple[Enrolment, JsonObject, list[str]]] = {
    "remove inside what isn't there": (
        migration(
            remove("mapping", "fieldMappings", "Email", "x"),
            remove("mapping", "fieldMappings", "Phone", "x"),
            remove("mapping", "objectMapping", "*", "x"),
            remove("mapping", "list", "9"),
        ),
        config({"mapping": {**MAPPING, "list": [1]}}),
        [],
    ),
    "rename": (
        migration(rename("old", "channel")),
        config({"old": "C1", "note": 1}),
        ['+ /sharedSettings/channel "C1" [migration]', '- /sharedSettings/old "C1" [moved]'],
    ),
    "rename what isn't there": (migration(rename("old", "channel")), config({"channel": "C2"}), []),
    "rename onto the same value": (
        migration(rename("old", "channel")),
        config({"old": "C1", "channel": "C1"}),
        ['- /sharedSettings/old "C1" [moved]'],
    ),
    "rename over another value": (
        migration(rename("old", "channel", overwrite=True)),
        config({"old": "C1", "channel": "C2"}),
        ['~ /sharedSettings/channel "C2" → "C1" [overwritten]', '- /sharedSettings/old "C1" [moved]'],
    ),
    "rename in a workflow": (
        migration(rename("notify.old", "notify.day")),
        config(None, notify(old="monday")),
        [
            '+ /configuredWorkflows/notify/settings/day "monday" [migration]',
            '- /configuredWorkflows/notify/settings/old "monday" [moved]',
        ],
    ),
    "move into a workflow": (
        migration(move(at("old"), at("notify.day"))),
        config({"old": "monday"}, notify(enabled=False)),
        [
            '- /sharedSettings/old "monday" [moved]',
            '+ /configuredWorkflows/notify/settings/day "monday" [migration]',
        ],
    ),
    "move into a workflow without an entry": (
        migration(move(at("old"), at("notify.day"))),
        config({"old": "monday"}),
        [
            '- /sharedSettings/old "monday" [moved]',
            "+ /configuredWorkflows/notify/enabled false [created]",
            '+ /configuredWorkflows/notify/settings/day "monday" [migration]',
        ],
    ),
    "move out of a workflow": (
        migration(move(at("notify.day"), at("note"))),
        config(None, notify(day="monday")),
        [
            '+ /sharedSettings/note "monday" [migration]',
            '- /configuredWorkflows/notify/settings/day "monday" [moved]',
        ],
    ),
    "map": (
        migration(table("note", DAILY)),
        config({"note": "daily"}),
        ['~ /sharedSettings/note "daily" → 1440 [migration]'],
    ),
    "map a result": (migration(table("note", DAILY, fail=True)), config({"note": 60}), []),
    "map what isn't there": (migration(table("note", DAILY, fail=True)), config({}), []),
    "keep what the table doesn't have": (migration(table("note", DAILY)), config({"note": "weekly"}), []),
    "map by type": (migration(table("note", [(1, "one")])), config({"note": True}), []),
    "map null": (
        migration(table("note", [(None, "none")])),
        config({"note": None}),
        ['~ /sharedSettings/note null → "none" [migration]'],
    ),
    "set": (migration(put("note", [])), config({"note": {}}), ["~ /sharedSettings/note {} → [] [migration]"]),
    "set what is so": (migration(put("note", 1)), config({"note": 1}), []),
    "default": (migration(fill("note", 1)), config({}), ["+ /sharedSettings/note 1 [defaults]"]),
    "default beside the user's own": (migration(fill("note", 1)), config({"note": None}), []),
    "default instead of blank": (
        migration(fill("note", 1, blank=(None,))),
        config({"note": None}),
        ["~ /sharedSettings/note null → 1 [defaults]"],
    ),
    "remove": (migration(remove("note")), config({"note": 1}), ["- /sharedSettings/note 1 [migration]"]),
    "remove what isn't there": (migration(remove("note")), config({}), []),
    "enable": (
        migration(switch("notify", enabled=True)),
        config(None, notify(enabled=False)),
        ["~ /configuredWorkflows/notify/enabled false → true [migration]"],
    ),
    "enable without an entry": (
        migration(switch("notify", enabled=True)),
        config({}),
        ["+ /configuredWorkflows/notify/enabled true [migration]"],
    ),
    "disable": (
        migration(switch("notify", enabled=False)),
        config(None, notify()),
        ["~ /configuredWorkflows/notify/enabled true → false [migration]"],
    ),
    "disable without an entry": (migration(switch("notify", enabled=False)), config({}), []),
    "disable what the catalog enables": (
        migration(switch("alerts", enabled=False)),
        config({}),
        ["+ /configuredWorkflows/alerts/enabled false [migration]"],
    ),
    "disable and write into": (
        migration(switch("alerts", enabled=True), switch("notify", enabled=False), put("notify.day", 1)),
        config({}),
        [
            "+ /configuredWorkflows/alerts/enabled true [migration]",
            "+ /configuredWorkflows/notify/enabled false [migration]",
            "+ /configuredWorkflows/notify/settings/day 1 [migration]",
        ],
    ),
    "skip workflows without an entry": (migration(put("notify.day", 1), existing=True), config({}), []),
    "set in workflows with one": (
        migration(put("notify.day", 1), existing=True),
        config(None, notify()),
        ["+ /configuredWorkflows/notify/settings/day 1 [migration]"],
    ),
    "rename a field": (
        migration(move(at("note", "fieldMappings", "Email"), at("note", "fieldMappings", "Mail"))),
        config({"note": MAPPING}),
        [
            (
                '~ /sharedSettings/note {"fieldMappings":{"Email":"mail","Name":"name"},"objectMapping":"Contact"} → '
                '{"fieldMappings":{"Mail":"mail","Name":"name"},"objectMapping":"Contact"} [migration]'
            )
        ],
    ),
    "map each field": (
        migration(table("note", [("mail", "Mail__c")], "fieldMappings", "*")),
        config({"note": MAPPING}),
        [
            (
                '~ /sharedSettings/note {"fieldMappings":{"Email":"mail","Name":"name"},"objectMapping":"Contact"} → '
                '{"fieldMappings":{"Email":"Mail__c","Name":"name"},"objectMapping":"Contact"} [migration]'
            )
        ],
    ),
    "rename a key of each item": (
        migration(move(at("note", "*", "a"), at("note", "*", "b"))),
        config({"note": [{"a": 1}, {"c": 2}]}),
        ['~ /sharedSettings/note [{"a":1},{"c":2}] → [{"b":1},{"c":2}] [migration]'],
    ),
    "move a part out": (
        migration(move(at("note", "objectMapping"), at("channel"))),
        config({"note": {"objectMapping": "Contact", "x": 1}}),
        [
            '+ /sharedSettings/channel "Contact" [migration]',
            '~ /sharedSettings/note {"objectMapping":"Contact","x":1} → {"x":1} [migration]',
        ],
    ),
    "move a value in": (
        migration(move(at("channel"), at("note", "a", "b"))),
        config({"channel": "C1"}),
        [
            '- /sharedSettings/channel "C1" [moved]',
            '+ /sharedSettings/note {"a":{"b":"C1"}} [migration]',
        ],
    ),
    "set a part": (
        migration(put("note", 2, "b")),
        config({"note": {"a": 1}}),
        ['~ /sharedSettings/note {"a":1} → {"a":1,"b":2} [migration]'],
    ),
    "fill a part": (
        migration(fill("note", 2, "b")),
        config({"note": {"a": 1}}),
        ['~ /sharedSettings/note {"a":1} → {"a":1,"b":2} [migration]'],
    ),
    "fill a part that is there": (migration(fill("note", 2, "a")), config({"note": {"a": 1}}), []),
    "remove a part": (
        migration(remove("note", "a")),
        config({"note": {"a": 1}}),
        ['~ /sharedSettings/note {"a":1} → {} [migration]'],
    ),
    "remove a part of nothing": (migration(remove("note", "a")), config({}), []),
    "one step after the other": (
        migration(rename("old", "note"), table("note", DAILY), rename("note", "channel")),
        config({"old": "daily"}),
        ["+ /sharedSettings/channel 1440 [migration]", '- /sharedSettings/old "daily" [moved]'],
    ),
    "remove what was renamed": (
        migration(rename("old", "note"), remove("note")),
        config({"old": 1}),
        ["- /sharedSettings/old 1 [migration]"],
    ),
}


@pytest.mark.parametrize(("wanted", "live", "expected"), STEPS.values(), ids=STEPS)
def test_steps_make_changes_once(wanted: Enrolment, live: JsonObject, expected: list[str]) -> None:
    found = user(credential(live))

    planned = plan_migrations(found, wanted)

    assert () == planned.findings
    assert expected == lines(planned)
    assert () == plan_migrations(written(found, planned), wanted).operations


def troubles(planned: UserPlan) -> list[tuple[FindingKind, str]]:
    assert () == planned.operations
    return [(finding.kind, finding.message) for finding in planned.findings]


REFUSED: dict[str, tuple[Enrolment, JsonObject, FindingKind, str]] = {
    "rename over another value": (
        migration(rename("old", "channel")),
        config({"old": "C1", "channel": "C2"}),
        FindingKind.WOULD_OVERWRITE,
        '"old" can\'t become "Channel", which has another value: "C2"',
    ),
    "rename over another secret": (
        migration(rename("old", "webhook")),
        config({"old": "C1", "webhook": "C2"}),
        FindingKind.WOULD_OVERWRITE,
        '"old" can\'t become "Webhook", which has another value: (secret)',
    ),
    "rename over a part of another value": (
        migration(move(at("note", "a"), at("note", "b"))),
        config({"note": {"a": 1, "b": 2}}),
        FindingKind.WOULD_OVERWRITE,
        '/a of "Note" can\'t become /b of "Note", which has another value: 2',
    ),
    "move into what is no object": (
        migration(move(at("channel"), at("note", "a"))),
        config({"channel": 1, "note": "x"}),
        FindingKind.NOT_MIGRATED,
        '/a of "Note" can\'t be written: what holds /a is no object',
    ),
    "move into a workflow over another value": (
        migration(move(at("channel"), at("notify.day"))),
        config({"channel": "a"}, notify(day="b")),
        FindingKind.WOULD_OVERWRITE,
        '"Channel" can\'t become "Day" of "Send notification", which has another value: "b"',
    ),
    "map what the table doesn't have": (
        migration(table("note", DAILY, fail=True)),
        config({"note": "weekly"}),
        FindingKind.NOT_MAPPED,
        '"Note" is "weekly", which the table doesn\'t have',
    ),
    "map a secret that the table doesn't have": (
        migration(table("webhook", DAILY, fail=True)),
        config({"webhook": "hunter2"}),
        FindingKind.NOT_MAPPED,
        '"Webhook" is (secret), which the table doesn\'t have',
    ),
    "map a part with a secret's name": (
        migration(table("note", DAILY, "apiKey", fail=True)),
        config({"note": {"apiKey": "hunter2"}}),
        FindingKind.NOT_MAPPED,
        '/apiKey of "Note" is (secret), which the table doesn\'t have',
    ),
    "set a part of what is no object": (
        migration(put("note", 1, "a")),
        config({"note": 5}),
        FindingKind.NOT_MIGRATED,
        '/a of "Note" can\'t be written: what holds /a is no object',
    ),
    "take an item out of a list": (
        migration(remove("note", "*")),
        config({"note": [1]}),
        FindingKind.NOT_MIGRATED,
        "/0 of \"Note\" can't be written: an item of a list can't be taken out of it",
    ),
    "fill what was renamed away": (
        migration(rename("old", "channel"), put("old", 2)),
        config({"old": 1}),
        FindingKind.NOT_MIGRATED,
        'a second run would not be possible: "old" can\'t become "Channel", which has another value: 1',
    ),
    "swap": (
        migration(rename("note", "t"), rename("channel", "note"), rename("t", "channel")),
        config({"note": 1, "channel": 2}),
        FindingKind.NOT_MIGRATED,
        'a second run would change "Note" again (migration m, step 2 renames "Channel" to it)',
    ),
    "map one after the other": (
        migration(table("note", [("a", "b")], fail=True), table("note", [("b", "c")])),
        config({"note": "a"}),
        FindingKind.NOT_MIGRATED,
        'a second run would not be possible: "Note" is "c", which the table doesn\'t have',
    ),
}


@pytest.mark.parametrize(("wanted", "live", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_can_not_be_done_is_a_finding(
    wanted: Enrolment, live: JsonObject, kind: FindingKind, message: str
) -> None:
    (first, *_) = troubles(plan_migrations(user(credential(live)), wanted))

    assert (kind, f"account T1: {message}") == first
