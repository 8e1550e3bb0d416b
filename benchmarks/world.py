"""The population that the network benchmarks work on: how users look live, and what the manifests say of them.

Every user has two accounts, one in the API's current shape and one in the documented one. What the manifests manage is
in the first. Of ``one_in`` users one has another sync interval than declared.
"""

from __future__ import annotations

import json
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PROJECT = "6c1f6a8e-27c1-4f0a-b0aa-0f3e52d1a001"
SLACK, CRM = "1f0b1c6e-0d55-4b0e-9d3c-5a0e7a4d1001", "1f0b1c6e-0d55-4b0e-9d3c-5a0e7a4d1002"
ALERTS, DIGEST, REFUNDS = (f"7a3d9b10-5c2e-4f61-8d4a-9e0b1c2d300{number}" for number in range(1, 4))
CONTACTS = "7a3d9b10-5c2e-4f61-8d4a-9e0b1c2d3004"
CREDENTIAL = "90000000-0000-4000-8000-%012d"
CONFIGURATION = "91000000-0000-4000-8000-%012d"
DECLARED_INTERVAL, OTHER_INTERVAL = 15, 30


def user_name(number: int) -> str:
    """The id of a user; all have the same length."""
    return f"user-{number:07d}"


def integrations() -> list[object]:
    """The answer of GET /sdk/integrations."""
    texts = [{"id": f"note-{n}", "title": f"Note {n}", "type": "TEXT_NO_VARS", "required": False} for n in range(8)]
    frequencies = [{"label": name.title(), "value": name} for name in ("hourly", "daily", "weekly")]
    slack = [
        {"id": "channel", "title": "Channel", "type": "DYNAMIC_ENUM", "sourceType": "channels"},
        {"id": "sync-interval", "title": "Sync interval", "type": "NUMBER", "required": False},
        {"id": "frequency", "title": "Frequency", "type": "ENUM", "required": False, "values": frequencies},
        {"id": "mention", "title": "Mention the team", "type": "SWITCH", "required": False},
        {"id": "language", "title": "Language", "type": "TEXT_NO_VARS", "required": False},
        *texts,
    ]
    day = [{"id": "day", "title": "Day", "type": "TEXT_NO_VARS", "required": False}]
    region = [{"id": "region", "title": "Region", "type": "TEXT_NO_VARS", "required": False}]
    return [
        _integration(
            SLACK, "slack", slack, {ALERTS: "Send order alerts", DIGEST: "Weekly digest", REFUNDS: "Refunds"}, day
        ),
        _integration(CRM, "salesforce", region, {CONTACTS: "Sync contacts"}, []),
    ]


def _integration(id_: str, kind: str, inputs: object, workflows: dict[str, str], own: object) -> object:
    meta = {one: {"id": one, "defaultEnabled": False, "inputs": own} for one in workflows}
    values = {"description": kind, "sharedMeta": {"inputs": inputs}, "workflowMeta": meta}
    listed = [{"id": one, "description": name} for one, name in workflows.items()]
    return {"id": id_, "type": kind, "isActive": True, "configs": [{"id": id_, "values": values}], "workflows": listed}


def config(number: int, interval: int) -> dict[str, object]:
    """The part of the first account's configuration that a PATCH replaces."""
    notes = {f"note-{n}": f"Kept for {user_name(number)} as the customer chose it, {n}" for n in range(8)}
    shared = {"channel": f"C{number:07d}", "sync-interval": interval, "frequency": "weekly", "mention": True}
    return {
        "sharedSettings": {**shared, "language": "en", **notes},
        "workflowSettings": {
            ALERTS: {"enabled": True, "settings": {"template": "Order {{order.id}} of {{order.total}}", "minimum": 50}},
            DIGEST: {"enabled": True, "settings": {"day": "monday", "hour": 7}},
            REFUNDS: {"enabled": False, "settings": {}},
        },
        "configMeta": {},
    }


def credentials(number: int, replaced: dict[str, object]) -> list[object]:
    """The answer of GET /sdk/credentials."""
    common = {
        "dateCreated": "2025-03-24T12:19:21.511Z",
        "dateUpdated": "2025-06-11T08:02:59.120Z",
        "dateDeleted": None,
        "projectId": PROJECT,
        "personaId": f"92000000-0000-4000-8000-{number:012d}",
    }
    end = {"isPreviewCredential": False, "status": "VALID", "providerData": {}, "refreshFailureCount": 0}
    slack, crm = CREDENTIAL % (2 * number), CREDENTIAL % (2 * number + 1)
    entry = {"id": CONFIGURATION % number, "externalId": None, "isDefault": True, "connectCredentialId": slack}
    contacts = {CONTACTS: {"enabled": True, "settings": {"direction": "both", "owner": "sales@example.com"}}}
    return [
        {
            "id": slack,
            "integrationId": SLACK,
            "providerId": f"T{number:07d}",
            **common,
            **end,
            "config": {},
            "configurations": [{**entry, **replaced}],
        },
        {
            "id": crm,
            "integrationId": CRM,
            "providerId": f"00D{number:07d}",
            **common,
            **end,
            "config": {"sharedSettings": {"region": "eu"}, "configuredWorkflows": contacts},
        },
    ]


def document(number: int) -> dict[str, object]:
    """What the manifests say of one user."""
    settings = {"Channel": f"C{number:07d}", "Sync interval": DECLARED_INTERVAL, "Mention the team": True}
    workflows = {"Send order alerts": True, "Weekly digest": {"enabled": True, "settings": {"Day": "monday"}}}
    slack = {"settings": settings, "defaults": {"Frequency": "daily"}, "workflows": workflows}
    return {
        "apiVersion": "paragon-sync/v1",
        "kind": "User",
        "user": user_name(number),
        "integrations": {"slack": slack},
    }


def write_project(folder: Path, url: str, users: int, *, bits: int = 2048) -> None:
    """A folder with all that a command needs: the Project file, the manifests in one NDJSON file, and a key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    kinds = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(*kinds))
    with (folder / "users.ndjson").open("w") as file:
        file.writelines(json.dumps(document(number)) + "\n" for number in range(users))
    environment = {
        "project": PROJECT,
        "host": url,
        "signingKey": {"$file": "key.pem"},
        "catalog": {"users": ["reader"]},
    }
    project = {
        "apiVersion": "paragon-sync/v1",
        "kind": "Project",
        "manifests": ["users.ndjson"],
        "environments": {"bench": environment},
        "limits": {"concurrency": 64},
        "policy": {"usersChanged": "100%"},
    }
    (folder / "paragon.yaml").write_text(json.dumps(project, indent=2))
