"""Rollback: what goes back, what stays, and what is told of it."""

from dataclasses import replace

import pytest

from paragon_sync.jsonvalue import ABSENT, Json, JsonObject, Repeated, equal
from paragon_sync.model.catalog import Catalog
from paragon_sync.model.desired import Setting, WorkflowEntry
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.outcome import SideEffect
from paragon_sync.model.planned import (
    ConfigurationSubject,
    Enablement,
    FindingKind,
    Managed,
    MetadataSubject,
    Origin,
    PatchConfig,
    PatchMeta,
    Severity,
)
from paragon_sync.plan.rebase import Conflicting, Satisfied, ToSend, rebase
from paragon_sync.plan.rollback.trace import Write
from paragon_sync.plan.rollback.undo import Undone, Written, undo_user
from paragon_sync.plan.tally import disables
from paragon_sync.plan.verify import Kept, compare_after
from tests.nouns import as_planned
from tests.unit.plan.build import CATALOG, changes, credential, payload_of, served, user

SUBJECT = ConfigurationSubject(integration="slack", credential="cred-1", account="T1")
EMPTY = Catalog(project="p", pulled="2024-01-01T00:00:00Z", origin="test")


def settings(**values: Json) -> JsonObject:
    return {"sharedSettings": dict(values)}


def workflows(**entries: Json) -> JsonObject:
    return {"configuredWorkflows": dict(entries)}


def entry(*, enabled: Json, **settings: Json) -> JsonObject:
    return {"enabled": enabled, "settings": dict(settings)}


def patched(*pairs: tuple[JsonObject, JsonObject], managed: tuple[Managed, ...] = ()) -> Written:
    """A configuration that was sent once for each pair: as it was found, and as it was sent."""
    writes = [
        Write(pre_image=before, requests=(PatchConfig(credential="cred-1", configuration=None, config=after),))
        for before, after in pairs
    ]
    return Written(subject=SUBJECT, writes=tuple(writes), managed=managed, verified=True)


def undo(written: Written, config: JsonObject, *, catalog: Catalog = CATALOG) -> Undone:
    return undo_user("r1", [written], user(credential(config)), catalog)


def sent(undone: Undone) -> Json:
    """What the configuration becomes, if there is anything to do."""
    return [payload_of(operation) for operation in undone.operations]


def notes(undone: Undone) -> list[str]:
    return [note.message for note in undone.notes]


ON, OFF = entry(enabled=True), entry(enabled=False)
MOVED = "has changed since, and is left as it is"

ROWS: dict[str, tuple[JsonObject, JsonObject, JsonObject, Json, list[str]]] = {
    "a changed value": (settings(a=1), settings(a=2), settings(a=2, x=1), [settings(a=1, x=1)], []),
    "an added value": (settings(), settings(a=1), settings(a=1), [settings()], []),
    "a section that wasn't there": ({}, settings(a=1), settings(a=1), [settings()], []),
    "a removed value": (settings(a=None), settings(), settings(), [settings(a=None)], []),
    "as it was already": (settings(a=1), settings(a=2), settings(a=1), [], []),
    "changed since": (settings(a=1), settings(a=2), settings(a=3), [], [f'"a" {MOVED}']),
    "changed since by type alone": (settings(a=0), settings(a=1), settings(a=True), [], [f'"a" {MOVED}']),
    "removed since": (settings(a=1), settings(a=2), settings(), [], [f'"a" {MOVED}']),
    "one of two changed since": (
        settings(a=1, b=1),
        settings(a=2, b=2),
        settings(a=3, b=2),
        [settings(a=3, b=1)],
        [f'"a" {MOVED}'],
    ),
    "what the run only carried": (settings(a=1, x=1), settings(a=2, x=1), settings(a=2, x=5), [settings(a=1, x=5)], []),
    "an enablement": (workflows(notify=OFF), workflows(notify=ON), workflows(notify=ON), [workflows(notify=OFF)], []),
    "an enablement that moved": (
        workflows(notify=ON),
        workflows(notify=OFF),
        workflows(notify={"settings": {}}),
        [],
        [f'whether "Send notification" is enabled {MOVED}'],
    ),
    "an enablement that nobody had said": (
        workflows(notify={"settings": {}}),
        workflows(notify=ON),
        workflows(notify=ON),
        [workflows(notify={"settings": {}})],
        [],
    ),
    "a workflow's setting": (
        workflows(notify=entry(enabled=True, day=1)),
        workflows(notify=entry(enabled=True, day=2)),
        workflows(notify=entry(enabled=True, day=3)),
        [],
        [f'"Day" of workflow "Send notification" {MOVED}'],
    ),
    "a created entry": ({}, workflows(notify=ON), workflows(notify=ON, other=OFF), [workflows(other=OFF)], []),
    "a created entry of which something has gone": (
        {},
        workflows(notify=entry(enabled=True, day=1)),
        workflows(notify=ON),
        [workflows()],
        [],
    ),
    "a created entry without a section": (
        {},
        workflows(notify=ON),
        workflows(notify={"enabled": True}),
        [workflows()],
        [],
    ),
    "a created entry into which a setting has come": (
        {},
        workflows(notify=entry(enabled=True, day=1)),
        workflows(notify=entry(enabled=True, day=1, x=1)),
        [workflows(notify=entry(enabled=False, x=1))],
        ['workflow "Send notification" keeps its entry: others have written into it since'],
    ),
    "a created entry into which a key has come": (
        {},
        workflows(notify=OFF),
        workflows(notify=OFF | {"more": 1}),
        [],
        ['workflow "Send notification" keeps its entry: others have written into it since'],
    ),
    "a created entry that was switched": (
        {},
        workflows(notify=ON),
        workflows(notify=OFF),
        [],
        ['workflow "Send notification" keeps its entry: others have written into it since'],
    ),
    "a created entry that is on without one": (
        {},
        workflows(alerts=ON),
        workflows(alerts=ON | {"more": 1}),
        [],
        ['workflow "Alerts" keeps its entry: others have written into it since'],
    ),
    "a created entry whose settings are no object": (
        {},
        workflows(notify=ON),
        workflows(notify={"enabled": True, "settings": 1}),
        [workflows(notify={"enabled": False, "settings": 1})],
        ['workflow "Send notification" keeps its entry: others have written into it since'],
    ),
    "a created entry that became something else": (
        {},
        workflows(notify=ON),
        workflows(notify=1),
        [],
        [
            'workflow "Send notification" keeps its entry: others have written into it since',
            f'whether "Send notification" is enabled {MOVED}',
        ],
    ),
    "a created entry that is gone": ({}, workflows(notify=ON), workflows(), [], []),
    "a setting of an entry that is gone": (
        workflows(notify=entry(enabled=True, day=1)),
        workflows(notify=ON),
        workflows(),
        [],
        ['"Day" of workflow "Send notification" can\'t be given back: the workflow has no entry any more'],
    ),
    "an entry that a rollback removed": (
        workflows(notify=entry(enabled=True, day=1)),
        workflows(),
        {},
        [workflows(notify=entry(enabled=True, day=1))],
        [],
    ),
    "what stands in the way now": (
        settings(a=1),
        settings(),
        {"sharedSettings": "text"},
        [],
        ["nothing can be given back without destroying what is there: /sharedSettings is not an object"],
    ),
}


@pytest.mark.parametrize(("before", "after", "live", "expected", "told"), ROWS.values(), ids=ROWS)
def test_taking_back(before: JsonObject, after: JsonObject, live: JsonObject, expected: Json, told: list[str]) -> None:
    undone = undo(patched((before, after)), live)

    assert told == notes(undone)
    assert equal(expected, sent(undone))


def test_a_note_is_a_finding_about_the_account() -> None:
    (note,) = undo(patched((settings(a=1), settings(a=2))), settings(a=3)).notes

    assert ("acme", "slack", FindingKind.NOT_RESTORED, Severity.WARNING) == (
        note.user,
        note.integration,
        note.kind,
        note.severity,
    )


def test_it_is_an_operation_like_any_other() -> None:
    managed = Managed(
        target=Setting("channel"), label="Channel", desired=2, base=1, origin=Origin.SETTINGS, source="a.yaml:1:1"
    )
    written = patched((settings(channel=1), settings(channel=2)), managed=(managed,))

    (operation,) = undo(written, settings(channel=2, x=1)).operations

    assert ["~ /sharedSettings/channel 2 → 1 [rollback]"] == changes(operation)
    (owned,) = operation.managed
    assert ("Channel", "run r1", Origin.ROLLBACK, 2, 1, False) == (
        owned.label,
        owned.source,
        owned.origin,
        owned.base,
        owned.desired,
        owned.secret,
    )
    assert ("acme", SUBJECT, settings(channel=2, x=1), 1) == (
        operation.user,
        operation.subject,
        operation.base,
        operation.kept,
    )


def test_an_entry_is_removed_as_a_whole() -> None:
    created = workflows(notify=entry(enabled=True, day=1))

    (operation,) = undo(patched(({}, created)), created | {"more": 1}).operations

    assert ['- /configuredWorkflows/notify {"enabled":true,"settings":{"day":1}} [rollback]'] == changes(operation)
    (change,) = operation.changes
    assert (WorkflowEntry("notify"), "Send notification", "Send notification") == (
        change.target,
        change.label,
        change.workflow,
    )
    assert disables(change)
    assert 1 == operation.kept


def known(target: Setting, *, secret: bool) -> Managed:
    return Managed(
        target=target, label=target.input, desired=2, base=1, origin=Origin.SETTINGS, source="a.yaml:1:1", secret=secret
    )


SECRETS: dict[str, tuple[str, tuple[Managed, ...], bool]] = {
    "as its plan said": ("channel", (known(Setting("channel"), secret=True),), True),
    "its plan said no": ("channel", (known(Setting("channel"), secret=False),), False),
    "its plan said no, and its type says yes": ("webhook", (known(Setting("webhook"), secret=False),), True),
    "no plan said anything": ("channel", (), True),
}


@pytest.mark.parametrize(("name", "managed", "expected"), SECRETS.values(), ids=SECRETS)
def test_secrets(name: str, managed: tuple[Managed, ...], expected: bool) -> None:
    (operation,) = undo(
        patched((settings(**{name: 1}), settings(**{name: 2})), managed=managed), settings(**{name: 2})
    ).operations

    assert [expected] == [change.secret for change in operation.changes]


def test_an_entry_with_a_secret_in_it_is_one() -> None:
    def secret(created: JsonObject) -> list[bool]:
        (operation,) = undo(patched(({}, created)), created).operations
        return [change.secret for change in operation.changes]

    assert [True] == secret(workflows(notify=entry(enabled=True, day=1)))
    assert [False] == secret(workflows(notify=ON))


ATTEMPTS: dict[str, tuple[list[tuple[JsonObject, JsonObject]], bool, JsonObject, Json, list[str]]] = {
    "the second found what the first had left": (
        [(settings(a=1, b=1), settings(a=2, b=2)), (settings(a=2, b=1), settings(a=2, b=2))],
        True,
        settings(a=2, b=2),
        [settings(a=1, b=1)],
        [],
    ),
    "the second found another's value, and wrote over it": (
        [(settings(a=1), settings(a=2)), (settings(a=5), settings(a=2))],
        True,
        settings(a=2),
        [settings(a=5)],
        [],
    ),
    "what came between is carried": (
        [(settings(a=1), settings(a=2)), (settings(a=1, x=1), settings(a=2, x=1))],
        True,
        settings(a=2, x=1),
        [settings(a=1, x=1)],
        [],
    ),
    "another's value came between, and the last write carried it": (
        [(settings(a=1), settings(a=2, b=2)), (settings(a=1, b=5), settings(a=2, b=5))],
        True,
        settings(a=2, b=5),
        [settings(a=1, b=5)],
        [],
    ),
    "an entry that only the first created": (
        [({}, workflows(w=ON)), (workflows(w=ON), workflows(w=ON) | settings(a=1))],
        True,
        workflows(w=ON) | settings(a=1),
        [workflows() | settings()],
        [],
    ),
    "an entry that somebody else created between": (
        [({}, workflows(w=ON)), (workflows(w=OFF), workflows(w=ON))],
        True,
        workflows(w=ON),
        [workflows(w=OFF)],
        [],
    ),
    "nothing was sent": ([], True, settings(a=1), [], []),
}


@pytest.mark.parametrize(("pairs", "verified", "live", "expected", "told"), ATTEMPTS.values(), ids=ATTEMPTS)
def test_several_attempts(
    pairs: list[tuple[JsonObject, JsonObject]], verified: bool, live: JsonObject, expected: Json, told: list[str]
) -> None:
    undone = undo(replace(patched(*pairs), verified=verified), live)

    assert (told, expected) == (notes(undone), sent(undone))


UNWRITABLE: dict[str, tuple[LiveUser, str]] = {
    "the account is gone": (user(), "nothing is given back: account T1 is not connected any more"),
    "the account is not valid": (
        user(credential(settings(a=2), status="INVALID")),
        "nothing is given back: account T1 is INVALID, not VALID",
    ),
    "it can't be carried": (
        user(credential(settings(a=2) | {"more": Repeated((("x", 1), ("x", 2)))})),
        "nothing is given back: an object names the key /more/x twice: it can't be sent back",
    ),
}


@pytest.mark.parametrize(("live", "told"), UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_can_not_be_written_is_told(live: LiveUser, told: str) -> None:
    undone = undo_user("r1", [patched((settings(a=1), settings(a=2)))], live, CATALOG)

    assert ((), [told]) == (undone.operations, notes(undone))


def metadata(before: JsonObject, after: JsonObject, *effects: str) -> Written:
    return Written(
        subject=MetadataSubject(),
        writes=(Write(pre_image=before, requests=(PatchMeta(meta=after),)),),
        verified=True,
        side_effects=tuple(SideEffect(credential="cred-1", configuration=None, workflow=one) for one in effects),
    )


def test_metadata_goes_back_key_by_key() -> None:
    live = user(credential(), meta={"a": 2, "new": 1, "x": 1, "moved": 3})
    written = metadata({"a": 1, "moved": 1}, {"a": 2, "new": 1, "moved": 2})

    undone = undo_user("r1", [written], live, CATALOG)

    assert [{"a": 1, "new": 1, "x": 1, "moved": 3}] == sent(undone)
    assert [f'metadata "moved" {MOVED}', 'metadata "new" was added by the run, and can\'t be removed'] == sorted(
        notes(undone)
    )


def test_metadata_that_was_not_read_is_told() -> None:
    undone = undo_user("r1", [metadata({}, {"a": 1})], user(credential()), CATALOG)

    assert ["nothing is given back: the user's metadata could not be read"] == notes(undone)


META = {"a": 2}


def effects(live: Credential, *, more: tuple[Written, ...] = ()) -> Undone:
    return undo_user("r1", [metadata({"a": 1}, META, "notify"), *more], user(live, meta=META), CATALOG)


def told(undone: Undone) -> list[list[str]]:
    return [changes(operation) for operation in undone.operations]


BACK = ["~ /a 2 → 1 [rollback]"]


def test_what_metadata_switched_off_is_enabled_again() -> None:
    undone = effects(credential(workflows(notify=OFF)))

    assert [BACK, ["~ /configuredWorkflows/notify/enabled false → true [rollback]"]] == told(undone)
    assert SUBJECT == undone.operations[1].subject


def test_it_goes_with_what_the_run_wrote_there() -> None:
    more = patched((workflows(notify=OFF), workflows(notify=OFF) | settings(a=1)))
    undone = effects(credential(workflows(notify=OFF) | settings(a=1)), more=(more,))

    assert [
        BACK,
        ["- /sharedSettings/a 1 [rollback]", "~ /configuredWorkflows/notify/enabled false → true [rollback]"],
    ] == told(undone)


def test_what_the_run_set_again_itself_stays_on() -> None:
    asserted = patched((workflows(notify=OFF), workflows(notify=ON)))
    undone = effects(credential(workflows(notify=ON)), more=(asserted,))

    assert [BACK, []] == told(undone)
    assert [(True, True)] == [(managed.base, managed.desired) for managed in undone.operations[1].managed]


def test_what_the_run_set_again_itself_and_its_user_disabled_since_stays_off() -> None:
    asserted = replace(patched((workflows(notify=OFF), workflows(notify=ON))), verified=True)
    undone = effects(credential(workflows(notify=OFF)), more=(asserted,))

    assert [BACK] == told(undone)
    assert ['whether "Send notification" is enabled has changed since, and is left as it is'] == notes(undone)


def test_what_somebody_enabled_since_stays_on() -> None:
    assert [BACK, []] == told(effects(credential(workflows(notify=ON))))


LOST: dict[str, tuple[Credential, str]] = {
    "its entry": (
        credential(workflows()),
        'whether "Send notification" is enabled can\'t be given back: the workflow has no entry any more',
    ),
    "its account": (credential(id="other"), "nothing is given back: account cred-1 is not connected any more"),
    "its configuration": (
        credential(configurations=[{"id": "x", "isDefault": True}]),
        "nothing is given back: account T1 has other configurations than when the plan was made",
    ),
    "its word": (
        credential(workflows(notify=entry(enabled="odd"))),
        f'whether "Send notification" is enabled {MOVED}',
    ),
}


@pytest.mark.parametrize(("live", "expected"), LOST.values(), ids=LOST)
def test_a_side_effect_whose_place_is_gone_is_told(live: Credential, expected: str) -> None:
    undone = effects(live)

    assert ([BACK], [expected]) == (told(undone), notes(undone))


def test_a_side_effect_in_a_named_configuration() -> None:
    other: Json = {"id": "b", "externalId": "team-b", "isDefault": False, "workflowSettings": {"notify": OFF}}
    live = user(credential(configurations=[{"id": "d", "isDefault": True}, other], integrationId="unknown"), meta=META)
    effect = SideEffect(credential="cred-1", configuration="b", workflow="notify")
    written = replace(metadata({"a": 1}, META), side_effects=(effect,))

    (_, operation) = undo_user("r1", [written], live, EMPTY).operations

    assert (
        ConfigurationSubject(
            integration="id:unknown", credential="cred-1", account="T1", configuration="b", name="team-b"
        )
        == operation.subject
    )
    assert ["~ /workflowSettings/notify/enabled false → true [rollback]"] == changes(operation)


@pytest.mark.parametrize("enablement", ["config", "endpoint"])
def test_both_ways_to_switch_workflows(enablement: Enablement) -> None:
    before = workflows(notify=OFF, alerts=ON)
    after = workflows(notify=ON, alerts=OFF, escalate=ON)

    undone = undo_user("r1", [patched((before, after))], user(credential(after)), CATALOG, enablement=enablement)

    (operation,) = undone.operations
    restored = served(user(credential(after)), operation.requests)
    assert enablement == operation.enablement
    assert equal(before, restored.credentials[0].raw["config"])


def test_operations_come_with_metadata_first() -> None:
    written = [patched((settings(a=1), settings(a=2))), metadata({"a": 1}, META)]

    undone = undo_user("r1", written, user(credential(settings(a=2)), meta=META), CATALOG)

    assert [MetadataSubject(), SUBJECT] == [operation.subject for operation in undone.operations]


def test_what_is_absent_is_told_apart_from_null() -> None:
    (operation,) = undo(patched((settings(), settings(a=None))), settings(a=None)).operations

    assert [(None, ABSENT)] == [(change.before, change.after) for change in operation.changes]


def test_nothing_written_is_nothing_to_do() -> None:
    assert Undone() == undo_user("r1", [], user(credential()), CATALOG)


HALFWAY: dict[str, tuple[JsonObject, JsonObject]] = {
    "an entry to be removed": ({}, workflows(notify=ON)),
    "an enablement to be removed": (workflows(notify={"settings": {}}), workflows(notify=ON)),
    "settings beside one": (workflows(notify=OFF), workflows(notify=ON) | settings(a=1)),
}


@pytest.mark.parametrize(("before", "after"), HALFWAY.values(), ids=HALFWAY)
def test_a_rollback_by_the_endpoint_goes_on_where_it_ended(before: JsonObject, after: JsonObject) -> None:
    live = user(credential(after))
    (operation,) = undo_user("r1", [patched((before, after))], live, CATALOG, enablement="endpoint").operations

    found = rebase(operation, served(live, operation.requests[:1]))

    assert isinstance(found, ToSend)
    assert operation.requests[1:] == found.requests
    assert Satisfied() == rebase(operation, served(live, operation.requests))


def test_what_moves_after_the_rollback_was_planned_is_a_conflict() -> None:
    created = workflows(notify=ON)
    (operation,) = undo(patched(({}, created)), created).operations

    found = rebase(operation, user(credential(workflows(notify=ON | {"more": 1}))))

    assert isinstance(found, Conflicting)
    assert [("configuredWorkflows", "notify")] == [path.pointer for path in found.paths]


def test_what_is_removed_reads_back_as_removed() -> None:
    created = workflows(notify=ON)
    before = user(credential(created | {"more": 1}))
    (operation,) = undo(patched(({}, created)), created | {"more": 1}).operations

    assert Kept() == compare_after(operation, as_planned(operation), served(before, operation.requests))
