"""Step 4 of applying: what the read-back says."""

import pytest

from paragon_sync.jsonvalue import Json, JsonObject
from paragon_sync.model.live import Credential
from paragon_sync.model.outcome import SideEffect
from paragon_sync.plan.rebase import ToSend, rebase
from paragon_sync.plan.requests import newly_enabled
from paragon_sync.plan.verify import (
    ChangedAfter,
    Kept,
    NotKept,
    Vanished,
    Verified,
    compare_after,
    side_effects,
    switched_off,
)
from tests.nouns import as_planned
from tests.unit.plan.build import BlockSpec, credential, document, plan, user

BLOCK = BlockSpec(settings={"note": "d"}, defaults={"channel": "x"})
ON: Json = {"enabled": True, "settings": {"day": 1}}


def config(note: Json, **more: Json) -> Credential:
    return credential({"sharedSettings": {"note": note, "channel": "mine"}, "configuredWorkflows": {"w": ON}} | more)


BEFORE = config("b", other=1)

VERDICTS: dict[str, tuple[Credential, Verified]] = {
    "as sent": (config("d", other=1), Kept()),
    "as before": (config("b", other=1), NotKept(labels=("note",))),
    "unmanaged values moved and came": (
        config("d", other=1.0, new=1),
        Kept(notes=("moved during write: /other", "moved during write: /new")),
    ),
    "an unmanaged value is gone": (config("d"), Kept(alarms=("lost? /other",))),
    "a whole section is gone": (
        credential({"sharedSettings": {"note": "d", "channel": "mine"}, "other": 1}),
        Kept(alarms=("lost? /configuredWorkflows/w/enabled", "lost? /configuredWorkflows/w/settings/day")),
    ),
    "as sent, and the account is not valid any more": (
        Credential(config("d", other=1).raw | {"status": "INVALID"}),
        Kept(),
    ),
    "the account is gone": (credential(id="x"), Vanished(reason="account T1 is not connected any more")),
}


@pytest.mark.parametrize(("after", "expected"), VERDICTS.values(), ids=VERDICTS)
def test_reading_back(after: Credential, expected: Verified) -> None:
    (operation,) = plan(user(BEFORE), document(BLOCK)).operations

    assert expected == compare_after(operation, as_planned(operation), user(after))


def test_a_third_value_is_a_conflict_even_beside_one_that_was_not_kept() -> None:
    block = BlockSpec(settings={"note": "d", "also": 1})
    (operation,) = plan(user(BEFORE), document(block)).operations

    found = compare_after(operation, as_planned(operation), user(config("third", other=1)))

    assert isinstance(found, ChangedAfter)
    assert [("note", "b", "third", "d")] == [(p.label, p.base, p.live, p.planned) for p in found.paths]


def test_what_was_sent_counts_and_not_what_was_planned() -> None:
    (operation,) = plan(user(BEFORE), document(BLOCK)).operations
    later = credential({"sharedSettings": {"note": "b", "channel": "chosen since"}})
    rebased = rebase(operation, user(later))
    assert isinstance(rebased, ToSend)
    after = credential({"sharedSettings": {"note": "d", "channel": "chosen since"}})

    assert Kept() == compare_after(operation, rebased, user(after))


def test_metadata_is_read_back_key_by_key() -> None:
    before = user(credential(), meta={"a": 0, "b": {"c": 1}, "d": 1})
    (operation,) = plan(before, document(metadata={"a": 1})).operations

    found = compare_after(operation, as_planned(operation), user(meta={"a": 1, "b": {"c": 1.0}}))

    assert Kept(notes=("moved during write: /b",), alarms=("lost? /d",)) == found


def test_the_workflow_map_is_named_as_it_was_and_may_change_its_name() -> None:
    entry: Json = {"id": "d", "isDefault": True, "workflowSettings": {"w": ON, "v": ON}}
    renamed: Json = {
        "id": "d",
        "isDefault": True,
        "sharedSettings": {"note": "d"},
        "configuredWorkflows": {"w": ON},
    }
    before = user(credential(configurations=[entry]))
    (operation,) = plan(before, document(BlockSpec(settings={"note": "d"}))).operations

    found = compare_after(
        operation,
        as_planned(operation),
        user(credential(configurations=[renamed])),
    )

    assert Kept(alarms=("lost? /workflowSettings/v/enabled", "lost? /workflowSettings/v/settings/day")) == found


def test_workflows_that_metadata_switched_off_are_told() -> None:
    def account(**entries: Json) -> Credential:
        return credential({"configuredWorkflows": dict(entries)})

    off: Json = {"enabled": False}
    before = user(account(a=ON, b=ON, c=off, d=ON), credential({"configuredWorkflows": {"a": ON}}, id="gone"))

    assert ["T1 b", "T1 d"] == sorted(switched_off(before, user(account(a=ON, b=off, c=off))))


def test_workflows_of_a_configuration_are_told_too() -> None:
    def account(*, enabled: bool) -> Credential:
        entries: list[Json] = [{"id": "d", "workflowSettings": {"a": {"enabled": enabled}}}, {"id": "e"}]
        return credential(configurations=entries)

    gone = user(credential(configurations=[{"id": "other"}]))

    assert ["T1 a"] == list(switched_off(user(account(enabled=True)), user(account(enabled=False))))
    assert [SideEffect(credential="cred-1", configuration="d", workflow="a")] == list(
        side_effects(user(account(enabled=True)), user(account(enabled=False)))
    )
    assert ["T1 a"] == list(switched_off(user(account(enabled=True)), gone))


def workflows(entries: Json, name: str = "workflowSettings") -> JsonObject:
    return {"sharedSettings": {}, name: entries}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (workflows({"w1": {"enabled": False}, "w2": {"enabled": True}}), workflows({"w1": {"enabled": True}}), 1),
        ({}, workflows({"w1": {"enabled": True}, "w2": {"enabled": True}}), 2),
        (workflows({"w1": {"enabled": True}}, "configuredWorkflows"), workflows({"w1": {"enabled": True}}), 0),
        ({}, workflows({"w1": {"enabled": "yes"}, "w2": None}), 0),
        ({}, workflows(1), 0),
    ],
)
def test_workflows_that_came_on_are_counted(before: JsonObject, after: JsonObject, expected: int) -> None:
    assert expected == newly_enabled(before, after)
