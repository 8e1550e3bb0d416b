"""A document's names become ids, and what is wrong with them is told with its place."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from paragon_sync.catalog.resolve import Resolver
from paragon_sync.model.catalog import Catalog, Input, Integration, Workflow
from paragon_sync.model.declared import (
    AccountBy,
    Block,
    ConfigurationBy,
    Declared,
    Fault,
    Fragment,
    Place,
    Settings,
    WorkflowBlock,
)
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
HERE = Place(file="users/acme.yaml", pointer=("integrations", "slack"))
FLOW = Place(file="users/acme.yaml", pointer=("integrations", "slack", "workflows", "X"))

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


def declared(value, *parts, secret=False):
    return Declared(value=value, place=spot(*parts), secret=secret)


def settings(**values):
    return Settings(settings={name: declared(value, "settings", name) for name, value in values.items()})


def resolve(*, catalog=CATALOG, workflows=None, level=None, **block):
    fragment = Fragment(
        blocks=(
            Block(
                **{"integration": "slack", "place": HERE} | block,
                settings=level or Settings(),
                workflows=workflows or {},
            ),
        )
    )
    resolver = Resolver(catalog, now=datetime(2026, 3, 4, tzinfo=UTC))
    desired, faults = resolver.fragment(fragment, "users/acme.yaml")
    return (desired.blocks[0] if desired.blocks else None), faults


def meanings(block):
    return [(claim.target, claim.intent, claim.label) for claim in block.claims]


def test_metadata_needs_no_catalog():
    fragment = Fragment(
        metadata={"plan": declared("pro", "plan"), "apiKey": declared("x"), "n": declared("x", secret=True)}
    )
    resolver = Resolver(CATALOG)
    assert resolver.fragment(fragment, "profile standard") == (
        DesiredFragment(
            source="profile standard",
            metadata=(
                Claim(target=MetadataKey("plan"), intent=Set("pro"), label="plan", place=spot("plan")),
                Claim(target=MetadataKey("apiKey"), intent=Set("x"), label="apiKey", place=spot(), secret=True),
                Claim(target=MetadataKey("n"), intent=Set("x"), label="n", place=spot(), secret=True),
            ),
        ),
        [],
    )
    assert resolver.used == set()


def test_a_block_keeps_its_selectors_and_place():
    account, configuration = AccountBy(field="externalId", value="crm"), ConfigurationBy(field="id", value="c-1")
    block, faults = resolve(account=account, configuration=configuration)
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
    block, faults = resolve(level=Settings(settings={name: declared(value, "settings", name)}))
    assert (meanings(block), faults) == ([(target, Set(value), label)], [])


def test_defaults_unset_and_keep():
    level = Settings(
        defaults={"Frequency": declared("daily", "defaults", "Frequency")},
        unset={"in3": spot("unset", "0"), "id:gone": spot("unset", "1")},
        keep={"Channel": spot("keep", "0"), "id:other": spot("keep", "1")},
        blank=(None, ""),
        exact=True,
    )
    block, faults = resolve(level=level)
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
    workflows = {
        "Send": WorkflowBlock(
            place=FLOW,
            enabled=declared(value=True),
            settings=Settings(settings={"Day": declared("monday", "Day")}, keep={"d1": spot("k")}, exact=True),
        ),
        "w-2": WorkflowBlock(place=FLOW, enabled=declared(value=False)),
        "id:w-9": WorkflowBlock(place=FLOW, settings=Settings(settings={"id:x": declared(1)})),
    }
    block, faults = resolve(workflows=workflows)
    assert faults == []
    assert meanings(block) == [
        (WorkflowEnabled("w-1"), Set(value=True), "Send"),
        (WorkflowSetting("w-1", "d1"), Set("monday"), "Day"),
        (WorkflowEnabled("w-2"), Set(value=False), "Digest"),
        (WorkflowSetting("w-9", "x"), Set(1), "id:x"),
    ]
    assert block.named == {WorkflowSetting("w-1", "d1"), WorkflowEnabled("w-9")}
    assert block.exact == (ExactScope(workflow="w-1", place=FLOW),)


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
    block, _ = resolve(level=Settings(settings={name: declared(value, secret=from_secret)}))
    assert [claim.secret for claim in block.claims] == [secret]


def test_a_secret_that_is_removed_is_marked():
    block, _ = resolve(level=Settings(unset={"Entry": spot()}))
    assert [claim.secret for claim in block.claims] == [True]


@pytest.mark.parametrize(
    ("level", "fault"),
    [
        (
            settings(Chanel="C1"),
            Fault(
                message='slack has no setting "Chanel"',
                place=spot("settings", "Chanel", of_key=True),
                hint=f'did you mean "Channel"? {OF_PRODUCTION}',
            ),
        ),
        (
            settings(Twice="x"),
            Fault(
                message='slack has 2 settings "Twice"',
                place=spot("settings", "Twice", of_key=True),
                hint=f"name it by its id: in3, in4 {OF_PRODUCTION}",
            ),
        ),
        (
            Settings(unset={"Chanel": spot("unset", "0")}),
            Fault(
                message='slack has no setting "Chanel"',
                place=spot("unset", "0"),
                hint=f'did you mean "Channel"? {OF_PRODUCTION}',
            ),
        ),
        (
            Settings(keep={"Zzz": spot("keep", "0")}),
            Fault(
                message='slack has no setting "Zzz"',
                place=spot("keep", "0"),
                hint=f'there are: "Channel", "Entry", "Frequency", "Twice", "in1" {OF_PRODUCTION}',
            ),
        ),
        (
            settings(Channel=7),
            Fault(
                message='setting "Channel" of slack must be a string, not a number',
                place=spot("settings", "Channel"),
                hint=f"put it in quotes {OF_PRODUCTION}",
            ),
        ),
        (
            settings(Channel=[]),
            Fault(
                message='setting "Channel" of slack must be a string, not an array', place=spot("settings", "Channel")
            ),
        ),
        (
            Settings(defaults={"Frequency": declared("dayly", "x")}),
            Fault(
                message='setting "Frequency" of slack can\'t be "dayly"',
                place=spot("x"),
                hint=f'did you mean "daily"? {OF_PRODUCTION}',
            ),
        ),
        (
            Settings(settings={"Frequency": declared("dayly", "x", secret=True)}),
            Fault(message='setting "Frequency" of slack must be one of its 2 choices', place=spot("x")),
        ),
        (
            settings(Channel="C1", **{"id:in1": "C2"}),
            Fault(
                message='"Channel" and "id:in1" name one and the same value of slack, and differ',
                place=spot("settings", "id:in1"),
                hint="keep one of the two; its id is in1",
            ),
        ),
        (
            Settings(defaults={"Frequency": declared("daily", "a"), "in2": declared("weekly", "b")}),
            Fault(
                message='"Frequency" and "in2" name one and the same value of slack, and differ',
                place=spot("b"),
                hint="keep one of the two; its id is in2",
            ),
        ),
    ],
)
def test_what_is_wrong_with_settings(level, fault):
    _, faults = resolve(level=level)
    assert faults == [fault]


@pytest.mark.parametrize(
    ("workflows", "fault"),
    [
        (
            {"Sendd": WorkflowBlock(place=FLOW)},
            Fault(
                message='slack has no workflow "Sendd"',
                place=Place(file=FLOW.file, pointer=FLOW.pointer, of_key=True),
                hint=f'did you mean "Send"? {OF_PRODUCTION}',
            ),
        ),
        (
            {"Same": WorkflowBlock(place=FLOW)},
            Fault(
                message='slack has 2 workflows "Same"',
                place=Place(file=FLOW.file, pointer=FLOW.pointer, of_key=True),
                hint=f"name it by its id: w-3, w-4 {OF_PRODUCTION}",
            ),
        ),
        (
            {"Send": WorkflowBlock(place=FLOW, settings=Settings(settings={"Dayy": declared("x", "s", "Dayy")}))},
            Fault(
                message='workflow "Send" of slack has no setting "Dayy"',
                place=spot("s", "Dayy", of_key=True),
                hint=f'did you mean "Day"? {OF_PRODUCTION}',
            ),
        ),
        (
            {"id:w-9": WorkflowBlock(place=FLOW, settings=Settings(unset={"Day": spot("u")}))},
            Fault(
                message='workflow "id:w-9" of slack has no setting "Day"',
                place=spot("u"),
                hint=f"the catalog doesn't know this workflow: write id: before the setting's exact id {OF_PRODUCTION}",
            ),
        ),
        (
            {"Send": WorkflowBlock(place=FLOW, enabled=declared("yes", "e"))},
            Fault(message='workflow "Send" of slack is enabled by true or false, not by a string', place=spot("e")),
        ),
        (
            {
                "Send": WorkflowBlock(place=FLOW, enabled=Declared(value=True, place=spot("a"))),
                "w-1": WorkflowBlock(place=FLOW, enabled=Declared(value=False, place=spot("b"))),
            },
            Fault(
                message='"Send" and "w-1" name one and the same value of workflow "Send" of slack, and differ',
                place=spot("b"),
                hint="keep one of the two; its id is w-1",
            ),
        ),
        (
            {
                "Send": WorkflowBlock(place=FLOW, settings=Settings(settings={"Day": declared("a", "a")})),
                "w-1": WorkflowBlock(place=FLOW, settings=Settings(settings={"d1": declared("b", "b")})),
            },
            Fault(
                message='"Day" and "d1" name one and the same value of workflow "Send" of slack, and differ',
                place=spot("b"),
                hint="keep one of the two; its id is d1",
            ),
        ),
    ],
)
def test_what_is_wrong_with_workflows(workflows, fault):
    _, faults = resolve(workflows=workflows)
    assert faults == [fault]


def test_two_names_of_one_value_that_say_the_same_are_one():
    level = Settings(
        settings={"Channel": declared("C1", "a"), "in1": declared("C1", "b")},
        unset={"in3": spot("u", "0"), "id:in3": spot("u", "1")},
    )
    block, faults = resolve(level=level)
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
    block, faults = resolve(level=Settings(release={name: spot("release", "0")}))
    assert faults == []
    assert meanings(block) == [(target, Release(), label) for target, label in released]
    assert {claim.place for claim in block.claims} == {spot("release", "0")}


def test_a_workflow_releases_its_own_settings():
    workflow = WorkflowBlock(place=FLOW, settings=Settings(release={"Day": spot("a"), "id:d1": spot("b")}))
    block, faults = resolve(workflows={"Send": workflow})
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
    block, faults = resolve(catalog=catalog, level=Settings(release={name: spot("release", "0")}))
    assert faults == [Fault(message=message, place=spot("release", "0"), hint=f"{hint} {OF_PRODUCTION}")]
    assert block.claims == ()


def test_a_workflow_that_releases_what_it_has_not_is_told():
    workflow = WorkflowBlock(place=FLOW, settings=Settings(release={"Dya": spot("a")}))
    block, faults = resolve(workflows={"Send": workflow})
    assert [fault.message for fault in faults] == ['workflow "Send" of slack has no setting "Dya"']
    assert block.claims == ()


def test_metadata_keys_are_released():
    fragment = Fragment(release={"plan": spot("release", "0"), "apiKey": spot("release", "1")})
    desired, faults = Resolver(CATALOG).fragment(fragment, "users/acme.yaml")
    assert faults == []
    assert [(claim.target, claim.intent, claim.secret) for claim in desired.metadata] == [
        (MetadataKey("plan"), Release(), False),
        (MetadataKey("apiKey"), Release(), True),
    ]


def test_one_and_true_are_not_the_same():
    level = Settings(settings={"id:in1": declared(1), "in1": Declared(value=True, place=spot("b"))})
    _, faults = resolve(level=level)
    assert [fault.message for fault in faults] == [
        'setting "Channel" of slack must be a string, not a boolean',
        '"id:in1" and "in1" name one and the same value of slack, and differ',
    ]


def test_settings_and_defaults_of_one_value_are_both_handed_on():
    level = Settings(settings={"Frequency": declared("daily", "a")}, defaults={"Frequency": declared("weekly", "b")})
    block, faults = resolve(level=level)
    assert faults == []
    assert [claim.intent for claim in block.claims] == [Set("daily"), Default("weekly")]


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        (("integrations", "salesforc"), ("integrations", "salesforc")),
        (("integrations", "salesforc", "0"), ("integrations", "salesforc")),
    ],
)
def test_an_unknown_integration_is_told_at_its_name(pointer, expected):
    block, faults = resolve(integration="salesforc", place=Place(file="a.yaml", pointer=pointer))
    assert block is None
    assert faults == [
        Fault(
            message='no integration "salesforc"',
            place=Place(file="a.yaml", pointer=expected, of_key=True),
            hint=f'did you mean "salesforce"? {OF_PRODUCTION}',
        )
    ]


def test_an_unknown_integration_with_two_blocks_is_told_once():
    places = [Place(file="a.yaml", pointer=("integrations", "jira", str(index))) for index in range(2)]
    blocks = tuple(Block(integration="jira", place=place) for place in places)
    resolver = Resolver(CATALOG)
    _, faults = resolver.fragment(Fragment(blocks=blocks), "a.yaml")
    assert [fault.message for fault in faults] == ['no integration "jira"']
    assert resolver.used == {"jira"}


def test_everything_that_is_wrong_is_told_at_once():
    workflows = {"Nope": WorkflowBlock(place=FLOW), "Send": WorkflowBlock(place=FLOW, settings=settings(Nope=1))}
    _, faults = resolve(level=settings(Chanel="x", Channel=7, Frequency="x"), workflows=workflows)
    assert len(faults) == 5
