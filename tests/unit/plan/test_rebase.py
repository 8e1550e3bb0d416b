"""Step 1 of applying: each row of the table, and what can't be written any more."""

from dataclasses import replace

import pytest

from paragon_sync.jsonvalue import ABSENT, Json, JsonObject, Repeated, equal
from paragon_sync.model.declared import ConfigurationBy
from paragon_sync.model.desired import WorkflowEntry
from paragon_sync.model.live import Credential, LiveUser
from paragon_sync.model.planned import Operation, Origin, Value
from paragon_sync.plan.rebase import Conflicting, Enabled, Satisfied, ToSend, Unwritable, rebase
from tests.unit.plan.build import BlockSpec, WorkflowSpec, credential, document, plan, user


def operation(block: BlockSpec, account: Credential) -> Operation:
    (only,) = plan(user(account), document(block)).operations
    return only


def settings(**values: Json) -> Credential:
    return credential({"sharedSettings": dict(values)})


def workflows(**entries: Json) -> Credential:
    return credential({"configuredWorkflows": dict(entries)})


def told(found: object) -> Json:
    """What is to be sent, or ``satisfied``, or the pointers in conflict."""
    match found:
        case Satisfied():
            return "satisfied"
        case ToSend(payload=payload):
            return payload
        case Conflicting(paths=paths):
            return ["/".join(path.pointer) for path in paths]
        case _:
            return "unwritable"


SET = BlockSpec(settings={"note": "d"})
DEFAULT = BlockSpec(settings={"channel": 1}, defaults={"note": "d"}, blank=(None,))
UNSET = BlockSpec(unset=["note"])
CREATE = BlockSpec(workflows={"notify": WorkflowSpec(settings={"day": 1})})
OFF = BlockSpec(settings={"note": "d"}, workflows={"notify": False})
ON: Json = {"enabled": True, "settings": {}}
NOT_ON: Json = {"enabled": False, "settings": {}}

ROWS: dict[str, tuple[BlockSpec, Credential, Credential, Json]] = {
    "live is as desired": (SET, settings(note="b"), settings(note="d"), "satisfied"),
    "live is as before": (SET, settings(note="b"), settings(note="b"), {"sharedSettings": {"note": "d"}}),
    "live is absent as before": (SET, credential(), credential(), {"sharedSettings": {"note": "d"}}),
    "live has moved": (SET, settings(note="b"), settings(note="l"), ["sharedSettings/note"]),
    "live is gone": (SET, settings(note="b"), settings(), ["sharedSettings/note"]),
    "live has come": (SET, settings(), settings(note="l"), ["sharedSettings/note"]),
    "live differs by type": (SET, settings(note=1), settings(note=True), ["sharedSettings/note"]),
    "unset, and gone already": (UNSET, settings(note="b"), settings(), "satisfied"),
    "unset, and as before": (UNSET, settings(note="b", x=1), settings(note="b", x=2), {"sharedSettings": {"x": 2}}),
    "unset, and moved": (UNSET, settings(note="b"), settings(note="l"), ["sharedSettings/note"]),
    "a default, and still nothing": (DEFAULT, settings(), settings(), {"sharedSettings": {"channel": 1, "note": "d"}}),
    "a default, and the user has chosen": (
        DEFAULT,
        settings(),
        settings(note="mine"),
        {"sharedSettings": {"channel": 1, "note": "mine"}},
    ),
    "a default, and what has come is blank": (DEFAULT, settings(), settings(note=None), ["sharedSettings/note"]),
    "a default over blank": (
        DEFAULT,
        settings(note=None),
        settings(note=None),
        {"sharedSettings": {"channel": 1, "note": "d"}},
    ),
    "a default that was left, and is left": (
        DEFAULT,
        settings(note="b"),
        settings(note="b"),
        {"sharedSettings": {"channel": 1, "note": "b"}},
    ),
    "a default that was left, and the user has chosen anew": (
        DEFAULT,
        settings(note="b"),
        settings(note="l"),
        {"sharedSettings": {"channel": 1, "note": "l"}},
    ),
    "a default that was left, and nothing is there now": (
        DEFAULT,
        settings(note="b"),
        settings(),
        ["sharedSettings/note"],
    ),
    "equal at plan time counts too": (
        BlockSpec(settings={"note": "d", "channel": 1}),
        settings(channel=1),
        settings(channel=2),
        ["sharedSettings/channel"],
    ),
    "unmanaged values may have moved": (
        SET,
        settings(note="b", x=1, gone=1),
        credential({"sharedSettings": {"note": "b", "x": 1.0, "new": 1}, "more": [1]}),
        {"sharedSettings": {"note": "d", "x": 1.0, "new": 1}, "more": [1]},
    ),
    "an entry to be created, and created meanwhile as enabled": (
        CREATE,
        credential(),
        workflows(notify=ON),
        {"configuredWorkflows": {"notify": {"enabled": True, "settings": {"day": 1}}}},
    ),
    "an entry to be created": (
        CREATE,
        credential(),
        credential({"more": 1}),
        {"more": 1, "configuredWorkflows": {"notify": {"enabled": False, "settings": {"day": 1}}}},
    ),
    "an entry that was there and is gone": (CREATE, workflows(notify=ON), workflows(), "unwritable"),
    "off without an entry": (OFF, settings(), settings(), {"sharedSettings": {"note": "d"}}),
    "off without an entry, and one has come that is off": (
        OFF,
        credential(),
        workflows(notify=NOT_ON),
        {"configuredWorkflows": {"notify": NOT_ON}, "sharedSettings": {"note": "d"}},
    ),
    "off without an entry, and one has come that is on": (
        OFF,
        credential(),
        workflows(notify=ON),
        ["configuredWorkflows/notify/enabled"],
    ),
    "what is no object stands in the way": (SET, credential({}), credential({"sharedSettings": None}), "unwritable"),
    "an object names a key twice": (
        SET,
        settings(),
        credential({"sharedSettings": {}, "more": Repeated((("a", 1), ("a", 1)))}),
        "unwritable",
    ),
    "the shape is ambiguous": (
        SET,
        settings(),
        credential({"configuredWorkflows": {}, "workflowSettings": {"x": 1}}),
        "unwritable",
    ),
    "the account is not valid": (SET, settings(), credential({}, status="INVALID"), "unwritable"),
    "the account is deleted": (SET, settings(), credential({}, dateDeleted="2024-01-01"), "unwritable"),
    "the account is another": (SET, settings(), credential({}, id="cred-2"), "unwritable"),
    "configurations have come": (
        SET,
        settings(),
        credential({}, configurations=[{"id": "x", "isDefault": True}]),
        "unwritable",
    ),
}


@pytest.mark.parametrize(("block", "base", "live", "expected"), ROWS.values(), ids=ROWS)
def test_rebasing(block: BlockSpec, base: Credential, live: Credential, expected: Json) -> None:
    assert equal(expected, told(rebase(operation(block, base), user(live))))


def test_reasons_say_what_happened() -> None:
    reasons = {
        "account T1 is not connected any more": credential(id="other"),
        "account T1 is INVALID, not VALID": credential(status="INVALID"),
        "account T1 has other configurations than when the plan was made": credential(configurations=[{"id": "x"}]),
        "an object names the key /a/b twice: it can't be sent back": credential({"a": Repeated((("b", 1), ("b", 1)))}),
    }
    for reason, account in reasons.items():
        assert Unwritable(reason=reason) == rebase(operation(SET, settings()), user(account))


def test_a_conflict_tells_base_live_and_planned() -> None:
    found = rebase(operation(BlockSpec(settings={"webhook": "d"}), settings(webhook="b")), user(settings(webhook="l")))

    assert isinstance(found, Conflicting)
    (path,) = found.paths
    assert ("webhook", "b", "l", "d", True) == (path.label, path.base, path.live, path.planned, path.secret)


def test_the_pre_image_is_what_is_live_now() -> None:
    found = rebase(operation(SET, settings()), user(settings(x=1)))

    assert isinstance(found, ToSend)
    assert {"sharedSettings": {"x": 1}} == found.pre_image


def test_metadata_is_rebased_like_any_other() -> None:
    (planned,) = plan(user(credential(), meta={"a": 0, "x": 1}), document(metadata={"a": 1})).operations

    assert {"a": 1, "x": 2} == told(rebase(planned, user(meta={"a": 0, "x": 2})))
    assert "satisfied" == told(rebase(planned, user(meta={"a": 1})))
    assert ["a"] == told(rebase(planned, user(meta={"a": 2})))
    assert Unwritable(reason="the user's metadata could not be read") == rebase(planned, user())


def test_a_named_configuration_is_found_again_by_its_id() -> None:
    def account(**values: Json) -> LiveUser:
        entry: JsonObject = {"id": "b", "externalId": "team-b", "isDefault": False}
        entries: list[Json] = [{"id": "d", "isDefault": True}, entry | {"sharedSettings": dict(values)}]
        return user(credential(configurations=entries))

    block = BlockSpec(settings={"note": "d"}, configuration=ConfigurationBy(field="externalId", value="team-b"))
    (planned,) = plan(account(), document(block)).operations

    assert {"sharedSettings": {"x": 1, "note": "d"}} == told(rebase(planned, account(x=1)))
    assert "unwritable" == told(rebase(planned, user(credential(configurations=[{"id": "d", "isDefault": True}]))))


NOTIFY: Enabled = ("cred-1", None, "notify")

ASSERTED: dict[str, tuple[BlockSpec, Json, Json, Json]] = {
    "a managed workflow that the metadata switched off": (
        BlockSpec(settings={"note": 1}, workflows={"notify": True}),
        ON,
        NOT_ON,
        {"configuredWorkflows": {"notify": ON}, "sharedSettings": {"note": 1}},
    ),
    "an unmanaged one": (
        BlockSpec(settings={"note": 1}),
        ON,
        NOT_ON,
        {"configuredWorkflows": {"notify": NOT_ON}, "sharedSettings": {"note": 1}},
    ),
    "one that is to stay off": (
        BlockSpec(settings={"note": 1}, workflows={"notify": False}),
        None,
        ON,
        {"configuredWorkflows": {"notify": NOT_ON}, "sharedSettings": {"note": 1}},
    ),
}


@pytest.mark.parametrize(("block", "base", "after", "expected"), ASSERTED.values(), ids=ASSERTED)
def test_after_metadata_enablements_are_asserted_again(
    block: BlockSpec, base: Json, after: Json, expected: Json
) -> None:
    planned = operation(block, credential() if base is None else workflows(notify=base))
    reread = user(workflows(notify=after))

    assert equal(expected, told(rebase(planned, reread, switched={NOTIFY: after is ON})))


@pytest.mark.parametrize(
    ("after", "expected"), [(NOT_ON, {"configuredWorkflows": {}}), ({"enabled": "odd"}, ["notify"])]
)
def test_after_metadata_an_entry_to_be_removed_may_be_switched(after: Json, expected: Json) -> None:
    planned = operation(BlockSpec(workflows={"notify": False}), workflows(notify=ON))
    (one,) = planned.managed
    removed = replace(one, target=WorkflowEntry("notify"), base=ON, desired=ABSENT, origin=Origin.ROLLBACK)

    found = told(rebase(replace(planned, managed=(removed,)), user(workflows(notify=after)), switched={NOTIFY: False}))

    assert equal(expected, found) or [one.rpartition("/")[2] for one in found] == expected


def test_after_metadata_an_enablement_that_moves_again_is_a_conflict() -> None:
    planned = operation(BlockSpec(settings={"note": 1}, workflows={"notify": True}), workflows(notify=ON))
    odd: Json = {"enabled": "odd", "settings": {}}

    found = rebase(planned, user(workflows(notify=odd)), switched={NOTIFY: False})

    assert ["configuredWorkflows/notify/enabled"] == told(found)


def test_after_metadata_an_entry_that_its_user_created_since_the_plan_is_asserted_again() -> None:
    planned = operation(BlockSpec(workflows={"notify": True}), credential())

    found = told(rebase(planned, user(workflows(notify=NOT_ON)), switched={NOTIFY: False}))

    assert equal({"configuredWorkflows": {"notify": ON}}, found)


@pytest.mark.parametrize("switched", [{}, {("cred-1", None, "digest"): False}, {("cred-1", "g", "notify"): False}])
def test_one_that_metadata_did_not_switch_was_switched_by_a_person(switched: dict[Enabled, bool]) -> None:
    planned = operation(BlockSpec(settings={"note": 1}, workflows={"notify": True}), workflows(notify=ON))

    found = rebase(planned, user(workflows(notify=NOT_ON)), switched=switched)

    assert ["configuredWorkflows/notify/enabled"] == told(found)


MOVED: dict[str, tuple[BlockSpec, Credential, Credential, Json, list[tuple[Value, Value, Value]]]] = {
    "a value that moved": (
        SET,
        settings(note="b"),
        settings(note="l", x=1),
        {"sharedSettings": {"note": "d", "x": 1}},
        [("b", "l", "d")],
    ),
    "a value to be removed that moved": (
        UNSET,
        settings(note="b"),
        settings(note="l"),
        {"sharedSettings": {}},
        [("b", "l", ABSENT)],
    ),
    "beside one that did not": (
        BlockSpec(settings={"note": "d", "channel": 1}),
        settings(note="b"),
        settings(note="l"),
        {"sharedSettings": {"note": "d", "channel": 1}},
        [("b", "l", "d")],
    ),
    "nothing moved": (SET, settings(note="b"), settings(note="b"), {"sharedSettings": {"note": "d"}}, []),
    "moved to where it shall be": (SET, settings(note="b"), settings(note="d"), "satisfied", []),
    "a default whose value became blank": (
        DEFAULT,
        settings(),
        settings(note=None),
        {"sharedSettings": {"channel": 1, "note": None}},
        [],
    ),
    "a default that was left, and nothing is there now": (
        DEFAULT,
        settings(note="b"),
        settings(),
        {"sharedSettings": {"channel": 1}},
        [],
    ),
    "what can't be written": (SET, settings(note="b"), credential({}, status="INVALID"), "unwritable", []),
}


@pytest.mark.parametrize(("block", "base", "live", "expected", "destroyed"), MOVED.values(), ids=MOVED)
def test_overwriting_conflicts(
    block: BlockSpec, base: Credential, live: Credential, expected: Json, destroyed: list[tuple[Value, Value, Value]]
) -> None:
    found = rebase(operation(block, base), user(live), on_conflict="overwrite")

    assert equal(expected, told(found))
    if isinstance(found, ToSend):
        assert destroyed == [(path.base, path.live, path.planned) for path in found.overwritten]


def test_what_is_overwritten_is_told_with_its_place() -> None:
    found = rebase(operation(UNSET, settings(note="b")), user(settings(note="l")), on_conflict="overwrite")

    assert isinstance(found, ToSend)
    (path,) = found.overwritten
    assert (("sharedSettings", "note"), "note") == (path.pointer, path.label)


HALFWAY: dict[str, tuple[Credential, Credential, Json]] = {
    "settings are there, and it isn't on yet": (
        credential(),
        workflows(notify={"enabled": False, "settings": {"day": 1}}),
        {"configuredWorkflows": {"notify": {"enabled": True, "settings": {"day": 1}}}},
    ),
    "its settings are others": (
        credential(),
        workflows(notify={"enabled": False, "settings": {"day": 2}}),
        ["configuredWorkflows/notify/enabled", "configuredWorkflows/notify/settings/day"],
    ),
    "its entry was there before": (
        workflows(notify={"settings": {}}),
        workflows(notify={"enabled": False, "settings": {"day": 1}}),
        ["configuredWorkflows/notify/enabled"],
    ),
}


@pytest.mark.parametrize(("base", "live", "expected"), HALFWAY.values(), ids=HALFWAY)
def test_a_new_entry_that_is_not_on_yet(base: Credential, live: Credential, expected: Json) -> None:
    block = BlockSpec(workflows={"notify": WorkflowSpec(enabled=True, settings={"day": 1})})
    (apart,) = plan(user(base), document(block), enablement="endpoint").operations

    assert equal(expected, told(rebase(apart, user(live))))


def test_through_config_a_new_entry_that_is_not_on_is_a_conflict() -> None:
    block = BlockSpec(workflows={"notify": True})

    assert ["configuredWorkflows/notify/enabled"] == told(
        rebase(operation(block, credential()), user(workflows(notify=NOT_ON)))
    )
