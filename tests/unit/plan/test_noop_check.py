"""What the first step of planning judges itself; ``tests/properties`` compare it with the whole planner."""

from __future__ import annotations

from typing import Any

import pytest

from paragon_sync.jsonvalue import Json, JsonObject, Repeated
from paragon_sync.model.compact import CompactDocument
from paragon_sync.model.live import LiveUser
from paragon_sync.plan.noop_check import NoopChecker
from tests.unit.plan.build import CATALOG, credential, user

ENTRIES: JsonObject = {"notify": {"enabled": True, "settings": {"day": "monday"}}, "alerts": {"enabled": False}}
DOCUMENTED: JsonObject = {"sharedSettings": {"channel": "C1", "note": ""}, "configuredWorkflows": ENTRIES}
CURRENT: JsonObject = {
    "id": "g1",
    "isDefault": True,
    "sharedSettings": {"channel": "C1", "note": ""},
    "workflowSettings": ENTRIES,
}
OTHER: JsonObject = {"id": "g2", "isDefault": False, "externalId": "b", "sharedSettings": {"channel": "C1"}}


def asking(**parts: object) -> CompactDocument:
    """A document with one block, of which ``parts`` differ from what is live."""
    filled: dict[str, Any] = {"kind": "slack", "account": "only", "configuration": "default"}
    filled |= {"owned": {"channel": "C1"}, "rules": {"note": ("hello", ()), "webhook": "unset"}}
    filled |= {"workflows": {"notify": (True, {"day": "monday"}, {})}, "pruning": None} | parts
    return {}, (tuple(filled.values()),), ()  # type: ignore[return-value] - it has the parts of a block


def told(document: CompactDocument, live: LiveUser) -> int | None:
    return NoopChecker(CATALOG).check([document], live)


@pytest.mark.parametrize(
    "account",
    [
        credential(DOCUMENTED),
        credential(DOCUMENTED, configurations=[]),
        credential(DOCUMENTED, status=None),
        credential(configurations=[CURRENT]),
        credential(configurations=[{key: value for key, value in CURRENT.items() if key != "isDefault"}]),
        credential({}, configurations=[CURRENT, OTHER]),
        credential(DOCUMENTED, configurations=[CURRENT]),
        credential(DOCUMENTED, configurations=[CURRENT, OTHER]),
    ],
)
def test_whoever_is_as_asked_is_told_in_every_shape(account: object) -> None:
    assert told(asking(), user(account)) == 1


@pytest.mark.parametrize(
    "document",
    [
        asking(owned={"channel": "C2"}),
        asking(owned={"gone": "x"}),
        asking(rules={"gone": ("x", ())}),
        asking(rules={"note": ("x", ("",))}),
        asking(rules={"note": "unset"}),
        asking(rules={"webhook": "release"}),
        asking(workflows={"notify": ("release", {}, {})}),
        asking(workflows={"escalate": ("release", {}, {})}),
        asking(rules={"channel": "unset"}),
        asking(workflows={"notify": (False, {}, {})}),
        asking(workflows={"notify": (None, {"day": "friday"}, {})}),
        asking(workflows={"escalate": (True, {}, {})}),
        asking(workflows={"escalate": (None, {"oncall": "a@b"}, {})}),
        asking(account="all", configuration=("id", "gone")),
        asking(account=("providerId", "gone")),
        asking(kind="salesforce"),
        asking(kind="salesforce", account="all"),
        ({"plan": "pro"}, (), ()),
    ],
)
def test_whoever_would_change_is_left_to_careful_planning(document: CompactDocument) -> None:
    assert told(document, user(credential(DOCUMENTED), meta={"plan": "free"})) is None


@pytest.mark.parametrize(
    "account",
    [
        credential(DOCUMENTED, status="PENDING"),
        credential(DOCUMENTED, dateDeleted="2024"),
        credential(DOCUMENTED, id=7),
        credential([]),
        credential({"sharedSettings": []}),
        credential({**DOCUMENTED, "workflowSettings": ENTRIES}),
        credential({**DOCUMENTED, "sharedSettings": {"channel": "C1", "note": Repeated((("a", 1), ("a", 1)))}}),
        credential({**DOCUMENTED, "configuredWorkflows": []}),
        credential({**DOCUMENTED, "configuredWorkflows": {"notify": []}}),
        credential({**DOCUMENTED, "configuredWorkflows": {"notify": {"enabled": True, "settings": []}}}),
        credential(DOCUMENTED, configurations={}),
        credential(DOCUMENTED, configurations=[{"id": 7}]),
        credential(configurations=[OTHER]),
        credential({"sharedSettings": {"channel": "C2"}}, configurations=[CURRENT]),
        credential({**DOCUMENTED, "sharedSettings": []}, configurations=[{**CURRENT, "sharedSettings": []}]),
    ],
)
def test_so_is_whoever_looks_otherwise_than_nearly_all_do(account: object) -> None:
    assert told(asking(), user(account)) is None


def test_nobody_is_told_of_whom_nothing_was_ever_connected() -> None:
    assert told(({}, (), ()), user()) is None


def test_metadata_count_where_they_are_asked_for() -> None:
    document: CompactDocument = ({"plan": {"a": 1}}, (), ())
    live: list[JsonObject | None] = [{"plan": {"a": 1}}, {"plan": {"a": True}}, {}, None]
    assert [0, None, None, None] == [told(document, user(credential(), meta=meta)) for meta in live]
    assert [0, None] == [told(({}, (), ("plan",)), user(credential(), meta=meta)) for meta in ({}, None)]


@pytest.mark.parametrize(
    ("live", "asked", "expected"),
    [
        (1, 1, 0),
        (True, 1, None),
        (1.0, 1, None),
        (0.0, -0.0, None),
        ([1], [1], 0),
        ([1], [True], None),
        (None, None, 0),
    ],
)
def test_values_are_equal_as_json(live: Json, asked: Json, expected: int | None) -> None:
    document = asking(owned={"x": asked}, rules={}, workflows={})
    assert expected == told(document, user(credential({"sharedSettings": {"x": live}})))


@pytest.mark.parametrize(
    ("workflows", "expected"),
    [
        ({"escalate": (False, {}, {"oncall": "unset"})}, 0),
        ({"escalate": (None, {}, {"oncall": ("x", ())})}, None),
        ({"alerts": (False, {}, {})}, None),  # the catalog would enable it
    ],
)
def test_a_workflow_without_an_entry_is_off(workflows: dict[str, object], expected: int | None) -> None:
    quick, live = NoopChecker(CATALOG), user(credential({"sharedSettings": {"channel": "C1"}}))
    for _ in range(2):
        assert expected == quick.check([asking(rules={}, workflows=workflows)], live)


def test_selectors_lead_to_their_accounts_and_configurations() -> None:
    first, second = credential(DOCUMENTED), credential(configurations=[CURRENT, OTHER], id="cred-2", providerId="T2")
    live = user(first, second, credential(id="cred-3", status="PENDING"))
    found = [
        told(asking(account=account, configuration=configuration, rules={}, workflows={}), live)
        for account, configuration in [
            ("only", "default"),  # which of them?
            ("all", "default"),
            ("all", "all"),
            (("credentialId", "cred-2"), ("externalId", "b")),
            (("providerId", "T2"), ("id", "g1")),
            (("providerId", "T1"), ("id", "g1")),
            (("credentialId", "cred-3"), "default"),
        ]
    ]
    assert [None, 0, 0, 0, 0, None, None] == found


def test_several_documents_manage_a_workflow_once() -> None:
    quick, live = NoopChecker(CATALOG), user(credential(DOCUMENTED))
    assert quick.check([asking(), asking(account="all")], live) == 1


def test_defaults_that_differ_contradict_each_other_though_the_user_has_chosen() -> None:
    quick, live = NoopChecker(CATALOG), user(credential(DOCUMENTED))
    documents = [asking(rules={"note": (value, ())}) for value in ("a", "b")]
    assert quick.check(documents, live) is None
    assert quick.check([documents[0], documents[0]], live) == 1


def test_blocks_of_one_document_are_all_compared() -> None:
    metadata, blocks, released = asking()
    other = asking(account="all", rules={}, owned={"channel": "C2"})[1]
    live = user(credential(DOCUMENTED))
    assert [1, None] == [told((metadata, (*blocks, *more), released), live) for more in (blocks, other)]


@pytest.mark.parametrize(
    ("pruning", "expected"),
    [
        (((None, None),), None),  # the setting "extra", and the workflow "alerts"
        (((None, None), (None, "extra")), None),
        (((None, "extra"),), 1),
        ((("notify", None),), 1),
        ((("notify", None), ("notify", "other")), 1),
    ],
)
def test_what_exact_blocks_do_not_name_is_a_change(
    pruning: tuple[tuple[str | None, str | None], ...], expected: int | None
) -> None:
    entries: JsonObject = {**ENTRIES, "alerts": {"enabled": True}}
    config: JsonObject = {"sharedSettings": {"channel": "C1", "note": "", "extra": 1}, "configuredWorkflows": entries}
    assert expected == told(asking(pruning=pruning), user(credential(config)))


def test_exact_leaves_what_any_document_names() -> None:
    live = user(credential(DOCUMENTED | {"configuredWorkflows": {**ENTRIES, "gone": {"enabled": True}}}))
    exact = asking(pruning=((None, None), ("notify", None)))
    assert NoopChecker(CATALOG).check([exact], live) is None
    names = asking(account="all", owned={}, rules={}, workflows={"gone": (None, {}, {})})
    assert NoopChecker(CATALOG).check([exact, names], live) == 1


def test_exact_workflows_may_hold_no_other_settings() -> None:
    live = user(credential(DOCUMENTED))
    found = [
        told(asking(workflows={"notify": (True, owned, {})}, pruning=(("notify", None),)), live)
        for owned in ({"day": "monday"}, {})
    ]
    assert [1, None] == found
