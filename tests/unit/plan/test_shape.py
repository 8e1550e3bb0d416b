"""What is sent: each row of the table, and what stands around it."""

import pytest

from paragon_sync.jsonvalue import Json, JsonObject, Number, Repeated, equal
from paragon_sync.model.declared import ConfigurationBy
from paragon_sync.model.live import Credential
from paragon_sync.model.planned import FindingKind, PatchConfig
from tests.unit.plan.build import BlockSpec, credential, document, lines, payload, plan, user

BOTH = BlockSpec(settings={"channel": "new"}, workflows={"notify": True})
OFF: Json = {"notify": {"enabled": False, "settings": {}}}
ON: Json = {"notify": {"enabled": True, "settings": {}}}
OLD: Json = {"channel": "old"}
NEW: Json = {"channel": "new"}


def entry(**more: Json) -> JsonObject:
    return {
        "id": "default",
        "externalId": None,
        "isDefault": True,
        "connectCredentialId": "cred-1",
        "dateCreated": "2024",
        "dateUpdated": "2024",
        "dateDeleted": None,
    } | more


def current(config: Json = None, **more: Json) -> Credential:
    return credential(config, configurations=[entry(**more), entry(id="b", externalId="team-b", isDefault=False)])


SENT = {
    "config alone": (
        credential({"sharedSettings": OLD, "configuredWorkflows": OFF, "other": 1.0}),
        {"sharedSettings": NEW, "configuredWorkflows": ON, "other": 1.0},
        None,
    ),
    "config beside empty configurations": (
        credential({"sharedSettings": OLD, "configuredWorkflows": OFF}, configurations=[]),
        {"sharedSettings": NEW, "configuredWorkflows": ON},
        None,
    ),
    "config without a workflow map": (
        credential({"sharedSettings": OLD}),
        {"sharedSettings": NEW, "configuredWorkflows": ON},
        None,
    ),
    "config with the other name of the workflow map": (
        credential({"workflowSettings": OFF}),
        {"workflowSettings": ON, "sharedSettings": NEW},
        None,
    ),
    "config with both names, equal": (
        credential({"workflowSettings": OFF, "configuredWorkflows": OFF}),
        {"workflowSettings": ON, "configuredWorkflows": ON, "sharedSettings": NEW},
        None,
    ),
    "neither": (credential(), {"sharedSettings": NEW, "configuredWorkflows": ON}, None),
    "config is null": (credential(None), {"sharedSettings": NEW, "configuredWorkflows": ON}, None),
    "configurations alone": (
        current(sharedSettings=OLD, workflowSettings=OFF, configMeta={"a": None}, other=1),
        {"sharedSettings": NEW, "workflowSettings": ON, "configMeta": {"a": None}, "other": 1},
        "default",
    ),
    "a configuration without a workflow map": (
        current(sharedSettings=OLD),
        {"sharedSettings": NEW, "workflowSettings": ON},
        "default",
    ),
    "a configuration with both names, equal": (
        current(configuredWorkflows=OFF, workflowSettings=OFF),
        {"sharedSettings": NEW, "configuredWorkflows": ON, "workflowSettings": ON},
        "default",
    ),
    "both, and an empty config agrees": (
        current({}, sharedSettings=OLD, workflowSettings=OFF),
        {"sharedSettings": NEW, "workflowSettings": ON},
        "default",
    ),
    "both, and they agree": (
        current(
            {"sharedSettings": OLD, "configuredWorkflows": OFF, "configMeta": 1, "more": [1.0]},
            sharedSettings=OLD,
            workflowSettings=OFF,
            configMeta=1,
            other={},
        ),
        {
            "sharedSettings": NEW,
            "workflowSettings": ON,
            "configuredWorkflows": ON,
            "configMeta": 1,
            "other": {},
            "more": [1.0],
        },
        "default",
    ),
    "both, and what is absent agrees with what is empty": (
        current({"configuredWorkflows": {}, "more": 1}, sharedSettings={}),
        {"sharedSettings": NEW, "workflowSettings": ON, "configuredWorkflows": ON, "more": 1},
        "default",
    ),
}


@pytest.mark.parametrize(("account", "config", "configuration"), SENT.values(), ids=SENT)
def test_what_is_sent(account: Credential, config: Json, configuration: str | None) -> None:
    planned = plan(user(account), document(BOTH))

    assert () == planned.findings
    (request,) = planned.operations[0].requests
    assert isinstance(request, PatchConfig)
    assert equal(config, request.config)
    assert configuration == request.configuration


def test_for_another_configuration_config_is_not_looked_at() -> None:
    block = BlockSpec(settings={"channel": "new"}, configuration=ConfigurationBy(field="externalId", value="team-b"))
    account = current({"sharedSettings": {"channel": "differs"}}, sharedSettings=OLD)

    planned = plan(user(account), document(block))

    assert {"sharedSettings": NEW} == payload(planned)
    assert () == planned.findings


AMBIGUOUS = {
    "two workflow maps of config differ": credential({"workflowSettings": OFF, "configuredWorkflows": {}}),
    "two workflow maps of a configuration differ": current(workflowSettings=OFF, configuredWorkflows=ON),
    "settings differ between the two": current({"sharedSettings": OLD}, sharedSettings=NEW),
    "settings differ by type": current({"sharedSettings": {"a": 1}}, sharedSettings={"a": 1.0}),
    "settings are in config alone": current({"sharedSettings": OLD}),
    "settings are in the configuration alone": current({"configMeta": {}}, sharedSettings=OLD),
    "workflow maps differ between the two": current({"configuredWorkflows": OFF}, workflowSettings=ON),
    "workflow map of config's other name differs": current(
        {"configuredWorkflows": ON, "workflowSettings": OFF}, workflowSettings=ON
    ),
    "another common key differs": current({"configMeta": {"a": 1}}, configMeta={"a": 2}),
    "a key that the API keeps differs": current({"id": "x"}),
    "config is no object": credential("config"),
    "config beside configurations is no object": current(["config"]),
}


@pytest.mark.parametrize("account", AMBIGUOUS.values(), ids=AMBIGUOUS)
def test_ambiguous_shapes_are_findings_and_nothing_is_written(account: Credential) -> None:
    planned = plan(user(account), document(BOTH))

    assert [FindingKind.AMBIGUOUS_SHAPE] == [finding.kind for finding in planned.findings]
    assert () == planned.operations


IN_THE_WAY = {
    "settings": {"sharedSettings": ["?"]},
    "settings that are null": {"sharedSettings": None},
    "workflow map": {"configuredWorkflows": "?"},
    "workflow entry": {"configuredWorkflows": {"notify": None}},
}


@pytest.mark.parametrize("config", IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_what_is_no_object_is_never_replaced(config: Json) -> None:
    planned = plan(user(credential(config)), document(BOTH))

    assert [FindingKind.NOT_CARRIABLE] == [finding.kind for finding in planned.findings]
    assert () == planned.operations


def test_what_is_no_object_is_carried_where_it_is_not_in_the_way() -> None:
    config: Json = {"sharedSettings": None, "configuredWorkflows": {"gone": [1], **dict(OFF)}, "list": [Number("1.10")]}

    planned = plan(user(credential(config)), document(BlockSpec(workflows={"notify": True})))

    expected: Json = {
        "sharedSettings": None,
        "configuredWorkflows": {"gone": [1], **dict(ON)},
        "list": [Number("1.10")],
    }
    assert equal(expected, payload(planned))


TWICE = Repeated((("a", 1), ("a", 2)))

REPEATED = {
    "an unknown key": credential({"other": {"deep": [TWICE]}}),
    "a setting that is managed": credential({"sharedSettings": {"channel": TWICE}}),
    "the settings": credential({"sharedSettings": TWICE}),
    "config itself": credential(TWICE),
    "config beside configurations": current(TWICE),
    "a key that only config has": current({"more": TWICE}),
}


@pytest.mark.parametrize("account", REPEATED.values(), ids=REPEATED)
def test_what_names_a_key_twice_blocks_the_write(account: Credential) -> None:
    planned = plan(user(account), document(BOTH))

    assert [FindingKind.NOT_CARRIABLE] == [finding.kind for finding in planned.findings]
    assert () == planned.operations


def test_what_names_a_key_twice_is_left_alone_where_nothing_is_written() -> None:
    same = credential({"sharedSettings": NEW, "configuredWorkflows": ON, "other": TWICE})

    assert () == plan(user(same), document(BOTH)).findings


def test_a_section_that_names_a_key_twice_hides_whether_there_is_something_to_unset() -> None:
    planned = plan(user(credential({"sharedSettings": TWICE})), document(BlockSpec(unset=["channel"])))

    assert [FindingKind.NOT_CARRIABLE] == [finding.kind for finding in planned.findings]


PEOPLE_SEE = {
    "the documented name of two": (
        credential({"workflowSettings": OFF, "configuredWorkflows": OFF}),
        "~ /configuredWorkflows/notify/enabled false → true",
    ),
    "the name that is there": (
        credential({"workflowSettings": OFF}),
        "~ /workflowSettings/notify/enabled false → true",
    ),
    "the current name": (current(workflowSettings=OFF), "~ /workflowSettings/notify/enabled false → true"),
    "the current name beside config": (
        current({"configuredWorkflows": OFF}, workflowSettings=OFF),
        "~ /workflowSettings/notify/enabled false → true",
    ),
}


@pytest.mark.parametrize(("account", "line"), PEOPLE_SEE.values(), ids=PEOPLE_SEE)
def test_one_value_is_one_change_under_one_name(account: Credential, line: str) -> None:
    assert [line] == lines(plan(user(account), document(BlockSpec(workflows={"notify": True}))))
