"""A document's names become ids, and what is wrong with them is told with its place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from paragon_sync.catalog.resolve import Resolver
from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow
from paragon_sync.model.declared import AccountBy, ConfigurationBy, Content, Fault, Place
from paragon_sync.model.desired import (
    Claim,
    Default,
    DesiredBlock,
    DesiredFragment,
    ExactScope,
    MetadataKey,
    Release,
    Set,
    Setting,
    Unset,
    WorkflowEnabled,
    WorkflowSetting,
)

OF_PRODUCTION = "(catalog of production, pulled 3 days ago)"
HERE = Place(file="users/acme.yaml", pointer=("integrations", "slack"), of_key=True)
SLACK = Integration(
    type="slack",
    id="i-1",
    inputs=(
        Input(id="in1", title="Channel", type="TEXT_NO_VARS"),
        Input(id="in2", title="Frequency", type="ENUM", values=("daily", "weekly")),
        Input(id="in3", title="Twice", type="TEXT_NO_VARS"),
        Input(id="in4", title="Twice", type="TEXT_NO_VARS"),
        Input(id="in5", title="Entry", type="PASSWORD"),
        Input(id="Channel2", title="in1", type="SWITCH"),
    ),
    workflows=(
        Workflow(id="w-1", description="Send", inputs=(Input(id="d1", title="Day", type="TEXT_NO_VARS"),)),
        Workflow(id="w-2", description="Digest"),
        Workflow(id="w-3", description="Same"),
        Workflow(id="w-4", description="Same"),
    ),
)
CATALOG = Catalog(
    project="p-1",
    pulled="2026-03-01T00:00:00Z",
    origin="production",
    integrations={"slack": SLACK, "salesforce": SLACK},
)


def spot(*parts, of_key=False):
    return Place(file="users/acme.yaml", pointer=("integrations", "slack", *parts), of_key=of_key)


def flow(name, *parts, of_key=False):
    return spot("workflows", name, *parts, of_key=of_key)


def content(sections, *secret):
    return Content("users/acme.yaml", 0, sections, frozenset(secret))


def resolve(*, catalog=CATALOG, secret=(), **block):
    resolver = Resolver(catalog, now=datetime(2026, 3, 4, tzinfo=UTC))
    document = content({"integrations": {"slack": block}}, *secret)
    desired, faults = resolver.fragment(document, "users/acme.yaml")
    assert resolver.compact(document)[1] == faults
    return (desired.blocks[0] if desired.blocks else None), faults


def meanings(block):
    return [(claim.target, claim.intent, claim.label) for claim in block.claims]


def test_metadata_needs_no_catalog():
    def at(key):
        return Place(file="users/acme.yaml", pointer=("metadata", key))

    document = content({"metadata": {"plan": "pro", "apiKey": "x", "n": "x"}}, ("metadata", "n"))
    resolver = Resolver(CATALOG)
    assert resolver.fragment(document, "profile standard") == (
        DesiredFragment(
            source="profile standard",
            metadata=(
                Claim(target=MetadataKey("plan"), intent=Set("pro"), label="plan", place=at("plan")),
                Claim(target=MetadataKey("apiKey"), intent=Set("x"), label="apiKey", place=at("apiKey"), secret=True),
                Claim(target=MetadataKey("n"), intent=Set("x"), label="n", place=at("n"), secret=True),
            ),
        ),
        [],
    )
    assert resolver.used == set()


def test_a_block_keeps_its_selectors_and_place():
    block, faults = resolve(account={"externalId": "crm"}, configuration={"id": "c-1"})
    account, configuration = AccountBy(field="externalId", value="crm"), ConfigurationBy(field="id", value="c-1")
    assert block == DesiredBlock(integration="slack", place=HERE, account=account, configuration=configuration)
    assert faults == []


@pytest.mark.parametrize(
    ("name", "value", "target", "label"),
    [
        ("Channel", "C1", Setting("in1"), "Channel"),
        ("in1", "C1", Setting("in1"), "Channel"),  # the exact id, though another input has this title
        ("Channel2", True, Setting("Channel2"), "in1"),
        ("in3", "x", Setting("in3"), "Twice"),
        ("id:in1", 7, Setting("in1"), "Channel"),  # not type-checked
        ("id:gone", [7], Setting("gone"), "id:gone"),
        ("id:", "x", Setting(""), "id:"),
        ("Channel", None, Setting("in1"), "Channel"),
    ],
)
def test_a_setting_is_found_by_title_or_id(name, value, target, label):
    block, faults = resolve(settings={name: value})
    assert (meanings(block), faults) == ([(target, Set(value), label)], [])
    assert [claim.place for claim in block.claims] == [spot("settings", name)]


def test_defaults_unset_and_keep():
    block, faults = resolve(
        defaults={"Frequency": "daily"},
        unset=["in3", "id:gone"],
        keep=["Channel", "id:other"],
        blank=[None, ""],
        exact=True,
    )
    assert faults == []
    assert block.claims == (
        Claim(
            target=Setting("in2"),
            intent=Default("daily", (None, "")),
            label="Frequency",
            place=spot("defaults", "Frequency"),
        ),
        Claim(target=Setting("in3"), intent=Unset(), label="Twice", place=spot("unset", "0")),
        Claim(target=Setting("gone"), intent=Unset(), label="id:gone", place=spot("unset", "1")),
    )
    assert block.named == {Setting("in1"), Setting("other")}
    assert block.exact == (ExactScope(workflow=None, place=HERE),)


def test_workflows():
    block, faults = resolve(
        workflows={
            "Send": {"enabled": True, "settings": {"Day": "monday"}, "keep": ["d1"], "exact": True},
            "w-2": False,
            "id:w-9": {"settings": {"id:x": 1}},
        }
    )
    assert faults == []
    assert meanings(block) == [
        (WorkflowEnabled("w-1"), Set(value=True), "Send"),
        (WorkflowSetting("w-1", "d1"), Set("monday"), "Day"),
        (WorkflowEnabled("w-2"), Set(value=False), "Digest"),
        (WorkflowSetting("w-9", "x"), Set(1), "id:x"),
    ]
    assert block.named == {WorkflowSetting("w-1", "d1"), WorkflowEnabled("w-9")}
    assert block.exact == (ExactScope(workflow="w-1", place=flow("Send", of_key=True)),)
    assert [claim.place for claim in block.claims][:3] == [
        flow("Send", "enabled"),
        flow("Send", "settings", "Day"),
        flow("w-2"),
    ]


@pytest.mark.parametrize(
    ("name", "value", "from_secret", "secret"),
    [
        ("Channel", "C1", False, False),
        ("Channel", "C1", True, True),
        ("Entry", "x", False, True),
        ("id:in5", "x", False, True),
        ("id:api_key", "x", False, True),
    ],
)
def test_secrets_are_marked(name, value, from_secret, secret):
    block, _ = resolve(settings={name: value}, secret=[spot("settings", name).pointer] if from_secret else [])
    assert [claim.secret for claim in block.claims] == [secret]


def test_a_secret_that_is_removed_is_marked():
    block, _ = resolve(unset=["Entry"])
    assert [claim.secret for claim in block.claims] == [True]


@pytest.mark.parametrize(
    ("level", "fault"),
    [
        (
            {"settings": {"Chanel": "C1"}},
            Fault(
                message='slack has no setting "Chanel"',
                place=spot("settings", "Chanel", of_key=True),
                hint=f'did you mean "Channel"? {OF_PRODUCTION}',
            ),
        ),
        (
            {"settings": {"Twice": "x"}},
            Fault(
                message='slack has 2 settings "Twice"',
                place=spot("settings", "Twice", of_key=True),
                hint=f"name it by its id: in3, in4 {OF_PRODUCTION}",
            ),
        ),
        (
            {"unset": ["Chanel"]},
            Fault(
                message='slack has no setting "Chanel"',
                place=spot("unset", "0"),
                hint=f'did you mean "Channel"? {OF_PRODUCTION}',
            ),
        ),
        (
            {"keep": ["Zzz"]},
            Fault(
                message='slack has no setting "Zzz"',
                place=spot("keep", "0"),
                hint=f'there are: "Channel", "Entry", "Frequency", "Twice", "in1" {OF_PRODUCTION}',
            ),
        ),
        (
            {"settings": {"Channel": 7}},
            Fault(
                message='setting "Channel" of slack must be a string, not a number',
                place=spot("settings", "Channel"),
                hint=f"put it in quotes {OF_PRODUCTION}",
            ),
        ),
        (
            {"settings": {"Channel": []}},
            Fault(
                message='setting "Channel" of slack must be a string, not an array', place=spot("settings", "Channel")
            ),
        ),
        (
            {"defaults": {"Frequency": "dayly"}},
            Fault(
                message='setting "Frequency" of slack can\'t be "dayly"',
                place=spot("defaults", "Frequency"),
                hint=f'did you mean "daily"? {OF_PRODUCTION}',
            ),
        ),
        (
            {"settings": {"Frequency": "dayly"}, "secret": [spot("settings", "Frequency").pointer]},
            Fault(
                message='setting "Frequency" of slack must be one of its 2 choices',
                place=spot("settings", "Frequency"),
            ),
        ),
        (
            {"settings": {"Channel": "C1", "id:in1": "C2"}},
            Fault(
                message='"Channel" and "id:in1" name one and the same value of slack, and differ',
                place=spot("settings", "id:in1"),
                hint="keep one of the two; its id is in1",
            ),
        ),
        (
            {"defaults": {"Frequency": "daily", "in2": "weekly"}},
            Fault(
                message='"Frequency" and "in2" name one and the same value of slack, and differ',
                place=spot("defaults", "in2"),
                hint="keep one of the two; its id is in2",
            ),
        ),
    ],
)
def test_what_is_wrong_with_settings(level, fault):
    _, faults = resolve(**level)
    assert faults == [fault]


@pytest.mark.parametrize(
    ("workflows", "fault"),
    [
        (
            {"Sendd": {}},
            Fault(
                message='slack has no workflow "Sendd"',
                place=flow("Sendd", of_key=True),
                hint=f'did you mean "Send"? {OF_PRODUCTION}',
            ),
        ),
        (
            {"Same": {}},
            Fault(
                message='slack has 2 workflows "Same"',
                place=flow("Same", of_key=True),
                hint=f"name it by its id: w-3, w-4 {OF_PRODUCTION}",
            ),
        ),
        (
            {"Send": {"settings": {"Dayy": "x"}}},
            Fault(
                message='workflow "Send" of slack has no setting "Dayy"',
                place=flow("Send", "settings", "Dayy", of_key=True),
                hint=f'did you mean "Day"? {OF_PRODUCTION}',
            ),
        ),
        (
            {"id:w-9": {"unset": ["Day"]}},
            Fault(
                message='workflow "id:w-9" of slack has no setting "Day"',
                place=flow("id:w-9", "unset", "0"),
                hint=f"the catalog doesn't know this workflow: write id: before the setting's exact id {OF_PRODUCTION}",
            ),
        ),
        (
            {"Send": True, "w-1": False},
            Fault(
                message='"Send" and "w-1" name one and the same value of workflow "Send" of slack, and differ',
                place=flow("w-1"),
                hint="keep one of the two; its id is w-1",
            ),
        ),
        (
            {"Send": True, "w-1": {"enabled": False}},
            Fault(
                message='"Send" and "w-1" name one and the same value of workflow "Send" of slack, and differ',
                place=flow("w-1", "enabled"),
                hint="keep one of the two; its id is w-1",
            ),
        ),
        (
            {"Send": {"settings": {"Day": "a"}}, "w-1": {"settings": {"d1": "b"}}},
            Fault(
                message='"Day" and "d1" name one and the same value of workflow "Send" of slack, and differ',
                place=flow("w-1", "settings", "d1"),
                hint="keep one of the two; its id is d1",
            ),
        ),
    ],
)
def test_what_is_wrong_with_workflows(workflows, fault):
    _, faults = resolve(workflows=workflows)
    assert faults == [fault]


def test_two_names_of_one_value_that_say_the_same_are_one():
    block, faults = resolve(settings={"Channel": "C1", "in1": "C1"}, unset=["in3", "id:in3"])
    assert faults == []
    assert meanings(block) == [(Setting("in1"), Set("C1"), "Channel"), (Setting("in3"), Unset(), "Twice")]


TWICE_NAMED = Catalog(
    project="p-1",
    pulled="2026-03-01T00:00:00Z",
    origin="production",
    integrations={
        "slack": Integration(
            type="slack",
            id="i-1",
            inputs=(Input(id="in1", title="Digest", type="TEXT_NO_VARS"),),
            workflows=(Workflow(id="w-1", description="Digest"),),
        )
    },
)


@pytest.mark.parametrize(
    ("name", "released"),
    [
        ("Channel", [(Setting("in1"), "Channel")]),
        ("Channel2", [(Setting("Channel2"), "in1")]),
        ("in1", [(Setting("in1"), "Channel")]),
        ("Send", [(WorkflowEnabled("w-1"), "Send")]),
        ("id:w-1", [(WorkflowEnabled("w-1"), "Send")]),
        ("id:gone", [(Setting("gone"), "id:gone"), (WorkflowEnabled("gone"), "id:gone")]),
    ],
)
def test_a_block_releases_settings_and_workflows(name, released):
    block, faults = resolve(release=[name])
    assert faults == []
    assert meanings(block) == [(target, Release(), label) for target, label in released]
    assert {claim.place for claim in block.claims} == {spot("release", "0")}


def test_a_workflow_releases_its_own_settings():
    block, faults = resolve(workflows={"Send": {"release": ["Day", "id:d1"]}})
    assert faults == []
    assert meanings(block) == [(WorkflowSetting("w-1", "d1"), Release(), "Day")]


@pytest.mark.parametrize(
    ("name", "catalog", "message", "hint"),
    [
        ("Chanel", CATALOG, 'slack has no setting or workflow "Chanel"', 'did you mean "Channel"?'),
        ("Twice", CATALOG, 'slack has 2 settings and workflows "Twice"', "name it by its id: in3, in4"),
        ("Digest", TWICE_NAMED, 'slack has 2 settings and workflows "Digest"', "name it by its id: in1, w-1"),
    ],
)
def test_what_is_wrong_with_a_released_name(name, catalog, message, hint):
    block, faults = resolve(catalog=catalog, release=[name])
    assert faults == [Fault(message=message, place=spot("release", "0"), hint=f"{hint} {OF_PRODUCTION}")]
    assert block.claims == ()


def test_a_workflow_that_releases_what_it_has_not_is_told():
    block, faults = resolve(workflows={"Send": {"release": ["Dya"]}})
    assert [fault.message for fault in faults] == ['workflow "Send" of slack has no setting "Dya"']
    assert block.claims == ()


def test_metadata_keys_are_released():
    desired, faults = Resolver(CATALOG).fragment(content({"release": ["plan", "apiKey"]}), "users/acme.yaml")
    assert faults == []
    assert [(claim.target, claim.intent, claim.secret) for claim in desired.metadata] == [
        (MetadataKey("plan"), Release(), False),
        (MetadataKey("apiKey"), Release(), True),
    ]


def test_one_and_true_are_not_the_same():
    _, faults = resolve(settings={"id:in1": 1, "in1": True})
    assert [fault.message for fault in faults] == [
        'setting "Channel" of slack must be a string, not a boolean',
        '"id:in1" and "in1" name one and the same value of slack, and differ',
    ]


def test_settings_and_defaults_of_one_value_are_both_handed_on():
    block, faults = resolve(settings={"Frequency": "daily"}, defaults={"Frequency": "weekly"})
    assert faults == []
    assert [claim.intent for claim in block.claims] == [Set("daily"), Default("weekly")]


@pytest.mark.parametrize("blocks", [{}, [{}], [{}, {}]])
def test_an_unknown_integration_is_told_once_at_its_name(blocks):
    resolver = Resolver(CATALOG, now=datetime(2026, 3, 4, tzinfo=UTC))
    desired, faults = resolver.fragment(content({"integrations": {"salesforc": blocks}}), "users/acme.yaml")
    assert desired.blocks == ()
    assert faults == [
        Fault(
            message='no integration "salesforc"',
            place=Place(file="users/acme.yaml", pointer=("integrations", "salesforc"), of_key=True),
            hint=f'did you mean "salesforce"? {OF_PRODUCTION}',
        )
    ]
    assert resolver.used == {"salesforc"}


def test_everything_that_is_wrong_is_told_at_once():
    workflows = {"Nope": {}, "Send": {"settings": {"Nope": 1}}}
    _, faults = resolve(settings={"Chanel": "x", "Channel": 7, "Frequency": "x"}, workflows=workflows)
    assert len(faults) == 5


def compact(**block):
    document, faults, settled = Resolver(CATALOG).compact(content({"integrations": {"slack": block}}))
    assert faults == []
    return document[1][0], settled


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({"settings": {"Channel": "C1"}}, ("only", "default", {"in1": "C1"}, {}, {}, None)),
        ({"settings": {"id:gone": [{"a": 1}]}}, ("only", "default", {"gone": [{"a": 1}]}, {}, {}, None)),
        ({"defaults": {"Channel": "C1"}}, ("only", "default", {}, {"in1": ("C1", ())}, {}, None)),
        (
            {"defaults": {"Channel": "C1"}, "blank": ["", None]},
            ("only", "default", {}, {"in1": ("C1", ("", None))}, {}, None),
        ),
        ({"unset": ["Channel"]}, ("only", "default", {}, {"in1": "unset"}, {}, None)),
        (
            {"settings": {"in1": "C1"}, "defaults": {"Channel": "C2"}},  # settings win
            ("only", "default", {"in1": "C1"}, {}, {}, None),
        ),
        ({"account": {"all": True}, "configuration": "all"}, ("all", "all", {}, {}, {}, None)),
        (
            {"account": {"providerId": "T1"}, "configuration": "b"},
            (("providerId", "T1"), ("externalId", "b"), {}, {}, {}, None),
        ),
        ({"configuration": {"id": "g"}}, ("only", ("id", "g"), {}, {}, {}, None)),
        ({"workflows": {"Send": False}}, ("only", "default", {}, {}, {"w-1": (False, {}, {})}, None)),
        (
            {"workflows": {"w-1": {"enabled": True, "settings": {"Day": "monday"}}}},
            ("only", "default", {}, {}, {"w-1": (True, {"d1": "monday"}, {})}, None),
        ),
        ({"workflows": {"Send": {}}}, ("only", "default", {}, {}, {"w-1": (None, {}, {})}, None)),
        (
            {"exact": True, "keep": ["Channel"], "workflows": {"Send": {"exact": True, "keep": ["Day"]}}},
            (
                "only",
                "default",
                {},
                {},
                {"w-1": (None, {}, {})},
                ((None, "in1"), (None, None), ("w-1", "d1"), ("w-1", None)),
            ),
        ),
    ],
)
def test_a_block_in_compact_form_has_ids_for_names(sections, expected):
    assert compact(**sections) == (("slack", *expected), True)


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({"release": ["Channel", "Send"]}, ({"in1": "release"}, {"w-1": ("release", {}, {})})),
        ({"release": ["id:gone"]}, ({"gone": "release"}, {"gone": ("release", {}, {})})),
        ({"workflows": {"Send": {"release": ["Day"]}}}, ({}, {"w-1": (None, {}, {"d1": "release"})})),
        ({"settings": {"Channel": "C1"}, "unset": ["in1"]}, ({"in1": "unset"}, {})),
        ({"defaults": {"Channel": "C1"}, "unset": ["in1"]}, ({"in1": "unset"}, {})),
        (
            {"workflows": {"Send": {"settings": {"Day": "x"}}, "w-1": {"enabled": True, "unset": ["Day"]}}},
            ({}, {"w-1": (True, {"d1": "x"}, {"d1": "unset"})}),
        ),
    ],
)
def test_what_may_contradict_itself_is_not_settled(sections, expected):
    block, settled = compact(**sections)
    assert (block[4], block[5], settled) == (*expected, False)


@pytest.mark.parametrize(
    "block",
    [
        {"defaults": {"Channel": "C1"}, "unset": ["in1"]},
        {"settings": {"Channel": "C1"}, "unset": ["in1"]},
        {"defaults": {"Channel": "C1"}, "release": ["in1"]},
    ],
)
def test_what_contradicts_itself_can_never_be_met(block):
    found, _ = compact(**block)
    assert ("in1" in found[3], found[4]["in1"]) in [(True, "unset"), (True, "release")]


def test_neither_are_two_blocks_of_one_integration():
    resolver = Resolver(CATALOG)
    settled = [resolver.compact(content({"integrations": {"slack": [{}] * count}}))[2] for count in (1, 2)]
    assert settled == [True, False]
