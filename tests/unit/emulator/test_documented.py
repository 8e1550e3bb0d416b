"""The payloads of the published documentation are served and accepted as they stand there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from paragon_sync.emulator import codec, running
from tests.unit.emulator.client import Client

PROJECT = "db06d291-ba2c-41c5-9a12-9362abfd6228"
SLACK = "95bedc9f-6a22-4855-b08d-e68dc073ad91"

CREDENTIALS = """[{ "id": "00da4146-7ac4-4253-a8f7-96849b8137d9", "dateCreated": "2021-03-24T12:19:21.511Z",
 "dateUpdated": "2021-03-24T12:19:28.512Z", "dateDeleted": null, "projectId": "db06d291-ba2c-41c5-9a12-9362abfd6228",
 "integrationId": "95bedc9f-6a22-4855-b08d-e68dc073ad91", "personaId": "0563109f-5e71-46c5-8483-1ac8c0913d6c",
 "config": { "configuredWorkflows": { "3eb95154-3c7b-413c-bf14-ba367d95b53f": { "enabled": true,
 "settings": { "example-input-id": "example value" } } } }, "isPreviewCredential": false,
 "providerId": "50150244515"}]"""

INTEGRATION = r"""{ "shortDescription": "Send notifications to Slack", "longDescription": "Connect your Slack workspace
 to receive notifications.\n\n• Receive alerts and notifications in your Slack workspace", "availableUserSettings": [
 { "id": "2d5662c9-6750-46c2-8588-2ac904532efb", "type": "DYNAMIC_ENUM", "title": "Channel", "required": false,
 "sourceType": "channels" } ], "availableWorkflows": [ { "id": "2248335c-671c-47e4-b9a0-3641a9f2d301", "inputs": [],
 "infoText": "Send a Slack notification when a Task is created", "defaultEnabled": false,
 "description": "Send Slack Notification" } ], "hiddenWorkflows": []}""".replace("\n ", " ")


def fixture() -> dict[str, Any]:
    """The documented credential, and an integration that shows as the documented one."""
    detail = json.loads(INTEGRATION)
    workflow = dict(detail["availableWorkflows"][0])
    description = workflow.pop("description")
    values = {
        "description": detail["shortDescription"],
        "overview": detail["longDescription"],
        "sharedMeta": {"inputs": detail["availableUserSettings"]},
        "workflowMeta": {workflow["id"]: workflow},
    }
    workflows = [{"id": workflow["id"], "description": description}]
    return {
        "project": {"id": PROJECT},
        "integrations": [{"id": SLACK, "type": "slack", "configs": [{"values": values}], "workflows": workflows}],
        "users": {"acme": {"credentials": json.loads(CREDENTIALS)}},
    }


def test_the_documented_credentials_are_served(signing_key: Path) -> None:
    with running(fixture(), signing_key=signing_key) as emulator:
        reply = Client(emulator, "acme").ask("GET", "/sdk/credentials")
    assert reply.headers["content-type"] == "application/json"
    assert reply.text == codec.dumps(codec.loads(CREDENTIALS))


def test_the_documented_integration_is_served(signing_key: Path) -> None:
    with running(fixture(), signing_key=signing_key) as emulator:
        assert Client(emulator, "acme").get("/sdk/integrations/slack") == json.loads(INTEGRATION)


def test_the_documented_update_is_accepted_full_config_and_no_headers(signing_key: Path) -> None:
    credential = json.loads(CREDENTIALS)[0]
    config = credential["config"]
    config["configuredWorkflows"]["3eb95154-3c7b-413c-bf14-ba367d95b53f"]["enabled"] = False
    for reading in ("section", "whole", "by-header"):
        with running(fixture(), signing_key=signing_key, replace=reading) as emulator:
            client = Client(emulator, "acme")
            assert client.ask("PATCH", f"/sdk/credentials/{credential['id']}", {"config": config}).status == 200
            assert client.get("/sdk/credentials") == [credential]


def test_the_documented_answer_to_a_bad_token_is_served(signing_key: Path) -> None:
    with running(fixture(), signing_key=signing_key) as emulator:
        assert Client(emulator, "acme").ask("GET", "/sdk/me", Authorization="").text == '{"authenticated":false}'
