"""From a payload to requests, both ways to switch workflows."""

import pytest

from paragon_sync.jsonvalue import Json, JsonObject, equal
from paragon_sync.model.planned import (
    ConfigurationSubject,
    DisableWorkflow,
    Enablement,
    EnableWorkflow,
    MetadataSubject,
    PatchConfig,
    PatchMeta,
    Request,
)
from paragon_sync.plan.requests import final_payload, requests_of
from paragon_sync.plan.shape import shape_of, shape_of_metadata
from tests.unit.plan.build import BlockSpec, WorkflowSpec, credential, document, plan, user

ON: Json = {"enabled": True, "settings": {}}
OFF: Json = {"enabled": False, "settings": {}}
UNSAID: Json = {"settings": {}}
SUBJECT = ConfigurationSubject(integration="slack", credential="c", account="T1", configuration="g")


def workflows(**entries: Json) -> JsonObject:
    return {"configuredWorkflows": dict(entries)}


def told(request: Request) -> Json:
    """``on w``, ``off w``, or the config that is patched."""
    match request:
        case EnableWorkflow(workflow=workflow):
            return f"on {workflow}"
        case DisableWorkflow(workflow=workflow):
            return f"off {workflow}"
        case PatchConfig(config=config):
            return config
        case PatchMeta(meta=meta):
            return meta


BY_ENDPOINT: dict[str, tuple[JsonObject, JsonObject, list[Json]]] = {
    "nothing differs": (workflows(w=ON), workflows(w=ON), []),
    "a setting alone": ({"sharedSettings": {}}, {"sharedSettings": {"a": 1}}, [{"sharedSettings": {"a": 1}}]),
    "a workflow goes on": (workflows(w=OFF), workflows(w=ON), ["on w"]),
    "a workflow goes off": (workflows(w=ON), workflows(w=OFF), ["off w"]),
    "an entry that doesn't say goes on": (workflows(w=UNSAID), workflows(w=ON), ["on w"]),
    "an entry that doesn't say goes off": (workflows(w=UNSAID), workflows(w=OFF), ["off w"]),
    "a new entry that is off": ({}, workflows(w=OFF), [workflows(w=OFF)]),
    "a new entry that is on": ({}, workflows(w=ON), [workflows(w=OFF), "on w"]),
    "off, settings, on": (
        workflows(a=ON, b=OFF),
        workflows(a=OFF, b={"enabled": True, "settings": {"x": 1}}),
        ["off a", workflows(a=OFF, b={"enabled": False, "settings": {"x": 1}}), "on b"],
    ),
    "on without a word before, with settings": (
        workflows(w=UNSAID),
        workflows(w={"enabled": True, "settings": {"x": 1}}),
        [workflows(w={"settings": {"x": 1}}), "on w"],
    ),
    "an entry goes": (workflows(w=ON), workflows(), ["off w", workflows()]),
    "an entry that is off goes": (workflows(w=OFF), workflows(), [workflows()]),
    "only the word goes": (workflows(w=ON), workflows(w=UNSAID), ["off w", workflows(w=UNSAID)]),
    "what is no enablement is carried": (
        workflows(w={"enabled": "odd"}, v=1),
        workflows(w={"enabled": "odd", "settings": {"x": 1}}, v=1),
        [workflows(w={"enabled": "odd", "settings": {"x": 1}}, v=1)],
    ),
}


@pytest.mark.parametrize(("live", "payload", "expected"), BY_ENDPOINT.values(), ids=BY_ENDPOINT)
def test_workflows_are_switched_apart(live: JsonObject, payload: JsonObject, expected: list[Json]) -> None:
    requests = requests_of(SUBJECT, shape_of(credential(live), None), payload, "endpoint")

    assert equal(expected, [told(request) for request in requests])
    assert equal(payload, final_payload(live, requests))


def test_both_names_of_the_workflow_map_are_kept_alike() -> None:
    live: JsonObject = {"configuredWorkflows": {"w": OFF}, "workflowSettings": {"w": OFF}}
    payload: JsonObject = {"configuredWorkflows": {"w": OFF, "v": ON}, "workflowSettings": {"w": OFF, "v": ON}}
    patched: Json = {"configuredWorkflows": {"w": OFF, "v": OFF}, "workflowSettings": {"w": OFF, "v": OFF}}

    requests = requests_of(SUBJECT, shape_of(credential(live), None), payload, "endpoint")

    assert equal([patched, "on v"], [told(request) for request in requests])
    assert equal(payload, final_payload(live, requests))


@pytest.mark.parametrize("enablement", ["config", "endpoint"])
def test_metadata_is_one_request(enablement: Enablement) -> None:
    requests = requests_of(MetadataSubject(), shape_of_metadata({"a": 1}), {"a": 2}, enablement)

    assert (PatchMeta(meta={"a": 2}),) == requests
    assert {"a": 2} == final_payload({"a": 1}, requests)


def test_through_config_it_is_one_request_whatever_differs() -> None:
    requests = requests_of(SUBJECT, shape_of(credential({}), None), workflows(w=ON), "config")

    assert (PatchConfig(credential="c", configuration="g", config=workflows(w=ON)),) == requests


def test_requests_name_account_and_configuration() -> None:
    requests = requests_of(SUBJECT, shape_of(credential(workflows(a=ON)), None), workflows(b=ON), "endpoint")

    assert {("c", "g")} == {(r.credential, r.configuration) for r in requests if not isinstance(r, PatchMeta)}


def test_a_plan_remembers_how_workflows_are_switched() -> None:
    live = user(credential(workflows(notify=OFF)), meta={"a": 0})
    block = BlockSpec(workflows={"notify": True})

    (metadata, switch) = plan(live, document(block, metadata={"a": 1}), enablement="endpoint").operations

    assert ["on notify"] == [told(request) for request in switch.requests]
    assert "endpoint" == switch.enablement
    assert [{"a": 1}] == [told(request) for request in metadata.requests]


def test_a_guard_that_changes_nothing_sends_nothing() -> None:
    live = user(credential(workflows(notify=ON)), meta={"a": 0})
    block = BlockSpec(workflows={"notify": True})

    (_, guard) = plan(live, document(block, metadata={"a": 1}), enablement="endpoint").operations

    assert ((), "endpoint") == (guard.requests, guard.enablement)


def test_required_settings_count_by_what_is_there_in_the_end() -> None:
    with_it = BlockSpec(workflows={"escalate": WorkflowSpec(enabled=True, settings={"oncall": "a@b.c"})})
    without = BlockSpec(workflows={"escalate": True})

    assert () == plan(user(credential()), document(with_it), enablement="endpoint").findings
    assert ["requiredMissing"] == [
        finding.kind for finding in plan(user(credential()), document(without), enablement="endpoint").findings
    ]
