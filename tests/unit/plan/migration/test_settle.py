"""Migrations beside documents, conditions on what is live, and what a plan of migrations holds to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from paragon_sync.jsonvalue import ABSENT, Json, JsonObject
from paragon_sync.model.catalog import Input
from paragon_sync.model.desired import Default, Read, Release, Set, Setting, Unset, WorkflowEnabled, WorkflowSetting
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.migration import Undecided
from paragon_sync.model.planned import FindingKind, Managed, Origin, Severity
from paragon_sync.model.project import Policy
from paragon_sync.plan.rebase import Conflicting, Satisfied, ToSend, rebase
from paragon_sync.plan.tally import Tally
from paragon_sync.plan.user import UserPlan
from tests.unit.plan.build import BlockSpec, WorkflowSpec, credential, document, lines, user, written
from tests.unit.plan.migrations import (
    Test,
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

RENAME = migration(rename("old", "channel"))


def live(settings: JsonObject, workflows: JsonObject | None = None) -> LiveUser:
    return user(credential({"sharedSettings": settings, "configuredWorkflows": workflows or {}}))


def managed(planned: UserPlan) -> dict[object, Managed]:
    (operation,) = planned.operations
    return {one.target: one for one in operation.managed}


BESIDE: dict[str, tuple[BlockSpec, JsonObject, list[str]]] = {
    "the same value": (
        BlockSpec(settings={"channel": "C1"}),
        {"old": "C1"},
        ['+ /sharedSettings/channel "C1" [migration]', '- /sharedSettings/old "C1" [moved]'],
    ),
    "unset what is renamed away": (
        BlockSpec(unset=["old"]),
        {"old": "C1"},
        ['+ /sharedSettings/channel "C1" [migration]', '- /sharedSettings/old "C1" [moved]'],
    ),
    "a default that finds a value": (
        BlockSpec(defaults={"channel": "C0"}),
        {"old": "C1"},
        ['+ /sharedSettings/channel "C1" [migration]', '- /sharedSettings/old "C1" [moved]'],
    ),
    "a default where nothing was renamed": (
        BlockSpec(defaults={"channel": "C0"}),
        {},
        ['+ /sharedSettings/channel "C0" [defaults]'],
    ),
    "a word on something else": (
        BlockSpec(settings={"note": 1}),
        {"old": "C1"},
        [
            '+ /sharedSettings/channel "C1" [migration]',
            '- /sharedSettings/old "C1" [moved]',
            "+ /sharedSettings/note 1",
        ],
    ),
    "exact that names the new one": (
        BlockSpec(keep=["channel"], exact=True),
        {"old": "C1", "extra": 1},
        [
            '+ /sharedSettings/channel "C1" [migration]',
            "- /sharedSettings/extra 1 [exact]",
            '- /sharedSettings/old "C1" [moved]',
        ],
    ),
    "released": (
        BlockSpec(release=["channel"]),
        {"old": "C1"},
        ['+ /sharedSettings/channel "C1" [migration]', '- /sharedSettings/old "C1" [moved]'],
    ),
}


@pytest.mark.parametrize(("beside", "settings", "expected"), BESIDE.values(), ids=BESIDE)
def test_documents_come_on_top(beside: BlockSpec, settings: JsonObject, expected: list[str]) -> None:
    planned = plan_migrations(live(settings), RENAME, documents=[document(beside)])

    assert () == planned.findings
    assert sorted(expected) == sorted(lines(planned))
    after = written(live(settings), planned)
    assert () == plan_migrations(after, RENAME, documents=[document(beside)]).operations


AGAINST: dict[str, tuple[BlockSpec, JsonObject]] = {
    "another value": (BlockSpec(settings={"channel": "C2"}), {"old": "C1"}),
    "a value where it is renamed away": (BlockSpec(settings={"old": "C1"}), {"old": "C1"}),
    "a value where it would be renamed away": (BlockSpec(settings={"old": "C1"}), {}),
    "a default where it is renamed away": (BlockSpec(defaults={"old": "C1"}), {"old": "C1"}),
    "unset what it is renamed to": (BlockSpec(unset=["channel"]), {"old": "C1"}),
    "exact that doesn't name the new one": (BlockSpec(exact=True), {"old": "C1"}),
}


@pytest.mark.parametrize(("against", "settings"), AGAINST.values(), ids=AGAINST)
def test_ending_differently_is_an_error(against: BlockSpec, settings: JsonObject) -> None:
    planned = plan_migrations(live(settings), RENAME, documents=[document(against)])

    assert () == planned.operations
    (finding,) = planned.findings
    assert FindingKind.OWNERSHIP == finding.kind
    assert finding.place is not None
    assert finding.other is not None
    assert ("m.yaml", "a.yaml") == (finding.place.file, finding.other.file)


def test_a_document_decides_what_a_migration_only_read() -> None:
    wanted = migration(put("channel", 1), where=lambda live: read(live, "Note") == "a")
    beside = document(BlockSpec(settings={"note": "b"}))

    planned = plan_migrations(live({"note": "a"}), wanted, documents=[beside])

    assert ["+ /sharedSettings/channel 1 [migration]", '~ /sharedSettings/note "a" → "b"'] == lines(planned)
    assert managed(planned)[Setting("note")].read


def test_a_document_decides_whether_a_new_entry_is_enabled() -> None:
    wanted = migration(put("notify.day", 1))

    planned = plan_migrations(live({}), wanted, documents=[document(BlockSpec(workflows={"notify": True}))])

    assert [
        "+ /configuredWorkflows/notify/enabled true",
        "+ /configuredWorkflows/notify/settings/day 1 [migration]",
    ] == lines(planned)


def test_a_new_entry_is_disabled_where_both_say_so() -> None:
    wanted = migration(switch("notify", enabled=False))
    beside = document(BlockSpec(workflows={"notify": WorkflowSpec(enabled=False, settings={"day": 1})}))

    planned = plan_migrations(live({}), wanted, documents=[beside])

    assert () == planned.findings
    assert [
        "+ /configuredWorkflows/notify/enabled false [migration]",
        "+ /configuredWorkflows/notify/settings/day 1",
    ] == lines(planned)


def test_a_second_run_that_would_undo_a_document_is_told() -> None:
    wanted = migration(table("note", [("hourly", 60)]))
    beside = document(BlockSpec(settings={"note": "hourly"}))

    planned = plan_migrations(live({"note": "daily"}), wanted, documents=[beside])

    (finding,) = planned.findings
    assert (FindingKind.NOT_MIGRATED, ()) == (finding.kind, planned.operations)
    assert 'a second run would change "Note" again' in finding.message


def read(live: Mapping[str, Any], name: str) -> Json:
    try:
        found: Json = live["settings"][name]
    except KeyError:
        return "(absent)"
    return found


CONDITIONS: dict[str, tuple[Test, list[object]]] = {
    "by title": (lambda live: read(live, "Note") == "a", [Setting("note")]),
    "by id": (lambda live: read(live, "id:note") == "a", [Setting("note")]),
    "what isn't there": (lambda live: read(live, "Webhook") == "(absent)", [Setting("webhook")]),
    "whether it is there": (lambda live: "Note" in live["settings"], [Setting("note")]),
    "whether a workflow is on": (
        lambda live: live["workflows"]["Send notification"]["enabled"],
        [WorkflowEnabled("notify")],
    ),
    "whether the catalog has it on": (
        lambda live: live["workflows"]["Alerts"]["enabled"],
        [WorkflowEnabled("alerts")],
    ),
    "a workflow's setting": (
        lambda live: live["workflows"]["notify"]["settings"]["Day"] == "monday",
        [WorkflowSetting("notify", "day")],
    ),
    "the account": (lambda live: live["account"]["providerId"] == "T1", []),
    "the configuration": (lambda live: live["configuration"]["default"], []),
    "the status": (lambda live: live["status"] == "VALID", []),
}


@pytest.mark.parametrize(("where", "went_by"), CONDITIONS.values(), ids=CONDITIONS)
def test_what_a_condition_has_read_is_managed(where: Test, went_by: list[object]) -> None:
    found = live({"note": "a"}, {"notify": {"enabled": True, "settings": {"day": "monday"}}})

    planned = plan_migrations(found, migration(put("channel", 1), where=where))

    values = managed(planned)
    assert {Setting("channel"), *went_by} == set(values)
    assert all(values[target].read and values[target].base == values[target].desired for target in went_by)


def test_a_condition_that_is_false_manages_nothing() -> None:
    planned = plan_migrations(
        live({"note": "a"}), migration(put("channel", 1), where=lambda live: "Webhook" in live["settings"])
    )

    assert ((), (), ()) == (planned.operations, planned.findings, planned.decisions)


UNDECIDED: dict[str, tuple[Test, str]] = {
    "in words": (lambda _: Undecided("it gives text", "compare it"), "it gives text"),
    "on a secret": (
        lambda live: Undecided(f"hunter2 {'Webhook' in live['settings']}"),
        "it fails on a secret, whose value isn't shown",
    ),
}


@pytest.mark.parametrize(("where", "why"), UNDECIDED.values(), ids=UNDECIDED)
def test_a_condition_that_can_not_tell_is_a_finding(where: Test, why: str) -> None:
    planned = plan_migrations(live({"webhook": "hunter2"}), migration(put("channel", 1), where=where))

    (finding,) = planned.findings
    assert (FindingKind.NOT_MIGRATED, f"account T1: where of migration m can't tell: {why}") == (
        finding.kind,
        finding.message,
    )
    assert finding.place is not None
    assert ("where",) == finding.place.pointer


WRONG_NAMES: dict[str, tuple[Test, str]] = {
    "setting": (lambda live: "Chanel" in live["settings"], 'there is no setting "Chanel"'),
    "workflow": (lambda live: bool(live["workflows"]["x"]), 'there is no workflow "x"'),
    "part of a workflow": (
        lambda live: bool(live["workflows"]["notify"]["on"]),
        'a workflow has "enabled" and "settings", and no "on"',
    ),
}


@pytest.mark.parametrize(("where", "why"), WRONG_NAMES.values(), ids=WRONG_NAMES)
def test_a_name_that_leads_nowhere_is_an_error(where: Test, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        plan_migrations(live({}), migration(put("channel", 1), where=where))


def test_migrations_follow_their_files_and_each_sees_what_the_one_before_left() -> None:
    first = migration(rename("old", "note"), name="1")
    second = migration(rename("note", "channel"), name="2", where=lambda live: read(live, "Note") == "C1")

    planned = plan_migrations(live({"old": "C1"}), second, first)

    assert ['+ /sharedSettings/channel "C1" [migration]', '- /sharedSettings/old "C1" [moved]'] == lines(planned)
    assert "migration 2, step 1" == managed(planned)[Setting("channel")].source


def test_each_account_is_migrated() -> None:
    other = Credential(
        {"id": "cred-2", "integrationId": "int-slack", "providerId": "T2", "config": {"sharedSettings": {"old": 2}}}
    )
    one = credential({"sharedSettings": {"old": 1}})

    planned = plan_migrations(user(one, other), RENAME)

    assert [
        "+ /sharedSettings/channel 1 [migration]",
        "- /sharedSettings/old 1 [moved]",
        "+ /sharedSettings/channel 2 [migration]",
        "- /sharedSettings/old 2 [moved]",
    ] == lines(planned)


def test_a_user_who_is_not_connected_is_told() -> None:
    (finding,) = plan_migrations(user(credential(integrationId="other")), RENAME).findings

    assert FindingKind.NOT_CONNECTED == finding.kind


def test_a_value_that_does_not_fit_is_a_finding() -> None:
    def fits(definition: Input, value: Json, secret: bool) -> str | None:
        return None if isinstance(value, str) else f"must be text ({definition.id}, {secret})"

    wanted = migration(rename("old", "webhook"), fits=fits)

    (finding,) = plan_migrations(live({"old": 1}), wanted).findings

    assert (FindingKind.NOT_MIGRATED, 'account T1: "Webhook" must be text (webhook, True)') == (
        finding.kind,
        finding.message,
    )
    assert () == plan_migrations(live({"old": "x"}), wanted).findings


SECRETS: dict[str, tuple[Any, JsonObject, set[str]]] = {
    "moved from a secret": (migration(rename("webhook", "note")), {"webhook": "x"}, {"webhook", "note"}),
    "moved into a secret": (migration(rename("note", "webhook")), {"note": "x"}, {"webhook"}),
    "set to a secret": (migration(put("note", "x", secret=True)), {}, {"note"}),
    "mapped to a secret": (migration(table("note", [("a", "b")], secret=True)), {"note": "a"}, {"note"}),
    "nothing secret": (RENAME, {"old": "x"}, set()),
}  # fmt: skip


@pytest.mark.parametrize(("wanted", "settings", "secret"), SECRETS.values(), ids=SECRETS)
def test_what_comes_from_a_secret_stays_one(wanted: Any, settings: JsonObject, secret: set[str]) -> None:
    planned = plan_migrations(live(settings), wanted)

    (operation,) = planned.operations
    assert secret == {change.pointer[-1] for change in operation.changes if change.secret}


def test_explanations_name_migration_and_step() -> None:
    wanted = migration(
        rename("old", "channel"),
        fill("note", 1),
        fill("webhook", 2),
        remove("x"),
        where=lambda live: read(live, "Note") is True,
    )

    planned = plan_migrations(live({"old": "C1", "note": True}), wanted)

    told = {
        decision.pointer[-1]: (decision.winner.intent, decision.winner.source, decision.winner.why, decision.verdict)
        for decision in planned.decisions
    }
    assert {
        "channel": (Set("C1"), "migration m, step 1", 'renames "old" to it', "added"),
        "note": (Default(1), "migration m", "its where goes by it", "left: a default, and the user has a value"),
        "old": (Unset(), "migration m, step 1", 'renames it to "Channel"', "removed"),
        "webhook": (Default(2), "migration m, step 3", "gives it a default", "added"),
        "x": (Unset(), "migration m, step 4", "removes it", "no change: nothing to unset"),
    } == told


def test_a_document_stands_beside_a_migration_in_explanations() -> None:
    planned = plan_migrations(live({"old": "C1"}), RENAME, documents=[document(BlockSpec(settings={"channel": "C1"}))])

    (decision,) = [one for one in planned.decisions if one.pointer[-1] == "channel"]
    assert [("a.yaml", "the same as what the migration comes to")] == [(one.source, one.why) for one in decision.losers]


def test_what_was_only_read_is_told() -> None:
    planned = plan_migrations(
        live({"note": 1}), migration(put("channel", 1), where=lambda live: read(live, "Note") == 1)
    )

    (decision,) = [one for one in planned.decisions if one.pointer[-1] == "note"]
    assert (Read(), "no change: read by a migration") == (decision.winner.intent, decision.verdict)


def test_released_values_are_told_beside_what_was_read() -> None:
    wanted = migration(put("channel", 1), where=lambda live: read(live, "Note") == 1)

    planned = plan_migrations(live({"note": 1}), wanted, documents=[document(BlockSpec(release=["note"]), profiles=[])])

    assert {Read, Release} >= {type(one.winner.intent) for one in planned.decisions if one.pointer[-1] == "note"}
    assert managed(planned)[Setting("note")].read


MOVED: dict[str, tuple[Any, JsonObject, JsonObject, type]] = {
    "nothing": (RENAME, {"old": 1, "x": 1}, {"old": 1, "x": 2}, ToSend),
    "done by somebody else": (RENAME, {"old": 1}, {"channel": 1}, Satisfied),
    "the source": (RENAME, {"old": 1}, {"old": 2}, Conflicting),
    "the source is gone": (RENAME, {"old": 1}, {}, Conflicting),
    "the destination": (RENAME, {"old": 1}, {"old": 1, "channel": 2}, Conflicting),
    "what a condition read": (
        migration(put("channel", 1), where=lambda live: read(live, "Note") == 1), {"note": 1}, {"note": 2}, Conflicting,
    ),
    "what a table kept": (
        migration(put("channel", 1), table("note", [("a", "b")])), {"note": "c"}, {"note": "a"}, Conflicting,
    ),
    "what a default left": (migration(put("channel", 1), fill("note", 2)), {"note": "c"}, {"note": "a"}, ToSend),
    "what a default fills": (migration(fill("note", 2)), {}, {"note": "a"}, Satisfied),
    "what a default fills and a condition read": (
        migration(fill("note", 2), where=lambda live: read(live, "Note") == "(absent)"), {}, {"note": "a"}, Conflicting,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("wanted", "planned_on", "now", "expected"), MOVED.values(), ids=MOVED)
def test_what_a_migration_went_by_must_not_have_moved(
    wanted: Any, planned_on: JsonObject, now: JsonObject, expected: type
) -> None:
    (operation,) = plan_migrations(live(planned_on), wanted).operations

    assert expected is type(rebase(operation, live(now)))


def test_a_filled_value_with_a_document_s_default_is_a_conflict_once_read() -> None:
    wanted = migration(put("channel", 1), where=lambda live: read(live, "Note") == "(absent)")
    (operation,) = plan_migrations(live({}), wanted, documents=[document(BlockSpec(defaults={"note": 1}))]).operations

    assert isinstance(rebase(operation, live({"note": 2})), Conflicting)


def test_values_that_live_on_do_not_count_as_removed() -> None:
    tally = Tally()
    wanted = migration(rename("old", "channel", overwrite=True), rename("a", "b"), remove("note"))

    tally.add(plan_migrations(live({"old": 1, "channel": 2, "a": 1, "note": 1}), wanted))

    counts = tally.counts
    assert (3, 2, 1) == (counts.values_removed, counts.values_moved, counts.values_overwritten)


def test_what_is_taken_out_of_a_value_is_lost_unless_it_stands_elsewhere() -> None:
    tally = Tally()
    inside = {"fields": {"a": 1, "b": {"c": 2}, "d": 3}, "old": 5, "e": 4}
    wanted = migration(
        remove("note", "fields", "a"), remove("note", "fields", "b"), move(at("note", "e"), at("channel")),
        move(at("note", "old"), at("note", "new")),
    )  # fmt: skip

    tally.add(plan_migrations(live({"note": inside}), wanted))

    counts = tally.counts
    assert (0, 0, 2) == (counts.values_removed, counts.values_moved, counts.values_overwritten)


def test_disabled_workflows_count() -> None:
    tally = Tally()

    tally.add(plan_migrations(live({}, {"notify": {"enabled": True}}), migration(switch("notify", enabled=False))))

    assert (1, 1) == (tally.counts.workflows_disabled, tally.counts.workflows_managed)


def test_a_finding_that_is_a_warning_leaves_out_its_account_alone() -> None:
    policy = Policy(findings={FindingKind.WOULD_OVERWRITE: Severity.WARNING})
    other = Credential({"id": "cred-2", "integrationId": "int-slack", "config": {"sharedSettings": {"old": 2}}})
    one = credential({"sharedSettings": {"old": 1, "channel": 3}})

    planned = plan_migrations(user(one, other), RENAME, policy=policy)

    assert ["cred-2"] == [operation.subject.credential for operation in planned.operations]
    assert [Severity.WARNING] == [finding.severity for finding in planned.findings]


def test_what_would_be_destroyed_on_the_way_is_not_carriable() -> None:
    found = user(credential({"sharedSettings": [], "configuredWorkflows": {}}))

    (finding,) = plan_migrations(found, migration(put("channel", 1))).findings

    assert FindingKind.NOT_CARRIABLE == finding.kind


def test_origins_tell_what_became_of_a_value() -> None:
    planned = plan_migrations(live({"old": 1, "channel": 2}), migration(rename("old", "channel", overwrite=True)))

    assert {"old": (Origin.MOVED, ABSENT), "channel": (Origin.OVERWRITTEN, 1)} == {
        one.target.input: (one.origin, one.desired) for one in managed(planned).values()
    }
